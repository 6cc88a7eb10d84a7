"""
Read calendar data, and say when what stands in it takes place.

Everything is compared as moments: days and times without a zone are the resource's own.
"""

from __future__ import annotations

import re
import threading
import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
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
COMPONENTS_MAX = 1_000
DATES_MAX = 1_000
RULES_MAX = 100
"""What one message may hold: whatever it asks for has to be worked out with each later one, too."""
_DATES = ("EXDATE", "RDATE")
_MOMENTS = ("DTSTART", "DTEND", "RECURRENCE-ID")
_EARLIEST_YEAR = 1970
_LATEST_YEAR = 2100
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
"""What no text may hold (RFC 5545, section 3.1), and no XML in which a calendar is read."""
BROKEN = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    # a time zone by the name of a folder, or by a name that no file can have
    OSError,
)
"""What calendar content that is not as it should be makes of any reader."""
_NEVER = datetime(9999, 12, 30)  # noqa: DTZ001 - gets a zone where it is used
_reading = threading.Lock()
"""Zones that a message defines are remembered for the whole process while it is read."""


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
    with _reading, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = _parsed(content)
        try:
            _settle_zones(found)
            for event in events(found):
                _settle(event, found, zone)
            # A zone that is known by its name alone is written out, for whoever reads it next.
            found.add_missing_timezones()
        except BROKEN as error:
            raise Unreadable(f"{error}") from error
    return found


def received(content: bytes, zone: ZoneInfo) -> Calendar:
    """Return the calendar in a message; as `read`, but it must not be larger than can be borne."""
    if len(content) > BYTES_MAX:
        raise Unreadable(f"it is larger than {BYTES_MAX} bytes")
    if content.upper().count(b"BEGIN:") > COMPONENTS_MAX:
        raise Unreadable(f"it has more than {COMPONENTS_MAX} parts")
    found = read(content, zone)
    for event in events(found):
        if sum(len(props(event, name)) for name in _DATES) > DATES_MAX:
            raise Unreadable(f"an event has more than {DATES_MAX} single dates")
    return found


def _parsed(content: bytes) -> Calendar:
    # A zone that some other message defined under the same name is not this one's.
    tzp.use_zoneinfo()
    try:
        found = Calendar.from_ical(_CONTROLS.sub("", content.decode("utf-8-sig")))
    except BROKEN as error:
        # What the system says of a file is nothing to tell to strangers.
        why = "a time zone is not known" if isinstance(error, OSError) else error
        raise Unreadable(f"it is no iCalendar: {why}") from error
    if not isinstance(found, Calendar):
        raise Unreadable("it is no VCALENDAR")
    return found


def _settle_zones(calendar: Calendar) -> None:
    """Raise ValueError where a time zone changes in a way that can't be worked out."""
    if sum(len(props(each, "RRULE")) for each in calendar.walk()) > RULES_MAX:
        raise ValueError(f"it has more than {RULES_MAX} rules")
    for known in calendar.walk("VTIMEZONE"):
        for observance in known.subcomponents:
            for rule in props(observance, "RRULE"):
                problem = complaint(rule, prop(observance, "DTSTART").dt)
                if not problem and str(rule["FREQ"][0]).upper() != "YEARLY":
                    problem = "the time changes more often than yearly"
                if problem:
                    raise ValueError(f"the time zone {known.get('TZID')} is broken: {problem}")


def events(calendar: Calendar) -> list[Event]:
    """Return the events of *calendar*, the series itself before its exceptions."""
    found = [each for each in calendar.subcomponents if isinstance(each, Event)]
    return sorted(found, key=lambda event: prop(event, "RECURRENCE-ID") is not None)


def _settle(event: Event, calendar: Calendar, zone: ZoneInfo) -> None:
    """Give every time of *event* a zone; raise ValueError where it can't be understood."""
    _complete(event)
    known = {str(each.get("TZID")) for each in calendar.walk("VTIMEZONE")}
    for name in _MOMENTS:
        if name in event:
            _settle_moment(event, name, known, zone)
    for name in _DATES:
        if name in event:
            _settle_dates(event, name, zone)
    for rule in props(event, "RRULE"):
        _settle_end(rule, prop(event, "DTSTART").dt)
    _sane(event, zone)


def _complete(event: Event) -> None:
    """Raise ValueError where *event* lacks something, or has it twice or broken."""
    errors = dict(event.errors)
    for name in (*_MOMENTS, *_DATES, "RRULE", "DURATION", "SEQUENCE"):
        if name in errors:
            raise ValueError(f"{name} is broken: {errors[name]}")
    for name in ("UID", "DTSTART"):
        if not event.get(name):
            raise ValueError(f"an event has no {name}")
    for name in ("UID", "SEQUENCE", *_MOMENTS):
        if len(props(event, name)) > 1:
            raise ValueError(f"an event has more than one {name}")


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
    if span.end.year > _LATEST_YEAR:
        raise ValueError(f"an event ends after {_LATEST_YEAR}")


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
        for each in listed.dts:
            _check_date(name, each.dt)
            moments.append(each.dt)
    del event[name]
    for moment in moments:
        floating = isinstance(moment, datetime) and moment.tzinfo is None
        value = moment.replace(tzinfo=zone) if floating else moment  # type: ignore[union-attr,call-arg]
        # One a line: not every reader knows a list of periods, or of days beside times.
        event.add(name, [value])


def _check_date(name: str, value: object) -> None:
    """Raise ValueError where *value* is neither a date nor a period that ends after it began."""
    if isinstance(value, date):
        return
    if name != "RDATE" or not isinstance(value, tuple):
        raise ValueError(f"{name} is no date")
    start, end = value
    end = start + end if isinstance(end, timedelta) else end
    if end < start:
        raise ValueError(f"{name} ends before it begins")
    if end.year > _LATEST_YEAR:
        raise ValueError(f"{name} ends after {_LATEST_YEAR}")


def _settle_end(rule: dict[str, list[date]], start: date) -> None:
    """Give the end of *rule* the zone of *start*; a day without a time is meant to its end."""
    for last in rule.get("UNTIL", [])[:1]:
        if not isinstance(start, datetime) or (isinstance(last, datetime) and last.tzinfo):
            return
        ends = last if isinstance(last, datetime) else datetime.combine(last, time(23, 59, 59))
        # Some programs write the last day that there is, for "never".
        ends = min(ends, _NEVER).replace(tzinfo=start.tzinfo)
        rule["UNTIL"] = [ends.astimezone(UTC)]


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
    except BROKEN as error:
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
