"""What the host's journal says of mails and of log-ins, by way of the agent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from fermoposta.portal.agent import ask

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a mail; see `fermoposta.agent.journal.Step`."""

    at: datetime
    kind: str
    of: str = ""
    where: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, and what happened to it, in order; *size* is in bytes."""

    id: str
    sender: str
    login: str
    size: int
    recipients: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Login:
    """Log-ins that are alike, and the last of them; see `fermoposta.agent.journal.Login`."""

    protocol: str
    client: str
    good: bool
    times: int
    last: datetime


@dataclass(frozen=True, slots=True)
class Filed:
    """How many mails were put into a folder of a mailbox, and when the last of them."""

    mailbox: str
    times: int
    last: datetime


class Journal(Protocol):
    """Whose business it is, the caller has to see to. All may raise what `ask` does."""

    def mails(
        self, *, message: str, sender: str, recipient: str, since: datetime
    ) -> Sequence[Mail]:
        """Return the mails that fit all that is given, the latest first."""

    def logins(self, address: str, since: datetime) -> Sequence[Login]:
        """Return the log-ins to the mailbox *address*, the latest first."""

    def filed(self, folder: str, since: datetime) -> Sequence[Filed]:
        """Return into whose *folder* delivery has put mail, the latest first."""


class AgentJournal:
    """Asks the agent at its socket; see `fermoposta.agent.traces` for what is said there."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def mails(
        self, *, message: str, sender: str, recipient: str, since: datetime
    ) -> Sequence[Mail]:
        """Return the mails that fit all that is given, the latest first."""
        found = ask(
            self._path,
            "mails",
            ask="mails",
            id=message,
            sender=sender,
            recipient=recipient,
            since=since.timestamp(),
        )
        return [
            Mail(
                **{
                    **each,
                    "recipients": tuple(each["recipients"]),
                    "steps": tuple(
                        Step(**{**step, "at": datetime.fromisoformat(step["at"])})
                        for step in each["steps"]
                    ),
                }
            )
            for each in found
        ]

    def logins(self, address: str, since: datetime) -> Sequence[Login]:
        """Return the log-ins to the mailbox *address*, the latest first."""
        found = ask(self._path, "logins", ask="logins", address=address, since=since.timestamp())
        return [Login(**{**each, "last": datetime.fromisoformat(each["last"])}) for each in found]

    def filed(self, folder: str, since: datetime) -> Sequence[Filed]:
        """Return into whose *folder* delivery has put mail, the latest first."""
        found = ask(self._path, "filed", ask="filed", folder=folder, since=since.timestamp())
        return [Filed(**{**each, "last": datetime.fromisoformat(each["last"])}) for each in found]


@dataclass
class MemoryJournal:
    """Tells of what was put into it: for tests."""

    told: list[Mail] = field(default_factory=list)
    seen: dict[str, list[Login]] = field(default_factory=dict)
    put: dict[str, list[Filed]] = field(default_factory=dict)

    def mails(
        self, *, message: str, sender: str, recipient: str, since: datetime
    ) -> Sequence[Mail]:
        """Return the mails that fit all that is given, the latest first."""
        return [
            each
            for each in self.told
            if each.steps[0].at >= since
            and (not message or message == each.id)
            and (not sender or sender in {each.sender, each.login})
            and (not recipient or recipient in each.recipients)
        ]

    def logins(self, address: str, since: datetime) -> Sequence[Login]:
        """Return the log-ins to the mailbox *address*, the latest first."""
        return [each for each in self.seen.get(address, []) if each.last >= since]

    def filed(self, folder: str, since: datetime) -> Sequence[Filed]:
        """Return into whose *folder* delivery has put mail, the latest first."""
        return [each for each in self.put.get(folder, []) if each.last >= since]
