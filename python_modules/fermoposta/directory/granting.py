"""Grants that people make beside the inventory: by the CLI, in a mail client. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.directory.check import path_of
from fermoposta.directory.model import Grant, Kind, Owner, State
from fermoposta.directory.plan import PlanError, plan
from fermoposta.directory.problem import Problem
from fermoposta.directory.rights import in_language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fermoposta.directory.steps import Plan


def give(state: State, mailbox: str, folder: str, masks: Mapping[str, int | None]) -> Plan:
    """
    Return the plan that gives each grantee in *masks* just these rights on *folder*.

    None takes the grantee's own grant there away. Raises PlanError where a grant belongs to the
    inventory, or can't be.
    """
    desired = state.copy()
    problems = []
    for grantee, mask in masks.items():
        there = existing(state, mailbox, folder, grantee)
        wanted = [] if mask is None else [mask]
        if [grant.rights for grant in there] == wanted:
            continue
        declared = [grant for grant in there if grant.managed_by is Owner.INVENTORY]
        problems += [_declared(grant) for grant in declared]
        for grant in there:
            del desired.grants[grant.key]
        if mask is not None:
            name = there[0].folder if there else folder
            desired.put(Grant(mailbox, name, grantee, mask, Owner.PORTAL))
    if problems:
        raise PlanError(problems)
    return _planned(desired, state)


def move(state: State, mailbox: str, folder: str, target: str) -> Plan:
    """
    Return the plan by which grants on *folder*, and below it, follow it to *target*.

    What the inventory declares stays where it is. Raises PlanError.
    """
    desired = state.copy()
    for grant in below(state, mailbox, folder):
        if grant.managed_by is Owner.PORTAL:
            del desired.grants[grant.key]
            name = target + grant.folder.removeprefix(folder)
            desired.put(Grant(mailbox, name, grant.grantee, grant.rights, Owner.PORTAL))
    return _planned(desired, state)


def below(state: State, mailbox: str, folder: str) -> list[Grant]:
    """Return the grants on *folder* of *mailbox* and on what lies below it."""
    return [
        grant
        for grant in state.grants.values()
        if grant.mailbox == mailbox and f"{grant.folder}/".startswith(f"{folder}/")
    ]


def existing(state: State, mailbox: str, folder: str, grantee: str) -> list[Grant]:
    """Return the grants of *grantee* that are about *folder*, under whichever name."""
    box = state.users.get(mailbox) or state.resources.get(mailbox)
    language = box.language if box else "en"
    return [
        grant
        for grant in state.grants.values()
        if grant.mailbox == mailbox
        and grant.grantee == grantee
        and in_language(grant.folder, language) == in_language(folder, language)
    ]


def _declared(grant: Grant) -> Problem:
    at = f"{path_of(Kind.GRANTS, grant.mailbox)}.{grant.folder}.{grant.grantee}"
    return Problem(at, "belongs to the inventory", "change it there")


def _planned(desired: State, state: State) -> Plan:
    portals = (each for each in desired.grants.values() if each.managed_by is Owner.PORTAL)
    return plan(
        State.of_records(portals),
        state,
        kinds=(Kind.GRANTS,),
        owner=Owner.PORTAL,
        allow_removal=(Kind.GRANTS,),
    )
