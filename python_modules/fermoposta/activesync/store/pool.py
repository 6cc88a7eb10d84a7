"""
A few connections to the directory's database, which all requests of a process share.

A request holds one only while the database works for it. Of those that are free the one used last
is taken first; one that the server has closed meanwhile, as it does when it restarts, is replaced
without anybody noticing.
"""

from __future__ import annotations

import asyncio
import select
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from fermoposta.activesync.store.model import StoreAwayError, StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Connection = psycopg.AsyncConnection[dict[str, Any]]

ROLE = "fermoposta_gateway"
"""The database role that may do what the gateway does, and nothing else."""
MOST = 4
"""Connections of one process; each statement of ours takes a millisecond or so."""
_CONNECT_SECONDS = 5
_WAIT_SECONDS = 10
"""How long a request waits for its turn before the database counts as away."""


class Pool:
    """Connections by *conninfo*, a connection string of libpq; use it within one event loop."""

    def __init__(
        self, conninfo: str, *, name: str = "fermoposta-gateway", most: int = MOST
    ) -> None:
        self._conninfo = conninfo
        self._name = name
        self._turns = asyncio.Semaphore(most)
        self._free: list[Connection] = []
        self._closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """
        Lend a connection that commits by itself.

        Raises StoreAwayError where the database is away, StoreError for what else it says.
        """
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise StoreAwayError("the database is too slow: no connection is free") from None
        try:
            connection = await self._take()
            try:
                yield connection
            finally:
                await self._give_back(connection)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise StoreAwayError(f"the database can't be used: {_line_of(error)}") from error
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            reason = "the database holds no tables of the gateway; run fermoposta migrate"
            raise StoreError(reason) from None
        except psycopg.Error as error:
            # What stood in the row that failed is quoted further down: it is the user's.
            raise StoreError(f"the database refuses: {_line_of(error)}") from None
        except UnicodeEncodeError:
            raise StoreError("a text holds what is no character") from None
        finally:
            self._turns.release()

    async def close(self) -> None:
        """Close the connections; those that are lent follow when they come back."""
        self._closed = True
        while self._free:
            await self._free.pop().close()

    async def _take(self) -> Connection:
        while self._free:
            connection = self._free.pop()
            if not _gone(connection):
                return connection
            await connection.close()
        return await psycopg.AsyncConnection.connect(
            self._conninfo,
            autocommit=True,
            row_factory=dict_row,
            application_name=self._name,
            connect_timeout=_CONNECT_SECONDS,
            options="-c timezone=UTC",
        )

    async def _give_back(self, connection: Connection) -> None:
        idle = connection.info.transaction_status is TransactionStatus.IDLE
        if self._closed or connection.closed or not idle:
            await connection.close()
        else:
            self._free.append(connection)


def _gone(connection: Connection) -> bool:
    """Tell whether something came uninvited: the server's good-bye, or the end of the stream."""
    if connection.closed:
        return True
    watched = select.poll()
    watched.register(connection.fileno(), select.POLLIN)
    return bool(watched.poll(0))


def _line_of(error: psycopg.Error) -> str:
    return error.diag.message_primary or " ".join(str(error).split())
