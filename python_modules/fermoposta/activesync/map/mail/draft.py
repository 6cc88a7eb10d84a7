"""
A draft: what a device has written of a mail as a message, and back for what it leaves out.

Drafts are written from 16.0 on (MS-ASEMAIL, section 2.2.1.1; MS-ASAIRS, section 2.2.2.2). A change
names only what has changed, so the rest is taken from the message that is there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from fermoposta.activesync.map.errors import MalformedError
from fermoposta.activesync.map.mail.body import HTML, MIME, PLAIN
from fermoposta.activesync.wbxml.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from fermoposta.activesync.wbxml import Element

CHANGE = "X-Fermoposta-Draft"
"""Names the change that made the message, so that none is made twice."""
_ADDRESSES = {"Email:To": "To", "Email:Cc": "Cc", "Email2:Bcc": "Bcc"}
_KEPT = ("From", *_ADDRESSES.values(), "Subject", "Importance", "In-Reply-To", "References")
"""The fields of a draft's header that another message in its place has as well."""
_IMPORTANCE = {"0": "low", "1": "normal", "2": "high"}
_BROKEN = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What the standard library makes of a broken message."""


@dataclass(frozen=True, slots=True)
class File:
    """An attachment; *client_id* where the device has just added it."""

    name: str
    type: str
    content: bytes
    content_id: str = ""
    inline: bool = False
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it stands."""

    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    html: bool = False
    files: tuple[File, ...] = ()


def read(message: bytes) -> Draft:
    """Return the draft in *message*, as far as it can be understood."""
    try:
        parsed = message_from_bytes(message, policy=policy.default)
        headers = {
            name: " ".join(str(value).split())
            for name in _KEPT
            if (value := parsed.get(name)) is not None
        }
        body = parsed.get_body(("html", "plain"))
        text = "" if body is None else str(body.get_content())
        html = body is not None and body.get_content_subtype() == "html"
        files = tuple(_file(part) for part in parsed.iter_attachments())
    except _BROKEN:
        return Draft()
    return Draft(headers, text, html, files)


def changed(draft: Draft, data: Element, removed: Sequence[int] = ()) -> Draft:
    """
    Return *draft* with what *data* says; *removed* are the places of attachments that go.

    Raises MalformedError.
    """
    kept = tuple(each for at, each in enumerate(draft.files) if at not in set(removed))
    draft = replace(draft, files=kept)
    if (body := data.find("AirSyncBase:Body")) is not None:
        draft = _with_body(draft, body)
    headers = dict(draft.headers)
    for tag, name in _ADDRESSES.items():
        if (told := data.text_of(tag)) is not None:
            headers[name] = _one_line(told).replace(";", ",")
    if (told := data.text_of("Email:Subject")) is not None:
        headers["Subject"] = _one_line(told)
    if (told := data.text_of("Email:Importance")) is not None:
        headers["Importance"] = _IMPORTANCE.get(told.strip(), "normal")
    return replace(draft, headers=headers, files=(*draft.files, *_added(data)))


def message_of(draft: Draft, *, sender: str, now: datetime, message_id: str, change: str) -> bytes:
    """Return the message of *draft*, *sender*'s unless it says whose; *change* names the change."""
    message = EmailMessage(policy=policy.SMTP)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id
    message[CHANGE] = change
    for name, value in {**draft.headers, "From": draft.headers.get("From") or sender}.items():
        if value:
            try:
                message[name] = value
            except _BROKEN as error:
                raise MalformedError(name, "can't be written into a mail") from error
    message.set_content(draft.text, subtype="html" if draft.html else "plain")
    for each in draft.files:
        main, _, sub = each.type.partition("/")
        message.add_attachment(
            each.content,
            maintype=main if sub else "application",
            subtype=sub or "octet-stream",
            filename=each.name,
            disposition="inline" if each.inline else "attachment",
            cid=f"<{each.content_id}>" if each.content_id else None,
        )
    return message.as_bytes()


def removed_references(data: Element) -> list[str]:
    """Return what names the attachments that *data* takes away."""
    listed = data.find("AirSyncBase:Attachments")
    deletes = () if listed is None else listed.find_all("AirSyncBase:Delete")
    return [(each.text_of("AirSyncBase:FileReference") or "").strip() for each in deletes]


def _with_body(draft: Draft, body: Element) -> Draft:
    kind = (body.text_of("AirSyncBase:Type") or str(PLAIN)).strip()
    data = body.find("AirSyncBase:Data")
    if kind not in {str(PLAIN), str(HTML), str(MIME)}:
        raise MalformedError("AirSyncBase:Type", "is no form in which mail is written")
    if data is None:
        return draft
    if kind == str(MIME):
        # A whole message: what its header says is the draft's, and what hangs on it.
        whole = read(data.data)
        headers = {**draft.headers, **whole.headers}
        return replace(whole, headers=headers, files=whole.files or draft.files)
    return replace(draft, text=clean(data.text), html=kind == str(HTML))


def _added(data: Element) -> Iterator[File]:
    listed = data.find("AirSyncBase:Attachments")
    for each in () if listed is None else listed.find_all("AirSyncBase:Add"):
        content = each.find("AirSyncBase:Content")
        if content is None:
            raise MalformedError("AirSyncBase:Add", "has no Content")
        yield File(
            _one_line(each.text_of("AirSyncBase:DisplayName") or "file"),
            (each.text_of("AirSyncBase:ContentType") or "application/octet-stream").strip().lower(),
            content.data,
            _one_line(each.text_of("AirSyncBase:ContentId") or "").strip("<>"),
            (each.text_of("AirSyncBase:IsInline") or "").strip() == "1",
            (each.text_of("AirSyncBase:ClientId") or "").strip(),
        )


def _file(part: EmailMessage) -> File:
    content = part.get_payload(decode=True)
    octets = content if isinstance(content, bytes) else part.as_bytes()
    return File(
        part.get_filename() or "file",
        part.get_content_type(),
        octets,
        str(part.get("Content-ID", "")).strip("<> "),
        part.get_content_disposition() == "inline",
    )


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())
