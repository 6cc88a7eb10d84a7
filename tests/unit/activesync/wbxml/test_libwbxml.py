"""Beside libwbxml (Debian's libwbxml2-utils), which was written by others from the same tables."""

from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.activesync.libwbxml import BINARY, LATER, element, run, xml_of

from fermoposta.activesync.wbxml import Element, decode, encode
from fermoposta.activesync.wbxml.codepages import TAGS

EVERY_PAGE = [
    Element(
        "AirSync:Sync",
        [Element(tag, b"7" if tag in BINARY else "7") for tag in tags.values() if tag not in LATER],
    )
    for page, tags in TAGS.items()
    if page != 25
]


def test_it_reads_every_tag_as_we_write_it():
    """All 561 tags up to 16.0, page by page."""
    for written in EVERY_PAGE:
        xml = xml_of(encode(written))

        assert element(ET.fromstring(xml)) == written  # noqa: S314 - we wrote it


def test_we_read_every_tag_as_it_writes_it():
    """From XML by its encoder, back by our decoder."""
    for wanted in EVERY_PAGE:
        xml = xml_of(encode(wanted))

        written = run("xml2wbxml", "-a", "-n", "-k", "-v", "1.3", given=xml)

        assert decode(written) == wanted


def test_tags_of_16_1_are_the_ones_it_lacks():
    """So that the list above is not where differences hide."""
    sync = Element("AirSync:Sync", [Element(tag, "7") for tag in sorted(LATER)])

    xml = xml_of(encode(sync))

    assert len(LATER) == 25
    assert {node.tag.rpartition("}")[2] for node in ET.fromstring(xml)} == {"unknown"}  # noqa: S314


texts = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1)


@settings(max_examples=15, deadline=None)
@given(st.lists(texts, min_size=1, max_size=8))
def test_it_reads_our_texts(found):
    """Of all scripts, with what XML has to quote."""
    written = Element("AirSync:Sync", [Element("Email:Subject", text) for text in found])

    xml = xml_of(encode(written))

    assert element(ET.fromstring(xml)) == written  # noqa: S314


def test_it_reads_our_opaque_data():
    """Byte for byte."""
    written = Element("AirSync:Sync", [Element("Email2:ConversationId", bytes(range(256)) * 9)])

    xml = xml_of(encode(written))

    assert element(ET.fromstring(xml)) == written  # noqa: S314
