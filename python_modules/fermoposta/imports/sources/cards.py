"""Appointments and tasks in an ``.ics`` file (RFC 5545), contacts in a ``.vcf`` file (RFC 6350)."""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import TYPE_CHECKING

from fermoposta.imports.errors import ImportStoppedError
from fermoposta.imports.source import Folder, Item, Kind, Unreadable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

_NAMESPACE = uuid.UUID("5c1b4f0e-6c56-4d3b-8b0a-6f1d6f0a7f21")
_UID = re.compile(r"^UID(?:;[^:]*)?:(.*(?:\r?\n[ \t].*)*)", re.MULTILINE | re.IGNORECASE)
_TZID = re.compile(r"^TZID(?:;[^:]*)?:(.*)$", re.MULTILINE | re.IGNORECASE)
_OBJECTS = ("VEVENT", "VTODO")
_UNUSABLE = re.compile(r"[/+]|.{251}")
"""What the webmail would give another UID; then none would find its answers."""


class IcsSource:
    """A file of appointments and tasks; what has one UID is one item, with its exceptions."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def id(self) -> str:
        """Return where the file is."""
        return f"ics:{self._path}"

    def folders(self) -> Iterator[Folder]:
        """Yield the one calendar."""
        yield Folder((self._path.stem,), Kind.EVENT, id="ics")

    def items(self, folder: Folder, done: Collection[str]) -> Iterator[Item | Unreadable]:  # noqa: ARG002 - there is one
        """Yield the items, whose keys are their UIDs."""
        text = _text(self._path)
        yield from objects(text, done)
        yield from _not_in(done, unusable(text, _OBJECTS, ("VJOURNAL",)))

    def close(self) -> None:
        """Nothing is open."""


class VcfSource:
    """A file of contacts."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def id(self) -> str:
        """Return where the file is."""
        return f"vcf:{self._path}"

    def folders(self) -> Iterator[Folder]:
        """Yield the one address book."""
        yield Folder((self._path.stem,), Kind.CONTACT, id="vcf")

    def items(self, folder: Folder, done: Collection[str]) -> Iterator[Item | Unreadable]:  # noqa: ARG002 - there is one
        """Yield the contacts, whose keys are their UIDs; one without gets one of its content."""
        whole = _text(self._path)
        for text in components(whole, ("VCARD",)):
            uid = uid_of(text)
            key = uid or made_uid(text)
            if key not in done:
                yield Item(key, (text if uid else with_uid(text, key)).encode())
        yield from _not_in(done, unusable(whole, ("VCARD",)))

    def close(self) -> None:
        """Nothing is open."""


def objects(text: str, done: Collection[str]) -> Iterator[Item | Unreadable]:
    """Yield the objects of the calendar *text*, each by itself with the time zones of all."""
    zones = "".join(components(text, ("VTIMEZONE",)))
    groups: dict[str, list[str]] = {}
    for part in components(text, _OBJECTS):
        uid = uid_of(part)
        key = uid if uid and not _UNUSABLE.search(uid) else made_uid(uid or part)
        groups.setdefault(key, []).append(part if key == uid else with_uid(part, key))
    for key, parts in groups.items():
        if key in done:
            continue
        named = set(re.findall(r"TZID=\"?([^\":;]+)", "".join(parts)))
        used = "".join(zone for zone in components(zones, ("VTIMEZONE",)) if _zone(zone) in named)
        content = (
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Fermoposta//import//EN\r\n"
            f"{used}{''.join(parts)}END:VCALENDAR\r\n"
        )
        yield Item(key, content.encode())


def unusable(text: str, names: Iterable[str], others: Iterable[str] = ()) -> Iterator[Unreadable]:
    """Yield what of *text* is lost: a component that does not end, and *others*, of no use here."""
    for other in components(text, others):
        name = other.split("\r\n", 1)[0].removeprefix("BEGIN:")
        reason = f"there is no place for a {name}"
        yield Unreadable(f"{name} {made_uid(other)}", reason, other.encode())
    last = max((text.upper().rfind(f"BEGIN:{name.upper()}") for name in names), default=-1)
    rest = text[last:] if last >= 0 else ""
    if rest and not re.match(
        r"BEGIN:(\w+)\b.*^END:\1\b", rest, re.DOTALL | re.MULTILINE | re.IGNORECASE
    ):
        yield Unreadable(f"end {made_uid(rest)}", "the file ends within it", rest.encode())


def components(text: str, names: Iterable[str]) -> Iterator[str]:
    """Yield each component of *text* that has one of *names*, as it stands there, with CRLF."""
    wanted = {name.upper() for name in names}
    inside, lines = "", list[str]()
    for line in text.splitlines():
        word = line.strip().upper()
        if not inside and word.startswith("BEGIN:") and word[6:] in wanted:
            inside, lines = word[6:], []
        if inside:
            lines.append(line)
            if word == f"END:{inside}":
                yield "\r\n".join([*lines, ""])
                inside = ""


def uid_of(text: str) -> str:
    """Return the UID of a component; empty where it has none."""
    match = _UID.search(text)
    return re.sub(r"\r?\n[ \t]", "", match[1]).strip() if match else ""


def made_uid(text: str) -> str:
    """Return a UID for what has none, always the same for the same *text*."""
    return str(uuid.uuid5(_NAMESPACE, hashlib.sha256(text.encode()).hexdigest()))


def with_uid(text: str, uid: str) -> str:
    """Return the component *text* with another UID."""
    without = _UID.sub("", text).replace("\r\n\r\n", "\r\n")
    first, _, rest = without.partition("\r\n")
    return f"{first}\r\nUID:{uid}\r\n{rest}"


def _not_in(done: Collection[str], found: Iterable[Unreadable]) -> Iterator[Unreadable]:
    return (each for each in found if each.key not in done)


def _zone(text: str) -> str:
    match = _TZID.search(text)
    return match[1].strip() if match else ""


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ImportStoppedError(f"{path}: {error.strerror}") from error
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")
