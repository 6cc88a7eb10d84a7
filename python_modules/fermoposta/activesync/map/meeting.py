"""
An invitation in a mail, as a phone is told of it (MeetingRequest, MS-ASEMAIL, section 2.2.2.48).

In the order of the schema, which is a sequence here; by version:

* 14.0 has DisallowNewTimeProposal, and CalendarType in a recurrence;
* 14.1 has MeetingMessageType, and FirstDayOfWeek;
* 16.0 has the place as an object, and the UID itself instead of GlobalObjId;
* 16.1 has the time that somebody else proposes.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from fermoposta.activesync.map import body, global_id, moments, recurrence, timezone
from fermoposta.activesync.map.calendar import alarms, people, show
from fermoposta.activesync.map.calendar.series import guarded, start_of
from fermoposta.activesync.map.content import leaf
from fermoposta.activesync.map.errors import InexpressibleError, MalformedError
from fermoposta.activesync.map.mail.charsets import text_of
from fermoposta.activesync.map.mail.envelope import Address
from fermoposta.activesync.wbxml.element import Element
from fermoposta.booking.calendar import Unreadable, events, received
from fermoposta.booking.props import prop, props

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from icalendar import Event

    from fermoposta.activesync.map.owner import Owner

TOLD = frozenset({"REQUEST", "CANCEL", "COUNTER"})
"""The methods of iTIP (RFC 5546) that a phone is told of so; an answer is a mail like any other."""
SINGLE, SERIES, EXCEPTION = 0, 1, 3
"""InstanceType (section 2.2.2.39)."""
_NO_TYPE, _FIRST, _UPDATE = 0, 1, 2
"""MeetingMessageType (section 2.2.2.47)."""
_LONGEST_PLACE = 32_768
_REMINDER_MAX = 65_535
_RECURRENCE = (
    "Type",
    "Interval",
    "Until",
    "Occurrences",
    "WeekOfMonth",
    "DayOfMonth",
    "DayOfWeek",
    "MonthOfYear",
    "CalendarType",
    "FirstDayOfWeek",
)
"""In the order of the schema, which is not that of an appointment."""
_OF_EMAIL2 = {"CalendarType", "FirstDayOfWeek"}


@guarded()
def meeting_request(
    content: bytes, version: str, owner: Owner, now: datetime, *, method: str = ""
) -> Element | None:
    """
    Return the invitation that is *content* for a device that speaks *version*.

    None where a phone is not told of it. *method* is what the part's header says (RFC 6047), which
    counts where the content says nothing. Raises MapError where it can't be read.
    """
    try:
        calendar = received(_in_utf_8(content), owner.zone)
    except Unreadable as error:
        raise MalformedError("iCalendar", str(error)) from error
    said = str(calendar.get("METHOD", "") or method).strip().upper()
    found = events(calendar)
    if said not in TOLD or not found:
        return None
    view = show.View(version, owner, body.plain, _zone(found[0], owner))
    return Element("Email:MeetingRequest", list(_children(found[0], view, now, said)))


def partstat(content: bytes, owner: Owner) -> str:
    """Return what an answer (REPLY) says, "" where *content* is none, or can't be read."""
    try:
        calendar = received(_in_utf_8(content), owner.zone)
    except Unreadable:
        return ""
    said = [
        str(each.params.get("PARTSTAT", "")).upper()
        for event in events(calendar)
        for each in props(event, "ATTENDEE")
    ]
    return said[0] if said and str(calendar.get("METHOD", "")).upper() == "REPLY" else ""


def _in_utf_8(content: bytes) -> bytes:
    """Return what a part holds in UTF-8, as it ought to (RFC 5545, section 3.1.4)."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return text_of(content, "cp1252").encode()
    return content


def _children(event: Event, view: show.View, now: datetime, method: str) -> Iterator[Element]:
    start = start_of(event)
    all_day = not isinstance(start, datetime)
    rule = _rule(event, view)
    instance = prop(event, "RECURRENCE-ID")
    yield leaf("Email:AllDayEvent", int(all_day))
    yield leaf("Email:StartTime", _moment(start, view))
    yield leaf("Email:DtStamp", moments.dashed(_stamp(event, now)))
    yield leaf("Email:EndTime", _moment(event.end, view))
    kind = EXCEPTION if instance is not None else SERIES if rule is not None else SINGLE
    yield leaf("Email:InstanceType", kind)
    yield from _place(event, view)
    chief = people.organiser(event)
    if chief is not None:
        name, address = people.name(chief), people.address(chief)
        yield leaf("Email:Organizer", str(Address("" if name == address else name, address)))
    if instance is not None:
        yield leaf("Email:RecurrenceId", _moment(instance.dt, view))
    minutes = alarms.minutes(event, view.zone)
    if minutes is not None and minutes * 60 <= _REMINDER_MAX:
        # In seconds here (section 2.2.2.63), other than in an appointment.
        yield leaf("Email:Reminder", minutes * 60)
    yield leaf("Email:ResponseRequested", int(method == "REQUEST" and _asks(event, view.owner)))
    if rule is not None:
        yield Element("Email:Recurrences", [rule])
    yield leaf("Email:Sensitivity", show.sensitivity(event))
    yield leaf("Email:BusyStatus", show.busy_status(event))
    on = max(_day(start), now.date()) if rule is not None else _day(start)
    yield leaf("Email:TimeZone", timezone.encode(view.zone, on))
    yield from _named(event, view, method)


def _named(event: Event, view: show.View, method: str) -> Iterator[Element]:
    """Yield what names the meeting, on either side of what 14.0 and 14.1 have added."""
    uid = str(event["UID"])
    if not view.since("16.0"):
        instance = prop(event, "RECURRENCE-ID")
        day = None if instance is None else _day(instance.dt)
        yield leaf("Email:GlobalObjId", global_id.encode(uid, day))
    if view.since("14.0"):
        closed = str(event.get("X-MICROSOFT-DISALLOW-COUNTER", "")).upper() == "TRUE"
        yield leaf("Email:DisallowNewTimeProposal", int(closed))
    if view.since("14.1"):
        first = _UPDATE if int(event.get("SEQUENCE", 0)) else _FIRST
        yield leaf("Email2:MeetingMessageType", first if method == "REQUEST" else _NO_TYPE)
    if view.since("16.0"):
        if len(uid) > show.LONGEST_UID:
            raise InexpressibleError("UID", f"has more than {show.LONGEST_UID} characters")
        yield leaf("Calendar:UID", uid)
    if view.since("16.1") and method == "COUNTER":
        yield leaf("MeetingResponse:ProposedStartTime", view.moment(event.start))
        yield leaf("MeetingResponse:ProposedEndTime", view.moment(event.end))


def _rule(event: Event, view: show.View) -> Element | None:
    """Return the recurrence; of one that no phone knows, the first time stands for all."""
    rule = prop(event, "RRULE")
    if rule is None:
        return None
    try:
        pattern = recurrence.pattern(rule, start_of(event), view.zone)
    except InexpressibleError:
        return None
    told = recurrence.element(pattern, "Calendar", view.version)
    there = {each.name: each.text for each in told.elements}
    return Element(
        "Email:Recurrence",
        [
            leaf(f"{'Email2' if name in _OF_EMAIL2 else 'Email'}:{name}", there[name])
            for name in _RECURRENCE
            if name in there
        ],
    )


def _place(event: Event, view: show.View) -> Iterator[Element]:
    found = show.place(event, view)
    if found is None:
        return
    if view.since("16.0"):
        yield found
    else:
        yield leaf("Email:Location", found.text[:_LONGEST_PLACE])


def _asks(event: Event, owner: Owner) -> bool:
    """Tell whether *owner* shall answer; whom the invitation doesn't name, a list has invited."""
    mine = [each for each in people.guests(event) if owner.is_at(people.address(each))]
    if not mine:
        return people.asks_for_response(event)
    return any(str(each.params.get("RSVP", "")).upper() == "TRUE" for each in mine)


def _zone(event: Event, owner: Owner) -> tzinfo:
    start = start_of(event)
    if isinstance(start, datetime) and start.tzinfo is not None and start.tzinfo != UTC:
        return start.tzinfo
    return owner.zone


def _moment(value: date, view: show.View) -> str:
    """Return a time, or the midnight in the invitation's zone with which a day begins."""
    if isinstance(value, datetime):
        return moments.dashed(value)
    return moments.dashed(datetime.combine(value, time(), tzinfo=view.zone))


def _stamp(event: Event, now: datetime) -> datetime:
    value = getattr(prop(event, "DTSTAMP"), "dt", None)
    if not isinstance(value, datetime):
        return now
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _day(value: date) -> date:
    return date(value.year, value.month, value.day)
