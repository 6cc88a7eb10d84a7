import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.activesync.map.mail.envelope import Address, Envelope, parse
from fermoposta.activesync.map.mail.errors import StructureError

ADA = ("Ada, Countess", None, "ada", "example.org")
BOB = (b"=?utf-8?Q?B=C3=B6b?=", None, b"bob", b"example.org")


def test_reads_who_wrote_to_whom():
    """Names decoded, groups left out, text or bytes."""
    group = (None, None, "friends", None)
    found = parse(
        ("Mon", b"=?utf-8?Q?=C3=84?=", (ADA,), None, None, (group, BOB, (None,) * 4), None, None,
         "<1@x>", " <2@x>")
    )  # fmt: skip

    assert found == Envelope(
        subject="Ä",
        from_=(Address("Ada, Countess", "ada@example.org"),),
        to=(Address("Böb", "bob@example.org"),),
        in_reply_to="<1@x>",
        message_id="<2@x>",
    )


@pytest.mark.parametrize(
    ("address", "spelt"),
    [
        (Address("", "a@x"), "a@x"),
        (Address("Ada, Countess", "a@x"), '"Ada, Countess" <a@x>'),
        (Address('A "B" \\', "a@x"), '"A \\"B\\" \\\\" <a@x>'),
    ],
)
def test_spells_an_address_so_that_it_is_read_as_one(address, spelt):
    """A comma, a quote or a backslash in a name parts nothing."""
    assert str(address) == spelt


def test_a_name_is_one_line():
    """A line end hidden in an encoded word starts no second address."""
    hidden = ("=?utf-8?Q?a=0D=0Ab?=", None, "a", "x\r\ny")

    assert parse((None, None, (hidden,), *[None] * 7)).from_ == (Address("a b", "a@x y"),)


@pytest.mark.parametrize(
    "nested",
    [
        None,
        (),
        5,
        (None,) * 9,
        (None, 5, *[None] * 8),
        (None, None, 5, *[None] * 7),
        (None, None, (5,), *[None] * 7),
        (None, None, (("a", None, "b"),), *[None] * 7),
        (None, None, (("a", None, (), "c"),), *[None] * 7),
    ],
)
def test_what_is_no_envelope_is_refused(nested):
    """By an error that names the mail as the one that is left out."""
    with pytest.raises(StructureError):
        parse(nested)


texts = st.none() | st.text(max_size=5) | st.binary(max_size=5) | st.integers()
people = st.none() | st.lists(st.tuples(texts, texts, texts, texts), max_size=2).map(tuple)


@given(st.tuples(texts, texts, people, people, people, people, people, people, texts, texts))
def test_any_values_are_read_or_refused(nested):
    """Never another exception."""
    try:
        parse(nested)
    except StructureError:
        return
