"""
Carry changes to the daemons: follow the feed, compile, tell Dovecot, purge.

A pass starts from the place mark and ends by moving it, so that a pass which fails, or is killed,
is done again; everything in it may be done twice. Errors of the database, of Dovecot and of the
disk end the pass, and it is tried again after a growing pause.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from fermoposta.directory.compile import Paths, compile_all, paths_of
from fermoposta.directory.model import State
from fermoposta.directory.store import Change, Store, StoreError, open_store
from fermoposta.jobs import doveadm, purge
from fermoposta.jobs.effects import effects_of
from fermoposta.jobs.feed import Feed, follow
from fermoposta.service.notify import notify
from fermoposta.service.settings import Settings

ROLE = "fermoposta_jobs"
LONGEST_PAUSE = 60
"""Seconds between two tries, however often they failed."""
TROUBLE = (psycopg.Error, SQLAlchemyError, StoreError, doveadm.DoveadmError, OSError, TimeoutError)
"""What passes by itself or by an operator's hand: the pass is tried again."""

_log = structlog.get_logger()


@dataclass(slots=True)
class Worker:
    """What a pass works with, and when the last full one was."""

    settings: Settings
    store: Store
    paths: Paths
    purge_dir: Path
    last_full: float | None = None

    async def work(self, feed: Feed) -> None:
        """Carry out what happened since the place mark; look at everything from time to time."""
        since = await feed.position()
        changes = await asyncio.to_thread(self.store.changes, since)
        overdue = self._overdue()
        if not changes and not overdue:
            return
        state = await asyncio.to_thread(self._compile)
        await self._tell_dovecot(changes, state)
        if overdue:
            await asyncio.to_thread(self._purge)
            self.last_full = time.monotonic()
        if changes:
            await feed.remember(changes[-1].id)
            _log.info("changes carried out", count=len(changes), until=changes[-1].id)

    def _overdue(self) -> bool:
        full = self.last_full
        return full is None or time.monotonic() - full >= self.settings.compile_interval

    def _compile(self) -> State:
        state = self.store.state()
        for change in compile_all(state, self.paths):
            _log.info("compiled", action=change.action, path=change.path)
        return state

    async def _tell_dovecot(self, changes: list[Change], state: State) -> None:
        wanted = effects_of(changes, state)
        await doveadm.forget_credentials(self.settings.doveadm_socket, wanted.forget)
        await doveadm.end_sessions(self.settings.doveadm_socket, wanted.kick)
        for address in wanted.kick:
            _log.info("sessions ended", address=address)

    def _purge(self) -> None:
        now = datetime.now(UTC)
        days = self.settings.retention_days
        for mailbox_id in purge.request_removals(self.store, self.purge_dir, now=now, days=days):
            _log.info("removal requested", mailbox=mailbox_id)


def pause_after(failures: int) -> float:
    """Return how many seconds to wait after so many *failures* in a row."""
    return float(min(LONGEST_PAUSE, 2 ** min(failures - 1, 10)))


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
                error=" ".join(f"{type(error).__name__}: {error}".split()),
                pause=int(pause),
            )
            await asyncio.sleep(pause)


async def _follow(settings: Settings, succeeded: Callable[[], None]) -> None:
    async with follow(settings.database_conninfo(ROLE)) as feed:
        with open_store(settings.database_url(ROLE)) as store:
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
