"""
EmptyFolderContents: delete all that is in a mail folder (MS-ASCMD, section 2.2.3.57).

What is below the folder stays, unless the device says in so many words that it shall go too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync import folders
from fermoposta.activesync.commands.item_operations.status import OperationError, Status
from fermoposta.activesync.wbxml import Element
from fermoposta.mailstore.mailbox import FolderMissingError, ForbiddenError, RefusedError

if TYPE_CHECKING:
    from fermoposta.activesync.folders import Folder, Tree
    from fermoposta.activesync.session import Session

_AT_ONCE = 1_000


async def empty(session: Session, asked: Element) -> Element:
    """Return the ``EmptyFolderContents`` of the answer."""
    id_ = (asked.text_of("AirSync:CollectionId") or "").strip()
    try:
        await _empty(session, id_, asked)
        status = Status.OK
    except OperationError as error:
        status = error.status
    return Element(
        "ItemOperations:EmptyFolderContents",
        [
            Element("ItemOperations:Status", str(int(status))),
            *([Element("AirSync:CollectionId", id_)] if id_ else []),
        ],
    )


async def _empty(session: Session, id_: str, asked: Element) -> None:
    tree = await session.hub.tree(fresh=True)
    folder = tree.get(id_)
    if not id_:
        raise OperationError(Status.PROTOCOL)
    if folder is None:
        raise OperationError(Status.MISSING)
    if not folder.is_mail and folder.key.kind != folders.NOTES:
        raise OperationError(Status.UNSUPPORTED)
    try:
        present = list((await session.mail.snapshot(folder.path)).present)
        for at in range(0, len(present), _AT_ONCE):
            await session.mail.expunge(folder.path, present[at : at + _AT_ONCE])
        if _below_too(asked):
            for each in _below(tree, folder):
                await session.mail.delete(each.path)
            session.hub.forget_tree()
    except FolderMissingError as error:
        raise OperationError(Status.MISSING) from error
    except (ForbiddenError, RefusedError) as error:
        raise OperationError(Status.DENIED) from error


def _below_too(asked: Element) -> bool:
    """Whether the option is there and true; an element without a value is true."""
    wanted = asked.text_of("ItemOperations:Options", "ItemOperations:DeleteSubFolders")
    return wanted is not None and wanted.strip() in {"", "1"}


def _below(tree: Tree, folder: Folder) -> list[Folder]:
    """Return the mail folders below *folder*, the deepest first."""
    prefix = f"{folder.path}/"
    found = [each for each in tree if each.is_mail and each.path.startswith(prefix)]
    return sorted(found, key=lambda each: -len(each.path))
