"""A series as it is stored: the appointment itself, and the occurrences that differ from it."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from icalendar import Calendar, Component, Event

from fermoposta.activesync.map.errors import InexpressibleError, MalformedError
from fermoposta.booking.calendar import BROKEN, Unreadable, events, read
from fermoposta.booking.props import prop, props

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.activesync.map.owner import Owner

EXCEPTIONS_MAX = 1_000
"""Exceptions of a series, as the schema has it."""
_PRODUCT = "-//fermoposta//activesync//EN"
_OF_THE_SERIES = ("RRULE", "EXDATE", "RDATE", "RECURRENCE-ID")


@dataclass(slots=True)
class Series:
    """One object of a calendar; *zone* is where its days begin and its rule is counted."""

    calendar: Calendar
    master: Event
    zone: tzinfo
    overrides: list[Event] = field(default_factory=list)

    @property
    def recurs(self) -> bool:
        """Whether it comes again."""
        return "RRULE" in self.master

    @property
    def all_day(self) -> bool:
        """Whether it has days instead of times."""
        return not isinstance(start_of(self.master), datetime)

    def moment(self, value: date) -> date:
        """Return an EXDATE or RECURRENCE-ID in the kind that the series has: a day or a time."""
        start = start_of(self.master)
        if not isinstance(start, datetime):
            return value.date() if isinstance(value, datetime) else value
        if isinstance(value, datetime):
            aware = value if value.tzinfo else value.replace(tzinfo=self.zone)
            return aware.astimezone(UTC)
        return datetime.combine(value, start.timetz()).astimezone(UTC)

    def local(self, moment: date) -> date:
        """Return a moment as it is stored: in the zone of the series."""
        return moment.astimezone(self.zone) if isinstance(moment, datetime) else moment

    def deleted(self) -> set[date]:
        """Return the occurrences that don't take place."""
        return {
            self.moment(each.dt) for listed in props(self.master, "EXDATE") for each in listed.dts
        }

    def set_deleted(self, gone: set[date]) -> None:
        """Make *gone* the occurrences that don't take place."""
        self.master.pop("EXDATE", None)
        for moment in sorted(gone, key=str):
            self.master.add("EXDATE", [self.local(moment)])

    def override(self, moment: date) -> Event | None:
        """Return the occurrence that was to be at *moment*, where it differs."""
        return next((each for each in self.overrides if self.original(each) == moment), None)

    def original(self, override: Event) -> date:
        """Return when *override* was to be."""
        return self.moment(prop(override, "RECURRENCE-ID").dt)

    def differ(self, moment: date) -> Event:
        """Return a new occurrence that differs from the series; in nothing yet."""
        event = copy.deepcopy(self.master)
        for name in _OF_THE_SERIES:
            event.pop(name, None)
        length = event.end - event.start
        local = self.local(moment)
        event.add("RECURRENCE-ID", local)
        set_times(event, local, local + length)
        self.overrides.append(event)
        self.calendar.add_component(event)
        return event

    def drop(self, override: Event) -> None:
        """Remove *override*: the occurrence is as the series has it."""
        self.overrides = [each for each in self.overrides if each is not override]
        self.calendar.subcomponents = [
            each for each in self.calendar.subcomponents if each is not override
        ]

    def drop_exceptions(self) -> None:
        """Remove all overrides, and let all occurrences take place."""
        for override in list(self.overrides):
            self.drop(override)
        self.master.pop("EXDATE", None)

    def content(self) -> bytes:
        """Return it as iCalendar, with the rules of each zone that it names."""
        self.calendar.add_missing_timezones()
        return bytes(self.calendar.to_ical())


@contextmanager
def guarded() -> Iterator[None]:
    """Say MalformedError for whatever content that is not as it should be makes of a reader."""
    try:
        yield
    except BROKEN as error:
        raise MalformedError("iCalendar", f"can't be worked with: {error}") from error


def new(uid: str, owner: Owner) -> Series:
    """Return a series in which nothing stands but *uid*."""
    calendar = Calendar()
    calendar.add("PRODID", _PRODUCT)
    calendar.add("VERSION", "2.0")
    event = Event()
    event.add("UID", uid)
    calendar.add_component(event)
    return Series(calendar, event, owner.zone)


def load(content: bytes, owner: Owner) -> Series:
    """Return the series in *content*. Raises MapError where there is none that a phone can have."""
    try:
        calendar = read(content, owner.zone)
    except Unreadable as error:
        raise MalformedError("iCalendar", str(error)) from error
    found = events(calendar)
    if not found:
        raise MalformedError("iCalendar", "has no VEVENT")
    if len({str(event["UID"]) for event in found}) > 1:
        raise MalformedError("UID", "differs within one object")
    master, *overrides = found
    _check(master, overrides)
    start = start_of(master)
    zone = start.tzinfo if isinstance(start, datetime) and start.tzinfo else owner.zone
    return Series(calendar, master, zone, overrides)


def start_of(event: Event) -> date:
    """Return the start as it stands: a day, or a time in its zone."""
    value: date = prop(event, "DTSTART").dt
    return value


def set_times(event: Event, start: date, end: date) -> None:
    """Let *event* be from *start* to *end*."""
    for name in ("DTSTART", "DTEND", "DURATION"):
        event.pop(name, None)
    event.add("DTSTART", start)
    event.add("DTEND", end)


def put(event: Component, name: str, value: Any) -> None:  # noqa: ANN401 - as icalendar has it
    """Make *value* the only property *name*; None and "" remove it."""
    event.pop(name, None)
    if value is not None and value != "":
        event.add(name, value)


def _check(master: Event, overrides: list[Event]) -> None:
    for name in ("RDATE", "EXRULE"):
        if name in master:
            raise InexpressibleError(name, "adds or takes dates that no rule gives")
    if len(props(master, "RRULE")) > 1:
        raise InexpressibleError("RRULE", "is there more than once")
    if len(overrides) > EXCEPTIONS_MAX:
        raise InexpressibleError("RECURRENCE-ID", f"is there more than {EXCEPTIONS_MAX} times")
    if overrides and "RRULE" not in master:
        raise InexpressibleError("RECURRENCE-ID", "belongs to a series that isn't there")
    for event in (master, *overrides):
        written = prop(event, "RECURRENCE-ID")
        if written is not None and written.params.get("RANGE"):
            raise InexpressibleError("RECURRENCE-ID", "changes all that follow")
    if any(prop(event, "RECURRENCE-ID") is None for event in overrides):
        raise MalformedError("RECURRENCE-ID", "is missing")
