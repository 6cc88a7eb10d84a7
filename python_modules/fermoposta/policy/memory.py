"""What the policy service must remember beyond its own life: tables of the schema ``policy``."""

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg

from fermoposta.policy.message import Submission
from fermoposta.policy.rate import Count

SUBMISSION_DAYS = 30
"""Days after which it is forgotten who sent as whom: every copy was filed long before."""


class Memory:
    """A connection that is made when it is needed, and made anew when it broke."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def record(self, submissions: Sequence[Submission]) -> None:
        """Keep who sent as whom; raises psycopg.Error, and then nothing is kept."""
        await self._many(
            "INSERT INTO policy.submissions (id, login, represented, message_id)"
            " VALUES (%s, %s, %s, %s)",
            [(s.id, s.login, s.represented, s.message_id) for s in submissions],
        )

    async def counts(self, since: int) -> list[Count]:
        """Return the counts of the minutes after *since*."""
        async with self._one_at_a_time:
            connection = await self._connected()
            cursor = await connection.execute(
                "SELECT login, minute, n FROM policy.recipients WHERE minute > %s", (since,)
            )
            return [Count(*row) for row in await cursor.fetchall()]

    async def keep(self, counts: Sequence[Count]) -> None:
        """Keep *counts*, in the place of those of the same log-in and minute."""
        await self._many(
            "INSERT INTO policy.recipients (login, minute, n) VALUES (%s, %s, %s)"
            " ON CONFLICT (login, minute) DO UPDATE SET n = excluded.n",
            counts,
        )

    async def forget(self, until: int) -> None:
        """Delete the counts of the minutes up to *until*, and submissions of long ago."""
        await self._many("DELETE FROM policy.recipients WHERE minute <= %s", [(until,)])
        await self._many(
            "DELETE FROM policy.submissions WHERE at < now() - make_interval(days => %s)",
            [(SUBMISSION_DAYS,)],
        )

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            await self._connection.close()

    async def _many(self, query: str, rows: Sequence[Sequence[object]]) -> None:
        async with self._one_at_a_time:
            connection = await self._connected()
            async with connection.transaction(), connection.cursor() as cursor:
                await cursor.executemany(query, rows)

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        found = self._connection
        if found is None or found.closed or found.broken:
            found = await psycopg.AsyncConnection.connect(
                self._conninfo,
                autocommit=True,
                application_name="fermoposta-policy",
                connect_timeout=5,
            )
            self._connection = found
        return found
