"""
What a plan is made of.

* PlanError              the plan is refused; *problems* says why
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from fermoposta.directory.problem import ProblemsError
from fermoposta.directory.public import public_pair

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fermoposta.directory.model import ClosedMailbox, Kind, Record


class PlanError(ProblemsError):
    """The plan is refused; *problems* says why, each with what would allow it."""


class Action(StrEnum):
    """What a step does."""

    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"
    REMOVE = "remove"
    CLOSE = "close"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True)
class Step:
    """
    One record from *before* to *after*.

    A user or resource is closed rather than removed: the mailbox is kept. Reopening takes up
    *closed* again, with its mail. Adopting changes the owner, and whatever else differs.
    """

    action: Action
    before: Record | None
    after: Record | None
    closed: ClosedMailbox | None = field(default=None, repr=False)

    @property
    def record(self) -> Record:
        """Return the record that the step is about, as it will be where it stays."""
        return cast("Record", self.after if self.after is not None else self.before)

    @property
    def kind(self) -> Kind:
        """Return the kind of the record."""
        return self.record.kind

    @property
    def key(self) -> str:
        """Return the key of the record."""
        return self.record.key

    def __str__(self) -> str:
        """Put the step in one line, without secrets."""
        line = f"{self.action} {self.kind} {self.key}"
        if self.before is None or self.after is None:
            return line
        old, new = public_pair(self.before, self.after)
        names = [name for name, value in new.items() if old.get(name) != value]
        return f"{line}: {', '.join(names)}" if names else line

    def to_json(self) -> dict[str, object]:
        """Return the step as values of JSON, without secrets."""
        old, new = public_pair(self.before, self.after)
        return {
            "action": self.action.value,
            "kind": self.kind.value,
            "key": self.key,
            "before": old or None,
            "after": new or None,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps from what is stored, at *revision*, to what is wanted, in their order."""

    steps: tuple[Step, ...] = ()
    revision: int = 0

    def __len__(self) -> int:
        """Return the number of steps; an empty plan is false."""
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        """Go through the steps in their order."""
        return iter(self.steps)

    def counts(self) -> Mapping[str, int]:
        """Say how often each action is done."""
        return Counter(step.action.value for step in self.steps)

    def lines(self) -> list[str]:
        """Return a line for each step, for people."""
        return [str(step) for step in self.steps]

    def diff(self) -> dict[str, str]:
        """Return the texts ``before`` and ``after``, as Ansible's diff mode shows them."""
        before: list[str] = []
        after: list[str] = []
        for step in self.steps:
            old, new = public_pair(step.before, step.after)
            before.extend(_lines(step, old))
            after.extend(_lines(step, new))
        return {"before": "".join(before), "after": "".join(after)}

    def to_json(self) -> dict[str, object]:
        """Return the plan as values of JSON, without secrets."""
        return {
            "revision": self.revision,
            "counts": dict(self.counts()),
            "steps": [step.to_json() for step in self.steps],
        }


def _lines(step: Step, values: Mapping[str, object]) -> Iterator[str]:
    if values:
        yield f"{step.kind} {step.key}\n"
        for name, value in values.items():
            yield f"  {name}: {value}\n"
