"""What users set up themselves: plans for single records that are the portal's. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.directory.check import path_of
from fermoposta.directory.model import Owner
from fermoposta.directory.plan import plan
from fermoposta.directory.problem import Problem
from fermoposta.directory.steps import Plan, PlanError

if TYPE_CHECKING:
    from fermoposta.directory.model import Kind, Record, State


def put(state: State, record: Record) -> Plan:
    """Return the plan that stores *record*, new or changed; raises PlanError."""
    _refuse_declared(state, record.kind, record.key)
    desired = state.with_kinds([record.kind], state)
    desired.put(record)
    return plan(desired, state, kinds=[record.kind], owner=Owner.PORTAL)


def take(state: State, kind: Kind, key: str) -> Plan:
    """Return the plan that removes what *key* names; raises PlanError."""
    if key not in state.of(kind):
        problem = Problem(path_of(kind, *key.split(" ", 1)), "is not there", "check the name")
        raise PlanError([problem])
    _refuse_declared(state, kind, key)
    desired = state.with_kinds([kind], state)
    del desired.of(kind)[key]
    return plan(desired, state, kinds=[kind], owner=Owner.PORTAL)


def _refuse_declared(state: State, kind: Kind, key: str) -> None:
    there = state.of(kind).get(key)
    if there is not None and there.managed_by is Owner.INVENTORY:
        path = path_of(kind, *key.split(" ", 1))
        raise PlanError([Problem(path, "belongs to the inventory", "change it there, and apply")])
