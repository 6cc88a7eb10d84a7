"""
Hold recurrence rules (RFC 5545, section 3.3.10) against what can be worked out in bounded time.

A rule that never ends is fine; one that says nothing, or that no day ever fits, would be looked for
until the year 9999.
"""

from __future__ import annotations

from datetime import MAXYEAR, datetime
from typing import TYPE_CHECKING, Any

from dateutil.rrule import rrulestr
from icalendar import vRecur

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
COUNT_MAX = 10_000
INTERVAL_MAX = 1_000
_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")
_CALENDAR_YEARS = 400


def complaint(rule: Mapping[str, Any], start: date) -> str:
    """Say why *rule* can't be used for what begins at *start*; empty where it can."""
    frequency = str((rule.get("FREQ") or [""])[0]).upper()
    if frequency not in FREQUENCIES:
        return f"FREQ={frequency or '?'} is none of {', '.join(FREQUENCIES)}"
    for name, most in (("INTERVAL", INTERVAL_MAX), ("COUNT", COUNT_MAX)):
        for value in rule.get(name, ()):
            if not isinstance(value, int) or not 1 <= value <= most:
                return f"{name}={value} is not between 1 and {most}"
    if any(len(rule.get(name, ())) > 1 for name in _TIMES):
        return "it is more often than daily"
    if rule.get("BYSETPOS") and frequency in {"DAILY", "WEEKLY"}:
        return f"BYSETPOS does not go with FREQ={frequency}"
    return "" if _has_a_day(rule, start) else "no day ever fits the rule"


def _has_a_day(rule: Mapping[str, Any], start: date) -> bool:
    """
    Tell whether *rule* ever names a day.

    The calendar repeats after 400 years. So near the end of time it is soon known: whoever looks
    for a day gives up in the year 9999.
    """
    turns = (MAXYEAR - start.year) // _CALENDAR_YEARS - 1
    # Time of day and zone say nothing about days.
    late = datetime(start.year + turns * _CALENDAR_YEARS, start.month, start.day)  # noqa: DTZ001
    endless = vRecur({name: rule[name] for name in rule if name not in {"UNTIL", "COUNT"}})
    text = endless.to_ical().decode()  # type: ignore[no-untyped-call]
    return next(iter(rrulestr(text, dtstart=late)), None) is not None
