"""
Names of folders on the wire: modified UTF-7 (RFC 3501, section 5.1.3).

Dovecot 2.4.1 knows no ``UTF8=ACCEPT``, so this is the only way to spell them.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")
_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)-")


def encode(name: str) -> bytes:
    """Return *name* as it stands in a command; what UTF-16 can't say becomes U+FFFD."""
    escaped = name.replace("&", "&-")
    return _UNPRINTABLE.sub(_shift, escaped).encode("ascii")


def decode(wire: bytes) -> str:
    """Return the name that *wire* spells; where it spells none, it stays as it stands there."""
    text = wire.decode("utf-8", "replace")
    try:
        return _SHIFTED.sub(_unshift, text)
    except ValueError:
        return text


def _shift(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "replace")
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in found[0]):
        units = re.sub(r"[\ud800-\udfff]", "\ufffd", found[0]).encode("utf-16-be")
    return f"&{b64encode(units).decode().rstrip('=').replace('/', ',')}-"


def _unshift(found: re.Match[str]) -> str:
    if not found[1]:
        return "&"
    packed = found[1].replace(",", "/")
    units = b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    return units.decode("utf-16-be")
