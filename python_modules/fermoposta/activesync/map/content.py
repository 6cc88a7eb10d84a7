"""What is in an element of an item: numbers, flags, and elements with text that XML can hold."""

from collections.abc import Collection

from fermoposta.activesync.map.errors import MalformedError, quoted
from fermoposta.activesync.wbxml.element import Element
from fermoposta.activesync.wbxml.text import clean


def leaf(tag: str, value: str | int) -> Element:
    """Return an element with *value* in it."""
    return Element(tag, clean(str(value)))


def number(data: Element, tag: str, lowest: int, highest: int) -> int | None:
    """Return the number in the child *tag*; None where it isn't there or empty."""
    text = (data.text_of(tag) or "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise MalformedError(tag, f"{quoted(text)} is no number")
    if not lowest <= int(text) <= highest:
        raise MalformedError(tag, f"{text} is not between {lowest} and {highest}")
    return int(text)


def with_removed(data: Element, removes: Collection[str]) -> Element:
    """
    Return *data* with an empty element for each tag of *removes* that it lacks.

    What a device leaves out of a change stays, but for what it has declared to be never left out
    (MS-ASCMD, section 2.2.3.179). Which tags these are the caller knows.
    """
    there = {child.tag for child in data.elements}
    return Element(data.tag, [*data.elements, *map(Element, sorted(set(removes) - there))])
