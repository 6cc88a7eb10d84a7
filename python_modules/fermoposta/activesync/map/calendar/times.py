"""
When an appointment takes place, as a phone says it (MS-ASCAL, sections 2.2.2.1, 2.2.2.42 and 44).

Times come as UTC beside the zone that they are meant in. Days come as midnights of that zone, and
from 16.0 as what they are.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from fermoposta.activesync.map import moments, recurrence, timezone
from fermoposta.activesync.map.calendar.parts import told_in
from fermoposta.activesync.map.calendar.series import put, start_of
from fermoposta.activesync.map.content import number
from fermoposta.activesync.map.errors import InexpressibleError, MalformedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from icalendar import Event

    from fermoposta.activesync.map.calendar.show import View
    from fermoposta.activesync.wbxml.element import Element

TAGS = ("Calendar:Timezone", "Calendar:AllDayEvent", "Calendar:StartTime", "Calendar:EndTime")
_HALF_HOUR = timedelta(minutes=30)
_YEAR = timedelta(days=365)
_DAY = timedelta(days=1)


def apply(
    event: Event, told: Mapping[str, Element], view: View, now: datetime, *, recurs: bool
) -> None:
    """Write the times that are *told* to *event*; what isn't told stays."""
    if not any(tag in told for tag in TAGS) and "DTSTART" in event:
        return
    new = "DTSTART" not in event
    first = _next_half_hour(now) if new else event.start
    texts = {
        "Calendar:StartTime": view.moment(first),
        "Calendar:EndTime": "" if new else view.moment(event.end),
    }
    texts |= {tag: told[tag].text.strip() for tag in texts if tag in told and told[tag].text}
    begins = moments.parse("Calendar:StartTime", texts["Calendar:StartTime"])
    ends = begins + _HALF_HOUR
    if texts["Calendar:EndTime"]:
        ends = moments.parse("Calendar:EndTime", texts["Calendar:EndTime"])
    if ends < begins:
        raise MalformedError("Calendar:EndTime", "is before the start")
    current = first.tzinfo if isinstance(first, datetime) and not new else None
    zone = zone_of(told, current or view.zone, view, begins=begins, now=now, recurs=recurs)
    _write(event, *_values(event, told, view, (begins, ends), zone))


def day(moment: datetime, view: View, zone: tzinfo) -> date:
    """Return the day that *moment* is the midnight of."""
    return recurrence.day_of(moment, UTC if view.since("16.0") else zone)


def zone_of(
    told: Mapping[str, Element],
    current: tzinfo,
    view: View,
    *,
    begins: datetime,
    now: datetime,
    recurs: bool,
) -> tzinfo:
    """
    Return the zone that is told; *current* where it has the same rules, or none is told.

    A device may have been sent the rules of last year. Where no zone has the rules, a single
    appointment is stored in UTC, which is the same time.
    """
    blob = told["Calendar:Timezone"].text if "Calendar:Timezone" in told else ""
    if not blob:
        return current
    rules = timezone.decode(blob)
    days = (now.date(), begins.date(), (now - _YEAR).date())
    for on in days:
        if timezone.rules_of(current, on).behaviour(on.year) == rules.behaviour(on.year):
            return current
    for on in days:
        if (found := timezone.find(rules, on, [view.owner.zone])) is not None:
            return found
    if recurs:
        raise InexpressibleError("Calendar:Timezone", "has the rules of no zone that is known")
    return UTC


def _values(
    event: Event,
    told: Mapping[str, Element],
    view: View,
    span: tuple[datetime, datetime],
    zone: tzinfo,
) -> tuple[date, date]:
    begins, ends = span
    all_day = "DTSTART" in event and not isinstance(start_of(event), datetime)
    if "Calendar:AllDayEvent" in told:
        said = told["Calendar:AllDayEvent"]
        all_day = bool(number(told_in(said), said.tag, 0, 1))
    if not all_day:
        return begins.astimezone(zone), ends.astimezone(zone)
    first, last = day(begins, view, zone), day(ends, view, zone)
    return first, max(last, first + _DAY)


def _write(event: Event, start: date, end: date) -> None:
    """Write what differs; a time that is the same in the same zone stays as it is spelt."""
    moved = "DTSTART" not in event or not _same(start_of(event), start)
    other_end = moved or not _same(event.end, end)
    if moved:
        put(event, "DTSTART", start)
    if other_end:
        event.pop("DURATION", None)
        put(event, "DTEND", end)


def _same(one: date, other: date) -> bool:
    if isinstance(one, datetime) and isinstance(other, datetime):
        return one == other and str(one.tzinfo) == str(other.tzinfo)
    return type(one) is type(other) and one == other


def _next_half_hour(now: datetime) -> datetime:
    """Return when an appointment begins of which a device says no time."""
    whole = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while whole < now:
        whole += _HALF_HOUR
    return whole
