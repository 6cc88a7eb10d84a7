"""What is remembered of devices, gone with its process: for tests, and where no database is."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

from fermoposta.activesync.store.model import (
    NOTE_SECONDS,
    Access,
    Device,
    Failure,
    FolderKey,
    Kept,
    OvertakenError,
    UnknownUserError,
    changeable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from fermoposta.activesync.state.stored import Json


@dataclass(slots=True)
class _Remembered:
    """What is remembered of one device."""

    device: Device
    kept: dict[str, Kept] = field(default_factory=dict)
    failures: dict[tuple[str, str], Failure] = field(default_factory=dict)


class MemoryStore:
    """
    What the gateway remembers of one site's users, within one event loop.

    *known* tells whether an address is an open user's; without it every address is.
    """

    def __init__(self, known: Callable[[str], bool] = lambda _: True) -> None:
        self._known = known
        self._devices: dict[tuple[str, str], _Remembered] = {}
        self._folders: dict[str, dict[FolderKey, str]] = {}
        self._revisions = count(1)

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
        """Return the device, and note that it is here, at most once a minute if it is as it was."""
        self._need(user)
        found = self._devices.get((user, device))
        if found is None:
            found = self._devices[user, device] = _Remembered(
                Device(
                    user=user,
                    id=device,
                    type=type_,
                    access=unknown,
                    first_seen=now,
                    last_seen=now,
                    version=version,
                    user_agent=user_agent,
                )
            )
        old = found.device
        said = replace(
            old,
            type=type_ or old.type,
            version=version or old.version,
            user_agent=user_agent or old.user_agent,
        )
        if said != old or (now - old.last_seen).total_seconds() >= NOTE_SECONDS:
            found.device = replace(said, last_seen=max(old.last_seen, now))
        return found.device

    async def devices(self, user: str | None = None) -> list[Device]:
        """Return the devices of *user*, or of all, those seen last first."""
        found = [
            each.device
            for (owner, _), each in sorted(self._devices.items())
            if user in (None, owner) and self._known(owner)
        ]
        return sorted(found, key=lambda device: device.last_seen, reverse=True)

    async def change_device(self, user: str, device: str, **fields: object) -> Device | None:
        """Change fields of Device by their names; None where there is no such device."""
        changes = changeable(fields)
        found = self._remembered(user, device)
        if found is None:
            return None
        found.device = replace(found.device, **changes)
        return found.device

    async def forget_device(self, user: str, device: str) -> bool:
        """Drop a device with all that is remembered of it; tell whether it was there."""
        found = self._remembered(user, device)
        self._devices.pop((user, device), None)
        return found is not None

    async def folder_ids(self, user: str, keys: Sequence[FolderKey]) -> dict[FolderKey, str]:
        """Return a short id for each of *keys*: always the same one, and never one given before."""
        self._need(user)
        there = self._folders.setdefault(user, {})
        for key in keys:
            there.setdefault(key, str(len(there) + 1))
        return {key: there[key] for key in keys}

    async def folder_key(self, user: str, folder: str) -> FolderKey | None:
        """Return of what *folder* is the id; None where it is no id of this user."""
        there = self._folders.get(user, {}) if self._known(user) else {}
        return next((key for key, id_ in there.items() if id_ == folder), None)

    async def folders(self, user: str) -> dict[str, FolderKey]:
        """Return all ids that the user's folders have or had, in the order they were given."""
        there = self._folders.get(user, {}) if self._known(user) else {}
        return {id_: key for key, id_ in there.items()}

    async def kept(self, user: str, device: str, name: str) -> Kept:
        """Return what is kept as *name*: a folder's id, or a name with a ``.`` in front."""
        found = self._remembered(user, device)
        kept = found.kept.get(name) if found else None
        return Kept(copy.deepcopy(kept.value), kept.revision) if kept else Kept(None, 0)

    async def keep(self, user: str, device: str, name: str, value: Json, revision: int) -> int:
        """Replace what is kept as *name*, and return the new revision; or raise OvertakenError."""
        found = self._remembered(user, device)
        there = found.kept.get(name, Kept(None, 0)) if found else None
        if found is None or there is None or there.revision != revision:
            raise OvertakenError(f"{user}, device {device}: {name} is not what was read")
        found.kept[name] = Kept(copy.deepcopy(value), next(self._revisions))
        return found.kept[name].revision

    async def forget(self, user: str, device: str, names: Sequence[str] | None = None) -> None:
        """Drop what is kept as *names*, or all: the device starts over (resync)."""
        if found := self._remembered(user, device):
            for name in list(found.kept) if names is None else names:
                found.kept.pop(name, None)

    async def note_failure(self, failure: Failure) -> None:
        """Note that an item was left out; once for each item of a device's folder."""
        if found := self._remembered(failure.user, failure.device):
            found.failures[failure.folder, failure.item] = failure

    async def clear_failures(
        self, user: str, device: str, folder: str, items: Sequence[str] | None = None
    ) -> None:
        """Forget that items of a folder, or all, were left out: they were sent, or are gone."""
        if found := self._remembered(user, device):
            for at in list(found.failures):
                if at[0] == folder and (items is None or at[1] in items):
                    del found.failures[at]

    async def failures(self, user: str, device: str | None = None) -> list[Failure]:
        """Return what was left out, newest first."""
        found = [
            failure
            for (owner, id_), each in self._devices.items()
            if owner == user and device in (None, id_) and self._known(user)
            for failure in each.failures.values()
        ]
        found.sort(key=lambda each: (each.device, each.folder, each.item))
        return sorted(found, key=lambda each: each.at, reverse=True)

    async def close(self) -> None:
        """Do nothing: there is nothing to let go of."""

    def _need(self, user: str) -> None:
        if not self._known(user):
            raise UnknownUserError(f"{user}: no open user has this address")

    def _remembered(self, user: str, device: str) -> _Remembered | None:
        return self._devices.get((user, device)) if self._known(user) else None
