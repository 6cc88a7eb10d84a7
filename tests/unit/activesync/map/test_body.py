import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fermoposta.activesync.map import body
from fermoposta.activesync.wbxml import Element


def told(kind, data, *more):
    inside = [Element("AirSyncBase:Type", kind), *more, Element("AirSyncBase:Data", data)]
    return Element("AirSyncBase:Body", inside)


def test_a_text_that_is_cut():
    """Between characters, with its whole size in bytes."""
    found = body.plain("ü" * 10, 5)

    assert found.text_of("AirSyncBase:Data") == "üü"
    assert found.text_of("AirSyncBase:EstimatedDataSize") == "20"
    assert found.text_of("AirSyncBase:Truncated") == "1"
    assert body.text_of(found) is None


def test_a_text_that_is_whole():
    """Lines end as in mail; no text is no body."""
    found = body.plain("one\ntwo\x00", 100)

    assert found.text_of("AirSyncBase:Data") == "one\r\ntwo\N{REPLACEMENT CHARACTER}"
    assert found.find("AirSyncBase:Truncated") is None
    assert body.plain("") is None


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<html><head><title>x</title></head><body>one<br>two</body></html>", "one\ntwo"),
        ("<p>one <b>two</b> three</p>\n<p>four</p>", "one two three\nfour"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        ("5 &lt; 6 &amp; so on", "5 < 6 & so on"),
        ("<script>alert(1)</script>x", "x"),
        ("", ""),
    ],
)
def test_html_becomes_text(html, text):
    """A line for each block, and nothing that isn't shown."""
    assert body.text_of(told("2", html)) == text


@pytest.mark.parametrize("piece", ["<!--", "<!", "</", "<a ", "<![", "&#", "<div>", '<a b="'])
def test_html_that_never_ends_is_read_in_no_time(piece):
    """The time is in proportion to the length: others wait while it is read."""
    begun = time.process_time()

    body.text_of(told("2", piece * 100_000))

    assert time.process_time() - begun < 2


def test_other_types_are_not_read():
    """RTF and MIME: the text in the store stays."""
    assert body.text_of(told("3", "e1xydGY")) is None
    assert body.text_of(told("4", "From: x")) is None


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60))
def test_any_html_is_read(html):
    """Never an error: people paste anything."""
    assert isinstance(body.text_of(told("2", html)), str)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60), st.integers(0, 80))
def test_a_cut_text_fits(text, limit):
    """And what isn't cut comes back the same."""
    found = body.plain(text, limit)
    if found is None:
        assert not text
        return
    assert len((found.text_of("AirSyncBase:Data") or "").encode()) <= limit
    back = body.text_of(found)
    assert back is None or body.same(back, text)
