"""What chaos is about: mail, appointments, tasks, contacts, notes, each with a word of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from icalendar import Calendar, vText

from fermoposta.activesync.wbxml import Element

TASKS, CALENDAR, CONTACTS, NOTES = 7, 8, 9, 10
THINGS = (TASKS, CALENDAR, CONTACTS, NOTES)

_EVENT = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//test//EN\r
BEGIN:VEVENT\r
UID:{token}\r
DTSTAMP:20261101T080000Z\r
DTSTART:{start}\r
DTEND:{end}\r
SUMMARY:{token} v{version}\r
LOCATION:dav\r
END:VEVENT\r
END:VCALENDAR\r
"""
_TASK = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//test//EN\r
BEGIN:VTODO\r
UID:{token}\r
DTSTAMP:20261101T080000Z\r
SUMMARY:{token} v{version}\r
END:VTODO\r
END:VCALENDAR\r
"""
_CARD = """BEGIN:VCARD\r
VERSION:3.0\r
UID:{token}\r
N:v{version};{token};;;\r
FN:{token} v{version}\r
END:VCARD\r
"""


@dataclass(frozen=True)
class Kind:
    """How a kind is written at the DAV server."""

    template: str
    suffix: str

    def made(self, token: str, version: int) -> tuple[str, bytes]:
        """Return name and content of a new one."""
        start, end = times(version)
        content = self.template.format(token=token, version=version, start=start, end=end)
        return f"{token}{self.suffix}", content.encode()

    def changed(self, content: bytes, token: str, version: int) -> bytes:
        """Return it with another version, in its title and in its times."""
        if self.suffix == ".vcf":
            return self.made(token, version)[1]
        calendar = Calendar.from_ical(content)
        (part,) = calendar.walk("VEVENT") or calendar.walk("VTODO")
        part["SUMMARY"] = vText(f"{token} v{version}")
        if part.name == "VEVENT":
            for name, text in zip(("DTSTART", "DTEND"), times(version), strict=True):
                del part[name]
                at = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
                part.add(name, at)
        return bytes(calendar.to_ical())

    def row(self, content: bytes) -> tuple[str, int, str]:
        """Return word, version, and when it is."""
        if self.suffix == ".vcf":
            found = re.search(r"^N:v(\d+);(\w+)", content.decode(), re.MULTILINE)
            assert found, content
            return found[2], int(found[1]), ""
        calendar = Calendar.from_ical(content)
        (part,) = calendar.walk("VEVENT") or calendar.walk("VTODO")
        token, _, version = str(part["SUMMARY"]).partition(" v")
        at = ""
        if part.name == "VEVENT":
            at = part["DTSTART"].dt.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        return token, int(version), at


KINDS = {
    TASKS: Kind(_TASK, ".ics"),
    CALENDAR: Kind(_EVENT, ".ics"),
    CONTACTS: Kind(_CARD, ".vcf"),
}


def times(version: int) -> tuple[str, str]:
    """Return start and end of an appointment: each version has its own."""
    day, minute = 3 + version // 60 % 20, version % 60
    return f"202611{day:02}T08{minute:02}00Z", f"202611{day:02}T09{minute:02}00Z"


def thing_data(kind: int, token: str, version: int) -> Element:
    """Return one as a phone writes it, whole."""
    start, end = times(version)
    match kind:
        case 8:
            fields = [
                ("Calendar:Subject", f"{token} v{version}"),
                ("Calendar:StartTime", start),
                ("Calendar:EndTime", end),
                ("Calendar:AllDayEvent", "0"),
            ]
        case 7:
            fields = [("Tasks:Subject", f"{token} v{version}"), ("Tasks:Complete", "0")]
        case 9:
            fields = [
                ("Contacts:FirstName", token),
                ("Contacts:LastName", f"v{version}"),
                ("Contacts:FileAs", f"{token} v{version}"),
            ]
        case _:
            fields = [
                ("Notes:Subject", f"{token} v{version}"),
                ("Notes:MessageClass", "IPM.StickyNote"),
            ]
    return Element("AirSync:ApplicationData", [Element(tag, text) for tag, text in fields])


def thing_row(kind: int, data: Element) -> tuple[str, int, str]:
    """Return word, version, and when it is, as a phone has it."""
    if kind == CONTACTS:
        token, version = data.text_of("Contacts:FirstName"), data.text_of("Contacts:LastName")
        return token or "", int((version or "v0")[1:]), ""
    tag = {TASKS: "Tasks:Subject", CALENDAR: "Calendar:Subject", NOTES: "Notes:Subject"}[kind]
    token, _, version = (data.text_of(tag) or "").partition(" v")
    at = (data.text_of("Calendar:StartTime") or "") if kind == CALENDAR else ""
    return token, int(version or 0), at


def mail_row(data: Element, version: str, *, texts: bool) -> tuple:
    """Return what a phone shows of a mail."""
    flag = data.find("Email:Flag")
    flagged = flag is not None and (flag.text_of("Email:Status") or "") == "2"
    told = data.find("Email:Categories")
    names = [each.text for each in told.find_all("Email:Category")] if told is not None else []
    categories = () if version == "12.1" else tuple(sorted(names))
    text = (data.text_of("AirSyncBase:Body", "AirSyncBase:Data") or "").strip() if texts else ""
    # Of a draft that it has written itself a phone needn't be told that it is read.
    read = (data.text_of("Email:Read") or str(int(texts))) == "1"
    return data.text_of("Email:Subject") or "", read, flagged, categories, text


def letter(
    subject: str, *, sender: str = "carl@outside.test", to: str = "ada@example.org"
) -> bytes:
    """Return a mail."""
    return (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n"
        f"Date: Mon, 2 Nov 2026 08:00:00 +0100\r\nMessage-ID: <{subject}@chaos.test>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        f"The text of {subject}.\r\n"
    ).encode()
