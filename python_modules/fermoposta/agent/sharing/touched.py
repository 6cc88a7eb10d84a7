"""In whose mailboxes rights may be others after a change of the directory. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.directory.model import Kind
from fermoposta.directory.rights import Membership, shared_mailboxes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fermoposta.directory.model import State
    from fermoposta.directory.store import Change


def touched(changes: Sequence[Change], state: State) -> set[str]:
    """Return the owners of the mailboxes that *changes*, which led to *state*, are about."""
    owners: set[str] = set()
    groups: set[str] = set()
    for change in changes:
        if change.kind in (Kind.GRANTS, Kind.DELEGATIONS):
            owners.add(change.key.split(" ", 1)[0])
        elif change.kind is Kind.GROUPS:
            groups.add(change.key)
    if people := people_of(changes):
        owners |= people & shared_mailboxes(state)
    if groups:
        membership = Membership(state)
        groups |= {above for group in groups for above in membership.groups_of(group)}
        owners |= {grant.mailbox for grant in state.grants.values() if grant.grantee in groups}
    return owners


def people_of(changes: Sequence[Change]) -> set[str]:
    """Return which users and resources *changes* are about themselves."""
    return {change.key for change in changes if change.kind in (Kind.USERS, Kind.RESOURCES)}
