"""
Write WBXML as MS-ASWBXML wants it (section 2.1.3): elements in, bytes out.

Strict: WBXML 1.3 in UTF-8 without a string table, text as inline strings, bytes as opaque data, and
only tags that stand in the table. What can't be said so is an EncodeError, before a client sees it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync.wbxml import mbuint, tokens
from fermoposta.activesync.wbxml.codepages import TOKENS
from fermoposta.activesync.wbxml.element import Element
from fermoposta.activesync.wbxml.errors import EncodeError
from fermoposta.activesync.wbxml.text import stranger

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 16_384
"""Bytes that chunks gathers before it hands them on."""

# All that can be known before: an answer has tens of thousands of tags.
_EMPTY = {tag: (page, bytes((token,))) for tag, (page, token) in TOKENS.items()}
_FULL = {tag: bytes((token | tokens.WITH_CONTENT,)) for tag, (_, token) in TOKENS.items()}
_END = bytes((tokens.END,))
_TEXT = bytes((tokens.STR_I,))
_OPAQUE = bytes((tokens.OPAQUE,))


def encode(root: Element) -> bytes:
    """Return the document whose top is *root*."""
    return b"".join(_pieces(root))


def chunks(root: Element) -> Iterator[bytes]:
    """Yield the document whose top is *root*, in pieces that are worth sending."""
    gathered: list[bytes] = []
    size = 0
    for piece in _pieces(root):
        gathered.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)


def _pieces(root: Element) -> Iterator[bytes]:
    yield tokens.HEADER
    current = 0
    inside: list[Element] = []
    waiting: list[Iterator[Element | str | bytes]] = [iter((root,))]
    while waiting:
        for child in waiting[-1]:
            if isinstance(child, Element):
                if child.tag not in _EMPTY:
                    raise EncodeError(f"{child.tag} stands in no code page")
                page, token = _EMPTY[child.tag]
                if page != current:
                    current = page
                    yield bytes((tokens.SWITCH_PAGE, page))
                if child.children:
                    yield _FULL[child.tag]
                    inside.append(child)
                    waiting.append(iter(child.children))
                    break
                yield token
            elif isinstance(child, str):
                yield _text(inside[-1], child)
            else:
                yield from _opaque(inside[-1], child)
        else:
            waiting.pop()
            if inside:
                inside.pop()
                yield _END


def _text(inside: Element, text: str) -> bytes:
    if (found := stranger(text)) is not None:
        raise EncodeError(f"{inside.tag}: no XML holds {found!a}; clean() the text first")
    return b"".join((_TEXT, text.encode(), b"\0"))


def _opaque(inside: Element, data: bytes) -> Iterator[bytes]:
    if len(data) > mbuint.LARGEST:
        raise EncodeError(f"{inside.tag}: opaque data of {len(data)} bytes")
    yield _OPAQUE + mbuint.encode(len(data))
    yield data
