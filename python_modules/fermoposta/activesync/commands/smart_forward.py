"""Forward what the server has (SmartForward, MS-ASCMD, section 2.2.1.19)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync.compose.smart import smart

if TYPE_CHECKING:
    from fermoposta.activesync.session import Answer, Asked, Session


async def handle(session: Session, asked: Asked) -> Answer:
    """Send a forward, once, with the original below it, and mark the original so."""
    return await smart(session, asked, reply=False)
