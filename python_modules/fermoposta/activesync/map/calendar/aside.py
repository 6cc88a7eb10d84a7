"""
Files within an appointment (RFC 5545, section 3.8.1.1), set aside while it is worked on.

To read and to write iCalendar takes a good part of a second for each megabyte, and more than once
for each change. So a short mark stands for each file meanwhile; what is stored has the files again,
in the very base64 in which they came.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

_Text = TypeVar("_Text", str, bytes)
_ATTACH = re.compile(rb"(?im)^ATTACH[;:]")
_LINE = re.compile(rb"(?im)^ATTACH[;:][^\r\n]*(?:\r?\n[ \t][^\r\n]*)*")
_FOLD = re.compile(rb"\r?\n[ \t]")
_ENCODED = re.compile(rb"(?i);ENCODING=\"?BASE64\"?(?:;|$)")
_OCTETS = 74
"""Octets of a line beside the space with which it begins (RFC 5545, section 3.1)."""
_LONGEST_CHARACTER = 4


@dataclass(frozen=True, slots=True)
class File:
    """A file; *digest* tells it from others."""

    digest: str
    size: int
    """Bytes of the content."""
    encoded: bytes
    """The content in base64."""

    @property
    def mark(self) -> bytes:
        """What stands for the content."""
        return f"file {self.digest}".encode()

    @property
    def content(self) -> bytes:
        """The content."""
        return base64.b64decode(self.encoded)


@dataclass(slots=True)
class Files:
    """The files of one appointment, by their marks."""

    _known: dict[bytes, File] = field(default_factory=dict)

    def add(self, content: bytes, encoded: bytes = b"") -> File:
        """Take a file; return what is known of it."""
        encoded = encoded or base64.b64encode(content)
        file = File(hashlib.sha256(content).hexdigest(), len(content), encoded)
        return self._known.setdefault(file.mark, file)

    def get(self, mark: bytes) -> File | None:
        """Return the file for which *mark* stands."""
        return self._known.get(mark)

    def take(self, calendar: bytes) -> bytes:
        """Return the iCalendar object with marks in the place of its files."""
        if not _ATTACH.search(calendar):
            return calendar
        return _LINE.sub(self._marked, calendar)

    def restore(self, calendar: bytes) -> bytes:
        """Return the object with its files in the place of their marks."""
        if not self._known:
            return calendar
        marks = {base64.b64encode(mark): file for mark, file in self._known.items()}

        def restored(found: re.Match[bytes]) -> bytes:
            head, value = _parts(found)
            file = marks.get(value)
            if file is None:
                return found[0]
            return b"\r\n ".join([*_folded(head), *_slices(file.encoded, _OCTETS)])

        return _LINE.sub(restored, calendar)

    def _marked(self, found: re.Match[bytes]) -> bytes:
        head, value = _parts(found)
        if not _ENCODED.search(head.removesuffix(b":")):
            return found[0]
        try:
            content = base64.b64decode(value, validate=True)
        except binascii.Error:
            # Whoever has written it may know what it is.
            return found[0]
        return head + base64.b64encode(self.add(content, value).mark)


def _parts(found: re.Match[bytes]) -> tuple[bytes, bytes]:
    """Return a line up to its last colon, and what comes behind: in base64 there is none."""
    head, colon, value = _FOLD.sub(b"", found[0]).rpartition(b":")
    return head + colon, value


def _folded(line: bytes) -> Iterator[bytes]:
    """Yield the pieces of *line*, no character of which may be torn."""
    text = line.decode(errors="replace")
    width = _OCTETS if text.isascii() else _OCTETS // _LONGEST_CHARACTER
    for piece in _slices(text, width):
        yield piece.encode()


def _slices(whole: _Text, width: int) -> list[_Text]:
    return [whole[at : at + width] for at in range(0, len(whole), width)]
