from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.activesync.map.freebusy import merged
from fermoposta.mailstore.groupware import Busy

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
TENTATIVE, AWAY = "BUSY-TENTATIVE", "BUSY-UNAVAILABLE"


def at(minutes, seconds=0):
    return NOON + timedelta(minutes=minutes, seconds=seconds)


def busy(start, end, kind="BUSY"):
    return Busy(at(start), at(end), kind)


def test_four_hours_are_eight_digits():
    """0 is free, 1 tentative, 2 busy, 3 away."""
    day = [busy(30, 60, TENTATIVE), busy(90, 150), busy(180, 210, AWAY)]

    assert merged([day], NOON, at(240)) == "01022030"


def test_a_half_hour_that_is_partly_taken_is_taken_by_what_takes_most():
    """Five minutes are enough, and the higher digit counts (section 2.2.3.107)."""
    assert merged([[busy(25, 31), busy(40, 50, TENTATIVE)]], NOON, at(60)) == "22"
    assert merged([[busy(0, 30), busy(10, 12, AWAY)]], NOON, at(30)) == "3"


@pytest.mark.parametrize(
    ("start", "end", "digits"),
    [
        (at(0), at(60), "30"),
        (at(4, 59), at(60), "30"),
        (at(5), at(60), "00"),
        (at(60), at(90), "0"),
        (at(59, 59), at(90), "00"),
        (at(60), at(90, 1), "00"),
    ],
)
def test_the_examples_of_the_specification(start, end, digits):
    """Five minutes away from noon on, seen from several beginnings (section 2.2.3.107)."""
    assert merged([[busy(0, 5, AWAY)]], start, end) == digits


def test_what_ends_when_it_begins_or_lies_outside_takes_nothing():
    """A half hour begins where the one before ends."""
    day = [busy(-30, 0), busy(60, 90), busy(10, 10), busy(20, 15)]

    assert merged([day], NOON, at(60)) == "00"


def test_a_group_is_taken_where_one_of_it_is():
    """Of whom nothing is known may be, where all others are free."""
    assert merged([[busy(0, 30)], [busy(30, 60, TENTATIVE)]], NOON, at(90)) == "210"
    assert merged([[busy(0, 30)], None], NOON, at(60)) == "24"


@given(
    st.lists(st.tuples(st.integers(-300, 300), st.integers(0, 300)), max_size=5),
    st.integers(30, 600),
)
def test_there_is_a_digit_for_each_half_hour_that_has_begun(times, minutes):
    """Whatever the calendar, and each tells whether a minute of it is taken."""
    day = [busy(start, start + length) for start, length in times]

    digits = merged([day], NOON, at(minutes))

    taken = {
        minute // 30
        for start, length in times
        for minute in range(max(start, 0), min(start + length, minutes))
    }
    assert len(digits) == -(-minutes // 30)
    assert {index for index, digit in enumerate(digits) if digit != "0"} == taken
