"""
What a client has of a mail folder, and what it is told next.

There is no row per mail: a client has the UIDs that it was sent, with the flags that they had at a
modification sequence (RFC 7162). What is gone or new is a difference of sets; what has changed the
server lists (CHANGEDSINCE). Content is read when it is sent, so it may be newer than said here;
then the next answer repeats a change that the client has, which does no harm.

An answer holds, in this order: mail that is gone, mail that left the filter window, changes with
the oldest first, new mail with the newest first. So the modification sequence may move on as soon
as all changes are sent, even where thousands of new mails still wait.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain, islice
from typing import TYPE_CHECKING

from fermoposta.activesync.state import stored
from fermoposta.activesync.state.errors import ResyncNeededError, StoredStateError
from fermoposta.activesync.state.items import Item, Kind
from fermoposta.mailstore.uidset import UidSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from fermoposta.activesync.state.stored import Json

VERSION = 1


@dataclass(frozen=True, slots=True)
class MailState:
    """What a client has of a folder; without UIDVALIDITY it has nothing yet."""

    uidvalidity: int | None = None
    modseq: int = 0
    """The client knows all changes up to here, of the mail that it has."""
    sent: UidSet = field(default_factory=UidSet)
    since: date | None = None
    """Where its filter window began when it was last told something."""
    complete: bool = False
    """Whether nothing was held back then."""
    known: Mapping[int, UidSet] = field(default_factory=dict)
    """Changes beyond *modseq* that it knows, having made them or been sent them already."""

    def unchanged(self, uidvalidity: int, modseq: int, since: date | None) -> bool:
        """Whether there is nothing to tell, by what STATUS says alone."""
        now = (uidvalidity, modseq, since)
        return self.complete and (self.uidvalidity, self.modseq, self.since) == now

    def knows(self, uid: int, modseq: int) -> bool:
        """Whether the client has *uid* as it was at *modseq*."""
        return modseq <= self.modseq or any(
            at >= modseq and uid in uids for at, uids in self.known.items()
        )

    def applied(self, uid: int, before: int, after: int) -> MailState:
        """
        Return it after the client has changed *uid*, whose MODSEQ was *before* and is *after*.

        The client isn't told of its own change. But where it didn't know the mail as it was before,
        somebody else's change is in it as well, and it will be told.
        """
        return self.knowing({after: [uid]}) if self.knows(uid, before) else self

    def added(self, uid: int, modseq: int) -> MailState:
        """Return it after the client has put the mail *uid* there, which it needn't be sent."""
        return replace(self, sent=self.sent.add(uid)).knowing({modseq: [uid]})

    def received(self, uid: int) -> MailState:
        """Return it after the client has got *uid* otherwise, with flags that may be older."""
        return replace(self, sent=self.sent.add(uid))

    def removed(self, uid: int) -> MailState:
        """Return it after the client has deleted *uid*, or moved it away."""
        return replace(self, sent=self.sent.remove(uid))

    def knowing(self, changes: Mapping[int, Iterable[int]]) -> MailState:
        """Return it where the client knows *changes* too: modification sequence to UIDs."""
        known = dict(self.known)
        for modseq, uids in changes.items():
            if modseq > self.modseq:
                known[modseq] = known.get(modseq, UidSet()) | UidSet.of(uids)
        return replace(self, known=known)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    What the server has.

    The sets come as they are here from ``UID SEARCH RETURN (ALL)`` (RFC 4731), with ``SINCE`` for
    the window. *modseq* must be read before the sets: what changes meanwhile is then told twice
    rather than never.
    """

    uidvalidity: int
    modseq: int
    present: UidSet
    """All mail of the folder."""
    inside: UidSet
    """The mail inside of the filter window; *present* where there is none."""
    changed: Mapping[int, int] = field(default_factory=dict)
    """UID to modification sequence, of what changed after the client's; may hold more."""
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """All that a client is to be told, now and later."""

    state: MailState
    snapshot: Snapshot
    gone: UidSet
    outside: UidSet
    changed: tuple[int, ...]
    new: UidSet

    def __len__(self) -> int:
        """Return how many items there are (GetItemEstimate)."""
        return len(self.gone) + len(self.outside) + len(self.changed) + len(self.new)

    def __iter__(self) -> Iterator[Item]:
        """Yield them in the order in which they are sent."""
        return chain(
            (Item(Kind.DELETE, str(uid)) for uid in self.gone),
            (Item(Kind.SOFT_DELETE, str(uid)) for uid in self.outside),
            (Item(Kind.CHANGE, str(uid)) for uid in self.changed),
            (Item(Kind.ADD, str(uid)) for uid in reversed(self.new)),
        )

    def first(self, count: int) -> Answer:
        """Return the answer that holds the first *count* items."""
        items = tuple(islice(self, count))
        by_kind: dict[Kind, list[int]] = defaultdict(list)
        for item in items:
            by_kind[item.kind].append(int(item.id))
        more = len(items) < len(self)
        left = UidSet.of(by_kind[Kind.DELETE] + by_kind[Kind.SOFT_DELETE])
        after = replace(
            self.state,
            uidvalidity=self.snapshot.uidvalidity,
            sent=self.state.sent - left | UidSet.of(by_kind[Kind.ADD]),
            since=self.snapshot.since,
            complete=not more,
        )
        return Answer(items, more, self._moved_on(after, by_kind[Kind.CHANGE] + by_kind[Kind.ADD]))

    def _moved_on(self, after: MailState, sent: list[int]) -> MailState:
        """Return *after* as far on in modification sequences as the mail *sent* allows."""
        changed, told = self.snapshot.changed, set(sent)
        unsent = next((changed[uid] for uid in self.changed if uid not in told), None)
        limit = self.snapshot.modseq
        if unsent is not None:
            limit = min(limit, unsent - 1)
        beyond: dict[int, list[int]] = defaultdict(list)
        for uid in sent:
            # One STORE gives many mails the same number, and an answer may end among them.
            if changed.get(uid, 0) > limit:
                beyond[changed[uid]].append(uid)
        later = {at: uids for at, uids in after.known.items() if at > limit}
        return replace(after, modseq=limit, known=later).knowing(beyond)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent now, whether there is more, and what the client has after it."""

    items: tuple[Item, ...]
    more: bool
    state: MailState


def ensure_same(state: MailState, uidvalidity: int, modseq: int) -> None:
    """
    Raise ResyncNeededError where UIDs or modification sequences no longer mean what they did.

    Then the folder was deleted and made anew, or restored from a backup. To be asked before an
    answer is repeated, too: its UIDs may be those of other mails now.
    """
    if state.uidvalidity not in {None, uidvalidity}:
        raise ResyncNeededError(f"UIDVALIDITY {state.uidvalidity} became {uidvalidity}")
    if modseq < state.modseq:
        raise ResyncNeededError(f"HIGHESTMODSEQ fell from {state.modseq} to {modseq}")


def difference(state: MailState, snapshot: Snapshot) -> Difference:
    """Return what a client that has *state* is to be told of *snapshot*; see ensure_same."""
    ensure_same(state, snapshot.uidvalidity, snapshot.modseq)
    inside = snapshot.inside & snapshot.present
    gone = state.sent - snapshot.present
    kept = state.sent & inside
    changed = (
        (modseq, uid)
        for uid, modseq in snapshot.changed.items()
        if uid in kept and not state.knows(uid, modseq)
    )
    return Difference(
        state,
        snapshot,
        gone=gone,
        outside=state.sent - gone - inside,
        changed=tuple(uid for _, uid in sorted(changed)),
        new=inside - state.sent,
    )


def fitting(
    items: Iterable[Item], window_size: int, budget: int, size: Callable[[Item], int]
) -> int:
    """
    Return how many of *items* make one answer: *window_size* at most, and *budget* bytes.

    One always fits, however large: a mail that is too large for any answer would otherwise keep all
    that come after it from the client.
    """
    count = total = 0
    for item in islice(items, max(window_size, 1)):
        total += size(item)
        if count and total > budget:
            break
        count += 1
    return count


def dump(state: MailState) -> Json:
    """Return *state* as a value that JSON can hold."""
    return {
        "version": VERSION,
        "uidvalidity": state.uidvalidity,
        "modseq": state.modseq,
        "sent": str(state.sent),
        "since": None if state.since is None else state.since.isoformat(),
        "complete": state.complete,
        "known": [[modseq, str(uids)] for modseq, uids in sorted(state.known.items())],
    }


def load(value: object) -> MailState:
    """Return the state of which *value* was made. Raises StoredStateError."""
    found = stored.fields(value, VERSION)
    uidvalidity = found.get("uidvalidity")
    since = stored.optional_text(found.get("since"))
    try:
        return MailState(
            uidvalidity=None if uidvalidity is None else stored.number(uidvalidity, 1),
            modseq=stored.number(found.get("modseq")),
            sent=UidSet.parse(stored.text(found.get("sent"))),
            since=None if since is None else date.fromisoformat(since),
            complete=stored.flag(found.get("complete")),
            known={
                stored.number(modseq, 1): UidSet.parse(stored.text(uids))
                for modseq, uids in stored.rows(found.get("known"), 2)
            },
        )
    except ValueError as error:
        raise StoredStateError(f"a mail folder's state: {error}") from None
