from zoneinfo import ZoneInfo

import pytest
from tests.unit.activesync.map.calendar.appointments import (
    ADA,
    ALL_DAY,
    BOB,
    MEETING,
    NOW,
    VERSIONS,
    WEEKLY,
    app,
    el,
    swap,
    without,
)

from fermoposta.activesync.map.calendar import (
    change_instance,
    delete_instance,
    from_element,
    to_element,
)
from fermoposta.activesync.map.errors import InexpressibleError, MalformedError
from fermoposta.activesync.map.timezone import Rules, encode, pack


def change(content, data, version="14.1", owner=ADA, removes=()):
    """The lines of the series after a phone's change, zones left out."""
    found = from_element(data, version, owner, NOW, uid="new@x", existing=content, removes=removes)
    return lines(found)


def lines(content):
    text = content.decode().replace("\r\n ", "")
    head, _, rest = text.partition("BEGIN:VTIMEZONE")
    rest = rest.rpartition("END:VTIMEZONE")[2]
    return [line for line in (head + rest).splitlines() if line]


def shown(content, version="14.1", owner=ADA):
    return to_element(content, version, owner, NOW)


def events(found):
    """The lines of each event."""
    return [part.splitlines() for part in "\n".join(found).split("BEGIN:VEVENT")[1:]]


@pytest.mark.parametrize("content", [WEEKLY, MEETING, ALL_DAY])
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("owner", [ADA, BOB])
def test_what_a_phone_sends_back_unchanged_changes_nothing(content, version, owner):
    """Not a byte: no other client learns of a change that there wasn't."""
    data = shown(content, version, owner)

    assert from_element(data, version, owner, NOW, uid="x", existing=content) == content


@pytest.mark.parametrize("version", VERSIONS)
def test_a_new_subject_is_all_that_changes(version):
    """Other programs' properties, attachments, further alarms and the exceptions stay."""
    found = change(WEEKLY, app(el("Subject", "Stand-up")), version)

    before = set(lines(WEEKLY))
    assert {line for line in found if line not in before} == {
        "SUMMARY:Stand-up",
        "DTSTAMP:20261125T120000Z",
        "LAST-MODIFIED:20261125T120000Z",
    }
    assert before - set(found) <= {"PRODID:-//example//EN"}


def test_a_reminder_is_the_first_alarm_only():
    """Changed, taken away, and where there was none, added."""
    other = change(WEEKLY, app(el("Reminder", 30)))
    none = change(WEEKLY, app(el("Reminder")))

    assert "TRIGGER:-PT30M" in other
    assert "TRIGGER:-P1D" in other
    assert [line for line in none if line.startswith("TRIGGER")] == ["TRIGGER:-P1D"]
    assert "TRIGGER:-PT5M" in change(ALL_DAY, app(el("Reminder", 5)))


def test_what_a_device_declared_to_send_always_is_gone_when_it_is_not_sent():
    """MS-ASCMD, section 2.2.3.179; else it stays."""
    data = without(shown(WEEKLY), "Location", "Reminder")

    assert "LOCATION:Room 1" in events(change(WEEKLY, data))[0]
    found = events(change(WEEKLY, data, removes={"Calendar:Location", "Calendar:Reminder"}))[0]
    assert "LOCATION:Room 1" not in found
    assert "TRIGGER:-PT15M" not in found


def test_a_new_appointment():
    """In the user's zone, with the name that the device gave it."""
    data = app(
        el("Timezone", encode(ZoneInfo("Europe/Paris"), NOW.date())),
        el("StartTime", "20261201T080000Z"),
        el("EndTime", "20261201T090000Z"),
        el("Subject", "Dentist"),
        el("BusyStatus", 3),
        el("Sensitivity", 2),
        el("Reminder", 60),
        el("UID", "040000008200E0"),
        el("Categories", el("Category", "Health"), el("Category", "Ada, own")),
    )

    found = lines(from_element(data, "14.1", ADA, NOW, uid="new@x"))

    assert {
        "UID:040000008200E0",
        "DTSTAMP:20261125T120000Z",
        "DTSTART;TZID=Europe/Berlin:20261201T090000",
        "DTEND;TZID=Europe/Berlin:20261201T100000",
        "SUMMARY:Dentist",
        "TRANSP:OPAQUE",
        "X-MICROSOFT-CDO-BUSYSTATUS:OOF",
        "CLASS:PRIVATE",
        "CATEGORIES:Health,Ada\\, own",
        "TRIGGER:-PT1H",
    } <= set(found)


def test_from_16_a_device_names_nothing():
    """UID, organiser and stamp from it are ignored."""
    data = app(
        el("UID", "mine"),
        el("StartTime", "20261201T080000Z"),
        el("EndTime", "20261201T090000Z"),
        el("OrganizerEmail", "eve@example.org"),
        el("Attendees", el("Attendee", el("Email", "bob@example.org"), el("Name", "Bob"))),
    )

    found = lines(from_element(data, "16.1", ADA, NOW, uid="new@x"))

    assert "UID:new@x" in found
    assert "ORGANIZER;CN=Ada:mailto:ada@example.org" in found


def test_without_times_it_is_the_next_half_hour():
    """An appointment has times, whatever a device leaves out."""
    late = NOW.replace(minute=10)

    found = lines(from_element(app(el("Subject", "x")), "14.1", ADA, late, uid="new@x"))

    assert "DTSTART;TZID=Europe/Berlin:20261125T133000" in found
    assert "DTEND;TZID=Europe/Berlin:20261125T140000" in found


@pytest.mark.parametrize(
    ("version", "start", "end"),
    [
        ("14.1", "20260630T220000Z", "20260702T220000Z"),
        ("14.1", "20260630T230000Z", "20260702T230000Z"),
        ("16.1", "20260701T000000Z", "20260703T000000Z"),
        ("16.1", "20260701T000000.000Z", "20260703T000000.000Z"),
    ],
)
def test_days_come_as_days(version, start, end):
    """Whatever the hour of a device that is in another zone by now."""
    data = app(el("AllDayEvent", 1), el("StartTime", start), el("EndTime", end))

    found = lines(from_element(data, version, ADA, NOW, uid="new@x"))

    assert "DTSTART;VALUE=DATE:20260701" in found
    assert "DTEND;VALUE=DATE:20260703" in found


def test_what_could_not_be_read_again_is_not_stored():
    """Of a year in which no calendar works it out."""
    data = app(el("StartTime", "23000101T080000Z"), el("EndTime", "23000101T090000Z"))

    with pytest.raises(MalformedError, match="2100"):
        from_element(data, "14.1", ADA, NOW, uid="x")


def test_days_in_the_zone_that_is_told():
    """Midnight in New York is the user's morning."""
    data = app(
        el("Timezone", encode(ZoneInfo("America/New_York"), NOW.date())),
        el("AllDayEvent", 1),
        el("StartTime", "20260701T040000Z"),
        el("EndTime", "20260702T040000Z"),
    )

    found = lines(from_element(data, "14.1", ADA, NOW, uid="new@x"))

    assert "DTSTART;VALUE=DATE:20260701" in found


def test_a_later_end_leaves_the_start_as_it_is_spelt():
    """And the exceptions, too, up to 14.1."""
    found = change(WEEKLY, app(el("EndTime", "20261102T093000Z")))

    assert "DTSTART;TZID=Europe/Berlin:20261102T090000" in found
    assert "DTEND;TZID=Europe/Berlin:20261102T103000" in found
    assert len(events(found)) == 2


@pytest.mark.parametrize(
    ("version", "data"),
    [
        ("14.1", app(el("StartTime", "20261103T080000Z"), el("EndTime", "20261103T090000Z"))),
        ("14.1", app(el("Recurrence", el("Type", 0)))),
        ("16.1", app(el("EndTime", "20261102T093000Z"))),
        ("16.1", app(el("Recurrence", el("Type", 0)))),
    ],
)
def test_another_pattern_has_no_old_exceptions(version, data):
    """MS-ASCAL, section 2.2.2.37: they were exceptions to something else."""
    found = change(WEEKLY, data, version)

    assert len(events(found)) == 1
    assert not any(line.startswith("EXDATE") for line in found)


def test_an_empty_recurrence_makes_it_single():
    """MS-ASCAL, section 2.2.2.37."""
    found = change(WEEKLY, app(el("Recurrence")), "16.1")

    assert len(events(found)) == 1
    assert not any(line.startswith(("EXDATE", "RRULE")) for line in found)
    assert "X-COLOUR:teal" in found


def test_a_zone_with_the_same_rules_is_no_change():
    """A travelling phone names its own; a series keeps the one that it was made in."""
    other = el("Timezone", encode(ZoneInfo("Europe/Rome"), NOW.date().replace(year=2025)))

    assert "DTSTART;TZID=Europe/Berlin:20261102T090000" in change(
        WEEKLY, app(other, el("Subject", "x"))
    )


def test_a_zone_that_nobody_knows():
    """A single time is the same in UTC; a series can't be told."""
    odd = el("Timezone", pack(Rules(-130)))
    data = app(odd, el("StartTime", "20261201T080000Z"), el("EndTime", "20261201T090000Z"))

    assert "DTSTART:20261201T080000Z" in lines(from_element(data, "14.1", ADA, NOW, uid="x"))
    with pytest.raises(InexpressibleError, match="Timezone"):
        from_element(swap(data, el("Recurrence", el("Type", 0))), "14.1", ADA, NOW, uid="x")


def test_exceptions_that_a_device_makes():
    """One deleted, one moved, the old ones as they were."""
    data = shown(WEEKLY)
    more = el(
        "Exceptions",
        *data.find("Calendar:Exceptions").elements,
        el("Exception", el("Deleted", 1), el("ExceptionStartTime", "20261123T080000Z")),
        el(
            "Exception",
            el("ExceptionStartTime", "20261130T080000Z"),
            el("StartTime", "20261130T120000Z"),
            el("EndTime", "20261130T123000Z"),
            el("Subject", "Late"),
        ),
    )

    found = change(WEEKLY, swap(data, more))

    assert "EXDATE;TZID=Europe/Berlin:20261116T090000" in found
    assert "EXDATE;TZID=Europe/Berlin:20261123T090000" in found
    _, moved, late = events(found)
    assert "X-COLOUR:red" in moved
    assert {
        "RECURRENCE-ID;TZID=Europe/Berlin:20261130T090000",
        "DTSTART;TZID=Europe/Berlin:20261130T130000",
        "DTEND;TZID=Europe/Berlin:20261130T133000",
        "SUMMARY:Late",
        "X-COLOUR:teal",
        "TRIGGER:-P1D",
    } <= set(late)


def test_an_exception_that_is_changed_again():
    """What isn't said of it any more is as in the series; what no phone knows stays."""
    data = shown(WEEKLY)
    other = el(
        "Exceptions",
        el("Exception", el("ExceptionStartTime", "20261109T080000Z"), el("Subject", "Late")),
    )

    found = change(WEEKLY, swap(data, other))

    series, moved = events(found)
    assert not any(line.startswith("EXDATE") for line in series)
    assert {
        "SUMMARY:Late",
        "DTSTART;TZID=Europe/Berlin:20261109T090000",
        "X-COLOUR:red",
        "TRIGGER;VALUE=DURATION:-PT15M",
    } & set(moved) >= {"SUMMARY:Late", "DTSTART;TZID=Europe/Berlin:20261109T090000", "X-COLOUR:red"}


def test_from_16_an_occurrence_comes_by_itself():
    """By its InstanceId; what isn't said of it stays."""
    found = change_instance(
        app(el("Subject", "Late")), "16.1", ADA, NOW, instance="20261130T080000Z", existing=WEEKLY
    )

    _, moved, late = events(lines(found))
    assert "X-COLOUR:red" in moved
    assert "RECURRENCE-ID;TZID=Europe/Berlin:20261130T090000" in late
    assert "SUMMARY:Late" in late
    again = change_instance(
        app(el("Subject", "Later")), "16.1", ADA, NOW, instance="20261109T080000Z", existing=found
    )
    _, moved, _ = events(lines(again))
    assert {"SUMMARY:Later", "DTSTART;TZID=Europe/Berlin:20261110T110000"} <= set(moved)


def test_from_16_an_occurrence_is_deleted_by_itself():
    """Also one that differs."""
    for instance, left in (("20261109T080000Z", 1), ("20261130T080000Z", 2)):
        found = lines(delete_instance("16.1", ADA, NOW, instance=instance, existing=WEEKLY))

        assert len(events(found)) == left
        assert f"EXDATE;TZID=Europe/Berlin:{instance[:8]}T090000" in found
        assert "EXDATE;TZID=Europe/Berlin:20261116T090000" in found


@pytest.mark.parametrize("instance", ["20261110T080000Z", "20261109T090000Z", "", "x"])
def test_what_is_no_occurrence_is_refused(instance):
    """Or an appointment would come out of nothing."""
    with pytest.raises(MalformedError):
        delete_instance("16.1", ADA, NOW, instance=instance, existing=WEEKLY)


def test_from_16_a_list_of_exceptions_is_none():
    """A device must not send one (MS-ASCAL, section 2.2.2.23)."""
    assert len(events(change(WEEKLY, app(el("Exceptions"), el("Subject", "x")), "16.1"))) == 2


def test_guests_keep_what_is_known_of_them():
    """One is asked in addition, one no more."""
    data = app(
        el(
            "Attendees",
            el(
                "Attendee", el("Email", "BOB@example.org"), el("Name", "Bob"), el("AttendeeType", 2)
            ),
            el("Attendee", el("Email", "dee@example.org"), el("Name", "Dee")),
        )
    )

    found = change(MEETING, data)

    people = [line for line in found if line.startswith("ATTENDEE")]
    assert len(people) == 4
    assert "ATTENDEE;CN=Ada;PARTSTAT=ACCEPTED:mailto:ada@example.org" in people
    assert "ATTENDEE;CN=Nobody:urn:uuid:4711" in people
    assert any(
        "X-NUM-GUESTS=2" in line and "PARTSTAT=TENTATIVE" in line and "OPT-PARTICIPANT" in line
        for line in people
    )
    assert any("mailto:dee@example.org" in line and "NEEDS-ACTION" in line for line in people)


def test_a_guest_asks_nobody():
    """Nor calls it off: that is the organiser's."""
    data = app(el("Attendees"), el("MeetingStatus", 7), el("ResponseRequested", 0))

    assert from_element(data, "14.1", BOB, NOW, uid="x", existing=MEETING) == MEETING


def test_nobody_answers_for_others():
    """What a phone says of a guest's answer isn't heard."""
    data = shown(MEETING)
    guests = el(
        "Attendees",
        el("Attendee", el("Email", "bob@example.org"), el("Name", "Bob"), el("AttendeeStatus", 3)),
    )

    found = change(MEETING, swap(data, guests))

    assert any("PARTSTAT=TENTATIVE" in line and "bob@" in line for line in found)


def test_a_meeting_is_called_off_and_on():
    """By its organiser."""
    off = from_element(app(el("MeetingStatus", 5)), "14.1", ADA, NOW, uid="x", existing=MEETING)

    assert "STATUS:CANCELLED" in lines(off)
    assert "STATUS:CONFIRMED" in change(off, app(el("MeetingStatus", 1)))


def test_guests_hear_of_another_time_only():
    """By a higher SEQUENCE, which a new subject has not."""
    later = change(MEETING, app(el("EndTime", "20261102T100000Z")))

    assert "SEQUENCE:1" in later
    assert not any(line.startswith("SEQUENCE") for line in change(MEETING, app(el("Subject", "x"))))


ZONE = b"""BEGIN:VTIMEZONE\r
TZID:Head office\r
BEGIN:STANDARD\r
DTSTART:19701025T030000\r
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r
TZOFFSETFROM:+0200\r
TZOFFSETTO:+0100\r
END:STANDARD\r
BEGIN:DAYLIGHT\r
DTSTART:19700329T020000\r
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r
TZOFFSETFROM:+0100\r
TZOFFSETTO:+0200\r
END:DAYLIGHT\r
END:VTIMEZONE\r
"""


def test_a_zone_that_the_calendar_defines_itself():
    """Its rules are told like any other's, and it stays."""
    content = WEEKLY.replace(b"Europe/Berlin", b"Head office")
    content = content.replace(b"BEGIN:VEVENT", ZONE + b"BEGIN:VEVENT", 1)
    data = shown(content)

    assert data.text_of("Calendar:Timezone") == shown(WEEKLY).text_of("Calendar:Timezone")
    assert from_element(data, "14.1", ADA, NOW, uid="x", existing=content) == content
    found = change(content, app(el("EndTime", "20261102T093000Z")))
    assert "DTSTART;TZID=Head office:20261102T090000" in found
    assert "DTEND;TZID=Head office:20261102T103000" in found


def body(kind, text, *more):
    return el("AirSyncBase:Body", el("AirSyncBase:Type", kind), *more, el("AirSyncBase:Data", text))


def test_bodies():
    """Plain, HTML, and one that isn't whole and so isn't taken."""
    assert "DESCRIPTION:one\\ntwo" in change(WEEKLY, app(body(1, "one\r\ntwo")))
    assert "DESCRIPTION:one & two\\nthree" in change(
        WEEKLY, app(body(2, "<style>p{}</style><p>one &amp; <b>two</b></p><p>three</p>"))
    )
    cut = app(body(1, "on", el("AirSyncBase:Truncated", 1)))
    assert from_element(cut, "14.1", ADA, NOW, uid="x", existing=WEEKLY) == WEEKLY


def test_a_place_from_16():
    """Its name, or else its address; and its point."""
    place = el(
        "AirSyncBase:Location",
        el("AirSyncBase:Street", "Zoo 1"),
        el("AirSyncBase:City", "Berlin"),
        el("AirSyncBase:Latitude", "52.5"),
        el("AirSyncBase:Longitude", "13.4"),
    )

    found = change(WEEKLY, app(place), "16.1")

    assert "LOCATION:Zoo 1\\, Berlin" in found
    assert "GEO:52.5;13.4" in found


@pytest.mark.parametrize(
    "child",
    [
        el("StartTime", "tomorrow"),
        el("StartTime", "20261345T080000Z"),
        el("EndTime", "20261102T070000Z"),
        el("Timezone", "x"),
        el("AllDayEvent", 2),
        el("BusyStatus", "busy"),
        el("Sensitivity", 9),
        el("Reminder", "-5"),
        el("Recurrence", el("Type", 4)),
        el("Exceptions", el("Exception", el("Deleted", 1))),
        el("Attendees", el("Attendee", el("Email", "x@y.z"), el("AttendeeType", 9))),
    ],
)
def test_what_can_not_be_understood_is_refused(child):
    """With the tag that is wrong."""
    with pytest.raises(MalformedError):
        change(WEEKLY, app(child))
