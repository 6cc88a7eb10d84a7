"""
The directory as it is now: read once, then kept up to date by the change feed.

Who cannot follow must not decide: without the feed there is no router, and mail waits.
"""

import asyncio

import psycopg
import structlog

from fermoposta.directory.route import Router
from fermoposta.directory.store import CHANNEL, Replica, StoreError, open_store
from fermoposta.service.notify import notify
from fermoposta.service.settings import Settings

ROLE = "fermoposta_policy"
PAUSE = 1.0
"""Seconds until the database is asked again after it failed."""
HEARTBEAT = 5.0
"""Seconds of silence after which we ask whether the database is still there."""
PATIENCE = 20.0
"""Seconds that it may take to answer."""
TROUBLE = (psycopg.Error, StoreError, OSError, TimeoutError)

_log = structlog.get_logger()


class Following:
    """What the directory says; *router* is None while that is not known for certain."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._hosts = (settings.host, "localhost")
        self.router: Router | None = None

    async def run(self) -> None:
        """Follow until cancelled; a database that is away is waited for."""
        told = False
        while True:
            try:
                await self._follow()
            except TROUBLE as error:
                if self.router is not None or not told:
                    _log.warning("directory lost", error=f"{type(error).__name__}: {error}")
                    told = True
                self.router = None
                notify("STATUS=Waiting for the directory; mail waits too")
            await asyncio.sleep(PAUSE)

    async def _follow(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self._settings.database_conninfo(ROLE),
            autocommit=True,
            application_name="fermoposta-policy",
            connect_timeout=5,
        ) as feed:
            await feed.execute(f"LISTEN {CHANNEL}")
            with open_store(self._settings.database_url(ROLE), secrets=False) as store:
                replica = await asyncio.to_thread(Replica, store)
                self._use(replica)
                _log.info("directory read", users=len(replica.state.users), at=replica.position)
                notify("STATUS=Following the directory")
                while True:
                    async for _ in feed.notifies(timeout=HEARTBEAT, stop_after=1):
                        pass
                    async with asyncio.timeout(PATIENCE):
                        changes = await asyncio.to_thread(replica.catch_up)
                    if changes:
                        self._use(replica)
                        _log.info("directory changed", changes=len(changes), at=replica.position)

    def _use(self, replica: Replica) -> None:
        self.router = Router(
            replica.state, hosts=self._hosts, postmaster=self._settings.postmaster_address
        )
