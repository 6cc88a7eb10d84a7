import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.activesync.map.mail.charsets import text_of
from fermoposta.activesync.map.mail.words import parameters, unstructured


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("=?utf-8?B?w4RwZmVs?=", "Äpfel"),
        ("=?iso-8859-1?Q?=C4pfel?= und =?utf-8?q?B=C3=BCcher?=", "Äpfel und Bücher"),
        (b"\xc3\x84pfel", "Äpfel"),
        (b"\xc4pfel", "\N{REPLACEMENT CHARACTER}pfel"),
        ("two\r\n lines", "two lines"),
        ("=?utf-8?B?w4RwZmVsA?=", "=?utf-8?B?w4RwZmVsA?="),
        ("=?nonsense?Q?=C3=84?=", "Ä"),
        ("=?utf-8?Q?a=0D=0ABcc:_b?=", "a Bcc: b"),
    ],
)
def test_reads_what_headers_say(value, text):
    """And shows as it is what can't be read; a line end hidden in a word makes no second line."""
    assert unstructured(value) == text


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        ([("NAME", "a.txt"), ("name", "b.txt")], {"name": "a.txt"}),
        ([("filename*", "utf-8'de'%C3%84.txt"), ("filename", "A.txt")], {"filename": "Ä.txt"}),
        ([("name*1", "b"), ("name*0", "a"), ("name*2", ".txt")], {"name": "ab.txt"}),
        (
            [("name*0*", "iso-8859-1''%C4"), ("name*1", "%41"), ("name*2*", "%FC")],
            {"name": "Ä%41ü"},
        ),
        ([("name*", "no quotes%20")], {"name": "no quotes "}),
        ([("name*", "x-none''%C3%84")], {"name": "Ä"}),
        ([("name", "=?utf-8?Q?=C3=84.txt?=")], {"name": "Ä.txt"}),
        ([("*", "x"), ("", "y")], {"*": "x", "": "y"}),
    ],
)
def test_reads_parameters_in_pieces(pairs, found):
    """RFC 2231, sections 3 and 4, and what programs write instead."""
    assert parameters(pairs) == found


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        (b"\xe4", "iso-8859-1", "ä"),
        (b"\x80", "ISO-8859-1", "€"),
        ("ä".encode(), "us-ascii", "ä"),
        ("ä".encode(), "no-such-charset", "ä"),
        (b"\xe4", "no-such-charset", "ä"),
        ("你".encode("gb18030"), "gb2312", "你"),
        (b"a\0b", "utf-8", "a\N{REPLACEMENT CHARACTER}b"),
        (b"YQ==", "base64", "YQ=="),
        (b"\\x", "unicode_escape", "\\x"),
        (b"a", "a\0b", "a"),
        (b"a", "undefined", "a"),
        (b"a", "x" * 999, "a"),
        ("ä".encode("utf-16"), "utf-16", "ä"),
    ],
)
def test_shows_something_whatever_the_charset_claims(data, charset, text):
    """In the charset that is meant, or the one that fits."""
    assert text_of(data, charset) == text


@pytest.mark.parametrize("charset", ["utf-8", "utf-16-le", "gb18030", "iso-2022-jp", "shift_jis"])
def test_half_a_character_at_the_end_is_left_out(charset):
    """Only the beginning of a long text is fetched; it may end anywhere."""
    whole = "日本" * 3
    data = whole.encode(charset)

    for end in range(len(data)):
        assert whole.startswith(text_of(data[:end], charset, cut=True))


@given(st.binary(max_size=60), st.text(max_size=12), st.booleans())
def test_any_bytes_are_text(data, charset, cut):
    """Of any charset."""
    assert isinstance(text_of(data, charset, cut=cut), str)
    assert isinstance(unstructured(data), str)


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=12)), max_size=5))
def test_any_parameters_are_read(pairs):
    """Never an exception."""
    assert all(isinstance(value, str) for value in parameters(pairs).values())
    for _, value in pairs:
        unstructured(f"=?utf-8?{value}?=")
