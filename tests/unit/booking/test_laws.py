from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.booking.invitations import NOW, ROME, Calendar, invitation

from fermoposta.booking.calendar import read, spans

FIRST = datetime(2026, 12, 1, 8, tzinfo=UTC)
RULES = ("", "RRULE:FREQ=DAILY;COUNT=3", "RRULE:FREQ=WEEKLY;COUNT=2", "RRULE:FREQ=DAILY;INTERVAL=2")


@st.composite
def messages(draw):
    """One of a few events, at one of a few times, in one of a few versions, or cancelled."""
    start = FIRST + timedelta(hours=draw(st.integers(0, 30)))
    hours, rule = draw(st.integers(1, 30)), draw(st.sampled_from(RULES))
    method = draw(st.sampled_from(["REQUEST", "REQUEST", "REQUEST", "CANCEL"]))
    return invitation(
        f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
        f"DURATION:PT{hours}H",
        *([rule] if rule else []),
        uid=f"u{draw(st.integers(0, 3))}",
        sequence=draw(st.integers(0, 3)),
        method=method,
    )


def most_at_once(calendar):
    """How many bookings overlap at the worst moment of the next weeks."""
    found = []
    for each in calendar.stored():
        found += spans(
            read(each.content, ROME),
            calendar.room.addresses,
            ROME,
            since=NOW,
            until=NOW + timedelta(days=60),
        )
    steps = sorted([(each.end, -1) for each in found] + [(each.start, 1) for each in found])
    now = most = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most


@settings(max_examples=60, deadline=None)
@given(st.lists(messages(), max_size=8), st.integers(1, 3))
def test_never_more_bookings_overlap_than_allowed(arriving, limit):
    """Whatever comes, in whatever order."""
    calendar = Calendar(multiple_bookings=limit)

    for each in arriving:
        calendar.answer(each)

    assert most_at_once(calendar) <= limit


@settings(max_examples=60, deadline=None)
@given(st.lists(messages(), max_size=6))
def test_the_same_message_again_changes_nothing(arriving):
    """The queue may bring each mail twice."""
    calendar = Calendar()

    for each in arriving:
        calendar.answer(each)
        before = dict(calendar.objects)
        calendar.answer(each)
        assert calendar.objects == before


@settings(max_examples=40, deadline=None)
@given(messages(), messages())
def test_who_comes_first_is_booked(one, two):
    """An empty calendar takes whatever it is asked; what is there is not pushed out."""
    calendar = Calendar()
    calendar.answer(one)
    first = dict(calendar.objects)
    calendar.answer(two)

    same = any(
        f"UID:u{n}\r\n".encode() in one and f"UID:u{n}\r\n".encode() in two for n in range(4)
    )
    if not same:
        assert {name: calendar.objects[name] for name in first} == first
