"""What every store does with a plan before it writes: hashes, mailbox ids, batches of rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from fermoposta.directory.model import (
    ALL_KINDS,
    ClosedMailbox,
    Kind,
    Record,
    Resource,
    User,
)
from fermoposta.directory.settle import hashed

if TYPE_CHECKING:
    from datetime import datetime

    from fermoposta.directory.steps import Plan, Step

CHANNEL = "fermoposta_changes"
"""The channel on which readers of the change feed are woken."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Steps on one kind that are one statement to a database."""

    verb: str
    kind: Kind
    steps: list[Step]


def ready(plan: Plan) -> list[Step]:
    """Return the steps of *plan* with secrets hashed and a mailbox id for whoever needs one."""
    return [_with_mailbox(step) for step in hashed(plan).steps]


def _with_mailbox(step: Step) -> Step:
    after = step.after
    if isinstance(after, User | Resource) and after.mailbox_id is None:
        return replace(step, after=replace(after, mailbox_id=str(uuid4())))
    return step


def closed_by(step: Step, at: datetime) -> ClosedMailbox:
    """Return the mailbox that is left when *step*, at *at*, closes a user or resource."""
    before = cast("User | Resource", step.before)
    password = before.password_hash if isinstance(before, User) else None
    mailbox_id = cast("str", before.mailbox_id)
    return ClosedMailbox(mailbox_id, before.address, before.kind, at, password)


def verb_of(step: Step) -> str:
    """Return what is done to the table of the step's kind."""
    if step.after is None:
        return "delete"
    return "insert" if step.before is None else "update"


def batches(steps: list[Step]) -> list[Batch]:
    """Put steps together by kind and verb, in an order in which nothing refers to what is not."""
    together: dict[tuple[int, int, str], list[Step]] = defaultdict(list)
    for step in steps:
        verb = verb_of(step)
        at = _ORDER[step.kind]
        last = verb == "delete" and step.kind in (Kind.DOMAINS, Kind.COMPANIES)
        phase = 2 if last else 0 if verb == "delete" else 1
        together[phase, at if phase == 1 else -at, verb].append(step)
    return [Batch(verb, found[0].kind, found) for (_, _, verb), found in sorted(together.items())]


_ORDER = {kind: at for at, kind in enumerate(ALL_KINDS)}


def after_of(step: Step) -> Record:
    """Return the record that *step* leaves behind."""
    return cast("Record", step.after)
