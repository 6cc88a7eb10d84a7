"""
What a device has learned of a folder by another command than Sync (MoveItems, ItemOperations).

It is not told of that by Sync again. Where its state can't be read it is left alone: Sync will say
what is wrong with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fermoposta.activesync import known
from fermoposta.activesync.state.errors import StoredStateError
from fermoposta.activesync.store.model import OvertakenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fermoposta.activesync.session import Session
    from fermoposta.activesync.sources.base import Source

_TRIES = 5


async def amend(session: Session, source: Source, change: Callable[[object], object]) -> None:
    """Make *change* to what the session's device has of the folder of *source*."""
    for _ in range(_TRIES):
        try:
            had = await known.read(session, source.folder.id, source.load)
        except StoredStateError:
            return
        if had.collection is None:
            return
        changed = replace(had, collection=had.collection.amending(change))
        try:
            await known.keep(session, source.folder.id, changed, source.dump)
        except OvertakenError:
            continue
        return
