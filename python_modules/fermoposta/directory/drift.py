"""Where the directory and a declaration differ, whoever owns what: a report, nothing to apply."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from fermoposta.directory.model import ALL_KINDS, Kind, Owner, Record, State, User
from fermoposta.directory.public import public
from fermoposta.directory.settle import settled_user

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


class What(StrEnum):
    """How a record differs."""

    MISSING = "missing"
    DIFFERENT = "different"
    EXTRA = "extra"
    PORTAL = "portal"


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One record that is not the same on both sides.

    MISSING: declared only. EXTRA: stored only, and the inventory's. PORTAL: stored only, and the
    portal's, which is as it should be. DIFFERENT: *fields* holds (declared, stored) by name.
    """

    kind: Kind
    key: str
    what: What
    fields: dict[str, tuple[object, object]]

    def __str__(self) -> str:
        """Put the difference in one line."""
        named = f": {', '.join(self.fields)}" if self.fields else ""
        return f"{self.what} {self.kind} {self.key}{named}"

    def to_json(self) -> dict[str, object]:
        """Return the difference as values of JSON."""
        fields = {
            name: {"declared": pair[0], "stored": pair[1]} for name, pair in self.fields.items()
        }
        return {"kind": self.kind, "key": self.key, "what": self.what, "fields": fields}


def drift(
    desired: State, actual: State, *, kinds: Collection[Kind] = ALL_KINDS
) -> list[Difference]:
    """List how *desired* and *actual* differ, but for secrets and what is left to the users."""
    return [each for kind in ALL_KINDS if kind in kinds for each in _of_kind(kind, desired, actual)]


def _of_kind(kind: Kind, desired: State, actual: State) -> Iterator[Difference]:
    want, have = desired.of(kind), actual.of(kind)
    for key in sorted(want.keys() | have.keys()):
        new, old = want.get(key), have.get(key)
        if old is None:
            yield Difference(kind, key, What.MISSING, {})
        elif new is None:
            what = What.EXTRA if old.managed_by is Owner.INVENTORY else What.PORTAL
            yield Difference(kind, key, what, {})
        elif fields := _fields(old, new):
            yield Difference(kind, key, What.DIFFERENT, fields)


def _fields(old: Record, new: Record) -> dict[str, tuple[object, object]]:
    if isinstance(old, User) and isinstance(new, User):
        settled = settled_user(old, new, None)
        if settled is None:
            return {}
        new = settled
    elif old == new:
        return {}
    stored, declared = public(old), public(new)
    ours = {"managed_by", "mailbox_id"}
    return {
        name: (value, stored.get(name))
        for name, value in declared.items()
        if name not in ours and stored.get(name) != value
    }
