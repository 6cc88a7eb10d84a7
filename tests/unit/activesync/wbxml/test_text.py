import pytest

from fermoposta.activesync.wbxml.text import clean, stranger


@pytest.mark.parametrize("text", ["", "Ciào\t\r\n", "\U0001f600", "\ufffd", "\u0085"])
def test_what_xml_holds_is_kept(text):
    """Also beyond the first plane."""
    assert stranger(text) is None
    assert clean(text) == text


@pytest.mark.parametrize("character", ["\0", "\x0b", "\x1b", "\ud83d", "\ufffe", "\uffff"])
def test_what_xml_cannot_hold_is_replaced(character):
    """A mail's odd byte costs one character, not the folder."""
    assert stranger(f"a{character}b") == character
    assert clean(f"a{character}b") == "a\N{REPLACEMENT CHARACTER}b"
