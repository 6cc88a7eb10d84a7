"""
How people are found by what somebody types: words that names and addresses begin with.

Capitals and accents don't count. The database does the same where it has to look through all of a
company (``gateway.folded`` and the column ``words`` of ``gateway.people``); a test holds the two to
each other.
"""

from __future__ import annotations

import re
import unicodedata

_MARKS = re.compile("[\u0300-\u036f]")
_BETWEEN = str.maketrans(dict.fromkeys("][.,;:@_'\"()+/&-", " "))


def folded(text: str) -> str:
    """Return *text* without what doesn't count; what parts words is one space each."""
    return _MARKS.sub("", unicodedata.normalize("NFKD", text)).lower().translate(_BETWEEN)


def words_of(text: str) -> list[str]:
    """Return the words of *text*, folded."""
    return folded(text).split()


def line_of(*parts: str) -> str:
    """Return the words of *parts* as one text, each with a space in front at least."""
    return " " + folded(" ".join(parts))


def matches(words: list[str], line: str) -> bool:
    """Tell whether each of *words* begins a word of *line*, made by `line_of`."""
    return all(f" {word}" in line for word in words)
