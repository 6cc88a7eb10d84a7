import pytest

from fermoposta.activesync.wbxml import Element

DATA = Element(
    "AirSync:ApplicationData",
    [
        Element("Email:To", "ada@example.org"),
        Element("Email:Categories"),
        Element("AirSyncBase:Body", [Element("AirSyncBase:Type", "1")]),
        Element("AirSyncBase:Body", [Element("AirSyncBase:Data", "ciào".encode())]),
    ],
)


def test_elements_are_equal_where_a_reader_could_not_tell():
    """Nothing in three ways, and one text in two."""
    assert Element("Email:To") == Element("Email:To", "") == Element("Email:To", ["", b"", ""])
    assert Element("Email:To", ["a", "", b"", "b"]) == Element("Email:To", "ab")
    assert Element("Email:To", [b"a", b"b"]) == Element("Email:To", b"ab")
    assert Element("Email:To", ["a", b"b", "c"]).children == ("a", b"b", "c")
    assert Element("Email:To", "a") != Element("Email:To", b"a")
    assert Element("Email:To", "a") != Element("Email:Cc", "a")
    assert len({Element("Email:To", "a"), Element("Email:To", ["a"])}) == 1


def test_cannot_be_changed():
    """What is kept for a repeated key stays what was sent."""
    with pytest.raises(AttributeError):
        DATA.tag = "Email:To"


def test_a_path_leads_to_the_first_that_fits_whole():
    """A branch that ends early doesn't hide the next."""
    assert DATA.find("AirSyncBase:Body", "AirSyncBase:Data").data == "ciào".encode()
    assert DATA.text_of("AirSyncBase:Body", "AirSyncBase:Data") == "ciào"
    assert DATA.text_of("Email:To") == "ada@example.org"
    assert DATA.text_of("Email:Categories") == ""
    assert DATA.text_of("Email:Cc") is None
    assert DATA.find() is DATA
    assert len(DATA.find_all("AirSyncBase:Body")) == 2


def test_text_and_bytes_can_be_had_either_way():
    """Clients send a MIME as text or as opaque data."""
    assert Element("ComposeMail:Mime", ["é", b"\xff"]).data == b"\xc3\xa9\xff"
    assert Element("ComposeMail:Mime", ["é", b"\xff"]).text == "é\N{REPLACEMENT CHARACTER}"


def test_walks_in_the_order_of_the_document():
    """As a log shows it."""
    assert [each.name for each in DATA.walk()] == [
        "ApplicationData", "To", "Categories", "Body", "Type", "Body", "Data",
    ]  # fmt: skip
    assert (DATA.namespace, DATA.name) == ("AirSync", "ApplicationData")


def test_its_repr_tells_nothing_that_is_in_it():
    """A traceback is no place for a password."""
    assert repr(Element("Settings:Password", "s3cret")) == "<Settings:Password with 1 children>"


def test_its_text_is_of_characters_that_xml_can_hold():
    """Opaque data can hold others, which no answer and no database could; bytes stay."""
    wrong = Element("Settings:Model", ["a\x11", b"\0b"])

    assert wrong.text == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"
    assert wrong.data == b"a\x11\0b"
