"""Cut texts to a number of bytes or of UTF-16 units, where no reader sees half of anything."""

from __future__ import annotations

import re

_ENTITY = re.compile(r"&#?[0-9A-Za-z]{0,32}\Z")
_TAG = re.compile(r"<[A-Za-z/!?]")
_LONGEST_ENTITY = 40


def text(whole: str, size: int) -> str:
    """Return the beginning of *whole* that has *size* bytes of UTF-8 at most."""
    # Of a character that is cut, the bytes that are left are the only ones that are not UTF-8.
    cut = whole.encode()[:size].decode(errors="ignore")
    return cut[:-1] if cut.endswith("\r") and whole.startswith("\n", len(cut)) else cut


def markup(whole: str, size: int, *, ended: bool = True) -> str:
    """
    Return the same of HTML, ending outside of tags and entities.

    Where *whole* itself is a beginning and has not *ended*, its end is looked at in any case.
    """
    cut = text(whole, size)
    if len(cut) == len(whole) and ended:
        return cut
    opened = cut.rfind("<")
    if opened > cut.rfind(">") and (opened + 1 == len(whole) or _TAG.match(whole, opened)):
        return cut[:opened]
    entity = _ENTITY.search(cut, max(len(cut) - _LONGEST_ENTITY, 0))
    return cut[: entity.start()] if entity else cut


def units(whole: str, count: int) -> str:
    """Return the beginning of *whole* that has *count* units of UTF-16 at most."""
    return whole.encode("utf-16-le")[: 2 * count].decode("utf-16-le", errors="ignore")
