r"""
Read the answers of an IMAP server (RFC 9051, section 7 and 9).

Without I/O. Atoms come as text, numbers as such, NIL as None, lists as tuples, and strings, quoted
or literal, as bytes: what stands in them is somebody's, in whatever character set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.mailstore.aioimap.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fermoposta.mailstore.mailbox import Nested

DEEPEST = 512
"""Lists within lists. Dovecot nests two to three for each part within a part, and stops at 100."""

_TOKEN = re.compile(
    rb' *(?:([()])|"([^"\\]*(?:\\.[^"\\]*)*)"|([^ ()"]+))',
    re.DOTALL,
)
_ATOM = re.compile(rb' *([^ ()"]+)')
_KEY = re.compile(rb" *([A-Za-z0-9.]+(?:\[[^\]]*\])?(?:<[0-9]+>)?)")
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_CODE = re.compile(r"\[([^ \]]+)(?: ([^\]]*))?\] ?")
_NUMBER = re.compile(rb"(?:0|[1-9][0-9]{0,19})")
_DIGITS = re.compile(r"[0-9]{1,10}")
_STATUSES = frozenset({"OK", "NO", "BAD", "BYE", "PREAUTH"})


@dataclass(frozen=True, slots=True)
class Status:
    """OK, NO, BAD, BYE or PREAUTH; *tag* is ``*`` where it belongs to no command."""

    tag: str
    word: str
    code: str
    """In capitals, such as ``APPENDUID``; empty where there is none."""
    about: str
    """What stands behind the code, as it stands there."""
    words: str


@dataclass(frozen=True, slots=True)
class Continue:
    """The server waits for more (``+``)."""


@dataclass(frozen=True, slots=True)
class Fetched:
    r"""FETCH: *items* by name, such as ``UID`` or ``BODY[1]<0>``; FLAGS as a tuple of text."""

    items: dict[str, Nested]


@dataclass(frozen=True, slots=True)
class Listed:
    """LIST; *name* is as on the wire."""

    attributes: frozenset[str]
    name: bytes


@dataclass(frozen=True, slots=True)
class Counted:
    """STATUS; *name* is as on the wire."""

    name: bytes
    items: dict[str, Nested]


@dataclass(frozen=True, slots=True)
class Found:
    """ESEARCH: the *tag* of the command, and a sequence-set, empty where nothing was found."""

    tag: str
    uids: str


@dataclass(frozen=True, slots=True)
class Rights:
    """MYRIGHTS."""

    name: bytes
    letters: str


@dataclass(frozen=True, slots=True)
class Other:
    """Anything else: its name, such as ``EXISTS`` or ``VANISHED``."""

    name: str


Answer = Status | Continue | Fetched | Listed | Counted | Found | Rights | Other


def parse(pieces: Sequence[bytes]) -> Answer:
    """Return what an answer says. Raises ProtocolError, and nothing else."""
    first = pieces[0]
    if first.startswith(b"+"):
        return Continue()
    tag, _, rest = first.decode("utf-8", "replace").partition(" ")
    word, _, text = rest.partition(" ")
    if word.upper() in _STATUSES:
        return _status(tag, word.upper(), text)
    if tag != "*":
        raise ProtocolError("Dovecot's answer belongs to nothing")
    name = word.upper()
    reader = Reader(pieces)
    reader.atom()
    reader.atom()
    if _DIGITS.fullmatch(name):
        name = reader.atom().decode("ascii", "replace").upper()
        return _fetched(reader) if name == "FETCH" else Other(name)
    return _untagged(name, reader)


def _untagged(name: str, reader: Reader) -> Answer:
    match name:
        case "LIST":
            attributes = reader.atoms()
            reader.value()
            return Listed(frozenset(attributes), reader.string())
        case "STATUS":
            counted = reader.string()
            return Counted(counted, _pairs(reader.value()))
        case "ESEARCH":
            return _found(reader)
        case "MYRIGHTS":
            return Rights(reader.string(), reader.string().decode("ascii", "replace"))
    return Other(name)


def _status(tag: str, word: str, text: str) -> Status:
    code = _CODE.match(text)
    if code is None:
        return Status(tag, word, "", "", text)
    return Status(tag, word, code[1].upper(), code[2] or "", text[code.end() :])


def _fetched(reader: Reader) -> Fetched:
    items: dict[str, Nested] = {}
    reader.opens()
    while not reader.closes():
        key = reader.key()
        items[key] = reader.atoms() if key == "FLAGS" else reader.value()
    return Fetched(items)


def _pairs(value: Nested) -> dict[str, Nested]:
    if not isinstance(value, tuple) or len(value) % 2:
        raise ProtocolError("Dovecot's answer has a name without a value")
    return {
        key.upper(): each
        for key, each in zip(value[::2], value[1::2], strict=True)
        if isinstance(key, str)
    }


def _found(reader: Reader) -> Found:
    tag = ""
    uids = ""
    while not reader.ended():
        value = reader.value()
        if isinstance(value, tuple):
            if len(value) == 2 and value[0] == "TAG" and isinstance(value[1], bytes):
                tag = value[1].decode("ascii", "replace")
        elif value == "ALL":
            uids = reader.string().decode("ascii", "replace")
    return Found(tag, uids)


class Reader:
    """Reads an answer from its start to its end; each call takes off what it returns."""

    __slots__ = ("_at", "_piece", "_pieces")

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._piece = 0
        self._at = 0

    def ended(self) -> bool:
        """Whether nothing is left."""
        return self._piece + 1 >= len(self._pieces) and not self._text()[self._at :].strip(b" ")

    def opens(self) -> None:
        """Take off the start of a list."""
        if not self._bracket(b"("):
            raise ProtocolError("Dovecot's answer lacks a list")

    def closes(self) -> bool:
        """Take off the end of a list; False where it is not there."""
        return self._bracket(b")")

    def atom(self) -> bytes:
        """Return an atom, whatever it looks like."""
        found = _ATOM.match(self._text(), self._at)
        if not found:
            raise ProtocolError("Dovecot's answer lacks a word")
        self._at = found.end()
        return found[1]

    def atoms(self) -> tuple[str, ...]:
        """Return a list of atoms, each as text: a keyword may look like a number, or NIL."""
        self.opens()
        found = []
        while not self.closes():
            found.append(self.atom().decode("utf-8", "replace"))
        return tuple(found)

    def key(self) -> str:
        """Return the name of an item of FETCH, in capitals; a section may have spaces in it."""
        found = _KEY.match(self._text(), self._at)
        if not found:
            raise ProtocolError("Dovecot's FETCH lacks the name of an item")
        self._at = found.end()
        return found[1].decode("utf-8", "replace").upper()

    def string(self) -> bytes:
        """Return a string, or an atom as one: a folder may have the name of a number, or NIL."""
        text = self._text()
        start = self._at
        while start < len(text) and text[start : start + 1] == b" ":
            start += 1
        if start == len(text) or text[start : start + 1] in {b'"', b"(", b")"}:
            value = self.value()
            if not isinstance(value, bytes):
                raise ProtocolError("Dovecot's answer lacks a text")
            return value
        return self.atom()

    def value(self) -> Nested:
        """Return a value of any kind."""
        open_lists: list[list[Nested]] = []
        while True:
            found = _TOKEN.match(self._text(), self._at)
            value: Nested
            if not found:
                value = self._literal()
            else:
                self._at = found.end()
                if found.lastindex == 2:
                    value = _ESCAPE.sub(rb"\1", found[2]) if b"\\" in found[2] else found[2]
                elif found.lastindex == 3:
                    value = _atom(found[3])
                elif found[1] == b"(":
                    if len(open_lists) == DEEPEST:
                        raise ProtocolError(f"Dovecot's lists are more than {DEEPEST} deep")
                    open_lists.append([])
                    continue
                elif not open_lists:
                    raise ProtocolError("Dovecot's answer closes a list that it never opened")
                else:
                    value = tuple(open_lists.pop())
            if not open_lists:
                return value
            open_lists[-1].append(value)

    def _literal(self) -> bytes:
        if self._text()[self._at :].strip(b" ") or self._piece + 2 >= len(self._pieces):
            raise ProtocolError("Dovecot's answer ends in the middle")
        literal = self._pieces[self._piece + 1]
        self._piece += 2
        self._at = 0
        return literal

    def _text(self) -> bytes:
        return self._pieces[self._piece]

    def _bracket(self, wanted: bytes) -> bool:
        found = _TOKEN.match(self._text(), self._at)
        if not found or found[1] != wanted:
            return False
        self._at = found.end()
        return True


def _atom(word: bytes) -> Nested:
    if _NUMBER.fullmatch(word):
        return int(word)
    if word.upper() == b"NIL":
        return None
    return word.decode("utf-8", "replace")
