"""A task as ApplicationData (MS-ASTASK, section 2.2.2)."""

from __future__ import annotations

from datetime import UTC, date
from typing import TYPE_CHECKING

from fermoposta.activesync.map import body, moments, recurrence
from fermoposta.activesync.map.calendar.series import guarded
from fermoposta.activesync.map.calendar.show import categories, sensitivity
from fermoposta.activesync.map.content import leaf
from fermoposta.activesync.map.errors import InexpressibleError
from fermoposta.activesync.map.tasks import todo as stored
from fermoposta.activesync.wbxml.element import Element
from fermoposta.booking.props import prop

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from icalendar import Todo

    from fermoposta.activesync.map.body import Renderer
    from fermoposta.activesync.map.owner import Owner

DATA = "AirSync:ApplicationData"
_OCCURRENCES_MAX = 255
"""Occurrences is an unsigned byte (MS-ASTASK, section 2.2.2.18)."""


@guarded()
def to_element(
    content: bytes, version: str, owner: Owner, render: Renderer = body.plain
) -> Element:
    """
    Return the task in *content* for a device that speaks *version*.

    Raises MapError where it can't be read, or a phone can't be told of it.
    """
    _, todo = stored.load(content, owner)
    return show(todo, version, owner, render)


def show(todo: Todo, version: str, owner: Owner, render: Renderer) -> Element:
    """Return *todo* as ApplicationData."""
    zone = owner.zone
    text, note = str(todo.get("SUMMARY", "")), str(todo.get("DESCRIPTION", ""))
    found: list[Element | None] = [
        leaf("Tasks:Subject", text) if text else None,
        render(note) if note else None,
        leaf("Tasks:Importance", stored.importance(todo)),
        *_times("StartDate", stored.start_of(todo), zone),
        *_times("DueDate", stored.due_of(todo), zone),
        _categories(todo),
        _recurrence(todo, version, zone),
        *_completion(todo),
        leaf("Tasks:Sensitivity", sensitivity(todo)),
        *_reminder(todo, zone),
    ]
    return Element(DATA, [each for each in found if each is not None])


def local(value: date, zone: ZoneInfo) -> str:
    """Return what clocks show at *value*, written as if it were UTC."""
    return moments.dashed(stored.moment(value, zone).astimezone(zone).replace(tzinfo=UTC))


def _times(name: str, value: date | None, zone: ZoneInfo) -> list[Element]:
    """Return a time twice: in UTC, and as the user's clock shows it."""
    if value is None:
        return []
    return [
        leaf(f"Tasks:Utc{name}", moments.dashed(stored.moment(value, zone))),
        leaf(f"Tasks:{name}", local(value, zone)),
    ]


def _categories(todo: Todo) -> Element | None:
    found = [leaf("Tasks:Category", each) for each in categories(todo)]
    return Element("Tasks:Categories", found) if found else None


def _recurrence(todo: Todo, version: str, zone: ZoneInfo) -> Element | None:
    rule = prop(todo, "RRULE")
    if rule is None:
        return None
    start = stored.start_of(todo) or stored.due_of(todo)
    if start is None:
        raise InexpressibleError("RRULE", "has no day to start on")
    found = recurrence.pattern(rule, start, zone)
    if found.count and found.count > _OCCURRENCES_MAX:
        raise InexpressibleError("RRULE", f"comes more than {_OCCURRENCES_MAX} times")
    extra = [leaf("Tasks:Start", local(start, zone))]
    if str(todo.get("X-EAS-REGENERATE", "")).upper() == "TRUE":
        extra.append(leaf("Tasks:Regenerate", 1))
    return recurrence.element(found, "Tasks", version, tuple(extra))


def _completion(todo: Todo) -> list[Element]:
    done = stored.completed(todo)
    when = stored.completed_at(todo) if done else None
    found = [leaf("Tasks:Complete", int(done))]
    if when is not None:
        found.append(leaf("Tasks:DateCompleted", moments.dashed(when)))
    return found


def _reminder(todo: Todo, zone: ZoneInfo) -> list[Element]:
    found = stored.reminder(todo, zone)
    if found is None:
        return [leaf("Tasks:ReminderSet", 0)]
    return [
        leaf("Tasks:ReminderTime", moments.dashed(found[1])),
        leaf("Tasks:ReminderSet", 1),
    ]
