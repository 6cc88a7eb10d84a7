import base64
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.activesync.map.errors import MalformedError, MapError
from fermoposta.activesync.map.timezone import Rules, Turn, decode, encode, find, pack
from fermoposta.outlook.zones import WINDOWS

DAY = date(2026, 11, 25)


def rules(zone, on=DAY):
    return decode(encode(ZoneInfo(zone), on))


def test_berlin_is_an_hour_ahead_and_changes_on_last_sundays():
    """The bytes themselves, as MS-ASDTYPE lays them out: a device reads nothing else."""
    data = base64.b64decode(encode(ZoneInfo("Europe/Berlin"), DAY))

    assert len(data) == 172
    assert data[:4] == (-60).to_bytes(4, "little", signed=True)
    assert data[4:68].decode("utf-16-le").rstrip("\0") == "W. Europe Standard Time"
    assert [*data[68:84]] == [0, 0, 10, 0, 0, 0, 5, 0, 3, 0, 0, 0, 0, 0, 0, 0]
    assert data[84:88] == bytes(4)
    assert data[88:152].decode("utf-16-le").rstrip("\0") == "W. Europe Daylight Time"
    assert [*data[152:168]] == [0, 0, 3, 0, 0, 0, 5, 0, 2, 0, 0, 0, 0, 0, 0, 0]
    assert data[168:] == (-60).to_bytes(4, "little", signed=True)


@pytest.mark.parametrize(
    ("zone", "bias", "daylight_bias", "standard", "daylight"),
    [
        ("Europe/Berlin", -60, -60, Turn(10, 5, 0, 3, 0), Turn(3, 5, 0, 2, 0)),
        ("America/New_York", 300, -60, Turn(11, 1, 0, 2, 0), Turn(3, 2, 0, 2, 0)),
        ("Asia/Kolkata", -330, 0, None, None),
        ("Australia/Lord_Howe", -630, -30, Turn(4, 1, 0, 2, 0), Turn(10, 1, 0, 2, 0)),
        ("Australia/Sydney", -600, -60, Turn(4, 1, 0, 3, 0), Turn(10, 1, 0, 2, 0)),
        ("Europe/Dublin", 0, -60, Turn(10, 5, 0, 2, 0), Turn(3, 5, 0, 1, 0)),
        ("Pacific/Chatham", -765, -60, Turn(4, 1, 0, 3, 45), Turn(9, 5, 0, 2, 45)),
        ("Etc/UTC", 0, 0, None, None),
    ],
)
def test_zones_of_all_kinds(zone, bias, daylight_bias, standard, daylight):
    """North and south, half hours, no daylight saving time, and one that tzdata turns round."""
    found = rules(zone)

    assert (found.bias, found.standard_bias, found.daylight_bias) == (bias, 0, daylight_bias)
    assert (found.standard, found.daylight) == (standard, daylight)


@pytest.mark.parametrize("year", range(2024, 2031))
def test_a_last_sunday_that_is_also_a_fourth_is_the_last(year):
    """Or a series of years would be an hour off in those in which it isn't."""
    assert rules("Europe/Berlin", date(year, 1, 1)).standard == Turn(10, 5, 0, 3, 0)


def test_the_rules_are_those_of_the_year():
    """America had other ones before 2007."""
    assert rules("America/New_York", date(2006, 5, 1)).daylight == Turn(4, 1, 0, 2, 0)
    assert rules("Europe/Istanbul", date(2015, 5, 1)).daylight_bias == -60
    assert rules("Europe/Istanbul").daylight is None


def test_a_year_with_one_change_is_told_by_what_holds_on_the_day():
    """Volgograd went back an hour on 27 December 2020, for good."""
    assert rules("Europe/Volgograd", date(2020, 5, 1)).bias == -240
    assert rules("Europe/Volgograd", date(2020, 12, 30)).bias == -180


def expressible(offsets):
    """Whether a year has no change, or one there and one back."""
    changes = sum(one != other for one, other in pairwise(offsets))
    return changes == 0 or (changes == 2 and offsets[0] == offsets[-1])


def test_every_zone_keeps_its_offsets():
    """On each day of the year."""
    days = [datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=number) for number in range(365)]
    told, seen = 0, {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        offsets = [day.astimezone(zone).utcoffset() for day in days]
        if not expressible(offsets):
            continue
        told += 1
        blob = encode(zone, date(2026, 6, 1))
        if blob not in seen:
            found = decode(blob)
            seen[blob] = [found.offset(day) for day in days]
        assert seen[blob] == offsets, name
    assert told > 590


@pytest.mark.parametrize("zone", ["Africa/Casablanca", "Asia/Jerusalem", "America/Nuuk"])
@pytest.mark.parametrize("year", [2025, 2026, 2027, 2028])
def test_rules_that_no_weekday_tells_are_right_for_the_year(zone, year):
    """Ramadan, the Friday before a Sunday, the evening before one."""
    found = rules(zone, date(year, 6, 1))

    for number in range(365):
        day = datetime(year, 1, 1, 5, tzinfo=UTC) + timedelta(days=number)
        assert found.offset(day) == day.astimezone(ZoneInfo(zone)).utcoffset()


def test_the_hour_of_a_change_is_the_clocks():
    """To the second, both ways."""
    found = rules("Europe/Berlin")
    for change in (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)):
        for moment in (change - timedelta(seconds=1), change):
            assert found.offset(moment) == moment.astimezone(ZoneInfo("Europe/Berlin")).utcoffset()


def test_an_hour_that_is_no_zones():
    """A calendar may define a zone of its own."""
    assert decode(encode(timezone(timedelta(hours=2, minutes=10)), DAY)).bias == -130


@pytest.mark.parametrize("zone", [*WINDOWS.values()])
def test_a_zone_of_the_list_is_found_again(zone):
    """By its name, though others have the same rules."""
    found = find(rules(zone), DAY)

    assert found is not None
    assert found.key == zone


def test_the_users_own_zone_is_preferred():
    """Where it has the same rules, and only there."""
    vienna, lisbon = ZoneInfo("Europe/Vienna"), ZoneInfo("Europe/Lisbon")

    assert find(rules("Europe/Berlin"), DAY, [lisbon, vienna]) is vienna
    assert find(rules("Europe/Vienna"), DAY).key == "Europe/Berlin"
    assert find(rules("Europe/Berlin"), DAY, [lisbon]).key == "Europe/Berlin"


def test_without_a_name_rules_are_enough():
    """Names are in the language of the device, or missing."""
    bare = Rules(-60, Turn(10, 5, 0, 3, 0), Turn(3, 5, 0, 2, 0), 0, -60, "Mitteleuropäische Zeit")

    assert find(bare, DAY).key == "Europe/Berlin"
    assert find(Rules(0), DAY).key == "Etc/UTC"


def test_rules_that_no_zone_has_are_none():
    """Better than one that is an hour off in summer."""
    assert find(Rules(-130), DAY) is None
    assert find(Rules(-60, Turn(10, 4, 2, 3, 0), Turn(3, 5, 0, 2, 0), 0, -60), DAY) is None


def test_a_change_that_is_meant_for_one_year():
    """With a year, the day is the day of the month (MS-ASDTYPE, section 2.7.6)."""
    once = Rules(-60, Turn(10, 25, 0, 3, 0, 0, 2026), Turn(3, 29, 0, 2, 0, 0, 2026), 0, -60)

    assert decode(pack(once)) == once
    assert find(once, DAY).key == "Europe/Berlin"
    assert once.offset(datetime(2027, 7, 1, tzinfo=UTC)) == timedelta(hours=1)


def test_a_long_name_is_cut_between_characters():
    """64 bytes with the zero; half a character would be another one."""
    assert decode(pack(Rules(0, standard_name="x" * 30 + "😀"))).standard_name == "x" * 30


@pytest.mark.parametrize(
    "blob",
    [
        "",
        "not base64!",
        base64.b64encode(bytes(171)).decode(),
        base64.b64encode(b"\xff\xff\xff\x7f" + bytes(168)).decode(),
        base64.b64encode(bytes(70) + b"\x0d" + bytes(101)).decode(),
        base64.b64encode(bytes(70) + b"\x0a" + bytes(101)).decode(),
    ],
)
def test_what_is_no_zone_is_refused(blob):
    """No base64, too short, days from UTC, a thirteenth month, no day."""
    with pytest.raises(MalformedError, match=r"^Timezone "):
        decode(blob)


@given(st.binary(min_size=172, max_size=172))
def test_any_bytes_are_read_or_refused(data):
    """And what is read, can be asked."""
    refused = None
    try:
        found = decode(base64.b64encode(data).decode())
    except MapError as error:
        refused = error
    if refused is None:
        found.offset(datetime(2026, 7, 1, tzinfo=UTC))
        find(found, DAY)
