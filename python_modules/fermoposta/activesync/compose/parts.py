"""
The parts of a whole mail, each with the octets that it stands in.

Not the standard library's reader: that one makes new octets of what it has read, and takes a
hundred times as long. Whatever the mail is like, something is found: what is no multipart that can
be taken apart is one part.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser
from email.policy import compat32
from email.utils import collapse_rfc2231_value

from fermoposta.activesync.compose.letter import fields_in
from fermoposta.activesync.map.mail import words
from fermoposta.activesync.map.mail.bodystructure import Part
from fermoposta.activesync.map.mail.charsets import text_of

DEEPEST = 30
PARTS_MAX = 2_000
"""Of one mail; what is beyond them stays in one piece."""
HEADER_MAX = 256 * 1024
_END = re.compile(rb"\r?\n\r?\n")
_TRAILING = re.compile(rb"[ \t]*(?:\r?\n|\Z)")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+")
_OF_A_PART = {
    b"content-type",
    b"content-transfer-encoding",
    b"content-disposition",
    b"content-id",
    b"content-location",
    b"content-description",
}
_BROKEN = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What the standard library makes of a header that is not as it should be."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A mail, and the octets of each part by its section."""

    root: Part
    header: bytes
    octets: dict[str, bytes] = field(default_factory=dict)
    """Header and body of each part that is no multipart, as they stand there."""

    def text(self, part: Part) -> str:
        """Return what *part* says, with lines that end as mail's do."""
        said = text_of(content(self.octets[part.section]), part.params.get("charset", "utf-8"))
        return said.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")

    def first(self, name: str) -> str:
        """Return the value of the first field called *name*, decoded, in one line."""
        return _said(_header(self.header), name)


def parse(message: bytes) -> Parsed:
    """Return the parts of *message*; raises nothing."""
    header, _ = _cut(message)
    reader = _Reader()
    root = reader.part(message, "", 0)
    return Parsed(root, header, reader.octets)


def content(octets: bytes) -> bytes:
    """Return what is in a part, without its transfer encoding (RFC 2045, section 6)."""
    header, body = _cut(octets)
    encoding = _said(_header(header), "Content-Transfer-Encoding").lower()
    if encoding == "quoted-printable":
        return quopri.decodestring(body)
    if encoding != "base64":
        return body
    plain = _NOT_BASE64.sub(b"", body)
    # What was cut off in the middle of four characters is read as far as it goes.
    plain = plain[: -1 if len(plain) % 4 == 1 else None]
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4))
    except binascii.Error:
        return body


@dataclass(slots=True)
class _Reader:
    octets: dict[str, bytes] = field(default_factory=dict)
    count: int = 0

    def part(self, octets: bytes, section: str, depth: int, default: str = "text/plain") -> Part:
        """Return the part *octets*; its own parts are numbered below *section*."""
        self.count += 1
        header, body = _cut(octets)
        read = _header(header)
        params = _parameters(read, "content-type")
        type_ = _type(read, default)
        if type_.startswith("multipart/") and depth < DEEPEST:
            pieces = _pieces(body, params.get("boundary", ""), PARTS_MAX - self.count)
            if pieces:
                inner = "message/rfc822" if type_ == "multipart/digest" else "text/plain"
                parts = tuple(
                    self.part(each, f"{section}.{at}" if section else f"{at}", depth + 1, inner)
                    for at, each in enumerate(pieces, 1)
                )
                return Part(section, type_, params, parts=parts)
            type_ = "application/octet-stream" if section else "text/plain"
        if not section:
            # What else stands in a mail's header belongs to the mail, not to its only part.
            octets = b"".join(each for name, each in fields_in(header) if name in _OF_A_PART)
            octets += b"\r\n" + body
        section = section or "1"
        self.octets[section] = octets
        disposition = _said(read, "Content-Disposition").partition(";")[0].strip().lower()
        return Part(
            section,
            type_,
            params,
            encoding=_said(read, "Content-Transfer-Encoding").lower() or "7bit",
            size=len(body),
            content_id=_said(read, "Content-ID").removeprefix("<").removesuffix(">"),
            disposition=disposition,
            disposition_params=_parameters(read, "content-disposition"),
            location=_said(read, "Content-Location"),
        )


def _cut(octets: bytes) -> tuple[bytes, bytes]:
    """Return the header with the line end behind it, and the body."""
    for empty in (b"\r\n", b"\n"):
        if octets.startswith(empty):
            return b"", octets[len(empty) :]
    if next(fields_in(octets), None) is None:
        return b"", octets
    found = _END.search(octets, 0, HEADER_MAX)
    return (octets[: found.end()], octets[found.end() :]) if found else (octets[:HEADER_MAX], b"")


def _pieces(body: bytes, boundary: str, most: int) -> list[bytes]:
    """Return what stands between the lines of *boundary* (RFC 2046, section 5.1.1)."""
    if not boundary or most < 1:
        return []
    marker = b"--" + boundary.encode(errors="replace")
    pieces: list[bytes] = []
    begin, at = -1, body.find(marker)
    while at >= 0:
        closes, behind = _line_end(body, at + len(marker))
        if behind >= 0 and (at == 0 or body[at - 1 : at] == b"\n"):
            if begin >= 0:
                end = at - (2 if body[at - 2 : at] == b"\r\n" else 1)
                pieces.append(body[begin : max(begin, end)])
            begin = behind
            if closes or len(pieces) >= most:
                return pieces
        at = body.find(marker, at + len(marker))
    return [*pieces, body[begin:]] if begin >= 0 else []


def _line_end(body: bytes, at: int) -> tuple[bool, int]:
    """Return whether a boundary that ends at *at* is the last, and where the next line begins."""
    closes = body.startswith(b"--", at)
    rest = _TRAILING.match(body, at + 2 if closes else at)
    return closes, rest.end() if rest else -1


def _header(header: bytes) -> Message:
    try:
        return HeaderParser(policy=compat32).parsestr(words.raw(header))
    except _BROKEN:
        return Message()


def _said(header: Message, name: str) -> str:
    return words.unstructured(str(header.get(name, ""))).strip()


def _type(header: Message, default: str) -> str:
    said = _said(header, "Content-Type").partition(";")[0].strip().lower()
    return said if _TYPE.fullmatch(said) else default


def _parameters(header: Message, name: str) -> dict[str, str]:
    try:
        found = header.get_params([], name)
        pairs = [(str(key), collapse_rfc2231_value(value)) for key, value in found[1:]]
    except _BROKEN:
        return {}
    return {key: value for key, value in words.parameters(pairs).items() if key}
