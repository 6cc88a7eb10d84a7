"""
A message that passes on another: ``I:`` before the subject, the original quoted below its headers.

Attachments, inline images and both forms of a text stay as they are. What is signed or encrypted,
and what cannot be taken apart, is attached as a whole.
"""

from __future__ import annotations

import email
import email.policy
import html
import re
from contextlib import suppress
from email.generator import BytesGenerator
from email.headerregistry import Address
from email.message import EmailMessage, Message, MIMEPart
from email.mime.message import MIMEMessage
from io import BytesIO
from typing import TYPE_CHECKING, cast
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fermoposta.directory.model import User

PREFIX = "I: "
_POLICY = email.policy.SMTP
_PREFIXED = re.compile(r"\s*I:\s", re.IGNORECASE)
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_LINE_END = re.compile(rb"\r?\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SEALED = frozenset(
    {
        "multipart/signed",
        "multipart/encrypted",
        "application/pkcs7-mime",
        "application/x-pkcs7-mime",
    }
)
_WORDS = {
    "it": ("Messaggio inoltrato", ("Da", "Data", "A", "Cc", "Oggetto")),
    "en": ("Forwarded message", ("From", "Date", "To", "Cc", "Subject")),
}
_QUOTED = ("From", "Date", "To", "Cc", "Subject")


def forwarded(
    content: bytes, user: User, recipients: Sequence[str], more: Iterable[tuple[str, str]]
) -> bytes:
    """Return *content* as *user* forwards it to *recipients*, with the headers *more* besides."""
    original = _parsed(content)
    lines = quoted_headers(original, user.language)
    local, _, domain = user.address.rpartition("@")
    headers: list[tuple[str, object]] = [
        ("From", Address(user.name, username=local, domain=domain)),
        ("To", ", ".join(recipients)),
        ("Subject", subject_of(original)),
        *more,
    ]
    with suppress(Exception):  # whatever is wrong with it: then it goes as a whole
        if not any(part.get_content_type() in _SEALED for part in original.walk()):
            return _flat(_rewritten(original, lines, headers))
    message = EmailMessage(policy=_POLICY)
    for name, value in headers:
        message[name] = value
    message.set_content("\n".join([*lines, ""]))
    return enclosing(message, content, "message.eml")


def _parsed(content: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(content, policy=_POLICY)
    assert isinstance(parsed, EmailMessage)  # noqa: S101 - the policy's own class
    return parsed


def subject_of(original: EmailMessage) -> str:
    """Return the subject of *original* with the prefix in front, once."""
    subject = header_text(original, "Subject")
    return subject if _PREFIXED.match(subject) else f"{PREFIX}{subject}".rstrip()


def quoted_headers(original: EmailMessage, language: str) -> list[str]:
    """List the lines that say who wrote *original*, when, and to whom."""
    title, names = _WORDS[language]
    found = [(word, header_text(original, name)) for word, name in zip(names, _QUOTED, strict=True)]
    return [
        f"---------- {title} ----------",
        *(f"{word}: {value}" for word, value in found if value),
    ]


def header_text(original: EmailMessage, name: str) -> str:
    """Return a header's text on one line; empty where there is none, or none that can be read."""
    value = ""
    with suppress(Exception):  # the parser fails on some broken headers when they are asked for
        value = str(original[name] or "")
    # What was not ASCII and said nothing of what it is cannot be passed on.
    clean = value.encode(errors="replace").decode()
    return " ".join(_CONTROL.sub(" ", clean).split())


def _rewritten(
    original: EmailMessage, lines: list[str], headers: list[tuple[str, object]]
) -> EmailMessage:
    """Return *original* with *headers*, and *lines* in front of its texts."""
    plain, rich = original.get_body(("plain",)), original.get_body(("html",))
    if plain is None and rich is None:
        raise LookupError("there is no text to quote in")
    if plain is not None:
        plain.set_content("\n".join([*lines, "", _text(plain)]))
    if rich is not None:
        rich.set_content(_html(_text(rich), lines), subtype="html")
    for name in set(original.keys()):
        if not name.lower().startswith("content-") and name.lower() != "mime-version":
            del original[name]
    for name, value in headers:
        original[name] = value
    return original


def _text(part: MIMEPart) -> str:
    text: str = part.get_content()
    if "\ufffd" in text:
        raise ValueError("it is in an encoding that it does not name")
    return text


def _html(text: str, lines: list[str]) -> str:
    """Return *text* with *lines* at the beginning of what is shown of it."""
    said = f"<p>{'<br>'.join(map(html.escape, lines))}</p>"
    body = _BODY.search(text)
    at = body.end() if body else 0
    return f"{text[:at]}{said}{text[at:]}"


def enclosing(message: EmailMessage, content: bytes, filename: str) -> bytes:
    """
    Return *message* with the message *content* attached, as it is.

    A signature is over every byte, and what is badly broken can't be parsed and written again: it
    takes the place of something else when all is written.
    """
    name, place = f"X-{uuid4().hex}", Message()
    place[name] = "1"
    message.make_mixed()
    whole = MIMEMessage(place, policy=email.policy.compat32)
    whole.add_header("Content-Disposition", "attachment", filename=filename)
    message.attach(cast("EmailMessage", whole))
    before, _, after = _flat(message).partition(f"{name}: 1\r\n\r\n".encode())
    return before + _LINE_END.sub(b"\r\n", content) + after


def _flat(message: EmailMessage) -> bytes:
    out = BytesIO()
    # Without a policy of its own the generator leaves each part to the part's.
    BytesGenerator(out, mangle_from_=False).flatten(message, linesep="\r\n")
    return out.getvalue()
