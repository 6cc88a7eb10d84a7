"""
The audit: who changed what, when, from what to what. Never a secret, and nothing can be taken out.

Each entry's hash covers the hash of the one before it, so that a change in the middle shows. The
database refuses to change or delete entries; the chain shows where somebody got round that.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.directory.public import public_pair

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from fermoposta.directory.model import ClosedMailbox
    from fermoposta.directory.steps import Step

GENESIS = "0" * 64
"""What the first entry has in the place of a hash before it."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """
    One thing that was done. *before* and *after* are JSON texts, empty where there is none.

    *id* counts from 1 without gaps; *hash* is the SHA-256, in hexadecimal, of the hash before
    it and of everything else.
    """

    id: int
    at: datetime
    actor: str
    action: str
    kind: str
    key: str
    before: str
    after: str
    hash: str


def digest(previous: str, *parts: str) -> str:
    """Return the hash of an entry with *parts* behind the one whose hash is *previous*."""
    # JSON keeps the parts apart: no two lists of parts give the same text.
    return hashlib.sha256(_encode([previous, *parts]).encode()).hexdigest()


def entry_digest(previous: str, entry: AuditEntry) -> str:
    """Return the hash that *entry* has to have behind *previous*."""
    return digest(
        previous,
        str(entry.id),
        entry.at.isoformat(),
        entry.actor,
        entry.action,
        entry.kind,
        entry.key,
        entry.before,
        entry.after,
    )


class Chain:
    """Makes the entries that follow the last one."""

    def __init__(self, last_id: int, last_hash: str, at: datetime, actor: str) -> None:
        self._id = last_id
        self._hash = last_hash
        self._at = at
        self._stamp = at.isoformat()
        self._actor = actor

    def entry(self, action: str, kind: str, key: str, before: str, after: str) -> AuditEntry:
        """Make the next entry."""
        self._id += 1
        self._hash = digest(
            self._hash,
            str(self._id),
            self._stamp,
            self._actor,
            action,
            kind,
            key,
            before,
            after,
        )
        return AuditEntry(
            self._id, self._at, self._actor, action, kind, key, before, after, self._hash
        )

    def of_step(self, step: Step) -> AuditEntry:
        """Make the entry of *step*."""
        old, new = public_pair(step.before, step.after)
        return self.entry(
            step.action.value,
            step.kind.value,
            step.key,
            _encode(old) if old else "",
            _encode(new) if new else "",
        )

    def of_purge(self, closed: ClosedMailbox) -> AuditEntry:
        """Make the entry of a mailbox that is forgotten for good."""
        before = {"mailbox_id": closed.mailbox_id, "closed_at": closed.closed_at.isoformat()}
        return self.entry("purge", closed.kind.value, closed.address, _encode(before), "")

    def of_access(self, address: str, action: str, what: Mapping[str, object]) -> AuditEntry:
        """Make the entry of somebody who was in the mailbox of somebody else."""
        return self.entry(action, "mailbox", address, "", _encode(dict(what)))


def verify(entries: Iterable[AuditEntry]) -> int | None:
    """Return the id of the first entry that is not as it was written; None where all are."""
    previous, expected = GENESIS, 1
    for entry in entries:
        if entry.id != expected or entry_digest(previous, entry) != entry.hash:
            return expected
        previous, expected = entry.hash, expected + 1
    return None
