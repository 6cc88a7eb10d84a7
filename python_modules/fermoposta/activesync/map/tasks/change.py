"""What a phone has changed of a task, written to the task that is stored."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from icalendar import Alarm

from fermoposta.activesync.map import body, moments, recurrence
from fermoposta.activesync.map.calendar.series import guarded, put
from fermoposta.activesync.map.calendar.show import SENSITIVITY, categories, sensitivity
from fermoposta.activesync.map.content import number, with_removed
from fermoposta.activesync.map.tasks import show
from fermoposta.activesync.map.tasks import todo as stored
from fermoposta.activesync.wbxml.element import Element
from fermoposta.activesync.wbxml.text import clean
from fermoposta.booking.props import prop

if TYPE_CHECKING:
    from collections.abc import Collection
    from zoneinfo import ZoneInfo

    from icalendar import Todo

    from fermoposta.activesync.map.owner import Owner

_PRIORITIES = {stored.LOW: 9, stored.NORMAL: 5, stored.HIGH: 1}
_CLASSES = {value: name for name, value in SENSITIVITY.items()}


@guarded()
def from_element(
    data: Element,
    version: str,
    owner: Owner,
    now: datetime,
    *,
    uid: str,
    existing: bytes | None = None,
    removes: Collection[str] = (),
) -> bytes:
    """
    Return the task in *existing* with what *data* says, or a new one that is named *uid*.

    What *data* leaves out stays, but for the tags of *removes*. Raises MapError where *data* can't
    be understood or not be stored.
    """
    if existing is None:
        calendar, todo = stored.new(uid)
        shown = Element(show.DATA)
    else:
        calendar, todo = stored.load(existing, owner)
        shown = show.show(todo, version, owner, body.plain)
    before = bytes(calendar.to_ical())
    data = with_removed(data, removes)
    told = {child.tag: child for child in data.elements if shown.find(child.tag) != child}
    _set_texts(todo, told)
    _set_dates(todo, told, data, owner.zone)
    _set_rule(todo, told, owner.zone)
    _set_completion(todo, told, data, now)
    _set_reminder(todo, told, data, owner.zone)
    if existing is not None and bytes(calendar.to_ical()) == before:
        return existing
    put(todo, "DTSTAMP", now.astimezone(UTC))
    put(todo, "LAST-MODIFIED", now.astimezone(UTC))
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _set_texts(todo: Todo, told: dict[str, Element]) -> None:
    if "Tasks:Subject" in told:
        put(todo, "SUMMARY", clean(told["Tasks:Subject"].text))
    text = body.text_of(told[body.TAG]) if body.TAG in told else None
    if text is not None and not body.same(text, str(todo.get("DESCRIPTION", ""))):
        put(todo, "DESCRIPTION", clean(text))
        todo.pop("X-ALT-DESC", None)
    if "Tasks:Importance" in told:
        value = _number(told["Tasks:Importance"], 255)
        level = stored.NORMAL if value is None else min(value, stored.HIGH)
        if level != stored.importance(todo):
            put(todo, "PRIORITY", _PRIORITIES[level])
    if "Tasks:Sensitivity" in told:
        private = _number(told["Tasks:Sensitivity"], 3) or 0
        if private != sensitivity(todo):
            put(todo, "CLASS", _CLASSES[private])
    if "Tasks:Categories" in told:
        found = told["Tasks:Categories"].find_all("Tasks:Category")
        names = [clean(each.text) for each in found if each.text]
        if names != categories(todo):
            put(todo, "CATEGORIES", names or None)


def _set_dates(todo: Todo, told: dict[str, Element], data: Element, zone: ZoneInfo) -> None:
    """Write start and due, where one of their two elements differs."""
    start, due = stored.start_of(todo), stored.due_of(todo)
    values = {"StartDate": start, "DueDate": due}
    for name in values:
        if f"Tasks:{name}" in told or f"Tasks:Utc{name}" in told:
            values[name] = _told(data, name, zone)
    if (values["StartDate"], values["DueDate"]) == (start, due):
        return
    if len({isinstance(each, datetime) for each in values.values() if each is not None}) > 1:
        # Both are days, or both are times (RFC 5545, section 3.8.2.3).
        values = {
            name: None if each is None else stored.moment(each, zone)
            for name, each in values.items()
        }
    todo.pop("DURATION", None)
    put(todo, "DTSTART", values["StartDate"])
    put(todo, "DUE", values["DueDate"])


def _told(data: Element, name: str, zone: ZoneInfo) -> date | None:
    """Return a time that is told: a day where the device's clock shows midnight."""
    here = (data.text_of(f"Tasks:{name}") or "").strip()
    there = (data.text_of(f"Tasks:Utc{name}") or "").strip()
    shown = moments.parse(f"Tasks:{name}", here).replace(tzinfo=None) if here else None
    if shown is not None and shown.time() == time():
        return shown.date()
    if there:
        moment = moments.parse(f"Tasks:Utc{name}", there).astimezone(zone)
        return moment if shown is not None or moment.time() != time() else moment.date()
    return None if shown is None else shown.replace(tzinfo=zone)


def _set_rule(todo: Todo, told: dict[str, Element], zone: ZoneInfo) -> None:
    data = told.get("Tasks:Recurrence")
    if data is None:
        return
    if not data.elements or number(data, "Tasks:DeadOccur", 0, 255):
        # An occurrence that is done with is a task by itself (MS-ASTASK, section 2.2.2.11).
        for name in ("RRULE", "X-EAS-REGENERATE"):
            todo.pop(name, None)
        return
    start = stored.start_of(todo) or stored.due_of(todo)
    if start is None:
        first = moments.parse("Tasks:Start", data.text_of("Tasks:Start") or "")
        start = first.date()
        put(todo, "DTSTART", start)
    all_day = not isinstance(start, datetime)
    found = recurrence.rule(recurrence.parse(data, start), zone, all_day=all_day)
    current = prop(todo, "RRULE")
    if current is None or _spelt(current, start, zone) != found.to_ical():  # type: ignore[no-untyped-call]
        put(todo, "RRULE", found)
    again = bool(number(data, "Tasks:Regenerate", 0, 1))
    if again != (str(todo.get("X-EAS-REGENERATE", "")).upper() == "TRUE"):
        put(todo, "X-EAS-REGENERATE", "TRUE" if again else None)


def _spelt(rule: dict[str, list[date]], start: date, zone: ZoneInfo) -> bytes:
    """Return *rule* as we write it, to compare it with another."""
    found = recurrence.pattern(rule, start, zone)
    again = recurrence.rule(found, zone, all_day=not isinstance(start, datetime))
    return bytes(again.to_ical())  # type: ignore[no-untyped-call]


def _set_completion(todo: Todo, told: dict[str, Element], data: Element, now: datetime) -> None:
    if "Tasks:Complete" not in told and "Tasks:DateCompleted" not in told:
        return
    done = stored.completed(todo)
    if "Tasks:Complete" in told:
        done = bool(_number(told["Tasks:Complete"], 1))
    text = (data.text_of("Tasks:DateCompleted") or "").strip()
    if done:
        when = moments.parse("Tasks:DateCompleted", text) if text else now.astimezone(UTC)
        put(todo, "STATUS", "COMPLETED")
        put(todo, "PERCENT-COMPLETE", 100)
        put(todo, "COMPLETED", when)
    elif stored.completed(todo):
        put(todo, "STATUS", "NEEDS-ACTION")
        for name in ("PERCENT-COMPLETE", "COMPLETED"):
            todo.pop(name, None)


def _set_reminder(todo: Todo, told: dict[str, Element], data: Element, zone: ZoneInfo) -> None:
    """Write the first alarm that is shown; further ones are none of a phone's business."""
    if "Tasks:ReminderSet" not in told and "Tasks:ReminderTime" not in told:
        return
    known = stored.reminder(todo, zone)
    wanted = number(data, "Tasks:ReminderSet", 0, 1)
    text = (data.text_of("Tasks:ReminderTime") or "").strip()
    when = moments.parse("Tasks:ReminderTime", text) if text else None
    if wanted == 0:
        if known is not None:
            todo.subcomponents = [each for each in todo.subcomponents if each is not known[0]]
        return
    if when is None or (known is not None and known[1] == when):
        return
    if known is None:
        alarm = Alarm()
        alarm.add("ACTION", "DISPLAY")
        alarm.add("DESCRIPTION", str(todo.get("SUMMARY", "")) or "Reminder")
        todo.add_component(alarm)
    else:
        alarm = known[0]
    alarm.pop("TRIGGER", None)
    alarm.add("TRIGGER", when, parameters={"VALUE": "DATE-TIME"})


def _number(told: Element, highest: int) -> int | None:
    return number(Element(show.DATA, [told]), told.tag, 0, highest)
