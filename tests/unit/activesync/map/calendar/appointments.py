"""Appointments as a calendar server has them, and as a phone of whichever version sends them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from fermoposta.activesync.map.owner import Owner
from fermoposta.activesync.wbxml import Element

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ADA = Owner("ada@example.org", ZoneInfo("Europe/Berlin"), "Ada", frozenset({"a.l@example.org"}))
BOB = Owner("bob@example.org", ZoneInfo("Europe/Berlin"), "Bob")
VERSIONS = ("12.1", "14.0", "14.1", "16.0", "16.1")


def ical(*events):
    """A calendar object; each event is its lines without BEGIN and END."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//EN"]
    for event in events:
        lines += ["BEGIN:VEVENT", *event.strip().splitlines(), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


SERIES = """
UID:standup@example.org
DTSTAMP:20261001T120000Z
DTSTART;TZID=Europe/Berlin:20261102T090000
DTEND;TZID=Europe/Berlin:20261102T100000
RRULE:FREQ=WEEKLY;BYDAY=MO
EXDATE;TZID=Europe/Berlin:20261116T090000
SUMMARY:Standup
LOCATION:Room 1
X-COLOUR:teal
ATTACH:https://example.org/agenda.pdf
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:Standup
TRIGGER:-PT15M
END:VALARM
BEGIN:VALARM
ACTION:EMAIL
DESCRIPTION:Standup
SUMMARY:Standup
TRIGGER:-P1D
END:VALARM
"""
MOVED = """
UID:standup@example.org
DTSTAMP:20261001T120000Z
RECURRENCE-ID;TZID=Europe/Berlin:20261109T090000
DTSTART;TZID=Europe/Berlin:20261110T110000
DTEND;TZID=Europe/Berlin:20261110T120000
SUMMARY:Standup
LOCATION:Room 1
X-COLOUR:red
"""
WEEKLY = ical(SERIES, MOVED)
MEETING = ical("""
UID:meeting@example.org
DTSTAMP:20261001T120000Z
DTSTART;TZID=Europe/Berlin:20261102T090000
DURATION:PT1H
SUMMARY:Budget
ORGANIZER;CN=Ada:mailto:ada@example.org
ATTENDEE;CN=Ada;PARTSTAT=ACCEPTED:mailto:ada@example.org
ATTENDEE;CN=Bob;PARTSTAT=TENTATIVE;RSVP=TRUE;X-NUM-GUESTS=2:mailto:bob@example.org
ATTENDEE;ROLE=OPT-PARTICIPANT:mailto:cy@example.org
ATTENDEE;CN=Beamer;CUTYPE=RESOURCE;PARTSTAT=ACCEPTED:mailto:beamer@example.org
ATTENDEE;CN=Nobody:urn:uuid:4711
""")
ALL_DAY = ical("""
UID:fair@example.org
DTSTAMP:20261001T120000Z
DTSTART;VALUE=DATE:20260701
DTEND;VALUE=DATE:20260703
SUMMARY:Fair
TRANSP:TRANSPARENT
""")


def el(tag, *children):
    """An element of the calendar's namespace, unless another is named."""
    name = tag if ":" in tag else f"Calendar:{tag}"
    inside = [child if isinstance(child, Element) else str(child) for child in children]
    return Element(name, inside)


def app(*children):
    return Element("AirSync:ApplicationData", children)


def without(data, *tags):
    return app(*(child for child in data.elements if child.name not in tags))


def swap(data, *changed):
    """*data* with the elements *changed* instead of its own."""
    return app(*without(data, *(child.name for child in changed)).elements, *changed)
