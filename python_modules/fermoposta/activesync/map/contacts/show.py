"""A vCard as the ApplicationData of a contact."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import date
from typing import TYPE_CHECKING

from fermoposta.activesync.map import body, vcard
from fermoposta.activesync.map.contacts import slots
from fermoposta.activesync.map.content import leaf
from fermoposta.activesync.wbxml.element import Element

if TYPE_CHECKING:
    from fermoposta.activesync.map.body import Renderer
    from fermoposta.activesync.map.vcard import Line

DATA = "AirSync:ApplicationData"
DATES = {
    "Contacts:Birthday": ("BDAY",),
    "Contacts:Anniversary": ("ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY", "X-ANNIVERSARY"),
}
PICTURE, CATEGORIES = "Contacts:Picture", "Contacts:Categories"
_PICTURE_MAX = 48 * 1024
"""Characters of base64 (MS-ASCNTC, section 2.2.2.57); a larger one is not shown."""
_CATEGORIES_MAX = 300
_DATE = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?:T.*)?")
_NO_YEAR = "1604"
"""What Apple writes for a year that isn't known."""


def to_element(content: bytes, render: Renderer = body.plain) -> Element:
    """Return the card in *content*. Raises MapError where it can't be read."""
    return show(vcard.parse(content), render)


def show(lines: list[Line], render: Renderer) -> Element:
    """Return the card of *lines* as ApplicationData."""
    places = slots.assign(lines)
    found: list[Element | None] = []
    for slot in slots.ALL:
        text = ""
        if slot.tag in places:
            text = text_at(lines[places[slot.tag]], slot)
        elif slot.tag == "Contacts:FileAs":
            text = formatted_name(lines)
        found.append(leaf(slot.tag, text) if text.strip() else None)
    for tag, names in DATES.items():
        found.append(_date(lines, tag, names))
    note = first(lines, ("NOTE",))
    found += [
        _picture(lines),
        _categories(lines),
        None if note is None else render(lines[note].text),
    ]
    return Element(DATA, [each for each in found if each is not None])


def text_at(line: Line, slot: slots.Slot) -> str:
    """Return the text of *slot* in *line*."""
    if slot.part is not None:
        parts = line.parts()
        return parts[slot.part] if slot.part < len(parts) else ""
    if line.name == "TEL":
        return re.sub("^tel:", "", line.text.strip(), flags=re.IGNORECASE)
    if line.name == "IMPP":
        return re.sub("^xmpp:", "", line.text.strip(), flags=re.IGNORECASE)
    return line.text.strip()


def formatted_name(lines: list[Line]) -> str:
    """Return what the card as a whole is called."""
    at = first(lines, ("FN",))
    return "" if at is None else lines[at].text.strip()


def first(lines: list[Line], names: tuple[str, ...]) -> int | None:
    """Return where the first line is that has one of *names* and a value."""
    return next(
        (at for at, line in enumerate(lines) if line.name in names and line.value.strip()), None
    )


def picture_of(line: Line) -> str:
    """Return the picture in *line* in base64; "" where it isn't in it, or no phone can have it."""
    value = line.value.strip()
    if value[:5].lower() == "data:":
        kind, comma, value = value.partition(",")
        if not comma or not kind.lower().endswith(";base64"):
            return ""
    elif not {each.upper() for each in line.values("ENCODING")} & {"B", "BASE64"}:
        return ""
    value = "".join(value.split())
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return value if len(value) <= _PICTURE_MAX else ""


def categories_of(lines: list[Line]) -> list[str]:
    """Return the categories, each once."""
    names = [
        part.strip() for line in lines if line.name == "CATEGORIES" for part in line.parts(",")
    ]
    return list(dict.fromkeys(filter(None, names)))[:_CATEGORIES_MAX]


def _date(lines: list[Line], tag: str, names: tuple[str, ...]) -> Element | None:
    """Return a day as noon, UTC: it is this day wherever the phone is. Without a year, none."""
    at = first(lines, names)
    found = None if at is None else _DATE.fullmatch(lines[at].value.strip())
    if not found or found[1] == _NO_YEAR:
        return None
    try:
        day = date(*map(int, found.groups()))
    except ValueError:
        return None
    return leaf(tag, f"{day}T11:59:00.000Z")


def _picture(lines: list[Line]) -> Element | None:
    at = first(lines, ("PHOTO",))
    picture = "" if at is None else picture_of(lines[at])
    return leaf(PICTURE, picture) if picture else None


def _categories(lines: list[Line]) -> Element | None:
    found = [leaf("Contacts:Category", each) for each in categories_of(lines)]
    return Element(CATEGORIES, found) if found else None
