"""Mailboxes in memory: for tests, and to look at pages."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from fermoposta.portal.agent import AwayError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Collection

    from fermoposta.mailstore.lists import DistributionList
    from fermoposta.portal.mine.mailboxes import Deleted, Held


@dataclass
class MemoryMailboxes:
    """Has what tests put into it."""

    there: dict[str, list[str]] = field(default_factory=dict)
    gone: dict[str, list[Deleted]] = field(default_factory=dict)
    held: dict[str, list[Held]] = field(default_factory=dict)
    books: dict[str, list[DistributionList]] = field(default_factory=dict)
    away: bool = False

    def folders(self, address: str) -> list[str]:
        """List the mail folders, by name."""
        self._open()
        return sorted(self.there.get(address, ["INBOX"]))

    def deleted(self, address: str, folder: str | None = None) -> list[Deleted]:
        """List what was deleted and can be restored, the latest first; of *folder* or all."""
        self._open()
        found = [each for each in self.gone.get(address, []) if folder in (None, each.folder)]
        return sorted(found, key=lambda each: each.deleted_at, reverse=True)

    def restore(self, address: str, ids: Collection[str]) -> int:
        """Restore what *ids* name; return how much came back."""
        self._open()
        there = self.gone.get(address, [])
        if not set(ids) <= {each.id for each in there}:
            raise RefusedError("it is restored already, or its time is over")
        self.gone[address] = [each for each in there if each.id not in ids]
        return len(ids)

    def quarantined(self, address: str) -> list[Held]:
        """List what lies in the quarantine, the latest first."""
        self._open()
        return list(self.held.get(address, []))

    def release(self, address: str, ids: Collection[str]) -> int:
        """Move *ids* out of the quarantine to the inbox; return how many were still there."""
        self._open()
        there = self.held.get(address, [])
        self.held[address] = [each for each in there if each.id not in ids]
        return len(there) - len(self.held[address])

    def discard(self, address: str, ids: Collection[str]) -> int:
        """Delete *ids* out of the quarantine; return how many were still there."""
        return self.release(address, ids)

    def lists(self, address: str) -> list[DistributionList]:
        """Return the distribution lists in the address book, by name."""
        self._open()
        return sorted(self.books.get(address, []), key=lambda each: each.name)

    def keep_list(self, address: str, wanted: DistributionList) -> None:
        """Store *wanted*, anew or over what has its id and etag."""
        self._open()
        there = self.books.setdefault(address, [])
        if wanted.id:
            self._take_list(address, wanted.id, wanted.etag)
        made = replace(wanted, id=wanted.id or f"{len(there)}.vlf", etag=f"{wanted.etag}+")
        self.books[address].append(made)

    def remove_list(self, address: str, name: str) -> None:
        """Delete the list of that id."""
        self._open()
        self._take_list(address, name)

    def _take_list(self, address: str, name: str, etag: str | None = None) -> None:
        there = self.books.get(address, [])
        left = [each for each in there if each.id != name or etag not in (None, each.etag)]
        if len(left) == len(there):
            raise RefusedError("somebody else changed it in the meantime")
        self.books[address] = left

    def _open(self) -> None:
        if self.away:
            raise AwayError
