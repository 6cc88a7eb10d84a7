"""
Who there is, as devices may know it: the company's address book, and the user's own record.

* PeopleError             the base of all
  + RefusedError          the directory doesn't take what a user wants; the message says why

What can't be asked at all raises the errors of ``store.model``, as a device's own store does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from fermoposta.activesync.store.model import Access

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from fermoposta.mailstore.groupware import Busy


class PeopleError(Exception):
    """The directory can't do what is asked of it."""


class RefusedError(PeopleError):
    """The directory doesn't take what a user wants, and won't take it later either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An entry of the address book: a user, a group or a resource that is shown in it."""

    address: str
    name: str
    kind: str = "user"
    """``user``, ``group`` or ``resource``."""
    given_name: str = ""
    surname: str = ""
    phone: str = ""
    mobile: str = ""
    office: str = ""
    title: str = ""
    company: str = ""
    members: int = 0
    """How many a group has."""
    picture: bytes | None = None
    """JPEG or PNG."""
    certificates: tuple[bytes, ...] = ()
    """S/MIME certificates in DER."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The user's own record."""

    address: str
    name: str
    language: str
    timezone: str
    addresses: tuple[str, ...] = ()
    """All addresses that lead to this mailbox, the user's own first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfOffice:
    """What is answered while the user is away; times are in UTC, None is without end."""

    enabled: bool = False
    start: datetime | None = None
    end: datetime | None = None
    internal: str = ""
    external: str = ""
    """What people outside of the company are told; empty tells them nothing."""


@dataclass(frozen=True, slots=True)
class DevicePolicy:
    """What a device must do before it may synchronise: elements of EASProvisionDoc by name."""

    values: Mapping[str, str] = field(default_factory=dict)
    refresh_hours: int | None = None
    """After how many hours a device must ask for its policies again."""
    allow_non_provisionable: bool = False
    """Whether a device may synchronise that says it can't do all of it."""


BEGINNINGS: Mapping[str, Access] = {
    "allow": Access.ALLOWED,
    "quarantine": Access.QUARANTINED,
    "block": Access.BLOCKED,
}
"""How a device begins, by the directory's word for it."""


class People(Protocol):
    """Who there is; each call raises StoreAwayError of ``store.model`` where it can't be told."""

    async def me(self, user: str) -> Me | None:
        """Return the record of *user*; None where there is no open one."""

    async def search(self, user: str, words: str, *, most: int, start: int = 0) -> list[Person]:
        """Return whom *user* finds by the beginnings of *words* in name or address, by name."""

    async def everybody(self, user: str) -> list[Person]:
        """Return all that *user*'s address book shows, without pictures and certificates."""

    async def named(self, user: str, addresses: Sequence[str]) -> dict[str, Person]:
        """
        Return those of *addresses* whom *user* may know, with pictures and certificates.

        By the address as it was asked for, whose capitals don't count.
        """

    async def members(self, user: str, group: str) -> list[Person]:
        """
        Return who is in *group*, in its order, where *user* may know it.

        Who is elsewhere is known by the address alone. An alias is shown to nobody, nor is
        whoever belongs to another company of this site.
        """

    async def busy(
        self, user: str, addresses: Collection[str], start: datetime, end: datetime
    ) -> dict[str, list[Busy]]:
        """
        Return when those of *addresses* are busy whom *user* may know, in order.

        Whose times can't be told with their kinds is left out: the webmail's server may know.
        """

    async def out_of_office(self, user: str) -> OutOfOffice:
        """Return what the user has said."""

    async def set_out_of_office(self, user: str, said: OutOfOffice) -> None:
        """Have Dovecot answer so, by the directory's rules; raises RefusedError."""

    async def device_policy(self, user: str) -> DevicePolicy | None:
        """Return what the user's devices must do; None where nothing is demanded."""

    async def newcomer(self, user: str, type_: str, model: str = "") -> Access | None:
        """
        Return how a device of *user* begins that was never seen: by its model, else its type.

        None where the directory leaves it to the site. The model is known only once it is told.
        """
