"""Events (RFC 5545) and contacts (RFC 6350, in the older form 3.0 that every client reads)."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fermoposta_demo.content.topics import CONTACTS, EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta_demo.content.messages import Person


def events(owner: Person, *, now: datetime, seed: str = "fermoposta") -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each event: from a month ago to a month ahead."""
    rng = random.Random(f"{seed}/calendar/{owner.address}")  # noqa: S311 - chosen to be repeatable
    for number in range(24):
        title, place, hour, minutes, rule = EVENTS[number % len(EVENTS)]
        day = now + timedelta(days=rng.randint(-30, 30))
        start = day.replace(hour=hour, minute=0, second=0, microsecond=0)
        uid = f"demo-{number}-{owner.address.replace('@', '-')}"
        lines = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Fermoposta//Demo//EN",
            "BEGIN:VEVENT",
            f"UID:{uid}",
            f"DTSTAMP:{start:%Y%m%dT%H%M%SZ}",
            f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
            f"DTEND:{start + timedelta(minutes=minutes):%Y%m%dT%H%M%SZ}",
            f"SUMMARY:{title}",
            *([f"LOCATION:{place}"] if place else []),
            *([f"RRULE:{rule}"] if rule and number < len(EVENTS) else []),
            "END:VEVENT",
            "END:VCALENDAR",
        ]
        yield f"{uid}.ics", "\r\n".join(lines) + "\r\n"


def contacts(owner: Person) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each contact of an address book."""
    for number, (given, family, company, address, phone) in enumerate(CONTACTS):
        uid = f"demo-contact-{number}-{owner.address.replace('@', '-')}"
        lines = [
            "BEGIN:VCARD",
            "VERSION:3.0",
            f"UID:{uid}",
            f"N:{family};{given};;;",
            f"FN:{given} {family}",
            f"ORG:{company}",
            f"EMAIL;TYPE=WORK:{address}",
            f"TEL;TYPE=WORK:{phone}",
            "END:VCARD",
        ]
        yield f"{uid}.vcf", "\r\n".join(lines) + "\r\n"
