"""
What is open for a user in this process: mailbox, calendars, and the hub that its devices share.

All devices of a user meet in one process (the web server sees to it). The password is kept only
here, in memory, and only while a device of the user is about: the connections need it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import structlog

from fermoposta.mailstore.groupware import GroupwareError
from fermoposta.mailstore.mailbox import MailboxError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from fermoposta.activesync.people import Me
    from fermoposta.activesync.push import Hub
    from fermoposta.activesync.session import Submission
    from fermoposta.mailstore.groupware import Groupware
    from fermoposta.mailstore.mailbox import Mailbox

SWEEP = 30.0
"""Seconds between two looks for users whom nobody needs any more."""
_log = structlog.get_logger()


class Backends(Protocol):
    """Where mailboxes, calendars and Postfix are."""

    def mailbox(self, address: str, password: str) -> Mailbox:
        """Return the mailbox of *address*, not connected yet."""

    def groupware(self, address: str, password: str) -> Groupware:
        """Return the calendars and address books of *address*."""

    def submission(self, address: str, password: str) -> Submission:
        """Return what sends mail as *address*."""

    def hub(self, me: Me, mail: Mailbox, groupware: Groupware) -> Hub:
        """Return the hub over both, for the user of the record *me*."""


@dataclass(slots=True, eq=False)
class UserSession:
    """A user whose devices are about."""

    address: str
    password: str = field(repr=False)
    mail: Mailbox
    groupware: Groupware
    submission: Submission
    hub: Hub
    me: Me | None = None
    """The user's record; None where it must be read anew."""
    used: float = 0.0
    """When the last request ended."""
    ended: bool = False
    tasks: set[asyncio.Task[object]] = field(default_factory=set)
    """Requests that are under way."""

    def end(self) -> None:
        """Stop all requests."""
        self.ended = True
        for task in self.tasks:
            task.cancel()

    async def close(self) -> None:
        """Let go of connections."""
        await self.hub.stop()
        with suppress(MailboxError, OSError):
            await self.mail.close()
        with suppress(GroupwareError, OSError):
            await self.groupware.close()


def _this_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a session is for a task")
    return task


class Sessions:
    """The users whose devices are about, closed after *idle* seconds without a request."""

    def __init__(self, backends: Backends, *, idle: float, clock: Callable[[], float]) -> None:
        self._backends = backends
        self._idle = idle
        self._clock = clock
        self._open: dict[str, UserSession] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def enter(self, me: Me, password: str) -> UserSession:
        """
        Return what is open for the user of the record *me*, whose *password* has been found right.

        For the task that runs now, which ends by `leave`. It is cancelled where the log-in ends
        before that, and finds the session ended then.
        """
        address = me.address
        session = self._open.get(address)
        if session is not None and session.password != password:
            # Both were right, so the older one is no more.
            self._end(session)
            session = None
        if session is None:
            mail = self._backends.mailbox(address, password)
            groupware = self._backends.groupware(address, password)
            session = self._open[address] = UserSession(
                address=address,
                password=password,
                mail=mail,
                groupware=groupware,
                submission=self._backends.submission(address, password),
                hub=self._backends.hub(me, mail, groupware),
            )
        session.me = me
        session.tasks.add(_this_task())
        return session

    def stay(self, session: UserSession) -> None:
        """
        Note that the task that runs now needs *session*, which it has left, once more.

        Where that has ended meanwhile the task is cancelled, as it would have been in it.
        """
        session.tasks.add(_this_task())
        if session.ended:
            _this_task().cancel()

    def leave(self, session: UserSession) -> None:
        """Note that the task that runs now needs *session* no more."""
        session.tasks.discard(_this_task())
        session.used = self._clock()

    def me(self, address: str) -> Me | None:
        """Return the user's record, where it has been read and nothing is new of it."""
        session = self._open.get(address)
        return None if session is None else session.me

    @property
    def addresses(self) -> tuple[str, ...]:
        """Whose devices are about."""
        return tuple(self._open)

    async def recheck(
        self, addresses: Iterable[str], still: Callable[[str, str], Awaitable[bool]]
    ) -> None:
        """End what is open for those of *addresses* whose password opens nothing any more."""
        for address in addresses:
            session = self._open.get(address)
            if session is None:
                continue
            session.me = None
            try:
                right = await still(address, session.password)
            except MailboxError:
                continue  # Dovecot is away and says nothing; each request asks again
            if not right and self._open.get(address) is session:
                _log.info("session ended", address=address, requests=len(session.tasks))
                self._end(session)

    @property
    def hubs(self) -> tuple[Hub, ...]:
        """The hubs of the users whose devices are about."""
        return tuple(session.hub for session in self._open.values())

    async def stop_waiting(self) -> None:
        """Answer whoever waits for news: the process is about to end."""
        await asyncio.gather(*(hub.stop() for hub in self.hubs))

    async def sweep(self) -> None:
        """Close what nobody needs any more, users or single connections, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP)
            oldest = self._clock() - self._idle
            for session in list(self._open.values()):
                if not session.tasks and session.used <= oldest:
                    self._end(session)
                else:
                    with suppress(MailboxError, OSError):
                        await session.mail.close_idle()

    async def close(self) -> None:
        """Close everything."""
        for session in list(self._open.values()):
            self._end(session)
        if self._closing:
            await asyncio.wait(self._closing, timeout=5)

    def _end(self, session: UserSession) -> None:
        if self._open.get(session.address) is session:
            del self._open[session.address]
        session.end()
        task = asyncio.create_task(session.close())
        self._closing.add(task)
        task.add_done_callback(self._closed)

    def _closed(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("session not closed well", error=type(error).__name__)
