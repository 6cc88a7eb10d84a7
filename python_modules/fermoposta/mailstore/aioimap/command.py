"""
Spell commands: pieces that are sent one after the other, literals among them.

Without I/O. Dovecot takes literals without being asked first (``LITERAL+``, RFC 7888), so a command
is just bytes; where it is large it is asked first all the same, see `connection`.
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING

from fermoposta.mailstore.aioimap import utf7
from fermoposta.mailstore.mailbox import RefusedError
from fermoposta.mailstore.uidset import UidSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    from fermoposta.mailstore.mailbox import Query

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PLAIN = re.compile(rb"[A-Za-z0-9._/@-]+")
_FLAG = re.compile(r"\\?[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]+")
_RANGES = 400
"""Of one command: Dovecot takes lines up to 64 kB, and a range has 22 bytes at most."""


def string(value: bytes) -> bytes:
    """Return *value* as an atom, or as a literal where that is safer."""
    if b"\0" in value:
        raise RefusedError("a text with a NUL in it can't be asked for")
    if _PLAIN.fullmatch(value) and value.upper() != b"NIL":
        return value
    return b"{%d+}\r\n%b" % (len(value), value)


def folder(name: str) -> bytes:
    """Return the name of a folder."""
    return string(utf7.encode(name))


def sets(uids: Iterable[int]) -> Iterator[bytes]:
    """Yield *uids* as sequence-sets, each short enough for one command."""
    ranges = UidSet.of(uids).ranges
    for start in range(0, len(ranges), _RANGES):
        yield str(UidSet(ranges[start : start + _RANGES])).encode()


def flags(names: Iterable[str]) -> bytes:
    """Return flags and keywords as a list; raises RefusedError for what can be none."""
    wanted = sorted(set(names))
    for name in wanted:
        if not _FLAG.fullmatch(name):
            raise RefusedError(f"{name!r} can't be a keyword")
    return b"(%b)" % " ".join(wanted).encode()


def header_fields(names: Iterable[str]) -> bytes:
    """Return the section of these header fields."""
    return b"HEADER.FIELDS (%b)" % b" ".join(string(name.encode()) for name in names)


def day(when: date) -> bytes:
    """Return a day as SEARCH takes it."""
    return f"{when.day}-{_MONTHS[when.month - 1]}-{when.year:04}".encode()


def moment(when: datetime) -> bytes:
    """Return a date with its time zone, quoted, as APPEND takes it; UTC where it has none."""
    zoned = when if when.tzinfo else when.replace(tzinfo=UTC)
    month = _MONTHS[zoned.month - 1]
    return f'"{zoned.day:02}-{month}-{zoned.year:04} {zoned:%H:%M:%S %z}"'.encode()


def search(query: Query) -> bytes:
    """Return the criteria of SEARCH that *query* is; everything where it asks for nothing."""
    criteria: list[bytes] = []
    if query.since:
        criteria += [b"SINCE", day(query.since)]
    if query.before:
        criteria += [b"BEFORE", day(query.before)]
    for keyword in query.keywords:
        criteria += [b"KEYWORD", flags((keyword,))[1:-1]]
    for name, value in query.header:
        criteria += [b"HEADER", string(name.encode()), string(value.encode())]
    for word in query.words:
        criteria += [b"TEXT", string(word.encode())]
    return b" ".join(criteria) or b"ALL"
