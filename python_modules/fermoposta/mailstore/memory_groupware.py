"""
Calendars and contacts in memory: the double of `dav`, for tests of what builds on `groupware`.

A `Server` holds what all have, and who shares what; `MemoryGroupware` is one user's view of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

from icalendar import Calendar
from recurring_ical_events import of

from fermoposta.mailstore.groupware import (
    AwayError,
    Busy,
    ChangedError,
    Changes,
    Collection,
    CollectionMissingError,
    DeniedError,
    InvalidError,
    Kind,
    Object,
    ObjectMissingError,
    TokenError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEFAULT = "personal"
_SEEN_BY_ALL = re.compile(r"(BEGIN|END|VERSION|PRODID|UID|DTSTAMP|DTSTART|DTEND|RRULE|CLASS)\b.*")
_HIDDEN = re.compile(r"^CLASS:(PRIVATE|CONFIDENTIAL)\s*$", re.MULTILINE)
_ATTENDEE = re.compile(
    r"^ATTENDEE[^:\r\n]*(?:\r?\n [^:\r\n]*)*:mailto:(\S+)", re.MULTILINE | re.IGNORECASE
)
_UID = re.compile(r"^UID:(.*?)\s*$", re.MULTILINE)


@dataclass(slots=True)
class Shelf:
    """A collection, with the number of the last change of each object that was ever in it."""

    name: str
    kinds: frozenset[Kind]
    objects: dict[str, Object] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    readers: dict[str, bool] = field(default_factory=dict)
    """Who sees it besides the owner, and whether that person may write."""


@dataclass(slots=True)
class Server:
    """What all of *people* have; *away* is whether it answers nobody."""

    people: dict[str, dict[str, Shelf]] = field(default_factory=dict)
    away: bool = False
    written: list[tuple[str, str]] = field(default_factory=list)
    """To whom it wrote, and of which object."""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def add(self, address: str) -> None:
        """Let somebody in, with what every user has."""
        self.people[address] = {
            f"Calendar/{DEFAULT}": Shelf(DEFAULT, frozenset({Kind.EVENTS, Kind.TASKS})),
            f"Contacts/{DEFAULT}": Shelf(DEFAULT, frozenset({Kind.CONTACTS})),
        }

    def share(self, owner: str, path: str, reader: str, *, writable: bool = False) -> None:
        """Show the collection *path* of *owner* to *reader*."""
        self.people[owner][path].readers[reader] = writable

    def unshare(self, owner: str, path: str, reader: str) -> None:
        """Take it away again."""
        del self.people[owner][path].readers[reader]


class MemoryGroupware:
    """What *address* may do on *server*; see `Groupware`."""

    def __init__(self, server: Server, address: str) -> None:
        self._server = server
        self._address = address

    @property
    def address(self) -> str:
        """Whose they are."""
        return self._address

    async def collections(self) -> list[Collection]:
        """Return all that the user has, or is shown."""
        return [self._described(path, owner, origin) for path, owner, origin in self._all()]

    async def changes(self, path: str, token: str | None = None) -> Changes:
        """Return what changed since *token*; here nothing is told twice."""
        owner, origin, shelf = self._shelf(path)
        place = f"{owner} {origin} "
        since = 0
        if token is not None:
            if not token.startswith(place) or not token.removeprefix(place).isdecimal():
                raise TokenError("the token is another collection's, or nobody's")
            since = int(token.removeprefix(place))
        moved = {name for name, number in shelf.moved.items() if number > since}
        changed = {name: each.etag for name, each in shelf.objects.items() if name in moved}
        removed = moved - changed.keys() if token is not None else set()
        last = max(shelf.moved.values(), default=0)
        return Changes(f"{place}{last}", changed, frozenset(removed))

    async def matching(
        self, path: str, kind: Kind, *, since: datetime | None = None
    ) -> dict[str, str]:
        """Return names and ETags of the objects of *kind*."""
        _, _, shelf = self._shelf(path)
        return {
            name: each.etag
            for name, each in shelf.objects.items()
            if f"BEGIN:{kind.value}".encode() in each.content
            and (since is None or _is_after(each.content, kind, since))
        }

    async def read(self, path: str, names: Iterable[str]) -> dict[str, Object]:
        """Return objects; of what its owner keeps private, others see when that is."""
        owner, _, shelf = self._shelf(path)
        found = {name: shelf.objects[name] for name in names if name in shelf.objects}
        if owner == self._address:
            return found
        return {name: _for_others(each) for name, each in found.items()}

    async def put(
        self, path: str, name: str, content: bytes, *, etag: str | None, silent: bool = False
    ) -> str:
        """Store *content* over what has *etag*, and copies of it with who takes part."""
        owner, origin, shelf = self._shelf(path, write=True)
        begin = b"BEGIN:VCARD" if Kind.CONTACTS in shelf.kinds else b"BEGIN:VCALENDAR"
        if begin not in content or not name or "/" in name or name in {".", ".."}:
            raise InvalidError(f"{name!r} holds nothing that {path!r} is for")
        there = shelf.objects.get(name)
        if etag is not None:
            _expect(there, etag)
        elif there is not None or _uid(content) in {
            _uid(o.content) for o in shelf.objects.values()
        }:
            raise ChangedError(f"{path}: there is one already")
        stored = self._store(shelf, name, content)
        for person in self._invited(content, owner):
            default = self._server.people[person][f"Calendar/{DEFAULT}"]
            if (owner, origin) != (person, f"Calendar/{DEFAULT}"):
                self._store(default, name, content)
        self._write(content, name, silent=silent)
        return stored

    async def delete(
        self, path: str, name: str, *, etag: str | None = None, silent: bool = False
    ) -> None:
        """Delete an object, and the copies of it."""
        owner, _, shelf = self._shelf(path, write=True)
        there = shelf.objects.get(name)
        _expect(there, etag)
        assert there is not None  # noqa: S101 - _expect has looked
        self._drop(shelf, name)
        for person in self._invited(there.content, owner):
            self._drop(self._server.people[person][f"Calendar/{DEFAULT}"], name)
        self._write(there.content, name, silent=silent)

    async def create(self, name: str, kind: Kind) -> Collection:
        """Make a collection for *kind*; a calendar is for tasks too."""
        own = self._own()
        contacts = kind is Kind.CONTACTS
        path = f"{'Contacts' if contacts else 'Calendar'}/made-{next(self._server.numbers)}"
        kinds = frozenset({kind}) if contacts else frozenset({Kind.EVENTS, Kind.TASKS})
        own[path] = Shelf(name, kinds)
        return self._described(path, self._address, path)

    async def rename(self, path: str, name: str) -> None:
        """Call a collection *name*; only its owner can."""
        owner, _, shelf = self._shelf(path)
        if owner != self._address:
            raise DeniedError(f"{path} is another's")
        shelf.name = name

    async def remove(self, path: str) -> None:
        """Delete a collection with all that is in it; only its owner can."""
        owner, origin, _ = self._shelf(path)
        if owner != self._address or origin.endswith(f"/{DEFAULT}"):
            raise DeniedError(f"{path} stays")
        del self._own()[origin]

    async def busy(
        self, addresses: Iterable[str], start: datetime, end: datetime
    ) -> dict[str, list[Busy] | None]:
        """Return when each is busy, by the calendar that every user has."""
        self._own()
        found: dict[str, list[Busy] | None] = {}
        for address in addresses:
            shelves = self._server.people.get(address.lower())
            if shelves is None:
                found[address] = None
                continue
            times = [
                Busy(_moment(event["DTSTART"].dt), _moment(event["DTEND"].dt))
                for each in shelves[f"Calendar/{DEFAULT}"].objects.values()
                if b"BEGIN:VEVENT" in each.content and b"TRANSP:TRANSPARENT" not in each.content
                for event in of(Calendar.from_ical(each.content)).between(start, end)
            ]
            found[address] = sorted(times, key=lambda busy: (busy.start, busy.end))
        return found

    async def close(self) -> None:
        """Do nothing."""

    def _own(self) -> dict[str, Shelf]:
        if self._server.away:
            raise AwayError("the server is away")
        try:
            return self._server.people[self._address]
        except KeyError as error:
            raise DeniedError("there is no such user") from error

    def _all(self) -> Iterator[tuple[str, str, str]]:
        """Go through what the user sees: its path, its owner, and its path there."""
        for path in self._own():
            yield path, self._address, path
        for owner, shelves in self._server.people.items():
            for origin, shelf in shelves.items():
                if self._address in shelf.readers:
                    module, _, name = origin.partition("/")
                    yield f"{module}/{owner}_{name}", owner, origin

    def _shelf(self, path: str, *, write: bool = False) -> tuple[str, str, Shelf]:
        for seen, owner, origin in self._all():
            if seen == path:
                shelf = self._server.people[owner][origin]
                if write and owner != self._address and not shelf.readers[self._address]:
                    raise DeniedError(f"{path} is only to be read")
                return owner, origin, shelf
        raise CollectionMissingError(f"{path}: there is no such collection")

    def _described(self, path: str, owner: str, origin: str) -> Collection:
        shelf = self._server.people[owner][origin]
        own = owner == self._address
        return Collection(
            path=path,
            name=shelf.name,
            kinds=shelf.kinds,
            default=own and origin.endswith(f"/{DEFAULT}"),
            owner=None if own else owner,
            writable=own or shelf.readers[self._address],
            tag=str(max(shelf.moved.values(), default=0)),
            origin=origin,
        )

    def _store(self, shelf: Shelf, name: str, content: bytes) -> str:
        number = next(self._server.numbers)
        shelf.objects[name] = Object(name, f'"{number}"', content)
        shelf.moved[name] = number
        return f'"{number}"'

    def _drop(self, shelf: Shelf, name: str) -> None:
        if shelf.objects.pop(name, None) is not None:
            shelf.moved[name] = next(self._server.numbers)

    def _invited(self, content: bytes, owner: str) -> list[str]:
        found = {address.lower() for address in _ATTENDEE.findall(content.decode())}
        return sorted((found & self._server.people.keys()) - {owner})

    def _write(self, content: bytes, name: str, *, silent: bool) -> None:
        if not silent:
            found = {address.lower() for address in _ATTENDEE.findall(content.decode())}
            self._server.written += [(each, name) for each in sorted(found - {self._address})]


def _expect(there: Object | None, etag: str | None) -> None:
    if there is None:
        raise ObjectMissingError("the object is gone")
    if etag is not None and there.etag != etag:
        raise ChangedError("somebody else changed the object")


def _uid(content: bytes) -> str | None:
    match = _UID.search(content.decode())
    return match[1] if match else None


def _for_others(each: Object) -> Object:
    text = each.content.decode()
    if _HIDDEN.search(text) is None:
        return each
    lines = [line for line in text.splitlines() if _SEEN_BY_ALL.fullmatch(line)]
    return Object(each.name, each.etag, ("\r\n".join(lines) + "\r\n").encode())


def _is_after(content: bytes, kind: Kind, since: datetime) -> bool:
    calendar = Calendar.from_ical(content)
    if kind is Kind.TASKS:
        (task, *_) = calendar.walk("VTODO")
        done = task.get("COMPLETED")
        return _moment(done.dt) >= since if done else task.get("STATUS") != "COMPLETED"
    return next(iter(of(calendar).after(since)), None) is not None


def _moment(value: datetime) -> datetime:
    return value.astimezone(UTC)
