"""Which of the results a device wants (Range, MS-ASCMD, sections 2.2.3.143.1 and 2.2.3.143.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fermoposta.activesync.map.errors import MalformedError, quoted

MOST = 100
"""Results that are found in all; who wants others must ask for something else."""
_RANGE = re.compile(r"([0-9]{1,3})-([0-9]{1,3})")


@dataclass(frozen=True, slots=True)
class Range:
    """The first and the last result, counted from 0."""

    first: int = 0
    last: int = MOST - 1

    @property
    def wide(self) -> bool:
        """Whether it reaches beyond what is found in all."""
        return self.last >= MOST

    @property
    def cut(self) -> slice:
        """Of the list of all results, those that are wanted."""
        return slice(self.first, min(self.last + 1, MOST))

    def shown(self, count: int) -> str:
        """Return the range of *count* results that are sent."""
        return f"{self.first}-{self.first + count - 1}"


def parse(text: str | None) -> Range:
    """Return the range that *text* is; None is the usual one. Raises MalformedError."""
    if text is None:
        return Range()
    found = _RANGE.fullmatch(text.strip())
    if not found or int(found[2]) < int(found[1]):
        raise MalformedError("Range", f"{quoted(text)} is no range like 0-9")
    return Range(int(found[1]), int(found[2]))
