"""
YAML read from the parser's events, which is three times as quick as PyYAML's own way to values.

Understands what an inventory needs: mappings, lists, scalars, anchors, merge keys, ``!vault`` and
``!unsafe``. A key that stands twice is a problem here, where PyYAML and Ansible let the last win.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import yaml
from yaml.constructor import ConstructorError, SafeConstructor

from fermoposta.directory.model import Opaque
from fermoposta.directory.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

_RESOLVERS = yaml.SafeLoader.yaml_implicit_resolvers
_CONSTRUCTORS = SafeConstructor.yaml_constructors
_NULL = "tag:yaml.org,2002:null"
_STR = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_VAULT_TAGS = frozenset({"!vault", "!vault-encrypted"})
_PLAIN_TAGS = frozenset({None, "!", _STR, "!unsafe"})


def join(path: str, key: object) -> str:
    """Return the path of *key* below *path*: dotted for a name, in brackets for a position."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


def _error(message: str, event: Any) -> ConstructorError:  # noqa: ANN401 - PyYAML has no types
    return ConstructorError(None, None, message, event.start_mark)


class _Merge:
    """The key ``<<``."""


class Builder:
    """
    Make values of the one document in *text*, and note the keys that stand twice.

    With *lines*, the line of every path is noted there: slower, wanted only to say where a
    problem is.
    """

    def __init__(self, text: str, name: str, lines: dict[str, int] | None = None) -> None:
        self._next: Callable[[], Any] = yaml.CSafeLoader(text).get_event
        self._name = name
        self._anchors: dict[str, object] = {}
        self._lines = lines
        self._plain: dict[str, object] = {}
        self.problems: list[Problem] = []

    def build(self) -> object:
        """Return the value of the document; None where there is none. Raises yaml.YAMLError."""
        value: object = None
        event = self._next()
        while not isinstance(event, yaml.StreamEndEvent):
            if isinstance(event, yaml.DocumentStartEvent):
                if value is not None:
                    raise _error("more than one document", event)
                value = self._value(self._next(), "")
            event = self._next()
        return value

    def _value(self, event: Any, path: str) -> object:  # noqa: ANN401 - PyYAML has no types
        kind = type(event)
        if kind is yaml.AliasEvent:
            return self._anchors.get(event.anchor)
        if self._lines is not None:
            self._lines.setdefault(path, event.start_mark.line + 1)
        value: object
        if kind is yaml.ScalarEvent:
            value = self._scalar(event)
        elif kind is yaml.MappingStartEvent:
            value = self._mapping(path)
        else:
            value = self._sequence(path)
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        return value

    def _sequence(self, path: str) -> list[object]:
        values: list[object] = []
        while type(event := self._next()) is not yaml.SequenceEndEvent:
            values.append(self._value(event, join(path, len(values))))
        return values

    def _mapping(self, path: str) -> dict[object, object]:
        values: dict[object, object] = {}
        merged: list[object] = []
        while type(event := self._next()) is not yaml.MappingEndEvent:
            key = self._value(event, path)
            if key is _Merge:
                merged.append(self._value(self._next(), path))
                continue
            if not isinstance(key, str | int | float | bool | None):
                raise _error("a key is no plain text", event)
            below = f"{path}.{key}" if path else str(key)
            if key in values:
                self._twice(below, event.start_mark.line + 1)
            if self._lines is not None:
                self._lines.setdefault(below, event.start_mark.line + 1)
            values[key] = self._value(self._next(), below)
        for source in merged:
            for each in source if isinstance(source, list) else [source]:
                for key, value in cast("dict[object, object]", each or {}).items():
                    values.setdefault(key, value)
        return values

    def _twice(self, path: str, line: int) -> None:
        self.problems.append(
            Problem(
                path,
                "stands twice",
                "keep one; the first would be lost without a word",
                f"{self._name}:{line}",
            )
        )

    def _scalar(self, event: Any) -> object:  # noqa: ANN401 - PyYAML has no types
        text: str = event.value
        if event.implicit[0]:
            if text not in self._plain:
                self._plain[text] = self._resolved(text, event)
            return self._plain[text]
        if event.tag in _PLAIN_TAGS:
            return text
        if event.tag in _VAULT_TAGS:
            return Opaque("vaulted")
        return self._construct(event.tag, event)

    def _resolved(self, text: str, event: Any) -> object:  # noqa: ANN401 - PyYAML has no types
        tag = _NULL if text == "" else _STR
        for candidate, pattern in _RESOLVERS.get(text[:1], ()):
            if pattern.match(text):
                tag = candidate
                break
        if tag == _STR:
            return text
        return _Merge if tag == _MERGE else self._construct(tag, event)

    def _construct(self, tag: str, event: Any) -> object:  # noqa: ANN401 - PyYAML has no types
        make = _CONSTRUCTORS.get(tag)
        if make is None:
            raise _error(f"the tag {tag} is unknown here", event)
        node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
        return cast("object", make(SafeConstructor(), node))
