"""
Ask Dovecot to do something, over its doveadm socket.

The protocol is that between doveadm programs (doveadm-server, version 1): lines of fields parted by
tabs, flags and user name first; data, then a line with ``+``, or ``-`` and a word. Dovecot trusts a
socket without a password only if its mode is exactly 0600, so the socket belongs to our user.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

_VERSION = b"VERSION\tdoveadm-server\t1\t0\n"  # minor version 0: no multiplexing of logs
_NAMED = 3
"""Users named in one flush: Dovecot 2.4.1 hangs up, and flushes nobody, where the line has 1 kB."""


class DoveadmError(Exception):
    """Dovecot refused or broke off; the message says what was asked and how it ended."""


def encode(command: str, arguments: Sequence[str]) -> bytes:
    """Return the line that asks for *command*; raise ValueError for what can't stand in a line."""
    fields = ("", "", command, *arguments)
    if any(not field.isprintable() for field in fields):
        raise ValueError("a control character can't stand in a command")
    return "\t".join(fields).encode() + b"\n"


def outcome(reply: bytes) -> bool | None:
    """Tell whether *reply* ends well; None while its end has not come."""
    for line in reply.split(b"\n")[1:-1]:  # the first line is data
        if line == b"+":
            return True
        if line.startswith(b"-"):
            return False
    return None


async def run(path: Path, command: str, arguments: Sequence[str], *, seconds: float = 30) -> None:
    """Have *command* carried out; raise DoveadmError, OSError, or TimeoutError after *seconds*."""
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            writer.write(_VERSION)
            if await reader.readline() != b"+\n":
                raise DoveadmError("Dovecot wants a password: its socket's mode must be 0600")
            writer.write(encode(command, arguments))
            reply = b""
            while (well := outcome(reply)) is None:
                more = await reader.read(65536)
                if not more:
                    raise DoveadmError(f"{command}: Dovecot broke off")
                reply += more
            if not well:
                raise DoveadmError(f"{command}: {reply.strip().decode(errors='replace')[-200:]}")
        finally:
            writer.close()


async def forget_credentials(path: Path, addresses: Sequence[str]) -> None:
    """Drop what Dovecot's cache holds of *addresses*, so that the directory is asked anew."""
    for start in range(0, len(addresses), _NAMED):
        await run(path, "auth cache flush", addresses[start : start + _NAMED])


async def end_sessions(path: Path, addresses: Sequence[str]) -> None:
    """Close every connection of *addresses*; one each, since Dovecot 2.4.1 dies of a list."""
    for address in addresses:
        await run(path, "kick", (address,))
