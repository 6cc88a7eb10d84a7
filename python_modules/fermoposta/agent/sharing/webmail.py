"""
Rights on calendars and address books: from the directory to SOGo's table, and back.

As with mail, what was set last is remembered, and whatever SOGo holds otherwise was set there by
the owner. Groups are written out, since SOGo looks for members in places of its own; to-dos lie in
calendars, so that a calendar gets what the directory gives for both.
"""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
import structlog

from fermoposta.agent.sharing.book import Book, Noted
from fermoposta.agent.sharing.grants import Refused, Writer, valid
from fermoposta.agent.sharing.mail import id_of
from fermoposta.agent.sharing.touched import people_of, touched
from fermoposta.directory.rights import Rights, levels, rights_as_of, shared_mailboxes
from fermoposta.directory.store import open_store
from fermoposta.mailstore.dav_acl import calendar_roles, contacts_roles, mask_of
from fermoposta.mailstore.webmail_cache import WebmailCacheError, forget

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence
    from pathlib import Path

    from fermoposta.agent.tools import Tools
    from fermoposta.directory.model import State
    from fermoposta.directory.store import Change

ROLE = "fermoposta_agent"
DATABASE = "sogo"
CHANNEL = "fermoposta_sharing"
_SETTLING_SECONDS = 0.3
_AGAIN_SECONDS = 15
_MODULES = {"Calendar": "calendar", "Contacts": "contacts"}
_log = structlog.get_logger()


@dataclass(slots=True)
class Webmail:
    """The calendars and address books of everybody, in SOGo's database."""

    sogo: psycopg.AsyncConnection[Any]
    book: Book
    writer: Writer
    current: Callable[[], State]
    cache: Path
    """The socket of SOGo's cache."""
    _rights: Callable[[str], Rights] = field(init=False)

    def __post_init__(self) -> None:
        """Have the directory gone through once for many mailboxes."""
        self._rights = rights_as_of(self.current)

    async def project(self, owner: str) -> bool:
        """
        Take in what *owner* shared in the webmail, then bring SOGo to what the directory says.

        Returns False where the owner has no folders yet: SOGo makes them at the first visit.
        Raises psycopg.Error, StoreError.
        """
        mailbox_id = id_of(self.current(), owner)
        if mailbox_id is None:
            await self._close(owner)
            return True
        known = await self.book.folders(mailbox_id)
        paths = await self._folders(owner)
        if not paths:
            return False
        rights = self._rights(owner)
        for path in paths:
            folder = folder_of(path)
            actual = await self._roles(path)
            name = path.removeprefix(f"/{owner}")
            given = known.get(name, Noted()).differing(actual)
            if given:
                await self._take(owner, folder, given)
                rights = self._rights(owner)
            wanted = {}
            for person in rights.people():
                held = actual.get(person, "").split()
                if roles := _expected(rights, folder, person, held):
                    wanted[person] = " ".join(sorted(roles))
            if await self._set(path, actual, wanted, mailbox_id):
                _log.info("rights projected", mailbox=owner, folder=folder)
            elif known.get(name) != Noted(wanted):
                await self.book.keep(mailbox_id, name, Noted(wanted))
        return True

    async def _close(self, owner: str) -> None:
        """
        Take every right on what is left of *owner*, who is gone.

        Whoever has the address next must not be taken for having given them.
        """
        paths = await self._folders(owner)
        names = [path.removeprefix(f"/{owner}") for path in paths]
        for closed in self.current().closed.values():
            if closed.address == owner:
                await self.book.forget(closed.mailbox_id, names)
        for path in paths:
            held = sorted(await self._roles(path))
            for uid in held:
                await self.sogo.execute("SELECT sharing.set_roles(%s, %s, %s)", (path, uid, []))
            await self._forget_in_cache(path, held)

    async def _take(self, owner: str, folder: str, given: dict[str, str | None]) -> None:
        state = self.current()
        grantees = {uid.removeprefix("@"): roles for uid, roles in given.items()}
        reasons = valid(state, owner, grantees)
        for grantee, roles in grantees.items():
            reason = reasons.get(grantee)
            if reason is None:
                try:
                    mask = self._meant(owner, folder, grantee, roles)
                    await self.writer.write(
                        owner, folder, {grantee: mask}, actor=f"webmail:{owner}"
                    )
                except Refused as refused:
                    reason = str(refused)
            log = _log.bind(mailbox=owner, folder=folder, grantee=grantee, roles=roles)
            if reason is None:
                log.info("rights set in the webmail")
            else:
                log.warning("rights of the webmail put back", reason=reason)

    def _meant(self, owner: str, folder: str, grantee: str, roles: str | None) -> int | None:
        if roles is not None:
            return mask_of(roles.split())
        rights = self._rights(owner)
        names = rights.names_of(grantee)
        inherited = rights.on(levels(folder)[1:], names) or rights.on(
            levels(folder)[:1], names - {grantee}
        )
        return 0 if inherited else None

    async def _set(
        self, path: str, actual: dict[str, str], wanted: dict[str, str], mailbox_id: str
    ) -> bool:
        both = sorted(actual.keys() | wanted.keys())
        changed = [uid for uid in both if actual.get(uid) != wanted.get(uid)]
        if not changed:
            return False
        _, owner, _ = path.split("/", 2)
        name = path.removeprefix(f"/{owner}")
        await self.book.keep(mailbox_id, name, Noted(actual, wanted))
        for uid in changed:
            await self.sogo.execute(
                "SELECT sharing.set_roles(%s, %s, %s)", (path, uid, wanted.get(uid, "").split())
            )
        await self.book.keep(mailbox_id, name, Noted(wanted))
        await self._forget_in_cache(path, changed)
        return True

    async def _forget_in_cache(self, path: str, people: Iterable[str]) -> None:
        settings = [f"{person}+settings" for person in people]
        await forget_in_cache(self.cache, [f"{path.removeprefix('/')}+acl", *settings])

    async def _folders(self, owner: str) -> list[str]:
        cursor = await self.sogo.execute("SELECT path FROM sharing.folders(%s)", (owner,))
        return sorted(row[0] for row in await cursor.fetchall())

    async def _roles(self, path: str) -> dict[str, str]:
        cursor = await self.sogo.execute("SELECT uid, roles FROM sharing.roles(%s)", (path,))
        return {row[0]: " ".join(sorted(row[1])) for row in await cursor.fetchall()}


def folder_of(path: str) -> str:
    """Return the directory's name of SOGo's folder ``/OWNER/MODULE/NAME``."""
    _, _, module, name = path.split("/", 3)
    return _MODULES[module] if name == "personal" else f"{_MODULES[module]}/{name}"


def _expected(rights: Rights, folder: str, person: str, held: Iterable[str]) -> frozenset[str]:
    mask = rights.effective(folder, person)
    if folder.startswith("calendar"):
        tasks = rights.effective(folder.replace("calendar", "tasks", 1), person)
        return calendar_roles(mask & tasks, frozenset(held))
    return contacts_roles(mask, frozenset(held))


class Round:
    """The duty while it runs: whose folders are to be looked at, first where something changed."""

    def __init__(self, tools: Tools, webmail: Webmail) -> None:
        self._tools = tools
        self._webmail = webmail
        self._changed: set[str] = set()
        self._all: set[str] = set()
        self._unborn: set[str] = set()
        self._seen: State | None = None
        self._sharers: set[str] = set()
        self._news = asyncio.Event()

    def add(self, owners: Iterable[str]) -> None:
        """Have *owners* looked at, of whom something changed."""
        self._changed |= set(owners)
        self._news.set()

    async def follow(self, changes: AsyncIterator[Sequence[Change]]) -> None:
        """Add whom changes of the directory are about."""
        async for some in changes:
            state = self._tools.directory
            if some:
                self._all |= people_of(some)  # who is back had given rights before
                self.add(touched(some, state))
            else:
                self._all |= state.users.keys() | state.resources.keys()
                self._news.set()

    async def listen(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Add who gave rights in the webmail; it takes two steps to write them."""
        await connection.execute(f"LISTEN {CHANNEL}")
        later = asyncio.get_running_loop().call_later
        async for told in connection.notifies():
            later(_SETTLING_SECONDS, self.add, told.payload.split("/")[1:2])

    async def work(self) -> None:
        """Look at one after the other; who has no folders yet is looked at again."""
        again = -math.inf
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), _AGAIN_SECONDS)
            self._news.clear()
            if time.monotonic() >= again:
                self._all |= self._unborn
                again = time.monotonic() + _AGAIN_SECONDS
            while self._changed or self._all:
                owner = (self._changed or self._all).pop()
                self._all.discard(owner)
                if await self._webmail.project(owner) or owner not in self._shared():
                    self._unborn.discard(owner)
                else:
                    self._unborn.add(owner)

    def _shared(self) -> set[str]:
        """Return the mailboxes in which somebody has a right; looked through once a change."""
        state = self._tools.directory
        if self._seen is not state:
            self._seen, self._sharers = state, shared_mailboxes(state)
        return self._sharers


async def run(tools: Tools, changes: AsyncIterator[Sequence[Change]]) -> None:
    """Project and read back for as long as the agent runs; see `fermoposta.agent.duties.Duty`."""
    settings = tools.settings
    await _wait_for_sogo(settings.database_host)
    async with AsyncExitStack() as stack:
        store = stack.enter_context(open_store(settings.database_url(ROLE), secrets=False))
        own, sogo, told = [
            await stack.enter_async_context(await _connected(settings.database_host, name))
            for name in (settings.database_name, DATABASE, DATABASE)
        ]
        webmail = Webmail(
            sogo=sogo,
            book=Book(own),
            writer=Writer(store, lambda: tools.directory),
            current=lambda: tools.directory,
            cache=settings.memcached_socket,
        )
        work = Round(tools, webmail)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(work.follow(changes))
            tasks.create_task(work.listen(told))
            tasks.create_task(work.work())


async def _wait_for_sogo(host: str) -> None:
    for _ in iter(int, 1):  # nobody tells when it is installed
        if await _is_there(host):
            return
        await asyncio.sleep(_AGAIN_SECONDS)


async def _is_there(host: str) -> bool:
    """Tell whether SOGo's database is prepared; a host may be without a webmail."""
    try:
        async with await _connected(host, DATABASE) as connection:
            cursor = await connection.execute("SELECT has_schema_privilege('sharing', 'USAGE')")
            row = await cursor.fetchone()
            return bool(row and row[0])
    except psycopg.Error:
        return False


async def _connected(host: str, name: str) -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(
        host=host,
        dbname=name,
        user=ROLE,
        autocommit=True,
        application_name="fermoposta-agent sharing",
        connect_timeout=10,
    )


async def forget_in_cache(cache: Path, keys: Iterable[str]) -> None:
    """Drop *keys* from SOGo's cache, where lists of rights and settings stay for minutes."""
    try:
        await forget(cache, [key.encode() for key in keys], seconds=5)
    except (OSError, TimeoutError, WebmailCacheError) as error:
        _log.warning("the webmail's cache could not be told", error=str(error))
