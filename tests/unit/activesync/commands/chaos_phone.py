"""A phone in chaos, and what it wants of folders."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fermoposta.activesync.client import Client
    from fermoposta.activesync.wbxml import Element

FRIEND = "amico@outside.test"
VERSIONS = ("12.1", "14.1", "16.1")
INBOX, DRAFTS, TRASH, SENT, USER = 2, 3, 4, 5, 12
MAIL_TYPES = {INBOX, DRAFTS, TRASH, SENT, USER}
GONE = {8, 12}
"""Statuses of Sync: the folder is not there, the phone asks for the tree (FolderSync)."""
MISSING = 8
LATER = {502, 503, 504}
"""What HTTP says while the gateway, or something behind it, is away."""
PATIENCE = 12
"""How often a phone repeats a request before the test gives up."""


@dataclass
class Handset:
    """A phone, and what it wants of folders."""

    client: Client
    filters: dict[str, int] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    """Folders of which the server knows the options."""
    doubts: bool = False

    @property
    def device(self):
        return self.client.device

    def of_type(self, kind: int) -> str:
        return self.device.folder_of_type(kind).id

    def path(self, folder: str) -> str:
        """Return what a mail folder is called at the server."""
        found = self.device.folders[folder]
        name = "INBOX" if found.type == INBOX else found.name
        return name if found.parent == "0" else f"{self.path(found.parent)}/{name}"

    def mail_folders(self) -> list[str]:
        return [each.id for each in self.device.folders.values() if each.type in MAIL_TYPES]

    def items(self, folder: str) -> dict[str, Element]:
        return self.device.collection(folder).items
