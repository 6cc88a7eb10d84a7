"""
The time zone of an appointment, as 172 bytes in base64 (MS-ASDTYPE, section 2.7.6).

It is the TIME_ZONE_INFORMATION of Windows: minutes from local time to UTC, and one change a year to
daylight saving time and one back, each on a certain weekday of a month. The tz database knows more
than that; what is written are the rules of one year.
"""

from __future__ import annotations

import base64
import binascii
import struct
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import chain, pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fermoposta.activesync.map.errors import MalformedError, quoted
from fermoposta.outlook.zones import WINDOWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PLACE = "Timezone"
_LAYOUT = struct.Struct("<i64s8Hi64s8Hi")
_LONGEST_NAME = 31
"""Characters of UTF-16 beside the zero that ends them."""
_LAST = 5
"""The week that is the last one of its month, be it the fourth or the fifth."""
_FURTHEST = 24 * 60
"""Minutes that a bias may be; no place on earth is further from UTC."""
_AHEAD = 5
"""Years whose changes must agree before one zone is taken for another."""
_YEARS = range(1900, 2200)
"""Years whose rules are asked for; before and after, those of the nearest one hold."""
_SUFFIX, _DAYLIGHT_SUFFIX = "Standard Time", "Daylight Time"


@dataclass(frozen=True, slots=True)
class Turn:
    """When clocks change: a weekday (Sunday is 0) of a month, by the clock before the change."""

    month: int
    week: int
    """Which one in the month; 5 is the last. With a year, the day of the month."""
    weekday: int
    hour: int
    minute: int
    second: int = 0
    year: int = 0
    """The only year that it is meant for; 0 where it is meant for each."""

    def when(self, year: int) -> datetime | None:
        """Return its local time in *year*; None where it doesn't change then."""
        if self.year and self.year != year:
            return None
        day = self.week if self.year else self._day(year)
        return datetime(year, self.month, day, self.hour, self.minute, self.second)  # noqa: DTZ001

    def _day(self, year: int) -> int:
        first, length = monthrange(year, self.month)
        day = 1 + (self.weekday - 1 - first) % 7 + 7 * (self.week - 1)
        return day if day <= length else day - 7


@dataclass(frozen=True, slots=True)
class Rules:
    """What the 172 bytes say. A bias is what is added to local time, in minutes, to get UTC."""

    bias: int
    standard: Turn | None = None
    """The change back from daylight saving time."""
    daylight: Turn | None = None
    standard_bias: int = 0
    daylight_bias: int = 0
    standard_name: str = ""
    daylight_name: str = ""

    def offset(self, moment: datetime) -> timedelta:
        """Return what is added to UTC at *moment* to get local time."""
        winter = timedelta(minutes=-self.bias - self.standard_bias)
        changes = self._changes((moment.astimezone(UTC) + winter).year)
        if changes is None:
            return winter
        begins, ends = changes
        inside = begins <= moment < ends if begins < ends else not ends <= moment < begins
        return timedelta(minutes=-self.bias - self.daylight_bias) if inside else winter

    def behaviour(self, year: int) -> tuple[object, ...]:
        """Return what it does in *year*, equal for all rules that do the same."""
        winter = self.bias + self.standard_bias
        changes = self._changes(year)
        if changes is None or self.daylight_bias == self.standard_bias:
            return (winter,)
        return winter, self.bias + self.daylight_bias, *changes

    def _changes(self, year: int) -> tuple[datetime, datetime] | None:
        """Return when daylight saving time begins and ends in *year*; None where there is none."""
        if self.standard is None or self.daylight is None:
            return None
        begins, ends = self.daylight.when(year), self.standard.when(year)
        if begins is None or ends is None:
            return None
        return (
            begins.replace(tzinfo=UTC) + timedelta(minutes=self.bias + self.standard_bias),
            ends.replace(tzinfo=UTC) + timedelta(minutes=self.bias + self.daylight_bias),
        )


def encode(zone: tzinfo, on: date) -> str:
    """Return the rules of *zone* that are in force in the year of *on*, in base64."""
    return pack(rules_of(zone, on))


def decode(blob: str) -> Rules:
    """Return what *blob* says. Raises MalformedError where it says nothing."""
    try:
        data = base64.b64decode("".join(blob.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError(PLACE, f"{quoted(blob)} is no base64") from error
    if len(data) != _LAYOUT.size:
        raise MalformedError(PLACE, f"has {len(data)} bytes, not {_LAYOUT.size}")
    fields = _LAYOUT.unpack(data)
    bias, standard_bias, daylight_bias = fields[0], fields[10], fields[20]
    for value in (bias, bias + standard_bias, bias + daylight_bias):
        if abs(value) > _FURTHEST:
            raise MalformedError(PLACE, f"is {value} minutes from UTC")
    return Rules(
        bias=bias,
        standard=_turn(fields[2:10]),
        daylight=_turn(fields[12:20]),
        standard_bias=standard_bias,
        daylight_bias=daylight_bias,
        standard_name=_text(fields[1]),
        daylight_name=_text(fields[11]),
    )


def pack(rules: Rules) -> str:
    """Return *rules* as 172 bytes in base64."""
    data = _LAYOUT.pack(
        rules.bias,
        _octets(rules.standard_name),
        *_fields(rules.standard),
        rules.standard_bias,
        _octets(rules.daylight_name),
        *_fields(rules.daylight),
        rules.daylight_bias,
    )
    return base64.b64encode(data).decode()


def find(rules: Rules, on: date, preferred: Iterable[ZoneInfo] = ()) -> ZoneInfo | None:
    """
    Return the zone that *rules* are the rules of in the year of *on*; None where there is none.

    Many zones have the same rules. Of these it is one of *preferred*, else the one that the name
    means where it is a name of Windows or of the tz database, else the first of our list.
    """
    own = list(preferred)
    year = _near(on).year
    for years in (range(year, year + _AHEAD), (year,)):
        wanted = [rules.behaviour(each) for each in years]
        for zone in chain(own, _candidates(rules.standard_name)):
            if [named_rules(zone, each).behaviour(each) for each in years] == wanted:
                return zone
    return None


def rules_of(zone: tzinfo, on: date) -> Rules:
    """Return the rules of *zone* in the year of *on*, with names as Windows has them."""
    on = _near(on)
    if isinstance(zone, ZoneInfo):
        return named_rules(zone, on.year, on)
    return _named(_bare(zone, on.year, on), on.year, "")


@lru_cache(maxsize=4_096)
def named_rules(zone: ZoneInfo, year: int, on: date | None = None) -> Rules:
    """Return the rules of *zone* in *year*; where these are no rules, those that hold at *on*."""
    bare = _bare(zone, year, on or date(year, 1, 1))
    return bare if on is None else _named(bare, year, zone.key)


def _near(on: date) -> date:
    year = min(max(on.year, _YEARS[0]), _YEARS[-1])
    return date(year, on.month, min(on.day, monthrange(year, on.month)[1]))


def _named(bare: Rules, year: int, key: str) -> Rules:
    """Return *bare* with the names of the zone, or of the first one that has the same rules."""
    same = [
        name
        for name, zone in _known()
        if named_rules(zone, year).behaviour(year) == bare.behaviour(year)
    ]
    exact = [name for name in same if WINDOWS[name] == key]
    name = next(iter(exact + same), key)
    return Rules(
        bias=bare.bias,
        standard=bare.standard,
        daylight=bare.daylight,
        standard_bias=bare.standard_bias,
        daylight_bias=bare.daylight_bias,
        standard_name=name,
        daylight_name=name.replace(_SUFFIX, _DAYLIGHT_SUFFIX),
    )


def _candidates(name: str) -> Iterator[ZoneInfo]:
    for key in dict.fromkeys([WINDOWS.get(name, name), *WINDOWS.values()]):
        if (zone := _zone(key)) is not None:
            yield zone


def _known() -> Iterator[tuple[str, ZoneInfo]]:
    for name, key in WINDOWS.items():
        if (zone := _zone(key)) is not None:
            yield name, zone


@lru_cache(maxsize=1_024)
def _zone(key: str) -> ZoneInfo | None:
    """Return the zone *key*; None where the host's tz database hasn't got it."""
    try:
        return ZoneInfo(key)
    except (LookupError, ValueError, OSError):
        return None


def _bare(zone: tzinfo, year: int, on: date) -> Rules:
    """
    Return the rules of *zone* without names.

    A year that has other changes than to daylight saving time and back can't be told. Then it is
    what the twelve months from *on* have, and else the offset of that day for ever.
    """
    day = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    new_year = datetime(year, 1, 1, tzinfo=UTC)
    whole = _changes(zone, new_year - timedelta(days=1), new_year + timedelta(days=367))
    for inside in (
        [change for change in whole if _local(change, zone).year == year],
        _changes(zone, day, day + timedelta(days=365)),
    ):
        if not inside:
            return Rules(_minutes(zone, day))
        if len(inside) == 2 and _minutes(zone, inside[0][0]) == _minutes(zone, inside[1][1]):
            return _alternating(zone, inside)
    return Rules(_minutes(zone, day))


def _alternating(zone: tzinfo, changes: list[tuple[datetime, datetime]]) -> Rules:
    """Return the rules with these two changes, each the second before and the second after."""
    forth, back = sorted(changes, key=lambda change: _minutes(zone, change[1]))
    winter, summer = _minutes(zone, back[1]), _minutes(zone, forth[1])
    return Rules(
        bias=winter,
        standard=_as_turn(zone, back),
        daylight=_as_turn(zone, forth),
        daylight_bias=summer - winter,
    )


def _changes(zone: tzinfo, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """List the changes of the offset: the last second before each, and the first behind it."""
    # Nowhere do clocks change twice within a week: a look at each week is enough.
    days = [begin + timedelta(days=number) for number in range(0, (end - begin).days, 7)] + [end]
    return [
        _narrowed(zone, before, after)
        for before, after in pairwise(days)
        if before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset()
    ]


def _narrowed(zone: tzinfo, before: datetime, after: datetime) -> tuple[datetime, datetime]:
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return before, after


def _local(change: tuple[datetime, datetime], zone: tzinfo) -> datetime:
    """Return what clocks show at a change that nobody has set yet."""
    return change[0].astimezone(zone).replace(tzinfo=None) + timedelta(seconds=1)


def _as_turn(zone: tzinfo, change: tuple[datetime, datetime]) -> Turn:
    """Return *change* as a weekday of its month."""
    local = _local(change, zone)
    weeks = [(local.day - 1) // 7 + 1]
    if local.day + 7 > monthrange(local.year, local.month)[1]:
        # A fourth Sunday may be the last one: what it is, other years show.
        weeks = [_LAST, *(week for week in weeks if week != _LAST)]
    turns = [
        Turn(local.month, week, local.isoweekday() % 7, local.hour, local.minute, local.second)
        for week in weeks
    ]
    return max(turns, key=lambda turn: _fitting(zone, turn, local.year))


def _fitting(zone: tzinfo, turn: Turn, year: int) -> int:
    """Count the years after *year* in which the clocks of *zone* change at *turn*."""
    found = 0
    for later in range(year + 1, year + 1 + _AHEAD):
        if (when := turn.when(later)) is not None:
            before, after = (
                (when + timedelta(hours=hours)).replace(tzinfo=zone) for hours in (-12, 12)
            )
            found += before.utcoffset() != after.utcoffset()
    return found


def _minutes(zone: tzinfo, moment: datetime) -> int:
    """Return the bias of *zone* at *moment*; seconds, which no zone has today, are rounded."""
    offset = moment.astimezone(zone).utcoffset() or timedelta()
    return -round(offset / timedelta(minutes=1))


def _turn(fields: tuple[int, ...]) -> Turn | None:
    """Return the change in a SYSTEMTIME; None where its month says that there is none."""
    year, month, weekday, day, hour, minute, second, _ = fields
    if not month:
        return None
    turn = Turn(month, day, weekday, hour, minute, second, year)
    problem = MalformedError(PLACE, f"changes at no time that there is: {fields}")
    if weekday > 6 or not day or (not year and day > _LAST) or (year and year not in _YEARS):
        raise problem
    try:
        turn.when(year or _YEARS[0])
    except ValueError as error:
        raise problem from error
    return turn


def _fields(turn: Turn | None) -> tuple[int, ...]:
    if turn is None:
        return (0,) * 8
    at = (turn.hour, turn.minute, turn.second)
    return (turn.year, turn.month, turn.weekday, turn.week, *at, 0)


def _text(data: bytes) -> str:
    return data.decode("utf-16-le", errors="replace").partition("\0")[0]


def _octets(name: str) -> bytes:
    """Return the first characters of *name*, none of them in half."""
    data = name.encode("utf-16-le", errors="replace")[: 2 * _LONGEST_NAME]
    return data.decode("utf-16-le", errors="ignore").encode("utf-16-le")
