"""
The parts of a mail, as IMAP's BODYSTRUCTURE tells them (RFC 9051, section 7.5.2).

A client of IMAP gives it as nested tuples of text, numbers and None. Extension data may be missing
from any place on; what stands behind what we know is passed over, as the RFC demands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fermoposta.activesync.map.mail import words
from fermoposta.activesync.map.mail.errors import StructureError
from fermoposta.activesync.map.mail.nested import fields_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fermoposta.activesync.map.mail.nested import Nested

DEEPEST = 50
"""Parts within parts; a mail with more was made to do harm."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part, with the number by which it is fetched; a multipart's own number fetches nothing."""

    section: str
    type: str
    """As ``text/plain``, in small letters."""
    params: Mapping[str, str] = field(default_factory=dict)
    encoding: str = "7bit"
    size: int = 0
    """Bytes as they are stored, so of base64 a third more than the content."""
    content_id: str = ""
    """Without the angle brackets, as HTML refers to it."""
    disposition: str = ""
    disposition_params: Mapping[str, str] = field(default_factory=dict)
    location: str = ""
    subject: str = ""
    """Of a mail that is attached."""
    parts: tuple[Part, ...] = ()

    @property
    def main(self) -> str:
        """The type before the slash."""
        return self.type.partition("/")[0]

    @property
    def name(self) -> str:
        """What the sender called it; empty where it has no name."""
        return self.disposition_params.get("filename") or self.params.get("name", "")

    def walk(self) -> Iterator[Part]:
        """Yield this part and those in it, in order."""
        yield self
        for part in self.parts:
            yield from part.walk()


def parse(nested: Nested) -> Part:
    """Return the part that is the whole mail. Raises StructureError, and nothing else."""
    return _part(nested, "", 0)


def _part(nested: Nested, prefix: str, depth: int) -> Part:
    """Return the part *nested*, whose children are numbered below *prefix*."""
    fields = fields_of(nested)
    if depth > DEEPEST:
        raise StructureError(f"parts within parts, more than {DEEPEST} deep")
    if not fields:
        raise StructureError("a part without fields")
    if isinstance(fields[0], list | tuple):
        return _multipart(fields, prefix, depth)
    return _single(fields, prefix or "1", depth)


def _multipart(fields: Sequence[Nested], prefix: str, depth: int) -> Part:
    count = 0
    while count < len(fields) and isinstance(fields[count], list | tuple):
        count += 1
    inner, rest = fields[:count], fields[count:]
    # Some clients give the parts as one list in front of the other fields.
    if isinstance(fields[0], list) and count == 1:
        inner = fields[0]
    parts = tuple(
        _part(each, f"{prefix}.{number}" if prefix else f"{number}", depth + 1)
        for number, each in enumerate(inner, 1)
    )
    disposition, about = _disposition(_at(rest, 2))
    return Part(
        section=prefix,
        type=f"multipart/{text_of(_at(rest, 0)).lower() or 'mixed'}",
        params=_params(_at(rest, 1)),
        disposition=disposition,
        disposition_params=about,
        location=text_of(_at(rest, 4)),
        parts=parts,
    )


def _single(fields: Sequence[Nested], section: str, depth: int) -> Part:
    type_ = f"{text_of(fields[0])}/{text_of(_at(fields, 1))}".lower()
    behind = 7  # fields that every part has; then those of its type, then extensions
    subject = ""
    parts: tuple[Part, ...] = ()
    if type_ in {"message/rfc822", "message/global"} and isinstance(_at(fields, 8), list | tuple):
        subject = _subject(_at(fields, 7))
        parts = (_attached(_at(fields, 8), section, depth + 1),)
        behind = 10
    elif type_.startswith("text/"):
        behind = 8
    disposition, about = _disposition(_at(fields, behind + 1))
    return Part(
        section=section,
        type=type_,
        params=_params(_at(fields, 2)),
        encoding=text_of(_at(fields, 5)).lower() or "7bit",
        size=_number(_at(fields, 6)),
        content_id=text_of(_at(fields, 3)).strip().removeprefix("<").removesuffix(">"),
        disposition=disposition,
        disposition_params=about,
        location=text_of(_at(fields, behind + 3)),
        subject=subject,
        parts=parts,
    )


def _attached(nested: Nested, section: str, depth: int) -> Part:
    """Return the body of a mail that is attached: its single part is number 1 below the mail's."""
    fields = fields_of(nested)
    multipart = bool(fields) and isinstance(fields[0], list | tuple)
    return _part(nested, section if multipart else f"{section}.1", depth)


def _at(fields: Sequence[Nested], index: int) -> Nested:
    return fields[index] if index < len(fields) else None


def _number(nested: Nested) -> int:
    if nested is None:
        return 0
    if not isinstance(nested, int) or nested < 0:
        raise StructureError(f"a {type(nested).__name__} instead of a size")
    return nested


def _params(nested: Nested) -> dict[str, str]:
    if nested is None or (isinstance(nested, str | bytes) and not nested):
        return {}
    flat = fields_of(nested)
    if len(flat) % 2:
        raise StructureError("a parameter without a value")
    names, values = flat[::2], flat[1::2]
    return words.parameters(
        (text_of(name), text_of(value)) for name, value in zip(names, values, strict=True)
    )


def _disposition(nested: Nested) -> tuple[str, dict[str, str]]:
    if nested is None:
        return "", {}
    fields = fields_of(nested)
    return text_of(_at(fields, 0)).lower(), _params(_at(fields, 1))


def _subject(envelope: Nested) -> str:
    if not isinstance(envelope, list | tuple):
        return ""
    return words.unstructured(text_of(_at(envelope, 1)))
