"""
Carry changes to the daemons: follow the feed, compile, tell Dovecot and the webmail, purge.

The directory is kept in memory, and a change compiles only what it touches; from time to time, and
first of all, a full pass repairs whatever is not as it should be. A pass ends by moving the place
mark, so that one which fails, or is killed, is done again; everything in it may be done twice.
Errors of the database, of Dovecot and of the disk end the pass, and it is tried again after a
growing pause. The webmail's own database may be away, or not be there at all: what it should forget
waits for it, and nothing else does.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from fermoposta.directory.compile import (
    Paths,
    compile_all,
    compile_touched,
    paths_of,
    touched_by,
)
from fermoposta.directory.model import State
from fermoposta.directory.store import Change, Store, StoreError, open_store
from fermoposta.directory.store.replica import Replica
from fermoposta.jobs import purge, webmail
from fermoposta.jobs.effects import effects_of
from fermoposta.jobs.feed import Feed, follow
from fermoposta.mailstore.doveadm import Doveadm, DoveadmError
from fermoposta.mailstore.webmail_cache import WebmailCacheError, forget_people
from fermoposta.service import log
from fermoposta.service.notify import notify
from fermoposta.service.pause import pause_after
from fermoposta.service.settings import Settings

ROLE = "fermoposta_jobs"
TROUBLE = (
    psycopg.Error,
    SQLAlchemyError,
    StoreError,
    DoveadmError,
    WebmailCacheError,
    OSError,
    TimeoutError,
)
"""What passes by itself or by an operator's hand: the pass is tried again."""

_log = structlog.get_logger()


@dataclass(slots=True)
class Worker:
    """What a pass works with, what is left to do, and when the last full pass was."""

    settings: Settings
    store: Store
    paths: Paths
    purge_dir: Path
    replica: Replica | None = None
    pending: list[Change] = field(default_factory=list)
    last_full: float | None = None
    set_aside: set[str] = field(default_factory=set)
    """The closed mailboxes of which nothing is under an address that is somebody else's now."""

    async def work(self, feed: Feed) -> None:
        """Carry out what happened since the place mark; look at everything from time to time."""
        replica = await self._catch_up(feed)
        overdue = self._overdue()
        if not self.pending and not overdue:
            return
        await asyncio.to_thread(self._compile, replica.state, everything=overdue)
        await self._tell_daemons(self.pending, replica.state)
        await asyncio.to_thread(self._set_aside, replica.state)
        if overdue:
            await asyncio.to_thread(self._purge)
            await asyncio.to_thread(self._forget)
            self.last_full = time.monotonic()
        if self.pending:
            last = self.pending[-1].id
            await feed.remember(last)
            _log.info("changes carried out", count=len(self.pending), until=last)
            self.pending.clear()

    async def _catch_up(self, feed: Feed) -> Replica:
        """Bring the directory in memory, and what is left to do, up to date."""
        if self.replica is None:
            self.replica = await asyncio.to_thread(Replica, self.store)
            since = await feed.position()
            told = await asyncio.to_thread(self.store.changes, since)
            self.pending = [change for change in told if change.id <= self.replica.position]
        self.pending += await asyncio.to_thread(self.replica.catch_up)
        return self.replica

    def _overdue(self) -> bool:
        full = self.last_full
        return full is None or time.monotonic() - full >= self.settings.compile_interval

    def _compile(self, state: State, *, everything: bool) -> None:
        if everything:
            changes = compile_all(state, self.paths)
        else:
            changes = compile_touched(state, touched_by(self.pending), self.paths)
        for change in changes:
            _log.info("compiled", action=change.action, path=change.path)

    async def _tell_daemons(self, changes: list[Change], state: State) -> None:
        wanted = effects_of(changes, state)
        dovecot = Doveadm(self.settings.doveadm_socket)
        await dovecot.forget_credentials(wanted.forget)
        await forget_people(self.settings.memcached_socket, wanted.forget)
        for address in await dovecot.end_sessions(wanted.kick):
            _log.info("sessions ended", address=address)

    def _purge(self) -> None:
        now = datetime.now(UTC)
        days = self.settings.retention_days
        for mailbox_id in purge.request_removals(self.store, self.purge_dir, now=now, days=days):
            _log.info("removal requested", mailbox=mailbox_id)

    def _forget(self) -> None:
        conninfo = self.settings.webmail_conninfo(ROLE)
        try:
            for address, free in purge.forget_requested(
                self.purge_dir, partial(webmail.forget, conninfo)
            ):
                if free:
                    _log.info("forgotten in the webmail", address=address)
                else:
                    _log.info("not forgotten in the webmail: somebody has it", address=address)
        except psycopg.Error as error:
            self._away(error)

    def _set_aside(self, state: State) -> None:
        taken = {
            closed.mailbox_id: closed.address
            for closed in state.closed.values()
            if closed.address in state.users or closed.address in state.resources
        }
        self.set_aside &= taken.keys()
        wanted = sorted(taken.keys() - self.set_aside)
        if not wanted:
            return
        try:
            for mailbox_id, needed in webmail.set_aside(
                self.settings.webmail_conninfo(ROLE), wanted
            ):
                self.set_aside.add(mailbox_id)
                if needed:
                    _log.info("set aside in the webmail", address=taken[mailbox_id])
        except psycopg.Error as error:
            self._away(error)

    def _away(self, error: psycopg.Error) -> None:
        """Say what waits for the next pass; mail does not wait for the webmail."""
        _log.warning("the webmail's database is asked again", error=" ".join(str(error).split()))


async def follow_for_ever(settings: Settings) -> None:
    """Work until cancelled; a database or a Dovecot that is away only delays the work."""
    failures = 0

    def succeeded() -> None:
        nonlocal failures
        failures = 0

    while True:
        try:
            await _follow(settings, succeeded)
        except TROUBLE as error:
            failures += 1
            pause = pause_after(failures)
            _log.warning(
                "pass failed",
                error=log.line_of(error),
                pause=int(pause),
            )
            await asyncio.sleep(pause)


async def _follow(settings: Settings, succeeded: Callable[[], None]) -> None:
    async with follow(settings.database_conninfo(ROLE)) as feed:
        with open_store(settings.database_url(ROLE), secrets=False) as store:
            worker = Worker(
                settings=settings,
                store=store,
                paths=paths_of(settings),
                purge_dir=settings.state_dir / "purge",
            )
            while True:
                await worker.work(feed)
                succeeded()
                notify("STATUS=Following the directory's changes")
                await feed.wait(settings.compile_interval)
