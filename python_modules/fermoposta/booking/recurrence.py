"""
Hold recurrence rules (RFC 5545, section 3.3.10) against what can be worked out in bounded time.

A rule that never ends is fine; one that says nothing, or that no day ever fits, would be looked for
until the year 9999.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
COUNT_MAX = 10_000
INTERVAL_MAX = 1_000
_CYCLE_DAYS = 28 * 366
"""After 28 years weekdays fall on the same days again."""


def complaint(rule: Mapping[str, Any], start: date) -> str:
    """Say why *rule* can't be used for what begins at *start*; empty where it can."""
    frequency = str((rule.get("FREQ") or [""])[0]).upper()
    if frequency not in FREQUENCIES:
        return f"FREQ={frequency or '?'} is none of {', '.join(FREQUENCIES)}"
    for name, most in (("INTERVAL", INTERVAL_MAX), ("COUNT", COUNT_MAX)):
        for value in rule.get(name, ()):
            if not isinstance(value, int) or not 1 <= value <= most:
                return f"{name}={value} is not between 1 and {most}"
    if rule.get("BYSETPOS") and frequency in {"DAILY", "WEEKLY"}:
        return f"BYSETPOS does not go with FREQ={frequency}"
    return "" if _has_a_day(rule, start) else "no day ever fits the rule"


def _has_a_day(rule: Mapping[str, Any], start: date) -> bool:
    """Tell whether months, days of the month and days of the year can meet at all."""
    months, days = set(_numbers(rule, "BYMONTH")), set(_numbers(rule, "BYMONTHDAY"))
    of_year = set(_numbers(rule, "BYYEARDAY"))
    if not days and not of_year:
        return True
    first = date(max(start.year, 1970), 1, 1)
    return any(
        (not months or day.month in months)
        and (not days or bool({day.day, day.day - _length(day) - 1} & days))
        and (not of_year or bool({_of_year(day), _of_year(day) - _year(day) - 1} & of_year))
        for day in (first + timedelta(days=each) for each in range(_CYCLE_DAYS))
    )


def _numbers(rule: Mapping[str, Any], name: str) -> list[int]:
    return [int(each) for each in rule.get(name, ())]


def _length(day: date) -> int:
    """Return how many days the month of *day* has."""
    after = day.replace(day=28) + timedelta(days=4)
    return (after - timedelta(days=after.day)).day


def _of_year(day: date) -> int:
    return day.timetuple().tm_yday


def _year(day: date) -> int:
    return date(day.year, 12, 31).timetuple().tm_yday
