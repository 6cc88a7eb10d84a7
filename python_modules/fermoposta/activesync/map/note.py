"""
Notes: a message in Apple's format as ApplicationData (MS-ASNOTE, section 2.2.2), and back.

A note is a message of HTML, or of plain text, that names itself by a header; who changes it puts
another message with the same name in its place.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from fermoposta.activesync.map import body
from fermoposta.activesync.map.content import leaf
from fermoposta.activesync.map.mail import categories, plaintext
from fermoposta.activesync.map.mail.message import timestamp
from fermoposta.activesync.wbxml.element import Element

if TYPE_CHECKING:
    from datetime import datetime

    from fermoposta.activesync.map.body import Renderer

UUID = "X-Universally-Unique-Identifier"
TYPE = "X-Uniform-Type-Identifier"
APPLE = "com.apple.mail-note"
_LONGEST_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it is kept."""

    uuid: str
    subject: str
    text: str
    modified: datetime
    categories: tuple[str, ...] = ()


def to_element(note: Note, render: Renderer = body.plain) -> Element:
    """Return *note* as ApplicationData."""
    shown = render(note.text)
    return Element(
        "AirSync:ApplicationData",
        [
            leaf("Notes:Subject", note.subject),
            *([] if shown is None else [shown]),
            leaf("Notes:MessageClass", "IPM.StickyNote"),
            leaf("Notes:LastModifiedDate", timestamp(note.modified)),
            Element("Notes:Categories", [leaf("Notes:Category", each) for each in note.categories]),
        ],
    )


def from_element(data: Element, now: datetime, *, uuid: str, existing: Note | None = None) -> Note:
    """Return the note *existing* with what *data* says, or a new one that is named *uuid*."""
    told = data.find(body.TAG)
    text = None if told is None else body.text_of(told)
    text = (existing.text if existing else "") if text is None else text
    subject = data.text_of("Notes:Subject")
    if subject is None:
        subject = existing.subject if existing else _first_line(text)
    listed = data.find("Notes:Categories")
    named = existing.categories if existing else ()
    if listed is not None:
        named = tuple(each.text for each in listed.find_all("Notes:Category") if each.text.strip())
    return Note(uuid, " ".join(subject.split())[:_LONGEST_SUBJECT], text, now, named)


def message_of(note: Note, address: str) -> bytes:
    """Return the message that keeps *note*, which is of the mailbox *address*."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = address
    message["Subject"] = note.subject
    message["Date"] = format_datetime(note.modified)
    message[TYPE] = APPLE
    message[UUID] = note.uuid
    message.set_content(_as_html(note.text), subtype="html", cte="quoted-printable")
    return message.as_bytes()


def keywords_of(note: Note) -> set[str]:
    """Return the keywords that keep the note's categories."""
    return {categories.keyword_of(each) for each in note.categories}


def text_of(content: str, *, is_html: bool) -> str:
    """Return the text of a note that is kept as *content*."""
    if not is_html:
        return content.replace("\r\n", "\n").strip("\n")
    return plaintext.of_html(content).strip("\n")


def _as_html(text: str) -> str:
    lines = (html.escape(line, quote=False) or "<br>" for line in text.splitlines())
    return (
        "<html><head></head><body>"
        + "".join(f"<div>{line}</div>" for line in lines)
        + ("</body></html>\n")
    )


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
