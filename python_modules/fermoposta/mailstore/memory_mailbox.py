r"""
Mailboxes in memory: the double of those at Dovecot, for tests and trials.

It keeps the contract of `fermoposta.mailstore.mailbox`, rights and all, and can be put out of
order: *away*, *quota*. Not for two event loops.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fermoposta.mailstore.mailbox import (
    Folder,
    FolderExistsError,
    FolderMissingError,
    ForbiddenError,
    MessageMissingError,
    Placed,
    QuotaError,
    RefusedError,
    Snapshot,
    Stored,
    Summary,
    UnavailableError,
)
from fermoposta.mailstore.memory_message import Content
from fermoposta.mailstore.uidset import UidSet

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
    from datetime import date

    from fermoposta.mailstore.mailbox import Query

ALL_RIGHTS = frozenset("lrwstipekxacd")
SHARED = "Condivise"
PIECE = 256 * 1024
INBOX = "INBOX"
_SPECIAL = {
    r"\Drafts": "Drafts",
    r"\Sent": "Sent",
    r"\Trash": "Trash",
    r"\Junk": "Quarantena",
    r"\Archive": "Archive",
}


@dataclass(slots=True)
class _Message:
    content: Content
    flags: frozenset[str]
    received: datetime
    modseq: int


@dataclass(slots=True)
class _Box:
    """A folder; where it is not *selectable* it is there for what is below it alone."""

    owner: str
    uidvalidity: int
    guid: str
    special: str | None = None
    selectable: bool = True
    modseq: int = 1
    uidnext: int = 1
    messages: dict[int, _Message] = field(default_factory=dict)
    shares: dict[str, frozenset[str]] = field(default_factory=dict)
    watchers: set[asyncio.Event] = field(default_factory=set)

    def put(self, content: Content, flags: frozenset[str], received: datetime) -> Placed:
        uid = self.uidnext
        self.uidnext += 1
        self.messages[uid] = _Message(content, flags, received, self.changed())
        return Placed(self.uidvalidity, uid)

    def take(self, uid: int) -> _Message:
        self.changed()
        return self.messages.pop(uid)

    def changed(self) -> int:
        self.modseq += 1
        self.tell()
        return self.modseq

    def tell(self) -> None:
        for watcher in self.watchers:
            watcher.set()


class MemoryStore:
    """The mailboxes of all users; *quota* is bytes by address, and while *away* nothing works."""

    def __init__(self) -> None:
        self.quota: dict[str, int] = {}
        self._away = False
        self._boxes: dict[tuple[str, str], _Box] = {}
        self._validity = 0

    @property
    def away(self) -> bool:
        """Whether every call raises UnavailableError, and who watches is cut off."""
        return self._away

    @away.setter
    def away(self, value: bool) -> None:
        self._away = value
        for box in self._boxes.values():
            box.tell()

    def mailbox(self, address: str) -> MemoryMailbox:
        """Return the mailbox of *address*, which is made where there was none."""
        if (address, INBOX) not in self._boxes:
            self.make(address, INBOX)
            for use, name in _SPECIAL.items():
                self.make(address, name).special = use
        return MemoryMailbox(self, address)

    def share(self, owner: str, folder: str, who: str, rights: Iterable[str]) -> None:
        """Give *who* these rights in a folder, and no others; none at all takes it away."""
        box = self._boxes[owner, folder]
        box.shares[who] = frozenset(rights)

    def make(self, owner: str, name: str, *, selectable: bool = True) -> _Box:
        """Make a folder, whoever asks."""
        self._validity += 1
        box = _Box(owner, self._validity, uuid.uuid4().hex, selectable=selectable)
        self._boxes[owner, name] = box
        return box

    @property
    def boxes(self) -> dict[tuple[str, str], _Box]:
        """All folders, by owner and name."""
        return self._boxes

    def room(self, owner: str, size: int) -> None:
        """Raise QuotaError where *size* bytes more don't fit."""
        limit = self.quota.get(owner)
        used = sum(
            len(message.content.raw)
            for (whose, _), box in self._boxes.items()
            if whose == owner
            for message in box.messages.values()
        )
        if limit is not None and used + size > limit:
            raise QuotaError("the mailbox is full")


class MemoryMailbox:
    """What *address* sees of *store*."""

    def __init__(self, store: MemoryStore, address: str) -> None:
        self._store = store
        self._address = address
        self._closed = False

    @property
    def address(self) -> str:
        """Whose it is."""
        return self._address

    async def folders(self) -> list[Folder]:
        """Return all folders that the user sees."""
        self._there()
        found = {}
        for (owner, name), box in list(self._store.boxes.items()):
            if "l" in self._rights(box):
                shown = self._name(owner, name)
                found[shown] = self._folder(shown, box)
                if owner != self._address:
                    for above in (SHARED, f"{SHARED}/{owner}"):
                        whose = None if above == SHARED else owner
                        found.setdefault(
                            above, Folder(above, "", 0, 0, owner=whose, selectable=False)
                        )
        return list(found.values())

    async def status(self, folder: str) -> Folder:
        """Return what *folder* is like now."""
        for found in await self.folders():
            if found.name == _proper(folder):
                return found
        raise FolderMissingError(f"there is no folder {folder!r}")

    async def rights(self, folder: str) -> frozenset[str]:
        """Return the letters of the user's rights."""
        return self._rights(self._box(folder, ""))

    async def create(self, folder: str) -> Folder:
        """Make a folder, and those above it that lack."""
        self._there()
        if not folder or folder.startswith("/") or "//" in folder:
            raise RefusedError(f"{folder!r} can't be a folder's name")
        owner, name = self._whose(folder)
        parts = name.split("/")
        if not name:
            raise RefusedError(f"{folder!r} can't be made")
        if owner != self._address:
            above = self._store.boxes.get((owner, "/".join(parts[:-1])))
            if above is None or "k" not in self._rights(above):
                raise ForbiddenError(f"the user may not make {folder!r}")
        for count in range(1, len(parts) + 1):
            each = "/".join(parts[:count])
            there = self._store.boxes.get((owner, each))
            if there is None:
                self._store.make(owner, each)
            elif not there.selectable:
                there.selectable = True
            elif count == len(parts):
                raise FolderExistsError(f"there is a folder {folder!r}")
        return await self.status(folder)

    async def rename(self, folder: str, name: str) -> None:
        """Rename a folder with all that is below it."""
        if _proper(folder) == INBOX:
            raise RefusedError("the inbox can't be renamed")
        self._box(folder, "x")
        owner, old = self._whose(folder)
        other, new = self._whose(_proper(name))
        if (other, new) in self._store.boxes:
            raise FolderExistsError(f"there is a folder {name!r}")
        if other != owner:
            raise RefusedError("a folder stays its owner's")
        for (whose, each), box in list(self._store.boxes.items()):
            if whose == owner and (each == old or each.startswith(f"{old}/")):
                del self._store.boxes[whose, each]
                self._store.boxes[whose, new + each.removeprefix(old)] = box

    async def delete(self, folder: str) -> None:
        """Delete a folder with its mail, but not what is below it."""
        if _proper(folder) == INBOX:
            raise RefusedError("the inbox can't be deleted")
        box = self._box(folder, "x")
        owner, name = self._whose(folder)
        del self._store.boxes[owner, name]
        box.selectable = False
        box.tell()
        if any(whose == owner and each.startswith(f"{name}/") for whose, each in self._store.boxes):
            self._store.make(owner, name, selectable=False)

    async def snapshot(
        self, folder: str, *, since: date | None = None, changed_since: int = 0
    ) -> Snapshot:
        """Return what *folder* holds."""
        box = self._box(folder, "r")
        shown = {uid: each for uid, each in box.messages.items() if "\\Deleted" not in each.flags}
        present = UidSet.of(shown)
        return Snapshot(
            uidvalidity=box.uidvalidity,
            modseq=box.modseq,
            present=present,
            inside=present
            if since is None
            else UidSet.of(uid for uid, it in shown.items() if it.received.date() >= since),
            changed={
                uid: it.modseq
                for uid, it in box.messages.items()
                if changed_since and it.modseq > changed_since
            },
        )

    async def summaries(
        self, folder: str, uids: Iterable[int], *, headers: Sequence[str] = ()
    ) -> dict[int, Summary]:
        """Return what is known of *uids*."""
        box = self._box(folder, "r")
        return {
            uid: Summary(
                uid=uid,
                flags=it.flags,
                modseq=it.modseq,
                received=it.received,
                size=len(it.content.raw),
                envelope=it.content.envelope(),
                structure=it.content.structure(),
                headers=it.content.fields(*headers) if headers else b"",
            )
            for uid, it in _these(box, uids)
        }

    async def parts(
        self, folder: str, wanted: Mapping[int, Sequence[str]], *, limit: int | None = None
    ) -> dict[int, dict[str, bytes]]:
        """Return sections of messages without their transfer encoding."""
        box = self._box(folder, "r")
        return {
            uid: {section: it.content.section(section)[:limit] for section in wanted[uid]}
            for uid, it in _these(box, wanted)
        }

    async def stream(
        self,
        folder: str,
        uid: int,
        section: str = "",
        *,
        start: int = 0,
        length: int | None = None,
        raw: bool = False,
    ) -> AsyncGenerator[bytes, None]:
        """Yield a section in pieces."""
        box = self._box(folder, "r")
        if uid not in box.messages:
            raise MessageMissingError(f"message {uid} is no longer in {folder!r}")
        content = box.messages[uid].content.section(section, undo=not raw)
        wanted = content[start:] if length is None else content[start : start + length]
        for at in range(0, len(wanted), PIECE):
            yield wanted[at : at + PIECE]

    async def append(
        self,
        folder: str,
        message: bytes,
        *,
        flags: Iterable[str] = (),
        received: datetime | None = None,
    ) -> Placed:
        """Put *message* into *folder*."""
        box = self._box(folder, "i")
        if not message:
            raise RefusedError("a message without a byte")
        self._store.room(box.owner, len(message))
        at = (received or datetime.now(UTC)).replace(microsecond=0)
        return box.put(Content(message), frozenset(flags), at if at.tzinfo else at.astimezone())

    async def store(
        self,
        folder: str,
        uids: Iterable[int],
        *,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> dict[int, Stored]:
        """Change flags and keywords."""
        more, less = frozenset(add), frozenset(remove)
        box = self._box(folder, "".join({_right_for(flag) for flag in more | less}))
        stored = {}
        for uid, it in _these(box, uids):
            before = it.modseq
            if (flags := (it.flags | more) - less) != it.flags:
                it.flags = flags
                it.modseq = box.changed()
            stored[uid] = Stored(before, it.modseq)
        return stored

    async def move(self, folder: str, uids: Iterable[int], to: str) -> dict[int, Placed]:
        """Move messages."""
        box = self._box(folder, "te")
        placed = await self.copy(folder, uids, to)
        for uid in placed:
            box.take(uid)
        return placed

    async def copy(self, folder: str, uids: Iterable[int], to: str) -> dict[int, Placed]:
        """Copy messages."""
        box, target = self._box(folder, "r"), self._box(to, "i")
        these = list(_these(box, uids))
        if target.owner != box.owner:
            self._store.room(target.owner, sum(len(it.content.raw) for _, it in these))
        return {uid: target.put(it.content, it.flags, it.received) for uid, it in these}

    async def expunge(self, folder: str, uids: Iterable[int]) -> None:
        """Delete just these messages for good."""
        box = self._box(folder, "te")
        for uid, _ in list(_these(box, uids)):
            box.take(uid)

    async def search(self, folder: str, query: Query) -> UidSet:
        """Return the messages that *query* fits."""
        box = self._box(folder, "r")
        return UidSet.of(uid for uid, it in box.messages.items() if _fits(it, query))

    async def watch(self, folder: str) -> AsyncGenerator[None, None]:
        """Yield when watching has begun, then each time that something changed."""
        box = self._box(folder, "r")
        watcher = asyncio.Event()
        box.watchers.add(watcher)
        try:
            yield
            while True:
                await watcher.wait()
                watcher.clear()
                if self._store.away or not box.selectable:
                    raise UnavailableError("the store broke off")
                yield
        finally:
            box.watchers.discard(watcher)

    async def close_idle(self) -> None:
        """Do nothing: there are no connections."""

    async def close(self) -> None:
        """Log out."""
        self._closed = True

    def _there(self) -> None:
        if self._closed or self._store.away:
            raise UnavailableError("the store is away")

    def _box(self, folder: str, rights: str) -> _Box:
        """Return a folder that the user sees, and has these *rights* in."""
        self._there()
        box = self._store.boxes.get(self._whose(_proper(folder)))
        if box is None or not box.selectable or "l" not in self._rights(box):
            raise FolderMissingError(f"there is no folder {folder!r}")
        if not set(rights) <= self._rights(box):
            raise ForbiddenError(f"the user lacks a right of {rights!r} in {folder!r}")
        return box

    def _rights(self, box: _Box) -> frozenset[str]:
        if box.owner == self._address:
            return ALL_RIGHTS
        return box.shares.get(self._address, frozenset())

    def _whose(self, folder: str) -> tuple[str, str]:
        """Return whose a folder is, and what it is called there."""
        top, _, below = folder.partition("/")
        if top != SHARED:
            return self._address, folder
        owner, _, name = below.partition("/")
        return owner, name

    def _name(self, owner: str, name: str) -> str:
        return name if owner == self._address else f"{SHARED}/{owner}/{name}"

    def _folder(self, name: str, box: _Box) -> Folder:
        whose = None if box.owner == self._address else box.owner
        folder = Folder(name, "", 0, 0, owner=whose, selectable=False)
        if not box.selectable or "r" not in self._rights(box):
            return folder
        return replace(
            folder,
            guid=box.guid,
            uidvalidity=box.uidvalidity,
            modseq=box.modseq,
            messages=len(box.messages),
            unseen=sum(r"\Seen" not in it.flags for it in box.messages.values()),
            special=None if whose else box.special,
            selectable=True,
        )


def _proper(folder: str) -> str:
    return INBOX if folder.upper() == INBOX else folder


def _these(box: _Box, uids: Iterable[int]) -> list[tuple[int, _Message]]:
    return [(uid, box.messages[uid]) for uid in sorted(set(uids)) if uid in box.messages]


def _right_for(flag: str) -> str:
    """Return the right that changing a flag takes (RFC 4314, section 4)."""
    return {r"\seen": "s", r"\deleted": "t"}.get(flag.lower(), "w")


def _fits(message: _Message, query: Query) -> bool:
    text = message.content.raw.decode("utf-8", "replace").casefold()
    day = message.received.date()
    flags = {flag.lower() for flag in message.flags}
    return (
        all(word.casefold() in text for word in query.words)
        and (query.since is None or day >= query.since)
        and (query.before is None or day < query.before)
        and all(keyword.lower() in flags for keyword in query.keywords)
        and all(
            value.casefold() in message.content.fields(name).decode("utf-8", "replace").casefold()
            for name, value in query.header
        )
    )
