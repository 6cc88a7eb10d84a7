"""
Ask Dovecot to do something, over a doveadm socket.

The protocol is that between doveadm programs (doveadm-server, version 1): lines of fields parted by
tabs, flags and user name first; the reply is one line of data, then a line with ``+``, or with
``-`` and a word. Fields are escaped where they hold a tab, a line end or the escape itself. Dovecot
trusts a socket without a password only if its mode is exactly 0600.
"""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

_VERSION = b"VERSION\tdoveadm-server\t1\t0\n"  # minor version 0: no multiplexing of logs
_NAMED = 3
"""Users named in one flush: Dovecot 2.4.1 hangs up, and flushes nobody, where the line has 1 kB."""
_ESCAPED = {"\x01": "\x011", "\t": "\x01t", "\r": "\x01r", "\n": "\x01n", "\0": "\x010"}
_PLAIN = {escape[1]: character for character, escape in _ESCAPED.items()}
_MOST = 256 * 1024 * 1024
"""Bytes of a reply: the largest message with its listing is far smaller."""


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
        async with asyncio.timeout(self._seconds):
            reader, writer = await asyncio.open_unix_connection(self._path, limit=_MOST)
            try:
                writer.write(_VERSION)
                if await reader.readline() != b"+\n":
                    raise DoveadmError("Dovecot wants a password: its socket's mode must be 0600")
                writer.write(encode(command, arguments, user))
                data, outcome = await reader.readline(), await reader.readline()
            finally:
                writer.close()
        if not outcome.endswith(b"\n"):
            raise DoveadmError(f"{command}: Dovecot broke off")
        if not outcome.startswith(b"+"):
            reason = outcome[1:].decode(errors="replace").strip()
            whom = f" for {user}" if user else ""
            raise DoveadmError(f"{command}{whom}: Dovecot refused: {reason or 'no reason'}", reason)
        return decode(data)

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
        for start in range(0, len(addresses), _NAMED):
            await self.run("auth cache flush", *addresses[start : start + _NAMED])

    async def end_sessions(self, addresses: Iterable[str]) -> None:
        """Close every connection of *addresses*; one each, since Dovecot 2.4.1 dies of a list."""
        for address in addresses:
            await self.run("kick", address)


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
