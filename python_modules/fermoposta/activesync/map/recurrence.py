"""
How often an appointment or a task comes again: RRULE as a Recurrence element, and back.

MS-ASCAL, sections 2.2.2.37 and 2.2.2.37.1; MS-ASTASK, section 2.2.2.20; RFC 5545, section 3.3.10.
A phone knows six kinds of rules; what is none of them is an error that names RRULE.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from icalendar import vRecur

from fermoposta.activesync.map import moments
from fermoposta.activesync.map.content import leaf, number
from fermoposta.activesync.map.errors import InexpressibleError, MalformedError
from fermoposta.activesync.wbxml.element import Element

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DAILY, WEEKLY, MONTHLY, MONTHLY_NTH, YEARLY, YEARLY_NTH = 0, 1, 2, 3, 5, 6
DAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_ANY_DAY = 127
_LAST = 5
_NTH = {1: 1, 2: 2, 3: 3, 4: 4, -1: _LAST}
_FREQUENCIES = {"DAILY": DAILY, "WEEKLY": WEEKLY, "MONTHLY": MONTHLY, "YEARLY": YEARLY}
_NAMES = {
    DAILY: "DAILY",
    WEEKLY: "WEEKLY",
    MONTHLY: "MONTHLY",
    MONTHLY_NTH: "MONTHLY",
    YEARLY: "YEARLY",
    YEARLY_NTH: "YEARLY",
}
_KNOWN = frozenset(
    {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"}
)
_WITH_CALENDAR_TYPE = frozenset({MONTHLY, MONTHLY_NTH, YEARLY, YEARLY_NTH})
_WITHOUT_FIRST_DAY = frozenset({"12.1", "14.0"})
_ONLY_DEFAULT_CALENDAR = frozenset({0, 1})
"""Gregorian, by either name; the others are lunar or count years otherwise."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A rule as a phone has it; what a kind has no use for is None."""

    kind: int
    interval: int = 1
    days: int | None = None
    """Days of the week, as the sum of 1 for Sunday, 2 for Monday and so on."""
    week: int | None = None
    month_day: int | None = None
    month: int | None = None
    count: int | None = None
    until: datetime | None = None
    first_day: int = 1


def pattern(rule: Mapping[str, Any], start: date, zone: tzinfo) -> Pattern:
    """
    Return *rule* of what begins at *start*.

    Days without a time begin at midnight in *zone*. Raises InexpressibleError where no phone knows
    such a rule.
    """
    unknown = {name for name in rule if rule[name]} - _KNOWN
    if unknown:
        raise _inexpressible(f"has {', '.join(sorted(unknown))}")
    frequency = str(_one(rule, "FREQ")).upper()
    if frequency not in _FREQUENCIES:
        raise _inexpressible(f"comes {frequency.lower()}")
    kind, rest = _SHAPES[frequency](rule, start)
    wkst = str(_one(rule, "WKST") or "MO").upper()
    count = _one(rule, "COUNT")
    return Pattern(
        kind=kind,
        interval=_within("INTERVAL", int(_one(rule, "INTERVAL") or 1), 999),
        count=None if count is None else _within("COUNT", int(count), 65_535),
        until=_until(_one(rule, "UNTIL"), zone),
        first_day=DAYS.index(wkst) if wkst in DAYS else 1,
        **rest,
    )


def element(
    found: Pattern, namespace: str, version: str, extra: tuple[Element, ...] = ()
) -> Element:
    """Return *found* as the Recurrence of *namespace*; *extra* stands behind its Type."""
    render = moments.compact if namespace == "Calendar" else moments.dashed
    values: list[tuple[str, str | int | None]] = [
        ("Until", None if found.until is None else render(found.until)),
        ("Occurrences", found.count),
        ("Interval", found.interval),
        ("DayOfWeek", found.days),
        ("DayOfMonth", found.month_day),
        ("WeekOfMonth", found.week),
        ("MonthOfYear", found.month),
    ]
    if version != "12.1" and found.kind in _WITH_CALENDAR_TYPE:
        values.append(("CalendarType", 0))
    if version not in _WITHOUT_FIRST_DAY and found.kind == WEEKLY:
        values.append(("FirstDayOfWeek", found.first_day))
    return Element(
        f"{namespace}:Recurrence",
        [
            leaf(f"{namespace}:Type", found.kind),
            *extra,
            *(leaf(f"{namespace}:{name}", value) for name, value in values if value is not None),
        ],
    )


def parse(data: Element, start: date) -> Pattern:
    """Return the pattern in a Recurrence element of what begins at *start*."""
    space = data.namespace

    def get(name: str, lowest: int, highest: int) -> int | None:
        return number(data, f"{space}:{name}", lowest, highest)

    if (get("CalendarType", 0, 23) or 0) not in _ONLY_DEFAULT_CALENDAR or get("IsLeapMonth", 0, 1):
        raise InexpressibleError(f"{space}:CalendarType", "is not the Gregorian one")
    kind = get("Type", 0, 6)
    if kind not in _NAMES:
        raise MalformedError(f"{space}:Type", "is missing, or no kind of recurrence")
    until = (data.text_of(f"{space}:Until") or "").strip()
    first_day = get("FirstDayOfWeek", 0, 6)
    count = get("Occurrences", 0, 65_535)
    days = get("DayOfWeek", 1, 254)
    if kind == DAILY and days and days & _ANY_DAY != _ANY_DAY:
        # "Each weekday" is a daily recurrence to some (MS-ASCAL, section 2.2.2.37.1).
        kind = WEEKLY
    found = Pattern(
        kind=kind,
        interval=get("Interval", 0, 999) or 1,
        count=count or None,
        until=moments.parse(f"{space}:Until", until) if until else None,
        first_day=1 if first_day is None else first_day,
        **_asked(kind, get, days, start),
    )
    if found.count and found.until:
        # They exclude each other (MS-ASCAL, section 2.2.2.32), and RFC 5545 allows one.
        return Pattern(**{**_fields(found), "until": None})
    return found


def rule(found: Pattern, zone: tzinfo, *, all_day: bool) -> vRecur:
    """Return *found* as an RRULE; with *all_day*, it ends on a day in *zone*."""
    parts: dict[str, Any] = {"FREQ": _NAMES[found.kind]}
    if found.interval != 1:
        parts["INTERVAL"] = found.interval
    if found.count:
        parts["COUNT"] = found.count
    elif found.until:
        parts["UNTIL"] = day_of(found.until, zone) if all_day else found.until
    if found.month is not None:
        parts["BYMONTH"] = found.month
    if found.month_day is not None:
        parts["BYMONTHDAY"] = found.month_day
    if found.days is not None:
        parts |= _by_day(found)
    if found.first_day != 1 and found.kind == WEEKLY:
        parts["WKST"] = DAYS[found.first_day]
    return vRecur(parts)


def day_of(moment: datetime, zone: tzinfo) -> date:
    """
    Return the day whose midnight in *zone* is nearest to *moment*.

    All-day appointments are sent as midnights; of a device that is in another zone by now, the
    midnight is a few hours off.
    """
    return (moment.astimezone(zone) + timedelta(hours=12)).date()


def _by_day(found: Pattern) -> dict[str, Any]:
    names = [name for bit, name in enumerate(DAYS) if (found.days or 0) >> bit & 1]
    if found.week is None:
        return {"BYDAY": names}
    nth = -1 if found.week == _LAST else found.week
    if len(names) == 1:
        return {"BYDAY": f"{nth}{names[0]}"}
    if found.days == _ANY_DAY:
        return {"BYMONTHDAY": nth}
    return {"BYDAY": names, "BYSETPOS": nth}


def _asked(
    kind: int, get: Callable[[str, int, int], int | None], days: int | None, start: date
) -> dict[str, int | None]:
    """Return what *kind* needs; where a device leaves it out, the start says it."""
    own_day = 1 << start.isoweekday() % 7
    days = None if days is None else days & _ANY_DAY
    month = (get("MonthOfYear", 1, 12) or start.month) if kind in {YEARLY, YEARLY_NTH} else None
    if kind == DAILY:
        return {}
    if kind == WEEKLY:
        return {"days": days or own_day}
    if kind in {MONTHLY, YEARLY}:
        return {"month": month, "month_day": get("DayOfMonth", 1, 31) or start.day}
    week = get("WeekOfMonth", 1, 5) or min((start.day - 1) // 7 + 1, _LAST)
    return {"month": month, "days": days or own_day, "week": week}


def _daily(rule: Mapping[str, Any], start: date) -> tuple[int, dict[str, Any]]:
    _only(rule, "BYDAY")
    if not rule.get("BYDAY"):
        return DAILY, {}
    if int(_one(rule, "INTERVAL") or 1) != 1:
        raise _inexpressible("leaves out days between which others are left out")
    return WEEKLY, {"days": _days(rule, start)}


def _weekly(rule: Mapping[str, Any], start: date) -> tuple[int, dict[str, Any]]:
    _only(rule, "BYDAY")
    return WEEKLY, {"days": _days(rule, start)}


def _monthly(rule: Mapping[str, Any], start: date) -> tuple[int, dict[str, Any]]:
    _only(rule, "BYDAY", "BYMONTHDAY", "BYSETPOS")
    if rule.get("BYDAY"):
        return MONTHLY_NTH, _nth(rule, start)
    kind, rest = MONTHLY, {"month_day": _month_day(rule, start)}
    if rest["month_day"] in _FROM_THE_END:
        kind, rest = MONTHLY_NTH, {"days": _ANY_DAY, "week": _LAST}
    return kind, rest


def _yearly(rule: Mapping[str, Any], start: date) -> tuple[int, dict[str, Any]]:
    _only(rule, "BYDAY", "BYMONTHDAY", "BYSETPOS", "BYMONTH")
    named = _one(rule, "BYMONTH")
    try:
        month = start.month if named is None else _within("BYMONTH", int(named), 12)
    except ValueError as error:
        raise _inexpressible("has a leap month") from error
    if rule.get("BYDAY"):
        if named is None:
            raise _inexpressible("counts the weeks of a year")
        return YEARLY_NTH, {"month": month, **_nth(rule, start)}
    if named is None and rule.get("BYMONTHDAY"):
        raise _inexpressible("comes in each month of a year")
    day = _month_day(rule, start)
    if day in _FROM_THE_END:
        return YEARLY_NTH, {"month": month, "days": _ANY_DAY, "week": _LAST}
    return YEARLY, {"month": month, "month_day": day}


_SHAPES: dict[str, Callable[[Mapping[str, Any], date], tuple[int, dict[str, Any]]]] = {
    "DAILY": _daily,
    "WEEKLY": _weekly,
    "MONTHLY": _monthly,
    "YEARLY": _yearly,
}
_FROM_THE_END = frozenset({-1})


def _month_day(rule: Mapping[str, Any], start: date) -> int:
    _only(rule, "BYMONTHDAY", "BYMONTH")
    day = _one(rule, "BYMONTHDAY")
    if day is None:
        return start.day
    return int(day) if int(day) in _FROM_THE_END else _within("BYMONTHDAY", int(day), 31)


def _nth(rule: Mapping[str, Any], start: date) -> dict[str, int]:
    """Return the days of the week, and which one of the month."""
    _only(rule, "BYDAY", "BYSETPOS", "BYMONTH")
    texts = [str(each).upper() for each in rule["BYDAY"]]
    nth = _one(rule, "BYSETPOS")
    if nth is None:
        if len(texts) != 1:
            raise _inexpressible("has several weekdays of a month")
        nth = texts[0][:-2] or 0
        texts = [texts[0][-2:]]
    if int(nth) not in _NTH:
        raise _inexpressible("names no week of a month that a phone knows")
    return {"days": _days({"BYDAY": texts}, start), "week": _NTH[int(nth)]}


def _days(rule: Mapping[str, Any], start: date) -> int:
    texts = [str(each).upper().lstrip("+") for each in rule.get("BYDAY") or ()]
    if any(text not in DAYS for text in texts):
        raise _inexpressible("counts weekdays")
    found = {DAYS.index(text) for text in texts} or {start.isoweekday() % 7}
    return sum(1 << bit for bit in found)


def _only(rule: Mapping[str, Any], *names: str) -> None:
    """Raise InexpressibleError where *rule* narrows by anything else than *names*."""
    other = {name for name in rule if name.startswith("BY") and rule[name]} - set(names)
    if other:
        raise _inexpressible(f"has {', '.join(sorted(other))}")


def _one(rule: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - each part has its own type
    values = rule.get(name)
    if values is None or values == []:
        return None
    if not isinstance(values, list):
        return values
    if len(values) > 1:
        raise _inexpressible(f"has several of {name}")
    return values[0]


def _within(name: str, value: int, highest: int) -> int:
    if not 1 <= value <= highest:
        raise _inexpressible(f"has {name}={value}")
    return value


def _until(value: object, zone: tzinfo) -> datetime | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=zone).astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), tzinfo=zone).astimezone(UTC)
    return None


def _fields(found: Pattern) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Pattern.__slots__}


def _inexpressible(problem: str) -> InexpressibleError:
    return InexpressibleError("RRULE", problem)
