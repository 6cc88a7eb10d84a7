"""What a phone has changed of a contact, written to the card that is stored."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, time
from email.utils import parseaddr
from typing import TYPE_CHECKING

from fermoposta.activesync.map import body, moments, vcard
from fermoposta.activesync.map.contacts import show, slots
from fermoposta.activesync.map.content import with_removed
from fermoposta.activesync.map.errors import MalformedError
from fermoposta.activesync.map.vcard import Line, escape
from fermoposta.activesync.wbxml.text import clean

if TYPE_CHECKING:
    from collections.abc import Collection
    from zoneinfo import ZoneInfo

    from fermoposta.activesync.wbxml.element import Element

_NAMING = ("Title", "FirstName", "MiddleName", "LastName", "Suffix")
_PICTURE_BYTES_MAX = 4_000_000


def from_element(
    data: Element,
    now: datetime,
    zone: ZoneInfo,
    *,
    uid: str,
    existing: bytes | None = None,
    removes: Collection[str] = (),
) -> bytes:
    """
    Return the card in *existing* with what *data* says, or a new one that is named *uid*.

    What *data* leaves out stays, but for the tags of *removes*. Days that come as midnights of
    *zone* are days there. Raises MapError where *data* can't be understood.
    """
    lines = _new(uid) if existing is None else vcard.parse(existing)
    shown = show.show(lines, body.plain)
    told = {
        child.tag: child
        for child in with_removed(data, removes).elements
        if shown.find(child.tag) != child and (child.children or shown.find(child.tag))
    }
    before = list(lines)
    called = _name(lines)
    _set_slots(lines, told)
    for tag, names in show.DATES.items():
        if tag in told:
            _set_date(lines, names, told[tag], zone)
    if body.TAG in told and (text := body.text_of(told[body.TAG])) is not None:
        at = show.first(lines, ("NOTE",))
        if at is None or not body.same(text, lines[at].text):
            _set(lines, at, "NOTE", escape(clean(text)))
    if show.PICTURE in told:
        _set_picture(lines, told[show.PICTURE].text)
    if show.CATEGORIES in told:
        _set_categories(lines, told[show.CATEGORIES])
    if existing is not None and lines == before:
        return existing
    _set_formatted_name(lines, called)
    _set(lines, show.first(lines, ("REV",)), "REV", f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    return vcard.write(lines)


def _new(uid: str) -> list[Line]:
    return [Line("VERSION", "3.0"), Line("UID", escape(uid)), Line("N", ";;;;"), Line("FN", "")]


def _set_slots(lines: list[Line], told: dict[str, Element]) -> None:
    """Write each text to the line that has its place, or to a new one."""
    places = slots.assign(lines)
    # Only afterwards: a second number would move up while others are looked for.
    emptied: set[int] = set()
    for slot in slots.ALL:
        if slot.tag not in told:
            continue
        text = clean(told[slot.tag].text).strip()
        if slot.name == "EMAIL":
            text = parseaddr(text)[1] or text
        if slot.tag == "Contacts:FileAs" and text == show.formatted_name(lines):
            text = ""
        at = places.get(slot.tag)
        if slot.part is not None:
            at = _set_part(lines, at, slot, text)
        elif text:
            _set(lines, at, slot.name, _spelt(lines, at, slot, text), slot.types)
        if at is not None and slot.name != "N" and (not text or slot.part is not None):
            emptied.add(at)
    for line in [lines[at] for at in emptied]:
        if "ADR" != line.name != "ORG" or not line.value.strip(" ;"):
            _remove(lines, line)


def _spelt(lines: list[Line], at: int | None, slot: slots.Slot, text: str) -> str:
    """Return *text* as its property has it: some are addresses with a scheme."""
    old = "" if at is None else lines[at].value.strip().lower()
    if slot.name == "TEL" and old.startswith("tel:"):
        return f"tel:{escape(text)}"
    if slot.name == "IMPP" and (at is None or lines[at].name == "IMPP") and ":" not in text:
        return f"xmpp:{escape(text)}"
    return escape(text)


def _set_part(lines: list[Line], at: int | None, slot: slots.Slot, text: str) -> int | None:
    """Write one text of a structured value, and leave the others; return where it is."""
    if at is None:
        at = next((place for place, each in enumerate(lines) if _fits(each, slot, lines)), None)
    parts = [] if at is None else vcard.split(lines[at].value, ";")
    parts += [""] * (slots.PARTS[slot.name] - len(parts))
    parts[slot.part or 0] = escape(text)
    value = ";".join(parts)
    if at is not None:
        lines[at] = lines[at].with_value(value)
    elif text:
        _set(lines, None, slot.name, value, slot.types)
        at = len(lines) - 1
    return at


def _fits(line: Line, slot: slots.Slot, lines: list[Line]) -> bool:
    """Tell whether *line* has room for *slot*: it is empty, or made just now for its kind."""
    if line.name != slot.name or not line.types >= set(slot.types):
        return False
    return not line.value.strip(" ;") or slots.assign(lines).get(slot.tag) == lines.index(line)


def _set(
    lines: list[Line], at: int | None, name: str, value: str, types: tuple[str, ...] = ()
) -> None:
    """Write *value* to the line at *at*, or to a new one; an empty one is removed."""
    if at is not None and value:
        lines[at] = lines[at].with_value(value)
    elif at is not None:
        _remove(lines, lines[at])
    elif value:
        parameters = (("TYPE", types),) if types else ()
        lines.append(Line(name, value, parameters))


def _remove(lines: list[Line], line: Line) -> None:
    """Remove *line*, and what only labels it."""
    group = line.group
    lines[:] = [each for each in lines if each is not line]
    rest = [each for each in lines if group and each.group == group]
    if all(each.name.startswith("X-AB") for each in rest):
        lines[:] = [each for each in lines if each not in rest]


def _set_date(lines: list[Line], names: tuple[str, ...], told: Element, zone: ZoneInfo) -> None:
    at = show.first(lines, names)
    value = ""
    if told.text.strip():
        moment = moments.parse(told.tag, told.text)
        local = moment.astimezone(zone)
        day = local.date() if local.time() == time() else moment.date()
        value = f"{day:%Y%m%d}" if _is_4(lines) else f"{day:%Y-%m-%d}"
    name = names[0] if names[0] == "BDAY" or _is_4(lines) else names[1]
    _set(lines, at, name, value)


def _is_4(lines: list[Line]) -> bool:
    return any(line.name == "VERSION" and line.value.strip() == "4.0" for line in lines)


def _set_picture(lines: list[Line], text: str) -> None:
    picture = "".join(text.split())
    at = show.first(lines, ("PHOTO",))
    if len(picture) > _PICTURE_BYTES_MAX:
        raise MalformedError(show.PICTURE, f"is larger than {_PICTURE_BYTES_MAX} bytes")
    try:
        data = base64.b64decode(picture, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError(show.PICTURE, "is no base64") from error
    if at is not None:
        del lines[at]
    if not data:
        return
    kind = "PNG" if data.startswith(b"\x89PNG") else "GIF" if data.startswith(b"GIF8") else "JPEG"
    if _is_4(lines):
        lines.append(Line("PHOTO", f"data:image/{kind.lower()};base64,{picture}"))
    else:
        lines.append(Line("PHOTO", picture, (("ENCODING", ("b",)), ("TYPE", (kind,)))))


def _set_categories(lines: list[Line], told: Element) -> None:
    names = [clean(each.text).strip() for each in told.find_all("Contacts:Category")]
    wanted = list(dict.fromkeys(filter(None, names)))
    if wanted == show.categories_of(lines):
        return
    lines[:] = [line for line in lines if line.name != "CATEGORIES"]
    _set(lines, None, "CATEGORIES", ",".join(map(escape, wanted)))


def _name(lines: list[Line]) -> str:
    """Return the names of a person as they are spoken, or else the company."""
    texts = {child.name: child.text for child in show.show(lines, body.plain).elements}
    person = " ".join(texts[each] for each in _NAMING if each in texts)
    return person or texts.get("CompanyName", "") or texts.get("Email1Address", "")


def _set_formatted_name(lines: list[Line], called: str) -> None:
    """Let FN follow the names where it was made of them; there must be one (RFC 6350, 6.2.1)."""
    at = next((at for at, line in enumerate(lines) if line.name == "FN"), None)
    name = _name(lines)
    if at is None:
        lines.append(Line("FN", escape(name)))
    elif lines[at].text.strip() in {"", called} and name != called:
        lines[at] = lines[at].with_value(escape(name))
