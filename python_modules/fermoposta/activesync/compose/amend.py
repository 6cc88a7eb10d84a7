"""Put the original below what the user has written, and its parts beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync.compose import parts, quote
from fermoposta.activesync.compose.letter import Letter, field, read
from fermoposta.activesync.compose.original import sealed
from fermoposta.activesync.compose.write import multipart, text_part
from fermoposta.activesync.map.mail.contents import contents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fermoposta.activesync.compose.original import Original
    from fermoposta.activesync.compose.parts import Parsed
    from fermoposta.activesync.map.mail.contents import Contents

_OF_THE_BODY = (
    b"content-type",
    b"content-transfer-encoding",
    b"content-disposition",
    b"content-id",
    b"content-description",
    b"content-length",
    b"mime-version",
)


def amended(message: bytes, original: Original, language: str, *, reply: bool) -> bytes:
    """
    Return *message* with *original* below its text.

    A reply takes along what the HTML shows, a forward all that there is. What is signed or
    encrypted stays as it is. Raises LetterError where *message* has no header.
    """
    letter = read(message)
    parsed = parts.parse(bytes(letter))
    if sealed(parsed.root):
        return message
    found = contents(parsed.root)
    texts, shows = _texts(parsed, found, original, language, reply=reply)
    mine = [parsed.octets[each.section] for each in found.attachments]
    whole = multipart("mixed", [_body(texts, shows), *mine, *_files(original, texts, reply=reply)])
    kept = letter.without(*_OF_THE_BODY).fields
    return bytes(Letter((*kept, field(b"mime-version", "1.0")), whole))


def _texts(
    parsed: Parsed, found: Contents, original: Original, language: str, *, reply: bool
) -> tuple[list[bytes], Sequence[bytes]]:
    """Return the alternatives, the plainest first, and the parts that the HTML shows."""
    texts: list[bytes] = []
    if found.plain is not None or found.html is None:
        said = "" if found.plain is None else parsed.text(found.plain)
        texts.append(text_part(said + quote.plain(original, language, reply=reply), "plain"))
    if found.html is not None:
        said = parsed.text(found.html)
        below = quote.markup(original, language, reply=reply)
        texts.append(text_part(quote.below(said, below), "html"))
    if found.calendar is not None:
        texts.append(parsed.octets[found.calendar.section])
    elif original.calendar is not None and not reply:
        texts.append(original.calendar)
    return texts, original.shown if found.html is not None else ()


def _body(texts: list[bytes], shows: Sequence[bytes]) -> bytes:
    """Return the alternatives, the HTML together with what it shows (RFC 2387)."""
    if not shows:
        return multipart("alternative", texts)
    at = next(i for i, each in enumerate(texts) if each.startswith(b"Content-Type: text/html"))
    related = multipart("related", [texts[at], *shows], ' type="text/html";')
    return multipart("alternative", [*texts[:at], related, *texts[at + 1 :]])


def _files(original: Original, texts: Sequence[bytes], *, reply: bool) -> Sequence[bytes]:
    """Return what goes along beside the text; where no HTML shows a picture, it is a file too."""
    if reply:
        return ()
    html = any(each.startswith(b"Content-Type: text/html") for each in texts)
    return original.files if html else (*original.shown, *original.files)
