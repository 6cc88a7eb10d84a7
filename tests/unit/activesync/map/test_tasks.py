from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fermoposta.activesync.map.errors import InexpressibleError, MalformedError, MapError
from fermoposta.activesync.map.owner import Owner
from fermoposta.activesync.map.tasks import from_element, to_element
from fermoposta.activesync.wbxml import Element, decode, encode

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ADA = Owner("ada@example.org", ZoneInfo("Europe/Berlin"), "Ada")
VERSIONS = ("12.1", "14.0", "14.1", "16.0", "16.1")


def todo(*lines):
    return "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//example//EN",
            "BEGIN:VTODO",
            "UID:1",
            "DTSTAMP:20261001T120000Z",
            *lines,
            "END:VTODO",
            "END:VCALENDAR",
            "",
        ]
    ).encode()


TASK = todo(
    "SUMMARY:Taxes",
    "DESCRIPTION:All of them",
    "PRIORITY:2",
    "DTSTART;VALUE=DATE:20261201",
    "DUE;VALUE=DATE:20261224",
    "CATEGORIES:Money,Ada",
    "CLASS:PRIVATE",
    "RRULE:FREQ=YEARLY",
    "X-COLOUR:teal",
    "ATTACH:https://example.org/form.pdf",
    "BEGIN:VALARM",
    "ACTION:DISPLAY",
    "DESCRIPTION:Taxes",
    "TRIGGER;RELATED=END:-P1D",
    "END:VALARM",
    "BEGIN:VALARM",
    "ACTION:EMAIL",
    "SUMMARY:x",
    "DESCRIPTION:x",
    "TRIGGER:-P7D",
    "END:VALARM",
)
TIMED = todo(
    "SUMMARY:Call",
    "DTSTART;TZID=Europe/Berlin:20260701T090000",
    "DURATION:PT2H",
    "STATUS:COMPLETED",
    "COMPLETED:20260701T080000Z",
)


def el(tag, *children):
    name = tag if ":" in tag else f"Tasks:{tag}"
    inside = [child if isinstance(child, Element) else str(child) for child in children]
    return Element(name, inside)


def app(*children):
    return Element("AirSync:ApplicationData", children)


def texts(data):
    return {child.name: child.text for child in data.elements if not child.elements}


def change(data, content=TASK, version="14.1", **more):
    found = from_element(data, version, ADA, NOW, uid="new", existing=content, **more)
    return found.replace(b"\r\n ", b"").decode().splitlines()


def test_a_task_as_a_phone_has_it():
    """Days begin at midnight: by the user's clock, and in UTC an hour before."""
    data = to_element(TASK, "14.1", ADA)

    assert decode(encode(data)) == data
    assert texts(data) == {
        "Subject": "Taxes",
        "Importance": "2",
        "UtcStartDate": "2026-11-30T23:00:00.000Z",
        "StartDate": "2026-12-01T00:00:00.000Z",
        "UtcDueDate": "2026-12-23T23:00:00.000Z",
        "DueDate": "2026-12-24T00:00:00.000Z",
        "Complete": "0",
        "Sensitivity": "2",
        "ReminderTime": "2026-12-22T23:00:00.000Z",
        "ReminderSet": "1",
    }
    assert texts(data.find("Tasks:Recurrence")) == {
        "Type": "5",
        "Start": "2026-12-01T00:00:00.000Z",
        "Interval": "1",
        "DayOfMonth": "1",
        "MonthOfYear": "12",
        "CalendarType": "0",
    }
    assert [each.text for each in data.find("Tasks:Categories").elements] == ["Money", "Ada"]
    assert data.text_of("AirSyncBase:Body", "AirSyncBase:Data") == "All of them"


def test_a_task_with_times_that_is_done():
    """It is due after as long as it takes."""
    assert texts(to_element(TIMED, "14.1", ADA)) == {
        "Subject": "Call",
        "Importance": "1",
        "UtcStartDate": "2026-07-01T07:00:00.000Z",
        "StartDate": "2026-07-01T09:00:00.000Z",
        "UtcDueDate": "2026-07-01T09:00:00.000Z",
        "DueDate": "2026-07-01T11:00:00.000Z",
        "Complete": "1",
        "DateCompleted": "2026-07-01T08:00:00.000Z",
        "Sensitivity": "0",
        "ReminderSet": "0",
    }


def test_a_done_task_always_says_when():
    """MS-ASTASK, section 2.2.2.9; at the latest when it was written."""
    data = to_element(todo("STATUS:COMPLETED"), "14.1", ADA)

    assert data.text_of("Tasks:DateCompleted") == "2026-10-01T12:00:00.000Z"


@pytest.mark.parametrize("content", [TASK, TIMED])
@pytest.mark.parametrize("version", VERSIONS)
def test_what_comes_back_unchanged_changes_nothing(content, version):
    """Not a byte."""
    data = to_element(content, version, ADA)

    assert from_element(data, version, ADA, NOW, uid="x", existing=content) == content


@pytest.mark.parametrize(
    ("children", "gone", "come"),
    [
        ([el("Subject", "Tax")], ["SUMMARY:Taxes"], ["SUMMARY:Tax"]),
        ([el("Importance", 0)], ["PRIORITY:2"], ["PRIORITY:9"]),
        ([el("Sensitivity", 0)], ["CLASS:PRIVATE"], ["CLASS:PUBLIC"]),
        ([el("Categories")], ["CATEGORIES:Money,Ada"], []),
        (
            [
                el("UtcDueDate", "2026-12-30T23:00:00.000Z"),
                el("DueDate", "2026-12-31T00:00:00.000Z"),
            ],
            ["DUE;VALUE=DATE:20261224"],
            ["DUE;VALUE=DATE:20261231"],
        ),
        ([el("DueDate"), el("UtcDueDate")], ["DUE;VALUE=DATE:20261224"], []),
        (
            [el("Complete", 1)],
            [],
            ["STATUS:COMPLETED", "PERCENT-COMPLETE:100", "COMPLETED:20261125T120000Z"],
        ),
        (
            [
                el("ReminderSet", 1),
                el("ReminderTime", "2026-12-01T08:00:00.000Z"),
            ],
            ["TRIGGER;RELATED=END:-P1D"],
            ["TRIGGER;VALUE=DATE-TIME:20261201T080000Z"],
        ),
        ([el("Recurrence")], ["RRULE:FREQ=YEARLY"], []),
        (
            [el("Recurrence", el("Type", 0), el("Start", "2026-12-01T00:00:00.000Z"))],
            ["RRULE:FREQ=YEARLY"],
            ["RRULE:FREQ=DAILY"],
        ),
    ],
)
def test_one_change_touches_one_property(children, gone, come):
    """What no phone has stays as it was."""
    before = TASK.decode().splitlines()
    stamps = ("DTSTAMP", "LAST-MODIFIED", "PRODID")

    found = change(app(*children))

    assert [line for line in before if line not in found and not line.startswith(stamps)] == gone
    new = [line for line in found if line not in before and not line.startswith(stamps)]
    assert sorted(new) == sorted(come)


def test_a_reminder_is_the_first_alarm_only():
    """The mail is still sent."""
    found = change(app(el("ReminderSet", 0)))

    assert found.count("BEGIN:VALARM") == 1
    assert "TRIGGER:-P7D" in found


def test_a_task_is_opened_again():
    """Nothing of its end is left."""
    found = change(app(el("Complete", 0)), TIMED)

    assert "STATUS:NEEDS-ACTION" in found
    assert not any(line.startswith(("COMPLETED", "PERCENT")) for line in found)
    assert "DURATION:PT2H" in found


def test_a_day_and_a_time_become_two_times():
    """RFC 5545, section 3.8.2.3: both are of one kind."""
    due = [el("UtcDueDate", "2026-12-24T14:00:00.000Z"), el("DueDate", "2026-12-24T15:00:00.000Z")]

    found = change(app(*due))

    assert "DTSTART;TZID=Europe/Berlin:20261201T000000" in found
    assert "DUE;TZID=Europe/Berlin:20261224T150000" in found


def test_a_new_task():
    """One that comes again a while after it is done, which iCalendar can't say."""
    data = app(
        el("Subject", "Water the plants"),
        el("StartDate", "2026-12-01T00:00:00.000Z"),
        el("UtcStartDate", "2026-11-30T23:00:00.000Z"),
        el("Complete", 0),
        el(
            "Recurrence",
            el("Type", 1),
            el("Start", "2026-12-01T00:00:00.000Z"),
            el("DayOfWeek", 4),
            el("Regenerate", 1),
        ),
        el("ReminderSet", 1),
        el("ReminderTime", "2026-12-01T07:00:00.000Z"),
    )

    stored = from_element(data, "14.1", ADA, NOW, uid="new")

    assert {
        "UID:new",
        "SUMMARY:Water the plants",
        "DTSTART;VALUE=DATE:20261201",
        "RRULE:FREQ=WEEKLY;BYDAY=TU",
        "X-EAS-REGENERATE:TRUE",
        "TRIGGER;VALUE=DATE-TIME:20261201T070000Z",
    } <= set(stored.decode().splitlines())
    again = to_element(stored, "14.1", ADA)
    assert again.text_of("Tasks:Recurrence", "Tasks:Regenerate") == "1"
    assert again.text_of("Tasks:ReminderTime") == "2026-12-01T07:00:00.000Z"


def test_a_dead_occurrence_does_not_come_again():
    """MS-ASTASK, section 2.2.2.11: it is what is left of a series when one is done."""
    rule = el("Recurrence", el("Type", 0), el("DeadOccur", 1))

    assert not any(line.startswith("RRULE") for line in change(app(rule, el("Complete", 1))))


def test_what_a_device_declared_to_send_always_is_gone_when_it_is_not_sent():
    """MS-ASCMD, section 2.2.3.179."""
    found = change(app(), removes={"Tasks:Categories", "Tasks:DueDate"})

    assert not any(line.startswith(("CATEGORIES", "DUE")) for line in found)


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["DTSTART:20261201T080000Z", "RRULE:FREQ=DAILY", "EXDATE:20261202T080000Z"], "EXDATE"),
        (["RRULE:FREQ=DAILY"], "RRULE"),
        (["DTSTART:20261201T080000Z", "RRULE:FREQ=DAILY;COUNT=256"], "RRULE"),
        (["DTSTART:20261201T080000Z", "RRULE:FREQ=YEARLY;BYWEEKNO=1"], "RRULE"),
        (["END:VTODO", "BEGIN:VTODO", "UID:1"], "RECURRENCE-ID"),
    ],
)
def test_what_no_phone_knows_is_named(lines, name):
    """So that it is skipped, and the user told why."""
    with pytest.raises(InexpressibleError) as caught:
        to_element(todo(*lines), "14.1", ADA)

    assert caught.value.place == name


@pytest.mark.parametrize(
    "child",
    [
        el("DueDate", "never"),
        el("Complete", 2),
        el("ReminderSet", 2),
        el("ReminderTime", "noon"),
        el("Sensitivity", 4),
        el("Recurrence", el("Type", 7)),
    ],
)
def test_what_can_not_be_understood_is_refused(child):
    """With the tag that is wrong."""
    with pytest.raises(MalformedError):
        change(app(child))


days = st.dates(datetime(2020, 1, 1, tzinfo=UTC).date(), datetime(2030, 1, 1, tzinfo=UTC).date())
subjects = st.text(
    st.characters(exclude_categories=("C", "Z"), include_characters=" ;,"), min_size=1, max_size=15
)


@settings(deadline=None, max_examples=40)
@given(subjects.map(str.strip).filter(bool), days, st.integers(0, 2), st.booleans(), st.booleans())
def test_what_a_phone_writes_comes_back(subject, day, importance, done, new):
    """New or on top of a task; and again it is no change."""
    utc = datetime(day.year, day.month, day.day, tzinfo=ADA.zone).astimezone(UTC)
    told = {
        "Subject": subject,
        "Importance": str(importance),
        "UtcDueDate": f"{utc:%Y-%m-%dT%H:%M:%S.000Z}",
        "DueDate": f"{day}T00:00:00.000Z",
        "Complete": str(int(done)),
        "ReminderSet": "1",
        "ReminderTime": f"{utc - timedelta(hours=3):%Y-%m-%dT%H:%M:%S.000Z}",
    }
    data = app(*(el(name, text) for name, text in told.items()))
    existing = None if new else TASK

    stored = from_element(data, "14.1", ADA, NOW, uid="x", existing=existing)
    shown = to_element(stored, "14.1", ADA)

    assert {name: shown.text_of(f"Tasks:{name}") for name in told} == told
    assert from_element(shown, "14.1", ADA, NOW, uid="x", existing=stored) == stored
    assert new or b"X-COLOUR:teal" in stored


@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from([TASK, TIMED]),
    st.lists(st.tuples(st.integers(0, 1_000), st.binary(max_size=3)), min_size=1, max_size=4),
)
def test_any_content_is_shown_or_refused(content, changes):
    """And what is shown, can be sent back."""
    for place, new in changes:
        at = place % len(content)
        content = content[:at] + new + content[at + 1 :]
    refused = None
    try:
        data = to_element(content, "14.1", ADA)
        from_element(data, "14.1", ADA, NOW, uid="x", existing=content)
    except MapError as error:
        refused = error
    assert refused is None or refused.place
