"""What a stretch of the change feed touches of what is compiled. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fermoposta.directory.model import MAILBOX_KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable


class Changed(Protocol):
    """A line of the change feed."""

    @property
    def kind(self) -> Kind:
        """Return what kind of record changed."""

    @property
    def key(self) -> str:
        """Return which one."""


@dataclass(frozen=True, slots=True)
class Touched:
    """Addresses of mailboxes and names of domains to compile anew; *keys* is for signing keys."""

    mailboxes: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    keys: bool = False


MAILBOX_POLICIES = (Kind.JUNK_RULES, Kind.MESSAGE_RULES, Kind.OUT_OF_OFFICE)
"""Kinds whose key begins with the mailbox, or the domain, that they are for."""


def touched_by(changes: Iterable[Changed]) -> Touched:
    """Return what has to be compiled anew after *changes*."""
    mailboxes, domains, keys = set(), set(), False
    for change in changes:
        if change.kind is Kind.DOMAINS:
            domains.add(change.key)
            keys = True
        elif change.kind in MAILBOX_KINDS:
            mailboxes.add(change.key)
        elif change.kind in MAILBOX_POLICIES:
            scope = change.key.split(" ", 1)[0]
            (mailboxes if "@" in scope else domains).add(scope)
    return Touched(frozenset(mailboxes), frozenset(domains), keys)
