"""
Rights on folders: projected from the directory to where they hold, and read back from there.

One worker does everything, so that what a client sets and what the directory says can't overtake
each other. It does first what somebody waits for.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import psycopg
import structlog

from fermoposta.agent.sharing.book import Book
from fermoposta.agent.sharing.events import Event, listen
from fermoposta.agent.sharing.grants import Writer
from fermoposta.agent.sharing.mail import LIST_SECONDS, Mail, id_of
from fermoposta.agent.sharing.people import look_at_groups, show_new_mailboxes
from fermoposta.agent.sharing.touched import people_of, touched
from fermoposta.directory.model import Kind
from fermoposta.directory.rights import shared_mailboxes
from fermoposta.directory.store import StoreError, open_store
from fermoposta.mailstore.acl import SHARED, Folders
from fermoposta.mailstore.doveadm import DoveadmError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

    from fermoposta.agent.tools import Tools
    from fermoposta.directory.store import Change

ROLE = "fermoposta_agent"
HEARD, CHANGED, LOOKED, SWEPT = range(4)
"""How urgent a job is."""
SWEEP_SECONDS = 24 * 3600
"""How often mailboxes are looked at in which nobody has any right; first when the duty begins."""
_log = structlog.get_logger()


@dataclass(order=True, slots=True)
class Job:
    """Something to do; jobs of one urgency are done in order."""

    urgency: int
    number: int
    do: Callable[[], Awaitable[None]] = field(compare=False)


class Sharing:
    """The duty while it runs."""

    def __init__(self, tools: Tools, mail: Mail, book: Book) -> None:
        self._tools = tools
        self._mail = mail
        self._book = book
        self._jobs: asyncio.PriorityQueue[Job] = asyncio.PriorityQueue()
        self._number = count()
        self._refreshing = False
        self._waiting: set[tuple[int, str]] = set()

    def take(self, event: Event) -> None:
        """Put what a client did among the jobs."""
        if event.command in ("SETACL", "DELETEACL"):
            self._mail.setters[event.owner, event.folder] = event.who

        if event.command in ("CREATE", "DELETE"):  # one look finds every folder
            self._mailboxes(HEARD, [event.owner])
            return

        async def do() -> None:
            if event.command == "RENAME":
                await self._show(
                    await self._mail.moved(event.owner, event.folder, event.target, event.who)
                )
            else:
                await self._show(await self._mail.heard(event.owner, event.folder))

        self._put(HEARD, do)

    async def follow(self, changes: AsyncIterator[Sequence[Change]]) -> None:
        """Put what changes in the directory among the jobs."""
        swept = -math.inf
        async for some in changes:
            if some:
                await self._changed(some)
            else:
                due = time.monotonic() >= swept + SWEEP_SECONDS
                await self._everything(unshared=due)
                swept = time.monotonic() if due else swept

    async def work(self) -> None:
        """Do the jobs; raises what the database raises. Another job's error ends that job alone."""
        while True:
            job = await self._jobs.get()
            try:
                await job.do()
                self._refresh_later()
            except (DoveadmError, TimeoutError) as error:
                _log.warning("rights could not be looked at", error=str(error) or "late")
            except (psycopg.Error, StoreError, OSError):
                raise  # everything is looked at again, after a pause
            except Exception:  # noqa: BLE001 - one mailbox's error is not the end of the others
                _log.exception("rights could not be carried over")

    def _refresh_later(self) -> None:
        if self._mail.touched and not self._refreshing:
            self._refreshing = True

            def due() -> None:
                self._refreshing = False
                self._put(HEARD, self._mail.refresh_lists)

            asyncio.get_running_loop().call_later(LIST_SECONDS, due)

    def _put(self, urgency: int, do: Callable[[], Awaitable[None]]) -> None:
        self._jobs.put_nowait(Job(urgency, next(self._number), do))

    def _mailboxes(self, urgency: int, owners: Iterable[str]) -> None:
        for owner in sorted(owners):
            if (urgency, owner) in self._waiting:
                continue
            self._waiting.add((urgency, owner))

            async def do(owner: str = owner) -> None:
                self._waiting.discard((urgency, owner))
                await self._project(owner, verify=urgency >= LOOKED)

            self._put(urgency, do)

    async def _changed(self, changes: Sequence[Change]) -> None:
        state = self._tools.directory
        if any(change.kind is Kind.GROUPS for change in changes):
            self._put(CHANGED, self._groups)
        self._mailboxes(CHANGED, touched(changes, state))
        if people := people_of(changes):  # who is back gave rights before that are no more
            ids = {id_of(state, each): each for each in people}
            back = await self._book.shared(each for each in ids if each)
            self._mailboxes(CHANGED, [ids[each] for each in back])

    async def _everything(self, *, unshared: bool) -> None:
        state = self._tools.directory
        boxes = (state.users | state.resources).items()
        ids = {box.mailbox_id: name for name, box in boxes if box.mailbox_id}
        await self._book.forget_others_than(ids.keys() | state.closed.keys())
        shared = shared_mailboxes(state) | {ids[each] for each in await self._book.shared(ids)}
        await self._book.unshared_by_others_than(shared)
        self._put(CHANGED, self._groups)
        self._mailboxes(LOOKED, shared)
        if unshared:  # what clients set while nobody listened, where nobody had any right so far
            self._mailboxes(SWEPT, set(ids.values()) - shared)

    async def _groups(self) -> None:
        await look_at_groups(self._tools.directory, self._book, self._tools.doveadm)

    async def _project(self, owner: str, *, verify: bool = False) -> None:
        await self._show(await self._mail.project(owner, verify=verify))

    async def _show(self, people: set[str]) -> None:
        await show_new_mailboxes(people, self._tools.doveadm)


async def run(tools: Tools, changes: AsyncIterator[Sequence[Change]]) -> None:
    """Project and read back for as long as the agent runs; see `fermoposta.agent.duties.Duty`."""
    settings = tools.settings
    conninfo = settings.database_conninfo(ROLE)
    connecting = psycopg.AsyncConnection.connect(
        conninfo, autocommit=True, application_name="fermoposta-agent sharing", connect_timeout=10
    )
    with open_store(settings.database_url(ROLE), secrets=False) as store:
        async with await connecting as connection:
            book = Book(connection)
            mail = Mail(
                folders=Folders(tools.doveadm, SHARED),
                book=book,
                writer=Writer(store, lambda: tools.directory),
                current=lambda: tools.directory,
            )
            sharing = Sharing(tools, mail, book)
            server = await listen(settings.sharing_socket, SHARED, sharing.take)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(sharing.follow(changes))
                    tasks.create_task(sharing.work())
            finally:
                server.close()
