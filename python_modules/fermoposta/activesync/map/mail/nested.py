"""What a client of IMAP gives for parenthesised lists: nested tuples of text, numbers and None."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from fermoposta.activesync.map.mail import words
from fermoposta.activesync.map.mail.errors import StructureError

if TYPE_CHECKING:
    from collections.abc import Sequence

Nested: TypeAlias = "str | bytes | int | Sequence[Nested] | None"


def fields_of(nested: Nested) -> Sequence[Nested]:
    """Return the fields of a list; raises StructureError where it is none."""
    if not isinstance(nested, list | tuple):
        raise StructureError(f"a {type(nested).__name__} instead of fields")
    return nested


def text_of(nested: Nested) -> str:
    """Return a text, empty for None; raises StructureError where it is none."""
    if nested is None:
        return ""
    if not isinstance(nested, str | bytes):
        raise StructureError(f"a {type(nested).__name__} instead of text")
    return words.raw(nested)
