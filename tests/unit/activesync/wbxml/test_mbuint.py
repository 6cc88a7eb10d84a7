import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fermoposta.activesync.wbxml import DecodeError, mbuint


@settings(deadline=None)
@given(st.integers(0, mbuint.LARGEST), st.binary(max_size=3), st.binary(max_size=3))
def test_every_integer_comes_back(value, before, behind):
    """Wherever it stands, and in five bytes at most."""
    written = mbuint.encode(value)

    assert mbuint.decode(before + written + behind, len(before)) == (
        value,
        len(before) + len(written),
    )
    assert len(written) <= mbuint.LONGEST


def test_reads_the_example_of_wbxml():
    """WAP-192, section 5.1: 0x81 0x20 is 0xA0."""
    assert mbuint.decode(b"\x81\x20", 0) == (0xA0, 2)
    assert mbuint.encode(0xA0) == b"\x81\x20"


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 5, b"\x90\x80\x80\x80\x00"])
def test_what_is_no_integer_is_refused(data):
    """Without an end, too long, too large."""
    with pytest.raises(DecodeError):
        mbuint.decode(data, 0)
