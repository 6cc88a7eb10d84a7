import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.activesync.map.mail.plaintext import of_html, to_html


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>Dear&nbsp;Ada,</p><p>2 &lt; 3 &amp; so&#x20AC;n</p>", "Dear Ada,\r\n\r\n2 < 3 & so€n"),
        ("one<br>two<BR/>three", "one\r\ntwo\r\nthree"),
        ("<div>a</div>\r\n  <div>b\r\n c</div>", "a\r\n\r\nb c"),
        ("<head><title>x</title></head><style>p{}</style><SCRIPT>alert(1)</Script >hi", "hi"),
        ("a<!-- <p>no</p> -->b<!DOCTYPE html><?xml ?>c", "abc"),
        ("1 < 2 and <3", "1 < 2 and <3"),
        ("<ul><li>a<li>b</ul>", "a\r\nb"),
        ("<table><tr><td>a<td>b</table>", "a b"),
        ("&lt;script&gt;", "<script>"),
        ("cut here <a href='http://x", "cut here"),
        ("<script>never closed", ""),
        ("a<!-- never closed", "a"),
        ("", ""),
    ],
)
def test_says_what_the_html_says(source, text):
    """Without what is hidden or run, one line for each block."""
    assert of_html(source) == text


@pytest.mark.parametrize(
    "piece", ["<", "<!--", "<script>", "<a ", "&", "<!", "</script", "\n ", "&#", "&nbsp;"]
)
def test_broken_html_takes_no_longer_than_other(piece):
    """In proportion to its length, so that nobody can stop the gateway with one mail."""
    began = time.process_time()
    of_html(piece * 50_000)

    assert time.process_time() - began < 2


@given(st.text(alphabet="<>!-/&;#abp \n\"'é😀", max_size=80))
def test_any_text_is_read(source):
    """And what plain text becomes shows the same text again."""
    of_html(source)

    assert of_html(to_html(source)).split() == source.split()
