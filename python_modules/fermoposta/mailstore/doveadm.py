"""
Ask Dovecot to do something, over a doveadm socket.

The protocol is that between doveadm programs (doveadm-server, version 1): lines of fields parted by
tabs, flags and user name first; the reply is one line of data, then a line with ``+``, or with
``-`` and a word. Fields are escaped where they hold a tab, a line end or the escape itself. Dovecot
trusts a socket without a password only if its mode is exactly 0600.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

_VERSION = b"VERSION\tdoveadm-server\t1\t0\n"  # minor version 0: no multiplexing of logs
_NAMED = 3
"""Users named in one flush: Dovecot 2.4.1 hangs up, and flushes nobody, where the line has 1 kB."""
_WHO_COLUMNS = 5
"""User, number of sessions, service, process ids, addresses."""
_ESCAPED = {"\x01": "\x011", "\t": "\x01t", "\r": "\x01r", "\n": "\x01n", "\0": "\x010"}
_PLAIN = {escape[1]: character for character, escape in _ESCAPED.items()}
_MOST = 256 * 1024 * 1024
"""Bytes of a reply: the largest message with its listing is far smaller."""


class _Talk(Protocol):
    """Has one command carried out, and returns its fields."""

    async def __call__(
        self, command: str, arguments: Sequence[str], user: str = ""
    ) -> list[str]: ...


class DoveadmError(Exception):
    """Dovecot refused or broke off; *reason* is its word, such as ``NOUSER`` or ``NOTFOUND``."""

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class Doveadm:
    """Dovecot behind the socket at *path*; *seconds* is how long one command may take."""

    def __init__(self, path: Path, *, seconds: float = 60) -> None:
        self._path = path
        self._seconds = seconds

    async def run(self, command: str, *arguments: str, user: str = "") -> list[str]:
        """
        Have *command* carried out, for *user* where it is about a mailbox; return its fields.

        Lists and tables come as one flat list: see `rows`. Raises DoveadmError, OSError, or
        TimeoutError.
        """
        async with self._talk() as talk:
            return await talk(command, arguments, user)

    @asynccontextmanager
    async def _talk(self) -> AsyncIterator[_Talk]:
        """Connect, for one command after the other: Dovecot makes a process for each connection."""
        async with asyncio.timeout(self._seconds):
            reader, writer = await asyncio.open_unix_connection(self._path, limit=_MOST)
        try:
            async with asyncio.timeout(self._seconds):
                writer.write(_VERSION)
                if await reader.readline() != b"+\n":
                    raise DoveadmError("Dovecot wants a password: its socket's mode must be 0600")

            async def talk(command: str, arguments: Sequence[str], user: str = "") -> list[str]:
                async with asyncio.timeout(self._seconds):
                    writer.write(encode(command, arguments, user))
                    data, outcome = await reader.readline(), await reader.readline()
                return _answer(command, user, data, outcome)

            yield talk
        finally:
            writer.close()

    async def rows(
        self, columns: int, command: str, *arguments: str, user: str = ""
    ) -> list[tuple[str, ...]]:
        """Have *command* carried out, and part what it says into rows of so many *columns*."""
        fields = await self.run(command, *arguments, user=user)
        if len(fields) % columns:
            raise DoveadmError(f"{command}: {len(fields)} fields are no rows of {columns}")
        return list(zip(*[iter(fields)] * columns, strict=True))

    async def forget_credentials(self, addresses: Sequence[str]) -> None:
        """Drop what the cache holds of *addresses*, so that the directory is asked anew."""
        if not addresses:
            return
        async with self._talk() as talk:
            for start in range(0, len(addresses), _NAMED):
                await talk("auth cache flush", addresses[start : start + _NAMED])

    async def connected(self) -> set[str]:
        """Return who has a session."""
        return {row[0] for row in await self.rows(_WHO_COLUMNS, "who")}

    async def end_sessions(self, addresses: Iterable[str], network: str = "") -> list[str]:
        """
        Close the connections of *addresses*, or just those from *network*; return whose.

        By one command each, since Dovecot 2.4.1 dies of a list; and for those who have a session
        alone, or a thousand users who go would keep everybody else waiting for a minute.
        """
        wanted = set(addresses)
        if not wanted or not (there := sorted(wanted & await self.connected())):
            return []
        async with self._talk() as talk:
            for address in there:
                await talk("kick", (address, network) if network else (address,))
        return there


def _answer(command: str, user: str, data: bytes, outcome: bytes) -> list[str]:
    """Return the fields of a reply; raises DoveadmError where it is none, or a refusal."""
    if not outcome.endswith(b"\n"):
        raise DoveadmError(f"{command}: Dovecot broke off")
    if not outcome.startswith(b"+"):
        reason = outcome[1:].decode(errors="replace").strip()
        whom = f" for {user}" if user else ""
        raise DoveadmError(f"{command}{whom}: Dovecot refused: {reason or 'no reason'}", reason)
    return decode(data)


def encode(command: str, arguments: Sequence[str], user: str = "") -> bytes:
    """Return the line that asks for *command*."""
    fields = ["", user, command, *arguments]
    return "\t".join(map(_escape, fields)).encode() + b"\n"


def decode(line: bytes) -> list[str]:
    """Return the fields of a reply's data: each ends with a tab."""
    text = line.decode(errors="replace").removesuffix("\n")
    if not text:
        return []
    return [unescape(field) for field in text.removesuffix("\t").split("\t")]


def _escape(field: str) -> str:
    return "".join(_ESCAPED.get(character, character) for character in field)


def unescape(field: str) -> str:
    """Undo the escapes that Dovecot's line protocols share."""
    first, *others = field.split("\x01")
    return first + "".join(_PLAIN.get(part[:1], part[:1]) + part[1:] for part in others)
