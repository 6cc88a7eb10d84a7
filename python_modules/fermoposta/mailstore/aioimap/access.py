"""
Ask about a folder, by whatever connection serves best.

A folder stays selected from one command to the next, which saves 1 to 5 ms each. What a session has
selected goes on under its old name when somebody else renames it; so it counts for some seconds
only, and never once this user has made, renamed or deleted a folder here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from fermoposta.mailstore.aioimap import command
from fermoposta.mailstore.aioimap.connection import LostError
from fermoposta.mailstore.aioimap.errors import refusal
from fermoposta.mailstore.aioimap.parse import Status

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fermoposta.mailstore.aioimap.connection import Answers, Connection
    from fermoposta.mailstore.aioimap.parse import Fetched
    from fermoposta.mailstore.aioimap.pool import Pool

SELECTED_SECONDS = 30
"""For so long a folder that was selected is taken for the one of its name."""

Result = TypeVar("Result")


class Access:
    """What one user asks, over the connections of *pool*."""

    __slots__ = ("_changed_at", "_pool")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._changed_at = 0.0

    def folders_changed(self) -> None:
        """Trust no folder that is selected now."""
        self._changed_at = asyncio.get_running_loop().time()

    async def ask(self, *commands: bytes) -> Answers:
        """Have commands carried out that change nothing, and are about no selected folder."""

        async def act(connection: Connection) -> Answers:
            if connection.selected is None:
                return await connection.run(*commands)
            # STATUS of a selected folder tells what the session knows, and under its old name.
            connection.selected = None
            answers = await connection.run(b"UNSELECT", *commands)
            del answers.tags[0]
            return answers

        return (await self._twice(None, act)).check()

    async def read(
        self,
        folder: str,
        *commands: bytes,
        select: bool = False,
        on: Callable[[Fetched], None] | None = None,
    ) -> Answers:
        """
        Have commands carried out that change nothing in *folder*; a refusal is for the caller.

        The first of the answers is that of SELECT, or of NOOP where *folder* is selected already;
        with *select* it is always SELECT. *on* gets what FETCH says, so that nobody holds it all.
        Where the connection breaks off it is all asked again, once, and *on* hears it again.
        """

        async def act(connection: Connection) -> Answers:
            return await _inside(
                connection,
                folder,
                commands,
                trusted=self._trusts(connection, folder, select),
                on=on,
            )

        return await self._twice(folder, act)

    async def write(self, folder: str, act: Callable[[Connection], Awaitable[Result]]) -> Result:
        """
        Let *act* change something by a connection in which *folder* is selected.

        Whether the connection still stands is seen before, since nothing is changed twice.
        """

        async def enter(connection: Connection) -> None:
            await _inside(connection, folder, (), trusted=self._trusts(connection, folder))

        return await self._once(folder, enter, act)

    async def change(self, act: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Let *act* change something by a connection in which no folder is selected."""

        async def enter(connection: Connection) -> None:
            leave = b"NOOP" if connection.selected is None else b"UNSELECT"
            connection.selected = None
            (await connection.run(leave)).check()

        return await self._once(None, enter, act)

    def _trusts(self, connection: Connection, folder: str, select: bool = False) -> bool:
        if select or connection.selected != folder or connection.selected_at <= self._changed_at:
            return False
        age = asyncio.get_running_loop().time() - connection.selected_at
        return age < SELECTED_SECONDS

    async def _twice(
        self, folder: str | None, act: Callable[[Connection], Awaitable[Result]]
    ) -> Result:
        async with self._pool.lease(folder) as connection:
            reused = connection.used_at > 0
            try:
                return await act(connection)
            except LostError:
                if not reused:
                    raise
        async with self._pool.lease(folder, fresh=True) as connection:
            return await act(connection)

    async def _once(
        self,
        folder: str | None,
        enter: Callable[[Connection], Awaitable[None]],
        act: Callable[[Connection], Awaitable[Result]],
    ) -> Result:
        async with self._pool.lease(folder) as connection:
            reused = connection.used_at > 0
            try:
                await enter(connection)
            except LostError:
                if not reused:
                    raise
            else:
                return await act(connection)
        async with self._pool.lease(folder, fresh=True) as connection:
            await enter(connection)
            return await act(connection)


async def _inside(
    connection: Connection,
    folder: str,
    commands: tuple[bytes, ...],
    *,
    trusted: bool,
    on: Callable[[Fetched], None] | None = None,
) -> Answers:
    """Run *commands* behind SELECT, or behind NOOP where the folder is *trusted* to be the one."""
    if trusted:
        # Not together: Dovecot looks for news only when it has done all that it was sent.
        news = await connection.run(b"NOOP")
        # Where the folder was renamed, NOOP says OK, but not without having said NO.
        if not any(isinstance(each, Status) and each.word == "NO" for each in news.data):
            return news + await connection.run(*commands, on=on) if commands else news
    connection.selected = None
    answers = await connection.run(b"SELECT " + command.folder(folder), *commands, on=on)
    selected = next(answers.results())
    if selected.word != "OK":
        raise refusal(selected.code, selected.words)
    for number, answer in reversed(list(enumerate(answers.data))):
        if isinstance(answer, Status) and answer.code == "CLOSED":
            del answers.data[: number + 1]  # this was about the folder before
            break
    connection.selected = folder
    connection.selected_at = asyncio.get_running_loop().time()
    connection.readonly = selected.code == "READ-ONLY"
    allowed = answers.code("PERMANENTFLAGS") or ""
    connection.permanent = frozenset(allowed.strip("()").lower().split())
    return answers
