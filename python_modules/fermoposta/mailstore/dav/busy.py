"""Free/busy times of many people in one request (RFC 5546 section 3.3.2, RFC 6638 section 5)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fermoposta.mailstore.groupware import Busy

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Iterable, Iterator

_CALDAV = "{urn:ietf:params:xml:ns:caldav}"
_ADDRESS = re.compile(r"[^\s\x00-\x1f\x7f\"<>,:;@]+@[^\s\x00-\x1f\x7f\"<>,:;@]+")
_PERIOD = re.compile(r"(\d{8}T\d{6}Z)/(\d{8}T\d{6}Z)")
_LINE = re.compile(r"FREEBUSY([^:]*):(.*)", re.IGNORECASE)
_TYPE = re.compile(r";FBTYPE=\"?([A-Z-]+)", re.IGNORECASE)
_KINDS = {"BUSY", "BUSY-TENTATIVE", "BUSY-UNAVAILABLE"}
_LONGEST = 60
"""Characters, so that no line is longer than RFC 5545, section 3.1 has it."""


def is_address(text: str) -> bool:
    """Tell whether *text* can be asked for; what isn't an address would be a line of its own."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def question(asker: str, people: Iterable[str], start: datetime, end: datetime) -> str:
    """Return what *asker* posts to find out when *people* are busy."""
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Fermoposta//EN", "METHOD:REQUEST"),
        *("BEGIN:VFREEBUSY", "UID:free-busy", f"DTSTAMP:{_stamp(start)}"),
        *(f"DTSTART:{_stamp(start)}", f"DTEND:{_stamp(end)}", f"ORGANIZER:mailto:{asker}"),
        *(f"ATTENDEE:mailto:{each}" for each in people),
        *("END:VFREEBUSY", "END:VCALENDAR", ""),
    ]
    return "\r\n".join(_folded(lines))


def answer(tree: ET.Element) -> dict[str, list[Busy]]:
    """Return when each is busy, by the address in small letters; unknown people are left out."""
    found = {}
    for part in tree.iter(f"{_CALDAV}response"):
        who = part.findtext(f"{_CALDAV}recipient") or ""
        status = part.findtext(f"{_CALDAV}request-status") or ""
        data = part.findtext(f"{_CALDAV}calendar-data")
        if status.startswith("2.") and data is not None:
            found[who.strip().lower().removeprefix("mailto:")] = sorted(
                _times(data), key=lambda busy: (busy.start, busy.end)
            )
    return found


def _times(data: str) -> Iterator[Busy]:
    unfolded = re.sub(r"\r?\n[ \t]", "", data)
    for line in unfolded.splitlines():
        if match := _LINE.fullmatch(line.strip()):
            kind = _TYPE.search(match[1])
            name = kind[1].upper() if kind else "BUSY"
            if name == "FREE":
                continue
            for start, end in _PERIOD.findall(match[2]):
                yield Busy(_time(start), _time(end), name if name in _KINDS else "BUSY")


def _folded(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield line[:_LONGEST]
        for at in range(_LONGEST, len(line), _LONGEST):
            yield f" {line[at : at + _LONGEST]}"


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
