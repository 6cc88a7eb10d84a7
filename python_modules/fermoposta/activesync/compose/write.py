"""Write parts of a mail (RFC 2045, RFC 2046, RFC 2183): octets in, octets out."""

from __future__ import annotations

import base64
import hashlib
import quopri
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

_LINE_ENDS = re.compile("\r\n|\r|\n")
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f/\\]")
_LONGEST_NAME = 100


def text_part(text: str, subtype: str) -> bytes:
    """Return *text* as a part; its lines are of any length."""
    lines = _LINE_ENDS.sub("\n", text)
    # Halves of surrogate pairs have no UTF-8.
    octets = quopri.encodestring(lines.encode(errors="replace")).replace(b"\n", b"\r\n")
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
    return head.encode() + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + octets


def calendar_part(content: bytes, method: str) -> bytes:
    """Return iCalendar as a part that a mail program offers to answer (RFC 6047, section 2.4)."""
    head = f'Content-Type: text/calendar; charset="utf-8"; method={method}\r\n'
    return head.encode() + _base64(content)


def file_part(content: bytes, name: str) -> bytes:
    """Return iCalendar as a file called *name*."""
    shown = _NOT_IN_NAMES.sub(" ", name)[-_LONGEST_NAME:]
    head = (
        "Content-Type: application/ics\r\n"
        f"Content-Disposition: attachment;\r\n filename*=utf-8''{quote(shown, safe='')}\r\n"
    )
    return head.encode() + _base64(content)


def mail_part(message: bytes) -> bytes:
    """Return a whole mail as a part, as it stands (RFC 2046, section 5.2.1)."""
    encoding = b"" if message.isascii() else b"Content-Transfer-Encoding: 8bit\r\n"
    return b"Content-Type: message/rfc822\r\n" + encoding + b"\r\n" + message


def multipart(subtype: str, parts: Sequence[bytes], params: str = "") -> bytes:
    """Return *parts* in a multipart, or the only one as it is."""
    if len(parts) == 1:
        return parts[0]
    boundary = _boundary(parts)
    head = f'Content-Type: multipart/{subtype};{params}\r\n boundary="{boundary}"\r\n'
    if not all(each.isascii() for each in parts):
        # What holds octets of 8 bits says so, as its parts do (RFC 2045, section 6.4).
        head += "Content-Transfer-Encoding: 8bit\r\n"
    line = f"\r\n--{boundary}\r\n".encode()
    pieces = [head.encode(), *(piece for each in parts for piece in (line, each))]
    return b"".join([*pieces, f"\r\n--{boundary}--\r\n".encode()])


def _base64(content: bytes) -> bytes:
    return b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(content).replace(
        b"\n", b"\r\n"
    )


def _boundary(parts: Sequence[bytes]) -> str:
    """Return a line that stands in none of *parts*: made of what they are, looked for in them."""
    made = hashlib.sha256()
    for each in parts:
        made.update(each)
    boundary = f"=_{made.hexdigest()[:32]}"
    while any(boundary.encode() in each for each in parts):
        made.update(b"once more")
        boundary = f"=_{made.hexdigest()[:32]}"
    return boundary
