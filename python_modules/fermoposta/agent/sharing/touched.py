"""In whose mailboxes rights may be others after a change of the directory. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.directory.model import Kind
from fermoposta.directory.rights import shared_mailboxes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fermoposta.directory.model import State
    from fermoposta.directory.store import Change


def touched(changes: Iterable[Change], state: State) -> set[str]:
    """Return the owners of the mailboxes that *changes*, which led to *state*, are about."""
    owners: set[str] = set()
    for change in changes:
        if change.kind in (Kind.GRANTS, Kind.DELEGATIONS):
            owners.add(change.key.split(" ", 1)[0])
        elif change.kind is Kind.GROUPS:
            owners |= {
                grant.mailbox for grant in state.grants.values() if grant.grantee in state.groups
            }
        elif change.kind in (Kind.USERS, Kind.RESOURCES):
            owners |= {change.key} & shared_mailboxes(state)
    return owners
