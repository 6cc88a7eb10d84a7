"""How often a password may be guessed: wrong ones of the last quarter of an hour are counted."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fermoposta.service.client_address import network_of

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW = 900.0
"""Seconds for which a failure counts."""
LIMITS = {"pair": 10, "client": 50, "address": 100}
"""Failures of one address from one client, of one client, and of one address."""
REMEMBERED = 50_000
"""Names that are counted at once; beyond it the one that failed longest ago is forgotten."""


@dataclass(slots=True)
class Attempts:
    """Counts wrong passwords; *clock* is in seconds, and only goes forward."""

    clock: Callable[[], float]
    _failed: OrderedDict[tuple[str, str], deque[float]] = field(default_factory=OrderedDict)

    def exceeded(self, address: str, client: str) -> bool:
        """Tell whether *client* has to wait before it may try *address* again."""
        return any(
            self._count(name) >= LIMITS[name[0]] for name in _names(address, network_of(client))
        )

    def count(self, address: str, client: str) -> None:
        """Count an attempt: before it is judged, or many at once would all be let through."""
        now = self.clock()
        for name in _names(address, network_of(client)):
            times = self._failed.setdefault(name, deque(maxlen=LIMITS[name[0]]))
            times.append(now)
            self._failed.move_to_end(name)
        while len(self._failed) > REMEMBERED:
            self._failed.popitem(last=False)

    def take_back(self, address: str, client: str) -> None:
        """Take back the attempt that was counted last: it was right, or could not be judged."""
        for name in _names(address, network_of(client)):
            if times := self._failed.get(name):
                times.pop()

    def forgive(self, address: str, client: str) -> None:
        """Forget what *client* did wrong with *address*: it has shown that it knows better."""
        self.take_back(address, client)
        self._failed.pop(("pair", f"{address} {network_of(client)}"), None)

    def _count(self, name: tuple[str, str]) -> int:
        times = self._failed.get(name)
        if times is None:
            return 0
        first = self.clock() - WINDOW
        while times and times[0] <= first:
            times.popleft()
        if not times:
            del self._failed[name]
        return len(times)


def _names(address: str, network: str) -> tuple[tuple[str, str], ...]:
    return ("pair", f"{address} {network}"), ("client", network), ("address", address)
