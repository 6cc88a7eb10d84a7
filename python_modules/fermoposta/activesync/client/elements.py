"""Documents that are made of what is wanted, and read with what was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync.client.errors import AnswerError, StatusError
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from collections.abc import Container

    from fermoposta.activesync.wbxml.element import Child

SUCCESS = frozenset({1})


def make(tag: str, *children: Child | None) -> Element:
    """Return an element of *children*, without those that are None."""
    return Element(tag, [child for child in children if child is not None])


def value(tag: str, content: str | int | bytes | None) -> Element | None:
    """Return an element that holds *content*; None where there is none."""
    if content is None:
        return None
    return Element(tag, content if isinstance(content, bytes) else str(content))


def flag(tag: str, wanted: bool) -> Element | None:
    """Return the empty element that says yes by being there."""
    return Element(tag) if wanted else None


def number(command: str, element: Element, *path: str) -> int | None:
    """Return the number along *path*; None where nothing is. Raises AnswerError."""
    text = element.text_of(*path)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise AnswerError(command, f"{path[-1]} is {text[:40]!r} and no number")
    return int(text)


def needed(command: str, element: Element, *path: str) -> str:
    """Return the text along *path*. Raises AnswerError where nothing is."""
    text = element.text_of(*path)
    if text is None:
        raise AnswerError(command, f"{'/'.join(path)} is missing in {element.tag}")
    return text


def check(
    command: str,
    answer: Element,
    element: Element,
    tag: str,
    *,
    good: Container[int] = SUCCESS,
    optional: bool = False,
) -> int:
    """
    Return the status that *element* has in its child *tag*.

    Raises StatusError, with the whole *answer*, where it is none of *good*; AnswerError where there
    is none, unless it is *optional*, which counts as 1.
    """
    status = number(command, element, tag)
    if status is None:
        if optional:
            return 1
        raise AnswerError(command, f"{tag} is missing in {element.tag}")
    if status not in good:
        raise StatusError(command, tag, status, answer)
    return status


def root(command: str, answer: Element | None, tag: str) -> Element:
    """Return *answer* where it is a document of *tag*. Raises AnswerError."""
    if answer is None:
        raise AnswerError(command, "the answer is empty")
    if answer.tag != tag:
        raise AnswerError(command, f"the answer is {answer.tag} instead of {tag}")
    return answer
