"""A message as IMAP shows it, made of its bytes by the standard library: for the double alone."""

from __future__ import annotations

import email
import email.policy
from copy import copy
from email.generator import BytesGenerator
from email.message import Message
from email.utils import getaddresses
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fermoposta.mailstore.mailbox import Nested

_POLICY = email.policy.compat32.clone(linesep="\r\n", max_line_length=None)
_END = b"\r\n\r\n"


class Content:
    """The message *raw*; sections have the numbers of RFC 9051, section 6.4.5.1."""

    __slots__ = ("_message", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._message: Message = email.message_from_bytes(raw, policy=_POLICY)

    def envelope(self) -> Nested:
        """Return ENVELOPE."""
        return _envelope(self._message)

    def structure(self) -> Nested:
        """Return BODYSTRUCTURE."""
        return _structure(self._message)

    def fields(self, *names: str) -> bytes:
        """Return these header fields as they stand there, and the empty line behind them."""
        wanted = tuple(f"{name.lower()}:".encode() for name in names)
        lines: list[bytes] = []
        taken = False
        for line in self.section("HEADER").splitlines(keepends=True):
            if not line.startswith((b" ", b"\t")):
                taken = line.lower().startswith(wanted)
            if taken and line.strip():
                lines.append(line)
        return b"".join(lines) + b"\r\n"

    def section(self, name: str, *, undo: bool = True) -> bytes:
        """Return a section, empty where there is none; *undo* its transfer encoding."""
        head, end, body = self.raw.partition(_END)
        match name.upper():
            case "":
                return self.raw
            case "HEADER":
                return head + end
            case "TEXT":
                return body
        part = self._part(name)
        if part is None:
            return b""
        decoded = part.get_payload(decode=True) if undo else None
        return decoded if isinstance(decoded, bytes) else _stored(part)

    def _part(self, name: str) -> Message | None:
        part: Message = self._message
        for depth, number in enumerate(name.split(".")):
            if not number.isdecimal():
                return None
            if depth and part.get_content_type() == "message/rfc822":
                part = _inner(part)[0]
            inner = _inner(part) if part.get_content_maintype() == "multipart" else []
            if inner and 1 <= int(number) <= len(inner):
                part = inner[int(number) - 1]
            elif inner or number != "1":
                return None
        return part


def _inner(part: Message) -> list[Message]:
    payload = part.get_payload() if part.is_multipart() else []
    return [each for each in payload if isinstance(each, Message)]


def _stored(part: Message) -> bytes:
    """Return the body of *part*, still encoded."""
    if not part.is_multipart():
        # In Latin-1 each octet is one character: any other charset would lose what it can't hold.
        octets = copy(part)
        del octets["Content-Type"]
        octets["Content-Type"] = "text/plain; charset=latin-1"
        return str(octets.get_payload()).encode("latin-1")
    out = BytesIO()
    BytesGenerator(out, mangle_from_=False, policy=_POLICY).flatten(part)
    return out.getvalue().partition(_END)[2]


def _structure(part: Message) -> Nested:
    if part.get_content_maintype() == "multipart" and (inner := _inner(part)):
        about = (_params(part), _disposition(part), None, _text(part, "Content-Location"))
        return (*map(_structure, inner), part.get_content_subtype().encode(), *about)
    stored = _stored(part)
    lines: tuple[Nested, ...] = ()
    if part.get_content_type() == "message/rfc822" and (inner := _inner(part)):
        lines = (_envelope(inner[0]), _structure(inner[0]), stored.count(b"\n"))
    elif part.get_content_maintype() == "text":
        lines = (stored.count(b"\n"),)
    return (
        part.get_content_maintype().encode(),
        part.get_content_subtype().encode(),
        _params(part) or _default(part),
        _text(part, "Content-ID"),
        _text(part, "Content-Description"),
        (_text(part, "Content-Transfer-Encoding") or b"7bit").lower(),
        len(stored),
        *lines,
        None,
        _disposition(part),
        None,
        _text(part, "Content-Location"),
    )


def _default(part: Message) -> Nested:
    """Return the parameters of a text that says nothing of itself."""
    return (b"charset", b"us-ascii") if part.get_content_maintype() == "text" else None


def _params(part: Message, header: str = "Content-Type") -> Nested:
    found: Sequence[tuple[str, object]] = part.get_params(failobj=[], header=header)[1:]
    flat = [
        each.encode("utf-8", "surrogateescape")
        for name, value in found
        for each in (name.lower(), str(value[2] if isinstance(value, tuple) else value))
    ]
    return tuple(flat) or None


def _disposition(part: Message) -> Nested:
    kind = part.get_content_disposition()
    return (kind.encode(), _params(part, "Content-Disposition")) if kind else None


def _text(part: Message, name: str) -> bytes | None:
    """Return a header field on one line, as it stands there."""
    if (value := part.get(name)) is None:
        return None
    return " ".join(str(value).split()).encode("utf-8", "surrogateescape")


def _envelope(message: Message) -> Nested:
    from_ = _addresses(message, "From")
    return (
        _text(message, "Date"),
        _text(message, "Subject"),
        from_,
        _addresses(message, "Sender") or from_,
        _addresses(message, "Reply-To") or from_,
        *(_addresses(message, name) for name in ("To", "Cc", "Bcc")),
        _text(message, "In-Reply-To"),
        _text(message, "Message-ID"),
    )


def _addresses(message: Message, name: str) -> Nested:
    found = getaddresses([str(value) for value in message.get_all(name, [])])
    return (
        tuple(
            (shown.encode() or None, None, local.encode(), host.encode())
            for shown, address in found
            for local, _, host in [address.rpartition("@")]
        )
        or None
    )
