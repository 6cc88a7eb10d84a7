"""
Large contents on their way to a device: in a file without a name, not in memory.

What is sent inside of a document must be known in size before, or stands there in base64; either
way it is read from the file in pieces.
"""

from __future__ import annotations

import base64
from secrets import token_hex
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING

from fermoposta.activesync.wbxml import encode

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping, Sequence

    from fermoposta.activesync.wbxml import Element

IN_MEMORY = 512 * 1024
"""Bytes above which the content goes to a file."""
_PIECE = 57 * 2048
"""Bytes that are read at once; a multiple of 3, as base64 wants it."""


class Spool:
    """A content, or the range of it that is wanted; *total* is the size of the whole."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - close() ends it
        self.size = 0
        self.total = 0

    async def fill(
        self, pieces: AsyncIterator[bytes], first: int = 0, last: int | None = None
    ) -> None:
        """Take the bytes *first* to *last* of *pieces*, both included."""
        async for piece in pieces:
            begin = max(first - self.total, 0)
            end = len(piece) if last is None else max(last + 1 - self.total, 0)
            self.total += len(piece)
            if kept := piece[begin:end]:
                self._file.write(kept)
                self.size += len(kept)

    def put(self, data: bytes, first: int = 0, last: int | None = None) -> None:
        """Take the bytes *first* to *last* of *data*, which is a whole; both included."""
        self.size = self._file.write(data[first : None if last is None else last + 1])
        self.total = len(data)

    def pieces(self) -> Iterator[bytes]:
        """Yield what was taken."""
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            yield piece

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def new_mark() -> str:
    """Return a text that stands for a content in a document, and that nobody can guess."""
    return token_hex(24)


async def in_base64(document: Element, spools: Mapping[str, Spool]) -> AsyncGenerator[bytes, None]:
    """Yield the encoded *document*, with contents in base64 in the place of their marks."""
    rest = encode(document)
    try:
        for mark, spool in spools.items():
            before, _, rest = rest.partition(mark.encode())
            yield before
            for piece in spool.pieces():
                yield base64.b64encode(piece)
        yield rest
    finally:
        _close(spools.values())


async def as_parts(
    head: bytes, first: bytes, spools: Sequence[Spool]
) -> AsyncGenerator[bytes, None]:
    """Yield *head*, the part *first*, and the contents as the parts that follow."""
    try:
        yield head
        yield first
        for spool in spools:
            for piece in spool.pieces():
                yield piece
    finally:
        _close(spools)


def _close(spools: Iterable[Spool]) -> None:
    for spool in spools:
        spool.close()
