"""
What a phone remembers: its folders, what is in them, and the keys of both.

It believes the server, and writes down what a server may not do: an item that is added twice, one
that changes or goes without ever having come. A test asserts that `Device.anomalies` is empty.
"""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fermoposta.activesync.client.merge import merge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.activesync.wbxml import Element

FIRST = "0"
"""The SyncKey of a device that has nothing (MS-ASCMD, section 2.2.3.181)."""
TOP = "0"
"""The ParentId of folders that are in no other."""


def new_id() -> str:
    """Return an id that no other device has."""
    return f"FP{secrets.token_hex(15).upper()}"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as FolderSync tells it; *type* is a number of MS-ASCMD, section 2.2.3.186.3."""

    id: str
    parent: str
    name: str
    type: int


@dataclass(slots=True)
class Collection:
    """What the device has of a folder."""

    id: str
    sync_key: str = FIRST
    items: dict[str, Element] = field(default_factory=dict)
    """ServerId to ApplicationData."""
    pending: dict[str, Element] = field(default_factory=dict)
    """ClientId to ApplicationData: what was added here, and not yet answered."""
    supported: frozenset[str] | None = None
    """The tags that the device said it supports, None where it said nothing."""
    anomalies: list[str] = field(default_factory=list)

    def reset(self) -> None:
        """Forget what came from the server; what waits to be sent stays."""
        self.sync_key = FIRST
        self.items.clear()

    def add(self, server_id: str, data: Element) -> None:
        """Take in an item of the server's."""
        if server_id in self.items:
            self._odd(f"{server_id} was added, which was there already")
        self.items[server_id] = data

    def change(self, server_id: str, data: Element) -> None:
        """Take in what changed in an item on the server."""
        if server_id not in self.items:
            self._odd(f"{server_id} has changed, which was never added")
            return
        self.items[server_id] = merge(self.items[server_id], data, supported=self.supported)

    def remove(self, server_id: str) -> None:
        """Drop an item that is gone, or is too old to be kept here."""
        if self.items.pop(server_id, None) is None:
            self._odd(f"{server_id} is gone, which was never added")

    def added(self, client_id: str, server_id: str) -> None:
        """Take in under which id the server has an item that was made here."""
        data = self.pending.pop(client_id, None)
        if data is None:
            self._odd(f"{client_id} is answered, which waits for no answer")
        else:
            self.add(server_id, data)

    def changed_here(self, server_id: str, data: Element, *, partial: bool) -> None:
        """Take in a change of the device's own, which the server has taken."""
        if server_id in self.items:
            self.items[server_id] = merge(
                self.items[server_id], data, partial=partial, supported=self.supported
            )

    def _odd(self, what: str) -> None:
        self.anomalies.append(f"collection {self.id}: {what}")


@dataclass(slots=True)
class Device:
    """A phone; *id* has 1 to 32 letters and digits, *type* names what it is."""

    id: str = field(default_factory=new_id)
    type: str = "Fermoposta"
    policy_key: int | None = None
    folder_key: str = FIRST
    folders: dict[str, Folder] = field(default_factory=dict)
    collections: dict[str, Collection] = field(default_factory=dict)
    odd_folders: list[str] = field(default_factory=list)
    _run: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)
    _gone: set[str] = field(default_factory=set, repr=False)

    @property
    def anomalies(self) -> tuple[str, ...]:
        """All that the server may not have done, in words."""
        inside = itertools.chain.from_iterable(each.anomalies for each in self.collections.values())
        return (*self.odd_folders, *inside)

    def collection(self, folder_id: str) -> Collection:
        """Return what the device has of a folder, nothing at first."""
        return self.collections.setdefault(folder_id, Collection(folder_id))

    def client_id(self) -> str:
        """
        Return an id for something new; the same never comes again.

        Not from another run either, with the same device id: the server would take it for a
        repetition, and do nothing.
        """
        return f"{self._run}-{next(self._numbers)}"

    def reset_folders(self) -> None:
        """Forget the folders, and with them all that is in them."""
        self.folder_key = FIRST
        self.folders.clear()
        self.collections.clear()
        self._gone.clear()

    def add_folder(self, folder: Folder) -> None:
        """Take in a folder."""
        if folder.id in self.folders:
            self.odd_folders.append(f"folder {folder.id} was added, which was there already")
        self.folders[folder.id] = folder

    def update_folder(self, folder: Folder) -> None:
        """Take in another name or place of a folder."""
        if folder.id not in self.folders:
            self.odd_folders.append(f"folder {folder.id} has changed, which was never added")
        self.folders[folder.id] = folder

    def remove_folder(self, folder_id: str) -> None:
        """Drop a folder and all below it; a server may name these one by one, or not."""
        if folder_id not in self.folders and folder_id not in self._gone:
            self.odd_folders.append(f"folder {folder_id} is gone, which was never added")
        below = [each.id for each in self.folders.values() if each.parent == folder_id]
        if self.folders.pop(folder_id, None) is not None:
            self.collections.pop(folder_id, None)
            self._gone.add(folder_id)
            for each in below:
                self.remove_folder(each)

    def note_orphans(self) -> None:
        """Write down folders whose parent is not there; to be called when all have come."""
        for folder in self.folders.values():
            if folder.parent != TOP and folder.parent not in self.folders:
                self.odd_folders.append(f"folder {folder.id} is in {folder.parent}, not there")

    def folder_of_type(self, kind: int) -> Folder:
        """Return the first folder of a type; KeyError where there is none."""
        for folder in self.folders.values():
            if folder.type == kind:
                return folder
        raise KeyError(f"no folder of type {kind}")

    def folder_named(self, name: str) -> Folder:
        """Return the first folder of a name; KeyError where there is none."""
        for folder in self.folders.values():
            if folder.name == name:
                return folder
        raise KeyError(f"no folder named {name}")
