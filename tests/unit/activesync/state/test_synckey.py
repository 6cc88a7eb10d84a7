from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.activesync.state.errors import SyncKeyError
from fermoposta.activesync.state.synckey import SyncKey, parse

ONE = UUID("00000000-0000-4000-8000-000000000001")


@given(st.uuids(), st.integers(1, 10**18 - 1))
def test_every_key_is_read_again(uuid, number):
    """And has no more than the 64 characters that a key may have."""
    key = SyncKey(uuid, number)

    assert parse(str(key)) == key
    assert len(str(key)) <= 64


def test_zero_starts_over():
    """It is the only key that a client makes up."""
    assert parse("0") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "00",
        " 0",
        "{deadbeef}77",
        f"{{{ONE}}}",
        f"{{{ONE}}}0",
        f"{{{ONE}}}01",
        f"{{{ONE}}}-1",
        f"{{{ONE}}}1 ",
        f"{ONE}1",
        f"{{{ONE}}}" + "9" * 30,
        "{" + str(UUID(int=(1 << 128) - 1)).upper() + "}1",
    ],
)
def test_what_is_no_key_of_ours_is_refused(text):
    """There is one spelling of a key; a client repeats it letter by letter."""
    with pytest.raises(SyncKeyError):
        parse(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    """Never another exception."""
    try:
        parse(text)
    except SyncKeyError:
        return
