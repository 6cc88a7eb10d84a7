import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.activesync.map_mail.structures import HTML, MAIL, PDF, PICTURE, PLAIN, leaf, multi

from fermoposta.activesync.map.mail.bodystructure import DEEPEST, parse
from fermoposta.activesync.map.mail.contents import contents
from fermoposta.activesync.map.mail.errors import StructureError


def numbered(nested):
    return {part.section: part.type for part in parse(nested).walk() if part.main != "multipart"}


def test_a_mail_of_one_part_is_fetched_as_number_1():
    """RFC 9051, section 6.4.5: every mail has at least one part number."""
    part = parse(PLAIN)

    assert (part.section, part.type, part.encoding, part.size) == (
        "1",
        "text/plain",
        "quoted-printable",
        100,
    )
    assert part.params == {"charset": "utf-8"}


def test_parts_have_the_numbers_by_which_they_are_fetched():
    """Also those of a mail that is attached: its parts are numbered below it."""
    single = (*MAIL[:8], PLAIN, *MAIL[9:])
    nested = multi(
        "mixed", multi("related", multi("alternative", PLAIN, HTML), PICTURE), MAIL, single
    )

    assert numbered(nested) == {
        "1.1.1": "text/plain",
        "1.1.2": "text/html",
        "1.2": "image/png",
        "2": "message/rfc822",
        "2.1": "text/plain",
        "2.2": "text/html",
        "3": "message/rfc822",
        "3.1": "text/plain",
    }


def test_reads_what_a_file_is_called_and_how_it_is_shown():
    """Bytes as well as text; names by RFC 2231; a disposition behind the fields of each type."""
    nested = (
        b"IMAGE", b"PNG", (b"name*", b"utf-8''%C3%84.png"), b"<a@b>", None, b"BASE64", 78, None,
        (b"INLINE", (b"filename*0", b"x", b"filename*1", b".png")), None, b"http://x/y", b"more",
    )  # fmt: skip
    part = parse(nested)

    assert (part.type, part.encoding, part.content_id) == ("image/png", "base64", "a@b")
    assert (part.disposition, part.name, part.location) == ("inline", "x.png", "http://x/y")
    assert part.params["name"] == "Ä.png"
    assert parse(leaf("text", "plain", disposition=("attachment", "a.txt"))).name == "a.txt"
    assert parse(MAIL).subject == "Äpfel: a/b"


def test_extension_data_may_be_missing():
    """As in BODY instead of BODYSTRUCTURE."""
    assert parse(PLAIN[:8]).type == "text/plain"
    assert parse((PLAIN, HTML, "alternative")).type == "multipart/alternative"
    assert parse(([PLAIN, HTML], "alternative")).parts[1].section == "2"


@pytest.mark.parametrize(
    "nested",
    [
        None,
        (),
        5,
        "text",
        (5, "plain"),
        ("text", ()),
        ("text", "plain", ("charset",)),
        ("text", "plain", 5),
        ("text", "plain", None, None, None, None, -1),
        ("text", "plain", None, None, None, None, "10"),
        ("text", "plain", None, None, None, None, 1, 1, None, "inline"),
        ((), "mixed"),
        (PLAIN, 5),
    ],
)
def test_what_is_no_structure_is_refused(nested):
    """By an error that names the mail as the one that is left out."""
    with pytest.raises(StructureError):
        parse(nested)


def test_parts_within_parts_end_somewhere():
    """Before Python's stack does."""
    nested = PLAIN
    for _ in range(DEEPEST + 1):
        nested = multi("mixed", nested)

    with pytest.raises(StructureError, match="deep"):
        parse(nested)


values = st.recursive(
    st.none()
    | st.integers(-2, 20)
    | st.sampled_from(["text", "plain", "message", "rfc822", b"x*0"]),
    lambda inner: st.lists(inner, max_size=11).map(tuple) | st.lists(inner, max_size=3),
    max_leaves=40,
)


@given(values)
def test_any_values_are_read_or_refused(nested):
    """And what is read has contents."""
    for each in (nested, multi("mixed", nested, PDF), ("text", "plain", None, None, nested)):
        try:
            part = parse(each)
        except StructureError:
            continue
        contents(part)
