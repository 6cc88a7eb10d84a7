"""
What a device knows of the tree of folders (FolderSync, MS-ASCMD, section 2.2.1.5).

Its keys work as those of folders do: a lost answer is sent again (``state.generations``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

from fermoposta.activesync.state import generations, stored
from fermoposta.activesync.state.errors import StoredStateError
from fermoposta.activesync.state.generations import Collection, Generation, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.session import Session
    from fermoposta.activesync.state.items import Response
    from fermoposta.activesync.state.stored import Json

NAME = ".folders"
"""What it is kept as."""

State: TypeAlias = "dict[str, tuple[str, str, int]]"
"""Id to parent, name and type."""


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """What a device knows; *revision* is of what was read."""

    collection: Collection[State] | None
    revision: int

    @property
    def newest(self) -> State | None:
        """What the device knows if it got the last answer; None where it knows nothing."""
        if self.collection is None:
            return None
        generation = self.collection.pending or self.collection.base
        return None if generation is None else generation.state


async def read(session: Session) -> Hierarchy:
    """Return what the session's device knows; nothing where that can't be read any more."""
    kept = await session.store.kept(session.device.user, session.device.id, NAME)
    if kept.value is None:
        return Hierarchy(None, kept.revision)
    try:
        return Hierarchy(generations.load(kept.value, _load), kept.revision)
    except StoredStateError:
        return Hierarchy(None, kept.revision)


def received(hierarchy: Hierarchy, key: str) -> tuple[Turn, Collection[State]]:
    """Return what a request with *key* asks for; raises SyncKeyError."""
    return generations.receive(hierarchy.collection, key, fresh=uuid4(), empty={})


async def answering(
    session: Session,
    hierarchy: Hierarchy,
    collection: Collection[State],
    state: State,
    responses: Iterable[Response] = (),
) -> str:
    """Keep that the device knows *state* after this answer, and return its key."""
    if collection.base is None:
        # It has nothing yet: the first answer says all.
        first = Generation(1, state).responding(responses)
        after = Collection(collection.uuid, None, first)
    else:
        after = replace(collection, pending=None).answering(state, responses=responses)
    value = generations.dump(after, _dump)
    device = session.device
    await session.store.keep(device.user, device.id, NAME, value, hierarchy.revision)
    return str(after.key)


async def acknowledged(
    session: Session, hierarchy: Hierarchy, collection: Collection[State]
) -> None:
    """Keep that the device has got the last answer."""
    value = generations.dump(collection, _dump)
    device = session.device
    await session.store.keep(device.user, device.id, NAME, value, hierarchy.revision)


def state_of(folders: Iterable[Folder], version: str) -> State:
    """Return *folders* as a device of *version* knows them; notes came with 14.0."""
    return {
        each.id: (each.parent, each.name, int(each.type))
        for each in folders
        if version != "12.1" or each.class_ != "Notes"
    }


def base_of(collection: Collection[State]) -> Mapping[str, tuple[str, str, int]]:
    """Return what the device surely knows."""
    return {} if collection.base is None else collection.base.state


def _dump(state: State) -> Json:
    return [[id_, parent, name, type_] for id_, (parent, name, type_) in state.items()]


def _load(value: object) -> State:
    return {
        stored.text(id_): (stored.text(parent), stored.text(name), stored.number(type_))
        for id_, parent, name, type_ in stored.rows(value, 4)
    }
