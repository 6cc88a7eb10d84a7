import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fermoposta.activesync.map import vcard
from fermoposta.activesync.map.errors import MalformedError


def card(*lines):
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", ""]).encode()


def only(line):
    return vcard.parse(card(line))[1]


def test_groups_parameters_and_quotes():
    """A colon in quotes ends no name."""
    line = only('item1.tel;TYPE="work,voice";X-A=b:c:+49 30')

    assert (line.group, line.name) == ("item1", "TEL")
    assert line.types == {"WORK", "VOICE"}
    assert line.values("X-A") == ["b"]
    assert line.value == "c:+49 30"
    assert only('ADR;LABEL="a;b:c":x').values("LABEL") == ["a;b:c"]


def test_types_in_all_spellings():
    """One parameter, several, and those of old cards without a name."""
    assert only("TEL;TYPE=home,fax:1").types == {"HOME", "FAX"}
    assert only("TEL;type=home;type=fax:1").types == {"HOME", "FAX"}
    assert only("TEL;HOME;FAX:1").types == {"HOME", "FAX"}


def test_folded_lines_and_charsets():
    """A character may be parted between lines; a charset of old is read, and not written again."""
    assert only("NOTE:a\r\n  b\r\n\tc").value == "a bc"
    data = "NOTE;CHARSET=ISO-8859-1:Jürgen".encode("latin-1")
    line = vcard.parse(card("@").replace(b"@", data))[1]
    assert line.value == "Jürgen"
    assert vcard.write([line]) == "BEGIN:VCARD\r\nNOTE:Jürgen\r\nEND:VCARD\r\n".encode()


def test_long_lines_are_folded_between_characters():
    """At most 75 bytes each, and the same again when they are read."""
    line = vcard.Line("NOTE", "ü" * 100)

    data = vcard.write([vcard.Line("VERSION", "3.0"), line])

    assert all(len(each) <= 75 for each in data.split(b"\r\n"))
    data.decode()
    assert vcard.parse(data)[1].value == "ü" * 100


@settings(deadline=None)
@given(st.text(max_size=60))
def test_every_text_comes_back(text):
    """But for the characters that no line holds."""
    expected = vcard._UNSAFE.sub(
        "", text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "|")
    )

    assert vcard.unescape(vcard.escape(text)).replace("\n", "|") == expected


def test_parts_are_parted_where_no_backslash_stands():
    """And only there."""
    assert only(r"N:a\;b;c\,d;\\;").parts() == ["a;b", "c,d", "\\", ""]


def test_lines_that_nobody_touched_are_written_as_they_were():
    """In their spelling."""
    content = card('item1.x-Foo;Bar="a:b";baz:1\\,2;3', "Note:x")

    assert vcard.write(vcard.parse(content)) == content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"BEGIN:VCARD\r\nEND:VCARD\r\n",
        b"BEGIN:VCARD\r\nVERSION:2.1\r\nEND:VCARD\r\n",
        card() + card(),
        card("BEGIN:VCARD"),
        card("no colon"),
        card("=:x"),
        card()[:-12],
        b"\x00" * 50,
    ],
)
def test_what_is_no_card_is_refused(content):
    """Two cards, none, of an old version, cut short, or broken."""
    with pytest.raises(MalformedError):
        vcard.parse(content)
