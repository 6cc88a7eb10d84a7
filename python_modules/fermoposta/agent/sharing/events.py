"""
What Dovecot tells of clients: who set rights by IMAP, and which folders came, moved and went.

Dovecot's statistics process sends JSON, one event a line (event exporter, driver ``unix``). It may
send nothing while the agent is away: whatever was missed is found when everything is looked at.
"""

from __future__ import annotations

import asyncio
import base64
import json
import pwd
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from fermoposta.agent import peer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LONGEST_LINE = 1 << 20
_TELLERS = ("root", "dovecot")
_WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"|\{(\d+)\}\r\n|([^\s"]+)')
_SHIFTED = re.compile(r"&([^-]*)-")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Event:
    """A command of *who* that succeeded, on *folder* of *owner*; *target* is where it was moved."""

    who: str
    command: str
    owner: str
    folder: str
    target: str = ""


def event_of(line: bytes, shared: str) -> Event | None:
    """Return what *line* tells, None where it is nothing to us; *shared* is the shared folders'."""
    try:
        fields = json.loads(line)["fields"]
        who, command = str(fields["user"]), str(fields["cmd_name"])
        words = arguments(str(fields["cmd_args"]))
        owner, folder = place(words[0], who, shared)
        target = place(words[1], who, shared) if command == "RENAME" else (owner, "")
    except (ValueError, KeyError, TypeError, IndexError, UnicodeError):
        return None
    if target[0] != owner:  # it came into a mailbox from another one
        return Event(who, "CREATE", *target)
    return Event(who, command, owner, folder, target[1])


def arguments(text: str) -> list[str]:
    """Part the arguments of a command as Dovecot says them: atoms, quoted strings and literals."""
    said, at, words = text.encode(), 0, []
    while found := _WORD.search(said, at):
        quoted, length, atom = found.groups()
        at = found.end()
        if length is not None:
            words.append(said[at : at + int(length)])
            at += int(length)
        else:
            words.append(atom if quoted is None else re.sub(rb"\\(.)", rb"\1", quoted))
    return [word.decode() for word in words]


def place(name: str, who: str, shared: str) -> tuple[str, str]:
    """Return whose folder the session of *who* calls *name* (in modified UTF-7), and its path."""
    path = _SHIFTED.sub(_unshifted, name).rstrip("/")
    if path.startswith(f"{shared}/"):
        owner, _, path = path.removeprefix(f"{shared}/").partition("/")
    else:
        owner = who
    if f"{path.lower()}/".startswith("inbox/"):
        path = f"INBOX{path[5:]}"
    return owner.lower(), path


def _unshifted(match: re.Match[str]) -> str:
    """Decode a stretch of modified UTF-7 (RFC 3501, section 5.1.3)."""
    coded = match[1].replace(",", "/")
    if not coded:
        return "&"
    return base64.b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-16-be")


async def listen(path: Path, shared: str, take: Callable[[Event], None]) -> asyncio.Server:
    """Hand every event that Dovecot tells at the socket *path* to *take*."""

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if _teller(writer) not in _TELLERS:
                _log.warning("a stranger spoke at the socket for events", user=_teller(writer))
                return
            async for line in reader:
                if event := event_of(line, shared):
                    take(event)
        except (OSError, ValueError) as error:
            _log.warning("an event could not be read", error=str(error))
        finally:
            writer.close()

    return await asyncio.start_unix_server(hear, sock=_bound(path), limit=_LONGEST_LINE)


def _bound(path: Path) -> socket.socket:
    with suppress(FileNotFoundError):
        path.unlink()
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(path))
    path.chmod(0o666)  # who speaks is looked at, see `_teller`
    return made


def _teller(writer: asyncio.StreamWriter) -> str:
    """Return the system's name of the user at the other end, or the number without one."""
    uid = peer.uid_of(writer)
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
