"""A record as whoever administers it sees it, and lists of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.directory.model import JunkRule, Kind, Owner, User
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.directory.public import public
from fermoposta.inventory.fields import ATTRIBUTES
from fermoposta.portal.administration.errors import NotThereError
from fermoposta.portal.administration.forms import SHAPES, fields_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fermoposta.directory.model import Record, State
    from fermoposta.portal.access import Scope

KINDS: tuple[Kind, ...] = tuple(SHAPES)
"""What may be administered."""

WRITABLE = frozenset(KINDS) - {Kind.COMPANIES, Kind.DOMAINS, Kind.MESSAGE_RULES}
"""What is made and changed here; people's own rules are only read and taken away."""

REMOVABLE = WRITABLE | {Kind.MESSAGE_RULES}

LARGEST_PAGE = 1000
_NEVER_SORTED = frozenset({"password", "password_hash", "security_questions", "role"})


@dataclass(frozen=True, slots=True)
class Query:
    """What to list: entries with *text* in key or name, of *domain*, in order of *sort*."""

    text: str = ""
    domain: str | None = None
    sort: str = "key"
    descending: bool = False
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """
    A record: *fields* in the form of an inventory, without secrets.

    *etag* is another one whenever anything of it is, its password too. *why_fixed* says why it
    can't be changed here, None where it can.
    """

    kind: Kind
    key: str
    fields: Mapping[str, object]
    owner: Owner
    etag: str
    why_fixed: str | None

    @property
    def removable(self) -> bool:
        """Whether it can be taken away here."""
        return self.owner is not Owner.INVENTORY and self.kind in REMOVABLE


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, and how long the whole list is."""

    entries: tuple[Entry, ...]
    total: int


def entry_of(record: Record) -> Entry:
    """Return *record* as it is shown."""
    fixed = None
    if record.managed_by is Owner.INVENTORY:
        fixed = "belongs to the inventory; change it there, and apply"
    elif record.kind not in WRITABLE:
        fixed = "is only shown here"
    return Entry(
        record.kind, record.key, fields_of(record), record.managed_by, etag_of(record), fixed
    )


def etag_of(record: Record) -> str:
    """Return a digest of all of *record*; what is secret can't be told from it."""
    shown = public(record)
    if isinstance(record, User):
        answers = [each.answer_hash for each in record.security_questions or ()]
        shown["secrets"] = [record.password_hash, *answers]
    text = json.dumps(shown, sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def find(state: State, scope: Scope, kind: Kind, query: Query) -> Page:
    """Return the page of *query*; raises NotThereError, and ProblemsError for an unknown order."""
    if kind not in SHAPES:
        raise NotThereError(kind)
    found = list(_within(state, scope, kind, query.domain))
    if query.text:
        text = query.text.casefold()
        found = [
            record
            for record in found
            if text in record.key.casefold() or text in getattr(record, "name", "").casefold()
        ]
    found.sort(key=_order(kind, query.sort), reverse=query.descending)
    start, limit = max(query.offset, 0), min(max(query.limit, 0), LARGEST_PAGE)
    return Page(tuple(map(entry_of, found[start : start + limit])), len(found))


def _within(state: State, scope: Scope, kind: Kind, domain: str | None) -> Iterator[Record]:
    """Yield what *scope* holds; most records by a look at their key, since there may be many."""
    if kind in (Kind.COMPANIES, Kind.DEVICE_POLICIES, Kind.DEVICE_ACCESS):
        for record in state.of(kind).values():
            if scope.holds(record) and (domain is None or _names(record, domain)):
                yield record
        return
    domains = scope.domains if domain is None else scope.domains & {domain.lower()}
    for key, record in state.of(kind).items():
        name = key.partition(" ")[0]
        if name[name.rfind("@") + 1 :] in domains and administered(record):
            yield record


def _names(record: Record, domain: str) -> bool:
    addresses = (record.key, *getattr(record, "applies_to", ()))
    return any(address.rpartition("@")[2] == domain.lower() for address in addresses)


def administered(record: Record) -> bool:
    """Tell what administrators look after from what people have for themselves."""
    return not (isinstance(record, JunkRule) and "@" in record.scope)


def _order(kind: Kind, name: str) -> Callable[[Record], tuple[object, ...]]:
    if name == "key":
        return lambda record: (record.key,)
    known = [each for each in SHAPES[kind].form.fields if each not in _NEVER_SORTED]
    if name not in known:
        raise ProblemsError([Problem("sort", "is no field", f"sort by key, {', '.join(known)}")])
    attribute = ATTRIBUTES.get((kind, name), name)

    def order(record: Record) -> tuple[object, ...]:
        value = getattr(record, attribute)
        if value is None:
            return (1, record.key)
        return (0, value if isinstance(value, int) else str(value).casefold(), record.key)

    return order
