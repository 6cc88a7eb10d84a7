"""
What stands in the Sent folders of a mail that was sent as somebody else. Pure.

Each folder holds one copy, ours. It names who really sent it, and our mark, by which it is known
again: the client's own copy has the same Message-ID and no mark.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.header import Header
from email.utils import formataddr

MARK = "X-Fermoposta-Submission"
_HEADER = re.compile(rb"(?P<name>[!-9;-~]+)[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*")


@dataclass(frozen=True, slots=True)
class Person:
    """Who logged in."""

    address: str
    name: str = ""

    def __str__(self) -> str:
        """Return the address as a header has it, with the name in front (RFC 5322, 3.4)."""
        return formataddr((self.name, self.address)) if self.name else self.address


def ours(sent: bytes, *, submission: str, sender: Person, hidden: Sequence[bytes] = ()) -> bytes:
    """
    Return the copy of the mail *sent*, which *sender* submitted as *submission*.

    Its Sender is who logged in, whatever the recipients are shown. *hidden* are whole headers that
    were not sent and shall be kept: the recipients of blind copies, which only the client knew. No
    other byte changes, so that a signature still holds.
    """
    mark = f"{MARK}: {submission}\r\n".encode()
    evidence = f"Sender: {_encoded(sender)}\r\n".encode()
    kept = without(sent, MARK, "Sender", *(["Bcc"] if hidden else []))
    return mark + evidence + b"".join(hidden) + kept


def _encoded(person: Person) -> str:
    """Return *person* in ASCII (RFC 2047)."""
    if person.name.isascii():
        return str(person)
    return f"{Header(person.name, 'utf-8').encode()} <{person.address}>"


def body(copy: bytes) -> bytes:
    """Return what all copies of one mail have in common: all but what `ours` changes."""
    return without(copy, MARK, "Sender", "Bcc")


def text(message: bytes) -> bytes:
    """Return what stands behind the headers."""
    return message[sum(len(field) for _, field in _fields(message)) :]


def headers(message: bytes, name: str) -> list[bytes]:
    """Return the headers called *name*, each whole, with its line end."""
    wanted = name.lower().encode()
    return [field for found, field in _fields(message) if found == wanted]


def without(message: bytes, *names: str) -> bytes:
    """Return *message* without the headers of these *names*."""
    unwanted = {name.lower().encode() for name in names}
    kept = (field for found, field in _fields(message) if found not in unwanted)
    return b"".join(kept) + text(message)


def _fields(message: bytes) -> list[tuple[bytes, bytes]]:
    """Return name, in lower case, and text of each header, up to the first line that is none."""
    found = []
    position = 0
    while match := _HEADER.match(message, position):
        found.append((match["name"].lower(), match[0]))
        position = match.end()
    return found
