"""Invitations as programs write them, and a room to send them to."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from fermoposta.booking import Resource, Stored, answer

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ROME = ZoneInfo("Europe/Rome")
ORGANIZER = "organizer@agency.test"
ROOM = "room@example.org"
AT_NINE = ("DTSTART;TZID=Europe/Rome:20261201T090000", "DTEND;TZID=Europe/Rome:20261201T100000")


def room(**fields):
    known = {
        "address": ROOM,
        "addresses": frozenset({ROOM, "meeting@example.org"}),
        "name": "Sala",
        "language": "it",
        "multiple_bookings": 1,
        "zone": ROME,
    }
    return Resource(**{**known, **fields})


def event(
    *lines, uid="one", sequence=0, stamp="20261101T080000Z", organizer=ORGANIZER, attendee=ROOM
):
    return (
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{stamp}",
        f"SEQUENCE:{sequence}",
        f"ORGANIZER;CN=Olga:mailto:{organizer}",
        f"ATTENDEE;CN=Sala;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{attendee}",
        "SUMMARY:Riunione",
        *lines,
        "END:VEVENT",
    )


def message(*parts, method="REQUEST"):
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//client.test//EN", f"METHOD:{method}")
    return "\r\n".join([*lines, *parts, "END:VCALENDAR", ""]).encode()


def invitation(*lines, method="REQUEST", **fields):
    return message(*event(*lines, **fields), method=method)


class Calendar:
    """The calendar of a room, which keeps what is stored in it."""

    def __init__(self, *objects, **fields):
        self.room = room(**fields)
        self.objects = {f"{n}.ics": content for n, content in enumerate(objects)}

    def stored(self):
        return [Stored(name, "e", content) for name, content in self.objects.items()]

    def answer(self, content, *, writers=(ORGANIZER,), now=NOW):
        outcome = answer(content, self.room, self.stored(), writers=writers, now=now)
        if outcome.content is not None:
            name = outcome.stored.name if outcome.stored else f"{outcome.uid}.ics"
            self.objects[name] = outcome.content
        return outcome
