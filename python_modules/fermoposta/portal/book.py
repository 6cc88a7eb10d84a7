"""The directory as the portal reads and changes it: whole, up to date, and by plans alone."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from fermoposta.directory.store import StaleError
from fermoposta.directory.store.replica import Replica

if TYPE_CHECKING:
    from collections.abc import Callable

    from fermoposta.directory.model import State
    from fermoposta.directory.steps import Plan
    from fermoposta.directory.store import Store

_ATTEMPTS = 3
"""How often a change is planned anew where somebody else writes at the same moment."""


class Book:
    """
    What *store* holds. May be used by any thread.

    The directory is read whole once, when it is first needed; after that only what has changed is.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._lock = Lock()
        self._replica: Replica | None = None

    def state(self) -> State:
        """
        Return the directory as it is now; never changed, so that it can be kept for a page.

        Raises StoreError, or what the database raises where it is away.
        """
        with self._lock:
            if self._replica is None:
                self._replica = Replica(self.store)
            else:
                self._replica.catch_up()
            return self._replica.state

    def change(self, make: Callable[[State], Plan], *, actor: str, dry_run: bool = False) -> Plan:
        """
        Carry out the plan that *make* makes of the directory as it is, for *actor*; return it.

        With *dry_run* it is only made. Raises PlanError where the plan is refused, and StaleError
        where others were quicker each time.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            made = make(self.state())
            if not made or dry_run:
                return made
            try:
                self.store.apply(made, actor=actor)
            except StaleError:
                if attempt == _ATTEMPTS:
                    raise
            else:
                return made
        raise AssertionError("unreachable")
