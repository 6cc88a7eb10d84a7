"""
The binary XML of ActiveSync (MS-ASWBXML): bytes in, elements out, and back.

Of WBXML it is a small part (MS-ASWBXML, section 2.1.3): tags from 25 code pages, inline strings and
opaque data. There are no attributes, no entities, no processing instructions, no string tables.
"""

from fermoposta.activesync.wbxml.decode import Limits, decode
from fermoposta.activesync.wbxml.element import Element
from fermoposta.activesync.wbxml.encode import chunks, encode
from fermoposta.activesync.wbxml.errors import DecodeError, EncodeError, WbxmlError
from fermoposta.activesync.wbxml.render import render

__all__ = [
    "DecodeError",
    "Element",
    "EncodeError",
    "Limits",
    "WbxmlError",
    "chunks",
    "decode",
    "encode",
    "render",
]
