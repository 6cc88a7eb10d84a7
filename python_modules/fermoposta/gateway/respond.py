"""
Answers as HTTP: documents packed where the client takes that, anything else piece by piece.

Nothing is held twice: a document is encoded while it is sent, and pieces go out as they come.
Packed are only documents, and only for clients that are no browsers: who can make a browser send
requests of the attacker's choosing, and sees how long the answers are, could guess what is in them
(BREACH). Devices send nothing that a stranger chose.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from fermoposta.activesync.wbxml import chunks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from starlette.types import Send

    from fermoposta.activesync.session import Answer

WBXML = "application/vnd.ms-sync.wbxml"
PACKED_FROM = 1_024
"""Bytes from which on packing is worth it."""
_WHOLE = 65_536
"""Bytes up to which an answer says its length; beyond it goes out in chunks."""
_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 4
"""What follows costs twice the time for a twentieth less."""


async def send_answer(
    answer: Answer, headers: Mapping[str, str], send: Send, *, packs: bool
) -> None:
    """Send *answer* with *headers* more; *packs* is whether the client takes gzip."""
    told = {**headers, **{name.lower(): value for name, value in answer.headers.items()}}
    if answer.element is not None:
        told.setdefault("content-type", WBXML)
        await _send_document(answer.status, told, chunks(answer.element), send, packs=packs)
    elif answer.pieces is not None:
        await _send_pieces(answer.status, told, answer.pieces, send)
    else:
        await _start(answer.status, {**told, "content-length": "0"}, send)
        await send({"type": "http.response.body", "body": b""})


async def _send_document(
    status: int, headers: dict[str, str], parts: Iterator[bytes], send: Send, *, packs: bool
) -> None:
    """Send a document, with its length where it is short."""
    begin, whole = _beginning(parts, PACKED_FROM)
    if packs and not whole:
        headers["content-encoding"] = "gzip"
        headers["vary"] = "accept-encoding"
        parts = _packed(begin, parts)
        begin = b""
    rest, whole = (b"", whole) if whole else _beginning(parts, _WHOLE)
    begin += rest
    if whole:
        headers["content-length"] = str(len(begin))
    await _start(status, headers, send)
    await send({"type": "http.response.body", "body": begin, "more_body": not whole})
    if whole:
        return
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _send_pieces(
    status: int, headers: Mapping[str, str], pieces: AsyncIterator[bytes], send: Send
) -> None:
    """Send *pieces*; the first is awaited before anything is promised."""
    try:
        first = await anext(pieces, b"")
        await _start(status, headers, send)
        await send({"type": "http.response.body", "body": first, "more_body": True})
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        # A client that hung up must not keep a connection to the mailbox busy.
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()


async def _start(status: int, headers: Mapping[str, str], send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (name.encode(), value.encode("latin-1")) for name, value in headers.items()
            ],
        }
    )


def _beginning(parts: Iterator[bytes], size: int) -> tuple[bytes, bool]:
    """Return the first *size* bytes of *parts* or a little more, and whether that was all."""
    begin = bytearray()
    for part in parts:
        begin += part
        if len(begin) > size:
            return bytes(begin), False
    return bytes(begin), True


def _packed(begin: bytes, parts: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    if first := packer.compress(begin):
        yield first
    for part in parts:
        if packed := packer.compress(part):
            yield packed
    yield packer.flush()
