import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.mailstore.uidset import LARGEST, UidSet, UidSetError

few = st.sets(st.integers(1, 60), max_size=40)


@given(few, few)
def test_behaves_as_a_set_of_numbers(one, other):
    """Whatever is in them; and ranges never touch, so equal sets are equal values."""
    first, second = UidSet.of(one), UidSet.of(other)

    assert first | second == UidSet.of(one | other)
    assert first - second == UidSet.of(one - other)
    assert first & second == UidSet.of(one & other)
    assert first.add(*other) == first | second
    assert first.remove(*other) == first - second
    assert list(first) == sorted(one)
    assert list(reversed(first)) == sorted(one, reverse=True)
    assert len(first) == len(one)
    assert bool(first) == bool(one)
    assert {uid for uid in range(70) if uid in first} == one


@given(st.sets(st.one_of(st.integers(1, 60), st.integers(1, LARGEST))))
def test_what_is_written_is_read(uids):
    """Also at the end of 32 bits."""
    assert UidSet.parse(str(UidSet.of(uids))) == UidSet.of(uids)


def test_reads_ranges_as_any_server_may_write_them():
    """Unordered, downwards, overlapping, touching (RFC 9051, section 9)."""
    assert str(UidSet.parse("9:7,1,8:12,2:3")) == "1:3,7:12"


@pytest.mark.parametrize(
    "text",
    ["0", "1:0", "1:*", "*", ",", "1,", "1:2:3", " 1", "-1", "4294967296", "x", "\u0661", "1" * 99],
)
def test_what_is_no_set_is_refused(text):
    """UIDs are 1 to 2³²-1, and ``*`` depends on the folder."""
    with pytest.raises(UidSetError):
        UidSet.parse(text)


@given(st.text(alphabet="0123456789:,* ", max_size=30))
def test_any_text_is_read_or_refused(text):
    """Never another exception."""
    try:
        found = UidSet.parse(text)
    except UidSetError:
        return
    assert UidSet.parse(str(found)) == found


def test_a_large_folder_is_small():
    """10,000 mails with 150 holes fit into 2 kB; without holes into a few bytes."""
    holes = random.Random(1).sample(range(1, 10_151), 150)  # noqa: S311
    uids = UidSet.of(range(1, 10_151)).remove(*holes)

    assert len(uids) == 10_000
    assert len(str(uids)) <= 2_000
    assert str(UidSet.of(range(1, 10_001))) == "1:10000"


def test_holds_nothing_but_numbers():
    """So a UID that is still text is not found by chance."""
    assert "1" not in UidSet.of([1])
