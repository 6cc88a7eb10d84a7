"""
Plan, then apply: the steps from what is stored to what is declared. Pure, and all writers' one way.

What a plan refuses, and what allows it, stands in docs/decisions/0010-what-a-plan-refuses.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from fermoposta.directory import passwords
from fermoposta.directory.cascade import consequences
from fermoposta.directory.check import check, path_of
from fermoposta.directory.model import (
    ADDRESS_KINDS,
    ALL_KINDS,
    MAILBOX_KINDS,
    Certificate,
    ClosedMailbox,
    Kind,
    Opaque,
    Owner,
    Picture,
    Record,
    Resource,
    Secret,
    State,
    User,
)
from fermoposta.directory.problem import Problem
from fermoposta.directory.settle import settled_user
from fermoposta.directory.steps import Action, Plan, PlanError, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from fermoposta.directory.model import SecurityQuestion

    Verify = Callable[[str, str], bool]

UpdatePassword = Literal["on_create", "always"]

NEVER_EMPTY = (Kind.COMPANIES, Kind.DOMAINS, Kind.USERS)
"""The kinds of which something always stays: to have none of them left is never meant."""

__all__ = [
    "Action",
    "Plan",
    "PlanError",
    "Step",
    "UpdatePassword",
    "change_password",
    "plan",
    "set_recovery",
]


def plan(
    desired: State,
    actual: State,
    *,
    kinds: Collection[Kind] = ALL_KINDS,
    owner: Owner = Owner.INVENTORY,
    adopt: bool = False,
    allow_removal: Collection[Kind] = (),
    update_password: UpdatePassword = "on_create",  # noqa: S107 - it says when, not what
    verify: Verify = passwords.verify,
    guarded: bool = True,
) -> Plan:
    """
    Return the steps that bring *actual* to *desired*; none where they agree.

    Only records of *kinds* that belong to *owner* are touched; those that somebody else owns
    are adopted with *adopt*, else a problem. *allow_removal* names the kinds of which more than
    a tenth may vanish; without *guarded*, for somebody who named and confirmed each record, any
    number may. Raises PlanError with every reason for which the plan is refused.
    """
    planner = _Planner(actual, owner, adopt=adopt)
    planner.verify = verify if update_password == "always" else None  # noqa: S105 - not one
    for kind in ALL_KINDS:
        if kind in kinds:
            planner.compare(kind, desired.of(kind))
            if guarded:
                planner.guard(kind, allow_removal)
    return planner.finish()


def change_password(actual: State, address: str, password: Secret | str) -> Plan:
    """
    Return the plan that gives the user of *address* a new password, plain or as a hash.

    Raises PlanError where there is no such user. Who owns the record does not matter.
    """
    user = actual.users.get(address)
    if user is None:
        problem = Problem(
            path_of(Kind.USERS, address), "there is no such user", "check the address"
        )
        raise PlanError([problem])
    if isinstance(password, Secret):
        after = replace(user, password=password)
    else:
        after = replace(user, password_hash=password)
    return Plan((Step(Action.UPDATE, user, after),), actual.revision)


def set_recovery(
    actual: State,
    address: str,
    *,
    mobile: str | None = None,
    recovery_address: str | None = None,
    security_questions: tuple[SecurityQuestion, ...] | None = None,
) -> Plan:
    """
    Return the plan by which the user of *address* has these recovery settings, and no others.

    Raises PlanError where there is no such user, or where the address is the mailbox itself. Who
    owns the record does not matter: what the inventory leaves out is the user's own to change.
    """
    user = actual.users.get(address)
    path = path_of(Kind.USERS, address)
    if user is None:
        raise PlanError([Problem(path, "there is no such user", "check the address")])
    if recovery_address == address:
        what = "is the mailbox that is to be recovered"
        raise PlanError([Problem("recovery_address", what, "give an address elsewhere")])
    after = replace(
        user,
        mobile=mobile,
        recovery_address=recovery_address,
        security_questions=security_questions,
    )
    return Plan((Step(Action.UPDATE, user, after),), actual.revision)


def require_app_passwords(actual: State, address: str, *, required: bool) -> Plan:
    """
    Return the plan by which the password of *address* opens portal and webmail only, or all.

    Raises PlanError where there is no such user. Who owns the record does not matter.
    """
    user = actual.users.get(address)
    if user is None:
        path = path_of(Kind.USERS, address)
        raise PlanError([Problem(path, "there is no such user", "check the address")])
    after = replace(user, require_app_passwords=required)
    return Plan((Step(Action.UPDATE, user, after),), actual.revision)


class _Planner:
    """The steps and problems so far."""

    def __init__(self, actual: State, owner: Owner, *, adopt: bool) -> None:
        self.actual = actual
        self.owner = owner
        self.adopt = adopt
        self.verify: Verify | None = None
        self.problems: list[Problem] = []
        self.writes: list[Step] = []
        self.removals: dict[Kind, list[Step]] = {kind: [] for kind in ALL_KINDS}
        self.closed = _latest(actual)

    def compare(self, kind: Kind, want: dict[str, Record]) -> None:
        """Note the steps that *kind* needs."""
        have = self.actual.of(kind)
        for key, new in want.items():
            old = have.get(key)
            if old is new:  # as it was read: nobody said anything of it
                continue
            if old is None:
                self._create(new)
            elif old.managed_by is self.owner:
                self._update(old, new)
            else:
                self._foreign(old, new)
        for key, old in have.items():
            if key not in want and old.managed_by is self.owner:
                action = Action.CLOSE if kind in MAILBOX_KINDS else Action.REMOVE
                self.removals[kind].append(Step(action, old, None))

    def _create(self, new: Record) -> None:
        new = self._owned(new)
        closed = self.closed.get((new.kind, new.key)) if new.kind in MAILBOX_KINDS else None
        if isinstance(new, User):
            self._readable(new)
        self._at_hand(new)
        if closed is None:
            self.writes.append(Step(Action.CREATE, None, new))
            return
        if isinstance(new, User):
            new = replace(
                new,
                mailbox_id=closed.mailbox_id,
                password_hash=new.password_hash
                or (None if new.password is not None else closed.password_hash),
            )
        elif isinstance(new, Resource):
            new = replace(new, mailbox_id=closed.mailbox_id)
        self.writes.append(Step(Action.REOPEN, None, new, closed))

    def _update(self, old: Record, new: Record) -> None:
        after = self._settled(old, new)
        if after is not None:
            self.writes.append(Step(Action.UPDATE, old, self._owned(after)))

    def _foreign(self, old: Record, new: Record) -> None:
        """Let a record of somebody else's be where it is as declared; else adopt it, or refuse."""
        after = self._settled(old, new)
        if self.adopt:
            after = self._owned(after if after is not None else old)
            self.writes.append(Step(Action.ADOPT, old, after))
        elif after is not None:
            self.problems.append(
                Problem(
                    path_of(new.kind, new.key),
                    f"belongs to the {old.managed_by}, which has it otherwise",
                    "take it out of the declaration, or adopt it in so many words",
                )
            )

    def _settled(self, old: Record, new: Record) -> Record | None:
        """Return what is to be stored for *new* in the place of *old*; None where nothing is."""
        if isinstance(new, User) and isinstance(old, User):
            after = settled_user(old, new, self.verify)
            if after is not None:
                self._readable(after)
            return after
        if new == old:
            return None
        self._at_hand(new)
        if isinstance(new, Resource) and isinstance(old, Resource):
            return replace(new, mailbox_id=old.mailbox_id)
        return new

    def _owned(self, record: Record) -> Record:
        if record.managed_by is self.owner:
            return record
        return replace(record, managed_by=self.owner)

    def _readable(self, user: User) -> None:
        """Refuse a password that is to be stored and that nobody here can read."""
        answers = [question.answer for question in user.security_questions or ()]
        for secret in (user.password, *answers):
            if isinstance(secret, Opaque):
                self.problems.append(
                    Problem(
                        path_of(Kind.USERS, user.address, "password"),
                        f"cannot be read here: {secret.reason}",
                        "run this through Ansible with the vault's password",
                    )
                )
                return

    def _at_hand(self, record: Record) -> None:
        """Refuse what is to be stored and is known by its digest only."""
        if isinstance(record, Picture | Certificate) and record.content is None:
            self.problems.append(
                Problem(
                    path_of(record.kind, record.address),
                    f"the directory holds nothing with the digest {record.digest[:12]}…",
                    "name the file instead of its digest",
                )
            )

    def guard(self, kind: Kind, allow_removal: Collection[Kind]) -> None:
        """Refuse to take away more of *kind* than is likely to be meant."""
        gone = len(self.removals[kind])
        had = sum(each.managed_by is self.owner for each in self.actual.of(kind).values())
        made = any(step.kind is kind and step.before is None for step in self.writes)
        path = f"mail_{kind}"
        if gone and gone == had and not made and kind in NEVER_EMPTY:
            self.problems.append(
                Problem(
                    path,
                    f"none of the {had} in the directory would be left",
                    "check the path of the inventory; a directory is never emptied",
                )
            )
        elif gone > 1 and gone * 10 > had and kind not in allow_removal:
            self.problems.append(
                Problem(
                    path,
                    f"{gone} of {had} would vanish, more than a tenth",
                    f"if that is meant, allow the removal of {kind} in so many words",
                )
            )

    def finish(self) -> Plan:
        """Put the steps in order: what makes room, what is new, what is then no longer needed."""
        gone = {step.key for kind in ADDRESS_KINDS for step in self.removals[kind]} - {
            step.key for step in self.writes if step.kind in ADDRESS_KINDS
        }
        gone |= {step.key for step in self.removals[Kind.DOMAINS]}
        touched = {(step.kind, step.key) for step in self._all()}
        for step in consequences(self.actual, gone) if gone else ():
            if (step.kind, step.key) in touched or step.record.managed_by is self.owner:
                continue
            if step.after is None:
                self.removals[step.kind].append(step)
            else:
                self.writes.append(step)
        steps = tuple(self._all())
        if steps:
            self.problems.extend(check(result(self.actual, steps)))
        if self.problems:
            raise PlanError(set(self.problems))
        return Plan(steps, self.actual.revision)

    def _all(self) -> Iterator[Step]:
        last = (Kind.DOMAINS, Kind.COMPANIES)
        for kind in reversed(ALL_KINDS):
            if kind not in last:
                yield from self.removals[kind]
        yield from self.writes
        for kind in last:
            yield from self.removals[kind]


def _latest(actual: State) -> dict[tuple[Kind, str], ClosedMailbox]:
    """Find the mailbox to reopen for an address: the one that was closed last."""
    found: dict[tuple[Kind, str], ClosedMailbox] = {}
    for closed in sorted(actual.closed.values(), key=lambda each: each.closed_at):
        found[closed.kind, closed.address] = closed
    return found


def result(actual: State, steps: Collection[Step]) -> State:
    """Return what *actual* will be after *steps*, but for ids and times."""
    state = actual.copy()
    for step in steps:
        if step.after is None:
            state.of(step.kind).pop(step.key, None)
        else:
            state.of(step.kind)[step.key] = step.after
    return state
