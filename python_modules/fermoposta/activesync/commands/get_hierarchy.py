"""GetHierarchy: the mail folders, at 12.1 only (MS-ASCMD, section 2.2.1.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync.session import Answer
from fermoposta.activesync.wbxml import Element
from fermoposta.activesync.wbxml.text import clean

if TYPE_CHECKING:
    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.session import Asked, Session


async def handle(session: Session, asked: Asked) -> Answer:
    """Answer GetHierarchy; nothing is remembered of it."""
    del asked
    tree = await session.hub.tree(fresh=True)
    listed = [_folder(each) for each in tree if each.is_mail]
    return Answer(Element("FolderHierarchy:Folders", listed))


def _folder(folder: Folder) -> Element:
    return Element(
        "FolderHierarchy:Folder",
        [
            Element("FolderHierarchy:DisplayName", clean(folder.name)),
            Element("FolderHierarchy:ServerId", folder.id),
            Element("FolderHierarchy:Type", str(int(folder.type))),
            Element("FolderHierarchy:ParentId", folder.parent),
        ],
    )
