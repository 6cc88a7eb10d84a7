"""The mail that tells the organiser (RFC 5546, sections 3.2.3 and 3.2.7; RFC 6047)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.utils import formataddr
from typing import TYPE_CHECKING

from icalendar import Calendar, Event

from fermoposta.activesync.compose.letter import Letter, address_of, field
from fermoposta.activesync.compose.write import calendar_part, multipart, text_part
from fermoposta.activesync.map.calendar import people
from fermoposta.activesync.map.calendar.series import set_times
from fermoposta.activesync.meetings import words
from fermoposta.activesync.meetings.answer import Outcome, Response, attendee
from fermoposta.booking.props import prop

if TYPE_CHECKING:
    from datetime import date

    from fermoposta.activesync.map.owner import Owner

_PRODUCT = "-//fermoposta//activesync//EN"
_COPIED = (
    "UID",
    "SEQUENCE",
    "RECURRENCE-ID",
    "DTSTART",
    "DTEND",
    "DURATION",
    "RRULE",
    "SUMMARY",
    "LOCATION",
    "ORGANIZER",
)
_LONGEST_COMMENT = 10_000
_PLAIN = re.compile(r"[^\s@<>()\[\],;:\\\"]+@[^\s@<>()\[\],;:\\\"]+")
"""An address that can be read in one way only; an invitation is a stranger's words."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the user says beside the answer."""

    comment: str = ""
    proposed: tuple[datetime, datetime] | None = None
    """Another time."""


def organiser_of(outcome: Outcome) -> str:
    """Return whom to tell, "" where nobody can be written to."""
    chief = people.organiser(outcome.events[0])
    address = "" if chief is None else people.address(chief)
    return address if _PLAIN.fullmatch(address) and address.isprintable() else ""


def mail(
    outcome: Outcome,
    owner: Owner,
    response: Response,
    said: Said,
    *,
    language: str,
    now: datetime,
) -> bytes:
    """Return the mail, without the fields that all mail gets."""
    event = outcome.events[0]
    proposed = said.proposed is not None
    name = owner.name or owner.address
    text = said.comment.strip() or words.text(name, response, language, proposed=proposed)
    title = words.subject(str(event.get("SUMMARY", "")), response, language, proposed=proposed)
    method = "COUNTER" if proposed else "REPLY"
    content = bytes(itip(outcome, owner, response, said, now).to_ical())
    fields = (
        field(b"from", address_of(owner)),
        field(b"to", _person(event)),
        field(b"subject", title if title.isascii() else Header(title, "utf-8").encode()),
        field(b"mime-version", "1.0"),
    )
    parts = [text_part(text, "plain"), calendar_part(content, method)]
    return bytes(Letter(fields, multipart("alternative", parts)))


def itip(outcome: Outcome, owner: Owner, response: Response, said: Said, now: datetime) -> Calendar:
    """Return the REPLY, or the COUNTER where another time is proposed."""
    found = Calendar()
    found.add("PRODID", _PRODUCT)
    found.add("VERSION", "2.0")
    found.add("METHOD", "COUNTER" if said.proposed else "REPLY")
    for zone in outcome.calendar.walk("VTIMEZONE"):
        found.add_component(zone)
    for each in outcome.events:
        event = Event()
        for name in _COPIED:
            if name in each and (name != "RRULE" or said.proposed):
                event.add(name, each[name], encode=False)
        event.add("DTSTAMP", now.astimezone(UTC))
        guest = attendee(each, owner)
        guest.params["PARTSTAT"] = response.name
        event.add("ATTENDEE", guest, encode=False)
        if said.comment.strip():
            event.add("COMMENT", said.comment.strip()[:_LONGEST_COMMENT])
        if said.proposed is not None:
            _propose(event, *said.proposed)
        found.add_component(event)
    return found


def _propose(event: Event, start: datetime, end: datetime) -> None:
    """Write another time, and beside it the one that it was to be, as Outlook looks for it."""
    before: date = event.start
    event.add("X-MS-OLK-ORIGINALSTART", _compact(before))
    event.add("X-MS-OLK-ORIGINALEND", _compact(event.end))
    zone = before.tzinfo if isinstance(before, datetime) else None
    set_times(event, start.astimezone(zone or UTC), end.astimezone(zone or UTC))


def _compact(value: date) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return f"{value:%Y%m%d}"


def _person(event: Event) -> str:
    chief = prop(event, "ORGANIZER")
    address = people.address(chief)
    name = " ".join(people.name(chief).split())
    try:
        return formataddr(("" if name == address else name, address))
    except UnicodeError:  # an address in other letters has no other spelling (RFC 6531)
        return address
