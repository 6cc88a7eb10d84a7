"""What people set up in the portal, or have set up: plans for single records of its own. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.directory.cascade import consequences
from fermoposta.directory.check import path_of
from fermoposta.directory.model import ADDRESS_KINDS, Owner
from fermoposta.directory.plan import plan
from fermoposta.directory.problem import Problem
from fermoposta.directory.steps import Plan, PlanError, Step

if TYPE_CHECKING:
    from fermoposta.directory.model import Kind, Record, State
    from fermoposta.directory.plan import UpdatePassword


def put(
    state: State,
    *records: Record,
    update_password: UpdatePassword = "on_create",  # noqa: S107 - it says when, not what
    instead_of: tuple[Kind, str] | None = None,
) -> Plan:
    """
    Return the plan that stores *records*, new or changed; raises PlanError.

    A password that is given for somebody who has one counts with *update_password* "always". What
    *instead_of* names goes in the same transaction; it is nothing that others refer to.
    """
    kinds = {each.kind for each in records}
    desired = state.with_kinds(kinds, state)
    if instead_of is not None:
        _refuse_declared(state, *instead_of)
        desired.of(instead_of[0]).pop(instead_of[1], None)
    for each in records:
        _refuse_declared(state, each.kind, each.key)
        desired.put(each)
    return plan(
        desired,
        state,
        kinds=kinds,
        owner=Owner.PORTAL,
        update_password=update_password,
        guarded=False,
    )


def take(state: State, *named: tuple[Kind, str]) -> Plan:
    """
    Return the plan that removes what kinds and keys name; raises PlanError.

    What the portal's own records say of an address that goes, goes too.
    """
    desired = state.copy()
    problems = []
    for kind, key in named:
        if desired.of(kind).pop(key, None) is None:
            path = path_of(kind, *key.split(" ", 1))
            problems.append(Problem(path, "is not there", "check the name"))
        else:
            _refuse_declared(state, kind, key)
    if problems:
        raise PlanError(problems)
    for step in _own_consequences(state, {key for kind, key in named if kind in ADDRESS_KINDS}):
        if step.after is None:
            desired.of(step.kind).pop(step.key, None)
        elif step.key in desired.of(step.kind):
            desired.put(step.after)
    return plan(desired, state, owner=Owner.PORTAL, guarded=False)


def _own_consequences(state: State, gone: set[str]) -> list[Step]:
    """Return what follows for the portal's own records; those of others the planner adds."""
    while True:
        steps = [
            step for step in consequences(state, gone) if step.record.managed_by is Owner.PORTAL
        ]
        emptied = {step.key for step in steps if step.after is None and step.kind in ADDRESS_KINDS}
        if emptied <= gone:
            return steps
        gone = gone | emptied


def _refuse_declared(state: State, kind: Kind, key: str) -> None:
    there = state.of(kind).get(key)
    if there is not None and there.managed_by is Owner.INVENTORY:
        path = path_of(kind, *key.split(" ", 1))
        raise PlanError([Problem(path, "belongs to the inventory", "change it there, and apply")])
