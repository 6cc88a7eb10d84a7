"""GetItemEstimate: how many changes a Sync would tell (MS-ASCMD, section 2.2.1.9)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from fermoposta.activesync import known, options
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.session import Answer
from fermoposta.activesync.sources.base import NOT_THERE
from fermoposta.activesync.sources.choose import source_of
from fermoposta.activesync.state.errors import ResyncNeededError, StoredStateError, SyncKeyError
from fermoposta.activesync.state.generations import Turn, receive
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.session import Asked, Session

OK, INVALID_COLLECTION, NOT_PRIMED, BAD_KEY, MALFORMED = 1, 2, 3, 4, 103
"""Status (section 2.2.3.177.7), and the common one for a request that can't be read."""


async def handle(session: Session, asked: Asked) -> Answer:
    """Answer GetItemEstimate."""
    element = asked.element
    listed = None if element is None else element.find("GetItemEstimate:Collections")
    if element is None or listed is None or not listed.elements:
        raise CommandError(MALFORMED, "no collections")
    answers = [await _one(session, each) for each in listed.elements]
    return Answer(Element("GetItemEstimate:GetItemEstimate", answers))


async def _one(session: Session, asked: Element) -> Element:
    id_ = (asked.text_of("GetItemEstimate:CollectionId") or "").strip()
    key = (asked.text_of("AirSync:SyncKey") or "").strip()
    folder = (await session.hub.tree()).get(id_)
    if folder is None:
        return _answer(session, None, id_, INVALID_COLLECTION)
    if not key or key == "0":
        return _answer(session, folder, id_, NOT_PRIMED)
    try:
        count = await _count(session, folder, key, asked)
    except (SyncKeyError, ResyncNeededError, StoredStateError):
        return _answer(session, folder, id_, BAD_KEY)
    except (*NOT_THERE, options.OptionsError):
        return _answer(session, folder, id_, INVALID_COLLECTION)
    return _answer(session, folder, id_, OK, count)


async def _count(session: Session, folder: Folder, key: str, asked: Element) -> int:
    said = asked.find_all("AirSync:Options")
    wanted = options.parse(said) if said else None
    filter_type = None
    if wanted is None and asked.find("AirSync:FilterType") is not None:
        # Up to 12.1 it stands beside the key.
        filter_type = options.parse([asked]).filter_type
    source = source_of(session, folder, options.Options())
    had = await known.read(session, folder.id, source.load)
    if wanted is None:
        wanted = had.options
    if filter_type is not None:
        wanted = replace(wanted, filter_type=filter_type)
    source = source_of(session, folder, wanted, had.removes)
    turn, collection = receive(had.collection, key, fresh=uuid4(), empty=source.empty())
    generation = collection.base
    if turn is Turn.FIRST or generation is None:
        raise SyncKeyError("a key of nothing")
    return len(await source.difference(generation.state))


def _answer(
    session: Session, folder: Folder | None, id_: str, status: int, count: int | None = None
) -> Element:
    estimate = []
    if count is not None:
        class_ = []
        if session.version == "12.1" and folder is not None:
            class_ = [Element("GetItemEstimate:Class", folder.class_)]
        estimate = [
            Element(
                "GetItemEstimate:Collection",
                [
                    *class_,
                    Element("GetItemEstimate:CollectionId", id_),
                    Element("GetItemEstimate:Estimate", str(count)),
                ],
            )
        ]
    return Element(
        "GetItemEstimate:Response", [Element("GetItemEstimate:Status", str(status)), *estimate]
    )
