"""
Categories of a mail as IMAP keywords, and back (Categories, MS-ASEMAIL, section 2.2.2.16).

A keyword is an atom (RFC 9051, section 9): no spaces, no letters but those of ASCII. A space is
written ``_``, as webmail does it; any other character that may not stand there is written as ``=``
and its bytes in UTF-8. So each category has one keyword, and comes back from it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from fermoposta.activesync.map.mail.charsets import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 300
"""Categories of one mail (section 2.2.2.17)."""

_NOT_IN_ATOMS = re.compile(rb"[^A-Za-z0-9.,:;@!/&+'-]")
_BYTE = re.compile("=([0-9A-F]{2})")
_OF_PROGRAMS = {"junk", "nonjunk", "notjunk", "forwarded", "mdnsent", "redirected"}
"""What programs remember in keywords; it is no category of a person's."""


def of_keywords(flags: Iterable[str]) -> list[str]:
    """Return the categories among *flags*, sorted."""
    return sorted(_category(flag) for flag in flags if is_category(flag))[:MOST]


def keyword_of(category: str) -> str:
    """Return the keyword for *category*."""
    keyword = "_".join(
        _NOT_IN_ATOMS.sub(_escaped, word.encode(errors="replace")).decode()
        for word in category.split(" ")
    )
    if keyword.lower() in _OF_PROGRAMS:  # it must not be taken for theirs
        return f"={ord(keyword[0]):02X}{keyword[1:]}"
    return keyword


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"=%02X" % found[0][0]


def is_category(flag: str) -> bool:
    """Whether a person chose *flag*: no system flag, nor one of RFC 5788's registry."""
    return not flag.startswith(("\\", "$")) and flag.lower() not in _OF_PROGRAMS


def _category(keyword: str) -> str:
    quoted = _BYTE.sub(r"%\1", keyword.replace("%", "%25").replace("_", " "))
    return text_of(unquote_to_bytes(quoted), "utf-8")
