"""The directory in the agent's memory, and who is told of its changes."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import psycopg
import structlog

from fermoposta.directory.model import State
from fermoposta.directory.store import CHANNEL, Change, Replica, Store, StoreError
from fermoposta.service import log
from fermoposta.service.notify import notify
from fermoposta.service.pause import pause_after

_log = structlog.get_logger()


class Follower:
    """Keeps a `Replica` of *store* up to date by NOTIFY on a connection made by *conninfo*."""

    def __init__(self, store: Store, conninfo: str, *, interval: float) -> None:
        self._store = store
        self._conninfo = conninfo
        self._interval = interval
        self._replica: Replica | None = None
        self._one_at_a_time = asyncio.Lock()
        self._queues: set[asyncio.Queue[Sequence[Change]]] = set()
        self._loaded = asyncio.Event()

    @property
    def state(self) -> State:
        """The directory as of the last look; raises StoreError before the first."""
        if self._replica is None:
            raise StoreError("the directory has not been read yet")
        return self._replica.state

    async def refresh(self) -> None:
        """Take in what changed by now; raises StoreError where the database can't be asked."""
        async with self._one_at_a_time:
            if self._replica is None:
                self._replica = await asyncio.to_thread(Replica, self._store)
                self._loaded.set()
                return
            changes = await asyncio.to_thread(self._replica.catch_up)
        if changes:
            for queue in self._queues:
                queue.put_nowait(changes)

    async def changes(self) -> AsyncIterator[Sequence[Change]]:
        """Give changes to one duty; see `duties.Duty`."""
        queue: asyncio.Queue[Sequence[Change]] = asyncio.Queue()
        self._queues.add(queue)
        try:
            await self._loaded.wait()
            loop = asyncio.get_running_loop()
            while True:
                yield ()
                full = loop.time() + self._interval
                while (left := full - loop.time()) > 0:
                    try:
                        yield await asyncio.wait_for(queue.get(), left)
                    except TimeoutError:
                        break
        finally:
            self._queues.discard(queue)

    async def run(self) -> None:
        """Follow until cancelled; a database that is away only delays it."""
        failures = 0
        while True:
            try:
                async for _ in self._wakings():
                    await self.refresh()
                    failures = 0
                    notify("STATUS=Following the directory's changes")
            except (psycopg.Error, StoreError, OSError) as error:
                failures += 1
                pause = pause_after(failures)
                _log.warning(
                    "the directory can't be followed", error=log.line_of(error), pause=int(pause)
                )
                await asyncio.sleep(pause)

    async def _wakings(self) -> AsyncIterator[None]:
        """Yield when there may be something new: at once, when told, and from time to time."""
        connection = await psycopg.AsyncConnection.connect(
            self._conninfo, autocommit=True, application_name="fermoposta-agent", connect_timeout=10
        )
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            while True:
                yield
                async for _ in connection.notifies(timeout=self._interval, stop_after=1):
                    pass
