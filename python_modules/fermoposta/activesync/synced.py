"""When a device was last told what there is, for those who look after devices."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from fermoposta.activesync.store.model import NOTE_SECONDS

if TYPE_CHECKING:
    from fermoposta.activesync.session import Session


async def note(session: Session) -> None:
    """Note that the session's device is answered a Sync or FolderSync; rarely, as it is often."""
    now = session.clock()
    last = session.device.last_synced
    if last is None or now - last >= timedelta(seconds=NOTE_SECONDS):
        await session.store.change_device(session.device.user, session.device.id, last_synced=now)
