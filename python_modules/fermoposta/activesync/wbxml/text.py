"""What may stand in a text: the characters of XML 1.0 (section 2.2), which WBXML only spells."""

import re

_NONE_OF_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def stranger(text: str) -> str | None:
    """Return the first character that XML can't hold; None where there is none."""
    found = _NONE_OF_XML.search(text)
    return found[0] if found else None


def clean(text: str) -> str:
    """
    Return *text* with U+FFFD for each character that XML can't hold.

    Mail has control characters and halves of surrogate pairs in subjects and bodies. A client that
    makes XML of our answer would refuse the whole folder because of one of them.
    """
    return _NONE_OF_XML.sub("\N{REPLACEMENT CHARACTER}", text)
