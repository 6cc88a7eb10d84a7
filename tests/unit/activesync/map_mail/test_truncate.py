import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.activesync.map.mail import truncate

texts = st.text(alphabet="aé€😀\r\n&;<>/b", max_size=30)


@given(texts, st.integers(0, 80))
def test_a_text_is_cut_between_characters(whole, size):
    """The beginning, in as many bytes as fit; a line's end is one character, too."""
    cut = truncate.text(whole, size)

    assert whole.startswith(cut)
    assert len(cut.encode()) <= size
    if len(cut) < len(whole):
        assert len(cut.encode()) > size - 5
        assert not (cut.endswith("\r") and whole[len(cut)] == "\n")
    assert whole.startswith(truncate.units(whole, size))
    assert len(truncate.units(whole, size).encode("utf-16-le")) <= 2 * size


@given(st.lists(st.sampled_from(["a", "€", "&amp;", "&#8364;", "<b>", "</b>", " "]), max_size=12))
def test_html_is_cut_between_characters_as_they_are_read(pieces):
    """An entity is one character, a tag is none."""
    whole = "".join(pieces)

    for size in range(len(whole.encode()) + 1):
        cut = truncate.markup(whole, size)
        assert len(cut.encode()) <= size
        assert any(cut == "".join(pieces[:count]) for count in range(len(pieces) + 1))
        assert html.unescape(whole).startswith(html.unescape(cut))


@pytest.mark.parametrize(
    ("whole", "size", "cut"),
    [
        ("<p>a&euro;b", 7, "<p>a"),
        ("<p>a&euro;b", 10, "<p>a&euro;"),
        ("a < b and more", 8, "a < b an"),
        ("<img src='x", 5, ""),
        ("R&D dept", 3, "R"),
        ("abc", 3, "abc"),
        ("a&b", 3, "a&b"),
    ],
)
def test_html_ends_where_a_reader_sees_nothing_broken(whole, size, cut):
    """Rather a word less; what fits is never touched."""
    assert truncate.markup(whole, size) == cut
