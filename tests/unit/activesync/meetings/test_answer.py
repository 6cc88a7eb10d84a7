"""What an answer does to the calendar."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from tests.unit.activesync.map.calendar.appointments import BOB, ical

from fermoposta.activesync.meetings.answer import (
    NotInvitedError,
    Response,
    of_appointment,
    of_mail,
    uid_of,
)
from fermoposta.activesync.meetings.instances import InstanceError, NotRecurringError

NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
SINGLE = """
UID:budget@example.org
DTSTAMP:20261001T120000Z
SEQUENCE:1
DTSTART;TZID=Europe/Berlin:20261202T090000
DTEND;TZID=Europe/Berlin:20261202T100000
SUMMARY:Budget
ORGANIZER;CN=Ada:mailto:ada@example.org
ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.org
ATTENDEE;CN=Bob;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:BOB@example.org
ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:cy@example.org
"""
SERIES = SINGLE + "RRULE:FREQ=WEEKLY;COUNT=4\n"
MOVED = SINGLE.replace("20261202T0", "20261209T1").replace(
    "DTSTAMP", "RECURRENCE-ID;TZID=Europe/Berlin:20261209T090000\nDTSTAMP", 1
)
MOVED = MOVED.replace("20261202T1", "20261209T2")
ALARM = """BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:x
TRIGGER:-PT5M
END:VALARM
"""


def message(*events, method="REQUEST"):
    said = f"VERSION:2.0\r\nMETHOD:{method}\r\n".encode()
    return ical(*events).replace(b"VERSION:2.0\r\n", said)


def partstats(content, who="bob@example.org"):
    """What each event says of the user's answer."""
    return [
        guest.params.get("PARTSTAT")
        for event in Calendar.from_ical(content).walk("VEVENT")
        for guest in event["ATTENDEE"]
        if str(guest).lower() == f"mailto:{who}"
    ]


def mailed(*events, response=Response.ACCEPTED, stored=None, owner=BOB):
    return of_mail(message(*events), owner, response, NOW, stored=stored)


def test_who_accepts_has_the_meeting_in_the_calendar():
    """With the answer of the user alone, without the mail's method."""
    outcome = mailed(SINGLE)

    assert partstats(outcome.content) == ["ACCEPTED"]
    assert partstats(outcome.content, "cy@example.org") == ["NEEDS-ACTION"]
    assert b"METHOD" not in outcome.content
    assert b"BEGIN:VTIMEZONE" in outcome.content
    assert outcome.uid == uid_of(message(SINGLE), BOB) == "budget@example.org"


def test_who_accepts_tentatively_is_shown_so():
    """In the calendar the time is tentative too; accepted later, it is taken."""
    outcome = mailed(SINGLE, response=Response.TENTATIVE)
    assert partstats(outcome.content) == ["TENTATIVE"]
    assert b"X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE" in outcome.content

    later = of_appointment(outcome.content, BOB, Response.ACCEPTED, NOW)
    assert b"X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE" not in later.content


def test_who_declines_has_nothing():
    """The organiser is told; in the calendar nothing stays."""
    outcome = mailed(SINGLE, response=Response.DECLINED, stored=ical(SINGLE))

    assert outcome.content is None
    assert [str(each["UID"]) for each in outcome.events] == ["budget@example.org"]


def test_what_the_server_has_put_there_is_answered():
    """What is stored of the same version stays, with all that the mail doesn't have."""
    stored = ical(SINGLE + "X-COLOUR:teal\n" + ALARM)

    outcome = mailed(SINGLE, stored=stored)

    assert b"X-COLOUR:teal" in outcome.content
    assert partstats(outcome.content) == ["ACCEPTED"]


def test_a_newer_version_replaces_what_is_stored():
    """Its times hold; the user's reminder stays."""
    newer = SINGLE.replace("SEQUENCE:1", "SEQUENCE:2").replace("T090000", "T083000")

    outcome = mailed(newer, stored=ical(SINGLE + ALARM))

    assert b"T083000" in outcome.content
    assert b"T090000" not in outcome.content
    assert b"TRIGGER:-PT5M" in outcome.content


def test_an_older_invitation_changes_nothing_but_the_answer():
    """Mail that comes late does not move the meeting back."""
    newer = SINGLE.replace("SEQUENCE:1", "SEQUENCE:2").replace("T090000", "T083000")

    outcome = mailed(SINGLE, stored=ical(newer))

    assert b"T083000" in outcome.content
    assert partstats(outcome.content) == ["ACCEPTED"]


@pytest.mark.parametrize("response", list(Response))
def test_nobody_replaces_anothers_appointment_by_knowing_its_uid(response):
    """What the sender has not made is neither changed nor deleted."""
    stranger = SINGLE.replace("CN=Ada:mailto:ada", "CN=Eve:mailto:eve").replace(":1\n", ":9\n")
    private = SINGLE.replace("ORGANIZER;CN=Ada:mailto:ada@example.org\n", "")
    for stored in (ical(SINGLE), ical(private)):
        with pytest.raises(NotInvitedError):
            mailed(stranger, stored=stored, response=response)


def test_a_series_is_answered_with_its_exceptions():
    """Each occurrence has the answer; the organiser is told once."""
    outcome = mailed(SERIES, MOVED)

    assert partstats(outcome.content) == ["ACCEPTED", "ACCEPTED"]
    assert len(outcome.events) == 1


def test_one_occurrence_of_a_known_series_is_answered():
    """The others keep the answer that they had."""
    stored = ical(SERIES.replace("NEEDS-ACTION;RSVP", "ACCEPTED;RSVP"))

    outcome = mailed(MOVED, stored=stored, response=Response.TENTATIVE)

    assert sorted(partstats(outcome.content)) == ["ACCEPTED", "TENTATIVE"]
    assert "RECURRENCE-ID" in outcome.events[0]


def test_one_occurrence_of_a_known_series_is_declined():
    """It no longer takes place for the user, and is told to be declined."""
    outcome = mailed(MOVED, stored=ical(SERIES, MOVED), response=Response.DECLINED)

    [event] = Calendar.from_ical(outcome.content).walk("VEVENT")
    assert event["EXDATE"].dts[0].dt.isoformat() == "2026-12-09T09:00:00+01:00"
    assert "RECURRENCE-ID" in outcome.events[0]


def test_one_occurrence_of_an_unknown_series():
    """Who was asked for one evening has that evening; declined, nothing."""
    assert partstats(mailed(MOVED).content) == ["ACCEPTED"]
    assert mailed(MOVED, response=Response.DECLINED).content is None


def test_whom_a_list_has_invited_is_added():
    """So the organiser learns who has answered."""
    listed = "\n".join(line for line in SINGLE.splitlines() if "BOB@" not in line)

    assert partstats(mailed(listed).content) == ["ACCEPTED"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"rubbish",
        message(SINGLE, method="CANCEL"),
        message(SINGLE, method="REPLY"),
        ical(SINGLE),
        message(SINGLE + "STATUS:CANCELLED\n"),
        message(SINGLE.replace("mailto:ada@", "mailto:bob@")),
        message(SINGLE.replace("ORGANIZER;CN=Ada:mailto:ada@example.org\n", "")),
        message(SINGLE, SINGLE.replace("budget", "other")),
        message(SINGLE.replace("UID:budget@example.org\n", "")),
        message(SINGLE + "RRULE:FREQ=SECONDLY\n"),
    ],
)
def test_what_cannot_be_answered(content):
    """No invitation, called off, the user's own, or unreadable."""
    with pytest.raises(NotInvitedError):
        of_mail(content, BOB, Response.ACCEPTED, NOW)


def test_the_mails_header_may_say_the_method():
    """RFC 6047 has it there too."""
    assert of_mail(ical(SINGLE), BOB, Response.ACCEPTED, NOW, method="request").content


def test_what_the_server_marks_as_called_off_cannot_be_accepted():
    """An old invitation does not bring it back."""
    with pytest.raises(NotInvitedError):
        mailed(SINGLE, stored=ical(SINGLE + "STATUS:CANCELLED\n"))


# --- From the calendar


def test_one_occurrence_is_answered_from_the_calendar():
    """It becomes an exception with an answer of its own."""
    when = datetime(2026, 12, 9, 8, tzinfo=UTC)
    outcome = of_appointment(ical(SERIES), BOB, Response.ACCEPTED, NOW, instance=when)

    assert sorted(partstats(outcome.content)) == ["ACCEPTED", "NEEDS-ACTION"]
    assert outcome.events[0]["RECURRENCE-ID"].dt == when


def test_one_occurrence_is_declined_from_the_calendar():
    """It is left out of the series; the organiser is told which."""
    when = datetime(2026, 12, 9, 8, tzinfo=UTC)
    outcome = of_appointment(ical(SERIES, MOVED), BOB, Response.DECLINED, NOW, instance=when)

    [event] = Calendar.from_ical(outcome.content).walk("VEVENT")
    assert [each.dt for each in event["EXDATE"].dts] == [when]
    assert outcome.events[0]["RECURRENCE-ID"].dt == when


def test_an_occurrence_that_was_moved_is_known_by_its_new_time():
    """Devices of 14.1 name it so."""
    now = datetime(2026, 12, 9, 18, tzinfo=UTC)
    outcome = of_appointment(ical(SERIES, MOVED), BOB, Response.ACCEPTED, NOW, instance=now)

    assert partstats(outcome.content) == ["NEEDS-ACTION", "ACCEPTED"]


def test_what_does_not_take_place_cannot_be_answered():
    """Another time of the series, one that was left out, one of what takes place once."""
    for stored, hour in ((SERIES, 9), (SERIES + "EXDATE:20261209T080000Z\n", 8)):
        with pytest.raises(InstanceError):
            of_appointment(
                ical(stored),
                BOB,
                Response.ACCEPTED,
                NOW,
                instance=datetime(2026, 12, 9, hour, tzinfo=UTC),
            )
    with pytest.raises(NotRecurringError):
        of_appointment(ical(SINGLE), BOB, Response.ACCEPTED, NOW, instance=NOW)


def test_a_whole_series_is_declined_from_the_calendar():
    """Nothing stays of it."""
    assert of_appointment(ical(SERIES, MOVED), BOB, Response.DECLINED, NOW).content is None


@pytest.mark.parametrize(
    "content",
    [
        ical(SINGLE.replace("mailto:ada@", "mailto:bob@")),
        ical(SINGLE + "STATUS:CANCELLED\n"),
        ical("UID:1\nDTSTAMP:20261001T120000Z\nDTSTART:20261001T120000Z\n"),
        b"rubbish",
    ],
)
def test_an_appointment_that_is_nobody_elses_cannot_be_answered(content):
    """The user's own, what is called off, and what can't be read."""
    with pytest.raises(NotInvitedError):
        of_appointment(content, BOB, Response.ACCEPTED, NOW)


LINES = [
    "SEQUENCE:x",
    "RDATE:20261203T080000Z",
    "EXDATE;VALUE=DATE:20261203",
    "DURATION:P1D",
    "ORGANIZER:mailto:eve@example.org",
    "ATTENDEE:mailto:",
    "ATTENDEE:bob@example.org",
    "RRULE:FREQ=DAILY",
    "RECURRENCE-ID:20261203",
    "STATUS:\x00",
    "X-A;B=C:d",
    "DTSTAMP:now",
]
lines = st.sampled_from(LINES)


@settings(max_examples=60, deadline=None)
@given(st.lists(lines, max_size=4), st.lists(lines, max_size=3), st.sampled_from(Response))
def test_any_invitation_is_answered_or_refused(more, stored, response):
    """Whatever is sent, and whatever is stored, it ends with an outcome or NotInvitedError."""
    try:
        mailed(SINGLE + "\n".join(more), response=response, stored=ical(SINGLE + "\n".join(stored)))
    except NotInvitedError:
        return
