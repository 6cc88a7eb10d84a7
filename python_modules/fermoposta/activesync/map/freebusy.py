"""
When somebody is busy, as digits (MergedFreeBusy, MS-ASCMD, section 2.2.3.107).

One for each half hour from the start on, the last one for what is left. A half hour that is partly
taken is taken, by what takes the most of it: the higher digit.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fermoposta.mailstore.groupware import Busy

FREE, TENTATIVE, BUSY, AWAY, NO_DATA = range(5)
STEP = timedelta(minutes=30)
_KINDS = {"BUSY-TENTATIVE": TENTATIVE, "BUSY": BUSY, "BUSY-UNAVAILABLE": AWAY}


def merged(people: Sequence[Sequence[Busy] | None], start: datetime, end: datetime) -> str:
    """
    Return the digits of *people* together from *start* to *end*.

    Of whom nothing is known, None, may be busy when all others are free: that is no data.
    """
    count = -((start - end) // STEP)
    free = NO_DATA if any(each is None for each in people) else FREE
    digits = [FREE] * count
    for busy in people:
        for each in busy or ():
            if each.end <= start or each.start >= end or each.end <= each.start:
                continue
            first = max((each.start - start) // STEP, 0)
            last = min(-((start - each.end) // STEP), count)
            digit = _KINDS.get(each.kind, BUSY)
            for at in range(first, last):
                digits[at] = max(digits[at], digit)
    return "".join(str(each or free) for each in digits)
