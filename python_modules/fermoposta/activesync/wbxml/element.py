"""An element of an ActiveSync document: its tag and what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias, cast

from fermoposta.activesync.wbxml.codepages import UNKNOWN
from fermoposta.activesync.wbxml.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Child: TypeAlias = "Element | str | bytes"


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Element:
    """
    A tag with its namespace (``AirSync:Sync``), and children: elements, text, opaque bytes.

    Text or bytes alone may be given as they are: ``Element("AirSync:Status", "1")``.

    Texts that follow one another are one text, and an empty one is none: the bytes may differ, the
    document doesn't. So elements are equal where a reader could not tell them apart.
    """

    tag: str
    children: tuple[Child, ...]

    def __init__(self, tag: str, children: Iterable[Child] | str | bytes = ()) -> None:
        object.__setattr__(self, "tag", tag)
        several = (children,) if isinstance(children, str | bytes) else children
        object.__setattr__(self, "children", tuple(_joined(several)) if several else ())

    def __repr__(self) -> str:
        """Tell the shape only: what is in it may be somebody's mail, or password."""
        return f"<{self.tag} with {len(self.children)} children>"

    @property
    def namespace(self) -> str:
        """The part of the tag before the colon."""
        return self.tag.partition(":")[0]

    @property
    def name(self) -> str:
        """The part of the tag behind the colon."""
        return self.tag.partition(":")[2]

    @property
    def known(self) -> bool:
        """Whether the tag stands in the table; an unknown one is named by its page and token."""
        return self.namespace != UNKNOWN

    @property
    def elements(self) -> tuple[Element, ...]:
        """The children that are elements."""
        return tuple(child for child in self.children if isinstance(child, Element))

    @property
    def text(self) -> str:
        """
        The text in it, of characters that XML can hold; see `clean`.

        Opaque bytes are read as UTF-8, as clients send text either way.
        """
        return clean(
            "".join(
                child.decode(errors="replace") if isinstance(child, bytes) else child
                for child in self.children
                if not isinstance(child, Element)
            )
        )

    @property
    def data(self) -> bytes:
        """The bytes in it, exactly as they came: what text is for MIME and conversation ids."""
        return b"".join(
            child.encode() if isinstance(child, str) else child
            for child in self.children
            if not isinstance(child, Element)
        )

    def find(self, *path: str) -> Element | None:
        """Return the first element down the tags of *path*; None where there is none."""
        if not path:
            return self
        for child in self.find_all(path[0]):
            if (found := child.find(*path[1:])) is not None:
                return found
        return None

    def find_all(self, tag: str) -> tuple[Element, ...]:
        """Return the children with *tag*."""
        return tuple(child for child in self.elements if child.tag == tag)

    def text_of(self, *path: str) -> str | None:
        """Return the text of the first element along *path*; None where there is none."""
        found = self.find(*path)
        return None if found is None else found.text

    def walk(self) -> Iterator[Element]:
        """Yield this element and all below it, in the order of the document."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(element.elements))


def _joined(children: Iterable[Child]) -> Iterator[Child]:
    """Yield *children* without what is empty, and runs of text or of bytes as one."""
    for kind, run in groupby(filter(None, children), type):
        if kind is str:
            yield "".join(cast("Iterator[str]", run))
        elif kind is bytes:
            yield b"".join(cast("Iterator[bytes]", run))
        else:
            yield from cast("Iterator[Element]", run)
