"""The mail that takes an appointment to others (Forwardees, MS-ASCMD, section 2.2.3.79)."""

from __future__ import annotations

from email.header import Header
from email.utils import formataddr
from typing import TYPE_CHECKING

from fermoposta.activesync.compose import quote
from fermoposta.activesync.compose.letter import Letter, field, read
from fermoposta.activesync.compose.write import text_part

if TYPE_CHECKING:
    from fermoposta.activesync.compose.asked import Compose

_LONGEST_SUBJECT = 200


def addressed(compose: Compose, summary: str, language: str) -> bytes:
    """
    Return a mail to the forwardees of *compose*, about what is called *summary*.

    What the device has written counts, but for whom it names; where it has sent no mail, what it
    says is the text of one. Raises LetterError.
    """
    to = field(b"to", ", ".join(_person(*each) for each in compose.forwardees))
    if compose.mime.strip():
        written = read(compose.mime).without(b"to", b"cc", b"bcc")
        return bytes(Letter((to, *written.fields), written.rest))
    subject = quote.forwarded(" ".join(summary.split())[:_LONGEST_SUBJECT], language)
    encoded = subject if subject.isascii() else Header(subject, "utf-8").encode()
    fields = (to, field(b"subject", encoded), field(b"mime-version", "1.0"))
    return bytes(Letter(fields, text_part(compose.text, "plain")))


def _person(name: str, address: str) -> str:
    try:
        return formataddr((name, address))
    except UnicodeError:  # an address in other letters has no other spelling (RFC 6531)
        return address
