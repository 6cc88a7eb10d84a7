"""
Calendars, tasks and contacts as their user sees them: own ones, and those that others share.

``dav`` reaches them at the webmail's server with the user's own password, so that rights are asked
there and nowhere else; ``memory_groupware`` is its double.

* GroupwareError          the base of all
  + AwayError             the server is away: the same call may work later
  + DeniedError           not the user's password, or the user lacks the right
  + CollectionMissingError  there is no such collection for this user
  + ObjectMissingError    the object is no longer there
  + ChangedError          somebody else changed the object since it was read
  + TokenError            the token is too old, or another collection's: all must be read anew
  + InvalidError          the server does not take the content; the message has its words
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


class GroupwareError(Exception):
    """The server can't do what was asked; the message says why, without any content."""


class AwayError(GroupwareError):
    """The server is away, or broke off in the middle."""


class DeniedError(GroupwareError):
    """The user may not."""


class CollectionMissingError(GroupwareError):
    """There is no such collection for this user."""


class ObjectMissingError(GroupwareError):
    """The object is gone."""


class ChangedError(GroupwareError):
    """Somebody else was quicker."""


class TokenError(GroupwareError):
    """What changed since this token can't be told."""


class InvalidError(GroupwareError):
    """The content is refused."""


class Kind(StrEnum):
    """What is in a collection; a calendar holds appointments and tasks side by side."""

    EVENTS = "VEVENT"
    TASKS = "VTODO"
    CONTACTS = "VCARD"


@dataclass(frozen=True, slots=True)
class Collection:
    """A calendar or an address book."""

    path: str
    """Names it for this user as long as it is there, whatever it is called."""
    name: str
    """As people see it."""
    kinds: frozenset[Kind]
    default: bool = False
    """Whether it is the one that every user has, and can't delete."""
    owner: str | None = None
    """Whose it is, where it is not the user's own."""
    writable: bool = True
    """Whether the user may put objects into it; what happens to a single one its server decides."""
    tag: str = ""
    """
    Moves with changes in it (CTag); empty where the server has none.

    It may stay where several changes fall into one second: who must not miss one asks `changes`.
    """
    origin: str = ""
    """Its path as the owner has it, by which `groupware_feed` tells of it."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since a token; *token* is the next one."""

    token: str
    changed: Mapping[str, str] = field(default_factory=dict)
    """Name of the object to its ETag."""
    removed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Object:
    """One object; *name* is the last part of its URL."""

    name: str
    etag: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Busy:
    """A time at which somebody is not free; *kind* is BUSY, BUSY-TENTATIVE or BUSY-UNAVAILABLE."""

    start: datetime
    end: datetime
    kind: str = "BUSY"


class Groupware(Protocol):
    """All that a user may do with calendars and contacts; each call raises GroupwareError."""

    @property
    def address(self) -> str:
        """Whose they are."""

    async def collections(self) -> list[Collection]:
        """Return all that the user has, or has subscribed to."""

    async def changes(self, path: str, token: str | None = None) -> Changes:
        """
        Return what changed since *token* (RFC 6578); None is for all there is.

        Some of what changed shortly before the token may be told again, under the same ETag; a
        removed object may be one that the caller never had. Raises TokenError where the token is
        another collection's, or nobody's. An object that is no longer for this user to see, without
        having changed, is not told of; `matching` has none of it.
        """

    async def matching(
        self, path: str, kind: Kind, *, since: datetime | None = None
    ) -> dict[str, str]:
        """
        Return names and ETags of the objects of *kind*.

        With *since*, of appointments only those with an instance that ends later, and of tasks only
        those that are not done or were done later.
        """

    async def read(self, path: str, names: Iterable[str]) -> dict[str, Object]:
        """Return objects; who is gone, or not for this user to read, is left out."""

    async def put(
        self, path: str, name: str, content: bytes, *, etag: str | None, silent: bool = False
    ) -> str:
        """
        Store *content* over what has *etag*; None is for a new object. Return the new ETag.

        *silent* keeps the server from writing to the people in it: whoever calls has done so. What
        the others have in their own calendars here follows all the same. Raises ChangedError where
        it is not what the caller read, or where a new one is there already, be it by its UID;
        ObjectMissingError where it is gone.
        """

    async def delete(
        self, path: str, name: str, *, etag: str | None = None, silent: bool = False
    ) -> None:
        """Delete an object; with *etag* only where it is still that one."""

    async def create(self, name: str, kind: Kind) -> Collection:
        """Make a collection for *kind*."""

    async def rename(self, path: str, name: str) -> None:
        """Call a collection *name*."""

    async def remove(self, path: str) -> None:
        """Delete a collection with all that is in it."""

    async def busy(
        self, addresses: Iterable[str], start: datetime, end: datetime
    ) -> dict[str, list[Busy] | None]:
        """
        Return when each is busy, by the addresses as given; None for whom nothing can be told.

        Times are in order, in UTC, and may overlap.
        """

    async def close(self) -> None:
        """Let go of what is this user's; connections that all share stay."""
