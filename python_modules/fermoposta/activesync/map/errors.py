"""
What can go wrong between an item in a store and the elements that a phone knows.

* MapError               the base of all: this one item can't be mapped; others can
  + InexpressibleError   the protocol has no words for a property of the item; says which
  + MalformedError       an element, or the item itself, can't be understood; says where
"""

SHOWN = 80
"""Characters of a value that an error quotes."""


class MapError(Exception):
    """*place*, a property or a tag, keeps one item from being mapped; *problem* says how."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place} {problem}")
        self.place = place
        self.problem = problem


class InexpressibleError(MapError):
    """The item is right, but no phone can be told of it; it is skipped and named."""


class MalformedError(MapError):
    """The item, or what a phone has sent for it, is not as its specification demands."""


def quoted(value: str) -> str:
    """Return *value* for an error's text, cut where it is long."""
    return repr(value[:SHOWN])
