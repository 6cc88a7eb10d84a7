import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.activesync.map.mail.body import (
    HTML,
    MIME,
    PLAIN,
    RTF,
    Preference,
    Source,
    Text,
    preview_of,
    render,
)
from fermoposta.activesync.wbxml import decode, encode

BOTH = Source(Text("Grüße"), Text("<p>Gr&uuml;&szlig;e</p>"))
ONLY_HTML = Source(html=Text("<p>Gr&uuml;&szlig;e</p>"))
ONLY_PLAIN = Source(Text("a < b"))
SIGNED = Source(Text("hi"), mime=b"Subject: x\r\n\r\nhi\r\n")


def children(body):
    return [(each.name, each.text) for each in body.element().elements]


@pytest.mark.parametrize(
    ("source", "wanted", "type_", "data"),
    [
        (BOTH, [PLAIN, HTML], HTML, "<p>Gr&uuml;&szlig;e</p>"),
        (BOTH, [PLAIN], PLAIN, "Grüße"),
        (ONLY_HTML, [PLAIN], PLAIN, "Grüße"),
        (ONLY_PLAIN, [HTML], HTML, "<html><body>a &lt; b</body></html>"),
        (ONLY_PLAIN, [HTML, PLAIN], PLAIN, "a < b"),
        (BOTH, [RTF, PLAIN], PLAIN, "Grüße"),
        (BOTH, [RTF], PLAIN, "Grüße"),
        (BOTH, [], PLAIN, "Grüße"),
        (SIGNED, [MIME, PLAIN], PLAIN, "hi"),
        (SIGNED, [MIME], MIME, "Subject: x\r\n\r\nhi\r\n"),
        (Source(), [HTML], HTML, ""),
    ],
)
def test_a_client_gets_the_form_that_it_prefers(source, wanted, type_, data):
    """The one that the mail has, else the first that can be made."""
    body = render(source, [Preference(each) for each in wanted])

    assert (body.type, body.data, body.truncated) == (type_, data, False)
    assert body.size == len(data.encode())


def test_mime_comes_first_where_the_client_asked_for_it():
    """MIMESupport 1 or 2; and where the whole mail was not read, the text does."""
    wanted = [Preference(PLAIN), Preference(MIME)]

    assert render(SIGNED, wanted, mime=True).type == MIME
    assert render(BOTH, wanted, mime=True).type == PLAIN
    assert render(BOTH, [Preference(MIME)], mime=True).data == ""


def test_a_long_text_is_cut_and_says_so():
    """The size is of the whole, in bytes; elements in the order of the schema."""
    body = render(Source(Text("äöü")), [Preference(PLAIN, truncation_size=3)])

    assert children(body) == [
        ("Type", "1"),
        ("EstimatedDataSize", "6"),
        ("Truncated", "1"),
        ("Data", "ä"),
    ]


def test_what_was_not_read_counts():
    """A text of which only the beginning was fetched is truncated, and its size is of all of it."""
    body = render(Source(Text("abc", rest=100)), [Preference(PLAIN, truncation_size=500)])

    assert (body.size, body.data, body.truncated) == (103, "abc", True)


def test_a_beginning_that_was_read_ends_between_characters_too():
    """Wherever the server cut it."""
    for end in ("<", "<im", "&", "&eur", "<p class='x"):
        source = Source(html=Text(f"<p>a{end}", rest=50))

        assert render(source, [Preference(HTML)]).data == "<p>a"
        assert render(source, [Preference(PLAIN)]).data == "a"


def test_a_size_of_nothing_asks_for_no_data():
    """MS-ASEMAIL, section 2.2.2.10.1: Data is there only for a size that is not 0."""
    body = render(BOTH, [Preference(HTML, truncation_size=0)])

    assert [name for name, _ in children(body)] == ["Type", "EstimatedDataSize", "Truncated"]


def test_all_or_none_leaves_it_to_the_next_preference():
    """And where none fits, the client learns how long the text is."""
    html = Preference(HTML, truncation_size=5, all_or_none=True)

    assert render(BOTH, [html, Preference(PLAIN, truncation_size=7)]).data == "Grüße"
    nothing = render(BOTH, [html, Preference(PLAIN, truncation_size=6, all_or_none=True)])
    assert (nothing.type, nothing.data, nothing.size, nothing.truncated) == (HTML, "", 23, True)
    assert render(BOTH, [Preference(HTML, all_or_none=True)]).data


def test_a_preview_is_the_first_words():
    """In one line, no longer than asked for; not beside the plain text itself."""
    source = Source(Text("Dear\r\n  Ada 😀!"))
    plain, html = (render(source, [Preference(each, preview=11)]) for each in (PLAIN, HTML))

    assert html.preview == "Dear Ada 😀"
    assert "Preview" in dict(children(html))
    assert "Preview" not in dict(children(plain))
    assert preview_of(source, 10) == "Dear Ada "
    assert preview_of(ONLY_HTML, 3) == "Grü"
    assert preview_of(Source(), 3) == ""


@pytest.mark.parametrize(
    "mime", [b"a: b\r\n\r\n\xff\xfe", b"a: b\r\n\r\n\0", "a: ä\r\n\r\n😀".encode(), b"a\n\rb"]
)
def test_mime_comes_octet_by_octet(mime):
    """A signature would be broken otherwise; also through the codec."""
    body = render(Source(mime=mime), [Preference(MIME)], mime=True)

    assert decode(encode(body.element())).find("AirSyncBase:Data").data == mime
    cut = render(Source(mime=mime), [Preference(MIME, truncation_size=7)], mime=True)
    assert cut.element().find("AirSyncBase:Data").data == mime[:7]
    assert (cut.size, cut.truncated) == (len(mime), len(mime) > 7)


anything = st.text(st.characters(), max_size=30)
optional = st.none() | st.builds(Text, anything, st.sampled_from([0, 9]))


@given(
    st.builds(Source, optional, optional, st.none() | st.binary(max_size=30)),
    st.lists(
        st.builds(
            Preference,
            st.integers(0, 5),
            st.none() | st.integers(0, 40),
            st.booleans(),
            st.integers(0, 255),
        ),
        max_size=4,
    ),
    st.booleans(),
)
def test_any_mail_has_a_body_that_can_be_sent(source, preferences, mime):
    """Within what was asked for, and truncated only where something is missing."""
    body = render(source, preferences, mime=mime)
    data = body.data if isinstance(body.data, bytes) else body.data.encode()

    encode(body.element())
    assert body.truncated == (len(data) < body.size)
    limits = [each.truncation_size for each in preferences if each.type == body.type]
    if limits and None not in limits:
        assert len(data) <= max(limits)
