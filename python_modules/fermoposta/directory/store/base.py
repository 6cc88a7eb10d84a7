"""
What every store of the directory promises; tests/contract holds them to it.

* StoreError             the directory cannot be read or written as it is
  + StaleError           it changed since the plan was made: read and plan again
  + AuditError           the audit was tampered with
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from fermoposta.directory.audit import verify

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from fermoposta.directory.audit import AuditEntry
    from fermoposta.directory.model import ClosedMailbox, Kind, State
    from fermoposta.directory.steps import Plan

KEPT_DAYS = 30
"""For how many days the mailbox of who is gone is kept."""


class StoreError(Exception):
    """The directory cannot be read or written as it is."""


class StaleError(StoreError):
    """The directory changed since the plan was made; nothing was written."""


class AuditError(StoreError):
    """An entry of the audit is not what was written."""


@dataclass(frozen=True, slots=True)
class Change:
    """A line of the change feed: something about the record *key* of *kind* is new."""

    id: int
    at: datetime
    kind: Kind
    key: str


class Store(ABC):
    """A directory that can be read whole, changed by a plan, and followed."""

    @abstractmethod
    def state(self) -> State:
        """Return everything that is stored, as it was at one moment."""

    @abstractmethod
    def snapshot(self) -> tuple[State, int]:
        """Return everything that is stored, and the id of the last change that is in it."""

    @abstractmethod
    def news(self, state: State, since: int) -> tuple[State, list[Change]]:
        """
        Return what *state*, as it was at the change *since*, has become, and the changes.

        Reads only what the changes name. *state* stays as it is.
        """

    @abstractmethod
    def apply(self, plan: Plan, *, actor: str) -> int:
        """
        Carry out *plan*, all of it or nothing, for *actor*; return the revision afterwards.

        Plain passwords are hashed on the way. Raises StaleError where the directory is no
        longer what the plan was made from.
        """

    @abstractmethod
    def changes(self, since: int = 0) -> list[Change]:
        """Return the lines of the change feed behind the id *since*."""

    @abstractmethod
    def listen(self, since: int = 0, *, timeout: float | None = None) -> Iterator[list[Change]]:
        """
        Yield what is behind *since*, then whatever comes, as it comes.

        With a *timeout*, in seconds, an empty list is yielded after each quiet time of that
        length, so that the caller can look after other things.
        """

    @abstractmethod
    def audit(self, since: int = 0) -> list[AuditEntry]:
        """Return the entries of the audit behind the id *since*."""

    def verify_audit(self) -> None:
        """Go through the whole audit; raises AuditError where an entry is not as it was written."""
        wrong = verify(self.audit())
        if wrong is not None:
            raise AuditError(f"entry {wrong} of the audit is not as it was written")

    @abstractmethod
    def witness(self, address: str, action: str, what: Mapping[str, object], *, actor: str) -> None:
        """Put into the audit that *actor* was in the mailbox of *address*: what was done there."""

    @abstractmethod
    def purgeable(self, now: datetime, *, days: int = KEPT_DAYS) -> list[ClosedMailbox]:
        """List the mailboxes that have been closed for at least *days* days."""

    @abstractmethod
    def purge(
        self, mailbox_ids: Iterable[str], *, now: datetime, actor: str, days: int = KEPT_DAYS
    ) -> list[ClosedMailbox]:
        """
        Forget those of *mailbox_ids* that have been closed for *days* days, and return them.

        Remove the mail files first: what is forgotten cannot be found again.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of whatever the store holds."""

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of whatever the store holds."""
        self.close()
