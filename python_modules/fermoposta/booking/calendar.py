"""
Read calendar data, and say when what stands in it takes place.

Everything is compared as moments: days and times without a zone are the resource's own.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, cast

import recurring_ical_events
from icalendar import Calendar, Event
from icalendar.timezone import tzp

from fermoposta.booking.props import prop, props
from fermoposta.booking.recurrence import complaint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo


BYTES_MAX = 1_000_000
_DATES = ("EXDATE", "RDATE")
_MOMENTS = ("DTSTART", "DTEND", "RECURRENCE-ID")
_EARLIEST_YEAR = 1970


class Unreadable(ValueError):  # noqa: N818 - says what the content is
    """It is no calendar content that can be worked with; the message says why, in English."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One object of a calendar, as a CalDAV server names and versions it."""

    name: str
    etag: str
    content: bytes


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """When something takes place: from *start* to before *end*, both with a zone."""

    start: datetime
    end: datetime
    all_day: bool = False


def read(content: bytes, zone: ZoneInfo) -> Calendar:
    """
    Return the calendar in *content*, its times without a zone set to *zone*.

    Raises Unreadable where anything in it is broken that says when something takes place.
    """
    if len(content) > BYTES_MAX:
        raise Unreadable(f"it is larger than {BYTES_MAX} bytes")
    # A zone that some other message defined under the same name is not this one's.
    tzp.use_zoneinfo()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = Calendar.from_ical(content.decode("utf-8-sig"))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise Unreadable(f"it is no iCalendar: {error}") from error
    if not isinstance(found, Calendar):
        raise Unreadable("it is no VCALENDAR")
    for event in events(found):
        try:
            _settle(event, found, zone)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise Unreadable(f"{error}") from error
    # A zone that is known by its name alone is written out, for whoever reads it next.
    found.add_missing_timezones()
    return found


def events(calendar: Calendar) -> list[Event]:
    """Return the events of *calendar*, the series itself before its exceptions."""
    found = [each for each in calendar.subcomponents if isinstance(each, Event)]
    return sorted(found, key=lambda event: prop(event, "RECURRENCE-ID") is not None)


def _settle(event: Event, calendar: Calendar, zone: ZoneInfo) -> None:
    """Give every time of *event* a zone; raise ValueError where it can't be understood."""
    errors = dict(event.errors)
    for name in (*_MOMENTS, *_DATES, "RRULE", "DURATION"):
        if name in errors:
            raise ValueError(f"{name} is broken: {errors[name]}")
    for name in ("UID", "DTSTART"):
        if not event.get(name):
            raise ValueError(f"an event has no {name}")
    known = {str(each.get("TZID")) for each in calendar.walk("VTIMEZONE")}
    for name in _MOMENTS:
        if name in event:
            _settle_moment(event, name, known, zone)
    for name in _DATES:
        if name in event:
            _settle_dates(event, name, zone)
    _sane(event, zone)


def _sane(event: Event, zone: ZoneInfo) -> None:
    """Raise ValueError where *event* can't take place as it says."""
    start = prop(event, "DTSTART").dt
    if start.year < _EARLIEST_YEAR:
        raise ValueError(f"DTSTART is before {_EARLIEST_YEAR}")
    for rule in props(event, "RRULE"):
        if problem := complaint(rule, start):
            raise ValueError(f"RRULE is broken: {problem}")
    span = _span(event, zone)
    if span.end < span.start:
        raise ValueError("an event ends before it begins")


def _settle_moment(event: Event, name: str, known: set[str], zone: ZoneInfo) -> None:
    written = prop(event, name)
    moment = written.dt
    if not isinstance(moment, date):
        raise ValueError(f"{name} is no date")  # noqa: TRY004 - the content is wrong, not a type
    if not isinstance(moment, datetime):
        return
    named = str(written.params.get("TZID", ""))
    if moment.tzinfo is None:
        if named:
            raise ValueError(f"the time zone {named} is not defined")
        moment = moment.replace(tzinfo=zone)
    elif not named or named in known:
        return
    kept = {key: value for key, value in written.params.items() if key == "RANGE"}
    del event[name]
    event.add(name, moment, parameters=kept)


def _settle_dates(event: Event, name: str, zone: ZoneInfo) -> None:
    moments: list[date | tuple[datetime, datetime | timedelta]] = []
    for listed in props(event, name):
        if listed.params.get("TZID") and any(
            isinstance(each.dt, datetime) and each.dt.tzinfo is None for each in listed.dts
        ):
            raise ValueError(f"the time zone {listed.params['TZID']} is not defined")
        moments += [each.dt for each in listed.dts]
    del event[name]
    for moment in moments:
        floating = isinstance(moment, datetime) and moment.tzinfo is None
        value = moment.replace(tzinfo=zone) if floating else moment  # type: ignore[union-attr,call-arg]
        # One a line: not every reader knows a list of periods, or of days beside times.
        event.add(name, [value])


def moment(value: date, zone: ZoneInfo) -> datetime:
    """Return *value* as a moment: a day begins at midnight in *zone*."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    return datetime.combine(value, time(), tzinfo=zone)


def _span(event: Event, zone: ZoneInfo) -> Span:
    start, end = event.start, event.end
    whole = not isinstance(start, datetime)
    return Span(moment(start, zone), moment(end, zone), whole)


def blocks(event: Event, owner: frozenset[str]) -> bool:
    """Tell whether *event* keeps others out of the time that it takes."""
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return False
    if str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        return False
    return not any(
        mailto(each) in owner and str(each.params.get("PARTSTAT", "")).upper() == "DECLINED"
        for each in props(event, "ATTENDEE")
    )


def mailto(value: object) -> str:
    """Return the address of a calendar user in lower case, "" where it has none."""
    text = str(value).strip()
    return text[7:].strip().lower() if text[:7].lower() == "mailto:" else ""


def spans(
    calendar: Calendar,
    owner: frozenset[str],
    zone: ZoneInfo,
    *,
    since: datetime,
    until: datetime,
) -> list[Span]:
    """
    List when the events of *calendar* keep *owner* busy between *since* and *until*.

    Raises Unreadable where that can't be worked out.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = recurring_ical_events.of(calendar).between(since, until)
            busy = [_span(cast("Event", each), zone) for each in found if blocks(each, owner)]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise Unreadable(f"the recurrence can't be worked out: {error}") from error
    return sorted(each for each in busy if each.end > since and each.start < until)


def conflicts(own: Sequence[Span], others: Sequence[Span], limit: int) -> list[Span]:
    """
    List which of *own* would be one too many where *limit* bookings may overlap; 0 is no limit.

    Those that overlap only each other count, too: a series may be longer than its interval.
    """
    if limit <= 0 or not own:
        return []
    crossing: list[Span] = []
    active: list[tuple[datetime, Span, bool]] = []
    everything = [(each, True) for each in own] + [(each, False) for each in others]
    for span, mine in sorted(everything, key=lambda each: each[0].start):
        if span.end <= span.start:
            continue
        active = [each for each in active if each[0] > span.start]
        active.append((span.end, span, mine))
        if len(active) > limit:
            crossing += [each for _, each, ours in active if ours]
    return sorted(set(crossing))


def endless(calendar: Calendar, until: datetime, zone: ZoneInfo) -> bool:
    """Tell whether something in *calendar* recurs later than *until*."""
    return any(_goes_on(rule, until, zone) for each in events(calendar) for rule in _rules(each))


def _rules(event: Event) -> Iterator[dict[str, list[date]]]:
    yield from props(event, "RRULE")


def _goes_on(rule: dict[str, list[date]], until: datetime, zone: ZoneInfo) -> bool:
    if "UNTIL" in rule:
        return moment(rule["UNTIL"][0], zone) > until
    return "COUNT" not in rule
