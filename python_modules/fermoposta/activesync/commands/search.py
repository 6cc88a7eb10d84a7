"""
Search (MS-ASCMD, section 2.2.1.16): in the company's address book, and in mail.

What goes wrong is told by the status of the store that was asked; that of the command says only
that it was answered. There are no document libraries here: access to them is blocked.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import IntEnum
from typing import TYPE_CHECKING

from fermoposta.activesync import kql, options, serverid
from fermoposta.activesync.commands import mail_search, people_search, ranges
from fermoposta.activesync.commands.mail_search import FolderUnknownError
from fermoposta.activesync.kql import KqlError
from fermoposta.activesync.map import moments
from fermoposta.activesync.map.content import leaf
from fermoposta.activesync.map.errors import MalformedError
from fermoposta.activesync.map.mail.body import PLAIN, Preference
from fermoposta.activesync.map.person import Pictures
from fermoposta.activesync.options import OptionsError
from fermoposta.activesync.session import Answer
from fermoposta.activesync.versions import VERSIONS
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fermoposta.activesync.commands.ranges import Range
    from fermoposta.activesync.kql import Question
    from fermoposta.activesync.options import Options
    from fermoposta.activesync.session import Asked, Session


class Status(IntEnum):
    """How it went in the store (section 2.2.3.177.13)."""

    SUCCESS = 1
    INVALID = 2
    TOO_COMPLEX = 8
    FOLDERS_CHANGED = 11
    END_OF_RANGE = 12
    BLOCKED = 13


CONVERSATION_ID = 16
"""Bytes (MS-ASCON, section 2.2.2.3)."""
_SHORT = Preference(PLAIN, 1_024)
"""What is shown of a mail to a device that does not say what it wants."""
_LEAST = timedelta(microseconds=1)
_UNDERSTOOD = {
    "Search:FreeText",
    "AirSync:Class",
    "AirSync:CollectionId",
    "Search:ConversationId",
    "Search:GreaterThan",
    "Search:LessThan",
}
"""What may stand in And (section 2.2.3.10)."""


class _SearchError(Exception):
    """The store is not searched, by *status*."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.name)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is looked for in mail."""

    texts: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    classes: frozenset[str] = frozenset()
    conversation: bytes = b""
    after: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Results:
    """What was found; *count* of the results is what their range says."""

    elements: Sequence[Element] = ()
    total: int = 0
    wanted: Range = field(default_factory=ranges.Range)
    count: int = 0

    @property
    def status(self) -> Status:
        """Return what is told of the range (section 2.2.3.143.3)."""
        beyond = self.total > 0 and not self.count
        return Status.END_OF_RANGE if self.wanted.wide or beyond else Status.SUCCESS


async def handle(session: Session, asked: Asked) -> Answer:
    """Answer Search: by its first store, as an answer has place for one."""
    store = None if asked.element is None else asked.element.find("Search:Store")
    if store is None:
        return _failed(Status.INVALID)
    try:
        return _answer(await _found(session, store))
    except (MalformedError, OptionsError):
        return _failed(Status.INVALID)
    except KqlError:
        return _failed(Status.TOO_COMPLEX)
    except FolderUnknownError:
        return _failed(Status.FOLDERS_CHANGED)
    except _SearchError as error:
        return _failed(error.status)


async def _found(session: Session, store: Element) -> _Results:
    """Search *store*, by its name."""
    name = "".join((store.text_of("Search:Name") or "").split()).lower()
    query, told = store.find("Search:Query"), store.find("Search:Options")
    if query is None:
        raise _SearchError(Status.INVALID)
    if name == "gal":
        return await _in_people(session, query.text.strip(), told)
    if name == "mailbox":
        return await _in_mail(session, query, told)
    raise _SearchError(Status.BLOCKED if name == "documentlibrary" else Status.INVALID)


async def _in_people(session: Session, words: str, told: Element | None) -> _Results:
    if not 0 < len(words) <= people_search.LONGEST:
        raise _SearchError(Status.INVALID)
    wanted = ranges.parse(None if told is None else told.text_of("Search:Range"))
    pictures = Pictures.asked(told, "Search")
    if VERSIONS.index(session.version) < VERSIONS.index("14.1"):
        pictures = None
    entries, total = await people_search.entries(session, words, wanted, pictures)
    results = [Element("Search:Result", [Element("Search:Properties", each)]) for each in entries]
    return _Results(results, total, wanted, len(results))


async def _in_mail(session: Session, query: Element, told: Element | None) -> _Results:
    looked_for = _looked_for(query, session.version)
    question = _question(looked_for)
    wanted = ranges.parse(None if told is None else told.text_of("Search:Range"))
    below = told is not None and told.find("Search:DeepTraversal") is not None
    rendering = _rendering(told)
    folders = mail_search.folders_of(await session.hub.tree(), looked_for.folders, below=below)
    if looked_for.classes and "Email" not in looked_for.classes:
        return _Results(wanted=wanted)
    hits, total = await mail_search.hits(session, folders, question, looked_for.conversation)
    read, count = await mail_search.read(session, hits[wanted.cut], rendering)
    results = [
        Element(
            "Search:Result",
            [
                Element("AirSync:Class", "Email"),
                leaf("Search:LongId", serverid.join(hit.folder.id, str(hit.uid))),
                leaf("AirSync:CollectionId", hit.folder.id),
                Element("Search:Properties", data.children),
            ],
        )
        for hit, data in read
    ]
    return _Results(results, total, wanted, count)


def _looked_for(query: Element, version: str) -> _Wanted:
    """Return what *query* looks for: one And, with nothing in it that isn't simple."""
    if len(query.elements) != 1 or query.text.strip() or query.elements[0].tag != "Search:And":
        raise _SearchError(Status.TOO_COMPLEX if query.children else Status.INVALID)
    told: dict[str, list[Element]] = {}
    for each in query.elements[0].elements:
        told.setdefault(each.tag, []).append(each)
    if told.keys() & {"Search:And", "Search:Or"}:
        raise _SearchError(Status.TOO_COMPLEX)
    if told.keys() - _UNDERSTOOD:
        raise _SearchError(Status.INVALID)
    after = [_moment(each) + _LEAST for each in told.get("Search:GreaterThan", ())]
    before = [_moment(each) for each in told.get("Search:LessThan", ())]
    return _Wanted(
        texts=tuple(each.text for each in told.get("Search:FreeText", ())),
        folders=tuple(each.text.strip() for each in told.get("AirSync:CollectionId", ())),
        classes=frozenset(each.text.strip() for each in told.get("AirSync:Class", ())),
        conversation=_conversation(told.get("Search:ConversationId", ()), version),
        after=max(after, default=None),
        before=min(before, default=None),
    )


def _conversation(told: Sequence[Element], version: str) -> bytes:
    if not told:
        return b""
    if version == "12.1" or len(told[0].data) != CONVERSATION_ID:
        raise _SearchError(Status.INVALID)
    return told[0].data


def _moment(compared: Element) -> datetime:
    """Return with which moment the time of receipt is compared (sections 2.2.3.86 and .96)."""
    if [each.tag for each in compared.elements] != ["Email:DateReceived", "Search:Value"]:
        raise _SearchError(Status.INVALID)
    return moments.parse("Value", compared.elements[1].text)


def _question(wanted: _Wanted) -> Question:
    question = mail_search.narrowed(
        kql.plain(wanted.texts), after=wanted.after, before=wanted.before
    )
    if not question and not wanted.conversation:
        raise _SearchError(Status.INVALID)
    return question


def _rendering(told: Element | None) -> Options:
    """Return how the device wants mail."""
    found = options.parse([] if told is None else [told])
    return found if found.preferences else replace(found, preferences=(_SHORT,))


def _answer(found: _Results) -> Answer:
    children = [leaf("Search:Status", found.status)]
    # Without any result there is an empty one (section 2.2.3.155.3).
    children += found.elements or [Element("Search:Result")]
    if found.count:
        children.append(leaf("Search:Range", found.wanted.shown(found.count)))
    children.append(leaf("Search:Total", found.total))
    return _response(children)


def _failed(status: Status) -> Answer:
    return _response([leaf("Search:Status", status)])


def _response(children: Sequence[Element]) -> Answer:
    response = Element("Search:Response", [Element("Search:Store", children)])
    return Answer(Element("Search:Search", [leaf("Search:Status", 1), response]))
