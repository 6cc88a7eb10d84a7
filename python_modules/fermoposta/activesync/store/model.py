"""
What is remembered of users' devices.

A device is one client of one user: its id is the client's own and means nothing beside another
user's. What it has of a folder is a value that ``state`` makes and reads; here it is kept with a
revision, so that of two requests at once only one goes on.

* StoreError              the base of all
  + StoreAwayError        the database is away: the same call may work later
  + OvertakenError        another request of the device was quicker; nothing was kept
  + UnknownUserError      no open user has this address, so nothing can be remembered
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from fermoposta.activesync.state.stored import Json


class StoreError(Exception):
    """What is remembered can't be read or kept."""


class StoreAwayError(StoreError):
    """The database is away."""


class OvertakenError(StoreError):
    """Another request of this device was quicker, or the device was forgotten meanwhile."""


class UnknownUserError(StoreError):
    """No open user has this address."""


NOTE_SECONDS = 60
"""How often it is noted at most that a device is here."""


class Access(StrEnum):
    """Whether a device may synchronise."""

    ALLOWED = "allowed"
    QUARANTINED = "quarantined"
    """Waits for an administrator's word; is told nothing of the mailbox."""
    BLOCKED = "blocked"


class Wipe(StrEnum):
    """How far a remote wipe is (MS-ASPROV, section 3.1.5.1.2)."""

    NONE = "none"
    REQUESTED = "requested"
    """An administrator wants it; the device hears of it when it comes next."""
    SENT = "sent"
    DONE = "done"
    """The device said that it has done it; it is blocked from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A client of a user, and what is known of it."""

    user: str
    id: str
    type: str
    access: Access
    first_seen: datetime
    last_seen: datetime
    last_synced: datetime | None = None
    """When it was last answered a Sync or FolderSync."""
    version: str = ""
    """The protocol's version that it spoke last."""
    user_agent: str = ""
    information: Mapping[str, str] = field(default_factory=dict)
    """What it said of itself (Settings, DeviceInformation): Model, OS, FriendlyName, IMEI, …"""
    policy_key: int = 0
    """The key of the policies that it has acknowledged; 0 is none."""
    offered_key: int = 0
    """The key that it was offered and has not acknowledged."""
    policy_digest: str = ""
    """Of the policies that it acknowledged: others than today's must be offered anew."""
    wipe: Wipe = Wipe.NONE
    wipe_account_only: bool = False
    wiped_by: str = ""
    resync_since: datetime | None = None
    """How far back it is sent items after a full resync; None is all that it asks for."""

    @property
    def erases_account_alone(self) -> bool:
        """Whether its version of the protocol knows such a wipe (MS-ASPROV, section 2.2.2.1)."""
        spoken = tuple(int(part) for part in self.version.split(".") if part.isdigit())
        return spoken >= (16, 1)


_FIXED = frozenset({"user", "id", "first_seen"})


def changeable(changes: Mapping[str, object]) -> dict[str, Any]:
    """Return *changes*; raises TypeError where one names no field of Device that may change."""
    wrong = changes.keys() - {each.name for each in fields(Device)} | changes.keys() & _FIXED
    if wrong or not changes:
        raise TypeError(f"{', '.join(sorted(wrong)) or 'nothing'}: no change of a device")
    return dict(changes)


@dataclass(frozen=True, slots=True)
class FolderKey:
    """What a folder is at its store: *kind* of ``store`` and the key that stays when renamed."""

    kind: str
    """``mail``, ``notes``, ``people``, ``shared``, or a Kind of groupware's: see ``folders``."""
    key: str
    """GUID of a mailbox, path of a collection; empty where there is one of the kind."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A value, and the revision to name when it is replaced; 0 is for what isn't there."""

    value: Json
    revision: int


@dataclass(frozen=True, slots=True)
class Failure:
    """An item that a device was not sent, and why."""

    user: str
    device: str
    folder: str
    item: str
    reason: str
    at: datetime


class Store(Protocol):
    """What the gateway remembers; each call raises StoreError."""

    # --- Devices

    async def meet(
        self,
        user: str,
        device: str,
        type_: str,
        *,
        now: datetime,
        version: str = "",
        user_agent: str = "",
        unknown: Access = Access.ALLOWED,
    ) -> Device:
        """
        Return the device, and note that it is here; one never seen begins with access *unknown*.

        To note is cheap: *now* is written once in `NOTE_SECONDS` at most. *type_*, *version* and
        *user_agent* are kept as they were where they are empty. What an administrator changed is
        there at once. Raises UnknownUserError.
        """

    async def devices(self, user: str | None = None) -> list[Device]:
        """Return the devices of *user*, or of all, those seen last first."""

    async def change_device(self, user: str, device: str, **fields: object) -> Device | None:
        """
        Change fields of Device by their names; None where there is no such device.

        Raises TypeError for a name that is none, or of what never changes.
        """

    async def forget_device(self, user: str, device: str) -> bool:
        """Drop a device with all that is remembered of it; tell whether it was there."""

    # --- Folders

    async def folder_ids(self, user: str, keys: Sequence[FolderKey]) -> dict[FolderKey, str]:
        """
        Return a short id for each of *keys*: always the same one, and never one given before.

        Ids are those of all the user's devices. Raises UnknownUserError.
        """

    async def folder_key(self, user: str, folder: str) -> FolderKey | None:
        """Return of what *folder* is the id; None where it is no id of this user."""

    async def folders(self, user: str) -> dict[str, FolderKey]:
        """Return all ids that the user's folders have or had, in the order they were given."""

    # --- What a device has

    async def kept(self, user: str, device: str, name: str) -> Kept:
        """Return what is kept as *name*: a folder's id, or a name with a ``.`` in front."""

    async def keep(self, user: str, device: str, name: str, value: Json, revision: int) -> int:
        """
        Replace what is kept as *name*, and return the new revision.

        Raises OvertakenError where *revision* is not the one that is kept, or where the device is
        forgotten. A revision comes once only, whatever was dropped in between.
        """

    async def forget(self, user: str, device: str, names: Sequence[str] | None = None) -> None:
        """Drop what is kept as *names*, or all: the device starts over (resync)."""

    # --- What was left out

    async def note_failure(self, failure: Failure) -> None:
        """Note that an item was left out; once for each item of a device's folder."""

    async def clear_failures(
        self, user: str, device: str, folder: str, items: Sequence[str] | None = None
    ) -> None:
        """Forget that items of a folder, or all, were left out: they were sent, or are gone."""

    async def failures(self, user: str, device: str | None = None) -> list[Failure]:
        """Return what was left out, newest first."""

    async def close(self) -> None:
        """Let go of connections."""
