"""All that a user may do with calendars and contacts, at the webmail's server."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC
from itertools import islice
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx

from fermoposta.mailstore.dav import answers, bodies, busy
from fermoposta.mailstore.dav.token import Token, digest, second_before
from fermoposta.mailstore.dav.wire import Wire, is_name
from fermoposta.mailstore.groupware import (
    Busy,
    ChangedError,
    Changes,
    Collection,
    CollectionMissingError,
    DeniedError,
    GroupwareError,
    InvalidError,
    Kind,
    Object,
    ObjectMissingError,
)

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Iterable, Iterator
    from datetime import datetime

_MODULES = ("Calendar", "Contacts")
_AT_ONCE = 50
_LIST = ".vlf"  # SOGo's lists of addresses lie among the contacts, and are none
_COMPLETED = re.compile(r"^COMPLETED[^:]*:(\d{8}T\d{6})", re.MULTILINE)
_DONE = re.compile(r"^STATUS[^:]*:(COMPLETED|CANCELLED)\s*$", re.MULTILINE | re.IGNORECASE)
_HERE = {"Depth": "0"}
_BELOW = {"Depth": "1"}


class DavGroupware:
    """
    Calendars and contacts of *address*, whose *password* opens them; see `Groupware`.

    *url* is the server's, like ``http://127.0.0.1:20000/SOGo``; *quiet* that of the instance beside
    it which mails nobody. *client* is shared by all users, and outlives this.
    """

    def __init__(
        self, address: str, password: str, url: str, client: httpx.AsyncClient, *, quiet: str
    ) -> None:
        self._address = address
        account = httpx.BasicAuth(address, password)
        self._wire = Wire(address, account, url.rstrip("/"), quiet.rstrip("/"), client)

    @property
    def address(self) -> str:
        """Whose they are."""
        return self._address

    async def collections(self) -> list[Collection]:
        """Return all that the user has, or has subscribed to; the company's book is not here."""
        found = await asyncio.gather(*(self._module(module) for module in _MODULES))
        return [each for some in found for each in some]

    async def changes(self, path: str, token: str | None = None) -> Changes:
        """Return what changed since *token*; see `token` for what may be told twice."""
        place = self._wire.folder(path)
        known = Token.read(token, place) if token is not None else None
        seen = await self._synced(path, str(known.second) if known else "")
        if known is not None and digest(seen) == known.digest:
            return Changes(str(known))
        second = max(second_before(seen), known.second if known else 0)
        # What changed between the two answers is in both, or in the later one.
        later = seen
        if known is None or second != known.second:
            later = await self._synced(path, str(second))
        changed = seen.changed | later.changed
        removed = (seen.removed - later.changed.keys()) | later.removed
        for name in removed:
            changed.pop(name, None)
        told = removed if known is not None else frozenset[str]()
        return Changes(str(Token(place, second, digest(later))), changed, told)

    async def matching(
        self, path: str, kind: Kind, *, since: datetime | None = None
    ) -> dict[str, str]:
        """Return names and ETags of the objects of *kind*."""
        if kind is Kind.CONTACTS:
            return (await self._synced(path, "")).changed
        tasks = kind is Kind.TASKS and since is not None
        asked = bodies.query(kind, since=None if tasks else since, content=tasks)
        tree = await self._report(path, asked)
        if not tasks or since is None:
            return answers.etags(tree)
        return {
            name: each.etag
            for name, each in answers.objects(tree).items()
            if _is_open(each.content.decode(), since)
        }

    async def read(self, path: str, names: Iterable[str]) -> dict[str, Object]:
        """Return objects; who is gone, or not for this user to read, is left out."""
        contacts = path.startswith("Contacts/")
        places = (
            self._wire.href(self._wire.object(path, name))
            for name in dict.fromkeys(names)
            if is_name(name)
        )
        found: dict[str, Object] = {}
        self._wire.folder(path)
        for batch in _batches(places):
            tree = await self._report(path, bodies.multiget(batch, contacts=contacts))
            found |= answers.objects(tree)
        return found

    async def put(
        self, path: str, name: str, content: bytes, *, etag: str | None, silent: bool = False
    ) -> str:
        """Store *content* over what has *etag*; None is for a new object. Return the new ETag."""
        contacts = path.startswith("Contacts/")
        if (b"BEGIN:VCARD" if contacts else b"BEGIN:VCALENDAR") not in content.upper():
            raise InvalidError(f"{name!r} holds nothing that {path!r} is for")
        place = self._wire.object(path, name)
        there = await self._etag(path, name)
        if etag is None and there is not None:
            raise ChangedError(f"{path}: an object has that name already")
        await self._expect(path, there, etag)
        kind = "text/vcard" if contacts else "text/calendar"
        headers = {"Content-Type": f"{kind}; charset=utf-8"} | _condition(etag)
        try:
            answer = await self._wire.ask("PUT", place, content, headers=headers, silent=silent)
        except ObjectMissingError as error:
            await self._collection(path)  # 404 is SOGo's word for what it can't read, too
            raise InvalidError(f"the calendar server can't read what is put to {path}") from error
        stored = answer.headers.get("ETag") or await self._etag(path, name)
        if stored is None:
            raise ObjectMissingError(f"{path}: it was deleted as soon as it was stored")
        return str(stored)

    async def delete(
        self, path: str, name: str, *, etag: str | None = None, silent: bool = False
    ) -> None:
        """Delete an object; with *etag* only where it is still that one."""
        if not is_name(name):
            raise ObjectMissingError(f"{path}: there is no such object")
        if etag is not None:
            await self._expect(path, await self._etag(path, name), etag)
        try:
            await self._wire.ask("DELETE", self._wire.object(path, name), silent=silent)
        except ObjectMissingError:
            await self._collection(path)
            raise

    async def create(self, name: str, kind: Kind) -> Collection:
        """Make a collection for *kind*; a calendar is for tasks too."""
        module, method = (
            ("Contacts", "MKCOL") if kind is Kind.CONTACTS else ("Calendar", "MKCALENDAR")
        )
        path = f"{module}/{uuid4()}"
        await self._wire.ask(method, self._wire.folder(path))
        try:
            await self._name(path, name)
            return await self._collection(path)
        except GroupwareError:
            await self._wire.ask("DELETE", self._wire.folder(path))
            raise

    async def rename(self, path: str, name: str) -> None:
        """Call a collection *name*; only its owner can."""
        await self._own(path)
        await self._name(path, name)

    async def remove(self, path: str) -> None:
        """Delete a collection with all that is in it; only its owner can."""
        if (await self._own(path)).default:
            raise DeniedError(f"{path} is what every user has, and stays")
        await self._wire.ask("DELETE", self._wire.folder(path))

    async def busy(
        self, addresses: Iterable[str], start: datetime, end: datetime
    ) -> dict[str, list[Busy] | None]:
        """Return when each is busy; None for whom nothing can be told."""
        people = list(dict.fromkeys(addresses))
        known: dict[str, list[Busy]] = {}
        headers = {"Content-Type": "text/calendar; charset=utf-8"}
        outbox = self._wire.folder(f"Calendar/{answers.DEFAULT}")
        for batch in _batches(filter(busy.is_address, people)):
            body = busy.question(self._address, batch, start, end)
            known |= busy.answer(await self._wire.tree("POST", outbox, body, headers=headers))
        return {each: known.get(each.lower()) for each in people}

    async def close(self) -> None:
        """Do nothing: the connections are everybody's."""

    async def _module(self, module: str) -> list[Collection]:
        place = self._wire.home(f"{module}/")
        tree = await self._wire.tree("PROPFIND", place, bodies.COLLECTIONS, headers=_BELOW)
        return list(answers.collections(tree, module, self._address))

    async def _collection(self, path: str) -> Collection:
        place = self._wire.folder(path)
        module = path.partition("/")[0]
        try:
            tree = await self._wire.tree("PROPFIND", place, bodies.COLLECTIONS, headers=_HERE)
        except ObjectMissingError as error:
            raise CollectionMissingError(f"{path}: there is no such collection") from error
        for found in answers.collections(tree, module, self._address):
            return found
        raise CollectionMissingError(f"{path}: this is no calendar and no address book")

    async def _own(self, path: str) -> Collection:
        found = await self._collection(path)
        if found.owner is not None:
            raise DeniedError(f"{path} is another's")
        return found

    async def _name(self, path: str, name: str) -> None:
        place = self._wire.folder(path)
        if answers.refused(await self._wire.tree("PROPPATCH", place, bodies.named(name))):
            raise DeniedError(f"{path}: the calendar server does not take the name")

    async def _etag(self, path: str, name: str) -> str | None:
        place = self._wire.object(path, name)
        try:
            tree = await self._wire.tree("PROPFIND", place, bodies.ETAG, headers=_HERE)
        except ObjectMissingError:
            return None
        return answers.etags(tree).get(name)

    async def _expect(self, path: str, there: str | None, etag: str | None) -> None:
        if etag is None or there == etag:
            return
        if there is None:
            await self._collection(path)
            raise ObjectMissingError(f"{path}: the object is gone")
        raise ChangedError(f"{path}: somebody else changed the object")

    async def _report(self, path: str, body: str) -> ET.Element:
        try:
            return await self._wire.tree("REPORT", self._wire.folder(path), body, headers=_BELOW)
        except ObjectMissingError as error:
            raise CollectionMissingError(f"{path}: there is no such collection") from error

    async def _synced(self, path: str, token: str) -> answers.Synced:
        seen = answers.synced(await self._report(path, bodies.sync(token)))
        changed = {name: etag for name, etag in seen.changed.items() if not name.endswith(_LIST)}
        return answers.Synced(seen.token, changed, seen.removed)


def _batches(items: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(items)
    while batch := list(islice(rest, _AT_ONCE)):
        yield batch


def _condition(etag: str | None) -> dict[str, str]:
    return {"If-Match": etag} if etag else {"If-None-Match": "*"}


def _is_open(content: str, since: datetime) -> bool:
    """Tell whether a task is to be done, or was done after *since* (RFC 5545, 3.8.1.11)."""
    when = _COMPLETED.search(content)
    if when is None:
        return _DONE.search(content) is None
    return when[1] >= f"{since.astimezone(UTC):%Y%m%dT%H%M%S}"
