"""The directory's changes: whose log-ins must be asked about again, and which domains there are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg
import structlog

from fermoposta.directory.model import Kind
from fermoposta.directory.store import CHANNEL
from fermoposta.service import log
from fermoposta.service.notify import notify
from fermoposta.service.pause import pause_after

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Connection: TypeAlias = psycopg.AsyncConnection[tuple[Any, ...]]
    Told: TypeAlias = Callable[[frozenset[str] | None], Awaitable[None]]

HEARTBEAT = 30.0
"""Seconds of silence after which the database is asked whether it is still there."""
_PATIENCE = 20.0
_SECONDS = 5
_LAST = "SELECT coalesce(max(id), 0) FROM gateway.changes"
_NEWS = "SELECT id, kind, key FROM gateway.changes WHERE id > %s ORDER BY id"
_DOMAINS = "SELECT name FROM gateway.domains ORDER BY name"
_EVERYBODY = {Kind.COMPANIES, Kind.DOMAINS}
"""What may concern any user when it changes."""
_log = structlog.get_logger()


class Feed:
    """
    Follows the feed by *conninfo*, and calls *told* with the addresses that it names.

    None stands for everybody: what happened while the database was away is not known one by one.
    """

    def __init__(self, conninfo: str, told: Told) -> None:
        self._conninfo = conninfo
        self._told = told
        self._failures = 0
        self.domains: tuple[str, ...] = ()
        """The domains of this host; as they were last known, where the database is away."""
        self.ready = asyncio.Event()
        """Set once the domains are known."""

    async def run(self) -> None:
        """Follow until cancelled; a database that is away is waited for."""
        while True:
            try:
                await self._follow()
            except (psycopg.Error, OSError, TimeoutError) as error:
                self._failures += 1
                pause = min(pause_after(self._failures), HEARTBEAT)
                _log.warning("directory lost", error=log.line_of(error), pause=int(pause))
                notify("STATUS=Waiting for the directory")
                await asyncio.sleep(pause)

    async def _follow(self) -> None:
        connection: Connection = await psycopg.AsyncConnection.connect(
            self._conninfo,
            autocommit=True,
            application_name="fermoposta-gateway feed",
            connect_timeout=_SECONDS,
        )
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            position = await self._begin(connection)
            self._failures = 0
            await self._told(None)
            _log.info("directory followed", domains=len(self.domains), at=position)
            notify("STATUS=Following the directory")
            while True:
                async for _ in connection.notifies(timeout=HEARTBEAT, stop_after=1):
                    pass
                async with asyncio.timeout(_PATIENCE):
                    position = await self._catch_up(connection, position)

    async def _begin(self, connection: Connection) -> int:
        row = await (await connection.execute(_LAST)).fetchone()
        await self._read_domains(connection)
        return int(row[0]) if row else 0

    async def _catch_up(self, connection: Connection, position: int) -> int:
        """Tell what is behind *position*, and return the new one."""
        rows = await (await connection.execute(_NEWS, [position])).fetchall()
        if not rows:
            return position
        kinds = {kind for _, kind, _ in rows}
        if Kind.DOMAINS in kinds:
            await self._read_domains(connection)
        users = frozenset(key for _, kind, key in rows if kind == Kind.USERS)
        if kinds & _EVERYBODY:
            await self._told(None)
        elif users:
            await self._told(users)
        return int(rows[-1][0])

    async def _read_domains(self, connection: Connection) -> None:
        rows = await (await connection.execute(_DOMAINS)).fetchall()
        self.domains = tuple(name for (name,) in rows)
        self.ready.set()
