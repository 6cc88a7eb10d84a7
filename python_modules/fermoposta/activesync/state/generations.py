"""
Two generations of what a client has, so that a lost answer costs nothing.

The *base* is what the client has acknowledged, by sending its key. *Pending* is what was sent after
that: the client has it, or the answer was lost; its next key will tell (MS-ASCMD, section
2.2.3.181.4). A client that repeats the key of the base is sent the pending answer again: the same
items, read afresh, and the same responses, so that nothing that it wanted is done twice.

===============  =====================================================================
the key is       then
===============  =====================================================================
0                a new synchronisation begins; the old one is forgotten (Turn.FIRST)
pending's        pending becomes the base (Turn.NEXT)
the base's       pending is sent again (Turn.AGAIN); without pending: Turn.NEXT
anything else    SyncKeyError: the client starts over
===============  =====================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import groupby
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

from fermoposta.activesync.state import stored, synckey
from fermoposta.activesync.state.errors import StateError, StoredStateError, SyncKeyError
from fermoposta.activesync.state.items import Item, Kind, Response
from fermoposta.activesync.state.synckey import SyncKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fermoposta.activesync.state.stored import Json

VERSION = 1

S = TypeVar("S")


class Turn(Enum):
    """What a request's key asks for."""

    FIRST = auto()
    NEXT = auto()
    AGAIN = auto()


@dataclass(frozen=True, slots=True)
class Generation(Generic[S]):
    """What a client has once it has answer *number*, and what that answer said."""

    number: int
    state: S
    items: tuple[Item, ...] = ()
    more: bool = False
    """Whether it said that there is more to come."""
    responses: tuple[Response, ...] = ()

    @property
    def server_ids(self) -> dict[str, str]:
        """Where the client's new items went: ClientId to ServerId."""
        return {
            each.id: each.server_id
            for each in self.responses
            if each.kind is Kind.ADD and each.server_id is not None
        }

    def response_to(self, kind: Kind, id_: str, digest: str) -> Response | None:
        """
        Return what was answered to this very change; None where it is a new one.

        A person may have edited an item once more before the client repeated its request: then the
        id is the same, the content isn't, and the change must be made. Where it is an Add that
        server_ids knows, it is a change of the item that is there already.
        """
        for each in self.responses:
            if (each.kind, each.id) == (kind, id_):
                return each if each.digest == digest else None
        return None

    def responding(self, responses: Iterable[Response]) -> Generation[S]:
        """Return it with *responses* in it, each in place of an older one for the same id."""
        known = {(each.kind, each.id): each for each in self.responses}
        known |= {(each.kind, each.id): each for each in responses}
        return replace(self, responses=tuple(known.values()))


@dataclass(frozen=True, slots=True)
class Collection(Generic[S]):
    """What is known of one client and one folder."""

    uuid: UUID
    base: Generation[S] | None
    pending: Generation[S] | None

    @property
    def key(self) -> SyncKey:
        """The key that the client is told: the newest."""
        newest = self.pending or self.base
        if newest is None:
            raise StateError("a collection without generations has no key")
        return SyncKey(self.uuid, newest.number)

    def answering(
        self,
        state: S,
        items: Iterable[Item] = (),
        *,
        more: bool = False,
        responses: Iterable[Response] = (),
    ) -> Collection[S]:
        """Return it with the answer that is sent now; *state* is what the client has after it."""
        if self.base is None or self.pending is not None:
            raise StateError("an answer follows an acknowledged one, and only one does")
        sent = Generation(self.base.number + 1, state, tuple(items), more=more)
        return replace(self, pending=sent.responding(responses))

    def amending(self, change: Callable[[S], S]) -> Collection[S]:
        """
        Return it with *change* made to what the client has, in whichever generation.

        For what a client learns by other commands, as of a mail that it moved (MoveItems): it has
        that already, whether or not it got the last answer to Sync.
        """
        return replace(
            self, base=_amended(self.base, change), pending=_amended(self.pending, change)
        )


def receive(
    collection: Collection[S] | None, key: str, *, fresh: UUID, empty: S
) -> tuple[Turn, Collection[S]]:
    """
    Return what a request with *key* asks for, and what is known from now on.

    *fresh* names a synchronisation that begins, *empty* is what its client has. Raises SyncKeyError
    where the key is neither of the two that the client may send.
    """
    parsed = synckey.parse(key)
    if parsed is None:
        return Turn.FIRST, Collection(fresh, None, Generation(1, empty))
    if collection is None:
        raise SyncKeyError(f"{key} of a client of which nothing is known")
    base, pending = collection.base, collection.pending
    if parsed.uuid != collection.uuid:
        raise SyncKeyError(f"{key} of a synchronisation that is over")
    if pending is not None and parsed.number == pending.number:
        return Turn.NEXT, replace(collection, base=_acknowledged(pending), pending=None)
    if base is not None and parsed.number == base.number:
        return (Turn.NEXT if pending is None else Turn.AGAIN), collection
    raise SyncKeyError(f"{key} is neither the last key nor the one before it")


def dump(collection: Collection[S], state: Callable[[S], Json]) -> Json:
    """Return *collection* as a value that JSON can hold; *state* does so for its states."""
    return {
        "version": VERSION,
        "uuid": str(collection.uuid),
        "base": _dump(collection.base, state),
        "pending": _dump(collection.pending, state),
    }


def load(value: object, state: Callable[[object], S]) -> Collection[S]:
    """Return the collection of which *value* was made. Raises StoredStateError."""
    found = stored.fields(value, VERSION)
    try:
        uuid = UUID(stored.text(found.get("uuid")))
    except ValueError:
        raise StoredStateError("an uuid that is none") from None
    base, pending = _load(found.get("base"), state), _load(found.get("pending"), state)
    if base is None and pending is None:
        raise StoredStateError("a collection without generations")
    if base and pending and pending.number != base.number + 1:
        raise StoredStateError("generations that don't follow one another")
    return Collection(uuid, base, pending)


def _acknowledged(generation: Generation[S]) -> Generation[S]:
    """Return it without what was kept only to be sent again."""
    return Generation(generation.number, generation.state)


def _amended(generation: Generation[S] | None, change: Callable[[S], S]) -> Generation[S] | None:
    return generation and replace(generation, state=change(generation.state))


def _dump(generation: Generation[S] | None, state: Callable[[S], Json]) -> Json:
    if generation is None:
        return None
    # Runs of one kind: an answer with 512 mails is 512 UIDs, not 512 times "Add" as well.
    runs = groupby(generation.items, lambda item: item.kind)
    return {
        "number": generation.number,
        "state": state(generation.state),
        "items": [[kind.value, [item.id for item in items]] for kind, items in runs],
        "more": generation.more,
        "responses": [
            [each.kind.value, each.id, each.digest, each.status, each.server_id]
            for each in generation.responses
        ],
    }


def _load(value: object, state: Callable[[object], S]) -> Generation[S] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise StoredStateError("a generation that is no object")
    return Generation(
        stored.number(value.get("number"), 1),
        state(value.get("state")),
        tuple(
            Item(_kind(kind), stored.text(each))
            for kind, ids in stored.rows(value.get("items"), 2)
            for each in _list(ids)
        ),
        stored.flag(value.get("more")),
        tuple(
            Response(
                _kind(kind),
                stored.text(id_),
                stored.text(digest),
                stored.number(status),
                stored.optional_text(server_id),
            )
            for kind, id_, digest, status, server_id in stored.rows(value.get("responses"), 5)
        ),
    )


def _kind(value: object) -> Kind:
    try:
        return Kind(stored.text(value))
    except ValueError:
        raise StoredStateError("a change of no known kind") from None


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise StoredStateError(f"a {type(value).__name__} instead of a list")
    return value
