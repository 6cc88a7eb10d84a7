"""
Plan, then apply: the steps from what is stored to what is declared. Pure, and all writers' one way.

What the plan refuses, with what allows it, stands in docs/decisions/0003-removals.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from fermoposta.directory.model import ALL_KINDS, Kind, Owner, State
from fermoposta.directory.steps import Action, Plan, PlanError, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

UpdatePassword = Literal["on_create", "always"]

__all__ = ["Action", "Plan", "PlanError", "Step", "UpdatePassword", "plan"]


def plan(
    desired: State,
    actual: State,
    *,
    kinds: Collection[Kind] = ALL_KINDS,
    owner: Owner = Owner.INVENTORY,
    adopt: bool = False,
    allow_removal: Collection[Kind] = (),
    update_password: UpdatePassword = "on_create",
    verify: Callable[[str, str], bool] | None = None,
) -> Plan:
    """
    Return the steps that bring *actual* to *desired*; none where they agree.

    Only records of *kinds* that belong to *owner* are touched; those that somebody else owns
    are adopted with *adopt*, else a problem. *allow_removal* names the kinds of which more than
    a tenth may vanish. Raises PlanError with every reason for which the plan is refused.
    """
    raise NotImplementedError
