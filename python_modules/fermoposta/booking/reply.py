"""Make the REPLY to an invitation (RFC 5546, section 3.2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from icalendar import Calendar, Event, vCalAddress
from icalendar.prop.inline import vInline

from fermoposta.booking.calendar import events, mailto
from fermoposta.booking.props import prop, props

if TYPE_CHECKING:
    from collections.abc import Collection

    from fermoposta.booking.words import Reason

_COPIED = (
    "UID",
    "SEQUENCE",
    "RECURRENCE-ID",
    "DTSTART",
    "DTEND",
    "DURATION",
    "SUMMARY",
    "LOCATION",
    "ORGANIZER",
)


@dataclass(frozen=True, slots=True)
class Reply:
    """
    What the resource says, and to whom.

    *calendar* is the iTIP message, None where the invitation could not be read: then it is a
    letter to whoever wrote (*to* is empty).
    """

    accepted: bool
    reason: Reason
    to: str = ""
    summary: str = ""
    calendar: Calendar | None = None


def itip(
    message: Calendar,
    owner: Collection[str],
    *,
    name: str,
    accepted: bool,
    now: datetime,
    comment: str,
    bare: bool = False,
) -> Calendar:
    """
    Return the REPLY to *message* of the attendee who has the addresses *owner*.

    A *bare* one names the event, and carries no words of whoever wrote the message.
    """
    found = Calendar()
    found.add("PRODID", "-//Fermoposta//Booking//EN")
    found.add("VERSION", "2.0")
    found.add("METHOD", "REPLY")
    for zone in [] if bare else message.walk("VTIMEZONE"):
        found.add_component(zone)
    parts = events(message)
    whole = [each for each in parts if "RECURRENCE-ID" not in each]
    for part in whole or parts:
        event = _named(part) if bare else _copied(part)
        event.add("DTSTAMP", now)
        event.add("ATTENDEE", _attendee(message, owner, name, accepted=accepted), encode=False)
        # RFC 5546, section 3.6
        event["REQUEST-STATUS"] = vInline("2.0;Success" if accepted else "4.0;Event conflict")
        event.add("COMMENT", comment)
        found.add_component(event)
    return found


def _copied(part: Event) -> Event:
    event = Event()
    for each in _COPIED:
        if each in part:
            event.add(each, part[each], encode=False)
    return event


def _named(part: Event) -> Event:
    """Return what tells which event *part* is: names of zones, too, are words."""
    event = Event()
    for each in ("UID", "SEQUENCE"):
        if each in part:
            event.add(each, part[each], encode=False)
    event.add("ORGANIZER", vCalAddress(str(part["ORGANIZER"])), encode=False)
    if (instance := prop(part, "RECURRENCE-ID")) is not None:
        when = instance.dt
        event.add("RECURRENCE-ID", when.astimezone(UTC) if isinstance(when, datetime) else when)
    return event


def _attendee(
    message: Calendar, owner: Collection[str], name: str, *, accepted: bool
) -> vCalAddress:
    """Return the attendee as the organizer wrote it, with the answer."""
    written = next(
        str(each)
        for part in events(message)
        for each in attendees(part)
        if plain(mailto(each)) in owner
    )
    attendee = vCalAddress(written)
    attendee.params["CN"] = name
    attendee.params["PARTSTAT"] = "ACCEPTED" if accepted else "DECLINED"
    return attendee


def attendees(event: Event) -> list[vCalAddress]:
    """Return who is invited to *event*."""
    return props(event, "ATTENDEE")


def plain(address: str) -> str:
    """Return *address* without the detail behind a ``+`` (RFC 5233)."""
    local, at, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"
