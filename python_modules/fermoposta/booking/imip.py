"""Find the invitation in a mail, and make the mail of an answer (RFC 6047)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from typing import TYPE_CHECKING

from fermoposta.booking.words import LANGUAGES, subject, text

if TYPE_CHECKING:
    from datetime import datetime

    from fermoposta.booking.decide import Resource
    from fermoposta.booking.reply import Reply

_FILES = ("application/ics", "application/octet-stream")
_MESSAGE_ID = re.compile("<[!-;=?-~]{1,900}>")


@dataclass(frozen=True, slots=True)
class Invitation:
    """
    The calendar data of a mail, with the method of its envelope ("" for none), and who wrote.

    *writers* are those in From: domains vouch for them, and nobody does for Sender.
    """

    content: bytes
    method: str
    writers: frozenset[str]
    language: str | None
    automatic: bool
    message_id: str


def find(message: EmailMessage) -> Invitation | None:
    """Return what *message* holds of a calendar, None where it is a mail like any other."""
    parts = [each for each in message.walk() if not each.is_multipart()]
    found = [each for each in parts if each.get_content_type() == "text/calendar"]
    found += [each for each in parts if each.get_content_type() in _FILES and _is_file(each)]
    if not found:
        return None
    part = next((each for each in found if each.get_param("method")), found[0])
    return Invitation(
        content=_content(part),
        method=str(part.get_param("method") or "").upper(),
        writers=frozenset(_addresses(message)),
        language=_language(message),
        automatic=is_automatic(message),
        message_id=_message_id(message),
    )


def is_automatic(message: EmailMessage) -> bool:
    """Tell whether no person wrote it, so that no letter is an answer (RFC 3834, section 2)."""
    if (header(message, "Auto-Submitted") or "no").partition(";")[0].strip().lower() != "no":
        return True
    if header(message, "List-Id") or message.get_content_type() == "multipart/report":
        return True
    return header(message, "Precedence").strip().lower() in {"bulk", "list", "junk"}


def header(message: EmailMessage, name: str) -> str:
    """Return the first header *name*, "" where there is none, or none that can be read."""
    try:
        return str(message.get(name, ""))
    except (ValueError, LookupError, TypeError, AttributeError):
        # The standard library breaks at some of what is no address.
        return ""


def _is_file(part: object) -> bool:
    assert isinstance(part, EmailMessage)  # noqa: S101 - the policy's own class
    return (part.get_filename() or "").lower().endswith(".ics")


def _content(part: object) -> bytes:
    """Return calendar data in UTF-8, whatever the part is in."""
    assert isinstance(part, EmailMessage)  # noqa: S101 - the policy's own class
    raw = part.get_payload(decode=True)
    content = raw if isinstance(raw, bytes) else b""
    charset = str(part.get_param("charset") or "utf-8").lower()
    try:
        return content.decode(charset).encode()
    except (LookupError, ValueError):
        return content.decode("latin-1").encode()


def _message_id(message: EmailMessage) -> str:
    """Return the name of *message*, "" where no answer could say it."""
    named = header(message, "Message-ID").strip()
    return named if _MESSAGE_ID.fullmatch(named) else ""


def _addresses(message: EmailMessage) -> list[str]:
    try:
        values = [str(each) for each in message.get_all("From", [])]
    except (ValueError, LookupError, TypeError, AttributeError):
        return []
    return [address.lower() for _, address in getaddresses(values) if address]


def _language(message: EmailMessage) -> str | None:
    """Return the language that the writer's program says, where we speak it."""
    named = header(message, "Content-Language").strip().lower()[:2]
    return named if named in LANGUAGES else None


def compose(
    reply: Reply,
    resource: Resource,
    *,
    to: str,
    language: str,
    now: datetime,
    in_reply_to: str = "",
) -> EmailMessage:
    """Return the mail that takes *reply* to *to*."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(resource.name, addr_spec=resource.address)
    message["To"] = to
    message["Subject"] = subject(reply.summary, language, accepted=reply.accepted)
    message["Date"] = format_datetime(now)
    if in_reply_to:
        message["In-Reply-To"] = in_reply_to
        message["References"] = in_reply_to
    message["Auto-Submitted"] = "auto-replied"
    words = text(reply.reason, name=resource.name, language=language, zone=resource.zone)
    calendar = reply.calendar.to_ical() if reply.calendar else b""
    # The same answer has the same name, however often it is sent.
    told = hashlib.sha256(
        f"{resource.address}{to}{in_reply_to}{words}".encode() + _steady(calendar)
    )
    domain = resource.address.rpartition("@")[2]
    message["Message-ID"] = f"<{told.hexdigest()[:40]}@{domain}>"
    message.set_content(words + "\n")
    if calendar:
        message.add_alternative(
            calendar.decode(),
            subtype="calendar",
            params={"method": "REPLY"},
            cte="quoted-printable",
        )
        message.add_attachment(
            calendar, maintype="application", subtype="ics", filename="invite.ics", cte="base64"
        )
    return message


def _steady(calendar: bytes) -> bytes:
    """Return *calendar* without the line that says when it was made."""
    return b"\n".join(each for each in calendar.splitlines() if not each.startswith(b"DTSTAMP"))
