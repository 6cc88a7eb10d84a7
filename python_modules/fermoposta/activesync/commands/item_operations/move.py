"""
Move: a conversation, wherever its mails are (MS-ASCMD, section 2.2.3.117.1).

Which mails these are is found by looking at all of the user's own folders; what the user has sent
stays where it is. That later mails follow (MoveAlways) is not done, and said so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync.commands.item_operations.status import OperationError, Status
from fermoposta.activesync.folders import Type
from fermoposta.activesync.sources.reading import HEADERS, conversation_of
from fermoposta.activesync.wbxml import Element
from fermoposta.mailstore.mailbox import (
    FolderMissingError,
    ForbiddenError,
    QuotaError,
    RefusedError,
)

if TYPE_CHECKING:
    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.session import Session

_AT_ONCE = 500
_STAYS = {Type.SENT, Type.DRAFTS}


async def move(session: Session, asked: Element) -> Element:
    """Return the ``Move`` of the answer."""
    named = asked.find("ItemOperations:ConversationId")
    try:
        await _move(session, asked, b"" if named is None else named.data)
        status = Status.OK
    except OperationError as error:
        status = error.status
    return Element(
        "ItemOperations:Move",
        [
            Element("ItemOperations:Status", str(int(status))),
            *([] if named is None else [Element(named.tag, named.data)]),
        ],
    )


async def _move(session: Session, asked: Element, conversation: bytes) -> None:
    target_id = (asked.text_of("ItemOperations:DstFldId") or "").strip()
    if not conversation or not target_id:
        raise OperationError(Status.PROTOCOL)
    if asked.find("ItemOperations:Options", "ItemOperations:MoveAlways") is not None:
        raise OperationError(Status.UNSUPPORTED)
    tree = await session.hub.tree()
    target = tree.get(target_id)
    if target is None or not target.is_mail:
        raise OperationError(Status.MISSING)
    for folder in tree:
        own = folder.is_mail and folder.owner is None and folder.type not in _STAYS
        if not own or folder.id == target.id:
            continue
        uids = await _of_conversation(session, folder, conversation)
        if uids:
            try:
                await session.mail.move(folder.path, uids, target.path)
            except FolderMissingError as error:
                raise OperationError(Status.MISSING) from error
            except (ForbiddenError, QuotaError, RefusedError) as error:
                raise OperationError(Status.DENIED) from error


async def _of_conversation(session: Session, folder: Folder, conversation: bytes) -> list[int]:
    present = list((await session.mail.snapshot(folder.path)).present)
    found: list[int] = []
    for at in range(0, len(present), _AT_ONCE):
        some = await session.mail.summaries(
            folder.path, present[at : at + _AT_ONCE], headers=HEADERS
        )
        found += [uid for uid, each in some.items() if conversation_of(each) == conversation]
    return found
