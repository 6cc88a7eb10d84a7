"""The change feed as a service follows it: woken by NOTIFY, with a place mark in the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from fermoposta.directory.store import CHANNEL

READER = "jobs"


class Feed:
    """A listening connection of the role fermoposta_jobs, and how far it has carried changes."""

    def __init__(self, connection: psycopg.AsyncConnection[tuple[int]]) -> None:
        self._connection = connection

    async def position(self) -> int:
        """Return the id of the last change that was carried out; 0 before the first."""
        cursor = await self._connection.execute(
            "SELECT change_id FROM directory.jobs_progress WHERE reader = %s", (READER,)
        )
        row = await cursor.fetchone()
        return row[0] if row else 0

    async def remember(self, change_id: int) -> None:
        """Mark everything up to *change_id* as carried out."""
        await self._connection.execute(
            "INSERT INTO directory.jobs_progress (reader, change_id) VALUES (%s, %s)"
            " ON CONFLICT (reader) DO UPDATE SET change_id = excluded.change_id, at = now()",
            (READER, change_id),
        )

    async def wait(self, seconds: float) -> None:
        """Return when something changed, or after *seconds*.

        What was notified while the last pass ran counts; raises psycopg.OperationalError when the
        database goes away.
        """
        async for _ in self._connection.notifies(timeout=seconds, stop_after=1):
            return


@asynccontextmanager
async def follow(conninfo: str) -> AsyncIterator[Feed]:
    """Listen; what changes from now on wakes `Feed.wait`, what changed before is in the table."""
    connection: psycopg.AsyncConnection[tuple[int]] = await psycopg.AsyncConnection.connect(
        conninfo, autocommit=True, application_name="fermoposta-jobs", connect_timeout=10
    )
    async with connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        yield Feed(connection)
