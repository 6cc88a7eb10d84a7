"""
Find (MS-ASCMD, section 2.2.1.2; from 16.1 on): mail for a list of results, and people.

A search has an id, by which its further pages are asked for: it must begin with the first one.
Each page is searched anew.
"""

from __future__ import annotations

from email.utils import getaddresses
from enum import IntEnum
from typing import TYPE_CHECKING

from fermoposta.activesync import kql, serverid
from fermoposta.activesync.commands import mail_search, people_search, ranges
from fermoposta.activesync.commands.mail_search import FolderUnknownError
from fermoposta.activesync.kql import KqlError
from fermoposta.activesync.map.content import leaf
from fermoposta.activesync.map.errors import MalformedError
from fermoposta.activesync.map.mail import truncate
from fermoposta.activesync.map.mail.body import PLAIN, Preference
from fermoposta.activesync.map.person import Pictures
from fermoposta.activesync.options import Options
from fermoposta.activesync.session import Answer
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fermoposta.activesync.commands.ranges import Range
    from fermoposta.activesync.session import Asked, Session


class Status(IntEnum):
    """How it went (section 2.2.3.177.2)."""

    SUCCESS = 1
    INVALID = 2
    FOLDERS_CHANGED = 3
    BEGIN_AT_ZERO = 4


MAIL, PEOPLE = "Find:MailBoxSearchCriterion", "Find:GALSearchCriterion"
KEPT_AS = ".find"
"""Where the id of the device's search is kept."""
_LONGEST_ID = 64
_PREVIEW = 255
_SHORT = Options(preferences=(Preference(PLAIN, 2_048),))
_AS_IS = ("Email:Subject", "Email:DateReceived", "Email:DisplayTo")
_FLAGS = ("Email:Importance", "Email:Read", "Email2:IsDraft")


async def handle(session: Session, asked: Asked) -> Answer:
    """Answer Find."""
    try:
        return await _answered(session, asked.element)
    except (MalformedError, KqlError):
        return _answer(Status.INVALID, [leaf("Find:Status", Status.INVALID)])
    except FolderUnknownError:
        return _answer(Status.FOLDERS_CHANGED)


async def _answered(session: Session, root: Element | None) -> Answer:
    search_id = "" if root is None else (root.text_of("Find:SearchId") or "").strip()
    execute = None if root is None else root.find("Find:ExecuteSearch")
    if not 0 < len(search_id) <= _LONGEST_ID:
        raise MalformedError("SearchId", "is missing, or too long")
    if execute is None or [each.tag in {MAIL, PEOPLE} for each in execute.elements] != [True]:
        raise MalformedError("ExecuteSearch", "has no criterion, or several")
    criterion = execute.elements[0]
    query, told = criterion.find("Find:Query"), criterion.find("Find:Options")
    if query is None:
        raise MalformedError("Query", "is missing")
    wanted = ranges.parse(None if told is None else told.text_of("Find:Range"))
    if criterion.tag == MAIL:
        store, search = "Mailbox", _in_mail
    else:
        store, search = "GAL", _in_people
    if not await _begun(session, search_id, wanted):
        return _answer(
            Status.SUCCESS,
            [leaf("ItemOperations:Store", store), leaf("Find:Status", Status.BEGIN_AT_ZERO)],
        )
    results, count, total = await search(session, query, told, wanted)
    found = [leaf("ItemOperations:Store", store), leaf("Find:Status", Status.SUCCESS), *results]
    if count:
        found.append(leaf("Find:Range", wanted.shown(count)))
    return _answer(Status.SUCCESS, [*found, leaf("Find:Total", total)])


async def _begun(session: Session, search_id: str, wanted: Range) -> bool:
    """Tell whether a page may be asked for: the first, or another one of the same search."""
    device = session.device
    kept = await session.store.kept(device.user, device.id, KEPT_AS)
    same = kept.value == {"search": search_id}
    if wanted.first == 0 and not same:
        await session.store.keep(
            device.user, device.id, KEPT_AS, {"search": search_id}, kept.revision
        )
    return same or wanted.first == 0


async def _in_people(
    session: Session, query: Element, told: Element | None, wanted: Range
) -> tuple[list[Element], int, int]:
    words = query.text.strip()
    if not 0 < len(words) <= people_search.LONGEST:
        raise MalformedError("Query", "is empty, or too long")
    pictures = Pictures.asked(told, "Find")
    entries, total = await people_search.entries(session, words, wanted, pictures)
    results = [Element("Find:Result", [Element("Find:Properties", each)]) for each in entries]
    return results, len(results), total


async def _in_mail(
    session: Session, query: Element, told: Element | None, wanted: Range
) -> tuple[list[Element], int, int]:
    question = kql.parse(query.text_of("Find:FreeText") or "")
    if not question:
        raise MalformedError("FreeText", "is empty")
    if (query.text_of("AirSync:Class") or "Email").strip() != "Email":
        raise MalformedError("Class", "is other than Email")
    named = [each.text.strip() for each in query.find_all("AirSync:CollectionId")]
    below = told is not None and told.find("Find:DeepTraversal") is not None
    folders = mail_search.folders_of(await session.hub.tree(), named, below=below)
    hits, total = await mail_search.hits(session, folders, question)
    read, count = await mail_search.read(session, hits[wanted.cut], _SHORT)
    results = [
        Element(
            "Find:Result",
            [
                Element("AirSync:Class", "Email"),
                leaf("AirSync:ServerId", serverid.join(hit.folder.id, str(hit.uid))),
                leaf("AirSync:CollectionId", hit.folder.id),
                Element("Find:Properties", _properties(data)),
            ],
        )
        for hit, data in read
    ]
    return results, count, total


def _properties(data: Element) -> Iterator[Element]:
    """Yield what is shown of a mail in a list, in the order of section 2.2.3.139.1."""
    yield from (found for tag in _AS_IS if (found := data.find(tag)) is not None)
    for tag, name in (("Email:Cc", "DisplayCc"), ("Email2:Bcc", "DisplayBcc")):
        if shown := _names(data.text_of(tag) or ""):
            yield leaf(f"Find:{name}", shown)
    yield from (found for tag in _FLAGS if (found := data.find(tag)) is not None)
    text = " ".join((data.text_of("AirSyncBase:Body", "AirSyncBase:Data") or "").split())
    if text:
        yield leaf("Find:Preview", truncate.units(text, _PREVIEW))
    yield leaf("Find:HasAttachments", int(data.find("AirSyncBase:Attachments") is not None))
    if (sender := data.find("Email:From")) is not None:
        yield sender


def _names(addresses: str) -> str:
    """Return the names in a list of addresses, or the addresses, as a list shows them."""
    return "; ".join(name or address for name, address in getaddresses([addresses]) if address)


def _answer(status: Status, response: Sequence[Element] = ()) -> Answer:
    found = [leaf("Find:Status", status)]
    if response:
        found.append(Element("Find:Response", response))
    return Answer(Element("Find:Find", found))
