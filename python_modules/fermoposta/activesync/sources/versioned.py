"""What folders have in common whose items have names and versions (``state.tagged``)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from fermoposta.activesync import serverid
from fermoposta.activesync.sources.base import Rendered
from fermoposta.activesync.state import tagged
from fermoposta.activesync.state.items import Item, Kind
from fermoposta.activesync.state.tagged import TaggedState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.options import Options
    from fermoposta.activesync.session import Session
    from fermoposta.activesync.sources.base import Difference
    from fermoposta.activesync.state.stored import Json
    from fermoposta.activesync.wbxml import Element


@dataclass(frozen=True, slots=True)
class VersionedSource(ABC):
    """A folder, for a device that has *options*."""

    session: Session
    folder: Folder
    options: Options

    @abstractmethod
    async def names(self) -> Iterable[str]:
        """Return what all items are called, those outside of the filter window included."""

    @abstractmethod
    async def named(self, name: str) -> Rendered:
        """Return one item, without data where it is gone."""

    @property
    def replaces(self) -> bool:
        """No: an item stays the same one."""
        return False

    def empty(self) -> object:
        """Return the state of a client that has nothing."""
        return TaggedState()

    def load(self, value: object) -> object:
        """Return the state that was kept; raises StoredStateError."""
        return tagged.load(value)

    def dump(self, state: object) -> Json:
        """Return what is kept of *state*."""
        return tagged.dump(cast("TaggedState", state))

    async def check(self, state: object) -> None:
        """Accept any *state*: names mean what they did, whatever was done to the folder."""
        del state

    def taken(
        self, difference: Difference, count: int, rendered: Sequence[Rendered]
    ) -> tuple[object, bool]:
        """Return what a client has after the first *count* items, and whether there are more."""
        _, more, state = cast("tagged.Difference", difference).first(count)
        tags = {each.item.id: each.tag for each in rendered if each.tag}
        return tagged.retagged(state, tags, tags), more

    def server_id(self, item: str) -> str:
        """Return the ServerId of the item that is called *item*."""
        return serverid.join(self.folder.id, serverid.digest(item))

    def unseen(self, state: object, item: str) -> object:
        """Return *state* where the version on the client is another than that of *item*."""
        return cast("TaggedState", state).doubting(item)

    async def again(self, item: str, data: Element) -> Element | None:
        """Return nothing: what a client has made it knows."""
        del item, data
        return None

    async def find(self, state: object, item: str) -> str | None:
        """Return what the item with this id is called."""
        for name in cast("TaggedState", state).items:
            if serverid.digest(name) == item:
                return name
        names = await self.names()
        return next((name for name in names if serverid.digest(name) == item), None)

    async def fetch(self, state: object, item: str) -> Rendered:
        """Return one item by its id; without data where it is gone."""
        name = await self.find(state, item)
        return Rendered(Item(Kind.ADD, item)) if name is None else await self.named(name)

    @property
    def since(self) -> date | None:
        """The first day of the filter window, in folders that have one."""
        return None
