"""
Who organises a meeting and who is asked to come (MS-ASCAL, sections 2.2.2.3 to 2.2.2.6, 2.2.2.28).

Who has answered what is iTIP's to say: a phone that sends a meeting back changes nobody's answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from icalendar import vCalAddress

from fermoposta.activesync.map.calendar.series import put
from fermoposta.activesync.map.content import leaf, number
from fermoposta.activesync.wbxml.element import Element
from fermoposta.booking.props import prop, props

if TYPE_CHECKING:
    from icalendar import Event

    from fermoposta.activesync.map.owner import Owner

MEETING, RECEIVED, CANCELLED = 1, 2, 4
"""The bits of a MeetingStatus."""
_STATUS = {"TENTATIVE": 2, "ACCEPTED": 3, "DECLINED": 4, "NEEDS-ACTION": 5}
_PARTSTAT = {2: "TENTATIVE", 3: "ACCEPTED", 4: "DECLINED"}
_RESPONSE = {"TENTATIVE": 2, "ACCEPTED": 3, "DECLINED": 4}
_ORGANISER, _NOT_RESPONDED = 1, 5
_REQUIRED, _OPTIONAL, _RESOURCE = 1, 2, 3
_THINGS = frozenset({"RESOURCE", "ROOM"})


def address(person: object) -> str:
    """Return the mail address of an ATTENDEE or ORGANIZER, "" where it has none."""
    text = str(person).strip()
    return text[7:].strip() if text[:7].lower() == "mailto:" else ""


def name(person: vCalAddress) -> str:
    """Return what a person is called, the address where nothing else is known."""
    return str(person.params.get("CN", "")).strip() or address(person)


def organiser(event: Event) -> vCalAddress | None:
    """Return who has called the meeting, where that is known."""
    found = prop(event, "ORGANIZER")
    return found if found is not None and address(found) else None


def guests(event: Event) -> list[vCalAddress]:
    """Return who can be written to of those who are asked; the organiser needs no asking."""
    chief = organiser(event)
    host = "" if chief is None else address(chief).lower()
    return [each for each in props(event, "ATTENDEE") if address(each).lower() not in {"", host}]


def received(event: Event, owner: Owner) -> bool:
    """Tell whether it is somebody else's meeting."""
    chief = organiser(event)
    return chief is not None and not owner.is_at(address(chief))


def meeting_status(event: Event, owner: Owner) -> int:
    """Return whether it is a meeting, of whom, and whether it is called off."""
    others = received(event, owner)
    if not guests(event) and not others:
        return 0
    off = str(event.get("STATUS", "")).upper() == "CANCELLED"
    return MEETING + RECEIVED * others + CANCELLED * off


def response_type(event: Event, owner: Owner) -> int:
    """Return what the owner has answered (MS-ASCAL, section 2.2.2.40)."""
    if not meeting_status(event, owner):
        return 0
    if not received(event, owner):
        return _ORGANISER
    for guest in guests(event):
        if owner.is_at(address(guest)):
            return _RESPONSE.get(str(guest.params.get("PARTSTAT", "")).upper(), _NOT_RESPONDED)
    return _NOT_RESPONDED


def asks_for_response(event: Event) -> bool:
    """Tell whether any guest shall answer."""
    return any(str(each.params.get("RSVP", "")).upper() == "TRUE" for each in guests(event))


def attendees(event: Event) -> Element | None:
    """Return the guests, where there are any."""
    found = [
        Element(
            "Calendar:Attendee",
            [
                leaf("Calendar:Email", address(guest)),
                leaf("Calendar:Name", name(guest)),
                leaf(
                    "Calendar:AttendeeStatus",
                    _STATUS.get(str(guest.params.get("PARTSTAT", "NEEDS-ACTION")).upper(), 0),
                ),
                leaf("Calendar:AttendeeType", _type(guest)),
            ],
        )
        for guest in guests(event)
    ]
    return Element("Calendar:Attendees", found) if found else None


def set_attendees(event: Event, data: Element, owner: Owner, *, answers: bool) -> None:
    """
    Ask those in *data*, and nobody else; who was asked before keeps what is known of them.

    With *answers*, what it says of the answers of new guests holds: a meeting may come from another
    calendar. Only the organiser decides who is asked.
    """
    if received(event, owner):
        return
    known = {address(each).lower(): each for each in guests(event)}
    kept = [each for each in props(event, "ATTENDEE") if each not in known.values()]
    for told in data.find_all("Calendar:Attendee"):
        mail = (told.text_of("Calendar:Email") or "").strip()
        if not mail:
            continue
        guest = known.get(mail.lower())
        if guest is None:
            guest = _asked(mail, told, answers=answers)
        _set_name(guest, told)
        _set_type(guest, number(told, "Calendar:AttendeeType", 0, 3))
        if guest not in kept:
            kept.append(guest)
    event.pop("ATTENDEE", None)
    for each in kept:
        event.add("ATTENDEE", each, encode=False)
    if guests(event) and organiser(event) is None:
        set_organiser(event, owner.address, owner.name)


def set_organiser(event: Event, mail: str, called: str) -> None:
    """Make *mail* the organiser, *called* so; what else is known of them is kept."""
    person = organiser(event)
    if person is None or address(person).lower() != mail.lower():
        person = vCalAddress(f"mailto:{mail}")
        put(event, "ORGANIZER", person)
        person = prop(event, "ORGANIZER")
    if called and called != mail:
        person.params["CN"] = called


def invite_anew(event: Event, owner: Owner) -> None:
    """Count a change of time that the guests of *owner* must hear of (RFC 5545, 3.8.7.4)."""
    if guests(event) and not received(event, owner):
        put(event, "SEQUENCE", int(prop(event, "SEQUENCE") or 0) + 1)


def _asked(mail: str, told: Element, *, answers: bool) -> vCalAddress:
    guest = vCalAddress(f"mailto:{mail}")
    status = number(told, "Calendar:AttendeeStatus", 0, 5) or 0
    known = _PARTSTAT.get(status) if answers else None
    guest.params["PARTSTAT"] = known or "NEEDS-ACTION"
    guest.params["RSVP"] = "TRUE"
    return guest


def _set_name(guest: vCalAddress, told: Element) -> None:
    called = (told.text_of("Calendar:Name") or "").strip()
    if called and called != name(guest):
        guest.params["CN"] = called


def _type(guest: vCalAddress) -> int:
    if str(guest.params.get("CUTYPE", "")).upper() in _THINGS:
        return _RESOURCE
    role = str(guest.params.get("ROLE", "REQ-PARTICIPANT")).upper()
    return _OPTIONAL if role in {"OPT-PARTICIPANT", "NON-PARTICIPANT"} else _REQUIRED


def _set_type(guest: vCalAddress, kind: int | None) -> None:
    if kind in {None, 0, _type(guest)}:
        return
    if _type(guest) == _RESOURCE:
        guest.params.pop("CUTYPE", None)
    if kind == _RESOURCE:
        guest.params["CUTYPE"] = "RESOURCE"
    guest.params["ROLE"] = "OPT-PARTICIPANT" if kind == _OPTIONAL else "REQ-PARTICIPANT"
