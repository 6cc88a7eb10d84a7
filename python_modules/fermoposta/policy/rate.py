"""How many recipients each log-in has named within the last hour, by minutes."""

from collections.abc import Iterable
from typing import NamedTuple

WINDOW = 60
"""Minutes that count."""


class Count(NamedTuple):
    """The recipients that *login* named in the minute *minute* since 1970."""

    login: str
    minute: int
    n: int


class Rate:
    """Counts in memory. What is new since the last `fresh` can be kept elsewhere."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[int, int]] = {}
        self._changed: set[tuple[str, int]] = set()

    def used(self, login: str, minute: int) -> int:
        """Return how many recipients *login* named in the hour that ends with *minute*."""
        minutes = self._counts.get(login, {})
        return sum(n for at, n in minutes.items() if at > minute - WINDOW)

    def add(self, login: str, minute: int) -> None:
        """Count one recipient more."""
        minutes = self._counts.setdefault(login, {})
        minutes[minute] = minutes.get(minute, 0) + 1
        self._changed.add((login, minute))

    def restore(self, counts: Iterable[Count]) -> None:
        """Take in what was counted before this process began; what was counted since stays."""
        for login, minute, n in counts:
            minutes = self._counts.setdefault(login, {})
            minutes[minute] = minutes.get(minute, 0) + n

    def fresh(self) -> list[Count]:
        """Return the counts that changed since the last call."""
        changed, self._changed = self._changed, set()
        return [Count(login, minute, self._counts[login][minute]) for login, minute in changed]

    def again(self, counts: Iterable[Count]) -> None:
        """Return *counts* with the next `fresh` once more: they could not be kept."""
        self._changed |= {(login, minute) for login, minute, _ in counts}

    def forget(self, minute: int) -> None:
        """Drop what no longer counts at *minute*."""
        for login, minutes in list(self._counts.items()):
            for at in [at for at in minutes if at <= minute - WINDOW]:
                del minutes[at]
                self._changed.discard((login, at))
            if not minutes:
                del self._counts[login]
