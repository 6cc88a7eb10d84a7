"""
How a booking stands in the resource's calendar.

It carries no ATTENDEE: the webmail schedules whatever has attendees by itself, with mails of its
own, whoever writes it. They are kept under another name, beside who booked, and which instances
were taken out by which version of the invitation. What was cancelled stays, without taking time,
so that an older message that comes late books nothing.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import recurring_ical_events
from icalendar import Calendar, Event

from fermoposta.booking.calendar import Unreadable, events, mailto, moment
from fermoposta.booking.props import prop, props

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from zoneinfo import ZoneInfo

    Version = tuple[int, datetime]

BOOKED_BY = "X-FERMOPOSTA-BOOKED-BY"
STATE = "X-FERMOPOSTA-STATE"
_DROPPED = "X-FERMOPOSTA-DROPPED"
_ATTENDEE = "X-FERMOPOSTA-ATTENDEE"
_LEFT_OUT = re.compile("ATTACH|METHOD|X-SOGO-.*|X-MOZ-.*|X-FERMOPOSTA-.*", re.IGNORECASE)
_SHORT = ("UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "DURATION", "SUMMARY", "ORGANIZER")
_RANGED_MAX = 10
_SPELLED_MAX = 1_000
_SPELLED_BYTES_MAX = 5_000_000
_BEGINNING = datetime.min.replace(tzinfo=UTC)


def version(event: Event) -> Version:
    """Return what tells a newer version of an event from an older one (RFC 5546, 2.1.5)."""
    try:
        number = int(event.get("SEQUENCE", 0))
    except ValueError:
        number = 0
    stamp = getattr(prop(event, "DTSTAMP"), "dt", None)
    return number, moment(stamp, UTC) if isinstance(stamp, date) else _BEGINNING  # type: ignore[arg-type]


def master(calendar: Calendar) -> Event | None:
    """Return the event that is no exception of a series."""
    return next((each for each in events(calendar) if "RECURRENCE-ID" not in each), None)


def instance(event: Event, zone: ZoneInfo) -> datetime | None:
    """Return which instance of its series *event* is."""
    named = prop(event, "RECURRENCE-ID")
    return moment(named.dt, zone) if named is not None else None


def is_ours(calendar: Calendar) -> bool:
    """Tell whether this is a booking that came by mail, not one that the webmail keeps."""
    return any(BOOKED_BY in each for each in events(calendar))


def state(calendar: Calendar) -> str:
    """Return ``BOOKED``, or why it is not: ``CANCELLED``, ``DECLINED``."""
    return next((str(each[STATE]) for each in events(calendar) if STATE in each), "BOOKED")


def may_change(calendar: Calendar) -> frozenset[str]:
    """Return the addresses that may change or cancel a booking."""
    found: set[str] = set()
    for event in events(calendar):
        found |= {each for each in str(event.get(BOOKED_BY, "")).split() if each}
        found |= people(event)
    return frozenset(found)


def people(event: Event) -> set[str]:
    """Return the organizer of *event*, and who acts for them."""
    organizer = prop(event, "ORGANIZER")
    if organizer is None:
        return set()
    named = {mailto(organizer), mailto(str(organizer.params.get("SENT-BY", "")).strip('"'))}
    return {each for each in named if each}


def booked(message: Calendar, parts: Iterable[Event], writers: Collection[str]) -> Calendar:
    """Return *parts* of *message* as they are stored."""
    kept = Calendar()
    kept.add("PRODID", "-//Fermoposta//Booking//EN")
    kept.add("VERSION", "2.0")
    for zone in message.walk("VTIMEZONE"):
        kept.add_component(zone)
    for part in parts:
        kept.add_component(_cleaned(part, writers))
    return kept


def _cleaned(part: Event, writers: Collection[str]) -> Event:
    event = Event()
    for name, value in part.items():
        for each in value if isinstance(value, list) else [value]:
            if not _LEFT_OUT.fullmatch(name):
                event.add(_ATTENDEE if name.upper() == "ATTENDEE" else name, each, encode=False)
    event.add(BOOKED_BY, " ".join(sorted(writers)))
    return event


def replaced(calendar: Calendar, parts: Iterable[Event], zone: ZoneInfo) -> Calendar:
    """Return *calendar* with exceptions in place of those of the same instances."""
    new = list(parts)
    taken = {when for each in new if (when := instance(each, zone))}
    changed = Calendar()
    changed.update(calendar)
    for each in calendar.subcomponents:
        if not isinstance(each, Event) or instance(each, zone) not in taken:
            changed.add_component(each.copy(recursive=True))
    for each in new:
        changed.add_component(each.copy(recursive=True))
    series = master(changed)
    if series is not None:
        # What takes place again is no longer left out.
        _keep_dates(series, "EXDATE", lambda date: moment(date, zone) not in taken)
    return changed


def _keep_dates(series: Event, name: str, wanted: Callable[[date], bool]) -> None:
    """Leave only the dates under *name* that are *wanted*."""
    dates = [each.dt for value in props(series, name) for each in value.dts]
    series.pop(name, None)
    for kept in dates:
        if wanted(kept[0] if isinstance(kept, tuple) else kept):
            series.add(name, [kept])


def _left_out(series: Event, zone: ZoneInfo) -> set[datetime]:
    return {moment(each.dt, zone) for value in props(series, "EXDATE") for each in value.dts}


def carried_over(old: Calendar, new: Calendar, zone: ZoneInfo) -> Calendar:
    """Return *new* with the exceptions of *old*, where the series takes place as it did."""
    before, after = master(old), master(new)
    if before is None or after is None:
        return new
    if any(_text(before, name) != _text(after, name) for name in ("DTSTART", "RRULE")):
        return new
    again = {instance(each, zone) for each in events(new)} | _left_out(after, zone)
    result = replaced(
        new, [each for each in events(old) if instance(each, zone) not in again], zone
    )
    series = master(result)
    assert series is not None  # noqa: S101 - it was there before
    for gone in (each.dt for value in props(before, "EXDATE") for each in value.dts):
        if moment(gone, zone) not in again:
            series.add("EXDATE", [gone])
    for value in props(before, _DROPPED):
        series.add(_DROPPED, str(value))
    return result


def without(calendar: Calendar, parts: Sequence[Event], zone: ZoneInfo, why: str) -> Calendar:
    """Return *calendar* without the instances that *parts* name, as from their versions."""
    gone = {instance(each, zone): each for each in parts}
    changed = Calendar()
    changed.update(calendar)
    for each in calendar.subcomponents:
        if not isinstance(each, Event) or instance(each, zone) not in gone:
            changed.add_component(each.copy(recursive=True))
    left = events(changed)
    if not left:
        return tombstone(calendar, max(parts, key=version), why)
    series = master(changed)
    missing = _left_out(series, zone) if series is not None else set()
    known = {str(value) for value in props(left[0], _DROPPED)}
    for when, at in gone.items():
        if series is not None and when not in missing:
            series.add("EXDATE", [prop(at, "RECURRENCE-ID").dt])
        number, stamp = version(at)
        note = f"{_seconds(when)} {number} {_seconds(stamp)} {why}"
        if note not in known:
            left[0].add(_DROPPED, note)
    return changed


def dropped(calendar: Calendar, when: datetime) -> tuple[Version, str] | None:
    """Return by which version the instance at *when* was taken out, and why; None for not."""
    found = []
    for event in events(calendar):
        for value in props(event, _DROPPED):
            at, number, stamp, why = str(value).split()
            if int(at) == _seconds(when):
                found.append(((int(number), datetime.fromtimestamp(int(stamp), UTC)), why))
    return max(found, default=None)


def ended(calendar: Calendar, at: Event, zone: ZoneInfo) -> Calendar:
    """Return *calendar* without the instance that *at* names and all later ones."""
    when = instance(at, zone)
    assert when is not None  # noqa: S101 - the caller looked
    changed = Calendar()
    changed.update(calendar)
    for each in calendar.subcomponents:
        theirs = instance(each, zone) if isinstance(each, Event) else None
        if theirs is None or theirs < when:
            changed.add_component(each.copy(recursive=True))
    series = master(changed)
    if series is None or moment(prop(series, "DTSTART").dt, zone) >= when:
        return tombstone(calendar, at, "CANCELLED")
    _keep_dates(series, "RDATE", lambda date: moment(date, zone) < when)
    for rule in props(series, "RRULE") if _goes_on(series, when) else []:
        rule.pop("COUNT", None)
        whole = not isinstance(prop(series, "DTSTART").dt, datetime)
        last = when - (timedelta(days=1) if whole else timedelta(seconds=1))
        rule["UNTIL"] = [last.date() if whole else last.astimezone(UTC)]
    number, stamp = version(at)
    series["SEQUENCE"] = max(int(series.get("SEQUENCE", 0)), number)
    series.DTSTAMP = max(version(series)[1], stamp)
    return changed


def _goes_on(series: Event, when: datetime) -> bool:
    """Tell whether the rule of *series* names an instance at *when* or later."""
    bare = Calendar()
    bare.add_component(series)
    return next(recurring_ical_events.of(bare).after(when), None) is not None


def spelled_out(calendar: Calendar, zone: ZoneInfo, until: datetime) -> Calendar:
    """Return *calendar* with each instance that "this and future" changes, up to *until*.

    Few programs know how to read the range, the webmail is none of them. Raises Unreadable.
    """
    all_ranged = [each for each in events(calendar) if is_ranged(each)]
    if len(all_ranged) > _RANGED_MAX:
        raise Unreadable(f"it changes the future more than {_RANGED_MAX} times")
    # The later one counts where two overlap, and what is said of one instance more than both.
    for ranged in sorted(all_ranged, key=lambda event: _at(event, zone), reverse=True):
        first = prop(ranged, "RECURRENCE-ID").dt
        said = {
            instance(each, zone) for each in events(calendar) if version(each) >= version(ranged)
        }
        bare = Calendar()
        bare.add_component(_series_of(calendar))
        found = recurring_ical_events.of(bare).between(_at(ranged, zone), until)
        ids = sorted(
            {
                prop(each, "DTSTART").dt
                for each in found
                if (when := moment(prop(each, "DTSTART").dt, zone)) > _at(ranged, zone)
                and when not in said
            }
        )
        if len(ids) > _SPELLED_MAX or len(ids) * len(ranged.to_ical()) > _SPELLED_BYTES_MAX:
            raise Unreadable("it changes more instances than can be written out")
        prop(ranged, "RECURRENCE-ID").params.pop("RANGE", None)
        calendar = replaced(calendar, [_moved(ranged, each, each - first) for each in ids], zone)
    return calendar


def _series_of(calendar: Calendar) -> Event:
    series = master(calendar)
    if series is None:
        raise Unreadable("it changes the future of a series that is not booked")
    return series


def _moved(event: Event, at: date, by: timedelta) -> Event:
    """Return *event* as that of the instance *at*, which is later *by* so much."""
    moved = event.copy(recursive=True)
    for name in ("RECURRENCE-ID", "DTSTART", "DTEND"):
        if name in moved:
            value = at if name == "RECURRENCE-ID" else prop(moved, name).dt + by
            del moved[name]
            moved.add(name, value)
    return moved


def _at(event: Event, zone: ZoneInfo) -> datetime:
    return instance(event, zone) or _BEGINNING


def _seconds(when: datetime | None) -> int:
    return int(when.timestamp()) if when else 0


def is_ranged(event: Event) -> bool:
    """Tell whether *event* stands for an instance and all later ones."""
    named = prop(event, "RECURRENCE-ID")
    return named is not None and str(named.params.get("RANGE", "")).upper() == "THISANDFUTURE"


def tombstone(calendar: Calendar, last: Event, why: str) -> Calendar:
    """Return what is left of a booking that is no more; *last* is what ended it."""
    before = master(calendar) or events(calendar)[0]
    event = Event()
    for name in _SHORT:
        if name in before:
            event.add(name, before[name], encode=False)
    number, stamp = max(version(last), version(before))
    event["SEQUENCE"] = number
    event.DTSTAMP = stamp
    event.add("STATUS", "CANCELLED")
    event.add("TRANSP", "TRANSPARENT")
    event.add(BOOKED_BY, " ".join(sorted(may_change(calendar))))
    event.add(STATE, why)
    left = Calendar()
    left.update(calendar)
    for zone in calendar.walk("VTIMEZONE"):
        left.add_component(zone)
    left.add_component(event)
    return left


def _text(event: Event, name: str) -> list[bytes]:
    return [each.to_ical() for each in props(event, name)]
