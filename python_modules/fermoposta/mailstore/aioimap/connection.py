"""
One connection to Dovecot: commands, and their answers.

A connection whose command was cancelled, took too long or got nonsense is closed: nobody ever reads
an answer to somebody else's question. All bounds are of `frame`; asyncio holds 128 kB at most.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fermoposta.mailstore.aioimap.errors import ProtocolError, refusal
from fermoposta.mailstore.aioimap.frame import Framer
from fermoposta.mailstore.aioimap.parse import (
    Answer,
    Continue,
    Fetched,
    Found,
    Other,
    Status,
    parse,
)
from fermoposta.mailstore.mailbox import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 60
"""How long Dovecot may be silent while a command is under way."""
LIMIT = 64 * 1024
_SLICE = 256 * 1024
"""Bytes that are sent before the connection is asked whether it keeps up."""


class LostError(UnavailableError):
    """The connection broke off; what was asked may have been done or not."""


@dataclass(slots=True)
class Answers:
    """What came for commands that were sent together."""

    data: list[Answer] = field(default_factory=list)
    """In the order in which it came; Dovecot may mix the answers of two commands."""
    tags: list[str] = field(default_factory=list)
    """Of the commands, in their order."""
    ends: dict[str, Status] = field(default_factory=dict)
    """How each ended, by its tag."""

    def end(self, status: Status) -> None:
        """Note how a command ended; raises ProtocolError where it is none of these."""
        if status.tag not in self.tags or status.tag in self.ends:
            raise ProtocolError("Dovecot answers what nobody asked")
        self.ends[status.tag] = status

    def __add__(self, later: Answers) -> Answers:
        """Return these and those that came later as one."""
        return Answers(self.data + later.data, self.tags + later.tags, self.ends | later.ends)

    def results(self) -> Iterator[Status]:
        """Yield how each command ended, in their order."""
        for tag in self.tags:
            yield self.ends[tag]

    def check(self) -> Answers:
        """Raise the MailboxError that the first refusal means; return self where there is none."""
        for status in self.results():
            if status.word != "OK":
                raise refusal(status.code, status.words)
        return self

    def code(self, name: str) -> str | None:
        """Return what stands behind the first response code of this *name*; None without one."""
        for status in (*self.data, *self.results()):
            if isinstance(status, Status) and status.code == name:
                return status.about
        return None

    def found(self, number: int) -> str:
        """Return what the command with this *number* found: a sequence-set."""
        tag = self.tags[number]
        for answer in self.data:
            if isinstance(answer, Found) and answer.tag == tag:
                return answer.uids
        raise ProtocolError("Dovecot does not say what it found")


class Connection:
    """
    A connection; *selected* is the folder that is open in it.

    Not for two tasks at once.
    """

    __slots__ = (
        "_count", "_dead", "_framer", "_reader", "_seconds", "_waiting", "_writer", "permanent",
        "readonly", "selected", "selected_at", "used_at",
    )  # fmt: skip

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._seconds = seconds
        self._framer = Framer()
        self._waiting: deque[list[bytes]] = deque()
        self._count = 0
        self._dead = False
        self.selected: str | None = None
        self.selected_at = 0.0
        self.used_at = 0.0
        self.readonly = False
        self.permanent: frozenset[str] = frozenset()

    @property
    def closed(self) -> bool:
        """Whether it is of no use any more."""
        return self._dead or self._writer.is_closing() or self._reader.at_eof()

    def abort(self) -> None:
        """Close it at once, without a word."""
        self._dead = True
        self._writer.transport.abort()

    async def run(
        self,
        *commands: bytes,
        data: bytes | None = None,
        on: Callable[[Fetched], None] | None = None,
    ) -> Answers:
        """
        Have *commands* carried out, which are sent together; return what came.

        *data* is a literal at the end of the only command, which Dovecot is asked for first: it may
        refuse before it is sent. *on* gets what FETCH says, so that nobody holds it all.
        Raises LostError; a refusal is for the caller.
        """
        answers = Answers()
        sent = []
        for command in commands:
            self._count += 1
            answers.tags.append(f"f{self._count}")
            sent.append(b"f%d %b\r\n" % (self._count, command))
        try:
            await self._send(b"".join(sent))
            while len(answers.ends) < len(answers.tags):
                answer = await self.read(self._seconds)
                if isinstance(answer, Continue):
                    await self._send_literal(data)
                    data = None
                elif isinstance(answer, Status) and answer.tag != "*":
                    answers.end(answer)
                elif on is not None and isinstance(answer, Fetched):
                    on(answer)
                else:
                    answers.data.append(answer)
        except BaseException:
            self.abort()
            raise
        return answers

    async def read(self, seconds: float | None) -> Answer:
        """Return the next answer. Raises LostError, and leaves the connection closed then."""
        try:
            while not self._waiting:
                try:
                    async with asyncio.timeout(seconds):
                        await self._fill()
                except TimeoutError:
                    raise LostError(f"Dovecot was silent for {seconds} seconds") from None
            return parse(self._waiting.popleft())
        except BaseException:
            self.abort()
            raise

    async def start_idle(self) -> None:
        """Have Dovecot tell of changes in the selected folder by itself (IDLE, RFC 2177)."""
        self._count += 1
        await self._send(b"f%d IDLE\r\n" % self._count)
        while not isinstance(answer := await self.read(self._seconds), Continue):
            if isinstance(answer, Status) and answer.tag != "*":
                self.abort()
                raise refusal(answer.code, answer.words)

    async def news(self, seconds: float) -> bool:
        """
        Wait for a change while it idles, for so many *seconds*; return whether there was any.

        Changes that come together count once.
        """
        try:
            async with asyncio.timeout(seconds):
                while not self._told():
                    await self._fill()
        except TimeoutError:
            return False
        return True

    async def end_idle(self) -> bool:
        """Go back to commands; return whether there was news meanwhile."""
        await self._send(b"DONE\r\n")
        news = False
        while True:
            answer = await self.read(self._seconds)
            if isinstance(answer, Status) and answer.tag != "*":
                return news
            news = news or _is_news(answer)

    def _told(self) -> bool:
        """Take what has come, and return whether anything of it is a change."""
        news = False
        while self._waiting:
            answer = parse(self._waiting.popleft())
            if isinstance(answer, Status) and answer.tag != "*":
                raise LostError("Dovecot idles no more")
            news = news or _is_news(answer)
        return news

    async def _fill(self) -> None:
        """Wait for the next bytes, and part them into answers. Raises LostError."""
        try:
            data = await self._reader.read(LIMIT)
        except OSError as error:
            raise LostError(f"the connection to Dovecot broke: {error}") from error
        if not data:
            raise LostError("Dovecot broke off")
        self._waiting.extend(self._framer.feed(data))

    async def _send_literal(self, data: bytes | None) -> None:
        if data is None:
            raise ProtocolError("Dovecot waits for what nobody sends")
        await self._send(data)
        await self._send(b"\r\n")

    async def _send(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            for start in range(0, len(view), _SLICE):
                self._writer.write(view[start : start + _SLICE])
                async with asyncio.timeout(self._seconds):
                    await self._writer.drain()
        except TimeoutError:
            raise LostError(f"Dovecot took nothing for {self._seconds} seconds") from None
        except OSError as error:
            raise LostError(f"the connection to Dovecot broke: {error}") from error


def _is_news(answer: Answer) -> bool:
    return isinstance(answer, Fetched) or (
        isinstance(answer, Other) and answer.name in {"EXISTS", "EXPUNGE", "VANISHED"}
    )
