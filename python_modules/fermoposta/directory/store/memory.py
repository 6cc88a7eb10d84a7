"""The directory in memory: for tests, for trying a plan out, for whoever needs no database."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from fermoposta.directory.audit import GENESIS, AuditEntry, Chain
from fermoposta.directory.model import MAILBOX_KINDS, ClosedMailbox, Kind, State
from fermoposta.directory.store.base import KEPT_DAYS, Change, StaleError, Store
from fermoposta.directory.store.execution import batches, closed_by, ready

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from fermoposta.directory.steps import Plan, Step


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryStore(Store):
    """A store that is gone with its process. *clock* tells the time of what is written."""

    def __init__(self, state: State | None = None, *, clock: Callable[[], datetime] = _now) -> None:
        self._state = state.copy() if state is not None else State()
        self._clock = clock
        self._changes: list[Change] = []
        self._audit: list[AuditEntry] = []
        self._news = threading.Condition()

    def state(self) -> State:
        """Return everything that is stored."""
        with self._news:
            return self._state.copy()

    def snapshot(self) -> tuple[State, int]:
        """Return everything that is stored, and the id of the last change that is in it."""
        with self._news:
            return self._state.copy(), self._changes[-1].id if self._changes else 0

    def news(self, state: State, since: int) -> tuple[State, list[Change]]:
        """Return what *state*, as it was at the change *since*, has become, and the changes."""
        with self._news:
            changes = [change for change in self._changes if change.id > since]
            return (self._state.copy() if changes else state), changes

    def apply(self, plan: Plan, *, actor: str) -> int:
        """Carry out *plan* on a copy, which then takes the place of what was there."""
        steps = ready(plan)
        with self._news:
            if plan.revision != self._state.revision:
                raise StaleError("the directory changed since the plan was made; plan again")
            if not steps:
                return self._state.revision
            state, now = self._state.copy(), self._clock()
            for batch in batches(steps):
                for step in batch.steps:
                    _carry_out(state, step, now)
            state.revision += 1
            chain = self._chain(now, actor)
            self._audit.extend(chain.of_step(step) for step in steps)
            self._state = state
            self._tell(now, [(step.kind, step.key) for step in steps])
            return state.revision

    def _chain(self, now: datetime, actor: str) -> Chain:
        last = self._audit[-1] if self._audit else None
        return Chain(last.id if last else 0, last.hash if last else GENESIS, now, actor)

    def _tell(self, now: datetime, news: Iterable[tuple[Kind, str]]) -> None:
        for kind, key in news:
            self._changes.append(Change(len(self._changes) + 1, now, kind, key))
        self._news.notify_all()

    def changes(self, since: int = 0) -> list[Change]:
        """Return the lines of the change feed behind the id *since*."""
        with self._news:
            return self._changes[since:]

    def listen(self, since: int = 0, *, timeout: float | None = None) -> Iterator[list[Change]]:
        """Yield what is behind *since*, then whatever comes."""
        while True:
            with self._news:
                if len(self._changes) == since:
                    self._news.wait(timeout)
                found = self._changes[since:]
            if found or timeout is not None:
                yield found
            since += len(found)

    def audit(self, since: int = 0) -> list[AuditEntry]:
        """Return the entries of the audit behind the id *since*."""
        with self._news:
            return self._audit[since:]

    def witness(self, address: str, action: str, what: Mapping[str, object], *, actor: str) -> None:
        """Put into the audit that *actor* was in the mailbox of *address*."""
        with self._news:
            self._audit.append(self._chain(self._clock(), actor).of_access(address, action, what))

    def purgeable(self, now: datetime, *, days: int = KEPT_DAYS) -> list[ClosedMailbox]:
        """List the mailboxes that have been closed for at least *days* days."""
        limit = now - timedelta(days=days)
        with self._news:
            found = [each for each in self._state.closed.values() if each.closed_at <= limit]
        return sorted(found, key=lambda each: (each.closed_at, each.mailbox_id))

    def purge(
        self, mailbox_ids: Iterable[str], *, now: datetime, actor: str, days: int = KEPT_DAYS
    ) -> list[ClosedMailbox]:
        """Forget those of *mailbox_ids* that have been closed for *days* days, and return them."""
        wanted = set(mailbox_ids)
        with self._news:
            found = [each for each in self.purgeable(now, days=days) if each.mailbox_id in wanted]
            if found:
                chain = self._chain(self._clock(), actor)
                for each in found:
                    del self._state.closed[each.mailbox_id]
                    self._audit.append(chain.of_purge(each))
                self._state.revision += 1
                self._tell(self._clock(), [(each.kind, each.address) for each in found])
        return found

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


def _carry_out(state: State, step: Step, now: datetime) -> None:
    there = state.of(step.kind)
    if step.after is None:
        del there[step.key]
        if step.kind in MAILBOX_KINDS:
            closed = closed_by(step, now)
            state.closed[closed.mailbox_id] = closed
        return
    if step.closed is not None:
        del state.closed[step.closed.mailbox_id]
    there[step.key] = step.after
