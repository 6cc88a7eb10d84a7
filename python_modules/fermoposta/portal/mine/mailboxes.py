"""
What the portal asks of somebody's own mailbox, by way of the agent.

* RefusedError         it can't be done; the reason is in English, and the catalogue has it
* MailboxAwayError     it can't be done now
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_SECONDS = 60
_MOST = 16 * 1024 * 1024


class RefusedError(Exception):
    """It can't be done; the message says why."""


class MailboxAwayError(Exception):
    """It can't be done now."""


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


class Mailboxes(Protocol):
    """Whose mailbox it is, the caller has made sure of. Every method may raise both errors."""

    def folders(self, address: str) -> list[str]:
        """List the mail folders, by name."""

    def deleted(self, address: str, folder: str | None = None) -> list[Deleted]:
        """List what was deleted and can be restored, the latest first; of *folder* or all."""

    def restore(self, address: str, ids: Collection[str]) -> int:
        """Restore what *ids* name; return how much came back."""


class AgentMailboxes:
    """Asks the agent at its *socket*; see `fermoposta.agent.mailboxes` for what is said there."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def folders(self, address: str) -> list[str]:
        """List the mail folders, by name."""
        return list(self._ask("folders", ask="folders", mailbox=address))

    def deleted(self, address: str, folder: str | None = None) -> list[Deleted]:
        """List what was deleted and can be restored, the latest first; of *folder* or all."""
        found = self._ask("deleted", ask="deleted", mailbox=address, folder=folder)
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
        return len(self._ask("restored", ask="restore", mailbox=address, ids=list(ids)))

    def _ask(self, wanted: str, **request: object) -> list[Any]:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(_SECONDS)
                connection.connect(str(self._path))
                connection.sendall(json.dumps(request).encode() + b"\n")
                with connection.makefile("rb") as said:
                    answer = json.loads(said.readline(_MOST))
        except (OSError, ValueError) as error:
            raise MailboxAwayError(f"{self._path}: the agent can't be asked: {error}") from error
        if answer.get("refused"):
            raise RefusedError(str(answer["refused"]))
        if wanted not in answer:
            raise MailboxAwayError(str(answer.get("later")))
        found: list[Any] = answer[wanted]
        return found
