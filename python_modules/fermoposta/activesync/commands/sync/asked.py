"""What a request of Sync asks for (MS-ASCMD, section 2.2.1.21)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fermoposta.activesync import options
from fermoposta.activesync.digest import digest_of
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.state.items import Kind
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.activesync.options import Options

PROTOCOL_ERROR = 4
"""Status (section 2.2.3.177.17): the request is not as the section demands."""
WAIT_MOST = 59
"""Minutes."""
FETCH = "Fetch"
_KINDS = {"AirSync:Add": Kind.ADD, "AirSync:Change": Kind.CHANGE, "AirSync:Delete": Kind.DELETE}
_DATA, _SEND = "AirSync:ApplicationData", "Email2:Send"
_LONGEST_ID = 64
_COMMANDS_MOST = 10_000
_DEFAULT_WINDOW = 100


@dataclass(frozen=True, slots=True)
class Change:
    """What a client wants done with one item; *kind* None asks for the item itself (Fetch)."""

    kind: Kind | None
    id: str
    """The ClientId of an Add, else the ServerId."""
    data: Element | None = None
    instance: str | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One collection of the request."""

    id: str
    key: str
    """Empty where the last answer's is meant."""
    window: int = _DEFAULT_WINDOW
    get_changes: bool = True
    to_trash: bool = True
    options: Options | None = None
    removes: tuple[str, ...] | None = None
    changes: tuple[Change, ...] = ()
    wrong: str = ""
    """Why the collection is answered with a protocol error."""


@dataclass(frozen=True, slots=True)
class Request:
    """The whole request; *wait* is in seconds, 0 answers at once."""

    collections: tuple[Wanted, ...] = ()
    wait: int = 0
    window: int | None = None
    partial: bool = False
    wait_minutes: bool = False
    """Whether the client said it in minutes (Wait), as it is told limits."""
    out_of_range: bool = field(default=False)


def parse(element: Element) -> Request:
    """Return what the ``Sync`` *element* asks for; raises CommandError."""
    if element.tag != "AirSync:Sync":
        raise CommandError(PROTOCOL_ERROR, f"{element.tag} instead of Sync")
    minutes = _number(element, "AirSync:Wait")
    heartbeat = _number(element, "AirSync:HeartbeatInterval")
    if minutes is not None and heartbeat is not None:
        raise CommandError(PROTOCOL_ERROR, "Wait beside HeartbeatInterval")
    wait = heartbeat if minutes is None else minutes * 60
    listed = element.find("AirSync:Collections")
    collections = tuple(_collections(listed)) if listed is not None else ()
    ids = [each.id for each in collections]
    if len(ids) != len(set(ids)):
        raise CommandError(PROTOCOL_ERROR, "a collection that is named twice")
    return Request(
        collections,
        wait or 0,
        _number(element, "AirSync:WindowSize") or None,
        element.find("AirSync:Partial") is not None,
        minutes is not None,
        out_of_range=wait is not None and wait < 60,
    )


def _collections(listed: Element) -> Iterator[Wanted]:
    for each in listed.find_all("AirSync:Collection"):
        id_ = (each.text_of("AirSync:CollectionId") or "").strip()
        key = (each.text_of("AirSync:SyncKey") or "").strip()
        if not id_ or len(id_) > _LONGEST_ID or not key or len(key) > 2 * _LONGEST_ID:
            raise CommandError(PROTOCOL_ERROR, "a collection without CollectionId or SyncKey")
        try:
            yield _collection(each, id_, key)
        except (options.OptionsError, CommandError) as error:
            yield Wanted(id_, key, wrong=str(error))


def _collection(element: Element, id_: str, key: str) -> Wanted:
    supported = element.find("AirSync:Supported")
    asked = element.find_all("AirSync:Options")
    window = _number(element, "AirSync:WindowSize")
    get_changes = _flag(element, "AirSync:GetChanges")
    changes = tuple(_changes(element))
    if key == "0" and (get_changes or changes):
        raise CommandError(PROTOCOL_ERROR, "changes beside SyncKey 0")
    return Wanted(
        id_,
        key,
        window or _DEFAULT_WINDOW,
        # Section 2.2.3.84: left out it is true, and present without a value it is too.
        key != "0" if get_changes is None else get_changes,
        _flag(element, "AirSync:DeletesAsMoves") is not False,
        options.parse(asked) if asked else None,
        None if supported is None else tuple(child.tag for child in supported.elements),
        changes,
    )


def _changes(element: Element) -> Iterator[Change]:
    listed = element.find("AirSync:Commands")
    commands = () if listed is None else listed.elements
    if len(commands) > _COMMANDS_MOST:
        raise CommandError(PROTOCOL_ERROR, f"more than {_COMMANDS_MOST} changes")
    for each in commands:
        kind = _KINDS.get(each.tag)
        if kind is None and each.tag != "AirSync:Fetch":
            raise CommandError(PROTOCOL_ERROR, f"{each.tag} among the commands")
        named = "AirSync:ClientId" if kind is Kind.ADD else "AirSync:ServerId"
        id_ = (each.text_of(named) or "").strip()
        data = each.find(_DATA)
        if not id_ or len(id_) > _LONGEST_ID:
            raise CommandError(PROTOCOL_ERROR, f"{each.tag} without {named}")
        if kind in {Kind.ADD, Kind.CHANGE} and each.find(_SEND) is not None:
            # A draft that is to go out says so beside its data.
            told = () if data is None else data.children
            data = Element(_DATA, [*told, Element(_SEND)])
        if data is None and kind in {Kind.ADD, Kind.CHANGE}:
            raise CommandError(PROTOCOL_ERROR, f"{each.tag} without ApplicationData")
        instance = (each.text_of("AirSyncBase:InstanceId") or "").strip() or None
        yield Change(kind, id_, data, instance, digest_of(each))


def _number(element: Element, tag: str) -> int | None:
    text = element.text_of(tag)
    if text is None or not text.strip():
        return None
    if not text.strip().isdecimal() or not text.isascii() or len(text) > 9:
        raise CommandError(PROTOCOL_ERROR, f"{tag} is no number")
    return int(text)


def _flag(element: Element, tag: str) -> bool | None:
    text = element.text_of(tag)
    if text is None:
        return None
    if text.strip() not in {"", "0", "1"}:
        raise CommandError(PROTOCOL_ERROR, f"{tag} is neither 0 nor 1")
    return text.strip() != "0"
