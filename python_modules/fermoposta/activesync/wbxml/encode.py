"""
Write WBXML as MS-ASWBXML wants it (section 2.1.3): elements in, bytes out.

Strict: WBXML 1.3 in UTF-8 without a string table, text as inline strings, bytes as opaque data, and
only tags that stand in the table. What can't be said so is an EncodeError, before a client sees it.
"""

from collections.abc import Iterator

from fermoposta.activesync.wbxml import mbuint, tokens
from fermoposta.activesync.wbxml.codepages import TOKENS
from fermoposta.activesync.wbxml.element import Element
from fermoposta.activesync.wbxml.errors import EncodeError
from fermoposta.activesync.wbxml.text import stranger

CHUNK = 16_384
"""Bytes that chunks gathers before it hands them on."""


class Writer:
    """
    One document, written piece by piece; each call returns the bytes that it adds.

    So an answer can leave while its items are still being read: start what holds them, write one
    element after the other, end it.
    """

    def __init__(self) -> None:
        self._page = 0
        self._open: list[str] = []
        self._begun = False

    @property
    def complete(self) -> bool:
        """Whether the document has begun and all its elements have ended."""
        return self._begun and not self._open

    def start(self, tag: str) -> bytes:
        """Begin an element that has content."""
        begun = self._tag(tag, tokens.WITH_CONTENT)
        self._open.append(tag)
        return begun

    def empty(self, tag: str) -> bytes:
        """Write an element that has no content."""
        return self._tag(tag, 0)

    def end(self) -> bytes:
        """End the element that began last."""
        if not self._open:
            raise EncodeError("the end of an element that never began")
        self._open.pop()
        return bytes((tokens.END,))

    def text(self, text: str) -> bytes:
        """Write *text* into the element that is open."""
        inside = self._inside()
        if (found := stranger(text)) is not None:
            raise EncodeError(f"{inside}: no XML holds {found!a}; clean() the text first")
        return b"".join((bytes((tokens.STR_I,)), text.encode(), b"\0"))

    def opaque(self, data: bytes) -> bytes:
        """Write *data* into the element that is open."""
        inside = self._inside()
        if len(data) > mbuint.LARGEST:
            raise EncodeError(f"{inside}: opaque data of {len(data)} bytes")
        return b"".join((bytes((tokens.OPAQUE,)), mbuint.encode(len(data)), data))

    def element(self, element: Element) -> Iterator[bytes]:
        """Write *element* with all that is in it."""
        if not element.children:
            yield self.empty(element.tag)
            return
        yield self.start(element.tag)
        waiting = [iter(element.children)]
        while waiting:
            match next(waiting[-1], None):
                case None:
                    waiting.pop()
                    yield self.end()
                case Element(tag=tag, children=()):
                    yield self.empty(tag)
                case Element(tag=tag, children=children):
                    yield self.start(tag)
                    waiting.append(iter(children))
                case str(text):
                    yield self.text(text)
                case data:
                    yield self.opaque(data)

    def _inside(self) -> str:
        if not self._open:
            raise EncodeError("text or data outside of any element")
        return self._open[-1]

    def _tag(self, tag: str, content: int) -> bytes:
        if self.complete:
            raise EncodeError(f"{tag}: a document has one element on top")
        if tag not in TOKENS:
            raise EncodeError(f"{tag} stands in no code page")
        page, token = TOKENS[tag]
        written = b"" if self._begun else tokens.HEADER
        if page != self._page:
            written += bytes((tokens.SWITCH_PAGE, page))
        self._begun, self._page = True, page
        return written + bytes((token | content,))


def chunks(root: Element) -> Iterator[bytes]:
    """Yield the document whose top is *root*, in pieces that are worth sending."""
    gathered: list[bytes] = []
    size = 0
    for piece in Writer().element(root):
        gathered.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)


def encode(root: Element) -> bytes:
    """Return the document whose top is *root*."""
    return b"".join(Writer().element(root))
