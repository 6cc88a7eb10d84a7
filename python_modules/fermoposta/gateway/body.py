"""
The body of a request: never more than a device may send, also after it is unpacked.

* BodyError              the request is refused with an HTTP status
"""

from __future__ import annotations

import asyncio
import re
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from typing import Any

    from starlette.types import Receive

LARGE = 1024**2
"""Bytes above which a body waits for its turn."""
LARGE_AT_ONCE = 4
_GZIP = 16 + zlib.MAX_WBITS
_NUMBER = re.compile("[0-9]{1,18}")


class BodyError(Exception):
    """The body is refused with *status*."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


class GoneError(Exception):
    """The client hung up in the middle."""


class Bodies:
    """Reads bodies of up to *most* bytes; of large ones only a few at once, for memory's sake."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._turns = asyncio.Semaphore(LARGE_AT_ONCE)

    async def read(self, headers: Mapping[str, str], receive: Receive) -> bytes:
        """Return the body, unpacked; raises BodyError, and GoneError."""
        encoding = headers.get("content-encoding", "").strip().lower()
        if encoding not in {"", "identity", "gzip", "x-gzip"}:
            raise BodyError(415)
        length = _length(headers.get("content-length", ""))
        if length is not None and length > self._most:
            raise BodyError(413)
        if length is not None and length <= LARGE and not encoding.endswith("gzip"):
            return await self._read(receive)
        async with self._turns:
            if encoding.endswith("gzip"):
                return await self._unpacked(receive)
            return await self._read(receive)

    async def _read(self, receive: Receive) -> bytes:
        parts, size, more = [], 0, True
        while more:
            part, more = _part(await receive())
            size += len(part)
            if size > self._most:
                raise BodyError(413)
            parts.append(part)
        return b"".join(parts)

    async def _unpacked(self, receive: Receive) -> bytes:
        """Unpack as it comes (RFC 1952), and stop where it becomes too much."""
        unpacker = zlib.decompressobj(_GZIP)
        body, more = bytearray(), True
        try:
            while more:
                part, more = _part(await receive())
                body += unpacker.decompress(part, self._most + 1 - len(body))
                if len(body) > self._most:
                    raise BodyError(413)
        except zlib.error as error:
            raise BodyError(400) from error
        if not unpacker.eof or unpacker.unused_data:
            raise BodyError(400)
        return bytes(body)


def _length(said: str) -> int | None:
    """Return the length that a header says; None where that is no number, or too long for one."""
    return int(said) if _NUMBER.fullmatch(said) else None


def _part(message: MutableMapping[str, Any]) -> tuple[bytes, bool]:
    if message["type"] == "http.disconnect":
        raise GoneError
    return message.get("body", b""), message.get("more_body", False)
