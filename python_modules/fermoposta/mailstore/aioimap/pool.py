"""The few connections of one user: opened when they are needed, closed when they are not."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fermoposta.mailstore.aioimap.login import log_out
from fermoposta.mailstore.mailbox import UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from fermoposta.mailstore.aioimap.connection import Connection

MOST = 2
"""Connections that one user works with at once; who comes later waits."""


class Pool:
    """Connections that *connect* opens; *most* of them at once."""

    __slots__ = ("_closed", "_connect", "_free", "_idle", "_most")

    def __init__(self, connect: Callable[[], Awaitable[Connection]], most: int = MOST) -> None:
        self._connect = connect
        self._most = most
        self._free = asyncio.Semaphore(most)
        self._idle: list[Connection] = []
        self._closed = False

    @asynccontextmanager
    async def lease(
        self, folder: str | None = None, *, fresh: bool = False
    ) -> AsyncIterator[Connection]:
        """
        Lend a connection, with *folder* open in it where there is one.

        A *fresh* one has just been made. One that was closed meanwhile is not taken back.
        """
        async with self._free:
            if self._closed:
                raise UnavailableError("the mailbox is closed")
            connection = self._taken(folder, fresh=fresh) or await self._connect()
            try:
                yield connection
            finally:
                if not connection.closed:
                    connection.used_at = asyncio.get_running_loop().time()
                    self._idle.append(connection)

    async def close_idle(self, seconds: float) -> None:
        """Log out where nothing was done for so many *seconds*."""
        long_ago = asyncio.get_running_loop().time() - seconds
        old = [each for each in self._idle if each.used_at <= long_ago]
        self._idle = [each for each in self._idle if each.used_at > long_ago]
        for connection in old:
            await log_out(connection)

    async def close(self) -> None:
        """Log out everywhere, after what is under way; nothing can be lent any more."""
        self._closed = True
        for _ in range(self._most):
            await self._free.acquire()
        for _ in range(self._most):
            self._free.release()  # who waits, and who comes later, is told that it is closed
        await self.close_idle(0)

    def _taken(self, folder: str | None, *, fresh: bool) -> Connection | None:
        """Return an idle connection that still stands, the best for *folder*."""
        for dead in [each for each in self._idle if each.closed]:
            self._idle.remove(dead)
        if fresh:
            while self._idle:
                self._idle.pop().abort()
            return None
        for connection in self._idle:
            if folder is not None and connection.selected == folder:
                self._idle.remove(connection)
                return connection
        return self._idle.pop() if self._idle else None
