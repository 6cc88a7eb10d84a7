"""Search and Find: in the address book and in the mailbox (MS-ASCMD, 2.2.1.16 and 2.2.1.4)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.activesync.client.elements import check, flag, make, number, root, value
from fermoposta.activesync.client.errors import AnswerError
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fermoposta.activesync.client.client import Client
    from fermoposta.activesync.client.options import Body

FIRST_HUNDRED = (0, 99)


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found."""

    properties: Element
    folder: str | None = None
    item: str | None = None
    """Its ServerId; only Find gives it."""
    long_id: str | None = None
    """With which Search's items are fetched."""
    item_class: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what was found; *total* counts all pages, as far as the server says it."""

    hits: tuple[Hit, ...]
    range: str | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Pictures:
    """How large pictures may be, in bytes, and for how many people they are wanted."""

    size: int | None = None
    count: int | None = None

    def element(self, namespace: str) -> Element:
        """Return the ``Picture`` of *namespace*, ``Search`` or ``ResolveRecipients``."""
        return make(
            f"{namespace}:Picture",
            value(f"{namespace}:MaxSize", self.size),
            value(f"{namespace}:MaxPictures", self.count),
        )


def search_people(
    client: Client,
    words: str,
    *,
    entries: tuple[int, int] = FIRST_HUNDRED,
    pictures: Pictures | None = None,
) -> Found:
    """Return the people of the address book in whom *words* stand."""
    options = [
        value("Search:Range", _range(entries)),
        pictures.element("Search") if pictures else None,
    ]
    return _search(client, "GAL", value("Search:Query", words), options)


def search_mail(
    client: Client,
    words: str | None = None,
    *,
    folder: str | None = None,
    item_class: str = "Email",
    after: str | None = None,
    before: str | None = None,
    conversation: bytes | None = None,
    deep: bool = False,
    rebuild: bool = False,
    entries: tuple[int, int] = FIRST_HUNDRED,
    bodies: Sequence[Body] = (),
) -> Found:
    """
    Return the mail in which *words* stand, of a folder or of all.

    *after* and *before* bound the date, as in ``2026-11-26T08:00:00.000Z``; *deep* is with the
    folders below; *rebuild* has the server look again instead of remembering.
    """
    query = make(
        "Search:Query",
        make(
            "Search:And",
            value("AirSync:Class", item_class),
            value("AirSync:CollectionId", folder),
            value("Search:FreeText", words),
            value("Search:ConversationId", conversation),
            _compare("Search:GreaterThan", after),
            _compare("Search:LessThan", before),
        ),
    )
    options = [
        flag("Search:RebuildResults", rebuild),
        flag("Search:DeepTraversal", deep),
        value("Search:Range", _range(entries)),
        *(body.element() for body in bodies),
    ]
    return _search(client, "Mailbox", query, options)


def find_mail(
    client: Client,
    words: str,
    *,
    folder: str | None = None,
    item_class: str = "Email",
    deep: bool = False,
    entries: tuple[int, int] = FIRST_HUNDRED,
    search_id: str | None = None,
) -> Found:
    """Return the mail in which *words* stand; from 16.1 on."""
    query = make(
        "Find:Query",
        value("Find:FreeText", words),
        value("AirSync:Class", item_class),
        value("AirSync:CollectionId", folder),
    )
    options = [value("Find:Range", _range(entries)), flag("Find:DeepTraversal", deep)]
    return _find(client, "Find:MailBoxSearchCriterion", query, options, search_id)


def find_people(
    client: Client,
    words: str,
    *,
    entries: tuple[int, int] = FIRST_HUNDRED,
    pictures: Pictures | None = None,
    search_id: str | None = None,
) -> Found:
    """Return the people of the address book in whom *words* stand; from 16.1 on."""
    options = [
        value("Find:Range", _range(entries)),
        pictures.element("Find") if pictures else None,
    ]
    query = value("Find:Query", words)
    return _find(client, "Find:GALSearchCriterion", query, options, search_id)


def _range(entries: tuple[int, int]) -> str:
    return f"{entries[0]}-{entries[1]}"


def _compare(tag: str, moment: str | None) -> Element | None:
    if moment is None:
        return None
    return make(tag, Element("Email:DateReceived"), value("Search:Value", moment))


def _search(
    client: Client, store: str, query: Element | None, options: Sequence[Element | None]
) -> Found:
    command = "Search"
    document = make(
        "Search:Search",
        make(
            "Search:Store",
            value("Search:Name", store),
            query,
            make("Search:Options", *options),
        ),
    )
    answer = root(command, client.ask(command, document), "Search:Search")
    check(command, answer, answer, "Search:Status")
    found = answer.find("Search:Response", "Search:Store")
    if found is None:
        raise AnswerError(command, "no Store in the answer")
    check(command, answer, found, "Search:Status")
    return _found(command, found, "Search")


def _find(
    client: Client,
    criterion: str,
    query: Element | None,
    options: Sequence[Element | None],
    search_id: str | None,
) -> Found:
    command = "Find"
    document = make(
        "Find:Find",
        value("Find:SearchId", search_id or str(uuid.uuid4())),
        make("Find:ExecuteSearch", make(criterion, query, make("Find:Options", *options))),
    )
    answer = root(command, client.ask(command, document), "Find:Find")
    check(command, answer, answer, "Find:Status")
    found = answer.find("Find:Response")
    if found is None:
        raise AnswerError(command, "no Response in the answer")
    check(command, answer, found, "Find:Status")
    return _found(command, found, "Find")


def _found(command: str, element: Element, namespace: str) -> Found:
    hits = []
    for result in element.find_all(f"{namespace}:Result"):
        properties = result.find(f"{namespace}:Properties")
        if properties is None:
            continue  # Search says by an empty Result that nothing was found
        hits.append(
            Hit(
                properties,
                result.text_of("AirSync:CollectionId"),
                result.text_of("AirSync:ServerId"),
                result.text_of("Search:LongId"),
                result.text_of("AirSync:Class"),
            )
        )
    return Found(
        tuple(hits),
        element.text_of(f"{namespace}:Range"),
        number(command, element, f"{namespace}:Total"),
    )
