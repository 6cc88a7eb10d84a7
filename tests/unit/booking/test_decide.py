import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.unit.booking.invitations import (
    AT_NINE,
    NOW,
    ORGANIZER,
    ROME,
    Calendar,
    event,
    invitation,
    message,
)

from fermoposta.booking.calendar import read, spans
from fermoposta.booking.decide import HORIZON

WEEKLY = (*AT_NINE, "RRULE:FREQ=WEEKLY")
SECOND = "RECURRENCE-ID;TZID=Europe/Rome:20261208T090000"
OWN_ZONE = (
    "BEGIN:VTIMEZONE",
    "TZID:Customized Time Zone",
    "BEGIN:STANDARD",
    "DTSTART:16010101T000000",
    "TZOFFSETFROM:+0300",
    "TZOFFSETTO:+0300",
    "END:STANDARD",
    "END:VTIMEZONE",
)


def at(start, hours=1):
    return f"DTSTART:{start}", f"DURATION:PT{hours}H"


def told(outcome):
    """What the organizer is told: the answer of the attendee in the REPLY."""
    part = outcome.reply.calendar.walk("VEVENT")[0]
    return part["ATTENDEE"].params["PARTSTAT"]


def starts(calendar):
    """When the room is taken, in UTC."""
    owner = calendar.room.addresses
    found = []
    for each in calendar.stored():
        content = read(each.content, ROME)
        found += spans(content, owner, ROME, since=NOW, until=NOW + HORIZON)
    return sorted(f"{each.start.astimezone(NOW.tzinfo):%Y%m%dT%H%M}" for each in found)


@pytest.mark.feature("F163")
def test_a_free_room_accepts():
    """The booking stands in the calendar, without attendees, who would be sent mails."""
    calendar = Calendar()

    outcome = calendar.answer(invitation(*AT_NINE))

    assert (told(outcome), outcome.reply.to) == ("ACCEPTED", ORGANIZER)
    assert starts(calendar) == ["20261201T0800"]
    assert b"\r\nATTENDEE" not in outcome.content
    assert b"METHOD" not in outcome.content


@pytest.mark.feature("F164")
@pytest.mark.parametrize(
    "lines",
    [
        at("20261201T083000Z"),
        at("20261201T070000Z", 5),
        ("DTSTART;VALUE=DATE:20261201",),
        ("DTSTART:20261201T093000", "DURATION:PT1H"),
        (
            "DTSTART;TZID=W. Europe Standard Time:20261201T093000",
            "DTEND;TZID=W. Europe Standard Time:20261201T103000",
        ),
        (*at("20261117T083000Z"), "RRULE:FREQ=WEEKLY"),
        (*at("20251201T083000Z"), "RDATE:20261201T083000Z"),
    ],
)
def test_a_taken_room_declines(lines):
    """Whatever way the overlapping time is written."""
    calendar = Calendar()
    calendar.answer(invitation(*AT_NINE))

    outcome = calendar.answer(invitation(*lines, uid="two"))

    assert told(outcome) == "DECLINED"
    assert "01/12/2026" in str(outcome.reply.calendar.walk("VEVENT")[0]["COMMENT"])
    assert outcome.content is None


@pytest.mark.parametrize(
    "lines",
    [
        at("20261201T090000Z"),
        at("20261201T070000Z"),
        (*at("20261201T083000Z"), "TRANSP:TRANSPARENT"),
        (*at("20261124T083000Z"), "RRULE:FREQ=WEEKLY;COUNT=5", "EXDATE:20261201T083000Z"),
    ],
)
def test_what_only_touches_a_booking_is_accepted(lines):
    """The end of one is the start of the next; what takes no time, or is left out, is free."""
    calendar = Calendar()
    calendar.answer(invitation(*AT_NINE))

    assert told(calendar.answer(invitation(*lines, uid="two"))) == "ACCEPTED"


def test_a_zone_of_its_own_is_the_messages():
    """Two messages may define the same name differently."""
    calendar = Calendar()
    lines = (
        "DTSTART;TZID=Customized Time Zone:20261201T090000",
        "DTEND;TZID=Customized Time Zone:20261201T100000",
    )
    other = [each.replace("+0300", "+0500") for each in OWN_ZONE]

    calendar.answer(message(*OWN_ZONE, *event(*lines)))
    calendar.answer(message(*other, *event(*lines, uid="two")))

    assert starts(calendar) == ["20261201T0400", "20261201T0600"]


@pytest.mark.parametrize(("limit", "accepted"), [(1, 1), (2, 2), (0, 4)])
def test_so_many_bookings_overlap_as_the_resource_allows(limit, accepted):
    """0 is without a limit."""
    calendar = Calendar(multiple_bookings=limit)

    answers = [told(calendar.answer(invitation(*AT_NINE, uid=f"u{n}"))) for n in range(4)]

    assert answers == ["ACCEPTED"] * accepted + ["DECLINED"] * (4 - accepted)


def test_a_moved_booking_frees_its_time():
    """The newer version counts, and an older one that comes late does nothing."""
    calendar = Calendar()
    calendar.answer(invitation(*AT_NINE))

    moved = calendar.answer(invitation(*at("20261201T130000Z"), sequence=1))
    late = calendar.answer(invitation(*AT_NINE))

    assert told(moved) == "ACCEPTED"
    assert (late.content, late.reply) == (None, None)
    assert starts(calendar) == ["20261201T1300"]


def test_a_booking_moved_onto_another_is_declined_and_gone():
    """Its organizer no longer wants the time it had."""
    calendar = Calendar()
    calendar.answer(invitation(*AT_NINE))
    calendar.answer(invitation(*at("20261201T130000Z"), uid="two"))

    moved = calendar.answer(invitation(*AT_NINE, uid="two", sequence=1))

    assert told(moved) == "DECLINED"
    assert starts(calendar) == ["20261201T0800"]
    assert told(calendar.answer(invitation(*at("20261201T140000Z"), uid="two", sequence=2)))


def test_the_same_message_again_gets_the_same_answer():
    """The calendar stays as it is."""
    calendar = Calendar()
    calendar.answer(invitation(*WEEKLY))

    again = calendar.answer(invitation(*WEEKLY))

    assert again.content is None
    assert told(again) == "ACCEPTED"


def test_a_cancelled_booking_stays_cancelled():
    """Nobody is answered; the invitation that comes again books nothing."""
    calendar = Calendar()
    calendar.answer(invitation(*WEEKLY))

    gone = calendar.answer(invitation(*WEEKLY, method="CANCEL", sequence=1))
    calendar.answer(invitation(*WEEKLY))

    assert gone.reply is None
    assert starts(calendar) == []


def test_one_instance_is_cancelled():
    """Its time is free for others, and an older message does not bring it back."""
    calendar = Calendar()
    calendar.answer(invitation(*AT_NINE, "RRULE:FREQ=WEEKLY;COUNT=3"))

    calendar.answer(invitation(SECOND, *at("20261208T080000Z"), method="CANCEL", sequence=1))
    calendar.answer(invitation(SECOND, *at("20261208T080000Z")))

    assert starts(calendar) == ["20261201T0800", "20261215T0800"]
    assert told(calendar.answer(invitation(*at("20261208T080000Z"), uid="two"))) == "ACCEPTED"


def test_one_instance_is_moved():
    """The other instances stay."""
    calendar = Calendar()
    calendar.answer(invitation(*AT_NINE, "RRULE:FREQ=WEEKLY;COUNT=3"))

    moved = calendar.answer(invitation(SECOND, *at("20261209T150000Z"), sequence=1))

    assert told(moved) == "ACCEPTED"
    assert starts(calendar) == ["20261201T0800", "20261209T1500", "20261215T0800"]


def test_one_instance_moved_onto_another_booking_is_declined_alone():
    """The series keeps its other instances."""
    calendar = Calendar()
    calendar.answer(invitation(*AT_NINE, "RRULE:FREQ=WEEKLY;COUNT=3"))
    calendar.answer(invitation(*at("20261209T150000Z"), uid="two"))

    moved = calendar.answer(invitation(SECOND, *at("20261209T150000Z"), sequence=1))

    assert told(moved) == "DECLINED"
    assert starts(calendar) == ["20261201T0800", "20261209T1500", "20261215T0800"]


def test_an_instance_that_was_cancelled_takes_place_again():
    """It is booked as it is accepted, and keeps others out."""
    calendar = Calendar()
    calendar.answer(invitation(*AT_NINE, "RRULE:FREQ=WEEKLY;COUNT=3"))
    calendar.answer(invitation(SECOND, *at("20261208T080000Z"), method="CANCEL", sequence=1))

    again = calendar.answer(invitation(SECOND, *at("20261208T080000Z"), sequence=2))

    assert told(again) == "ACCEPTED"
    assert starts(calendar) == ["20261201T0800", "20261208T0800", "20261215T0800"]


def test_a_declined_instance_is_declined_again():
    """The agent may have been killed before it answered; the calendar stays as it is."""
    calendar = Calendar()
    calendar.answer(invitation(*AT_NINE, "RRULE:FREQ=WEEKLY;COUNT=3"))
    calendar.answer(invitation(*at("20261209T150000Z"), uid="two"))
    moved = invitation(SECOND, *at("20261209T150000Z"), sequence=1)
    calendar.answer(moved)
    before = dict(calendar.objects)

    again = calendar.answer(moved)

    assert told(again) == "DECLINED"
    assert calendar.objects == before


def test_an_instance_without_the_room_is_free():
    """The organizer takes another room that day."""
    calendar = Calendar()
    other = event(SECOND, *at("20261208T080000Z"), attendee="other@example.org")

    calendar.answer(message(*event(*AT_NINE, "RRULE:FREQ=WEEKLY;COUNT=3"), *other))

    assert starts(calendar) == ["20261201T0800", "20261215T0800"]


def test_the_room_is_asked_for_one_instance_only():
    """The rest of the series takes place elsewhere; the answer is for that instance."""
    calendar = Calendar()
    series = event(*AT_NINE, "RRULE:FREQ=WEEKLY;COUNT=3", attendee="other@example.org")

    outcome = calendar.answer(message(*series, *event(SECOND, *at("20261209T150000Z"))))

    assert starts(calendar) == ["20261209T1500"]
    assert "RECURRENCE-ID" in outcome.reply.calendar.walk("VEVENT")[0]


def test_a_booking_moved_into_the_past_is_declined_and_gone():
    """Nobody wants the time that it had."""
    calendar = Calendar()
    calendar.answer(invitation(*AT_NINE))

    moved = calendar.answer(invitation(*at("20251201T080000Z"), sequence=1))

    assert told(moved) == "DECLINED"
    assert starts(calendar) == []


def test_a_booking_that_is_over_stays_as_it_was():
    """A late correction of its title frees no time."""
    calendar = Calendar()
    calendar.answer(invitation(*AT_NINE))
    before = dict(calendar.objects)

    later = calendar.answer(invitation(*AT_NINE, sequence=1), now=NOW + HORIZON)

    assert later.note == "past"
    assert calendar.objects == before


@pytest.mark.parametrize("end", ["20261203", "20261203T090000"])
def test_the_last_day_of_a_series_belongs_to_it(end):
    """An end without a zone is in the zone of the series."""
    calendar = Calendar()

    calendar.answer(invitation(*AT_NINE, f"RRULE:FREQ=DAILY;UNTIL={end}"))

    assert starts(calendar)[-1] == "20261203T0800"


@pytest.mark.parametrize("end", ["99991231", "99991231T235959"])
def test_a_series_until_the_end_of_time_is_booked(end):
    """Some programs write it for "never"."""
    assert told(Calendar().answer(invitation(*AT_NINE, f"RRULE:FREQ=WEEKLY;UNTIL={end}")))


def test_this_and_all_later_instances_move():
    """The webmail does not know the range: each instance is written out."""
    calendar = Calendar()
    ranged = "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Rome:20261208T090000"
    later = (
        "DTSTART;TZID=Europe/Rome:20261208T140000",
        "DTEND;TZID=Europe/Rome:20261208T150000",
    )
    calendar.answer(invitation(*AT_NINE, "RRULE:FREQ=WEEKLY;COUNT=4"))

    calendar.answer(invitation(ranged, *later, sequence=1))

    assert starts(calendar) == ["20261201T0800", "20261208T1300", "20261215T1300", "20261222T1300"]


@pytest.mark.parametrize("turned", [False, True])
def test_what_is_said_of_one_instance_counts_more_than_of_all_later_ones(turned):
    """In whatever order they stand; of two ranges the later one counts."""
    calendar = Calendar()
    calendar.answer(invitation(*AT_NINE, "RRULE:FREQ=WEEKLY;COUNT=6"))
    named = "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Rome:202612{}T090000"
    parts = [
        event(named.format("08"), *at("20261208T130000Z"), sequence=1),
        event(named.format("29"), *at("20261229T150000Z"), sequence=1),
        event(SECOND.replace("1208", "1215"), *at("20261216T070000Z"), sequence=1),
    ]

    parts = parts[::-1] if turned else parts
    calendar.answer(message(*[line for part in parts for line in part]))

    assert starts(calendar) == [
        "20261201T0800",
        "20261208T1300",
        "20261216T0700",
        "20261222T1300",
        "20261229T1500",
        "20270105T1500",
    ]


def test_this_and_all_later_instances_are_cancelled():
    """The series ends before."""
    calendar = Calendar()
    ranged = "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Rome:20261208T090000"
    calendar.answer(invitation(*WEEKLY))

    calendar.answer(invitation(ranged, *AT_NINE, method="CANCEL", sequence=1))

    assert starts(calendar) == ["20261201T0800"]


@pytest.mark.parametrize(
    "lines", [("RRULE:FREQ=DAILY;COUNT=3",), ("RRULE:FREQ=DAILY;UNTIL=20261203T080000Z",)]
)
def test_what_is_cancelled_after_the_end_makes_no_series_longer(lines):
    """It has no instances there."""
    calendar = Calendar()
    calendar.answer(invitation(*AT_NINE, *lines))
    before = starts(calendar)
    ranged = "RECURRENCE-ID;RANGE=THISANDFUTURE:20270108T080000Z"

    calendar.answer(invitation(ranged, *AT_NINE, method="CANCEL", sequence=1))

    assert starts(calendar) == before


def test_single_dates_of_a_series_end_with_it():
    """They are later instances like others."""
    calendar = Calendar()
    calendar.answer(invitation(*WEEKLY, "RDATE:20261210T120000Z"))
    ranged = "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Rome:20261208T090000"

    calendar.answer(invitation(ranged, *AT_NINE, method="CANCEL", sequence=1))

    assert starts(calendar) == ["20261201T0800"]


def test_an_endless_series_says_how_far_it_was_looked_at():
    """Two years; a booking that collides with it later is declined all the same."""
    calendar = Calendar()

    outcome = calendar.answer(invitation(*WEEKLY))
    later = calendar.answer(invitation(*at("20300101T083000Z"), uid="two"))

    assert outcome.reply.reason.until is not None
    assert told(later) == "DECLINED"


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ({"organizer": "room@example.org"}, "its own"),
        ({"attendee": "somebody@example.org"}, "not addressed"),
        ({"method": "REPLY"}, "no invitation: REPLY"),
        ({"method": "COUNTER"}, "no invitation: COUNTER"),
        ({"method": "REFRESH"}, "no invitation: REFRESH"),
    ],
)
def test_what_is_no_invitation_is_left_alone(fields, note):
    """Nothing is stored and nobody is answered."""
    outcome = Calendar().answer(invitation(*AT_NINE, **fields))

    assert (outcome.note, outcome.content, outcome.reply) == (note, None, None)


@pytest.mark.parametrize("attendee", ["Meeting@Example.org", "room+big@example.org"])
def test_an_alias_or_a_detail_is_the_resource(attendee):
    """The answer names the attendee as the organizer did."""
    outcome = Calendar().answer(invitation(*AT_NINE, attendee=attendee))

    part = outcome.reply.calendar.walk("VEVENT")[0]
    assert str(part["ATTENDEE"]) == f"mailto:{attendee}"


def test_the_past_is_declined():
    """An appointment that is over books nothing."""
    outcome = Calendar().answer(invitation(*at("20251201T083000Z")))

    assert told(outcome) == "DECLINED"
    assert outcome.reply.reason.why == "past"


@pytest.mark.parametrize(
    "lines",
    [
        (*AT_NINE, "RRULE:FREQ=SOMETIMES"),
        (*AT_NINE, "RRULE:nonsense"),
        (*AT_NINE, "RRULE:FREQ=DAILY;INTERVAL=0"),
        (*AT_NINE, "RRULE:FREQ=SECONDLY"),
        (*AT_NINE, "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
        (*AT_NINE, "RRULE:FREQ=WEEKLY", "EXDATE:bogus"),
        ("DTSTART:2026-12-01", "DURATION:PT1H"),
        ("DTEND:20261201T100000Z",),
        ("DTSTART;TZID=Nowhere:20261201T090000", "DURATION:PT1H"),
        ("DTSTART:20261201T090000Z", "DTEND:20261201T080000Z"),
        ("DTSTART:00010101T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY"),
        ("DTSTART:99981201T090000Z", "DURATION:PT1H"),
        ("DTSTART:20261201T090000Z", "DTEND:99901201T090000Z"),
        (*AT_NINE, "RDATE;VALUE=PERIOD:20261203T090000Z/P999999D"),
        (*AT_NINE, "RRULE:FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,30"),
        (*AT_NINE, "RRULE:FREQ=DAILY;BYWEEKNO=53;BYMONTH=6"),
        (*AT_NINE, "RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=MO"),
        (*AT_NINE, "RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=300"),
        (*AT_NINE, "SEQUENCE:many"),
        (*AT_NINE, "RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:PT0S"),
        (*AT_NINE, "RDATE;VALUE=PERIOD:20261203T090000Z/-PT1H"),
        (*AT_NINE, "DTSTAMP:20261201T090000Z/20261201T080000Z"),
        (*AT_NINE, *["BEGIN:VALARM"] * 600, *["END:VALARM"] * 600),
        (*AT_NINE, *[f"RDATE:2027{n:04}T090000Z" for n in range(101, 132)] * 40),
        (*AT_NINE, *["RRULE:FREQ=YEARLY"] * 200),
        ("DTSTART;TZID=Europe:20261201T090000", "DURATION:PT1H"),
        (f"DTSTART;TZID={'A' * 300}:20261201T090000", "DURATION:PT1H"),
    ],
)
def test_what_cannot_be_read_gets_a_letter(lines):
    """It says that the invitation can't be read, and books nothing."""
    outcome = Calendar().answer(invitation(*lines))

    assert outcome.note == "unreadable"
    assert (outcome.content, outcome.reply.accepted, outcome.reply.calendar) == (None, False, None)
    assert "/" not in outcome.reply.reason.detail


@pytest.mark.parametrize(
    "organizer", ["", "nobody", "ölga@agency.test", "a@b.test,c@d.test", "a b@agency.test"]
)
def test_who_cannot_be_answered_books_nothing(organizer):
    """Whatever stands in place of an address."""
    assert Calendar().answer(invitation(*AT_NINE, organizer=organizer)).note == "unreadable"


@pytest.mark.parametrize(
    "rule", ["RRULE:FREQ=SECONDLY", "RRULE:FREQ=DAILY", "RRULE:FREQ=YEARLY;BYMONTH=6;BYWEEKNO=53"]
)
def test_a_time_zone_that_cannot_be_worked_out_gets_a_letter(rule):
    """It would be looked through from the year 1601 on."""
    lines = ("DTSTART;TZID=Customized Time Zone:20261201T090000", "DURATION:PT1H")
    summer = [each.replace("STANDARD", "DAYLIGHT") for each in OWN_ZONE[2:-1]]
    zone = (*OWN_ZONE[:-2], rule, OWN_ZONE[-2], *summer, OWN_ZONE[-1])

    assert Calendar().answer(message(*zone, *event(*lines))).note == "unreadable"


def test_a_calendar_of_its_own_may_be_the_organizer():
    """The addresses that some services give it are longer than mailboxes have."""
    organizer = f"c_{'0123456789abcdef' * 5}@group.calendar.test"

    outcome = Calendar().answer(invitation(*AT_NINE, organizer=organizer))

    assert (told(outcome), outcome.reply.to) == ("ACCEPTED", organizer)


def test_the_same_event_twice_is_no_invitation():
    """One of the two would be booked, and both accepted."""
    twice = message(*event(*AT_NINE), *event(*at("20261205T080000Z")))

    assert Calendar().answer(twice).note == "unreadable"


def test_two_messages_are_read_at_once():
    """A room and a car may be asked by one message, each in a thread; zones don't mix."""
    lines = (
        "DTSTART;TZID=Customized Time Zone:20261201T090000",
        "DTEND;TZID=Customized Time Zone:20261201T100000",
    )
    zones = [[each.replace("+0300", f"+0{n}00") for each in OWN_ZONE] for n in range(1, 5)]
    expected = [f"20261201T{9 - n:02}00" for n in range(1, 5)]
    before = sys.getswitchinterval()

    def booked(zone):
        calendar = Calendar()
        calendar.answer(message(*zone, *event(*lines)))
        return starts(calendar)

    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(booked, zones * 10))
    finally:
        sys.setswitchinterval(before)

    assert found == [[each] for each in expected] * 10


@pytest.mark.parametrize(
    "content", [b"", b"xx", b"BEGIN:VCALENDAR\r\n", b"\xff\xfe", b"x" * 2_000_000]
)
def test_what_is_no_calendar_gets_a_letter(content):
    """Whatever the bytes are."""
    assert Calendar().answer(content).note == "unreadable"


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_nobody_else_changes_a_booking(method):
    """Whoever knows its UID, and names the organizer or themselves."""
    calendar = Calendar()
    calendar.answer(invitation(*AT_NINE))
    before = starts(calendar)

    forged = invitation(*at("20261201T130000Z"), method=method, sequence=5)
    own = invitation(
        *at("20261201T130000Z"), method=method, sequence=5, organizer="mallory@evil.test"
    )
    notes = [calendar.answer(each, writers=("mallory@evil.test",)).note for each in (forged, own)]
    notes.append(calendar.answer(forged, writers=("mallory@evil.test", ORGANIZER)).note)
    notes.append(calendar.answer(forged, writers=()).note)

    assert notes == ["not from the organizer"] * 4
    assert starts(calendar) == before


def test_strangers_words_are_not_sent_to_an_organizer_who_did_not_write():
    """The answer names the event, and nothing of what was written."""
    words = (
        "BEGIN:VTIMEZONE",
        "TZID:Buy now",
        "X-LIC-LOCATION:Buy now",
        *OWN_ZONE[2:],
    )
    lines = (
        "DTSTART;TZID=Buy now:20261201T090000",
        "DTEND;TZID=Buy now:20261201T100000",
        "RECURRENCE-ID;TZID=Buy now:20261201T090000",
        "LOCATION:Buy now",
    )
    content = message(*words, *event(*lines)).replace(b"CN=Olga", b"CN=Buy now")
    content = content.replace(b"Riunione", b"Buy now")

    strangers = Calendar().answer(content, writers=("mallory@evil.test",)).reply
    own = Calendar().answer(content).reply

    assert (strangers.to, strangers.accepted) == (ORGANIZER, True)
    assert (strangers.summary, own.summary) == ("", "Buy now")
    assert b"Buy now" not in strangers.calendar.to_ical()
    assert b"Buy now" in own.calendar.to_ical()
    (part,) = strangers.calendar.walk("VEVENT")
    assert (part["UID"], str(part["ORGANIZER"])) == ("one", f"mailto:{ORGANIZER}")
    assert part["RECURRENCE-ID"].dt == instant_of(own.calendar)


def instant_of(calendar):
    (part,) = calendar.walk("VEVENT")
    return part["RECURRENCE-ID"].dt


def test_what_a_booking_holds_can_be_stored():
    """A control character would break the XML in which the calendar is read from then on."""
    assert b"\x01" not in Calendar().answer(invitation(*AT_NINE, "LOCATION:a\x01b")).content


def test_a_booking_that_grew_large_keeps_others_out():
    """Only what a message brings has a limit: each later instance is written out."""
    calendar = Calendar()
    calendar.answer(invitation(*AT_NINE, "RRULE:FREQ=DAILY"))
    ranged = "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Rome:20261202T090000"
    later = ("DTSTART;TZID=Europe/Rome:20261202T140000", "DURATION:PT1H")
    calendar.answer(invitation(ranged, *later, f"DESCRIPTION:{'x' * 2000}", sequence=1))

    taken = calendar.answer(invitation(*at("20270301T133000Z"), uid="two"))

    assert told(taken) == "DECLINED"


def test_what_the_webmail_booked_is_the_webmails():
    """SOGo writes attendees, and answers for the resource itself: a second answer is none."""
    calendar = Calendar(message(*event(*AT_NINE, organizer="ada@example.org"), method="X"))

    same = calendar.answer(
        invitation(*AT_NINE, organizer="ada@example.org"), writers=("ada@example.org",)
    )
    other = calendar.answer(invitation(*AT_NINE, uid="two"))

    assert (same.content, same.reply) == (None, None)
    assert told(other) == "DECLINED"


def test_what_is_broken_in_the_calendar_keeps_nobody_out():
    """It says no time that could be held free."""
    calendar = Calendar(b"rubbish")

    assert told(calendar.answer(invitation(*AT_NINE))) == "ACCEPTED"
