"""
The one reminder that a phone knows: minutes before the start (MS-ASCAL, section 2.2.2.38).

An appointment may have several alarms; the first that is shown before the start is the phone's, the
others are none of its business.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from icalendar import Alarm, Event

from fermoposta.booking.props import prop

if TYPE_CHECKING:
    from datetime import tzinfo

_SHOWN = frozenset({"DISPLAY", "AUDIO"})
_LONGEST = 4 * 7 * 24 * 60 * 53
"""Minutes of a reminder: years, and far from what overflows."""


def minutes(event: Event, zone: tzinfo) -> int | None:
    """Return how many minutes before the start the device shall remind; None where not."""
    found = _first(event, zone)
    return None if found is None else found[1]


def set_minutes(event: Event, value: int | None, zone: tzinfo) -> None:
    """Let the device remind *value* minutes before the start, or not at all."""
    found = _first(event, zone)
    if value is None:
        if found is not None:
            event.subcomponents = [each for each in event.subcomponents if each is not found[0]]
        return
    if found is None:
        alarm = Alarm()
        alarm.add("ACTION", "DISPLAY")
        alarm.add("DESCRIPTION", str(event.get("SUMMARY", "")) or "Reminder")
        event.add_component(alarm)
    else:
        alarm = found[0]
    if found is None or found[1] != value:
        alarm.pop("TRIGGER", None)
        alarm.add("TRIGGER", -timedelta(minutes=min(value, _LONGEST)))


def _first(event: Event, zone: tzinfo) -> tuple[Alarm, int] | None:
    for alarm in event.subcomponents:
        if isinstance(alarm, Alarm) and str(alarm.get("ACTION", "")).upper() in _SHOWN:
            before = _before(alarm, event, zone)
            if before is not None and 0 <= before <= _LONGEST:
                return alarm, before
    return None


def _before(alarm: Alarm, event: Event, zone: tzinfo) -> int | None:
    trigger = prop(alarm, "TRIGGER")
    if trigger is None:
        return None
    when = getattr(trigger, "dt", None)
    start, end = (_moment(each, zone) for each in (event.start, event.end))
    if isinstance(when, timedelta):
        related = str(trigger.params.get("RELATED", "START")).upper()
        ahead = -when - (end - start if related == "END" else timedelta())
    elif isinstance(when, date):
        ahead = start - _moment(when, zone)
    else:
        return None
    return round(ahead / timedelta(minutes=1))


def _moment(value: date, zone: tzinfo) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    return datetime.combine(value, time(), tzinfo=zone)
