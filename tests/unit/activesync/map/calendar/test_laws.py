from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.activesync.map.calendar.appointments import (
    ADA,
    ALL_DAY,
    MEETING,
    NOW,
    VERSIONS,
    WEEKLY,
    app,
    el,
)

from fermoposta.activesync.map.calendar import from_element, to_element
from fermoposta.activesync.map.errors import MapError
from fermoposta.activesync.map.timezone import encode

versions = st.sampled_from(VERSIONS)
old_versions = st.sampled_from(VERSIONS[:3])
zones = st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney"])
texts = (
    st.text(
        st.characters(exclude_categories=("C", "Z"), include_characters=" "),
        min_size=1,
        max_size=20,
    )
    .map(str.strip)
    .filter(bool)
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(  # noqa: DTZ001
    lambda when: when.replace(second=0, microsecond=0, tzinfo=UTC)
)
masks = st.integers(1, 126)
recurrences = st.one_of(
    st.builds(lambda n: {"Type": 0, "Interval": n}, st.integers(1, 99)),
    st.builds(lambda n, d: {"Type": 1, "Interval": n, "DayOfWeek": d}, st.integers(1, 9), masks),
    st.builds(lambda d: {"Type": 2, "Interval": 1, "DayOfMonth": d}, st.integers(1, 31)),
    st.builds(
        lambda d, w: {"Type": 3, "Interval": 2, "DayOfWeek": d, "WeekOfMonth": w},
        masks,
        st.integers(1, 5),
    ),
    st.builds(
        lambda d, m: {"Type": 5, "Interval": 1, "DayOfMonth": d, "MonthOfYear": m},
        st.integers(1, 28),
        st.integers(1, 12),
    ),
)
TOLD = ("StartTime", "EndTime", "Subject", "Location", "BusyStatus", "Sensitivity", "Reminder")


@st.composite
def appointments(draw):
    """What a phone up to 14.1 makes."""
    start = draw(moments)
    end = start + timedelta(minutes=draw(st.integers(0, 600)))
    zone = ZoneInfo(draw(zones))
    found = [
        el("Timezone", encode(zone, start.date())),
        el("StartTime", f"{start:%Y%m%dT%H%M%SZ}"),
        el("EndTime", f"{end:%Y%m%dT%H%M%SZ}"),
        el("Subject", draw(texts)),
        el("Location", draw(texts)),
        el("BusyStatus", draw(st.integers(0, 3))),
        el("Sensitivity", draw(st.integers(0, 3))),
        el("Reminder", draw(st.integers(0, 10_000))),
    ]
    if (rule := draw(st.none() | recurrences)) is not None:
        found.append(el("Recurrence", *(el(name, value) for name, value in rule.items())))
    return app(*found)


@settings(deadline=None, max_examples=30)
@given(appointments(), old_versions)
def test_what_a_phone_makes_comes_back(data, version):
    """Element by element; and the next change without a difference is none."""
    stored = from_element(data, version, ADA, NOW, uid="x@y")
    again = to_element(stored, version, ADA, NOW)

    for name in TOLD:
        assert again.text_of(f"Calendar:{name}") == data.text_of(f"Calendar:{name}"), name
    told, shown = data.find("Calendar:Recurrence"), again.find("Calendar:Recurrence")
    assert (told is None) == (shown is None)
    for child in () if told is None else told.elements:
        assert shown.text_of(child.tag) == child.text, child.tag
    assert from_element(again, version, ADA, NOW, uid="x@y", existing=stored) == stored


junk = st.one_of(
    texts,
    st.just(""),
    st.integers(-5, 10**12).map(str),
    moments.map(lambda when: f"{when:%Y%m%dT%H%M%SZ}"),
    st.text(max_size=30),
)


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([WEEKLY, MEETING, ALL_DAY]),
    versions,
    st.lists(st.tuples(st.integers(0, 100), junk), min_size=1, max_size=3),
)
def test_any_element_is_stored_or_refused(content, version, changes):
    """Text of any tag exchanged for anything; and what was stored can be shown."""
    data = to_element(content, version, ADA, NOW)
    for place, text in changes:
        leaves = [each for each in data.walk() if not each.elements]
        data = exchange(data, leaves[place % len(leaves)], text)
    refused = None
    try:
        stored = from_element(data, version, ADA, NOW, uid="x", existing=content)
        to_element(stored, version, ADA, NOW)
    except MapError as error:
        refused = error
    assert refused is None or refused.place


def exchange(data, old, text):
    if data is old:
        return el(data.tag, text)
    return el(
        data.tag, *(exchange(c, old, text) if hasattr(c, "tag") else c for c in data.children)
    )


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from([WEEKLY, MEETING, ALL_DAY]),
    st.lists(st.tuples(st.integers(0, 2_000), st.binary(max_size=4)), min_size=1, max_size=4),
    versions,
)
def test_any_content_is_shown_or_refused(content, changes, version):
    """Bytes exchanged anywhere."""
    for place, new in changes:
        at = place % len(content)
        content = content[:at] + new + content[at + 1 :]
    refused = None
    try:
        data = to_element(content, version, ADA, NOW)
        from_element(data, version, ADA, NOW, uid="x", existing=content)
    except MapError as error:
        refused = error
    assert refused is None or refused.place
