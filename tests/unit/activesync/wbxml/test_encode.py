import pytest
from tests.unit.activesync.documents import FETCHED, FIRST_SYNC, NEW_CONTACT

from fermoposta.activesync import multipart
from fermoposta.activesync.wbxml import Element, EncodeError, chunks, decode, encode
from fermoposta.activesync.wbxml.encode import CHUNK

SYNC = Element("AirSync:Sync", [Element("AirSync:Status", "1")])


@pytest.mark.parametrize(
    "data",
    [NEW_CONTACT, FIRST_SYNC, multipart.decode(FETCHED)[0]],
    ids=["MS-ASWBXML, section 3", "a device's Sync", "MS-ASCMD, section 4.10.5.2"],
)
def test_writes_what_microsoft_writes(data):
    """To the byte: the same pages switched at the same places, the same tokens."""
    assert encode(decode(data)) == data


@pytest.mark.parametrize(
    ("element", "written"),
    [
        (Element("AirSync:Sync"), "05"),
        (Element("AirSync:Sync", "é"), "45 03 c3 a9 00 01"),
        (Element("AirSync:Sync", b"\x00\xff"), "45 c3 02 00 ff 01"),
        (Element("AirSync:Sync", bytes(200)), "45 c3 81 48" + "00" * 200 + "01"),
        (Element("Ping:Ping", [Element("Ping:Status", "2")]), "00 0d 45 47 03 32 00 01 01"),
        (Element("AirSync:Sync", [Element("Email:To")] * 2), "45 00 02 16 16 01"),
    ],
)
def test_each_kind_of_content_has_its_token(element, written):
    """Text inline, bytes opaque, a page switched only where it changes (WAP-192, section 5.8)."""
    assert encode(element) == bytes.fromhex("03 01 6a 00" + written)


@pytest.mark.parametrize(
    ("root", "problem"),
    [
        (Element("AirSync:Snyc"), "AirSync:Snyc stands in no code page"),
        (Element("Sync"), "Sync stands in no code page"),
        (Element("Email:Body", "x"), "Email:Body stands in no code page"),
        (Element("Unknown:00-19"), "Unknown:00-19 stands in no code page"),
        (Element("Email:Subject", "a\0b"), "Email:Subject: no XML holds '\\x00'"),
        (Element("Email:Subject", "a\x0bb"), "Email:Subject: no XML holds '\\x0b'"),
        (Element("Email:Subject", "\ud83d"), "Email:Subject: no XML holds '\\ud83d'"),
    ],
)
def test_what_cannot_be_said_is_refused(root, problem):
    """Before any client sees it."""
    with pytest.raises(EncodeError) as caught:
        encode(Element("AirSync:Sync", [root]))

    assert str(caught.value).startswith(problem)


def test_chunks_are_worth_sending():
    """Neither a byte at a time, nor all at once."""
    add = Element("AirSync:Add", [Element("AirSyncBase:Data", "x" * 1000)])
    root = Element("AirSync:Commands", [add] * 200)

    sent = list(chunks(root))

    assert b"".join(sent) == encode(root)
    assert all(CHUNK <= len(each) < CHUNK + 1100 for each in sent[:-1])
    assert len(sent) > 10
    assert list(chunks(SYNC)) == [encode(SYNC)]
