"""
Whether these are somebody's credentials, as Dovecot judges them.

A device sends its password with each request. What Dovecot said is remembered for some minutes, as
a keyed hash: the key is this process's own and is in memory only, so that what is remembered is
worth nothing elsewhere. What is known of users whom the change feed names is dropped.

A wrong password is remembered too. A phone whose user has just changed the password goes on sending
the old one: that is no guess, costs no more work, and does not lock out the user's other devices,
nor those of the same office.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

import structlog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable

    from fermoposta.gateway.attempts import Attempts

    Judge: TypeAlias = Callable[[str, str], Awaitable[bool]]

REMEMBERED = 20_000
"""Credentials that are remembered at once; beyond it the one used longest ago is asked anew."""
_log = structlog.get_logger()


class Verdict(Enum):
    """What came of a log-in."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LIMITED = "limited"
    """Too many attempts: whether this one is right was not looked at."""


@dataclass(slots=True)
class _Known:
    """What Dovecot said, until when it holds (seconds of the clock), and of whom."""

    right: bool
    until: float
    address: str


@dataclass(slots=True)
class SignIn:
    """
    Log-ins, judged by *judge* and remembered for *seconds*.

    *judge* tells whether a password opens an address; it raises UnavailableError of
    ``mailstore.mailbox`` where that can't be told, and nothing is remembered then.
    """

    judge: Judge
    seconds: float
    clock: Callable[[], float]
    attempts: Attempts
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _known: OrderedDict[bytes, _Known] = field(default_factory=OrderedDict, repr=False)
    _asked: dict[bytes, asyncio.Task[bool]] = field(default_factory=dict, repr=False)
    _era: int = 0
    """Moves when something is dropped: what was asked before is then not remembered."""

    async def try_(self, address: str, password: str, client: str) -> Verdict:
        """Return whether *password* opens *address* for *client*, by its IP address."""
        digest = self._digest(address, password)
        right = self._remembered(digest)
        if right is None and digest not in self._asked:
            if self.attempts.exceeded(address, client):
                _log.warning("login limited", address=address, client=client)
                return Verdict.LIMITED
            self.attempts.count(address, client)
            self._begin(digest, self._tried(digest, address, password, client))
        if right is None:
            right = await self._answer(digest)
        return Verdict.ACCEPTED if right else Verdict.REFUSED

    async def still(self, address: str, password: str) -> bool:
        """Tell whether *password* still opens *address*; nobody is guessing here."""
        digest = self._digest(address, password)
        right = self._remembered(digest)
        if right is not None:
            return right
        if digest not in self._asked:
            self._begin(digest, self._judged(digest, address, password))
        return await self._answer(digest)

    def forget(self, addresses: Iterable[str] | None = None) -> None:
        """Drop what is known of *addresses*, or of everybody."""
        self._era += 1
        self._asked.clear()  # who comes now is not told what was asked before
        if addresses is None:
            self._known.clear()
            return
        named = set(addresses)
        for digest in [key for key, known in self._known.items() if known.address in named]:
            del self._known[digest]

    def _begin(self, digest: bytes, asking: Coroutine[None, None, bool]) -> None:
        """Ask Dovecot; for many requests of one device at once, once."""
        task = asyncio.create_task(asking)
        self._asked[digest] = task
        task.add_done_callback(lambda done: self._end(digest, done))

    def _end(self, digest: bytes, task: asyncio.Task[bool]) -> None:
        if self._asked.get(digest) is task:
            del self._asked[digest]
        if not task.cancelled():
            task.exception()  # is told to whoever waits; nobody may be there any more

    async def _answer(self, digest: bytes) -> bool:
        """Wait for Dovecot; a device that hangs up does not take the answer from the others."""
        return await asyncio.shield(self._asked[digest])

    async def _tried(self, digest: bytes, address: str, password: str, client: str) -> bool:
        """Judge an attempt that was counted, and leave a line for fail2ban and for people."""
        try:
            right = await self._judged(digest, address, password)
        except BaseException:
            self.attempts.take_back(address, client)
            raise
        if right:
            self.attempts.forgive(address, client)
            _log.info("login accepted", address=address, client=client)
        else:
            _log.warning("login refused", address=address, client=client)
        return right

    async def _judged(self, digest: bytes, address: str, password: str) -> bool:
        era = self._era
        right = await self.judge(address, password)
        if era == self._era:
            self._known[digest] = _Known(right, self.clock() + self.seconds, address)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return right

    def _remembered(self, digest: bytes) -> bool | None:
        known = self._known.get(digest)
        if known is None or known.until <= self.clock():
            self._known.pop(digest, None)
            return None
        self._known.move_to_end(digest)
        return known.right

    def _digest(self, address: str, password: str) -> bytes:
        """Return the keyed hash; no address holds the byte that parts the two."""
        return hmac.digest(self._key, f"{address}\0{password}".encode(), hashlib.sha256)
