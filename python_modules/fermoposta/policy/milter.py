"""
The milter protocol, version 6, as Postfix speaks it. Bytes in, commands out; values in, bytes out.

A packet is a length of 4 bytes, a letter, and arguments that end in NUL. We ask for envelope and
headers only, and answer nothing before the end of the message.
"""

import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

VERSION = 6
LONGEST = 1_048_576
"""Bytes of a packet; headers and envelopes are far smaller, and bodies are not sent to us."""

# What we may do to a message: add headers, change them, add and delete recipients, change senders.
_ACTIONS = 0x01 | 0x10 | 0x04 | 0x80 | 0x08 | 0x40
# What is not sent to us: HELO, body, end of headers, unknown commands, DATA.
_NOT_SENT = 0x02 | 0x10 | 0x40 | 0x100 | 0x200
# What we don't answer: the connection, MAIL, RCPT, headers.
_NO_REPLY = 0x1000 | 0x4000 | 0x8000 | 0x80
_PROTOCOL = _NOT_SENT | _NO_REPLY

_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+")
_SPECIAL = re.compile(r'(["\\])')


class ProtocolError(Exception):
    """The other side speaks something else; the connection is of no use any more."""


@dataclass(frozen=True, slots=True)
class Negotiate:
    """What the other side can do."""

    version: int
    actions: int
    protocol: int


@dataclass(frozen=True, slots=True)
class Macros:
    """What is known at a stage, which the letter of its command names."""

    stage: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Connect:
    """Where the client calls from; "" where that is no address of the internet."""

    address: str


@dataclass(frozen=True, slots=True)
class Mail:
    """The envelope sender in angle brackets, and what stood behind it."""

    sender: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recipient:
    """An envelope recipient in angle brackets, and what stood behind it."""

    recipient: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """A header of the message; the value may be folded."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class EndOfMessage:
    """All is there: now we answer."""


@dataclass(frozen=True, slots=True)
class Abort:
    """The message is not sent after all; the connection stays."""


@dataclass(frozen=True, slots=True)
class Quit:
    """The other side hangs up."""


Command = (
    Negotiate | Macros | Connect | Mail | Recipient | Header | EndOfMessage | Abort | Quit | None
)


class Commands:
    """The commands of one connection, in the order in which they arrive."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Command]:
        """Take in *data* and go through the commands that are complete now."""
        self._buffer += data
        while len(self._buffer) >= 4:
            length = int.from_bytes(self._buffer[:4])
            if not 0 < length <= LONGEST:
                raise ProtocolError(f"a packet of {length} bytes")
            if len(self._buffer) < 4 + length:
                return
            packet = bytes(self._buffer[4 : 4 + length])
            del self._buffer[: 4 + length]
            yield _command(packet[:1], packet[1:])


def _command(letter: bytes, data: bytes) -> Command:
    """Read a packet; what we asked not to be sent is None, and needs no answer."""
    read = _READERS.get(letter)
    return read(data) if read else None


def _negotiate(data: bytes) -> Negotiate:
    if len(data) != 12:
        raise ProtocolError("a negotiation of another length")
    return Negotiate(*struct.unpack("!III", data))


def _macros(data: bytes) -> Macros:
    names = _texts(data[1:])
    pairs = zip(names[::2], names[1::2], strict=False)
    return Macros(data[:1].decode("latin-1"), {name.strip("{}"): value for name, value in pairs})


def _mail(data: bytes) -> Mail:
    sender, *options = _texts(data) or [""]
    return Mail(sender, tuple(options))


def _recipient(data: bytes) -> Recipient:
    recipient, *options = _texts(data) or [""]
    return Recipient(recipient, tuple(options))


def _header(data: bytes) -> Header:
    name, value = (*_texts(data), "", "")[:2]
    return Header(name, value)


_READERS: dict[bytes, Callable[[bytes], Command]] = {
    b"O": _negotiate,
    b"D": _macros,
    b"C": lambda data: Connect(_client(data)),
    b"M": _mail,
    b"R": _recipient,
    b"L": _header,
    b"E": lambda _: EndOfMessage(),
    b"A": lambda _: Abort(),
    b"Q": lambda _: Quit(),
    b"K": lambda _: Quit(),
}


def _texts(data: bytes) -> list[str]:
    """Split what ends in NUL. Octets that are no ASCII come out as they went in."""
    return [text.decode("utf-8", "surrogateescape") for text in data.split(b"\0")[:-1]]


def _client(data: bytes) -> str:
    """Return the address in host name NUL, family, port, address NUL."""
    _, _, rest = data.partition(b"\0")
    if rest[:1] not in (b"4", b"6"):
        return ""
    return rest[3:].split(b"\0")[0].decode("latin-1").removeprefix("IPv6:")


def packet(letter: str, *arguments: str, before: bytes = b"") -> bytes:
    """Return a packet: *letter*, the octets *before*, and each of *arguments* ending in NUL."""
    texts = b"".join(text.encode("utf-8", "surrogateescape") + b"\0" for text in arguments)
    data = letter.encode() + before + texts
    return len(data).to_bytes(4) + data


def negotiated(offer: Negotiate) -> bytes:
    """Return what we make of *offer*; raises ProtocolError where it is not enough for us."""
    if offer.version < VERSION or _ACTIONS & ~offer.actions or _PROTOCOL & ~offer.protocol:
        raise ProtocolError("the other side can do too little")
    return packet("O", before=struct.pack("!III", VERSION, _ACTIONS, _PROTOCOL))


CONTINUE = packet("c")
TEMPFAIL = packet("t")


def reply(code: str, text: str) -> bytes:
    """Refuse the message with *code*, as in ``550 5.7.1``, and *text*."""
    # A percent sign would be taken for the beginning of a directive.
    line = "".join(c if c.isascii() and c.isprintable() else "?" for c in text).replace("%", "?")
    return packet("y", f"{code} {line}"[:500])


def delete_recipient(recipient: str) -> bytes:
    """Take away *recipient*, as it came in `Recipient`."""
    return packet("-", recipient)


def add_recipient(address: str, options: Sequence[str] = ()) -> bytes:
    """Add *address*, with options as in RCPT (RFC 3461)."""
    return packet("2", _path(address), " ".join(options))


def change_sender(address: str) -> bytes:
    """Put *address* in the place of the envelope sender."""
    return packet("e", _path(address))


def _path(address: str) -> str:
    """Write *address* as SMTP does (RFC 5321, section 4.1.2): all of it stays one address."""
    local, at, domain = address.rpartition("@")
    if at and not _ATOMS.fullmatch(local):
        local = '"' + _SPECIAL.sub(r"\\\1", local) + '"'
    return f"<{local}{at}{domain}>"


def add_header(name: str, value: str) -> bytes:
    """Add a header behind the others."""
    return packet("h", name, value)


def delete_header(name: str, position: int) -> bytes:
    """Take away the header that is the *position*-th of its name, from 1."""
    return packet("m", name, "", before=position.to_bytes(4))
