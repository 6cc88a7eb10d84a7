"""
What Sync needs of a folder: what has changed, the items themselves, and what devices change.

A source stands for one folder in one request. What a client has is a value of its own kind, which
the caller keeps (``state``); the source tells the difference to what there is.

* SourceError             the base of all
  + GoneError             the folder is no longer there, or no longer for this user
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

from fermoposta.mailstore.groupware import CollectionMissingError, DeniedError
from fermoposta.mailstore.mailbox import FolderMissingError, ForbiddenError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.state.items import Item
    from fermoposta.activesync.state.stored import Json
    from fermoposta.activesync.wbxml import Element

S = TypeVar("S")


class SourceError(Exception):
    """A folder can't be read or written."""


class GoneError(SourceError):
    """The folder is not there for this user."""


NOT_THERE = (
    GoneError,
    FolderMissingError,
    ForbiddenError,
    CollectionMissingError,
    DeniedError,
)
"""What tells that a folder is gone, or that the user may no longer read it: the same to devices."""


class Status(IntEnum):
    """How a client's change went (Status of Sync, MS-ASCMD, section 2.2.3.177.17)."""

    DONE = 1
    MALFORMED = 4
    CONFLICT = 7
    """The server's version stays, and is sent."""
    CANNOT = 6
    """The item can't be stored, or not by this user."""
    MISSING = 8
    FULL = 9
    """No space is left (14.0 and later; below: 5, the server's error)."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a change went; *state* is what the client has after it."""

    status: int
    state: object
    item: str | None = None
    """Where an Add went, as an id in the folder."""
    data: Element | None = None
    """What of the item the client must be told at once."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """An item as it is sent; without *data* it is left out, and *reason* says why."""

    item: Item
    data: Element | None = None
    reason: str = ""
    tag: str = ""
    """The version that was read, where the folder's items have tags."""
    size: int = 0
    """Bytes of it, about."""


class Difference(Protocol):
    """All that a client is to be told of a folder."""

    def __len__(self) -> int:
        """Return how many items there are."""

    def __iter__(self) -> Iterator[Item]:
        """Yield them in the order in which they are sent."""


class Source(Protocol):
    """A folder; calls raise what the stores raise, and GoneError."""

    @property
    def folder(self) -> Folder:
        """The folder."""

    @property
    def replaces(self) -> bool:
        """Whether an item that is edited becomes another one, with an id of its own."""

    def empty(self) -> object:
        """Return the state of a client that has nothing."""

    def load(self, value: object) -> object:
        """Return the state that was kept; raises StoredStateError."""

    def dump(self, state: object) -> Json:
        """Return what is kept of *state*."""

    async def unchanged(self, state: object) -> bool:
        """Tell, at little cost, whether there is surely nothing to tell."""

    async def check(self, state: object) -> None:
        """Raise ResyncNeededError where *state* can't be of the folder that is there now."""

    async def difference(self, state: object) -> Difference:
        """Return what a client with *state* is to be told; raises ResyncNeededError."""

    def taken(
        self, difference: Difference, count: int, rendered: Sequence[Rendered]
    ) -> tuple[object, bool]:
        """Return what a client has after the first *count* items, and whether there are more."""

    def render(self, items: Sequence[Item]) -> AsyncIterator[Rendered]:
        """Yield *items* as they are sent, in their order."""

    def server_id(self, item: str) -> str:
        """Return the ServerId of the item that the difference calls *item*."""

    def unseen(self, state: object, item: str) -> object:
        """Return *state* of a client that was sent a change of *item* and has not seen it."""

    async def find(self, state: object, item: str) -> str | None:
        """Return what the difference calls the item with this id; None where there is none."""

    async def fetch(self, state: object, item: str) -> Rendered:
        """Return one item by its id."""

    async def add(self, state: object, client_id: str, data: Element) -> Done:
        """Put a client's new item there, once however often *client_id* comes with it."""

    async def change(
        self, state: object, item: str, data: Element, *, instance: str | None = None
    ) -> Done:
        """Change an item, or one instance of a series."""

    async def again(self, item: str, data: Element) -> Element | None:
        """Return the *data* of a Done once more, for a client that repeats what was made."""

    async def delete(
        self, state: object, item: str, *, to_trash: bool, instance: str | None = None
    ) -> Done:
        """Delete an item, or one instance of a series."""
