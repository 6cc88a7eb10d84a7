"""When somebody is busy and how much so, by the lines that the database lets out."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fermoposta.activesync import busy_kinds
from fermoposta.booking.calendar import Unreadable
from fermoposta.mailstore.groupware import Busy

ROME = ZoneInfo("Europe/Rome")
START = datetime(2026, 11, 2, tzinfo=UTC)
END = START + timedelta(days=7)
TEN = "DTSTART:20261103T100000Z", "DTEND:20261103T110000Z"
ZONE = (
    *("BEGIN:VTIMEZONE", "TZID:Bureau", "BEGIN:STANDARD", "DTSTART:19700101T000000"),
    *("TZOFFSETFROM:-0500", "TZOFFSETTO:-0500", "END:STANDARD", "END:VTIMEZONE"),
)


def calendar(*events, zone=()):
    lines = ["BEGIN:VCALENDAR", *zone]
    for event in events:
        lines += ["BEGIN:VEVENT", *event, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR"])


def busy(*events, zone=()):
    return busy_kinds.busy([calendar(*events, zone=zone)], ROME, START, END)


def kinds(*lines):
    return [each.kind for each in busy((*TEN, *lines))]


def hours(found):
    return [
        (each.start.astimezone(UTC).strftime("%d %H"), each.end.astimezone(UTC).strftime("%d %H"))
        for each in found
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ["TRANSP:TRANSPARENT"],
        ["TRANSP:TRANSPARENT", "X-MICROSOFT-CDO-BUSYSTATUS:OOF"],
        ["STATUS:CANCELLED"],
        ["X-MICROSOFT-CDO-BUSYSTATUS:FREE"],
        ["X-PARTSTAT:DECLINED"],
        ["X-PARTSTAT:DECLINED", "X-MICROSOFT-CDO-BUSYSTATUS:OOF"],
    ],
)
def test_what_leaves_the_time_free_is_not_told(lines):
    """Whatever else the event says."""
    assert kinds(*lines) == []


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        ([], "BUSY"),
        (["TRANSP:OPAQUE", "STATUS:CONFIRMED"], "BUSY"),
        (["X-PARTSTAT:ACCEPTED"], "BUSY"),
        (["X-MICROSOFT-CDO-BUSYSTATUS:BUSY"], "BUSY"),
        (["X-MICROSOFT-CDO-BUSYSTATUS:OOF"], "BUSY-UNAVAILABLE"),
        (["X-MICROSOFT-CDO-BUSYSTATUS:OOF", "STATUS:TENTATIVE"], "BUSY-UNAVAILABLE"),
        (["X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE"], "BUSY-TENTATIVE"),
        (["STATUS:TENTATIVE"], "BUSY-TENTATIVE"),
        (["X-PARTSTAT:TENTATIVE"], "BUSY-TENTATIVE"),
        (["X-PARTSTAT:NEEDS-ACTION"], "BUSY-TENTATIVE"),
    ],
)
def test_each_word_has_its_kind(lines, kind):
    assert kinds(*lines) == [kind]


def test_an_accepted_invitation_is_what_it_was_meant_to_be():
    """Outlook sends it as tentative; until it is accepted it is that."""
    lines = "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE", "X-MICROSOFT-CDO-INTENDEDSTATUS:OOF"

    assert kinds(*lines, "X-PARTSTAT:ACCEPTED") == ["BUSY-UNAVAILABLE"]
    assert kinds(*lines, "X-PARTSTAT:NEEDS-ACTION") == ["BUSY-TENTATIVE"]
    assert kinds(lines[0], "X-PARTSTAT:ACCEPTED") == ["BUSY-TENTATIVE"]


def test_times_are_those_of_their_zone():
    """UTC, a zone that the object defines, one of that name alone, and the site's without any."""
    found = [
        busy(TEN),
        busy(("DTSTART;TZID=Bureau:20261103T100000", "DURATION:PT1H"), zone=ZONE),
        busy(("DTSTART;TZID=Asia/Tokyo:20261103T100000", "DTEND;TZID=Asia/Tokyo:20261103T110000")),
        busy(("DTSTART:20261103T100000", "DTEND:20261103T110000")),
    ]

    assert [hours(each) for each in found] == [
        [("03 10", "03 11")],
        [("03 15", "03 16")],
        [("03 01", "03 02")],
        [("03 09", "03 10")],
    ]


def test_a_day_begins_at_midnight_here_and_is_busy():
    """Unless it says that it isn't."""
    day = "DTSTART;VALUE=DATE:20261103", "DTEND;VALUE=DATE:20261104"

    assert busy(day) == [
        Busy(datetime(2026, 11, 3, tzinfo=ROME), datetime(2026, 11, 4, tzinfo=ROME), "BUSY")
    ]
    assert busy((*day, "TRANSP:TRANSPARENT")) == []


def test_each_instance_of_a_series_is_judged_by_itself():
    """One is moved and tentative, one is excepted, one is cancelled; all others are busy."""
    series = (
        *("DTSTART:20261101T100000Z", "DTEND:20261101T110000Z", "RRULE:FREQ=DAILY"),
        "EXDATE:20261104T100000Z",
    )
    moved = (
        *("RECURRENCE-ID:20261103T100000Z", "DTSTART:20261103T140000Z"),
        *("DTEND:20261103T150000Z", "STATUS:TENTATIVE"),
    )
    cancelled = (
        *("RECURRENCE-ID:20261105T100000Z", "DTSTART:20261105T100000Z"),
        *("DTEND:20261105T110000Z", "STATUS:CANCELLED"),
    )

    found = busy(series, moved, cancelled)

    assert [(each.start.day, each.start.hour, each.kind) for each in found] == [
        (2, 10, "BUSY"),
        (3, 14, "BUSY-TENTATIVE"),
        *((day, 10, "BUSY") for day in (6, 7, 8)),
    ]


def test_what_lasts_no_time_or_is_elsewhen_is_not_told():
    """What begins before and ends within is."""
    assert busy(("DTSTART:20261103T100000Z",)) == []
    assert busy(("DTSTART:20261101T220000Z", "DTEND:20261102T000000Z")) == []
    assert hours(busy(("DTSTART:20261101T220000Z", "DTEND:20261102T010000Z"))) == [
        ("01 22", "02 01")
    ]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=DAILY;BYHOUR=1,2,3,4;BYMINUTE=1,2,3,4",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=0",
    ],
)
def test_what_would_take_for_ever_is_not_worked_out(rule):
    with pytest.raises(Unreadable):
        busy((*TEN, f"RRULE:{rule}"))


def test_what_has_no_beginning_is_not_worked_out():
    """Nobody is called free for it: another may be able to read it."""
    with pytest.raises(Unreadable):
        busy(("DTEND:20261103T110000Z",))


def test_the_times_of_several_events_are_in_order():
    late, early = calendar(TEN), calendar(("DTSTART:20261102T100000Z", "DTEND:20261102T110000Z"))

    assert [each.start.day for each in busy_kinds.busy([late, early], ROME, START, END)] == [2, 3]
