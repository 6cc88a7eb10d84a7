"""
What a client has of a folder whose items have versions: appointments, tasks, contacts, notes.

Each item has a name, which the store gave it, and a tag that is another after each change (ETag).
What a client is told is the difference of two such lists. These folders hold hundreds of items, not
tens of thousands, so the list is kept as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain, islice
from typing import TYPE_CHECKING

from fermoposta.activesync.state import stored
from fermoposta.activesync.state.errors import StoredStateError
from fermoposta.activesync.state.items import Item, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fermoposta.activesync.state.stored import Json

VERSION = 1
UNKNOWN = ""
"""The tag of an item whose version on the client is to be replaced, whatever it is."""


@dataclass(frozen=True, slots=True)
class TaggedState:
    """Names and tags of what a client has."""

    tag: str = ""
    """What the folder said of itself when the client was last told something."""
    items: Mapping[str, str] = field(default_factory=dict)
    since: date | None = None
    """Where its filter window began then."""
    complete: bool = False
    """Whether nothing was held back then."""

    def unchanged(self, tag: str, since: date | None) -> bool:
        """Whether there is nothing to tell, by the folder's tag alone."""
        return self.complete and (self.tag, self.since) == (tag, since)

    def having(self, name: str, tag: str) -> TaggedState:
        """Return it after the client has put or changed *name*; it isn't told of that."""
        return replace(self, items={**self.items, name: tag})

    def without(self, name: str) -> TaggedState:
        """Return it after the client has deleted *name*."""
        return replace(self, items={each: tag for each, tag in self.items.items() if each != name})

    def doubting(self, name: str) -> TaggedState:
        """Return it where the client is sent *name* again: what it did there was refused."""
        if name not in self.items:
            return self
        return replace(self.having(name, UNKNOWN), complete=False)

    def missing(self, name: str) -> TaggedState:
        """Return it where the client is sent *name* anew: it was not deleted after all."""
        return replace(self.without(name), complete=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """What the server has: *tag* is read before the list, so that nothing is missed."""

    tag: str
    items: Mapping[str, str]
    """Names and tags of what is inside of the filter window."""
    outside: frozenset[str] = frozenset()
    """Names of what is there, but outside."""
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """All that a client is to be told, now and later."""

    state: TaggedState
    listing: Listing
    gone: tuple[str, ...]
    outside: tuple[str, ...]
    changed: tuple[str, ...]
    new: tuple[str, ...]

    def __len__(self) -> int:
        """Return how many items there are (GetItemEstimate)."""
        return len(self.gone) + len(self.outside) + len(self.changed) + len(self.new)

    def __iter__(self) -> Iterator[Item]:
        """Yield them in the order in which they are sent."""
        return chain(
            (Item(Kind.DELETE, name) for name in self.gone),
            (Item(Kind.SOFT_DELETE, name) for name in self.outside),
            (Item(Kind.CHANGE, name) for name in self.changed),
            (Item(Kind.ADD, name) for name in self.new),
        )

    def first(self, count: int) -> tuple[tuple[Item, ...], bool, TaggedState]:
        """Return the first *count* items, whether there are more, and what the client has then."""
        items = tuple(islice(self, count))
        has = dict(self.state.items)
        for item in items:
            if item.kind in {Kind.DELETE, Kind.SOFT_DELETE}:
                has.pop(item.id, None)
            else:
                has[item.id] = self.listing.items[item.id]
        more = len(self) > count
        after = TaggedState(self.listing.tag, has, self.listing.since, complete=not more)
        return items, more, after


def difference(state: TaggedState, listing: Listing) -> Difference:
    """Return what a client that has *state* is to be told of *listing*."""
    there = listing.items
    missing = [name for name in state.items if name not in there]
    return Difference(
        state,
        listing,
        gone=tuple(name for name in missing if name not in listing.outside),
        outside=tuple(name for name in missing if name in listing.outside),
        changed=tuple(
            name for name, tag in there.items() if name in state.items and state.items[name] != tag
        ),
        new=tuple(name for name in there if name not in state.items),
    )


def retagged(state: TaggedState, tags: Mapping[str, str], names: Iterable[str]) -> TaggedState:
    """Return it where *names* have the tags that they were sent with, which may be newer."""
    return replace(state, items={**state.items, **{each: tags[each] for each in names}})


def dump(state: TaggedState) -> Json:
    """Return *state* as a value that JSON can hold."""
    return {
        "version": VERSION,
        "tag": state.tag,
        "items": [[name, tag] for name, tag in state.items.items()],
        "since": None if state.since is None else state.since.isoformat(),
        "complete": state.complete,
    }


def load(value: object) -> TaggedState:
    """Return the state of which *value* was made. Raises StoredStateError."""
    found = stored.fields(value, VERSION)
    since = stored.optional_text(found.get("since"))
    try:
        return TaggedState(
            tag=stored.text(found.get("tag")),
            items={
                stored.text(name): stored.text(tag)
                for name, tag in stored.rows(found.get("items"), 2)
            },
            since=None if since is None else date.fromisoformat(since),
            complete=stored.flag(found.get("complete")),
        )
    except ValueError as error:
        raise StoredStateError(f"a folder's state: {error}") from None
