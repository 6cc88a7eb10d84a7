"""
Text as headers have it: raw bytes, encoded words (RFC 2047), parameters in pieces (RFC 2231).

Nothing here is refused: a name that can't be decoded is shown as it came.
"""

from __future__ import annotations

import re
from collections import defaultdict
from email.errors import HeaderParseError
from email.header import decode_header
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from fermoposta.activesync.map.mail.charsets import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 10_000
"""Characters of a header's value; a longer one is no longer decoded."""

_PIECE = re.compile(r"([^*]+)(?:\*([0-9]{1,3}))?(\*)?")
_LINE_END = re.compile(r"[\r\n]+[ \t]*")


def raw(value: str | bytes) -> str:
    """Return *value* as text: UTF-8 (RFC 6532), or what old programs write instead."""
    return value if isinstance(value, str) else text_of(value, "utf-8")


def unstructured(value: str | bytes) -> str:
    """Return what *value* says, with its encoded words decoded, in one line."""
    line = _LINE_END.sub(" ", raw(value))
    if "=?" not in line or len(line) > LONGEST:
        return line
    try:
        pieces = decode_header(line)
    except (HeaderParseError, ValueError):
        return line
    said = "".join(
        text_of(piece, charset or "utf-8") if isinstance(piece, bytes) else piece
        for piece, charset in pieces
    )
    return _LINE_END.sub(" ", said)


def parameters(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """
    Return the parameters *pairs* by name in small letters, pieces joined and decoded.

    Where a name stands several ways, the extended one counts (RFC 2231, section 3); else the first.
    Encoded words don't belong there, but many programs put them there.
    """
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = defaultdict(dict)
    for name, value in pairs:
        found = _PIECE.fullmatch(name.lower())
        if found and (found[2] or found[3]):
            pieces[found[1]].setdefault(int(found[2] or 0), (value, bool(found[3])))
        else:
            plain.setdefault(name.lower(), unstructured(value))
    return plain | {name: _joined(numbered) for name, numbered in pieces.items()}


def _joined(pieces: dict[int, tuple[str, bool]]) -> str:
    """Return the text of numbered *pieces*, of which the first names the charset."""
    charset = "utf-8"
    data = b""
    for at, number in enumerate(sorted(pieces)):
        value, extended = pieces[number]
        if at == 0 and extended and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        data += unquote_to_bytes(value) if extended else value.encode(errors="replace")
    return text_of(data, charset or "utf-8")
