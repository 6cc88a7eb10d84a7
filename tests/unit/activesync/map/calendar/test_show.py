import pytest
from tests.unit.activesync.map.calendar.appointments import (
    ADA,
    ALL_DAY,
    BOB,
    MEETING,
    MOVED,
    NOW,
    SERIES,
    VERSIONS,
    WEEKLY,
    el,
    ical,
)

from fermoposta.activesync.map.calendar import to_element
from fermoposta.activesync.map.errors import InexpressibleError, MalformedError
from fermoposta.activesync.map.timezone import decode
from fermoposta.activesync.wbxml import encode


def shown(content, version="14.1", owner=ADA):
    return to_element(content, version, owner, NOW)


def event(*lines, start="DTSTART;TZID=Europe/Berlin:20261102T090000"):
    return ical("\n".join(["UID:1", "DTSTAMP:20261001T120000Z", start, "DURATION:PT1H", *lines]))


def exceptions(data):
    """When each exception was to be, whether it takes place, and when it does."""
    found = data.find("Calendar:Exceptions")
    return [
        (
            each.text_of("Calendar:ExceptionStartTime") or each.text_of("AirSyncBase:InstanceId"),
            each.text_of("Calendar:Deleted"),
            each.text_of("Calendar:StartTime"),
        )
        for each in found.elements
    ]


@pytest.mark.parametrize(
    ("zone", "deleted", "moved", "to", "bias"),
    [
        ("Europe/Berlin", "20261116T080000Z", "20261109T080000Z", "20261110T100000Z", -60),
        ("America/New_York", "20261116T140000Z", "20261109T140000Z", "20261110T160000Z", 300),
        ("Asia/Kolkata", "20261116T033000Z", "20261109T033000Z", "20261110T053000Z", -330),
        ("Australia/Lord_Howe", "20261115T220000Z", "20261108T220000Z", "20261110T000000Z", -630),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_series_with_a_deleted_and_a_moved_occurrence(zone, deleted, moved, to, bias, version):
    """Both are named by when they were to be, in UTC, whatever the zone."""
    content = ical(SERIES.replace("Europe/Berlin", zone), MOVED.replace("Europe/Berlin", zone))

    data = shown(content, version)

    assert exceptions(data) == [(moved, None, to), (deleted, "1", None)]
    assert decode(data.text_of("Calendar:Timezone")).bias == bias
    late = version >= "16"
    assert (data.find("Calendar:Exceptions", "Calendar:Exception", "AirSyncBase:InstanceId")) is (
        None
    ) or late


def test_the_whole_of_an_appointment():
    """At 14.1, element by element."""
    data = shown(WEEKLY)

    texts = {child.name: child.text for child in data.elements if not child.elements}
    texts.pop("Timezone")
    assert texts == {
        "DtStamp": "20261001T120000Z",
        "StartTime": "20261102T080000Z",
        "Subject": "Standup",
        "Location": "Room 1",
        "EndTime": "20261102T090000Z",
        "Sensitivity": "0",
        "BusyStatus": "2",
        "AllDayEvent": "0",
        "Reminder": "15",
        "MeetingStatus": "0",
        "ResponseType": "0",
        "UID": "standup@example.org",
        "DisallowNewTimeProposal": "0",
    }
    assert data.find("Calendar:Recurrence") == el(
        "Recurrence", el("Type", 1), el("Interval", 1), el("DayOfWeek", 2), el("FirstDayOfWeek", 1)
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_has_what_it_knows(version):
    """No element of a later one, none that is gone."""
    data = shown(MEETING, version)
    tags = {each.tag for each in (*data.walk(), *shown(WEEKLY, version).walk())}

    encode(data)
    assert ("Calendar:ResponseType" in tags) == (version >= "14")
    assert ("Calendar:ResponseRequested" in tags) == (version >= "14")
    assert ("Calendar:FirstDayOfWeek" in tags) == (version >= "14.1")
    assert ("AirSyncBase:Location" in tags) == (version >= "16")
    assert ("Calendar:Location" in tags) == (version < "16")
    assert ("AirSyncBase:InstanceId" in tags) == (version >= "16")
    assert ("Calendar:ExceptionStartTime" in tags) == (version < "16")


def test_exceptions_of_12_1_have_no_attendees():
    """MS-ASCAL, section 2.2.2.4."""
    guest = "ORGANIZER:mailto:ada@example.org\nATTENDEE:mailto:bob@example.org\n"
    other = guest.replace("bob", "cy")
    content = ical(SERIES + guest, MOVED + other)
    path = ("Calendar:Exceptions", "Calendar:Exception", "Calendar:Attendees")

    assert shown(content, "12.1").find(*path) is None
    assert shown(content, "14.0").find(*path) is not None


def test_an_exception_says_that_it_lacks_a_reminder():
    """Where the version has an empty one; or it would have that of the series."""
    path = ("Calendar:Exceptions", "Calendar:Exception", "Calendar:Reminder")

    assert shown(WEEKLY, "14.1").find(*path) == el("Reminder")
    assert shown(WEEKLY, "14.0").find(*path) is None


def test_days_are_midnights_of_the_users_zone():
    """In July that is 22:00 UTC of the day before."""
    data = shown(ALL_DAY)

    assert data.text_of("Calendar:StartTime") == "20260630T220000Z"
    assert data.text_of("Calendar:EndTime") == "20260702T220000Z"
    assert data.text_of("Calendar:AllDayEvent") == "1"
    assert data.text_of("Calendar:BusyStatus") == "0"
    assert decode(data.text_of("Calendar:Timezone")).bias == -60


def test_days_are_days_from_16():
    """Without a zone (MS-ASCAL, section 2.2.2.1)."""
    data = shown(ALL_DAY, "16.1")

    assert data.text_of("Calendar:StartTime") == "20260701T000000Z"
    assert data.text_of("Calendar:EndTime") == "20260703T000000Z"
    assert data.find("Calendar:Timezone") is None


@pytest.mark.parametrize(
    ("version", "until"), [("14.1", "20260902T220000Z"), ("16.1", "20260903T000000Z")]
)
def test_a_series_of_days_ends_on_a_day(version, until):
    """And its exceptions are days, too."""
    content = ical(
        "UID:1\nDTSTAMP:20261001T120000Z\nDTSTART;VALUE=DATE:20260901\n"
        "RRULE:FREQ=DAILY;UNTIL=20260903\nEXDATE;VALUE=DATE:20260902"
    )
    data = shown(content, version)

    assert data.text_of("Calendar:Recurrence", "Calendar:Until") == until
    deleted = "20260901T220000Z" if version < "16" else "20260902T000000Z"
    assert exceptions(data) == [(deleted, "1", None)]


def test_a_meeting_of_ones_own():
    """The organiser is no guest, and who can't be written to is none either."""
    data = shown(MEETING)

    assert data.text_of("Calendar:MeetingStatus") == "1"
    assert data.text_of("Calendar:ResponseType") == "1"
    assert data.text_of("Calendar:OrganizerEmail") == "ada@example.org"
    assert data.text_of("Calendar:ResponseRequested") == "1"
    assert [
        tuple(part.text for part in guest.elements)
        for guest in data.find("Calendar:Attendees").elements
    ] == [
        ("bob@example.org", "Bob", "2", "1"),
        ("cy@example.org", "cy@example.org", "5", "2"),
        ("beamer@example.org", "Beamer", "3", "3"),
    ]


@pytest.mark.parametrize(
    ("partstat", "response"),
    [("ACCEPTED", "3"), ("TENTATIVE", "2"), ("DECLINED", "4"), ("NEEDS-ACTION", "5")],
)
def test_a_meeting_of_somebody_else(partstat, response):
    """What one has answered is told."""
    data = shown(MEETING.replace(b"TENTATIVE", partstat.encode()), owner=BOB)

    assert data.text_of("Calendar:MeetingStatus") == "3"
    assert data.text_of("Calendar:ResponseType") == response


def test_a_meeting_that_was_called_off():
    """By oneself, and by somebody else."""
    content = MEETING.replace(b"SUMMARY", b"STATUS:CANCELLED\r\nSUMMARY")

    assert shown(content).text_of("Calendar:MeetingStatus") == "5"
    assert shown(content, owner=BOB).text_of("Calendar:MeetingStatus") == "7"


def test_when_one_has_answered():
    """Where Outlook has left it; and never a broken word of it."""
    line = "X-MICROSOFT-CDO-REPLYTIME:20261101T101500Z"
    tag = "Calendar:AppointmentReplyTime"

    assert shown(event(line)).text_of(tag) == "20261101T101500Z"
    assert shown(event(line[:-9])).find(tag) is None
    assert shown(event(line), "12.1").find(tag) is None


@pytest.mark.parametrize(
    ("lines", "tag", "value"),
    [
        (["CLASS:PRIVATE"], "Sensitivity", "2"),
        (["CLASS:CONFIDENTIAL"], "Sensitivity", "3"),
        (["CLASS:X-SECRET"], "Sensitivity", "2"),
        (["TRANSP:TRANSPARENT"], "BusyStatus", "0"),
        (["STATUS:TENTATIVE"], "BusyStatus", "1"),
        (["X-MICROSOFT-CDO-BUSYSTATUS:OOF"], "BusyStatus", "3"),
        (["X-MICROSOFT-DISALLOW-COUNTER:TRUE"], "DisallowNewTimeProposal", "1"),
        (["SUMMARY:\x075 < 6"], "Subject", "5 < 6"),
    ],
)
def test_single_elements(lines, tag, value):
    """Each property in its element."""
    assert shown(event(*lines)).text_of(f"Calendar:{tag}") == value


@pytest.mark.parametrize(
    ("trigger", "minutes"),
    [
        ("TRIGGER:-PT15M", "15"),
        ("TRIGGER:PT0S", "0"),
        ("TRIGGER;RELATED=END:-PT1H30M", "30"),
        ("TRIGGER;VALUE=DATE-TIME:20261102T073000Z", "30"),
        ("TRIGGER:PT5M", None),
    ],
)
def test_reminders(trigger, minutes):
    """Of all ways to say when; but none behind the start."""
    alarm = ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", trigger, "END:VALARM"]

    assert shown(event(*alarm)).text_of("Calendar:Reminder") == minutes


def test_categories_and_a_body():
    """A body is what the renderer makes of it."""
    data = shown(event("CATEGORIES:Work,Ada", "CATEGORIES:Ada", "DESCRIPTION:one\\ntwo"))

    assert [each.text for each in data.find("Calendar:Categories").elements] == ["Work", "Ada"]
    assert data.text_of("AirSyncBase:Body", "AirSyncBase:Data") == "one\r\ntwo"


def test_a_place_from_16():
    """With its point on the map."""
    data = shown(event("LOCATION:Zoo", "GEO:52.5;13.4"), "16.0")

    place = data.find("AirSyncBase:Location")
    assert [(part.name, part.text) for part in place.elements] == [
        ("DisplayName", "Zoo"),
        ("Latitude", "52.5"),
        ("Longitude", "13.4"),
    ]


def test_a_single_appointment_in_utc_is_shown_in_the_users_zone():
    """A phone would name London beside it."""
    data = shown(event(start="DTSTART:20261102T090000Z"))

    assert decode(data.text_of("Calendar:Timezone")).bias == -60
    assert data.text_of("Calendar:StartTime") == "20261102T090000Z"


def test_an_occurrence_that_was_called_off_is_deleted():
    """Of a series that is no meeting."""
    content = ical(SERIES, MOVED + "STATUS:CANCELLED")

    assert exceptions(shown(content))[0] == ("20261109T080000Z", "1", None)


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["RDATE;TZID=Europe/Berlin:20261103T090000"], "RDATE"),
        (["RRULE:FREQ=MONTHLY;BYMONTHDAY=1,15"], "RRULE"),
        (["RRULE:FREQ=MONTHLY;BYDAY=5MO"], "RRULE"),
        (["RRULE:FREQ=MONTHLY;BYDAY=1MO,3MO"], "RRULE"),
        (["RRULE:FREQ=YEARLY;BYDAY=20MO"], "RRULE"),
        (["RRULE:FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO"], "RRULE"),
        (["RRULE:FREQ=YEARLY;BYMONTH=1,6"], "RRULE"),
        (["RRULE:FREQ=DAILY;BYMONTH=1"], "RRULE"),
        (["RRULE:FREQ=DAILY;BYHOUR=9"], "RRULE"),
        (["RRULE:FREQ=WEEKLY", "RRULE:FREQ=DAILY"], "RRULE"),
    ],
)
def test_what_no_phone_knows_is_named(lines, name):
    """So that it is skipped, and the user told why."""
    with pytest.raises(InexpressibleError) as caught:
        shown(event(*lines))

    assert caught.value.place == name


def test_a_change_of_all_that_follow_is_named():
    """RANGE=THISANDFUTURE is two series in one."""
    with pytest.raises(InexpressibleError, match=r"^RECURRENCE-ID "):
        shown(ical(SERIES, MOVED.replace("ID;", "ID;RANGE=THISANDFUTURE;")))


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR", ical(""), ical("UID:1"), WEEKLY[:200]],
)
def test_what_is_no_appointment_is_malformed(content):
    """Never anything else."""
    with pytest.raises(MalformedError):
        shown(content)
