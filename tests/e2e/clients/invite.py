"""Invitations as calendar programs send them, and what stands in a resource's calendar."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from clients.mail import compose, token

if TYPE_CHECKING:
    from email.message import EmailMessage

    from clients.shell import Shell

MONDAY = datetime(2030, 1, 7, 9, tzinfo=UTC)
"""Far enough for no demo event to be in the way."""
_DAYS = 2900
"""SOGo's times end in January 2038."""
_steps = itertools.count(random.randrange(_DAYS), 41)  # noqa: S311
"""From some day on, in steps that never come within weeks of an earlier one: for series."""

ASK = """
import sys, httpx
secret = open("/etc/fermoposta/calendar.secret").read().strip()
method, url, depth = sys.argv[1:4]
body = '''<c:calendar-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:prop>
<d:getetag/><c:calendar-data/></d:prop><c:filter><c:comp-filter name="VCALENDAR">
<c:comp-filter name="VEVENT"/></c:comp-filter></c:filter></c:calendar-query>'''
headers = {"Depth": depth, "Content-Type": "text/xml"}
answer = httpx.request(method, url, headers=headers, auth=("fermoposta-agent", secret),
                       content=body if method == "REPORT" else "", timeout=60)
print(answer.status_code)
print(answer.text)
"""


@dataclass(frozen=True)
class Event:
    """An event that a program invites to."""

    uid: str
    start: datetime = MONDAY
    hours: int = 1
    sequence: int = 0
    lines: tuple[str, ...] = ()
    start_line: str = ""
    summary: str = ""

    def ical(self, organizer: str, attendee: str, method: str = "REQUEST") -> str:
        """Return the iTIP message."""
        start = self.start_line or f"DTSTART:{self.start:%Y%m%dT%H%M%SZ}"
        lines = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//client.test//Calendar//EN",
            f"METHOD:{method}",
            "BEGIN:VEVENT",
            f"UID:{self.uid}",
            f"DTSTAMP:{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
            f"SEQUENCE:{self.sequence}",
            start,
            f"DURATION:PT{self.hours}H",
            f"SUMMARY:{self.summary or self.uid}",
            f"ORGANIZER;CN=Olga:mailto:{organizer}",
            f"ATTENDEE;CUTYPE=RESOURCE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{attendee}",
            *self.lines,
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
        return "\r\n".join(lines)


def event(**fields: object) -> Event:
    """Return an event that is no other test's, at a time that is none's either."""
    days = next(_steps) % _DAYS
    return Event(token(), **{"start": MONDAY + timedelta(days=days), **fields})  # type: ignore[arg-type]


def invitation(what: Event, organizer: str, attendee: str, method: str = "REQUEST") -> EmailMessage:
    """Return the mail as Google's and Apple's programs build it: three parts, and a file."""
    message = compose(organizer, attendee, f"Invitation: {what.uid}")
    content = what.ical(organizer, attendee, method)
    message.add_alternative(content, subtype="calendar", params={"method": method})
    message.add_attachment(
        content.encode(), maintype="application", subtype="ics", filename="invite.ics"
    )
    return message


def outlook(what: Event, organizer: str, attendee: str) -> EmailMessage:
    """Return the mail as Outlook builds it: the calendar part alone, in base64."""
    message = compose(organizer, attendee, what.uid)
    message.clear_content()
    content = what.ical(organizer, attendee)
    message.set_content(content, subtype="calendar", params={"method": "REQUEST"}, cte="base64")
    return message


@dataclass(frozen=True)
class Calendars:
    """Resources' calendars, as the agent sees them."""

    shell: Shell

    def objects(self, address: str) -> str:
        """Return all events of an address."""
        url = f"http://127.0.0.1:20001/SOGo/dav/{address}/Calendar/personal/"
        python = "/opt/fermoposta/venv/bin/python"
        text = self.shell.run(python, "-", "REPORT", url, "1", stdin=ASK)
        status, _, body = text.partition("\n")
        assert status == "207", text
        return body

    def find(self, address: str, uid: str) -> str:
        """Return the event with a UID, "" where there is none or it is cancelled."""
        for found in re.findall(
            r"BEGIN:VCALENDAR.*?END:VCALENDAR", self.objects(address), re.DOTALL
        ):
            if f"UID:{uid}" in found and "STATUS:CANCELLED" not in found:
                return found.replace("\r\n ", "").replace("\n ", "")
        return ""
