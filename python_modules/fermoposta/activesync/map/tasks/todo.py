"""A task as it is stored, and what of it a phone can be told."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from icalendar import Alarm, Calendar, Todo

from fermoposta.activesync.map.errors import InexpressibleError, MalformedError
from fermoposta.booking.calendar import Unreadable, read
from fermoposta.booking.props import prop, props

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from fermoposta.activesync.map.owner import Owner

_PRODUCT = "-//fermoposta//activesync//EN"
_SHOWN = frozenset({"DISPLAY", "AUDIO"})
LOW, NORMAL, HIGH = 0, 1, 2


def new(uid: str) -> tuple[Calendar, Todo]:
    """Return a task in which nothing stands but *uid*."""
    calendar, todo = Calendar(), Todo()
    calendar.add("PRODID", _PRODUCT)
    calendar.add("VERSION", "2.0")
    todo.add("UID", uid)
    calendar.add_component(todo)
    return calendar, todo


def load(content: bytes, owner: Owner) -> tuple[Calendar, Todo]:
    """Return the task in *content*. Raises MapError where there is none that a phone can have."""
    try:
        calendar = read(content, owner.zone)
    except Unreadable as error:
        raise MalformedError("iCalendar", str(error)) from error
    found = [each for each in calendar.subcomponents if isinstance(each, Todo)]
    if not found:
        raise MalformedError("iCalendar", "has no VTODO")
    if len(found) > 1:
        raise InexpressibleError("RECURRENCE-ID", "makes one occurrence differ from the series")
    for name in ("RDATE", "EXDATE", "EXRULE"):
        if name in found[0]:
            raise InexpressibleError(name, "adds or takes dates that no rule gives")
    if len(props(found[0], "RRULE")) > 1:
        raise InexpressibleError("RRULE", "is there more than once")
    return calendar, found[0]


def start_of(todo: Todo) -> date | None:
    """Return when it begins, as it is stored."""
    return _date(todo, "DTSTART")


def due_of(todo: Todo) -> date | None:
    """Return when it is due, as it is stored or by how long it takes."""
    due, start, length = _date(todo, "DUE"), start_of(todo), prop(todo, "DURATION")
    if due is None and start is not None and length is not None:
        return start + timedelta() + length.dt  # type: ignore[no-any-return]
    return due


def moment(value: date, zone: ZoneInfo) -> datetime:
    """Return *value* as a moment; days begin at midnight in *zone*, times without one are its."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    return datetime.combine(value, time(), tzinfo=zone)


def importance(todo: Todo) -> int:
    """Return how important it is: 1 to 4 is high, 6 to 9 low (RFC 5545, section 3.8.1.9)."""
    value = int(prop(todo, "PRIORITY") or 0)
    if not value or value == 5:
        return NORMAL
    return HIGH if value < 5 else LOW


def completed(todo: Todo) -> bool:
    """Tell whether it is done."""
    return str(todo.get("STATUS", "")).upper() == "COMPLETED" or "COMPLETED" in todo


def completed_at(todo: Todo) -> datetime | None:
    """Return when it was done, as far as that is known."""
    for name in ("COMPLETED", "LAST-MODIFIED", "DTSTAMP"):
        value = _date(todo, name)
        if value is not None:
            when = value if isinstance(value, datetime) else datetime.combine(value, time())
            return when if when.tzinfo else when.replace(tzinfo=UTC)
    return None


def reminder(todo: Todo, zone: ZoneInfo) -> tuple[Alarm, datetime] | None:
    """Return the first alarm that is shown, and when; None where there is none."""
    for alarm in todo.subcomponents:
        if isinstance(alarm, Alarm) and str(alarm.get("ACTION", "")).upper() in _SHOWN:
            when = _when(alarm, todo, zone)
            if when is not None:
                return alarm, when.astimezone(UTC)
    return None


def _when(alarm: Alarm, todo: Todo, zone: ZoneInfo) -> datetime | None:
    trigger = prop(alarm, "TRIGGER")
    value = None if trigger is None else trigger.dt
    if isinstance(value, date):
        return moment(value, zone)
    if not isinstance(value, timedelta):
        return None
    related = str(trigger.params.get("RELATED", "START")).upper()
    start, due = start_of(todo), due_of(todo)
    base = due if related == "END" or start is None else start
    return None if base is None else moment(base, zone) + value


def _date(todo: Todo, name: str) -> date | None:
    value = prop(todo, name)
    if value is None:
        return None
    found = value.dt
    if not isinstance(found, date):
        raise MalformedError(name, "is no date")
    return found
