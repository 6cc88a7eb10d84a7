"""The directory in a service's memory, kept up to date by the change feed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fermoposta.directory.store.base import Change, Store


class Replica:
    """
    What *store* holds, as of the last `catch_up`.

    *state* is replaced, never changed: whoever took it works on with one moment's directory, in
    any thread. Wake `catch_up` by NOTIFY (`Store.listen`, or a connection of one's own).
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.state, self.position = store.snapshot()

    def catch_up(self) -> list[Change]:
        """Take in what changed since, and return it; raises StoreError, and then nothing changed.

        Only the records that the feed names are read.
        """
        state, changes = self._store.news(self.state, self.position)
        if changes:
            self.state, self.position = state, changes[-1].id
        return changes
