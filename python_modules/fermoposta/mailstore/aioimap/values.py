"""Values that IMAP spells its own way."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from fermoposta.mailstore.aioimap.errors import ProtocolError
from fermoposta.mailstore.mailbox import Placed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.mailstore.mailbox import Nested

_MOMENT = re.compile(
    rb" ?([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) "
    rb"([+-])([0-9]{2})([0-9]{2})"
)
_MONTHS = (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov",
           b"dec")  # fmt: skip
_MOST_COPIED = 1_000_000
_COPYUID = re.compile(r"([0-9]+) ([0-9:,]+) ([0-9:,]+)")
_APPENDUID = re.compile(r"([0-9]+) ([0-9]+)")


def number(value: Nested) -> int:
    """Return a number; raises ProtocolError where it is none."""
    if not isinstance(value, int):
        raise ProtocolError("Dovecot's answer lacks a number")
    return value


def modseq(value: Nested) -> int:
    """Return the MODSEQ that FETCH gives in brackets."""
    if not isinstance(value, tuple) or len(value) != 1:
        raise ProtocolError("Dovecot's answer lacks a MODSEQ")
    return number(value[0])


def flags(value: Nested) -> frozenset[str]:
    r"""Return flags and keywords; not ``\Recent``, which is about sessions alone."""
    if not isinstance(value, tuple):
        raise ProtocolError("Dovecot's answer lacks flags")
    return frozenset(flag for flag in value if isinstance(flag, str) and flag != r"\Recent")


def moment(value: Nested) -> datetime:
    """Return INTERNALDATE, with its time zone; 1970 where no calendar has it."""
    found = _MOMENT.fullmatch(value) if isinstance(value, bytes) else None
    if not found or found[2].lower() not in _MONTHS:
        raise ProtocolError("Dovecot's answer lacks a date")
    day, year, hour, minute, second = (int(found[at]) for at in (1, 3, 4, 5, 6))
    offset = timedelta(hours=int(found[8]), minutes=int(found[9]))
    try:
        zone = timezone(-offset if found[7] == b"-" else offset)
        month = _MONTHS.index(found[2].lower()) + 1
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


def placed(about: str | None) -> Placed:
    """Return where APPENDUID says that a message is."""
    found = _APPENDUID.fullmatch(about or "")
    if not found:
        raise ProtocolError("Dovecot does not say where it put the message")
    return Placed(int(found[1]), int(found[2]))


def copied(about: str | None) -> dict[int, Placed]:
    """Return where COPYUID says that messages are; its sets are in the order of each other."""
    if about is None:
        return {}
    found = _COPYUID.fullmatch(about)
    if not found:
        raise ProtocolError("Dovecot does not say where it put the messages")
    validity = int(found[1])
    try:
        pairs = zip(_each(found[2]), _each(found[3]), strict=True)
        return {source: Placed(validity, uid) for source, uid in pairs}
    except ValueError:
        raise ProtocolError("Dovecot put more or fewer messages than it took") from None


def _each(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, _, last = part.partition(":")
        one, other = int(first), int(last or first)
        if abs(other - one) > _MOST_COPIED:
            raise ProtocolError("Dovecot copied more messages than a folder has")
        yield from range(one, other + 1) if one <= other else range(one, other - 1, -1)
