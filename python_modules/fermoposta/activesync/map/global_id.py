"""
The UID of an appointment as Outlook has it (GlobalObjId, MS-ASEMAIL, sections 2.2.2.37, 3.1.4.7).

A UID of Outlook's own is that very id in hexadecimal; any other is put into one.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from fermoposta.activesync.map.errors import MalformedError

if TYPE_CHECKING:
    from datetime import date

PLACE = "GlobalObjId"
_CLASS = bytes.fromhex("040000008200E00074C5B7101A82E008")
_NOTHING = bytes(16)
"""When it was made, and what is reserved: of a foreign UID neither is known."""
_FOREIGN = b"vCal-Uid\x01\x00\x00\x00"
_SHORTEST = 40
"""Bytes in front of what the id is about: class, day, time, reserved, length."""
_NO_DAY = bytes(4)


def encode(uid: str, instance: date | None = None) -> str:
    """Return the id of *uid* in base64; of one occurrence where *instance* is its day."""
    day = _NO_DAY if instance is None else _day(instance)
    own = _outlook(uid)
    if own is not None:
        found = own[:16] + day + own[20:]
    else:
        data = _FOREIGN + uid.encode(errors="replace") + b"\x00"
        found = _CLASS + day + _NOTHING + len(data).to_bytes(4, "little") + data
    return base64.b64encode(found).decode()


def decode(text: str) -> str:
    """Return the UID in *text*. Raises MalformedError where it is no such id."""
    try:
        found = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError(PLACE, "is not base64") from error
    data = found[_SHORTEST:]
    if not found.startswith(_CLASS) or int.from_bytes(found[36:40], "little") != len(data):
        raise MalformedError(PLACE, "is not as its section demands")
    if not data.startswith(_FOREIGN[:8]):
        return (found[:16] + _NO_DAY + found[20:]).hex().upper()
    return data[len(_FOREIGN) :].removesuffix(b"\x00").decode(errors="replace")


def _outlook(uid: str) -> bytes | None:
    """Return the bytes of a UID that Outlook has made; None where it is another's."""
    if not uid.startswith(_CLASS.hex().upper()):
        return None
    try:
        found = bytes.fromhex(uid)
    except ValueError:
        return None
    data = found[_SHORTEST:]
    whole = len(found) >= _SHORTEST and int.from_bytes(found[36:40], "little") == len(data)
    exact = found.hex().upper() == uid and found[16:20] == _NO_DAY
    return found if whole and exact and not data.startswith(_FOREIGN[:8]) else None


def _day(instance: date) -> bytes:
    return instance.year.to_bytes(2, "big") + bytes([instance.month, instance.day])
