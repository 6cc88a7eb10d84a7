"""
One occurrence of a series (InstanceId, MS-ASCMD, section 2.2.3.92).

* InstanceError           there is none at this time
* NotRecurringError       it is no series
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import recurring_ical_events
from icalendar import Calendar

from fermoposta.activesync.map.calendar.series import start_of
from fermoposta.booking.calendar import BROKEN

if TYPE_CHECKING:
    from icalendar import Event

    from fermoposta.activesync.map.calendar.series import Series

_AROUND = timedelta(days=1)


class InstanceError(ValueError):
    """The series has no occurrence at this time."""


class NotRecurringError(ValueError):
    """It takes place once, so nothing can be said of one occurrence."""


def moment_of(series: Series, named: datetime) -> date:
    """
    Return the occurrence that *named* names: when it was to be, or when it is now.

    Raises InstanceError, or NotRecurringError.
    """
    if not series.recurs:
        raise NotRecurringError("it takes place once")
    moment = _in_its_kind(series, named)
    if series.override(moment) is not None:
        return moment
    if moment not in series.deleted() and _takes_place(series, moment):
        return moment
    for override in series.overrides:
        if series.moment(start_of(override)) == moment:
            return series.original(override)
    raise InstanceError(f"nothing takes place at {named:%Y-%m-%dT%H:%MZ}")


def occurrence(series: Series, moment: date) -> Event:
    """Return what takes place at *moment*, as an exception of the series where it was none."""
    return series.override(moment) or series.differ(moment)


def alone(series: Series, event: Event) -> Calendar:
    """Return a calendar in which nothing stands but *event*."""
    found = Calendar()
    found.update(series.calendar)
    for zone in series.calendar.walk("VTIMEZONE"):
        found.add_component(zone)
    found.add_component(event)
    return found


def _in_its_kind(series: Series, named: datetime) -> date:
    """Return *named* as the series counts: of days, either UTC's or the midnight in its zone."""
    if not series.all_day:
        return named.astimezone(UTC)
    if (named.hour, named.minute) == (0, 0):
        return named.date()
    return (named.astimezone(series.zone) + timedelta(hours=12)).date()


def _takes_place(series: Series, moment: date) -> bool:
    bare = Calendar()
    for zone in series.calendar.walk("VTIMEZONE"):
        bare.add_component(zone)
    bare.add_component(series.master)
    try:
        found = recurring_ical_events.of(bare).between(moment - _AROUND, moment + _AROUND)
        return any(series.moment(start_of(each)) == moment for each in found)
    except BROKEN:
        return False
