"""A contact as vCard 3.0 (MS-OXVCARD, RFC 2426)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from icalendar import vText
from icalendar.parser import Contentline

from fermoposta.outlook.properties import ADDRESS, BODY, DISPLAY_NAME, SUBJECT, Bag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.outlook.properties import Key

_PHONES: tuple[tuple[int, str], ...] = (
    (0x3A08, "WORK,VOICE"), (0x3A1B, "WORK,VOICE"), (0x3A09, "HOME,VOICE"), (0x3A2F, "HOME,VOICE"),
    (0x3A1C, "CELL"), (0x3A24, "WORK,FAX"), (0x3A25, "HOME,FAX"), (0x3A21, "PAGER"),
    (0x3A1E, "CAR"), (0x3A1F, "VOICE"),
)  # fmt: skip
_EMAILS = ((ADDRESS, 0x8083), (ADDRESS, 0x8093), (ADDRESS, 0x80A3))
_PLACES: tuple[tuple[str, tuple[Key, ...]], ...] = (
    ("WORK", tuple((ADDRESS, lid) for lid in (0x8045, 0x8046, 0x8047, 0x8048, 0x8049))),
    ("HOME", (0x3A5D, 0x3A59, 0x3A5C, 0x3A5B, 0x3A5A)),
    ("POSTAL", (0x3A63, 0x3A5F, 0x3A62, 0x3A61, 0x3A60)),
)
"""Street, town, region, code and country of each address."""
_PAGES = (0x3A51, 0x3A50)
_BIRTHDAY, _ANNIVERSARY = 0x3A42, 0x3A41
_PICTURE = "contactpicture.jpg"


def of_contact(bag: Bag) -> bytes:
    """Return the vCard of *bag*; its UID is the object's own id."""
    lines = ["BEGIN:VCARD", "VERSION:3.0", *_lines(bag), "END:VCARD"]
    return b"".join(_folded(line) + b"\r\n" for line in lines)


def _lines(bag: Bag) -> Iterator[str]:
    yield f"UID:{bag.id}"
    yield from _names(bag)
    for name, key in (("TITLE", 0x3A17), ("NICKNAME", 0x3A4F), ("NOTE", BODY)):
        if text := bag.text(key):
            yield f"{name}:{_escaped(text)}"
    for email in _emails(bag):
        yield f"EMAIL;TYPE=INTERNET:{email}"
    yield from _reached(bag)
    for name, day in (("BDAY", _BIRTHDAY), ("X-ANNIVERSARY", _ANNIVERSARY)):
        if found := bag.moment(day):
            yield f"{name}:{found:%Y-%m-%d}"
    if bag.categories:
        yield f"CATEGORIES:{','.join(map(_escaped, bag.categories))}"
    for attachment in bag.attachments:
        if attachment.name.lower() == _PICTURE:
            picture = base64.b64encode(attachment.content).decode()
            yield f"PHOTO;ENCODING=b;TYPE=JPEG:{picture}"


def _emails(bag: Bag) -> list[str]:
    return [text for key in _EMAILS if "@" in (text := bag.text(key))]


def _names(bag: Bag) -> Iterator[str]:
    names = [bag.text(key) for key in (0x3A11, 0x3A06, 0x3A44, 0x3A45, 0x3A05)]
    company, department = bag.text(0x3A16), bag.text(0x3A18)
    called = bag.text(DISPLAY_NAME, SUBJECT) or company or next(iter(_emails(bag)), "?")
    yield f"FN:{_escaped(called)}"
    yield f"N:{';'.join(map(_escaped, names if any(names) else [called, '', '', '', '']))}"
    if company or department:
        yield f"ORG:{_escaped(company)};{_escaped(department)}".rstrip(";")


def _reached(bag: Bag) -> Iterator[str]:
    """Yield telephones, addresses and pages."""
    for phone, kind in _PHONES:
        if text := bag.text(phone):
            yield f"TEL;TYPE={kind}:{_escaped(text)}"
    for kind, keys in _PLACES:
        parts = [bag.text(key) for key in keys]
        if any(parts):
            yield f"ADR;TYPE={kind}:;;{';'.join(map(_escaped, parts))}"
    for page in _PAGES:
        if text := bag.text(page):
            yield f"URL:{text}"


def _folded(line: str) -> bytes:
    folded: bytes = Contentline(line).to_ical()  # type: ignore[no-untyped-call]
    return folded


def _escaped(text: str) -> str:
    return vText(text.replace("\r\n", "\n")).to_ical().decode()
