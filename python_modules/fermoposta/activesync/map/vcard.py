"""
Content lines of a vCard (RFC 6350, sections 3.2 and 3.3; RFC 2426, section 4).

A line that nobody touches is written as it was read, whatever is in it. There is one card in a
file, of version 3.0 or 4.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from fermoposta.activesync.map.errors import MalformedError, quoted

PLACE = "vCard"
VERSIONS = frozenset({"3.0", "4.0"})
_LONGEST = 4_000_000
_FOLD = 75
"""Bytes of a line; what is more continues on the next one, behind a space."""
_NAME = re.compile(r"(?:([A-Za-z0-9-]+)\.)?([A-Za-z0-9-]+)")
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)(?:=((?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*))?')
_VALUE = re.compile(r'"[^"]*"|[^",]+')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BREAKS = re.compile(r"\r\n|\r|\n")
_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Line:
    """A property: its name in capitals, its parameters, and the value as it is written."""

    name: str
    value: str
    parameters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    group: str = ""
    head: str = ""
    """All before the colon as it was read; empty where it is to be made."""

    def values(self, name: str) -> list[str]:
        """Return the values of the parameter *name*."""
        return [value for key, values in self.parameters if key == name for value in values]

    @property
    def types(self) -> frozenset[str]:
        """The types in capitals; a parameter without a name is one, as in old cards."""
        found = ",".join([*self.values("TYPE"), *self.values("")])
        return frozenset(each.strip().upper() for each in found.split(",") if each.strip())

    @property
    def text(self) -> str:
        """The value as one text."""
        return unescape(self.value)

    def parts(self, separator: str = ";") -> list[str]:
        """Return the texts between separators."""
        return [unescape(part) for part in split(self.value, separator)]

    def with_value(self, value: str) -> Line:
        """Return it with another value, which is escaped already."""
        return replace(self, value=value)


def split(value: str, separator: str) -> list[str]:
    """Return *value* parted at each *separator* that isn't escaped."""
    parts, start, at = [], 0, 0
    while at < len(value):
        if value[at] == "\\":
            at += 1
        elif value[at] == separator:
            parts.append(value[start:at])
            start = at + 1
        at += 1
    return [*parts, value[start:]]


def unescape(value: str) -> str:
    """Return the text that *value* stands for."""
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def escape(text: str) -> str:
    """Return *text* as it is written in a value."""
    escaped = re.sub(r"([\\,;])", r"\\\1", text)
    return _UNSAFE.sub("", _BREAKS.sub(r"\\n", escaped))


def parse(content: bytes) -> list[Line]:
    """Return the lines between BEGIN and END. Raises MalformedError where they are no card."""
    if len(content) > _LONGEST:
        raise MalformedError(PLACE, f"is larger than {_LONGEST} bytes")
    unfolded = re.sub(rb"\r?\n[ \t]", b"", content.removeprefix(b"\xef\xbb\xbf"))
    lines = [_line(each) for each in re.split(rb"\r?\n", unfolded) if each.strip()]
    bounds = [(line.name, line.value.strip().upper()) for line in lines if line.name in _BOUNDS]
    ends = [lines[0].name, lines[-1].name] if lines else []
    if bounds != [("BEGIN", "VCARD"), ("END", "VCARD")] or ends != ["BEGIN", "END"]:
        raise MalformedError(PLACE, "is not one card from BEGIN to END")
    found = lines[1:-1]
    versions = {line.value.strip() for line in found if line.name == "VERSION"}
    if len(versions) != 1 or not versions <= VERSIONS:
        raise MalformedError("VERSION", f"is none of {', '.join(sorted(VERSIONS))}")
    return found


def write(lines: list[Line]) -> bytes:
    """Return *lines* as a card."""
    texts = ["BEGIN:VCARD", *(f"{line.head or _head(line)}:{line.value}" for line in lines)]
    return b"".join(_folded(text.encode()) for text in [*texts, "END:VCARD"])


_BOUNDS = frozenset({"BEGIN", "END"})


def _line(data: bytes) -> Line:
    text = data.decode(errors="replace")
    name = _NAME.match(text)
    if not name:
        raise MalformedError(PLACE, f"has a line that is no property: {quoted(text)}")
    at, parameters = name.end(), []
    while found := _PARAMETER.match(text, at):
        at = found.end()
        if found[2] is None:
            parameters.append(("", (found[1],)))
        else:
            values = tuple(each.strip('"') for each in _VALUE.findall(found[2]))
            parameters.append((found[1].upper(), values))
    if text[at : at + 1] != ":":
        raise MalformedError(PLACE, f"has a line without a value: {quoted(text)}")
    line = Line(name[2].upper(), text[at + 1 :], tuple(parameters), name[1] or "", text[:at])
    return _recoded(line, data) if line.values("CHARSET") else line


def _recoded(line: Line, data: bytes) -> Line:
    """Return *line* read in its own charset; written it is UTF-8, as all is."""
    raw = data[len(line.head.encode()) + 1 :]
    try:
        value = raw.decode(line.values("CHARSET")[0])
    except (LookupError, ValueError):
        value = raw.decode(errors="replace")
    value = value.replace("\r", "").replace("\n", "")
    kept = tuple(each for each in line.parameters if each[0] != "CHARSET")
    return replace(line, value=value, parameters=kept, head="")


def _head(line: Line) -> str:
    group = f"{line.group}." if line.group else ""
    parameters = (
        f";{name}={','.join(map(_quoted, values))}" if name else f";{values[0]}"
        for name, values in line.parameters
    )
    return "".join([group, line.name, *parameters])


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search("[;:,]", value) else value


def _folded(data: bytes) -> bytes:
    """Return *data* as lines of at most 75 bytes, no character in half."""
    lines, room = [], _FOLD
    while len(data) > room:
        cut = room
        while data[cut] & 0xC0 == 0x80:
            cut -= 1
        lines.append(data[:cut])
        data, room = data[cut:], _FOLD - 1
    return b"\r\n ".join([*lines, data]) + b"\r\n"
