"""The company's address book as a folder of contacts, which devices read and nobody changes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, cast

from fermoposta.activesync.map import person
from fermoposta.activesync.sources.base import Done, Rendered, Status
from fermoposta.activesync.sources.versioned import VersionedSource
from fermoposta.activesync.state import tagged
from fermoposta.activesync.state.items import Item, Kind
from fermoposta.activesync.state.tagged import Listing, TaggedState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from fermoposta.activesync.people import Person
    from fermoposta.activesync.sources.base import Difference
    from fermoposta.activesync.wbxml import Element


class PeopleSource(VersionedSource):
    """Everybody whom the user's address book shows; an item is called by the address."""

    __slots__ = ()

    async def unchanged(self, state: object) -> bool:
        """Tell by the folder's tag alone whether there is nothing to tell."""
        return cast("TaggedState", state).unchanged(await self.tag(), None)

    async def difference(self, state: object) -> Difference:
        """Return what a client with *state* is to be told."""
        there = await self._people()
        items = {name: _version(each) for name, each in there.items()}
        return tagged.difference(cast("TaggedState", state), Listing(_tag(there), items))

    async def render(self, items: Sequence[Item]) -> AsyncIterator[Rendered]:
        """Yield *items* as they are sent, in their order."""
        there = await self._people()
        for item in items:
            if item.kind in {Kind.DELETE, Kind.SOFT_DELETE}:
                yield Rendered(item, size=50)
            elif item.id in there:
                yield self._rendered(item, there[item.id])

    async def tag(self) -> str:
        """Return what is another after each change in the folder."""
        return _tag(await self._people())

    async def names(self) -> Iterable[str]:
        """Return all addresses."""
        return await self._people()

    async def named(self, name: str) -> Rendered:
        """Return one entry, without data where there is none."""
        item = Item(Kind.ADD, name)
        found = (await self._people()).get(name)
        return Rendered(item) if found is None else self._rendered(item, found)

    async def add(self, state: object, client_id: str, data: Element) -> Done:
        """Refuse: people are declared elsewhere."""
        del client_id, data
        return Done(Status.CANNOT, state)

    async def change(
        self, state: object, item: str, data: Element, *, instance: str | None = None
    ) -> Done:
        """Refuse, and have the entry sent again as it is."""
        del data, instance
        name = await self.find(state, item)
        has = cast("TaggedState", state)
        return Done(Status.CANNOT, has if name is None else has.doubting(name))

    async def delete(
        self, state: object, item: str, *, to_trash: bool, instance: str | None = None
    ) -> Done:
        """Refuse, and have the entry sent again."""
        del to_trash, instance
        name = await self.find(state, item)
        has = cast("TaggedState", state)
        return Done(Status.CANNOT, has if name is None else has.missing(name))

    async def _people(self) -> dict[str, Person]:
        owner = self.session.owner.address
        return {each.address: each for each in await self.session.people.everybody(owner)}

    def _rendered(self, item: Item, found: Person) -> Rendered:
        return Rendered(item, person.contact(found), size=500)


def _version(found: Person) -> str:
    return hashlib.sha256(repr(found).encode()).hexdigest()[:12]


def _tag(there: dict[str, Person]) -> str:
    return hashlib.sha256("".join(map(_version, there.values())).encode()).hexdigest()[:20]
