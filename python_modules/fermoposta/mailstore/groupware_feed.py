"""
Who changed what in calendars and address books, told by the webmail's database as it is written.

It tells of every way in: the webmail, CalDAV, invitations, a restore. What was changed while nobody
listened is not told; whoever begins to listen looks at everything once.
"""

from __future__ import annotations

from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

CHANNEL = "fermoposta_groupware"
"""What the triggers in the webmail's database notify."""


@dataclass(frozen=True, slots=True)
class Touched:
    """
    What changed: in *path* of *owner*, or, without a path, which collections *owner* sees.

    *path* is the owner's own, as in `Collection.origin`; those with whom it is shared are not told
    of one by one.
    """

    owner: str
    path: str | None = None


@asynccontextmanager
async def listen(conninfo: str) -> AsyncIterator[AsyncIterator[Touched]]:
    """
    Listen from now on: inside the block nothing that changes is missed.

    Raises psycopg.OperationalError where the database is, or goes, away.
    """
    connection: psycopg.AsyncConnection[Any] = await psycopg.AsyncConnection.connect(
        conninfo, autocommit=True, application_name="fermoposta-gateway", connect_timeout=10
    )
    async with connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        # Whoever stops in the middle of the feed would leave it with the connection's lock.
        async with aclosing(_told(connection)) as told:
            yield told


def read(payload: str) -> Touched | None:
    """Read what a trigger sent; None where anybody else wrote it."""
    owner, bar, path = payload.partition("|")
    return Touched(owner, path or None) if owner and bar else None


async def _told(connection: psycopg.AsyncConnection[Any]) -> AsyncGenerator[Touched, None]:
    async with aclosing(connection.notifies()) as notes:
        async for note in notes:
            if (touched := read(note.payload)) is not None:
                yield touched
