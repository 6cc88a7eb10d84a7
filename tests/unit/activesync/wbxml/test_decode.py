import pytest
from tests.unit.activesync.documents import FIRST_SYNC, NEW_CONTACT

from fermoposta.activesync.wbxml import DecodeError, Element, Limits, decode

HEADER = bytes((3, 1, 0x6A, 0))


def test_reads_the_example_of_the_specification():
    """MS-ASWBXML, section 3: a new contact."""
    add = Element(
        "AirSync:Add",
        [
            Element("AirSync:ServerId", "2:1"),
            Element(
                "AirSync:ApplicationData",
                [
                    Element(
                        "AirSyncBase:Body",
                        [
                            Element("AirSyncBase:Type", "1"),
                            Element("AirSyncBase:EstimatedDataSize", "0"),
                            Element("AirSyncBase:Truncated", "1"),
                        ],
                    ),
                    Element("Contacts:FileAs", "Funk, Don"),
                    Element("Contacts:FirstName", "Don"),
                    Element("Contacts:LastName", "Funk"),
                    Element("AirSyncBase:NativeBodyType", "1"),
                ],
            ),
        ],
    )

    document = decode(NEW_CONTACT)

    collection = document.find("AirSync:Collections", "AirSync:Collection")
    assert [(each.name, each.text) for each in collection.elements[:4]] == [
        ("Class", "Contacts"),
        ("SyncKey", "2"),
        ("CollectionId", "2"),
        ("Status", "1"),
    ]
    assert collection.elements[4] == Element("AirSync:Commands", [add])


def test_reads_what_a_device_sends():
    """Its options come from another page than the collection they stand in."""
    collection = decode(FIRST_SYNC).find("AirSync:Collections", "AirSync:Collection")

    preference = collection.find("AirSync:Options", "AirSyncBase:BodyPreference")
    assert collection.text_of("AirSync:SyncKey") == "0"
    assert preference.text_of("AirSyncBase:Type") == "1"
    assert preference.text_of("AirSyncBase:TruncationSize") == "32768"


@pytest.mark.parametrize(
    "data",
    [
        b"\x03\x01\x6a\x00\x05",
        b"\x02\x01\x6a\x00\x05",
        b"\x03\x00\x00\x6a\x03abc\x05",
        b"\x03\xa4\x01\x6a\x00\x05",
        b"\x03\x01\x6a\x02a\x00\x05",
        b"\x03\x01\x6a\x00\x00\x07\x00\x00\x05",
        b"\x03\x01\x6a\x00\x45\x01",
        b"\x03\x01\x6a\x00\x45\x03\x00\x01",
    ],
    ids=[
        "plain",
        "WBXML 1.2",
        "public id in the string table",
        "another public id",
        "a string table that nothing refers to",
        "a page switched for nothing",
        "content of nothing",
        "an empty string",
    ],
)
def test_what_does_no_harm_is_passed_over(data):
    """A device that writes it so is served like any other."""
    assert decode(data) == Element("AirSync:Sync")


def test_unknown_tags_keep_their_page_and_number():
    """One odd element doesn't cost a device its whole request."""
    document = decode(HEADER + b"\x45\x59\x03512\x00\x01\x00\xee\x05\x00\x0e\x3f\x01")

    assert [(each.tag, each.text, each.known) for each in document.elements] == [
        ("Unknown:00-19", "512", False),
        ("Unknown:EE-05", "", False),
        ("Unknown:0E-3F", "", False),
    ]


@pytest.mark.parametrize(
    ("data", "offset", "problem"),
    [
        (b"", 0, "the data ends"),
        (b"<?xml version='1.0'?>", 0, "no WBXML 1.1 to 1.3 begins with 0x3c"),
        (b"\x00\x01\x00\x05", 0, "no WBXML 1.1 to 1.3 begins with 0x00"),
        (b"\x03\x01\x04\x00\x05", 2, "character set 4 instead of UTF-8 (106)"),
        (b"\x03\x01\x6a\x09\x05", 4, "the string table of 9 bytes, of which 1 are there"),
        (b"\x03\x01\x6a", 3, "the data ends within an integer"),
        (HEADER, 4, "the data ends"),
        (HEADER + b"\x45", 5, "the data ends within AirSync:Sync"),
        (HEADER + b"\x05\x05", 5, "data behind the end of the document"),
        (HEADER + b"\x01", 4, "the end of an element that never began"),
        (HEADER + b"\x03a\x00", 4, "text or data outside of any element"),
        (HEADER + b"\xc3\x01a", 4, "text or data outside of any element"),
        (HEADER + b"\x45\x03ab", 6, "a string without end"),
        (HEADER + b"\x45\x03a\xff\x00\x01", 7, "a string that is not UTF-8"),
        (HEADER + b"\x45\xc3\x05ab\x01", 7, "opaque data of 5 bytes, of which 3 are there"),
        (HEADER + b"\x45\xc3\x8f\xff\xff\xff\x7f", 11, "opaque data of 4294967295 bytes"),
        (HEADER + b"\x45\xc3\x9f\xff\xff\xff\x7f", 6, "an integer above 4294967295"),
        (HEADER + b"\x45\xc3\x80\x80\x80\x80\x80\x01", 6, "an integer of more than 5 bytes"),
        (HEADER + b"\x45\x02\x41\x01", 5, "an entity (0x02), which ActiveSync doesn't use"),
        (HEADER + b"\x45\x83\x00\x01", 5, "a string of the string table (0x83)"),
        (HEADER + b"\x43\x00\x01\x05", 4, "a processing instruction (0x43)"),
        (HEADER + b"\x04\x00", 4, "a literal tag (0x04)"),
        (HEADER + b"\x45\xc0\x01", 5, "an extension (0xc0)"),
        (HEADER + b"\xc5\x05\x01\x01", 4, "attributes (0xc5)"),
    ],
)
def test_an_error_says_where_and_why(data, offset, problem):
    """An operator who has the bytes finds the one that is wrong."""
    with pytest.raises(DecodeError) as caught:
        decode(data)

    assert caught.value.offset == offset
    assert caught.value.problem.startswith(problem)
    assert str(caught.value) == f"byte {offset}: {caught.value.problem}"


@pytest.mark.parametrize(
    ("data", "offset", "problem"),
    [
        (b"\x45" * 10**6, 4 + 64, "elements nested more than 64 deep"),
        (b"\x45" + b"\x05" * 10**6, 4 + 200_000, "more than 200000 parts"),
        (b"\x45" + b"\x03\x00" * 10**6, 5 + 2 * 199_999, "more than 200000 parts"),
        (b"\x45" + b"\xc3\x00" * 10**6, 5 + 2 * 199_999, "more than 200000 parts"),
        (b"\x00\x01" * 10**6, 4 + 2 * 200_000, "more than 200000 parts"),
        (b"\x45\x03" + b"a" * (16 * 2**20 + 1) + b"\x00\x01", 6, "a string of more than 16777216"),
        (b"\x45" + bytes(64 * 2**20), 64 * 2**20, "more than 67108864 bytes"),
    ],
    ids=["depth", "elements", "strings", "opaque", "pages", "string", "document"],
)
def test_a_bomb_is_left_where_it_would_cost_too_much(data, offset, problem):
    """What follows the limit is never looked at, however much it is."""
    with pytest.raises(DecodeError, match=problem) as caught:
        decode(HEADER + data)

    assert caught.value.offset == offset


def test_limits_are_the_callers():
    """A Ping is allowed less than a message to be sent."""
    ping = Limits(total=8, text=3, depth=1, parts=2)

    assert decode(HEADER + b"\x45\x01", ping) == Element("AirSync:Sync")
    for data in (b"\x45\x45\x01\x01", b"\x45\x05\x05\x01", b"\x45\x03\x00\x01\x00"):
        with pytest.raises(DecodeError):
            decode(HEADER + data, ping)
    with pytest.raises(DecodeError, match="a string of more than 3 bytes"):
        decode(HEADER + b"\x45\x03abcd\x00\x01", Limits(text=3))
    assert decode(HEADER + b"\x45\x03abc\x00\x01", Limits(text=3)).text == "abc"
