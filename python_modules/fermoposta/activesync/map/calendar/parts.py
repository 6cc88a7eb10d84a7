"""What a phone says of an appointment, written to it: one function for each element."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icalendar import vGeo

from fermoposta.activesync.map import body
from fermoposta.activesync.map.calendar import alarms, attachments, people, show
from fermoposta.activesync.map.calendar.series import put
from fermoposta.activesync.map.content import number
from fermoposta.activesync.map.errors import MalformedError, quoted
from fermoposta.activesync.wbxml.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from icalendar import Event

    from fermoposta.activesync.map.calendar.show import View
    from fermoposta.activesync.wbxml.element import Element

_LONGEST_REMINDER = 99_999_999
_BUSY_NAMES = {number: name for name, number in show.BUSY.items()}
_CLASSES = {number: name for name, number in show.SENSITIVITY.items()}
_ADDRESS = ("Street", "City", "State", "PostalCode", "Country")


def apply(event: Event, told: Mapping[str, Element], view: View) -> None:
    """Write what is *told* to *event*; its times and its recurrence aren't among it."""
    for tag, setter in _SETTERS.items():
        if tag in told:
            setter(event, told[tag], view)


def _subject(event: Event, told: Element, view: View) -> None:
    del view
    put(event, "SUMMARY", clean(told.text))


def _location(event: Event, told: Element, view: View) -> None:
    del view
    put(event, "LOCATION", clean(told.text))


def _place(event: Event, told: Element, view: View) -> None:
    """Write a place's name and point; of one without a name, its address is the name."""
    del view
    lines = [told.text_of(f"AirSyncBase:{name}") or "" for name in _ADDRESS]
    name = told.text_of("AirSyncBase:DisplayName") or ", ".join(filter(None, lines))
    put(event, "LOCATION", clean(name))
    point = [
        (told.text_of(f"AirSyncBase:{name}") or "").strip() for name in ("Latitude", "Longitude")
    ]
    if not all(point):
        event.pop("GEO", None)
        return
    try:
        put(event, "GEO", vGeo((float(point[0]), float(point[1]))))
    except ValueError as error:
        raise MalformedError("AirSyncBase:Latitude", f"{quoted(point[0])} is none") from error


def _body(event: Event, told: Element, view: View) -> None:
    del view
    text = body.text_of(told)
    if text is not None and not body.same(text, str(event.get("DESCRIPTION", ""))):
        put(event, "DESCRIPTION", clean(text))
        # The same text as HTML, for Outlook: it is no longer the same.
        event.pop("X-ALT-DESC", None)


def _sensitivity(event: Event, told: Element, view: View) -> None:
    del view
    value = number(told_in(told), told.tag, 0, 3) or 0
    if value != show.sensitivity(event):
        put(event, "CLASS", _CLASSES[value])


def _busy(event: Event, told: Element, view: View) -> None:
    del view
    value = number(told_in(told), told.tag, 0, 4)
    if value is None or value == show.busy_status(event):
        return
    free = value not in _BUSY_NAMES or value == show.BUSY["FREE"]
    put(event, "TRANSP", "TRANSPARENT" if free else "OPAQUE")
    put(event, "X-MICROSOFT-CDO-BUSYSTATUS", _BUSY_NAMES.get(value, "WORKINGELSEWHERE"))


def _reminder(event: Event, told: Element, view: View) -> None:
    value = number(told_in(told), told.tag, 0, _LONGEST_REMINDER)
    alarms.set_minutes(event, value, view.zone)


def _categories(event: Event, told: Element, view: View) -> None:
    del view
    names = [clean(each.text) for each in told.find_all("Calendar:Category") if each.text]
    if names != show.categories(event):
        put(event, "CATEGORIES", names or None)


def _attendees(event: Event, told: Element, view: View) -> None:
    people.set_attendees(event, told, view.owner, answers=not view.since("16.0"))


def _organiser(event: Event, told: Element, view: View) -> None:
    """Let a phone name the organiser of a meeting that has none; from 16.0 it must not."""
    mail = told.text.strip()
    if mail and not view.since("16.0") and people.organiser(event) is None:
        people.set_organiser(event, clean(mail), "")


def _organisers_name(event: Event, told: Element, view: View) -> None:
    chief = people.organiser(event)
    if chief is not None and not view.since("16.0") and not people.received(event, view.owner):
        people.set_organiser(event, people.address(chief), clean(told.text.strip()))


def _status(event: Event, told: Element, view: View) -> None:
    """Call a meeting of the owner's off, or on again."""
    value = number(told_in(told), told.tag, 0, 15) or 0
    was = people.meeting_status(event, view.owner)
    if people.received(event, view.owner) or not was:
        return
    if value & people.CANCELLED and not was & people.CANCELLED:
        put(event, "STATUS", "CANCELLED")
    elif was & people.CANCELLED and not value & people.CANCELLED:
        put(event, "STATUS", "CONFIRMED")


def _response_requested(event: Event, told: Element, view: View) -> None:
    if people.received(event, view.owner):
        return
    wanted = bool(number(told_in(told), told.tag, 0, 1))
    if wanted != people.asks_for_response(event):
        for guest in people.guests(event):
            guest.params["RSVP"] = "TRUE" if wanted else "FALSE"


def _no_proposals(event: Event, told: Element, view: View) -> None:
    if not people.received(event, view.owner):
        closed = bool(number(told_in(told), told.tag, 0, 1))
        was = str(event.get("X-MICROSOFT-DISALLOW-COUNTER", "")).upper() == "TRUE"
        if closed != was:
            put(event, "X-MICROSOFT-DISALLOW-COUNTER", "TRUE" if closed else None)


def told_in(told: Element) -> Element:
    """Return an element around *told*, as numbers are looked for in one."""
    return type(told)(show.DATA, [told])


_SETTERS: dict[str, Callable[[Event, Element, View], None]] = {
    "Calendar:Subject": _subject,
    "Calendar:Location": _location,
    "AirSyncBase:Location": _place,
    body.TAG: _body,
    attachments.TAG: attachments.apply,
    "Calendar:Sensitivity": _sensitivity,
    "Calendar:BusyStatus": _busy,
    "Calendar:Reminder": _reminder,
    "Calendar:Categories": _categories,
    # Who organises is known before who is asked, and what is asked of them behind.
    "Calendar:OrganizerEmail": _organiser,
    "Calendar:OrganizerName": _organisers_name,
    "Calendar:Attendees": _attendees,
    "Calendar:MeetingStatus": _status,
    "Calendar:ResponseRequested": _response_requested,
    "Calendar:DisallowNewTimeProposal": _no_proposals,
}
