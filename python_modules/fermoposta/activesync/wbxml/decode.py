"""
Read WBXML as MS-ASWBXML allows it (section 2.1.3): bytes in, one element out.

Tolerant of what does no harm: WBXML 1.1 to 1.3, any public id, a string table that nothing refers
to, tags that stand in no table (they keep their page and token as their name). Everything else that
is not as specified, and everything that would cost too much, is a DecodeError that says where.
"""

from dataclasses import dataclass

from fermoposta.activesync.wbxml import mbuint, tokens
from fermoposta.activesync.wbxml.codepages import TAGS, unknown_tag
from fermoposta.activesync.wbxml.element import Child, Element
from fermoposta.activesync.wbxml.errors import DecodeError


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may cost. What clients send nests some 12 deep and has few thousand parts."""

    total: int = 64 * 1024 * 1024
    """Bytes of the document; a message to be sent travels inside it."""
    text: int = 16 * 1024 * 1024
    """Bytes of one inline string. Opaque data is bounded by the document."""
    depth: int = 64
    """Elements within elements."""
    parts: int = 200_000
    """Elements, strings, opaque data and switches between pages together."""


LIMITS = Limits()


def decode(data: bytes, limits: Limits = LIMITS) -> Element:
    """Return the document that *data* is; raises DecodeError, and nothing else."""
    return _Decoder(data, limits).document()


class _Decoder:
    """Where we are in the data, and which elements are open there."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data = data
        self._limits = limits
        self._at = 0
        self._page = 0
        self._parts = 0
        self._open: list[tuple[str, list[Child]]] = []
        self._root: Element | None = None

    def document(self) -> Element:
        if len(self._data) > self._limits.total:
            raise DecodeError(self._limits.total, f"more than {self._limits.total} bytes")
        self._header()
        while self._root is None:
            self._step()
        if self._at < len(self._data):
            raise DecodeError(self._at, "data behind the end of the document")
        return self._root

    def _header(self) -> None:
        """Pass over the header (WAP-192, sections 5.4 to 5.7)."""
        if self._byte() not in tokens.VERSIONS:
            raise DecodeError(0, f"no WBXML 1.1 to 1.3 begins with {self._data[0]:#04x}")
        if self._integer() == 0:
            self._integer()  # then it is an index into the string table
        at = self._at
        charset = self._integer()
        if charset != tokens.UTF_8:
            raise DecodeError(at, f"character set {charset} instead of UTF-8 ({tokens.UTF_8})")
        self._take(self._integer(), "the string table")

    def _step(self) -> None:
        at = self._at
        token = self._byte()
        if token == tokens.SWITCH_PAGE:
            self._count(at)
            self._page = self._byte()
        elif token == tokens.END:
            self._close(at)
        elif token == tokens.STR_I:
            self._add(at, self._string())
        elif token == tokens.OPAQUE:
            self._add(at, self._take(self._integer(), "opaque data"))
        elif token in tokens.UNUSED:
            raise DecodeError(
                at, f"{tokens.UNUSED[token]} ({token:#04x}), which ActiveSync doesn't use"
            )
        elif token & tokens.WITH_ATTRIBUTES:
            raise DecodeError(at, f"attributes ({token:#04x}), which ActiveSync doesn't use")
        elif token & tokens.WITH_CONTENT:
            self._begin(at, self._tag(token))
        else:
            self._add(at, Element(self._tag(token)))

    def _tag(self, token: int) -> str:
        token &= tokens.TAG
        known = TAGS.get(self._page, {}).get(token)
        return known or unknown_tag(self._page, token)

    def _begin(self, at: int, tag: str) -> None:
        if len(self._open) == self._limits.depth:
            raise DecodeError(at, f"elements nested more than {self._limits.depth} deep")
        self._count(at)
        self._open.append((tag, []))

    def _close(self, at: int) -> None:
        if not self._open:
            raise DecodeError(at, "the end of an element that never began")
        self._place(Element(*self._open.pop()))

    def _add(self, at: int, child: Child) -> None:
        if not self._open and not isinstance(child, Element):
            raise DecodeError(at, "text or data outside of any element")
        self._count(at)
        self._place(child)

    def _place(self, child: Child) -> None:
        if self._open:
            self._open[-1][1].append(child)
        elif isinstance(child, Element):
            self._root = child

    def _count(self, at: int) -> None:
        self._parts += 1
        if self._parts > self._limits.parts:
            raise DecodeError(at, f"more than {self._limits.parts} parts")

    def _byte(self) -> int:
        if self._at >= len(self._data):
            inside = f" within {self._open[-1][0]}" if self._open else ""
            raise DecodeError(self._at, f"the data ends{inside}")
        self._at += 1
        return self._data[self._at - 1]

    def _integer(self) -> int:
        value, self._at = mbuint.decode(self._data, self._at)
        return value

    def _take(self, length: int, what: str) -> bytes:
        begin, end = self._at, self._at + length
        if end > len(self._data):
            raise DecodeError(
                begin, f"{what} of {length} bytes, of which {len(self._data) - begin} are there"
            )
        self._at = end
        return self._data[begin:end]

    def _string(self) -> str:
        begin, longest = self._at, self._limits.text
        end = self._data.find(b"\0", begin, begin + longest + 1)
        if end < 0:
            missing = begin + longest >= len(self._data)
            raise DecodeError(
                begin,
                "a string without end" if missing else f"a string of more than {longest} bytes",
            )
        self._at = end + 1
        try:
            return self._data[begin:end].decode()
        except UnicodeDecodeError as error:
            raise DecodeError(begin + error.start, "a string that is not UTF-8") from error
