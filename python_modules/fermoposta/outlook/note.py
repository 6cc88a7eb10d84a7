"""A note as the message that keeps it, as Apple's programs and our gateway have it."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

from fermoposta.outlook.properties import BODY, CREATED, MODIFIED, SUBJECT, Bag

FOLDER = "Notes"


def of_note(bag: Bag) -> bytes:
    """Return the message of the note *bag*."""
    message = EmailMessage(policy=policy.SMTP.clone(cte_type="7bit"))
    text = bag.text(BODY).replace("\r\n", "\n")
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    message["From"] = "note@outlook.import.invalid"
    message["Subject"] = " ".join((bag.text(SUBJECT) or first).split())[:200]
    message["Date"] = format_datetime(
        bag.moment(MODIFIED, CREATED) or datetime(2000, 1, 1, tzinfo=UTC)
    )
    message["X-Uniform-Type-Identifier"] = "com.apple.mail-note"
    message["X-Universally-Unique-Identifier"] = bag.id
    lines = (html.escape(line, quote=False) or "<br>" for line in text.splitlines())
    content = "".join(f"<div>{line}</div>" for line in lines)
    message.set_content(
        f"<html><head></head><body>{content}</body></html>\n", subtype="html",
        cte="quoted-printable",
    )  # fmt: skip
    return message.as_bytes()
