"""What is kept of a device and one of its folders: what it has, and how it wants it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fermoposta.activesync import options as options_
from fermoposta.activesync.options import Options
from fermoposta.activesync.state import generations, stored
from fermoposta.activesync.state.errors import StoredStateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fermoposta.activesync.session import Session
    from fermoposta.activesync.state.generations import Collection
    from fermoposta.activesync.state.stored import Json

VERSION = 1


@dataclass(frozen=True, slots=True)
class Known:
    """What is known; *revision* is of what was read."""

    collection: Collection[object] | None
    options: Options
    removes: tuple[str, ...] = ()
    """Tags that the device never leaves out of a change (Supported)."""
    revision: int = 0

    @property
    def newest(self) -> object | None:
        """What the device has if it got the last answer; None where it has nothing."""
        if self.collection is None:
            return None
        generation = self.collection.pending or self.collection.base
        return None if generation is None else generation.state


async def read(session: Session, folder: str, load: Callable[[object], object]) -> Known:
    """Return what is known of the session's device and *folder*; raises StoredStateError."""
    kept = await session.store.kept(session.device.user, session.device.id, folder)
    if kept.value is None:
        return Known(None, Options(), revision=kept.revision)
    found = stored.fields(kept.value, VERSION)
    return Known(
        generations.load(found.get("collection"), load),
        options_.load(found.get("options")),
        stored.texts(found.get("removes")),
        kept.revision,
    )


async def options_of(session: Session, folder: str) -> Known:
    """Return what is known but for what the device has; nothing where that can't be read."""
    try:
        return await read(session, folder, lambda value: value)
    except StoredStateError:
        kept = await session.store.kept(session.device.user, session.device.id, folder)
        return Known(None, Options(), revision=kept.revision)


async def keep(
    session: Session, folder: str, known: Known, dump: Callable[[object], Json]
) -> Known:
    """Keep *known*; raises OvertakenError where another request of the device was quicker."""
    if known.collection is None:
        raise ValueError("nothing is known that could be kept")
    value: Json = {
        "version": VERSION,
        "collection": generations.dump(known.collection, dump),
        "options": options_.dump(known.options),
        "removes": list(known.removes),
    }
    revision = await session.store.keep(
        session.device.user, session.device.id, folder, value, known.revision
    )
    return replace(known, revision=revision)
