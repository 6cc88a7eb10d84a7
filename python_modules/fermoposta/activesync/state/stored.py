"""Read stored values, which may be of any shape, and say what is wrong with them."""

from __future__ import annotations

from typing import TypeAlias

from fermoposta.activesync.state.errors import StoredStateError

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"
"""What a jsonb column holds. No floats: nothing that is compared may be inexact."""


def fields(value: object, version: int) -> dict[str, object]:
    """Return the fields of *value*, where it is an object of *version*."""
    if not isinstance(value, dict):
        raise StoredStateError(f"a {type(value).__name__} instead of an object")
    if value.get("version") != version:
        raise StoredStateError(f"version {value.get('version')!r:.40} instead of {version}")
    return value


def number(value: object, least: int = 0) -> int:
    """Return *value* where it is a whole number and not below *least*."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise StoredStateError(f"a {type(value).__name__} instead of a number from {least}")
    return value


def text(value: object) -> str:
    """Return *value* where it is text."""
    if not isinstance(value, str):
        raise StoredStateError(f"a {type(value).__name__} instead of text")
    return value


def optional_text(value: object) -> str | None:
    """Return *value* where it is text or nothing."""
    return None if value is None else text(value)


def flag(value: object) -> bool:
    """Return *value* where it is yes or no."""
    if not isinstance(value, bool):
        raise StoredStateError(f"a {type(value).__name__} instead of true or false")
    return value


def rows(value: object, width: int) -> list[list[object]]:
    """Return *value* where it is a list of lists of *width* values."""
    if not isinstance(value, list):
        raise StoredStateError(f"a {type(value).__name__} instead of a list")
    for row in value:
        if not isinstance(row, list) or len(row) != width:
            raise StoredStateError(f"a row that has not {width} values")
    return value


def texts(value: object) -> tuple[str, ...]:
    """Return *value* where it is a list of texts."""
    if not isinstance(value, list):
        raise StoredStateError(f"a {type(value).__name__} instead of a list")
    return tuple(text(each) for each in value)
