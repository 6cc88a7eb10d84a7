"""The original as it stands below a reply or a forward, in the user's language."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from fermoposta.activesync.map.mail import plaintext

if TYPE_CHECKING:
    from fermoposta.activesync.compose.original import Original

_WORDS = {
    "en": {
        "line": "Original message",
        "from": "From",
        "sent": "Sent",
        "to": "To",
        "cc": "Cc",
        "subject": "Subject",
        "when": "When",
        "where": "Where",
        "forward": "FW",
    },
    "it": {
        "line": "Messaggio originale",
        "from": "Da",
        "sent": "Inviato",
        "to": "A",
        "cc": "Cc",
        "subject": "Oggetto",
        "when": "Quando",
        "where": "Dove",
        "forward": "I",
    },
}
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
_HTML_END = re.compile(r"</html\s*>", re.IGNORECASE)


def plain(original: Original, language: str, *, reply: bool) -> str:
    """Return what stands below a plain text."""
    words = _WORDS[language]
    heading = [f"{words[name]}: {said}" for name, said in original.heading]
    text = original.plain
    if text is None:
        text = plaintext.of_html(original.html or "")
    lines = text.splitlines()
    if reply:
        lines = [f">{line}" if line.startswith(">") else f"> {line}" for line in lines]
    return "\r\n".join(["", "", f"----- {words['line']} -----", *heading, "", *lines, ""])


def markup(original: Original, language: str, *, reply: bool) -> str:
    """Return what stands below HTML."""
    words = _WORDS[language]
    heading = "<br>\r\n".join(
        f"<b>{words[name]}:</b> {html.escape(said)}" for name, said in original.heading
    )
    inner = _inner(original.html or plaintext.to_html(original.plain or ""))
    if reply:
        inner = f'<blockquote type="cite">{inner}</blockquote>'
    return f"\r\n<br><hr>\r\n<div>{heading}</div>\r\n<br>\r\n<div>{inner}</div>\r\n"


def below(text: str, quoted: str) -> str:
    """Return the HTML *text* with *quoted* at its end, within its body."""
    ends = [*_BODY_END.finditer(text)] or [*_HTML_END.finditer(text)]
    at = ends[-1].start() if ends else len(text)
    return text[:at] + quoted + text[at:]


def forwarded(subject: str, language: str) -> str:
    """Return the subject of a forward."""
    return f"{_WORDS[language]['forward']}: {subject}"


def _inner(text: str) -> str:
    """Return what is in the body of *text*: one page can't stand within another."""
    begins = _BODY.search(text)
    inner = text[begins.end() :] if begins else text
    ends = [*_BODY_END.finditer(inner)] or [*_HTML_END.finditer(inner)]
    return inner[: ends[-1].start()] if ends else inner
