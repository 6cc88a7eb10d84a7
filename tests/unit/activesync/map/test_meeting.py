"""An invitation in a mail, as a phone is told of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.activesync.map.calendar.appointments import BOB, NOW, VERSIONS, ical

from fermoposta.activesync.map import global_id, timezone
from fermoposta.activesync.map.errors import MapError
from fermoposta.activesync.map.meeting import meeting_request, partstat
from fermoposta.activesync.wbxml import encode

INVITATION = """
UID:budget@example.org
DTSTAMP:20261001T120000Z
DTSTART;TZID=Europe/Berlin:20261202T090000
DTEND;TZID=Europe/Berlin:20261202T100000
SUMMARY:Budget
LOCATION:Room 1
CLASS:PRIVATE
ORGANIZER;CN=Ada:mailto:ada@example.org
ATTENDEE;RSVP=TRUE:mailto:bob@example.org
"""
ORDER = [
    "Email:AllDayEvent",
    "Email:StartTime",
    "Email:DtStamp",
    "Email:EndTime",
    "Email:InstanceType",
    "Email:Location",
    "AirSyncBase:Location",
    "Email:Organizer",
    "Email:RecurrenceId",
    "Email:Reminder",
    "Email:ResponseRequested",
    "Email:Recurrences",
    "Email:Sensitivity",
    "Email:BusyStatus",
    "Email:TimeZone",
    "Email:GlobalObjId",
    "Email:DisallowNewTimeProposal",
    "Email2:MeetingMessageType",
    "Calendar:UID",
    "MeetingResponse:ProposedStartTime",
    "MeetingResponse:ProposedEndTime",
]
"""Of the schema of MS-ASEMAIL, section 6."""
_RULE_ORDER = [
    "Type",
    "Interval",
    "Until",
    "Occurrences",
    "WeekOfMonth",
    "DayOfMonth",
    "DayOfWeek",
    "MonthOfYear",
    "CalendarType",
    "IsLeapMonth",
    "FirstDayOfWeek",
]


def invitation(*lines, method="REQUEST", base=INVITATION):
    content = ical(base + "\n".join(lines))
    return content.replace(b"VERSION:2.0\r\n", f"VERSION:2.0\r\nMETHOD:{method}\r\n".encode())


def told(content, version="14.1", owner=BOB):
    found = meeting_request(content, version, owner, NOW)
    assert found is not None
    encode(found)
    return {each.tag: each.text for each in found.elements}


def test_an_invitation_in_14_1():
    """Times are UTC, the organiser has a name and an address, the UID stands in GlobalObjId."""
    found = told(invitation())

    zone = found.pop("Email:TimeZone")
    assert timezone.decode(zone).bias == -60
    assert global_id.decode(found.pop("Email:GlobalObjId")) == "budget@example.org"
    assert found == {
        "Email:AllDayEvent": "0",
        "Email:StartTime": "2026-12-02T08:00:00.000Z",
        "Email:DtStamp": "2026-10-01T12:00:00.000Z",
        "Email:EndTime": "2026-12-02T09:00:00.000Z",
        "Email:InstanceType": "0",
        "Email:Location": "Room 1",
        "Email:Organizer": '"Ada" <ada@example.org>',
        "Email:ResponseRequested": "1",
        "Email:Sensitivity": "2",
        "Email:BusyStatus": "2",
        "Email:DisallowNewTimeProposal": "0",
        "Email2:MeetingMessageType": "1",
    }


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("method", ["REQUEST", "CANCEL", "COUNTER"])
def test_the_order_is_that_of_the_schema(version, method):
    """It is a sequence: a device that validates refuses any other."""
    content = invitation("RRULE:FREQ=YEARLY;COUNT=3;INTERVAL=2", "SEQUENCE:2", method=method)

    tags = list(told(content, version))

    assert tags == [tag for tag in ORDER if tag in tags]


@pytest.mark.parametrize(
    ("version", "has", "lacks"),
    [
        ("12.1", {"Email:GlobalObjId", "Email:Location"}, {"Email:DisallowNewTimeProposal"}),
        ("14.0", {"Email:DisallowNewTimeProposal"}, {"Email2:MeetingMessageType"}),
        ("14.1", {"Email2:MeetingMessageType"}, {"Calendar:UID"}),
        ("16.0", {"Calendar:UID", "AirSyncBase:Location"}, {"Email:GlobalObjId", "Email:Location"}),
    ],
)
def test_a_version_is_told_what_it_knows(version, has, lacks):
    """And nothing that its schema has not."""
    tags = set(told(invitation(), version))

    assert has <= tags
    assert not lacks & tags


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;UNTIL=20261231T080000Z",
        "FREQ=WEEKLY;BYDAY=WE;WKST=SU",
        "FREQ=MONTHLY;BYDAY=1WE",
        "FREQ=YEARLY;COUNT=3",
    ],
)
def test_a_series_says_how_often(version, rule):
    """The rule's elements have an order of their own, and two of them another namespace."""
    content = invitation(f"RRULE:{rule}")
    found = meeting_request(content, version, BOB, NOW)

    [recurrence] = found.find("Email:Recurrences").elements
    names = [each.name for each in recurrence.elements]
    spaces = {each.name: each.namespace for each in recurrence.elements}
    assert names == [name for name in _RULE_ORDER if name in names]
    assert {"Type", "Interval"} <= set(names)
    assert spaces.get("CalendarType", "Email2") == "Email2"
    assert ("FirstDayOfWeek" in names) == (version >= "14.1" and "WEEKLY" in rule)
    assert found.text_of("Email:InstanceType") == "1"
    assert not {"IsLeapMonth"} & set(names)


def test_a_rule_that_no_phone_knows_leaves_the_first_time():
    """The invitation can still be answered."""
    content = invitation("RRULE:FREQ=YEARLY;BYWEEKNO=3")

    assert told(content)["Email:InstanceType"] == "0"


def test_one_occurrence_says_which():
    """Its day stands in the id, too."""
    found = told(invitation("RECURRENCE-ID;TZID=Europe/Berlin:20261202T080000"))

    assert found["Email:InstanceType"] == "3"
    assert found["Email:RecurrenceId"] == "2026-12-02T07:00:00.000Z"
    assert found["Email:GlobalObjId"] != told(invitation())["Email:GlobalObjId"]


def test_days_begin_at_midnight_in_the_users_zone():
    """An all-day meeting has no zone of its own."""
    base = INVITATION.replace(
        "DTSTART;TZID=Europe/Berlin:20261202T090000", "DTSTART;VALUE=DATE:20261202"
    ).replace("DTEND;TZID=Europe/Berlin:20261202T100000\n", "")

    found = told(invitation(base=base))

    assert found["Email:AllDayEvent"] == "1"
    assert found["Email:StartTime"] == "2026-12-01T23:00:00.000Z"
    assert found["Email:EndTime"] == "2026-12-02T23:00:00.000Z"


def test_a_reminder_is_in_seconds():
    """Here it is, other than in an appointment."""
    alarm = ("BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", "TRIGGER:-PT15M", "END:VALARM")

    assert told(invitation(*alarm))["Email:Reminder"] == "900"


def test_an_answer_is_asked_for_only_where_it_is_wanted():
    """What is called off needs none, nor whom the organiser doesn't ask."""
    silent = INVITATION.replace(";RSVP=TRUE", "")

    assert told(invitation())["Email:ResponseRequested"] == "1"
    assert told(invitation(base=silent))["Email:ResponseRequested"] == "0"
    assert told(invitation(method="CANCEL"))["Email:ResponseRequested"] == "0"


def test_what_is_not_in_utf_8_is_read_all_the_same():
    """Old programs write what they have."""
    content = invitation().replace(b"Room 1", "Caffè".encode("cp1252"))

    assert told(content)["Email:Location"] == "Caffè"


def test_an_update_is_told_from_the_first_invitation():
    """A later version is a full update; of what is called off nothing is said."""
    assert told(invitation("SEQUENCE:1"))["Email2:MeetingMessageType"] == "2"
    assert told(invitation("SEQUENCE:1", method="CANCEL"))["Email2:MeetingMessageType"] == "0"


def test_a_proposal_says_when():
    """At 16.1 the time that a guest proposes is told, in the compact form; before it is not."""
    found = told(invitation(method="COUNTER"), "16.1")

    assert found["MeetingResponse:ProposedStartTime"] == "20261202T080000Z"
    assert found["MeetingResponse:ProposedEndTime"] == "20261202T090000Z"
    assert "MeetingResponse:ProposedStartTime" not in told(invitation(method="COUNTER"), "16.0")
    assert "MeetingResponse:ProposedStartTime" not in told(invitation(), "16.1")


@pytest.mark.parametrize("method", ["REPLY", "PUBLISH", "", "NONSENSE"])
def test_what_is_no_invitation_is_none(method):
    """A mail with any other calendar data is a mail like any other."""
    content = invitation(method=method) if method else ical(INVITATION)

    assert meeting_request(content, "14.1", BOB, NOW) is None


def test_the_mails_header_says_the_method_where_the_content_does_not():
    """RFC 6047 has it in both places; some programs write one."""
    assert meeting_request(ical(INVITATION), "14.1", BOB, NOW, method="request") is not None


def test_an_answer_says_what_it_says():
    """Only of a REPLY, and nothing of what can't be read."""
    said = INVITATION.replace("RSVP=TRUE", "PARTSTAT=TENTATIVE")

    assert partstat(invitation(method="REPLY", base=said), BOB) == "TENTATIVE"
    assert partstat(invitation(base=said), BOB) == ""
    assert partstat(b"rubbish", BOB) == ""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n",
        invitation().replace(b"UID:", b"X-UID:"),
        invitation().replace(b"20261202T090000", b"20269902T090000"),
        invitation("SEQUENCE:many"),
        invitation("RRULE:FREQ=SECONDLY"),
        b"x" * 2_000_000,
    ],
)
def test_a_malformed_invitation_is_an_error_of_this_mail(content):
    """MapError, and nothing else: the folder goes on without it."""
    with pytest.raises(MapError):
        meeting_request(content, "14.1", BOB, NOW)


LINES = [
    "RRULE:FREQ=DAILY",
    "SEQUENCE:x",
    "DTSTART:1",
    "UID:b",
    "CLASS:\x00",
    "ORGANIZER:x",
    "ORGANIZER:mailto:",
    "LOCATION:" + "x" * 99,
    "DURATION:PT1H",
    "GEO:a",
    "DTSTAMP:-",
    "RECURRENCE-ID:20261202",
    "ATTENDEE:",
    "TRANSP:OPAQUE",
    "X-MICROSOFT-CDO-BUSYSTATUS:?",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=4), st.sampled_from(VERSIONS))
def test_any_invitation_is_told_or_is_an_error(lines, version):
    """Nobody's invitation breaks anything but itself."""
    try:
        found = meeting_request(invitation(*lines), version, BOB, NOW)
    except MapError:
        return
    assert found is not None
    encode(found)
