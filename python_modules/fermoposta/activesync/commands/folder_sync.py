"""FolderSync: the tree of folders, and what has changed in it (MS-ASCMD, section 2.2.1.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync import hierarchy, synced
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.session import Answer
from fermoposta.activesync.state.errors import SyncKeyError
from fermoposta.activesync.state.generations import Turn
from fermoposta.activesync.wbxml import Element
from fermoposta.activesync.wbxml.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fermoposta.activesync.session import Asked, Session

STATUS_OK, STATUS_KEY, STATUS_FORMAT = 1, 9, 10


async def handle(session: Session, asked: Asked) -> Answer:
    """Answer FolderSync."""
    element = asked.element
    if element is None or element.tag != "FolderHierarchy:FolderSync":
        raise CommandError(STATUS_FORMAT, "no FolderSync")
    key = (element.text_of("FolderHierarchy:SyncKey") or "").strip()
    if not key:
        raise CommandError(STATUS_FORMAT, "no SyncKey")
    known = await hierarchy.read(session)
    try:
        turn, collection = hierarchy.received(known, key)
    except SyncKeyError as error:
        raise CommandError(STATUS_KEY, str(error)) from error
    now = hierarchy.state_of(await session.hub.tree(fresh=True), session.version)
    before = {} if turn is Turn.FIRST else hierarchy.base_of(collection)
    if turn is not Turn.FIRST and before == now:
        answered = key
        if turn is Turn.NEXT and collection.pending is None and collection != known.collection:
            # The client has acknowledged what it was sent: that is kept, under the same key.
            await hierarchy.acknowledged(session, known, collection)
    else:
        answered = await hierarchy.answering(session, known, collection, now)
    await synced.note(session)
    return Answer(
        Element(
            "FolderHierarchy:FolderSync",
            [
                Element("FolderHierarchy:Status", str(STATUS_OK)),
                Element("FolderHierarchy:SyncKey", answered),
                changes(before, now),
            ],
        )
    )


def changes(
    before: Mapping[str, tuple[str, str, int]], now: Mapping[str, tuple[str, str, int]]
) -> Element:
    """Return what a device that knows *before* is told: what is new stands below what is there."""
    listed = list(_changes(before, now))
    count = Element("FolderHierarchy:Count", str(len(listed)))
    return Element("FolderHierarchy:Changes", [count, *listed])


def _changes(
    before: Mapping[str, tuple[str, str, int]], now: Mapping[str, tuple[str, str, int]]
) -> Iterator[Element]:
    for id_, (parent, name, type_) in now.items():
        if id_ in before and before[id_] == (parent, name, type_):
            continue
        yield Element(
            f"FolderHierarchy:{'Update' if id_ in before else 'Add'}",
            [
                Element("FolderHierarchy:ServerId", id_),
                Element("FolderHierarchy:ParentId", parent),
                Element("FolderHierarchy:DisplayName", clean(name)),
                Element("FolderHierarchy:Type", str(type_)),
            ],
        )
    for id_ in before:
        if id_ not in now:
            yield Element("FolderHierarchy:Delete", [Element("FolderHierarchy:ServerId", id_)])
