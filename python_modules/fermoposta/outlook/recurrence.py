"""How an appointment comes again: PidLidAppointmentRecur (MS-OXOCAL, section 2.2.1.44)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fermoposta.outlook.properties import minutes_since_1601

if TYPE_CHECKING:
    from datetime import datetime

_DAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_DAY, _WEEK, _MONTH, _NTH, _MONTH_END = 0, 1, 2, 3, 4
_DAILY, _YEARLY = 0x200A, 0x200D
_BY_DATE, _BY_COUNT = 0x2021, 0x2022
_LAST = 5
_MINUTES_OF_DAY = 1440
_HIGHLIGHTS = 0x3009
"""Version from which on each exception says what is highlighted."""
_SUBJECT, _LOCATION = 0x1, 0x10
_PLAIN = ((0x2, "<I"), (0x4, "<I"), (0x8, "<I"))
_PLAIN_LATER = ((0x20, "<I"), (0x40, "<I"), (0x80, "<I"), (0x100, "<I"))


class RecurrenceError(ValueError):
    """The octets are no such pattern, or one of a calendar that iCalendar does not have."""


@dataclass(frozen=True, slots=True)
class Exceptional:
    """An occurrence that is otherwise; local times."""

    original: datetime
    start: datetime
    end: datetime
    subject: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A pattern: the rule as RFC 5545 has it, and what does not follow it. Local times."""

    rule: dict[str, object]
    deleted: tuple[datetime, ...] = ()
    """Days without it, at midnight."""
    exceptions: tuple[Exceptional, ...] = field(default=())
    start_minutes: int = 0
    """From midnight until it starts."""


class _Reader:
    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def take(self, form: str) -> int:
        try:
            (found,) = struct.unpack_from(form, self._octets, self._at)
        except struct.error as error:
            raise RecurrenceError("the pattern is cut off") from error
        self._at += struct.calcsize(form)
        return int(found)

    def long(self) -> int:
        return self.take("<I")

    def short(self) -> int:
        return self.take("<H")

    def octets(self, length: int) -> bytes:
        found = self._octets[self._at : self._at + length]
        if len(found) != length:
            raise RecurrenceError("the pattern is cut off")
        self._at += length
        return found


def read(octets: bytes, *, task: bool = False) -> Recurrence:
    """
    Return what *octets* say; those of a *task* end after the pattern. Raises RecurrenceError.

    The end of a rule by date is a local day, for the caller to put into UTC (``UNTIL``).
    """
    reader = _Reader(octets)
    reader.octets(4)
    frequency, pattern = reader.short(), reader.short()
    if reader.short() > 1:
        raise RecurrenceError("the pattern is of another calendar than the Gregorian")
    reader.long()
    period = reader.long()
    reader.long()
    rule = _rule(reader, frequency, pattern, period)
    kind, count = reader.long(), reader.long()
    rule["wkst"] = _DAYS[reader.long() % 7]
    deleted = [reader.long() for _ in range(reader.long())]
    modified = [reader.long() for _ in range(reader.long())]
    reader.long()
    last = minutes_since_1601(reader.long())
    if kind == _BY_COUNT:
        rule["count"] = count
    elif kind == _BY_DATE and last is not None:
        rule["until"] = last
    if task:
        return Recurrence(rule)
    reader.long()
    version = reader.long()
    start_minutes = reader.long()
    reader.long()
    exceptions, flags = _exceptions(reader)
    exceptions = _wide(reader, exceptions, flags, version)
    gone = sorted(set(deleted) - set(modified))
    days = tuple(found for each in gone if (found := minutes_since_1601(each)))
    return Recurrence(rule, days, tuple(exceptions), start_minutes)


def _rule(reader: _Reader, frequency: int, pattern: int, period: int) -> dict[str, object]:
    if pattern == _DAY:
        return {"freq": "DAILY", "interval": max(period // _MINUTES_OF_DAY, 1)}
    if pattern == _WEEK:
        rule: dict[str, object] = {"freq": "WEEKLY", "interval": max(period, 1)}
        rule["byday"] = _weekdays(reader.long())
        if frequency == _DAILY:
            rule["interval"] = 1  # every weekday, which Outlook calls daily
        return rule
    yearly = frequency == _YEARLY and period % 12 == 0
    rule = {"freq": "MONTHLY", "interval": max(period, 1)}
    if pattern in {_MONTH, _MONTH_END}:
        day = reader.long()
        rule["bymonthday"] = -1 if day >= 31 else day  # in shorter months, the last
    elif pattern == _NTH:
        days, number = _weekdays(reader.long()), reader.long()
        rule["byday"] = days
        rule["bysetpos"] = -1 if number == _LAST else number
    else:
        raise RecurrenceError(f"patterns of the type {pattern:#x} have no equal in iCalendar")
    if yearly:
        rule["freq"], rule["interval"] = "YEARLY", period // 12
        # The month is that of the first occurrence, which the caller knows.
        rule["bymonth"] = 0
    return rule


def _weekdays(bits: int) -> list[str]:
    return [name for bit, name in enumerate(_DAYS) if bits >> bit & 1]


def _exceptions(reader: _Reader) -> tuple[list[Exceptional], list[int]]:
    found: list[Exceptional] = []
    flagged = []
    for _ in range(reader.short()):
        start, end, original = (minutes_since_1601(reader.long()) for _ in range(3))
        flags = reader.short()
        subject = _narrow(reader) if flags & _SUBJECT else ""
        for bit, form in _PLAIN:
            if flags & bit:
                reader.take(form)
        location = _narrow(reader) if flags & _LOCATION else ""
        for bit, form in _PLAIN_LATER:
            if flags & bit:
                reader.take(form)
        if start is None or end is None or original is None:
            raise RecurrenceError("an exception has no time")
        found.append(Exceptional(original, start, end, subject, location))
        flagged.append(flags)
    return found, flagged


def _narrow(reader: _Reader) -> str:
    reader.short()
    return reader.octets(reader.short()).decode("cp1252", "replace")


def _wide(
    reader: _Reader, exceptions: list[Exceptional], flagged: list[int], version: int
) -> list[Exceptional]:
    """Return *exceptions* with subjects and places in all letters, as far as these are there."""
    found = []
    try:
        reader.octets(reader.long())
        for each, flags in zip(exceptions, flagged, strict=True):
            if version >= _HIGHLIGHTS:
                reader.octets(reader.long())
            reader.octets(reader.long())
            subject, location = each.subject, each.location
            if flags & (_SUBJECT | _LOCATION):
                reader.octets(12)
                if flags & _SUBJECT:
                    subject = reader.octets(2 * reader.short()).decode("utf-16-le", "replace")
                if flags & _LOCATION:
                    location = reader.octets(2 * reader.short()).decode("utf-16-le", "replace")
                reader.octets(reader.long())
            found.append(Exceptional(each.original, each.start, each.end, subject, location))
    except RecurrenceError:
        return exceptions  # older programs wrote no more than that
    return found
