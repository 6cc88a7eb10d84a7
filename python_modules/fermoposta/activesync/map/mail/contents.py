"""
Which parts of a mail are its text, and which are attachments (MS-ASAIRS, section 2.2.2.8).

Every part is shown exactly once, but for other spellings of the same text: of alternatives (RFC
2046, section 5.1.4) the plain text, the HTML and the invitation are known, the rest of the texts is
left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fermoposta.activesync.map import filename

if TYPE_CHECKING:
    from fermoposta.activesync.map.mail.bodystructure import Part

NORMAL = 1
EMBEDDED_MESSAGE = 5
"""Method (MS-ASAIRS, section 2.2.2.31): how an attachment is to be opened."""

_MAILS = {"message/rfc822", "message/global"}
_BODIES = {"text/plain", "text/html", "text/calendar"}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is shown as a file."""

    section: str
    name: str
    type: str
    size: int
    """Bytes of its content; an estimate."""
    content_id: str = ""
    location: str = ""
    inline: bool = False
    """Whether the HTML shows it where it refers to it."""
    method: int = NORMAL


@dataclass(frozen=True, slots=True)
class Contents:
    """What a mail consists of."""

    plain: Part | None
    html: Part | None
    calendar: Part | None
    attachments: tuple[Attachment, ...]


@dataclass(slots=True)
class _Found:
    bodies: dict[str, Part] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)

    def attach(self, part: Part, *, related: bool = False) -> None:
        """Add *part*, or what is in it, to the attachments."""
        if part.main == "multipart":
            for each in part.parts:
                self.attach(each, related=related)
        else:
            self.attachments.append(_attachment(part, related=related))

    def visit(self, part: Part, *, alternative: bool = False) -> None:
        """Look for text in *part*; what is none is an attachment."""
        if part.main != "multipart":
            self.leaf(part, alternative=alternative)
        elif part.type == "multipart/related":
            self.related(part, alternative=alternative)
        else:
            for each in part.parts:
                self.visit(each, alternative=part.type == "multipart/alternative" or alternative)

    def leaf(self, part: Part, *, alternative: bool) -> None:
        if part.disposition == "attachment" or part.type not in _BODIES:
            if part.main != "text" or not alternative or part.disposition == "attachment":
                self.attach(part)
        elif part.type == "text/calendar" or alternative:
            if part.type not in self.bodies:
                self.bodies[part.type] = part
            else:
                self.attach(part)
        elif self.bodies.keys() & {"text/plain", "text/html"} or part.name:
            self.attach(part)
        else:
            self.bodies[part.type] = part

    def related(self, part: Part, *, alternative: bool) -> None:
        """Take the root of *part* (RFC 2387, section 3.2) for text, all else for what it shows."""
        start = part.params.get("start", "").strip("<>")
        root = next((each for each in part.parts if start and each.content_id == start), None)
        root = root or next(iter(part.parts), None)
        for each in part.parts:
            if each is root:
                self.visit(each, alternative=alternative)
            else:
                self.attach(each, related=True)


def contents(root: Part) -> Contents:
    """Return the texts and the attachments of the mail *root*."""
    found = _Found()
    found.visit(root)
    text = found.bodies.get
    return Contents(
        text("text/plain"), text("text/html"), text("text/calendar"), tuple(found.attachments)
    )


def _attachment(part: Part, *, related: bool) -> Attachment:
    inline = related or part.disposition == "inline"
    return Attachment(
        section=part.section,
        name=_name(part),
        type=part.type,
        size=_decoded_size(part),
        content_id=part.content_id,
        location=part.location,
        # Without an id nothing can refer to it, and a client that hides it would lose it.
        inline=inline
        and bool(part.content_id or part.location)
        and part.disposition != "attachment",
        method=EMBEDDED_MESSAGE if part.type in _MAILS else NORMAL,
    )


def _name(part: Part) -> str:
    """Return a name without a path, and never none: clients show nothing that has no name."""
    name = filename.plain(part.name)
    if name:
        return name
    if part.type in _MAILS:
        subject = re.sub(r'[/\\:*?"<>|]', " ", filename.readable(part.subject)).strip()
        return f"{subject or 'message'}.eml"
    return f"part-{part.section}.{part.type.partition('/')[2] or 'bin'}"


def _decoded_size(part: Part) -> int:
    # A line of base64 has 76 characters and an end of two, for 57 bytes (RFC 2045, section 6.8).
    return part.size * 57 // 78 if part.encoding == "base64" else part.size
