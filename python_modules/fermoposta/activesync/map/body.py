"""
The text of an item as a Body element (MS-ASAIRS, section 2.2.2.9), and back.

Stores hold plain text; what a device writes as HTML becomes plain text here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from fermoposta.activesync.map.content import leaf
from fermoposta.activesync.map.mail import plaintext
from fermoposta.activesync.wbxml.element import Element
from fermoposta.activesync.wbxml.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    Renderer: TypeAlias = Callable[[str], Element | None]
    """Makes a Body of a text, as the device prefers it; None where it wants none."""

TAG = "AirSyncBase:Body"
PLAIN, HTML = "1", "2"


def plain(text: str, limit: int | None = None) -> Element | None:
    """Return *text* as a plain Body of at most *limit* bytes; None where there is no text."""
    if not text:
        return None
    whole = clean(text).replace("\r\n", "\n").replace("\n", "\r\n")
    data = whole.encode()
    shown = whole if limit is None else data[:limit].decode(errors="ignore")
    return Element(
        TAG,
        [
            leaf("AirSyncBase:Type", PLAIN),
            leaf("AirSyncBase:EstimatedDataSize", len(data)),
            *([leaf("AirSyncBase:Truncated", 1)] if shown != whole else []),
            Element("AirSyncBase:Data", shown),
        ],
    )


def none() -> Element:
    """Return a Body that says that there is no text: an exception's, where the series has one."""
    return Element(TAG, [leaf("AirSyncBase:Type", PLAIN), leaf("AirSyncBase:EstimatedDataSize", 0)])


def text_of(body: Element) -> str | None:
    """
    Return the text in *body*; None where it can't be had.

    That is of types other than plain and HTML, and of a part of a text: a device that sends back
    what it was sent, cut short, must not cut it in the store.
    """
    data = body.text_of("AirSyncBase:Data") or ""
    kind = (body.text_of("AirSyncBase:Type") or PLAIN).strip()
    if (body.text_of("AirSyncBase:Truncated") or "").strip() == "1" or kind not in {PLAIN, HTML}:
        return None
    text = plaintext.of_html(data, dense=True) if kind == HTML else data
    return text.replace("\r\n", "\n").replace("\r", "\n")


def same(one: str, other: str) -> bool:
    """Tell whether two texts differ in nothing but how lines end and what no one sees."""
    return _lines(one) == _lines(other)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in clean(text).strip().splitlines()]
