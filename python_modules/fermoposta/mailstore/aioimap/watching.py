"""Hear of changes in a folder, by a connection that sleeps most of the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.mailstore.aioimap import command

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from fermoposta.mailstore.aioimap.connection import Connection

IDLE_SECONDS = 25 * 60
"""A server may hang up after half an hour (RFC 2177); until then nothing is said, so that Dovecot
can put the connection to sleep."""


async def watch(
    connect: Callable[[], Awaitable[Connection]], folder: str
) -> AsyncGenerator[None, None]:
    """Yield at first, and upon each change."""
    connection = await connect()
    try:
        # EXAMINE takes no right to write, and marks nothing as seen by a session.
        (await connection.run(b"EXAMINE " + command.folder(folder))).check()
        await connection.start_idle()
        yield
        while True:
            if await connection.news(IDLE_SECONDS):
                yield
                continue
            told = await connection.end_idle()
            await connection.start_idle()
            if told:
                yield
    finally:
        connection.abort()
