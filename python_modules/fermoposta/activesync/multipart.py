"""
The body of an answer in parts (MultiPartResponse, MS-ASCMD, section 2.2.1.10.1.1).

How many parts, where each begins and how long it is, then the parts. A number has 4 bytes, the
lowest first. The first part is the WBXML, number 0 for ``ItemOperations:Part`` in it.

* MultipartError         what arrived is not such a body, or what shall be sent can't be one
"""

import struct
from collections.abc import Sequence
from itertools import accumulate, pairwise

CONTENT_TYPE = "application/vnd.ms-sync.multipart"
LARGEST = 0x7FFF_FFFF
"""Bytes of a body: clients read the numbers as signed."""

_NUMBER = struct.Struct("<I")
_PART = struct.Struct("<II")


class MultipartError(Exception):
    """Bytes and parts don't go together; says what is wrong."""


def head(sizes: Sequence[int]) -> bytes:
    """
    Return what stands before parts of *sizes* bytes.

    The parts can then be sent as they are read: an attachment is never in memory as a whole.
    """
    if not sizes:
        raise MultipartError("no parts; the first is the WBXML")
    ends = list(accumulate(sizes, initial=_NUMBER.size + _PART.size * len(sizes)))
    if ends[-1] > LARGEST:
        raise MultipartError(f"{ends[-1]} bytes in all, more than {LARGEST}")
    places = zip(ends, sizes, strict=False)  # one more end than sizes: nothing begins there
    return _NUMBER.pack(len(sizes)) + b"".join(_PART.pack(*place) for place in places)


def encode(parts: Sequence[bytes]) -> bytes:
    """Return the body of *parts*."""
    return head([len(part) for part in parts]) + b"".join(parts)


def decode(data: bytes) -> tuple[bytes, ...]:
    """
    Return the parts of the body that *data* is.

    Raises MultipartError, also where parts share bytes: a small body would become a large one.
    """
    if len(data) < _NUMBER.size:
        raise MultipartError(f"{len(data)} bytes, too few to say how many parts")
    (count,) = _NUMBER.unpack_from(data)
    begin = _NUMBER.size + _PART.size * count
    if not count or begin > len(data):
        raise MultipartError(f"{count} parts can't be described in {len(data)} bytes")
    places = list(_PART.iter_unpack(data[_NUMBER.size : begin]))
    _check(places, begin, len(data))
    return tuple(data[offset : offset + size] for offset, size in places)


def _check(places: Sequence[tuple[int, int]], begin: int, end: int) -> None:
    """Refuse *places* that are not one beside the other between *begin* and *end*."""
    filled = sorted(place for place in places if place[1])
    for offset, size in filled:
        if offset < begin or offset + size > end:
            raise MultipartError(
                f"{size} bytes at byte {offset}, outside of bytes {begin} to {end}"
            )
    for (offset, size), (following, _) in pairwise(filled):
        if offset + size > following:
            raise MultipartError(f"parts that share byte {following}")
