"""
The body of a mail in the form that a client prefers (Body, MS-ASAIRS, section 2.2.2.9).

A preference is met in the form that the mail has, else in the first one that can be made of it
(section 2.2.2.12). RTF can't be made of anything here. What is longer than TruncationSize is cut,
or with AllOrNone left to the next preference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.activesync.map.mail import plaintext, truncate
from fermoposta.activesync.wbxml import Element
from fermoposta.activesync.wbxml.text import clean, stranger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PLAIN, HTML, RTF, MIME = 1, 2, 3, 4
"""Type (section 2.2.2.41.1)."""

_PREVIEWED = 4_096
"""Bytes of text that a preview is made of: it has at most 255 characters."""
_WIDEST = 4
"""Bytes of a character in UTF-8."""


@dataclass(frozen=True, slots=True)
class Preference:
    """What a client wants (BodyPreference, section 2.2.2.12)."""

    type: int
    truncation_size: int | None = None
    all_or_none: bool = False
    preview: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the mail, or its beginning."""

    text: str
    rest: int = 0
    """Bytes that were not read; an estimate."""


@dataclass(frozen=True, slots=True)
class Source:
    """What was read of a mail: a text for each part that it has, or the whole as MIME."""

    plain: Text | None = None
    html: Text | None = None
    mime: bytes | None = None
    mime_rest: int = 0

    @property
    def native(self) -> int:
        """The form that the mail was written in (NativeBodyType, section 2.2.2.32)."""
        return PLAIN if self.html is None else HTML


@dataclass(frozen=True, slots=True)
class Body:
    """A body as it is sent."""

    type: int
    size: int
    """Bytes of the whole, of which *data* may be the beginning."""
    data: str | bytes
    truncated: bool = False
    preview: str = ""

    def element(self) -> Element:
        """Return the element, its children in the order of the schema."""
        return Element("AirSyncBase:Body", self._children())

    def part_element(self) -> Element:
        """Return it as what one mail adds to its conversation (BodyPart, section 2.2.2.11)."""
        status = Element("AirSyncBase:Status", "1")
        return Element("AirSyncBase:BodyPart", [status, *self._children()])

    def _children(self) -> Iterator[Element]:
        yield Element("AirSyncBase:Type", str(self.type))
        yield Element("AirSyncBase:EstimatedDataSize", str(self.size))
        if self.truncated:
            yield Element("AirSyncBase:Truncated", "1")
        if self.data:
            yield Element("AirSyncBase:Data", self.data)
        # Section 2.2.2.35.1: none beside the plain text itself.
        if self.preview and not (self.type == PLAIN and self.data):
            yield Element("AirSyncBase:Preview", self.preview)


def ordered(preferences: Sequence[Preference], native: int, *, mime: bool) -> list[Preference]:
    """
    Return *preferences* with those first that are tried first.

    MIME comes first where the client asked for it (MIMESupport, MS-ASCMD, section 2.2.3.110), and
    otherwise only where it takes nothing else. Without a preference it is sent plain text.
    """
    usable = [each for each in preferences if each.type in {PLAIN, HTML, MIME}]

    def rank(preference: Preference) -> int:
        if preference.type == MIME:
            return 0 if mime else 3
        return 1 if preference.type == native else 2

    return sorted(usable, key=rank) or [Preference(PLAIN)]


def render(source: Source, preferences: Sequence[Preference], *, mime: bool = False) -> Body:
    """Return the body of *source* that a client with *preferences* is sent."""
    tried = ordered(preferences, source.native, mime=mime and source.mime is not None)
    bodies = [_rendered(source, each) for each in tried]
    return next((body for body in bodies if body is not None), _none(source, tried[0]))


def preview_of(source: Source, count: int) -> str:
    """Return the first words of the mail, *count* characters of them at most."""
    if source.plain is not None:
        said = truncate.text(clean(source.plain.text), _PREVIEWED)
    elif source.html is not None:
        said = _spoken(source.html)
    else:
        return ""
    return truncate.units(" ".join(clean(said).split()), count)


def _rendered(source: Source, wanted: Preference) -> Body | None:
    """Return the body that *wanted* asks for; None where it is all or none, and it is too long."""
    if wanted.type == MIME:
        return None if source.mime is None else _mime(source.mime, source.mime_rest, wanted)
    found = _as_type(source, wanted.type)
    whole = clean(found.text)
    size = len(whole.encode()) + found.rest
    limit = size if wanted.truncation_size is None else wanted.truncation_size
    if size <= limit and not found.rest:
        return Body(wanted.type, size, whole, preview=_preview(source, wanted))
    if wanted.all_or_none and size > limit:
        return None
    data = truncate.text(whole, limit)
    if wanted.type == HTML:
        data = truncate.markup(whole, limit, ended=not found.rest)
    return Body(wanted.type, size, data, truncated=True, preview=_preview(source, wanted))


def _mime(mime: bytes, rest: int, wanted: Preference) -> Body | None:
    """Return the octets of the mail as they are stored: a signature covers each of them."""
    size = len(mime) + rest
    limit = size if wanted.truncation_size is None else wanted.truncation_size
    if wanted.all_or_none and size > limit:
        return None
    kept = mime[:limit]
    return Body(MIME, size, _as_text(kept), truncated=len(kept) < size)


def _as_text(mime: bytes) -> str | bytes:
    """Return *mime* as text where that is the same octets; else opaque, which any octets may be."""
    try:
        text = mime.decode()
    except UnicodeDecodeError:
        return mime
    return mime if stranger(text) else text


def _as_type(source: Source, type_: int) -> Text:
    """Return the text as *type_*, made of the other one where the mail has only that."""
    if type_ == PLAIN:
        if source.plain is not None:
            return source.plain
        html = source.html or Text("")
        return Text(_spoken(html), html.rest)
    if source.html is not None:
        return source.html
    plain = source.plain or Text("")
    return Text(plaintext.to_html(plain.text), plain.rest) if plain.text else plain


def _spoken(html: Text) -> str:
    """Return *html* as plain text, without half an entity at an end that is not its own."""
    whole = html.text
    if html.rest:
        whole = truncate.markup(clean(whole), len(whole) * _WIDEST, ended=False)
    return plaintext.of_html(whole)


def _preview(source: Source, wanted: Preference) -> str:
    return preview_of(source, wanted.preview) if wanted.preview > 0 else ""


def _none(source: Source, wanted: Preference) -> Body:
    """Return a body that says only how long the text is."""
    if wanted.type == MIME:
        size = len(source.mime or b"") + source.mime_rest
    else:
        found = _as_type(source, wanted.type)
        size = len(clean(found.text).encode()) + found.rest
    return Body(wanted.type, size, "", truncated=size > 0, preview=_preview(source, wanted))
