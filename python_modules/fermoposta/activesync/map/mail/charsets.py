"""Bytes as text, whatever charset they claim to be in: something is always shown."""

from __future__ import annotations

import codecs

from fermoposta.activesync.wbxml.text import clean

_WIDER = {
    "ascii": "utf-8",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "iso8859-9": "cp1254",
}
"""Senders name the small charset and use the large one; browsers read it so too (WHATWG)."""

_NO_CHARSETS = {"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined"}
"""Codecs of Python's that no mail is written in; some of them warn, or take very long."""

_AS_ASCII = {"", "utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"}
"""Charsets in which octets below 128 are ASCII, as most of what is read has no others."""

_LAST = "cp1252"


def text_of(data: bytes, charset: str, *, cut: bool = False) -> str:
    """
    Return *data* as text that XML can hold.

    In *charset* where that fits, else in UTF-8, else with U+FFFD for what fits nowhere. Where
    *data* is only the beginning of something (*cut*), half a character at its end is left out.
    """
    if data.isascii() and charset.lower() in _AS_ASCII:
        return clean(data.decode("ascii"))
    known = _codec(charset)
    for name in (known, "utf-8"):
        if (found := _decoded(data, name, "strict", cut=cut)) is not None:
            return clean(found)
    return clean(_decoded(data, known or _LAST, "replace", cut=cut) or "")


def _codec(charset: str) -> str | None:
    """Return the codec for *charset*; None where there is none."""
    try:
        name = codecs.lookup(charset.strip().strip("\"'")).name
    except (LookupError, ValueError):
        return None
    return None if name in _NO_CHARSETS else _WIDER.get(name, name)


def _decoded(data: bytes, name: str | None, errors: str, *, cut: bool) -> str | None:
    """Return *data* as text; None where it is not in the charset *name*."""
    if name is None:
        return None
    try:
        "a".encode(name)  # refuses what makes no text of bytes, like base64
        return codecs.getincrementaldecoder(name)(errors).decode(data, final=not cut)
    except (LookupError, ValueError):
        return None
