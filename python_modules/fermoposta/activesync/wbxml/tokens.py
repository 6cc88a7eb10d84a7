"""The global tokens of WBXML (WAP-192, section 7.1; MS-ASWBXML, section 1.6) and its header."""

SWITCH_PAGE = 0x00
END = 0x01
STR_I = 0x03
OPAQUE = 0xC3

WITH_CONTENT = 0x40
"""Set in a tag's token where children and an END follow (WAP-192, section 5.8.2)."""
WITH_ATTRIBUTES = 0x80
TAG = 0x3F

UNUSED = {
    0x02: "an entity",
    0x04: "a literal tag",
    0x40: "an extension",
    0x41: "an extension",
    0x42: "an extension",
    0x43: "a processing instruction",
    0x44: "a literal tag",
    0x80: "an extension",
    0x81: "an extension",
    0x82: "an extension",
    0x83: "a string of the string table",
    0x84: "a literal tag",
    0xC0: "an extension",
    0xC1: "an extension",
    0xC2: "an extension",
    0xC4: "a literal tag",
}
"""Global tokens that ActiveSync doesn't use (MS-ASWBXML, section 2.1.3), and what they begin."""

VERSION = 0x03
"""WBXML 1.3."""
VERSIONS = range(0x01, VERSION + 1)
"""WBXML 1.1 to 1.3, which differ in nothing that is used here; 1.0 has another header."""
PUBLIC_ID = 0x01
"""No known document type."""
UTF_8 = 0x6A
"""UTF-8's number at IANA (MIBenum 106)."""

HEADER = bytes((VERSION, PUBLIC_ID, UTF_8, 0))
"""Version, public id, charset, and a string table of no bytes."""
