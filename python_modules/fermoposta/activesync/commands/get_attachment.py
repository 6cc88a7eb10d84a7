"""GetAttachment: an attachment by its name, at 12.1 only (MS-ASCMD, section 2.2.1.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync import serverid, spool
from fermoposta.activesync.commands.item_operations.fetch import attachment
from fermoposta.activesync.commands.item_operations.status import OperationError
from fermoposta.activesync.session import Answer

if TYPE_CHECKING:
    from fermoposta.activesync.session import Asked, Session


async def handle(session: Session, asked: Asked) -> Answer:
    """Answer GetAttachment: the content, or 404; there is no document."""
    del asked
    try:
        folder_id, item, section = serverid.split_file(session.request.attachment_name or "")
        folder = (await session.hub.tree()).get(folder_id)
        if folder is None or not folder.is_mail:
            return Answer(status=404)
        content, part = await attachment(session, folder, item, section, None)
    except (serverid.ServerIdError, OperationError):
        return Answer(status=404)
    return Answer(headers={"content-type": part.type}, pieces=spool.as_parts(b"", b"", [content]))
