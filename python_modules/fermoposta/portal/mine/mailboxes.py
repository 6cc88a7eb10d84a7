"""What the portal asks of somebody's own mailbox, by way of the agent."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from fermoposta.mailstore.lists import DistributionList, Member
from fermoposta.portal.agent import ask

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Deleted:
    """One thing that can be restored, up to *until*; *size* is in bytes."""

    id: str
    kind: str
    folder: str
    name: str
    sender: str
    size: int
    deleted_at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """A message in the quarantine; see `fermoposta.agent.quarantine.held`."""

    id: str
    at: datetime
    sender: str
    subject: str
    size: int
    why: str
    score: str
    virus: str


class Mailboxes(Protocol):
    """Whose mailbox it is, the caller has made sure of. Every method may raise what `ask` does."""

    def folders(self, address: str) -> list[str]:
        """List the mail folders, by name."""

    def deleted(self, address: str, folder: str | None = None) -> list[Deleted]:
        """List what was deleted and can be restored, the latest first; of *folder* or all."""

    def restore(self, address: str, ids: Collection[str]) -> int:
        """Restore what *ids* name; return how much came back."""

    def quarantined(self, address: str) -> list[Held]:
        """List what lies in the quarantine, the latest first."""

    def release(self, address: str, ids: Collection[str]) -> int:
        """Move *ids* out of the quarantine to the inbox; return how many were still there."""

    def discard(self, address: str, ids: Collection[str]) -> int:
        """Delete *ids* out of the quarantine; return how many were still there."""

    def lists(self, address: str) -> list[DistributionList]:
        """Return the distribution lists in the address book, by name."""

    def keep_list(self, address: str, wanted: DistributionList) -> None:
        """Store *wanted*, anew or over what has its id and etag."""

    def remove_list(self, address: str, name: str) -> None:
        """Delete the list of that id."""


class AgentMailboxes:
    """Asks the agent at its *socket*; see `fermoposta.agent.mailboxes` for what is said there."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def folders(self, address: str) -> list[str]:
        """List the mail folders, by name."""
        return list(ask(self._path, "folders", ask="folders", mailbox=address))

    def deleted(self, address: str, folder: str | None = None) -> list[Deleted]:
        """List what was deleted and can be restored, the latest first; of *folder* or all."""
        found = ask(self._path, "deleted", ask="deleted", mailbox=address, folder=folder)
        return [
            Deleted(
                each["id"],
                each["kind"],
                each["folder"],
                each["name"],
                each["sender"],
                each["size"],
                datetime.fromisoformat(each["deleted_at"]),
                datetime.fromisoformat(each["until"]) if each["until"] else None,
            )
            for each in found
        ]

    def restore(self, address: str, ids: Collection[str]) -> int:
        """Restore what *ids* name; return how much came back."""
        return len(ask(self._path, "restored", ask="restore", mailbox=address, ids=list(ids)))

    def quarantined(self, address: str) -> list[Held]:
        """List what lies in the quarantine, the latest first."""
        found = ask(self._path, "quarantined", ask="quarantined", mailbox=address)
        return [Held(**{**each, "at": datetime.fromisoformat(each["at"])}) for each in found]

    def release(self, address: str, ids: Collection[str]) -> int:
        """Move *ids* out of the quarantine to the inbox; return how many were still there."""
        return len(ask(self._path, "moved", ask="release", mailbox=address, ids=list(ids)))

    def discard(self, address: str, ids: Collection[str]) -> int:
        """Delete *ids* out of the quarantine; return how many were still there."""
        return len(ask(self._path, "moved", ask="discard", mailbox=address, ids=list(ids)))

    def lists(self, address: str) -> list[DistributionList]:
        """Return the distribution lists in the address book, by name."""
        found = ask(self._path, "lists", ask="lists", mailbox=address)
        return [
            DistributionList(
                **{**each, "members": tuple(Member(**member) for member in each["members"])}
            )
            for each in found
        ]

    def keep_list(self, address: str, wanted: DistributionList) -> None:
        """Store *wanted*, anew or over what has its id and etag."""
        ask(self._path, "kept", ask="keep_list", mailbox=address, list=asdict(wanted))

    def remove_list(self, address: str, name: str) -> None:
        """Delete the list of that id."""
        ask(self._path, "kept", ask="remove_list", mailbox=address, ids=[name])
