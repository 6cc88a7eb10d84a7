"""
Data files of Outlook for tests: a writer of just enough of MS-PST that readers take them.

Unicode, not obfuscated; folders of up to 400 items. Sections are those of MS-PST.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from fermoposta.outlook.properties import DISPLAY_NAME, Key, Value

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_BLOCK = 8176
_INLINE = 512
_FOLDER, _MESSAGE, _ATTACHMENT, _LTP = 0x02, 0x04, 0x05, 0x1F
_HIERARCHY, _CONTENTS, _ASSOCIATED = 0x0D, 0x0E, 0x0F
_STORE, _NAMES, _ROOT = 0x21, 0x61, 0x122
_RECIPIENTS, _ATTACHMENTS = 0x692, 0x671
_ROW_ID, _ROW_VERSION = 0x67F2, 0x67F3
_PUBLIC = "00020329-0000-0000-c000-000000000046"
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
Properties = dict[Key, Value]


@dataclass
class Thing:
    """An item of a folder: its properties, who got it, and what hangs on it."""

    properties: Properties
    recipients: list[Properties] = field(default_factory=list)
    attachments: list[Properties] = field(default_factory=list)


@dataclass
class Shelf:
    """A folder: its name, what is in it, and the folders below it."""

    name: str
    things: list[Thing] = field(default_factory=list)
    below: list[Shelf] = field(default_factory=list)
    container: str = "IPF.Note"


@dataclass
class _Node:
    data: int
    sub: int
    parent: int = 0


class Writer:
    """Writes one file; see `write`."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._file.seek(0x4600)
        self._blocks: dict[int, tuple[int, int]] = {}
        self._nodes: dict[int, _Node] = {}
        self._bid = 4
        self._index = 0x400
        self._named: dict[tuple[str, int | str], int] = {}

    # --- blocks (section 2.2.2.8)

    def _put(self, octets: bytes, *, internal: bool = False) -> int:
        """Write one block; return its id."""
        bid, self._bid = self._bid | (2 if internal else 0), self._bid + 4
        size = -(-(len(octets) + 16) // 64) * 64
        at = -(-self._file.tell() // 64) * 64
        self._file.seek(at)
        trailer = struct.pack("<HHIQ", len(octets), _signature(at, bid), _crc(octets), bid)
        self._file.write(octets.ljust(size - 16, b"\0") + trailer)
        self._blocks[bid] = (at, len(octets))
        return bid

    def _data(self, octets: bytes) -> int:
        """Write any number of octets; return the id of the block, or of the tree of blocks."""
        if len(octets) <= _BLOCK:
            return self._put(octets)
        parts = [octets[at : at + _BLOCK] for at in range(0, len(octets), _BLOCK)]
        ids = [self._put(part) for part in parts]
        groups = [ids[at : at + 1021] for at in range(0, len(ids), 1021)]
        sizes = [sum(self._blocks[bid][1] for bid in group) for group in groups]
        trees = [self._tree(1, size, group) for size, group in zip(sizes, groups, strict=True)]
        return trees[0] if len(trees) == 1 else self._tree(2, len(octets), trees)

    def _tree(self, level: int, size: int, ids: list[int]) -> int:
        head = struct.pack("<BBHI", 1, level, len(ids), size)
        return self._put(head + struct.pack(f"<{len(ids)}Q", *ids), internal=True)

    def _subnodes(self, found: dict[int, tuple[int, int]]) -> int:
        if not found:
            return 0
        entries = b"".join(struct.pack("<QQQ", nid, *found[nid]) for nid in sorted(found))
        return self._put(struct.pack("<BBHI", 2, 0, len(found), 0) + entries, internal=True)

    # --- properties and tables (sections 2.3.3, 2.3.4)

    def _key(self, key: Key) -> int:
        if isinstance(key, int):
            return key
        return self._named.setdefault(key, 0x8000 + len(self._named))

    def _object(
        self, properties: Properties, subs: dict[int, tuple[int, int]] | None = None
    ) -> tuple[int, int]:
        """Write properties, with *subs* beside what is too large for a heap; return both ids."""
        heap, below = _Heap(), dict(subs or {})
        rows = []
        for key, value in sorted((self._key(key), value) for key, value in properties.items()):
            kind, octets = _encoded(value)
            rows.append(struct.pack("<HHI", key, kind, self._stored(heap, below, kind, octets)))
        root = heap.add(b"".join(rows))
        header = heap.add(struct.pack("<BBBBI", 0xB5, 2, 6, 0, root))
        return self._put(heap.octets(0xBC, header)), self._subnodes(below)

    def _stored(
        self, heap: _Heap, below: dict[int, tuple[int, int]], kind: int, octets: bytes
    ) -> int:
        if kind in {0x03, 0x0B}:
            return int.from_bytes(octets, "little")
        if not octets:
            return 0
        if len(octets) <= _INLINE:
            return heap.add(octets)
        nid = ((len(below) + 1) << 5 | _LTP) + 0x10000
        below[nid] = (self._data(octets), 0)
        return nid

    def _table(self, rows: dict[int, Properties]) -> tuple[int, int]:
        """Write a table of *rows* by their ids; return the ids of its data and subnodes."""
        heap, below = _Heap(), dict[int, tuple[int, int]]()
        columns = sorted({key for row in rows.values() for key in row if isinstance(key, int)})
        kinds = {
            key: next(_encoded(row[key])[0] for row in rows.values() if key in row)
            for key in columns
        }
        order = [_ROW_ID, _ROW_VERSION, *columns]
        matrix = b""
        for rid in sorted(rows):
            cells, present = [rid, 1], 0b11000000
            for number, key in enumerate(columns, 2):
                value = rows[rid].get(key)
                octets = b"" if value is None else _encoded(value)[1]
                cells.append(0 if value is None else self._stored(heap, below, kinds[key], octets))
                present |= (value is not None) << (7 - number)
            matrix += struct.pack(f"<{len(cells)}IB", *cells, present)
        end = 4 * len(order)
        described = b"".join(
            struct.pack("<HHHBB", kinds.get(key, 3), key, 4 * order.index(key), 4, order.index(key))
            for key in sorted(order)
        )
        index = b"".join(struct.pack("<II", rid, number) for number, rid in enumerate(sorted(rows)))
        index_root = heap.add(index) if index else 0
        index_hid = heap.add(struct.pack("<BBBBI", 0xB5, 4, 4, 0, index_root))
        rows_at = 0
        if matrix:
            per_block = _BLOCK // (end + 1)
            if len(matrix) <= _INLINE:
                rows_at = heap.add(matrix)
            else:
                assert len(rows) <= per_block, "a row must not lie in two blocks"
                rows_at = 0x20000 | _LTP
                below[rows_at] = (self._data(matrix), 0)
        info = struct.pack(
            "<BB4HIII", 0x7C, len(order), end, end, end, end + 1, index_hid, rows_at, 0
        )
        header = heap.add(info + described)
        return self._put(heap.octets(0x7C, header)), self._subnodes(below)

    # --- folders and items (section 2.4)

    def _new(self, kind: int) -> int:
        self._index += 1
        return self._index << 5 | kind

    def _thing(self, thing: Thing, parent: int) -> int:
        nid = self._new(_MESSAGE)
        subs: dict[int, tuple[int, int]] = {}
        if thing.recipients:
            subs[_RECIPIENTS] = self._table(dict(enumerate(thing.recipients, 1)))
        if thing.attachments:
            ids = [0x8000 + (number << 5) | _ATTACHMENT for number in range(len(thing.attachments))]
            for each, properties in zip(ids, thing.attachments, strict=True):
                subs[each] = self._object({0x3705: 1, 0x0E20: 1, **properties})
            subs[_ATTACHMENTS] = self._table({each: {0x0E20: 1, 0x3705: 1} for each in ids})
        self._nodes[nid] = _Node(*self._object(thing.properties, subs), parent)
        return nid

    def _shelf(self, shelf: Shelf, nid: int, parent: int) -> int:
        things = {self._thing(each, nid): each for each in shelf.things}
        below = {self._shelf(each, self._new(_FOLDER), nid): each for each in shelf.below}
        properties: Properties = {
            DISPLAY_NAME: shelf.name,
            0x3613: shelf.container,
            0x3602: len(things),
            0x3603: 0,
            0x360A: bool(below),
        }
        self._nodes[nid] = _Node(*self._object(properties), parent)
        index = nid & ~0x1F
        children: dict[int, Properties] = {
            each: {DISPLAY_NAME: folder.name} for each, folder in below.items()
        }
        self._nodes[index | _HIERARCHY] = _Node(*self._table(children))
        self._nodes[index | _CONTENTS] = _Node(*self._table({each: {0x0E07: 0} for each in things}))
        self._nodes[index | _ASSOCIATED] = _Node(*self._table({}))
        return nid

    def write(self, shelves: Iterable[Shelf]) -> None:
        """Write *shelves* as the folders that people see, and close the file."""
        tree = self._new(_FOLDER)
        top = Shelf("Top of Outlook data file", below=list(shelves))
        root = Shelf("", below=[])
        self._shelf(root, _ROOT, _ROOT)
        self._shelf(top, tree, _ROOT)
        self._nodes[_ROOT & ~0x1F | _HIERARCHY] = _Node(
            *self._table({tree: {DISPLAY_NAME: top.name}})
        )
        record = bytes(range(16))
        entry = bytes(4) + record + struct.pack("<I", tree)
        store: Properties = {DISPLAY_NAME: "Test", 0x0FF9: record, 0x35E0: entry}
        waste = [nid for nid, node in self._nodes.items() if node.parent == tree]
        if waste:
            store[0x35E3] = bytes(4) + record + struct.pack("<I", max(waste))
        self._nodes[_STORE] = _Node(*self._object(store))
        self._nodes[_NAMES] = _Node(*self._object(self._name_map()))
        self._finish()

    def _name_map(self) -> Properties:
        """Return the streams that name ids from 0x8000 on (section 2.4.7)."""
        guids = sorted({group for group, _ in self._named if group != _PUBLIC})
        entries, strings = b"", b""
        for (group, name), number in self._named.items():
            place = 2 if group == _PUBLIC else guids.index(group) + 3
            if isinstance(name, str):
                octets = name.encode("utf-16-le")
                kind, value = place << 1 | 1, len(strings)
                strings += struct.pack("<I", len(octets)) + octets
                strings += b"\0" * (-len(strings) % 4)
            else:
                kind, value = place << 1, name
            entries += struct.pack("<IHH", value, kind, number - 0x8000)
        octets = b"".join(UUID(group).bytes_le for group in guids)
        return {0x0001: 251, 0x0002: octets, 0x0003: entries, 0x0004: strings}

    # --- pages and header (sections 2.2.2.7, 2.2.2.6)

    def _finish(self) -> None:
        nodes = [
            (nid, struct.pack("<QQQII", nid, node.data, node.sub, node.parent, 0))
            for nid, node in sorted(self._nodes.items())
        ]
        blocks = [
            (bid, struct.pack("<QQHHI", bid, at, size, 2, 0))
            for bid, (at, size) in sorted(self._blocks.items())
        ]
        node_root = self._pages(nodes, 0x81, 32)
        block_root = self._pages(blocks, 0x80, 24)
        end = -(-self._file.tell() // 512) * 512
        self._file.truncate(end)
        root = struct.pack("<IQQQQ", 0, end, 0x4400, 0, 0) + node_root + block_root
        root += struct.pack("<BBH", 2, 0, 0)
        middle = struct.pack("<HHHBBII", 0x4D53, 23, 19, 1, 1, 0, 0)
        middle += struct.pack("<QQI", 0, self._bid + 1000, 1) + struct.pack("<32I", *[0x400] * 32)
        middle += bytes(8) + root + bytes(4) + b"\xff" * 256
        middle += struct.pack("<BBHQ", 0x80, 0, 0, self._bid)
        header = b"!BDN" + struct.pack("<I", _crc(middle[:471])) + middle
        header += struct.pack("<I", _crc(middle[:516])) + bytes(36)
        self._file.seek(0)
        self._file.write(header)
        self._file.close()

    def _pages(self, entries: list[tuple[int, bytes]], kind: int, size: int) -> bytes:
        """Write a tree of pages; return where its root is."""
        level = 0
        while True:
            most = 488 // size
            groups = [entries[at : at + most] for at in range(0, len(entries), most)]
            made = []
            for group in groups:
                where = self._page(
                    b"".join(each for _, each in group), len(group), kind, size, level
                )
                made.append((group[0][0], where))
            if len(made) == 1:
                return made[0][1]
            entries = [(key, struct.pack("<Q", key) + where) for key, where in made]
            level, size = level + 1, 24

    def _page(self, entries: bytes, count: int, kind: int, size: int, level: int) -> bytes:
        at = -(-self._file.tell() // 512) * 512
        bid, self._bid = self._bid, self._bid + 4
        content = entries.ljust(488, b"\0") + struct.pack(
            "<BBBBI", count, 488 // size, size, level, 0
        )
        trailer = struct.pack("<BBHIQ", kind, kind, _signature(at, bid), _crc(content), bid)
        self._file.seek(at)
        self._file.write(content + trailer)
        return struct.pack("<QQ", bid, at)


class _Heap:
    """A heap on one block (section 2.3.1)."""

    def __init__(self) -> None:
        self._items: list[bytes] = []

    def add(self, octets: bytes) -> int:
        self._items.append(octets)
        return len(self._items) << 5

    def octets(self, client: int, root: int) -> bytes:
        content, starts = bytearray(12), [12]
        for item in self._items:
            content += item
            starts.append(len(content))
        content += b"\0" * (len(content) % 2)
        head = struct.pack("<HBBI4s", len(content), 0xEC, client, root, bytes(4))
        content[:12] = head
        content += struct.pack(f"<HH{len(starts)}H", len(self._items), 0, *starts)
        assert len(content) <= _BLOCK, "the heap has more than one block"
        return bytes(content)


def _encoded(value: Value) -> tuple[int, bytes]:  # noqa: PLR0911 - one for each type
    """Return the type and the octets of *value* (MS-OXCDATA, section 2.11.1)."""
    match value:
        case bool():
            return 0x000B, bytes([value, 0, 0, 0])
        case int():
            return 0x0003, value.to_bytes(4, "little", signed=value < 0)
        case float():
            return 0x0005, struct.pack("<d", value)
        case str():
            return 0x001F, value.encode("utf-16-le")
        case datetime():
            ticks = round((value - _EPOCH).total_seconds() * 10_000_000)
            return 0x0040, ticks.to_bytes(8, "little")
        case bytes():
            return 0x0102, value
        case _:
            return 0x101F, _several(value)


def _several(value: list[str]) -> bytes:
    """Return several texts (section 2.3.3.4.2)."""
    texts = [text.encode("utf-16-le") for text in value]
    at = 4 + 4 * len(texts)
    starts = [at + sum(map(len, texts[:number])) for number in range(len(texts))]
    return struct.pack(f"<{1 + len(texts)}I", len(texts), *starts) + b"".join(texts)


def _crc(octets: bytes) -> int:
    return zlib.crc32(octets, 0xFFFFFFFF) ^ 0xFFFFFFFF


def _signature(at: int, bid: int) -> int:
    both = at ^ bid
    return (both >> 16 ^ both) & 0xFFFF
