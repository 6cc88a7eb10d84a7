"""How far back a client wants mail (FilterType, MS-ASCMD, section 2.2.3.68.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

ALL = 0

_DAYS = {1: 1, 2: 3, 3: 7, 4: 14, 5: 31}


def since(filter_type: int, today: date) -> date | None:
    """
    Return the first day that a client with *filter_type* wants; None where it wants all.

    A filter that mail doesn't have asks for nothing that we know, so nothing is held back. A month
    is 31 days: rather a day too much than one too little.
    """
    days = _DAYS.get(filter_type)
    try:
        return None if days is None else today - timedelta(days=days)
    except OverflowError:  # the years before 1
        return None


def later(one: date | None, other: date | None) -> date | None:
    """Return the later of two beginnings; None is the beginning of time."""
    if one is None or other is None:
        return one or other
    return max(one, other)
