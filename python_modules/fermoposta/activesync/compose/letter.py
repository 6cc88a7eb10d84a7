"""
A mail as a device has written it, and as it goes out: one is the other, octet by octet.

Of a signed mail no octet below the header may change, and of its header none that can be helped.
So Bcc is taken out, what RFC 5322 demands and the device has left out is put in front, and lines
end as SMTP has them (RFC 5321, section 2.3.8).

* LetterError            it is no mail; says why
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.headerregistry import AddressHeader, HeaderRegistry
from email.utils import format_datetime, formataddr
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from fermoposta.activesync.map.owner import Owner

_FIELD = re.compile(rb"(?P<name>[!-9;-~]+)[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z)")
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_ENDS = re.compile(rb"\r?\n")
_RECIPIENTS = (b"to", b"cc", b"bcc")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
LONGEST_LIST = 200_000
"""Octets of one To, Cc or Bcc; far more than people write, and read in bounded time."""
LONGEST_ADDRESS = 2_000
"""Characters of one of them, name and all: what is read of it takes the square of that."""
_header = HeaderRegistry()
_BROKEN = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What the standard library makes of what is no address."""


class LetterError(ValueError):
    """It is no mail that can be sent."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail: its fields, each whole with name and line end, and what stands below them."""

    fields: tuple[tuple[bytes, bytes], ...]
    """Name in small letters, and the octets."""
    rest: bytes
    """The empty line and the body."""

    def __bytes__(self) -> bytes:
        """Return all of it."""
        return b"".join(field for _, field in self.fields) + self.rest

    def values(self, name: bytes) -> list[str]:
        """Return the values of all fields called *name*, each in one line."""
        return [_value(field) for found, field in self.fields if found == name]

    def first(self, name: bytes) -> str:
        """Return the first value of *name*, "" where there is none."""
        return next(iter(self.values(name)), "")

    def without(self, *names: bytes) -> Letter:
        """Return it without the fields of these *names*."""
        return Letter(tuple(each for each in self.fields if each[0] not in names), self.rest)

    @property
    def message_id(self) -> str:
        """The Message-ID with its brackets, "" where it has none that is one."""
        said = self.first(b"message-id")
        return said if _MESSAGE_ID.fullmatch(said) else ""

    def recipients(self) -> tuple[str, ...]:
        """
        Return the addresses in To, Cc and Bcc, each once.

        Raises LetterError where one of them can't be understood: a recipient who is passed over
        would be one whom the writer believes to have written to.
        """
        found: dict[str, None] = {}
        for name, field in self.fields:
            if name in _RECIPIENTS:
                found |= dict.fromkeys(_addresses(name.decode(), field))
        return tuple(found)


def read(message: bytes) -> Letter:
    """Return the mail in *message*. Raises LetterError where it has no header."""
    # Counted first: that takes a tenth of the time, and most mail has no line end to mend.
    pairs = message.count(b"\r\n")
    if message.count(b"\n") != pairs or message.count(b"\r") != pairs:
        message = _BARE.sub(b"\r\n", message)
    fields = tuple(fields_in(message))
    if not fields:
        raise LetterError("it begins with no header")
    rest = message[sum(len(field) for _, field in fields) :]
    if not fields[-1][1].endswith(b"\n"):
        fields = (*fields[:-1], (fields[-1][0], fields[-1][1] + b"\r\n"))
    if not rest.startswith(b"\r\n"):
        # What ends the header is no field: else the body would be taken for some.
        rest = b"\r\n" + rest
    return Letter(fields, rest)


def completed(letter: Letter, owner: Owner, now: datetime, name: str) -> Letter:
    """
    Return *letter* with what it lacks of Date, From, Message-ID and MIME-Version.

    *name* is what a Message-ID is made of: the same mail sent twice has the same one.
    """
    there = {found for found, _ in letter.fields}
    wanted = {
        b"date": format_datetime(now),
        b"from": address_of(owner),
        b"message-id": message_id(owner, name),
    }
    if there & {b"content-type", b"content-transfer-encoding"}:
        wanted[b"mime-version"] = "1.0"
    if not letter.message_id:
        letter, there = letter.without(b"message-id"), there - {b"message-id"}
    added = tuple(field(each, value) for each, value in wanted.items() if each not in there)
    return Letter((*added, *letter.fields), letter.rest)


def message_id(owner: Owner, name: str) -> str:
    """Return the Message-ID of what *owner* sends and *name* stands for."""
    return f"<{name}@{owner.address.rpartition('@')[2]}>"


def address_of(owner: Owner) -> str:
    """Return *owner* as a field has it (RFC 5322, section 3.4; RFC 2047)."""
    name = " ".join(owner.name.split())
    return formataddr((name, owner.address)) if name else owner.address


def field(name: bytes, value: str) -> tuple[bytes, bytes]:
    """Return a field, *name* spelt as is usual."""
    shown = {b"message-id": b"Message-ID", b"mime-version": b"MIME-Version"}
    title = b"-".join(part.capitalize() for part in name.split(b"-"))
    line = " ".join(value.split())
    return name, shown.get(name, title) + b": " + line.encode() + b"\r\n"


def fields_in(message: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and octets of each field at the beginning of *message*."""
    at = 0
    while match := _FIELD.match(message, at):
        yield match["name"].lower(), match[0]
        at = match.end()


def _value(field: bytes) -> str:
    said = _ENDS.sub(b"", field.partition(b":")[2])
    return said.decode(errors="replace").strip()


def _addresses(name: str, field: bytes) -> Sequence[str]:
    value = _value(field)
    if len(field) > LONGEST_LIST:
        raise LetterError(f"{name} has more than {LONGEST_LIST} octets")
    if max(map(len, value.split(","))) > LONGEST_ADDRESS:
        raise LetterError(f"{name} holds something longer than {LONGEST_ADDRESS} characters")
    if not value:
        return []
    try:
        made = cast("AddressHeader", _header("to", value))
        found = [address.addr_spec for address in made.addresses]
        whole = bool(made.addresses) or bool(made.groups)
    except _BROKEN as error:
        raise LetterError(f"{name} can't be understood") from error
    if not whole or not all(map(_sendable, found)):
        raise LetterError(f"{name} holds something that is no address")
    return found


def _sendable(address: str) -> bool:
    """Tell whether *address* is one that an envelope can hold: a part on either side of an @."""
    local, at, domain = address.rpartition("@")
    return bool(local and at and domain) and address.isprintable() and " " not in domain
