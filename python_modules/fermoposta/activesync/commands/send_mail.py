"""Send a mail (SendMail, MS-ASCMD, section 2.2.1.17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync.compose.asked import read
from fermoposta.activesync.compose.outbox import post
from fermoposta.activesync.compose.send import name_of, sent

if TYPE_CHECKING:
    from fermoposta.activesync.session import Answer, Asked, Session


async def handle(session: Session, asked: Asked) -> Answer:
    """Send the mail, once, and file it where the device wants that."""
    compose = read(session, asked)
    new = await post(session, compose.mime, name=name_of(session, compose), save=compose.save)
    return sent(session, new=new)
