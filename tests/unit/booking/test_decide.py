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


def test_this_and_all_later_instances_are_cancelled():
    """The series ends before."""
    calendar = Calendar()
    ranged = "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Rome:20261208T090000"
    calendar.answer(invitation(*WEEKLY))

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
    ],
)
def test_what_cannot_be_read_gets_a_letter(lines):
    """It says that the invitation can't be read, and books nothing."""
    outcome = Calendar().answer(invitation(*lines))

    assert outcome.note == "unreadable"
    assert (outcome.content, outcome.reply.accepted, outcome.reply.calendar) == (None, False, None)


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

    assert notes == ["not from the organizer"] * 2
    assert starts(calendar) == before


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
