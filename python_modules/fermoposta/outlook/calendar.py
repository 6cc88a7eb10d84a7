"""Appointments and tasks as iCalendar (MS-OXCICAL, RFC 5545)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, Todo, vCalAddress, vRecur, vText

from fermoposta.outlook.properties import (
    APPOINTMENT,
    BODY,
    COMMON,
    IMPORTANCE,
    MEETING,
    MODIFIED,
    SENSITIVITY,
    SUBJECT,
    TASK,
    Bag,
)
from fermoposta.outlook.recurrence import Exceptional, Recurrence, read
from fermoposta.outlook.zones import WINDOWS

if TYPE_CHECKING:
    from collections.abc import Iterator

_START, _END = (APPOINTMENT, 0x820D), (APPOINTMENT, 0x820E)
_LOCATION, _BUSY, _ALL_DAY = (APPOINTMENT, 0x8208), (APPOINTMENT, 0x8205), (APPOINTMENT, 0x8215)
_RECURRENCE, _STATE = (APPOINTMENT, 0x8216), (APPOINTMENT, 0x8217)
_ZONES = ((APPOINTMENT, 0x825E), (APPOINTMENT, 0x8260), (APPOINTMENT, 0x825F))
_GLOBAL_ID, _CLEAN_GLOBAL_ID = (MEETING, 0x0003), (MEETING, 0x0023)
_REMINDER, _REMINDER_BEFORE = (COMMON, 0x8503), (COMMON, 0x8501)
_DUE, _BEGIN, _DONE_ON = (TASK, 0x8105), (TASK, 0x8104), (TASK, 0x810F)
_STATUS, _PERCENT, _TASK_RECURRENCE = (TASK, 0x8101), (TASK, 0x8102), (TASK, 0x8116)
_CLASSES = {1: "PRIVATE", 2: "PRIVATE", 3: "CONFIDENTIAL"}
_PRIORITIES = {0: 9, 2: 1}
_TASK_STATES = {1: "IN-PROCESS", 2: "COMPLETED"}
_MEETING, _CANCELLED = 1, 4
_FREE, _OUT_OF_OFFICE = 0, 3
_FOREIGN = b"vCal-Uid\x01\0\0\0"
_PRODUCT = "-//Fermoposta//import//EN"


class NotConvertibleError(ValueError):
    """An object lacks what it can't be without; the message says what."""


def of_appointment(bag: Bag, zone: str) -> bytes:
    """
    Return the calendar object of an appointment; *zone* is for times that name none.

    Raises NotConvertibleError.
    """
    start, end = bag.moment(_START, 0x0060), bag.moment(_END, 0x0061)
    if start is None:
        raise NotConvertibleError("the appointment has no start")
    end = max(end or start, start)
    local = _zone(bag, zone)
    event = Event()
    uid = _uid(bag)
    _common(event, bag, uid)
    all_day = bag.flag(_ALL_DAY)
    _times(event, start.astimezone(local), end.astimezone(local), all_day=all_day)
    if place := bag.text(_LOCATION):
        event.add("location", place)
    event.add("transp", "TRANSPARENT" if bag.number(_BUSY, 2) == _FREE else "OPAQUE")
    if bag.number(_BUSY, 2) == _OUT_OF_OFFICE:
        event.add("x-microsoft-cdo-busystatus", "OOF")
    _people(event, bag)
    if bag.flag(_REMINDER):
        _alarm(event, bag.number(_REMINDER_BEFORE, 15))
    parts = [event]
    octets = bag.octets(_RECURRENCE)
    if octets:
        found = read(octets)
        _repeat(event, found, start.astimezone(local), all_day=all_day)
        parts += _exceptions(found, bag, uid, local, all_day=all_day)
    return _calendar(parts)


def of_task(bag: Bag, zone: str) -> bytes:
    """Return the calendar object of a task."""
    todo = Todo()
    _common(todo, bag, _uid(bag))
    local = ZoneInfo(zone)
    for name, key in (("dtstart", _BEGIN), ("due", _DUE)):
        if found := bag.moment(key):
            todo.add(name, found.date())  # a day, kept as midnight
    percent = bag.values.get(_PERCENT)
    if isinstance(percent, float) and percent > 0:
        todo.add("percent-complete", min(round(percent * 100), 100))
    status = _TASK_STATES.get(bag.number(_STATUS), "NEEDS-ACTION")
    todo.add("status", status)
    if status == "COMPLETED":
        done = bag.moment(_DONE_ON, MODIFIED) or datetime.now(UTC)
        todo.add("completed", done)
    octets = bag.octets(_TASK_RECURRENCE)
    due = bag.moment(_BEGIN, _DUE)
    if octets and due:
        _repeat(todo, read(octets, task=True), due.astimezone(local), all_day=True)
        if "dtstart" not in todo:
            todo.add("dtstart", due.date())
    return _calendar([todo])


def uid_of_global_id(octets: bytes) -> str:
    """Return the UID that stands in a GlobalObjectId (MS-OXCICAL, section 2.1.3.1.1.20.26)."""
    length = int.from_bytes(octets[36:40], "little")
    data = octets[40 : 40 + length]
    if data.startswith(_FOREIGN):
        return data[len(_FOREIGN) :].rstrip(b"\0").decode(errors="replace")
    return octets.hex().upper()


def _uid(bag: Bag) -> str:
    octets = bag.octets(_CLEAN_GLOBAL_ID) or bag.octets(_GLOBAL_ID)
    return uid_of_global_id(octets) if len(octets) > 40 else f"{bag.id}@outlook.import.invalid"


def _common(part: Event | Todo, bag: Bag, uid: str) -> None:
    part.add("uid", uid)
    part.add("dtstamp", bag.moment(MODIFIED) or datetime(2000, 1, 1, tzinfo=UTC))
    if text := bag.text(SUBJECT, 0x0070):
        part.add("summary", text)
    if text := bag.text(BODY):
        part.add("description", text.replace("\r\n", "\n"))
    if found := _CLASSES.get(bag.number(SENSITIVITY)):
        part.add("class", found)
    if priority := _PRIORITIES.get(bag.number(IMPORTANCE, 1)):
        part.add("priority", priority)
    if bag.categories:
        part.add("categories", list(bag.categories))


def _times(event: Event, start: datetime, end: datetime, *, all_day: bool) -> None:
    if all_day:
        first, last = _day(start), _day(end)
        event.add("dtstart", first)
        event.add("dtend", max(last, first + timedelta(days=1)))
    else:
        event.add("dtstart", start)
        event.add("dtend", end)


def _day(moment: datetime) -> date:
    """Return the day that begins at *moment*, or next to it: it may be of another time zone."""
    return (moment + timedelta(hours=12)).date() if moment.hour >= 12 else moment.date()


def _people(event: Event, bag: Bag) -> None:
    if not bag.number(_STATE) & _MEETING:
        return
    organiser = bag.text(0x5D02, 0x5D01, 0x0065, 0x0C1F)
    if "@" in organiser:
        event.add("organizer", _person(organiser, bag.text(0x0042, 0x0C1A)))
    if bag.number(_STATE) & _CANCELLED:
        event.add("status", "CANCELLED")
    for each in bag.recipients:
        if "@" not in each.address or each.address.lower() == organiser.lower():
            continue
        person = _person(each.address, each.name)
        person.params["ROLE"] = vText("REQ-PARTICIPANT" if each.kind == 1 else "OPT-PARTICIPANT")
        event.add("attendee", person)


def _person(address: str, name: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{address}")
    if name and name != address:
        person.params["CN"] = vText(re.sub(r"[\"\x00-\x1f]", "'", name))
    return person


def _alarm(event: Event, minutes: int) -> None:
    if not 0 <= minutes <= 10 * 365 * 24 * 60:
        return
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", "Reminder")
    alarm.add("trigger", timedelta(minutes=-minutes))
    event.add_component(alarm)


def _repeat(part: Event | Todo, found: Recurrence, start: datetime, *, all_day: bool) -> None:
    rule = dict(found.rule)
    if "bymonth" in rule:
        rule["bymonth"] = start.month
    until = rule.get("until")
    if isinstance(until, datetime):
        last = datetime.combine(until.date(), start.timetz().replace(tzinfo=None))
        rule["until"] = (
            until.date() if all_day else last.replace(tzinfo=start.tzinfo).astimezone(UTC)
        )
    part.add("rrule", vRecur(rule))
    for day in found.deleted:
        if all_day:
            part.add("exdate", day.date(), parameters={"VALUE": "DATE"})
        else:
            at = datetime.combine(day.date(), time()) + timedelta(minutes=found.start_minutes)
            part.add("exdate", at.replace(tzinfo=start.tzinfo))


def _exceptions(
    found: Recurrence, bag: Bag, uid: str, zone: ZoneInfo, *, all_day: bool
) -> Iterator[Event]:
    for each in found.exceptions:
        event = Event()
        _common(event, bag, uid)
        _people(event, bag)
        _override(event, each)
        _times(
            event, each.start.replace(tzinfo=zone), each.end.replace(tzinfo=zone), all_day=all_day
        )
        original: date = each.original.date() if all_day else each.original.replace(tzinfo=zone)
        event.add("recurrence-id", original)
        if "location" not in event and (place := bag.text(_LOCATION)):
            event.add("location", place)
        yield event


def _override(event: Event, each: Exceptional) -> None:
    if each.subject:
        event.pop("summary", None)
        event.add("summary", each.subject)
    if each.location:
        event.add("location", each.location)


def _zone(bag: Bag, otherwise: str) -> ZoneInfo:
    """Return the zone for Windows' name in PidLidAppointmentTimeZoneDefinition…."""
    for key in _ZONES:
        octets = bag.octets(key)
        if len(octets) > 8:
            length = int.from_bytes(octets[6:8], "little")
            name = octets[8 : 8 + 2 * length].decode("utf-16-le", "replace")
            if name in WINDOWS:
                return ZoneInfo(WINDOWS[name])
    return ZoneInfo(otherwise)


def _calendar(parts: list[Event] | list[Todo]) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    for part in parts:
        calendar.add_component(part)
    calendar.add_missing_timezones()
    octets: bytes = calendar.to_ical()
    return octets
