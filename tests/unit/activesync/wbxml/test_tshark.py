"""Beside tshark, whose table and parser of ActiveSync are neither ours nor libwbxml's."""

import pytest
from tests.unit.activesync import tshark

from fermoposta.activesync.wbxml import Element, encode
from fermoposta.activesync.wbxml.codepages import TAGS, TOKENS


def pages(tags_of_all):
    """A document for each page, of those of its tags that are wanted."""
    wanted = [[tag for tag in tags.values() if tag in tags_of_all] for tags in TAGS.values()]
    return [Element("AirSync:Sync", [Element(tag, "7") for tag in tags]) for tags in wanted]


def test_it_reads_every_tag_as_we_write_it():
    """All 534 tags up to 14.1, page by page."""
    written = pages(set(TOKENS) - tshark.LATER)

    assert sum(len(each.elements) for each in written) == 534
    assert tshark.read([encode(each) for each in written]) == written


def test_it_names_tags_otherwise_in_exactly_the_known_cases():
    """So that the lists of differences are not where errors hide, nor outlive their reason."""
    written = pages(TOKENS)

    shown = [tshark.as_shown(fields) for fields in tshark.shown([encode(each) for each in written])]

    pairs = [
        (theirs.tag, ours.tag)
        for there, here in zip(shown, written, strict=True)
        for theirs, ours in zip(there.elements, here.elements, strict=True)
    ]
    numbers = [(f"{tag.partition(':')[0]}:0x{TOKENS[tag][1]:02X}", tag) for tag in tshark.LATER]
    assert sorted(pair for pair in pairs if pair[0] != pair[1]) == sorted(
        [*tshark.CALLED.items(), *numbers]
    )


@pytest.mark.parametrize(
    "content",
    [
        'Perché <no> & "sì"? €𝄞',
        "one\r\ntwo\tthree\\n",
        " ",
        "è" * 40_001,
        b"7",
        bytes(range(256)) * 700,
    ],
    ids=["scripts", "lines", "space", "long text", "byte", "long data"],
)
def test_it_reads_our_content(content):
    """Letter by letter and byte by byte, also what is longer than a packet."""
    tags = ["Email:Subject", "AirSync:MoreAvailable", "Email2:ConversationId"]
    first, empty, last = (Element(tag, content) for tag in tags)
    written = Element("AirSync:Sync", [first, Element(empty.tag, [last]), Element(empty.tag)])

    assert tshark.read([encode(written)]) == [written]


def test_it_reads_many_documents_in_their_order():
    """Each from a connection of its own, and no text from another's."""
    written = [Element("AirSync:Sync", [Element("AirSync:Status", str(n))]) for n in range(300)]

    assert tshark.read([encode(each) for each in written]) == written


def mails(count):
    """A document with so many mails, whose tags change the page again and again."""
    mail = [
        Element("Email:Subject", "Perché"),
        Element("AirSyncBase:Body", [Element("AirSyncBase:Data", "one\r\n")]),
        Element("Email2:ConversationId", b"\x01\x02"),
        Element("Email:Read", "1"),
    ]
    add = Element("AirSync:Add", [Element("AirSync:ApplicationData", mail)])
    return Element("AirSync:Sync", [Element("AirSync:Commands", [add] * count)])


def test_it_reads_long_lists_but_not_the_longest():
    """What it gives up is not what it finds different."""
    assert tshark.read([encode(mails(200)), encode(mails(300)), encode(mails(1))]) == [
        mails(200),
        None,
        mails(1),
    ]
