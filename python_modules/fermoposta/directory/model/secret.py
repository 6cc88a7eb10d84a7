"""Values that may be used but not shown."""

from __future__ import annotations


class Secret:
    """A plain password or answer. It has no repr, so that no log, diff or traceback holds it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return what is hidden, for the one place that hashes it."""
        return self._value

    def __eq__(self, other: object) -> bool:
        """Compare by what is hidden."""
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        """Hash by what is hidden."""
        return hash(self._value)

    def __repr__(self) -> str:
        """Hide the value."""
        return "Secret(…)"


class Opaque:
    """
    A secret that nobody could read yet: vaulted, or the result of a template.

    It is good enough to check an inventory with, not to make a user from.
    """

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __repr__(self) -> str:
        """Say why it cannot be read."""
        return f"Opaque({self.reason!r})"
