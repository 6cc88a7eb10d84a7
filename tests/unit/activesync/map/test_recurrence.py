from datetime import UTC, date
from zoneinfo import ZoneInfo

import pytest
from icalendar import vRecur

from fermoposta.activesync.map.errors import MapError
from fermoposta.activesync.map.recurrence import element, parse, pattern, rule
from fermoposta.activesync.wbxml import Element

BERLIN = ZoneInfo("Europe/Berlin")
START = date(2026, 11, 10)  # the second Tuesday

RULES = [
    ("FREQ=DAILY", {"Type": "0", "Interval": "1"}, None),
    ("FREQ=DAILY;INTERVAL=3;COUNT=5", {"Type": "0", "Occurrences": "5", "Interval": "3"}, None),
    (
        "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
        {"Type": "1", "Interval": "1", "DayOfWeek": "62"},
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    ),
    ("FREQ=WEEKLY", {"Type": "1", "Interval": "1", "DayOfWeek": "4"}, "FREQ=WEEKLY;BYDAY=TU"),
    (
        "FREQ=WEEKLY;UNTIL=20261231T080000Z;INTERVAL=2;BYDAY=MO,FR;WKST=SU",
        {
            "Type": "1",
            "Until": "20261231T080000Z",
            "Interval": "2",
            "DayOfWeek": "34",
            "FirstDayOfWeek": "0",
        },
        None,
    ),
    (
        "FREQ=MONTHLY",
        {"Type": "2", "Interval": "1", "DayOfMonth": "10"},
        "FREQ=MONTHLY;BYMONTHDAY=10",
    ),
    ("FREQ=MONTHLY;BYMONTHDAY=31", {"Type": "2", "Interval": "1", "DayOfMonth": "31"}, None),
    (
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        {"Type": "3", "Interval": "1", "DayOfWeek": "127", "WeekOfMonth": "5"},
        None,
    ),
    (
        "FREQ=MONTHLY;BYDAY=2TU",
        {"Type": "3", "Interval": "1", "DayOfWeek": "4", "WeekOfMonth": "2"},
        None,
    ),
    (
        "FREQ=MONTHLY;BYDAY=-1FR",
        {"Type": "3", "Interval": "1", "DayOfWeek": "32", "WeekOfMonth": "5"},
        None,
    ),
    (
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        {"Type": "3", "Interval": "1", "DayOfWeek": "62", "WeekOfMonth": "5"},
        None,
    ),
    (
        "FREQ=YEARLY",
        {"Type": "5", "Interval": "1", "DayOfMonth": "10", "MonthOfYear": "11"},
        "FREQ=YEARLY;BYMONTHDAY=10;BYMONTH=11",
    ),
    (
        "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
        {"Type": "6", "Interval": "1", "DayOfWeek": "1", "WeekOfMonth": "5", "MonthOfYear": "3"},
        None,
    ),
]


def texts(found):
    return {child.name: child.text for child in found.elements}


@pytest.mark.parametrize(("text", "told", "again"), RULES)
def test_a_rule_as_a_phone_has_it_and_back(text, told, again):
    """What comes back gives the same days, if not always in the same words."""
    found = pattern(vRecur.from_ical(text), START, BERLIN)

    data = element(found, "Calendar", "14.1")
    kind = found.kind
    extra = {"CalendarType": "0"} if kind >= 2 else {"FirstDayOfWeek": "1"} if kind == 1 else {}
    assert texts(data) == extra | told
    back = rule(parse(data, START), BERLIN, all_day=False)
    assert dict(back) == dict(vRecur.from_ical(again or text)) or (
        back.to_ical() == vRecur.from_ical(again or text).to_ical()
    )


def test_a_task_has_other_times():
    """And its Start behind the Type."""
    found = pattern(vRecur.from_ical("FREQ=DAILY;UNTIL=20261231T080000Z"), START, BERLIN)
    start = Element("Tasks:Start", "2026-11-10T00:00:00.000Z")

    data = element(found, "Tasks", "14.1", (start,))

    assert [child.name for child in data.elements] == ["Type", "Start", "Until", "Interval"]
    assert data.text_of("Tasks:Until") == "2026-12-31T08:00:00.000Z"


def test_each_weekday_may_be_said_as_daily():
    """MS-ASCAL, section 2.2.2.37.1: days of the week make a daily one a weekly one."""
    data = Element(
        "Calendar:Recurrence",
        [Element("Calendar:Type", "0"), Element("Calendar:DayOfWeek", "62")],
    )

    assert rule(parse(data, START), UTC, all_day=False).to_ical() == (
        b"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
    )


def test_two_ends_are_one():
    """RFC 5545 has COUNT or UNTIL."""
    data = Element(
        "Calendar:Recurrence",
        [
            Element("Calendar:Type", "0"),
            Element("Calendar:Occurrences", "3"),
            Element("Calendar:Until", "20261231T080000Z"),
        ],
    )

    assert rule(parse(data, START), UTC, all_day=False).to_ical() == b"FREQ=DAILY;COUNT=3"


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"Type": "4"},
        {"Type": "x"},
        {"Type": "1", "DayOfWeek": "0"},
        {"Type": "2", "DayOfMonth": "32"},
        {"Type": "5", "MonthOfYear": "13"},
        {"Type": "0", "Interval": "1000"},
        {"Type": "0", "Until": "soon"},
        {"Type": "2", "DayOfMonth": "1", "CalendarType": "8"},
        {"Type": "2", "DayOfMonth": "1", "IsLeapMonth": "1"},
    ],
)
def test_what_is_no_rule_is_refused(parts):
    """Out of range, not there, or counted by the moon."""
    data = Element(
        "Calendar:Recurrence", [Element(f"Calendar:{name}", text) for name, text in parts.items()]
    )

    with pytest.raises(MapError):
        parse(data, START)
