"""
Files that hang on an appointment, as a phone knows them from 16.0 on (MS-ASAIRS, section 2.2.2.8).

They are the ATTACHs that hold their content (RFC 5545, section 3.8.1.1). One that says where a file
is to be found is none of a phone's business, and stays.

A file is named after its name and its content. So what is added once more, because an answer got
lost, is there already; and what is taken away once more takes nothing else away.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from icalendar import vBinary

from fermoposta.activesync.map import filename
from fermoposta.activesync.map.calendar.aside import Files
from fermoposta.activesync.map.calendar.series import guarded, load
from fermoposta.activesync.map.content import leaf
from fermoposta.activesync.map.errors import MalformedError
from fermoposta.activesync.wbxml.element import Element
from fermoposta.activesync.wbxml.text import clean
from fermoposta.booking.props import props

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from icalendar import Event

    from fermoposta.activesync.map.calendar.aside import File
    from fermoposta.activesync.map.calendar.show import View
    from fermoposta.activesync.map.owner import Owner

TAG = "AirSyncBase:Attachments"
SINCE = "16.0"
_NORMAL = "1"
"""Method: a file (MS-ASAIRS, section 2.2.2.31)."""
_NAMES = ("FILENAME", "X-FILENAME", "X-ORACLE-FILENAME", "X-APPLE-FILENAME", "X-LABEL")
"""Parameters with a file's name: that of RFC 8607, section 4.2, and what came before it."""
_LONGEST_NAME = 255
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")
_ANY_TYPE = "application/octet-stream"
_AROUND_EQUALS = re.compile(r"\s*=\s*")


@dataclass(frozen=True, slots=True)
class Attached:
    """What a device is told of files; *reference* makes a FileReference of a file's key."""

    reference: Callable[[str], str]
    most: int
    """Bytes of an appointment with all its files; a device gets none that is larger."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file on an appointment; *key* names it among the others."""

    key: str
    name: str
    type: str
    file: File


def element(event: Event, view: View) -> Element | None:
    """Return the files of *event*; None where it has none, or the device can't have them."""
    attached = view.attached
    if attached is None or not view.since(SINCE):
        return None
    # The same file twice would be one name for two.
    each_once = {each.key: each for each in _all(event, view.files)}
    listed = [_element(each, attached.reference(key)) for key, each in each_once.items()]
    return Element(TAG, listed) if listed else None


def apply(event: Event, told: Element, view: View) -> None:
    """Take away and add the files that are *told*."""
    attached = view.attached
    if attached is None or not view.since(SINCE):
        return
    gone = {
        (each.text_of("AirSyncBase:FileReference") or "").strip()
        for each in told.find_all("AirSyncBase:Delete")
    }
    kept: list[object] = []
    there: set[str] = set()
    for each in props(event, "ATTACH"):
        known = _attachment(each, view.files)
        if known is None:
            kept.append(each)
        elif attached.reference(known.key) not in gone:
            kept.append(each)
            there.add(known.key)
    for name, type_, content, _ in _added(told):
        if key_of(name, content) not in there:
            there.add(key_of(name, content))
            kept.append(_property(name, type_, view.files.add(content)))
    event.pop("ATTACH", None)
    for attach in kept:
        event.add("ATTACH", attach)


def added_keys(data: Element) -> Iterator[tuple[str, str]]:
    """Yield ClientId and key of each file that *data* adds."""
    told = data.find(TAG)
    for name, _, content, client_id in () if told is None else _added(told):
        yield client_id, key_of(name, content)


@guarded()
def find(content: bytes, key: str, owner: Owner) -> Attachment | None:
    """Return the file *key* of the appointment in *content*; raises MapError."""
    files = Files()
    series = load(files.take(content), owner)
    for event in (series.master, *series.overrides):
        for each in _all(event, files):
            if each.key == key:
                return each
    return None


def key_of(name: str, content: bytes) -> str:
    """Return what names a file among those of an appointment: groups of digits."""
    return _key(name, hashlib.sha256(content).hexdigest())


def _key(name: str, digest: str) -> str:
    number = int(hashlib.sha256(f"{digest} {name}".encode()).hexdigest(), 16)
    digits = f"{number:020}"[-20:]
    return ".".join(digits[at : at + 4] for at in range(0, 20, 4))


def _all(event: Event, files: Files) -> list[Attachment]:
    found = (_attachment(each, files) for each in props(event, "ATTACH"))
    return [each for each in found if each is not None]


def _attachment(attach: object, files: Files) -> Attachment | None:
    """Return the file that *attach* holds; None where it holds none."""
    file = files.get(attach.bytes) if isinstance(attach, vBinary) else None
    if file is None or not isinstance(attach, vBinary):
        return None
    type_ = _type_of(str(attach.params.get("FMTTYPE", "")))
    said = (str(attach.params.get(each, "")) for each in _NAMES)
    name = next(filter(None, map(_name, said)), "")
    name = name or f"attachment{mimetypes.guess_extension(type_) or '.bin'}"
    return Attachment(_key(name, file.digest), name, type_, file)


def _element(attachment: Attachment, reference: str) -> Element:
    return Element(
        "AirSyncBase:Attachment",
        [
            leaf("AirSyncBase:DisplayName", attachment.name),
            leaf("AirSyncBase:FileReference", reference),
            leaf("AirSyncBase:Method", _NORMAL),
            leaf("AirSyncBase:EstimatedDataSize", attachment.file.size),
        ],
    )


def _added(told: Element) -> Iterator[tuple[str, str, bytes, str]]:
    """Yield name, type, content and ClientId of each file that is new; raises MalformedError."""
    for each in told.find_all("AirSyncBase:Add"):
        content = each.find("AirSyncBase:Content")
        if content is None:
            raise MalformedError("AirSyncBase:Add", "has no Content")
        method = (each.text_of("AirSyncBase:Method") or _NORMAL).strip()
        if method != _NORMAL:
            raise MalformedError("AirSyncBase:Method", "is no file's: an appointment takes those")
        if not content.data:
            # The calendar server drops it; that is no reason to refuse the appointment.
            continue
        yield (
            _name(each.text_of("AirSyncBase:DisplayName") or "") or "attachment.bin",
            _type_of(each.text_of("AirSyncBase:ContentType") or ""),
            content.data,
            (each.text_of("AirSyncBase:ClientId") or "").strip(),
        )


def _property(name: str, type_: str, file: File) -> vBinary:
    found = vBinary(file.mark)
    found.params["FMTTYPE"] = type_
    # Older programs know but the second.
    for each in _NAMES[:2]:
        found.params[each] = name
    return found


def _name(text: str) -> str:
    """Return a file's name without a path, in characters that a parameter can hold."""
    name = filename.plain(clean(text)).replace('"', "'")
    # Who reads iCalendar leniently takes no space around this sign for one of the value.
    name = _AROUND_EQUALS.sub("=", name)
    if len(name) <= _LONGEST_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    ending = f"{dot}{ending}" if stem and len(ending) < _LONGEST_NAME // 8 else ""
    return name[: _LONGEST_NAME - len(ending)].strip() + ending


def _type_of(text: str) -> str:
    found = text.strip().lower()
    return found if _TYPE.fullmatch(found) else _ANY_TYPE
