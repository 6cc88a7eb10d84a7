"""
Move: a conversation, wherever its mails are (MS-ASCMD, section 2.2.3.117.1).

Which mails these are is found by looking at all of the user's own folders, at each once in a
request; what the user has sent stays where it is. That later mails follow (MoveAlways) is not done,
and said so.
"""

from __future__ import annotations

from collections import defaultdict
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


class Moves:
    """The moves of one request, and where the conversations were seen to be."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._seen: dict[str, defaultdict[bytes, list[int]]] = {}
        """By the id of a folder, the mails of each conversation."""

    async def move(self, asked: Element) -> Element:
        """Return the ``Move`` of the answer."""
        named = asked.find("ItemOperations:ConversationId")
        try:
            await self._move(asked, b"" if named is None else named.data)
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

    async def _move(self, asked: Element, conversation: bytes) -> None:
        target_id = (asked.text_of("ItemOperations:DstFldId") or "").strip()
        if not conversation or not target_id:
            raise OperationError(Status.PROTOCOL)
        if asked.find("ItemOperations:Options", "ItemOperations:MoveAlways") is not None:
            raise OperationError(Status.UNSUPPORTED)
        tree = await self._session.hub.tree()
        target = tree.get(target_id)
        if target is None or not target.is_mail:
            raise OperationError(Status.MISSING)
        for folder in tree:
            own = folder.is_mail and folder.owner is None and folder.type not in _STAYS
            if not own or folder.id == target.id:
                continue
            uids = (await self._conversations(folder)).pop(conversation, [])
            if uids:
                await self._carry(folder, uids, target, conversation)

    async def _carry(
        self, folder: Folder, uids: list[int], target: Folder, conversation: bytes
    ) -> None:
        try:
            placed = await self._session.mail.move(folder.path, uids, target.path)
        except (FolderMissingError, ForbiddenError, QuotaError, RefusedError) as error:
            del self._seen[folder.id]  # some may have gone, and some not
            missing = isinstance(error, FolderMissingError)
            raise OperationError(Status.MISSING if missing else Status.DENIED) from error
        if target.id in self._seen:
            self._seen[target.id][conversation] += [each.uid for each in placed.values()]

    async def _conversations(self, folder: Folder) -> defaultdict[bytes, list[int]]:
        """Return the mails of each conversation of a folder, which is read once."""
        if folder.id not in self._seen:
            mail = self._session.mail
            present = list((await mail.snapshot(folder.path)).present)
            seen: defaultdict[bytes, list[int]] = defaultdict(list)
            for at in range(0, len(present), _AT_ONCE):
                some = present[at : at + _AT_ONCE]
                found = await mail.summaries(folder.path, some, headers=HEADERS)
                for uid, each in found.items():
                    seen[conversation_of(each)].append(uid)
            self._seen[folder.id] = seen
        return self._seen[folder.id]
