"""A data file of Outlook (MS-PST), by libpff: mail, appointments, tasks, contacts and notes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pypff

from fermoposta.imports.errors import ImportStoppedError
from fermoposta.imports.source import Folder, Item, Kind, Unreadable
from fermoposta.outlook import calendar, contact, mail, note
from fermoposta.outlook.properties import (
    DELIVERED,
    DISPLAY_NAME,
    RTF,
    SUBJECT,
    Attachment,
    Bag,
    Key,
    Recipient,
    Value,
    guid,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

_TREE, _WASTE = 0x35E0, 0x35E3
"""The store's entry ids of the folders that people see, and of what they threw away."""
_SENT, _OUTBOX = 0x35E4, 0x35E2
_RECORD_KEY = 0x0FF9
"""The store's own key, which tells this file's ids from another's."""
_CONTAINER = 0x3613
_CLASS, _MAPI_STRINGS = 0x001A, "00020328-0000-0000-c000-000000000046"
_PUBLIC_STRINGS = "00020329-0000-0000-c000-000000000046"
_GUIDS, _ENTRIES, _STRINGS = 0x0002, 0x0003, 0x0004
_KINDS = {
    "ipm.appointment": Kind.EVENT,
    "ipm.task": Kind.EVENT,
    "ipm.contact": Kind.CONTACT,
}
_NO_PLACE = {"ipm.activity": "a journal entry", "ipm.distlist": "a distribution list"}
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_INBOXES = {"inbox", "posta in arrivo", "posteingang", "boîte de réception", "bandeja de entrada"}
_DAMAGED = (OSError, MemoryError)
"""What libpff raises where a file is not as it should be."""
_LARGEST = 512 * 1024 * 1024
_DEEPEST = 5
"""Messages within messages."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder of the file, and which of its items are of one kind."""

    folder: Any
    numbers: tuple[int, ...]


class PstSource:
    """The file at *path*; *zone* is for appointments that name no time zone."""

    def __init__(self, path: Path, zone: str = "Europe/Rome") -> None:
        self._path = path
        self._zone = zone
        self._file: Any = None
        self._names: Mapping[int, Key] = {}
        self._store = path.stem
        self._places: dict[Folder, _Place] = {}

    @property
    def id(self) -> str:
        """Return where the file is."""
        return f"pst:{self._path}"

    def folders(self) -> Iterator[Folder]:
        """Yield each folder, once for each kind in it; what was thrown away is mail alone."""
        try:
            self._open()
            yield from self._all()
        except _DAMAGED as error:
            raise ImportStoppedError(f"{self._path} is no data file of Outlook: {error}") from error

    def _all(self) -> Iterator[Folder]:
        store = _values(self._file.message_store.record_sets, {})
        if isinstance(key := store.get(_RECORD_KEY), bytes):
            self._store = key.hex()
        ids = {key: _identifier(store.get(key)) for key in (_TREE, _WASTE, _SENT, _OUTBOX)}
        uses = {ids[_WASTE]: "\\Trash", ids[_SENT]: "\\Sent"}
        root = self._file.root_folder
        tree = _find(root, ids[_TREE]) or root
        thrown = {each.name for each in tree.sub_folders if each.identifier == ids[_WASTE]}
        for path, folder in _below(tree, ()):
            if folder.identifier == ids[_OUTBOX]:
                continue
            use = uses.get(folder.identifier, "")
            yield from self._of(_named(path, folder), folder, use, waste=path[0] in thrown)

    def _of(self, path: tuple[str, ...], folder: Any, use: str, *, waste: bool) -> Iterator[Folder]:  # noqa: ANN401 - libpff's
        numbers: dict[Kind, list[int]] = {Kind.MAIL: []}
        for number in range(folder.number_of_sub_messages):
            try:
                kind = _kind(_text_of(folder.get_sub_message(number), _CLASS))
            except _DAMAGED:
                kind = Kind.MAIL  # it is told when it is read
            numbers.setdefault(kind, []).append(number)
        for kind, found in numbers.items():
            if kind is not Kind.MAIL and waste:
                continue
            made = Folder(path, kind, use, id="pst")
            self._places[made] = _Place(folder, tuple(found))
            yield made

    def items(self, folder: Folder, done: Collection[str]) -> Iterator[Item | Unreadable]:
        """Yield the items, whose keys are their node ids (MS-PST, section 2.2.2.1)."""
        place = self._places[folder]
        for number in place.numbers:
            try:
                item = place.folder.get_sub_message(number)
                key = str(item.identifier)
            except _DAMAGED as error:
                key, item = f"number {number}", None
                reason = f"the file is damaged there: {error}"
            if key in done:
                continue
            yield Unreadable(key, reason) if item is None else self._read(item, key)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> None:
        file = pypff.file()
        file.open(str(self._path))
        self._file = file
        self._names = _names(file.name_to_id_map)

    def _read(self, item: Any, key: str) -> Item | Unreadable:  # noqa: ANN401 - libpff's
        values: Mapping[Key, Value] = {}
        try:
            values = _values(item.record_sets, self._names)
            bag = self._bag(item, values)
            return self._converted(bag, key)
        except (*_DAMAGED, ValueError, LookupError, OverflowError) as error:
            raw = {str(name): str(value)[:1000] for name, value in values.items()}
            return Unreadable(key, f"it can't be read: {error}", json.dumps(raw).encode())

    def _converted(self, bag: Bag, key: str) -> Item | Unreadable:
        name = bag.message_class
        if name in _NO_PLACE:
            return Unreadable(
                key, f"there is no place for {_NO_PLACE[name]}", bag.text(SUBJECT).encode()
            )
        if name.startswith("ipm.appointment"):
            return Item(key, calendar.of_appointment(bag, self._zone))
        if name.startswith("ipm.task") and not name.startswith("ipm.taskrequest"):
            return Item(key, calendar.of_task(bag, self._zone))
        if name.startswith("ipm.contact"):
            return Item(key, contact.of_contact(bag))
        if name.startswith("ipm.stickynote"):
            return Item(
                key, note.of_note(bag), frozenset({"\\Seen"}), bag.moment(DELIVERED, 0x3008)
            )
        flags = mail.flags_of(bag)
        return Item(key, mail.of_message(bag), flags, bag.moment(DELIVERED, 0x0039, 0x3008))

    def _bag(self, item: Any, values: Mapping[Key, Value], depth: int = 0) -> Bag:  # noqa: ANN401 - libpff's
        found = dict(values)
        if RTF in found and (rtf := getattr(item, "rtf_body", None)):
            found[RTF] = rtf
        recipients = getattr(item, "recipients", None)
        listed = [] if recipients is None else [
            _values([each], self._names) for each in recipients.record_sets
        ]  # fmt: skip
        return Bag(
            f"{self._store}-{item.identifier}",
            found,
            tuple(_recipient(each) for each in listed),
            tuple(self._attachments(item, depth)),
        )

    def _attachments(self, item: Any, depth: int) -> Iterator[Attachment]:  # noqa: ANN401 - libpff's
        for each in getattr(item, "attachments", ()):
            values = _values(each.record_sets, self._names)
            bag = Bag("", values)
            name = bag.text(0x3707, 0x3704, DISPLAY_NAME)
            if each.number_of_sub_items and depth < _DEEPEST:
                inner = each.get_sub_item(0)
                embedded = self._bag(inner, _values(inner.record_sets, self._names), depth + 1)
                yield Attachment(name, "message/rfc822", b"", embedded=embedded)
                continue
            size = min(each.size or 0, _LARGEST)
            content = each.read_buffer(size) if size else b""
            yield Attachment(name, bag.text(0x370E).lower(), content, bag.text(0x3712))


def _kind(name: str) -> Kind:
    lower = name.lower()
    return next((kind for start, kind in _KINDS.items() if lower.startswith(start)), Kind.MAIL)


def _named(path: tuple[str, ...], folder: Any) -> tuple[str, ...]:  # noqa: ANN401 - libpff's
    """Return where the folder at *path* belongs: the inbox has one name, and so have the notes."""
    if path[0].casefold() in _INBOXES:
        return ("INBOX", *path[1:])
    if str(_values(folder.record_sets, {}).get(_CONTAINER, "")).casefold() == "ipf.stickynote":
        return (note.FOLDER,)
    return path


def _recipient(values: Mapping[Key, Value]) -> Recipient:
    bag = Bag("", values)
    return Recipient(bag.text(DISPLAY_NAME), bag.text(0x39FE, 0x3003), bag.number(0x0C15, 1))


def _below(folder: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401 - libpff's
    for each in folder.sub_folders:
        here = (*path, each.name or "?")
        yield here, each
        yield from _below(each, here)


def _find(folder: Any, identifier: int | None) -> Any:  # noqa: ANN401 - libpff's
    if identifier is None:
        return None
    for each in folder.sub_folders:
        if each.identifier == identifier:
            return each
        if (found := _find(each, identifier)) is not None:
            return found
    return None


def _identifier(value: Value | None) -> int | None:
    """Return the node that an entry id of the same file names (MS-PST, section 2.4.3.2)."""
    return (
        int.from_bytes(value[20:24], "little")
        if isinstance(value, bytes) and len(value) == 24
        else None
    )


def _text_of(item: Any, wanted: int) -> str:  # noqa: ANN401 - libpff's
    for record_set in item.record_sets:
        for entry in record_set.entries:
            if entry.entry_type == wanted:
                return str(entry.data_as_string or "")
    return ""


def _values(record_sets: Any, names: Mapping[int, Key]) -> dict[Key, Value]:  # noqa: ANN401 - libpff's
    """Return the properties in *record_sets*; *names* are those of ids from 0x8000 on."""
    found: dict[Key, Value] = {}
    for record_set in record_sets:
        for entry in record_set.entries:
            number = entry.entry_type
            if number is None:
                continue
            key: Key | None = number if number < 0x8000 else names.get(number)
            value = _value(entry)
            if key is not None and value is not None:
                found[key] = value
    return found


def _value(entry: Any) -> Value | None:  # noqa: ANN401 - libpff's
    """Return what *entry* holds (MS-OXCDATA, section 2.11.1); None of a type that nobody needs."""
    reader = _TYPES.get(entry.value_type)
    return reader(entry, bytes(entry.data or b"")) if reader else None


def _moment(data: bytes) -> datetime | None:
    try:
        return _EPOCH + timedelta(microseconds=int.from_bytes(data, "little") // 10)
    except OverflowError:
        return None


def _number(_: Any, data: bytes) -> int:  # noqa: ANN401 - libpff's
    return int.from_bytes(data, "little", signed=True)


def _texts(data: bytes) -> list[str]:
    """Return several texts (MS-PST, section 2.3.3.4.2): how many, where each begins, and they."""
    count = int.from_bytes(data[:4], "little")
    starts = [
        int.from_bytes(data[4 + 4 * n : 8 + 4 * n], "little") for n in range(min(count, 1000))
    ]
    ends = [*starts[1:], len(data)]
    return [data[a:b].decode("utf-16-le", "replace") for a, b in zip(starts, ends, strict=False)]


def _names(item: Any) -> Mapping[int, Key]:  # noqa: ANN401 - libpff's
    """Return the names of the ids from 0x8000 on (MS-PST, section 2.4.7)."""
    streams = {
        key: value
        for key, value in _values(item.record_sets, {}).items()
        if isinstance(value, bytes)
    }
    guids, entries, strings = (streams.get(key, b"") for key in (_GUIDS, _ENTRIES, _STRINGS))
    found: dict[int, Key] = {}
    for at in range(0, len(entries) - 7, 8):
        number = int.from_bytes(entries[at : at + 4], "little")
        kind = int.from_bytes(entries[at + 4 : at + 6], "little")
        index = int.from_bytes(entries[at + 6 : at + 8], "little")
        place = kind >> 1
        known = {1: _MAPI_STRINGS, 2: _PUBLIC_STRINGS}
        octets = guids[16 * (place - 3) : 16 * (place - 2)]
        if place not in known and len(octets) != 16:
            continue
        group = known.get(place) or guid(octets)
        if kind & 1:
            length = int.from_bytes(strings[number : number + 4], "little")
            name: int | str = strings[number + 4 : number + 4 + length].decode(
                "utf-16-le", "replace"
            )
        else:
            name = number
        found[0x8000 + index] = (group, name)
    return found


_TYPES: Mapping[int, Callable[[Any, bytes], Value | None]] = {
    0x001F: lambda _, data: data.decode("utf-16-le", "replace"),
    0x001E: lambda entry, _: str(entry.data_as_string or ""),
    0x0102: lambda _, data: data,
    0x000B: lambda _, data: any(data),
    0x0002: _number,
    0x0003: _number,
    0x0014: _number,
    0x0005: lambda entry, _: float(entry.data_as_floating_point or 0),
    0x0040: lambda _, data: _moment(data),
    0x101F: lambda _, data: _texts(data),
}
