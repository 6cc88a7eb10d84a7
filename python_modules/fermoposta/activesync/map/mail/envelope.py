"""
Who wrote to whom about what, as IMAP's ENVELOPE tells it (RFC 9051, section 7.5.2).

A client of IMAP gives it as nested tuples of text and None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.activesync.map.mail import words
from fermoposta.activesync.map.mail.errors import StructureError
from fermoposta.activesync.map.mail.nested import fields_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.activesync.map.mail.nested import Nested


@dataclass(frozen=True, slots=True)
class Address:
    """Somebody's address, and the name that stands beside it."""

    name: str
    address: str

    def __str__(self) -> str:
        """Spell it as a header would; a name is always quoted, since it may hold a comma."""
        if not self.name:
            return self.address
        name = self.name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{name}" <{self.address}>'


@dataclass(frozen=True, slots=True)
class Envelope:
    """The header of a mail, as far as a list of mails shows it."""

    subject: str = ""
    from_: tuple[Address, ...] = ()
    sender: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    in_reply_to: str = ""
    message_id: str = ""


def parse(nested: Nested) -> Envelope:
    """Return the envelope *nested*. Raises StructureError, and nothing else."""
    if not isinstance(nested, list | tuple) or len(nested) != 10:
        raise StructureError("an envelope that has not 10 fields")
    from_, sender, reply_to, to, cc, bcc = (tuple(_addresses(each)) for each in nested[2:8])
    return Envelope(
        subject=words.unstructured(text_of(nested[1])),
        from_=from_,
        sender=sender,
        reply_to=reply_to,
        to=to,
        cc=cc,
        bcc=bcc,
        in_reply_to=text_of(nested[8]).strip(),
        message_id=text_of(nested[9]).strip(),
    )


def _addresses(nested: Nested) -> Iterator[Address]:
    """Yield the addresses of *nested*; the name of a group says nothing that a reply can use."""
    if nested is None:
        return
    for each in fields_of(nested):
        fields = fields_of(each)
        if len(fields) != 4:
            raise StructureError("an address that has not 4 fields")
        name, _, mailbox, host = fields
        if host is None:  # where a group begins or ends
            continue
        address = f"{text_of(mailbox)}@{text_of(host)}" if host else text_of(mailbox)
        yield Address(_one_line(words.unstructured(text_of(name))), _one_line(address))


def _one_line(text: str) -> str:
    return " ".join(text.split())
