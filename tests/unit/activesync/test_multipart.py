import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.activesync.documents import FETCHED

from fermoposta.activesync.multipart import MultipartError, decode, encode, head
from fermoposta.activesync.wbxml import decode as document


def body(*numbers, then=b""):
    return struct.pack(f"<{len(numbers)}I", *numbers) + then


def test_reads_and_writes_the_example_of_the_specification():
    """MS-ASCMD, section 4.10.5.2: part 1 is the body that the document leaves out."""
    answer, text = decode(FETCHED)

    parts = [each.text for each in document(answer).walk() if each.tag == "ItemOperations:Part"]
    assert parts == ["1"]
    assert text == b"This is the body.\r\n"
    assert encode([answer, text]) == FETCHED


@settings(deadline=None)
@given(st.lists(st.binary(max_size=50), min_size=1, max_size=8))
def test_every_list_of_parts_comes_back(parts):
    """Empty ones too; and the head alone is what stands before them."""
    assert decode(encode(parts)) == tuple(parts)
    assert head([len(part) for part in parts]) + b"".join(parts) == encode(parts)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "0 bytes, too few"),
        (b"\1\0\0", "3 bytes, too few"),
        (body(0), "0 parts"),
        (body(1, 12), "1 parts can't be described in 8 bytes"),
        (body(0xFFFF_FFFF, 0, 0), "4294967295 parts"),
        (body(1, 12, 4, then=b"abc"), "4 bytes at byte 12, outside of bytes 12 to 15"),
        (body(1, 0, 4, then=b"abcd"), "4 bytes at byte 0, outside"),
        (body(1, 0xFFFF_FFFF, 2, then=b"abcd"), "2 bytes at byte 4294967295, outside"),
        (body(2, 20, 3, 22, 2, then=b"abcd"), "parts that share byte 22"),
        (body(2, 20, 4, 20, 4, then=b"abcd"), "parts that share byte 20"),
    ],
)
def test_what_is_no_body_of_parts_is_refused(data, problem):
    """Also where a small body would become a large one."""
    with pytest.raises(MultipartError) as caught:
        decode(data)

    assert str(caught.value).startswith(problem)


def test_parts_may_stand_in_any_order_with_room_between():
    """Offsets are what counts (section 2.2.1.10.1.1.1)."""
    assert decode(body(2, 23, 1, 20, 2, then=b"ab-c")) == (b"c", b"ab")


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), max_size=12), st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(numbers, behind):
    """Never more than there was, never another exception."""
    data = body(*numbers, then=behind)
    try:
        parts = decode(data)
    except MultipartError:
        return

    assert sum(map(len, parts)) <= len(data)


@pytest.mark.parametrize("sizes", [[], [2**31], [2**30, 2**30]])
def test_what_clients_cannot_count_is_refused(sizes):
    """They read the numbers as signed."""
    with pytest.raises(MultipartError):
        head(sizes)
