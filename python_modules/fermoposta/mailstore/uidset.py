"""
Sets of UIDs as ranges (sequence-set, RFC 9051, section 9).

A mailbox is a few long ranges with holes where mail was deleted. Ten thousand UIDs with a hundred
holes are about 1 kB, in memory, in the database and in ``SELECT (QRESYNC …)`` alike. All operations
take time by the number of ranges, not of UIDs.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LARGEST = 0xFFFF_FFFF
"""A UID has 32 bits, and is not 0 (RFC 9051, section 2.3.1.1)."""

_RANGE = re.compile(r"([0-9]{1,10})(?::([0-9]{1,10}))?")
_SHOWN = 40


class UidSetError(ValueError):
    """A text is no sequence-set, or a number no UID."""


@dataclass(frozen=True, slots=True)
class UidSet:
    """UIDs as first and last of each range; ranges ascend and never touch."""

    ranges: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, uids: Iterable[int]) -> UidSet:
        """Return the set of *uids*, in any order, also several times."""
        return cls(_normal(sorted((_checked(uid), uid) for uid in uids)))

    @classmethod
    def parse(cls, text: str) -> UidSet:
        """
        Return the set that *text* spells; an empty text is an empty set.

        Ranges may stand in any order, overlap, and run downwards, as the RFC allows. ``*`` is
        refused: what it means depends on the folder.
        """
        if not text:
            return cls()
        ranges = []
        for part in text.split(","):
            if not (found := _RANGE.fullmatch(part)):
                raise UidSetError(f"{part[:_SHOWN]!r} is no range of UIDs")
            one = _checked(int(found[1]))
            other = _checked(int(found[2] or found[1]))
            ranges.append((min(one, other), max(one, other)))
        return cls(_normal(sorted(ranges)))

    def __str__(self) -> str:
        """Spell the set as IMAP does; an empty one is an empty text, which IMAP can't say."""
        return ",".join(
            f"{first}" if first == last else f"{first}:{last}" for first, last in self.ranges
        )

    def __bool__(self) -> bool:
        """Whether there is any UID in it."""
        return bool(self.ranges)

    def __len__(self) -> int:
        """Return the number of UIDs."""
        return sum(last - first + 1 for first, last in self.ranges)

    def __iter__(self) -> Iterator[int]:
        """Yield the UIDs, lowest first."""
        for first, last in self.ranges:
            yield from range(first, last + 1)

    def __reversed__(self) -> Iterator[int]:
        """Yield the UIDs, highest first: newest mail first."""
        for first, last in reversed(self.ranges):
            yield from range(last, first - 1, -1)

    def __contains__(self, uid: object) -> bool:
        """Whether *uid* is in the set."""
        if not isinstance(uid, int):
            return False
        at = bisect_right(self.ranges, (uid, LARGEST))
        return at > 0 and self.ranges[at - 1][0] <= uid <= self.ranges[at - 1][1]

    def __or__(self, other: UidSet) -> UidSet:
        """Return what is in either."""
        return UidSet(_normal(sorted(self.ranges + other.ranges)))

    def __sub__(self, other: UidSet) -> UidSet:
        """Return what is in this one only."""
        left: list[tuple[int, int]] = []
        at = 0
        for begin, last in self.ranges:
            first = begin
            while at < len(other.ranges) and other.ranges[at][1] < first:
                at += 1
            # The range that ends behind `last` is looked at again for the next of ours.
            here = at
            while here < len(other.ranges) and other.ranges[here][0] <= last:
                if other.ranges[here][0] > first:
                    left.append((first, other.ranges[here][0] - 1))
                first = other.ranges[here][1] + 1
                here += 1
            if first <= last:
                left.append((first, last))
        return UidSet(tuple(left))

    def __and__(self, other: UidSet) -> UidSet:
        """Return what is in both."""
        return self - (self - other)

    def add(self, *uids: int) -> UidSet:
        """Return the set with *uids* in it."""
        return self | UidSet.of(uids)

    def remove(self, *uids: int) -> UidSet:
        """Return the set without *uids*, whether they were in it or not."""
        return self - UidSet.of(uids)


def _checked(uid: int) -> int:
    if not 1 <= uid <= LARGEST:
        raise UidSetError(f"{uid} is no UID; they are 1 to {LARGEST}")
    return uid


def _normal(ascending: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return the ranges, which ascend by their first, joined where they overlap or touch."""
    joined: list[tuple[int, int]] = []
    for first, last in ascending:
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)
