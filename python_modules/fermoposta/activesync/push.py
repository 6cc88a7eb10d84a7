"""
Who waits for what: one hub for each user, whose devices all meet in one process.

A mail folder that somebody waits for is watched by a connection of its own, which Dovecot puts to
sleep; where there are many, the less important are looked at now and then. Calendars and address
books are told of by the database that they lie in. A device that waits holds a task and what it
asked, and nothing else: its command runs anew when something has happened.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

import structlog

from fermoposta.activesync.folders import Type, tree_of
from fermoposta.mailstore.mailbox import LoginError, MailboxError, UnavailableError
from fermoposta.service.pause import pause_after

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

    from fermoposta.activesync.folders import Folder, Tree
    from fermoposta.activesync.store.model import Store
    from fermoposta.mailstore.groupware import Groupware
    from fermoposta.mailstore.mailbox import Mailbox

    Gone: TypeAlias = Callable[[], Awaitable[object]]

WATCHED_MOST = 4
"""Mail folders of a user that have a connection of their own."""
LOOK_SECONDS = 60
"""How often the other ones are looked at."""
TREE_SECONDS = 60
"""How old the tree of folders may be where nobody needs it fresh."""
LINGER_SECONDS = 30
"""How long a folder is watched on after the last one who waited: devices come back at once."""
BEGIN_SECONDS = 5
"""How long somebody waits for the watching to begin; after that the folder is looked at."""

TREE = ""
"""The path that stands for the tree of folders itself."""

_log = structlog.get_logger()


class Woken(Enum):
    """Why waiting has ended."""

    NEWS = auto()
    TIMEOUT = auto()
    SUPERSEDED = auto()
    """The device has asked anew."""
    STOPPED = auto()
    """The service ends, or the user may no longer come in."""
    GONE = auto()
    """The device has hung up."""


@dataclass(slots=True)
class _Watch:
    task: asyncio.Task[None]
    begun: asyncio.Event
    waiting: int = 0
    until: float = 0.0


@dataclass(slots=True)
class _Waiting:
    """A device's wait: one task that listens whether it hangs up, and a time when that is over."""

    paths: frozenset[str]
    limit: asyncio.Timeout
    why: Woken = Woken.TIMEOUT

    def wake(self, why: Woken) -> None:
        if not self.limit.expired() and self.why is Woken.TIMEOUT:
            self.why = why
            self.limit.reschedule(now())


class _Watching:
    """Holds watches, the last of which lingers; no generator, as there is one for each device."""

    __slots__ = ("_drop", "_held")

    def __init__(self, held: Sequence[_Watch], drop: Callable[[], None]) -> None:
        self._held, self._drop = held, drop

    async def __aenter__(self) -> None:
        """Wait until the watching has begun, but not for long."""
        for watch in self._held:
            watch.waiting += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEGIN_SECONDS):
                    for watch in self._held:
                        await watch.begun.wait()
        except BaseException:
            self._let_go()  # a device that hangs up just now never leaves the block
            raise

    async def __aexit__(self, *_: object) -> None:
        """Let go."""
        self._let_go()

    def _let_go(self) -> None:
        for watch in self._held:
            watch.waiting -= 1
            watch.until = now() + LINGER_SECONDS
        asyncio.get_running_loop().call_later(LINGER_SECONDS + 1, self._drop)


@dataclass(frozen=True, slots=True)
class Pause:
    """A device's wait for news of *folders* after *mark*, until a time of the loop's clock."""

    hub: Hub
    device: str
    mark: int
    folders: tuple[Folder, ...]
    until: float

    async def over(self, gone: Gone) -> Woken:
        """Wait, and return why that has ended."""
        async with self.hub.watching(self.folders):
            seconds = self.until - now()
            return await self.hub.news(self.device, self.mark, self.folders, seconds, gone)


class Hub:
    """What a user's devices share: the tree of folders, and news of changes."""

    def __init__(
        self, user: str, language: str, mail: Mailbox, groupware: Groupware, store: Store
    ) -> None:
        self.user = user
        self.language = language
        self._mail, self._groupware, self._store = mail, groupware, store
        self._tree: tuple[float, Tree] | None = None
        self._reading = asyncio.Lock()
        self._serial = 0
        self._touched: dict[str, int] = {}
        self._watches: dict[str, _Watch] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._looking: asyncio.Task[None] | None = None
        self._seen: dict[str, int] = {}
        self._stopped = False

    async def tree(self, *, fresh: bool = False) -> Tree:
        """Return the user's folders; *fresh* reads them anew, else they may be a minute old."""
        asked = now()
        async with self._reading:
            if self._tree is not None:
                read, tree = self._tree
                if read >= asked or (not fresh and asked - read < TREE_SECONDS):
                    return tree
            started = now()
            mail, collections = await asyncio.gather(
                self._mail.folders(), self._groupware.collections()
            )
            tree = await tree_of(self._store, self.user, self.language, mail, collections)
            self._tree = (started, tree)
            return tree

    async def named(self, ids: Iterable[str], *, fresh: bool = False) -> list[Folder]:
        """Return those of the folders *ids* that are there; for who waits, without the tree."""
        tree = await self.tree(fresh=fresh)
        return [found for each in ids if (found := tree.get(each)) is not None]

    def forget_tree(self) -> None:
        """Have the tree read anew when it is needed next: a folder was made, renamed, deleted."""
        self._tree = None

    # --- News

    @property
    def mark(self) -> int:
        """A moment; to be taken before the folders are looked at."""
        return self._serial

    def touched(self, path: str) -> None:
        """Note that the mail folder or the collection at *path* has changed."""
        self._serial += 1
        self._touched[path] = self._serial
        for each in self._waiting.values():
            if path in each.paths:
                each.wake(Woken.NEWS)

    def touched_by(self, owner: str, path: str | None) -> None:
        """
        Note that a collection of *owner*'s has changed, which may be shared with this user.

        Without a path it's the list of the collections that *owner* sees.
        """
        if path is None:
            if owner == self.user:
                self.forget_tree()
                self.touched(TREE)
        elif self._tree is not None:
            for folder in self._tree[1]:
                if folder.origin == path and (folder.owner or self.user) == owner:
                    self.touched(folder.path)
        elif owner == self.user:
            self.touched(path)

    def tree_changed(self, mark: int) -> bool:
        """Whether folders have come, gone or changed names after *mark*."""
        return self._touched.get(TREE, 0) > mark

    def since(self, mark: int, folders: Iterable[Folder]) -> list[Folder]:
        """Return which of *folders* have changed after *mark*."""
        return [each for each in folders if self._touched.get(each.path, 0) > mark]

    async def news(
        self, device: str, mark: int, folders: Collection[Folder], seconds: float, gone: Gone
    ) -> Woken:
        """
        Wait until one of *folders* has changed after *mark*, at most so many *seconds*.

        *gone* returns when the device has hung up. A device waits once: if it asks anew, the older
        request is answered.
        """
        if self._stopped:
            return Woken.STOPPED
        if self.since(mark, folders) or self.tree_changed(mark):
            return Woken.NEWS
        paths = frozenset({TREE, *(each.path for each in folders)})
        mine = _Waiting(paths, asyncio.timeout(max(seconds, 0)))
        self.supersede(device)
        try:
            async with mine.limit:
                self._waiting[device] = mine
                await gone()
                return Woken.GONE
        except TimeoutError:
            return mine.why
        finally:
            if self._waiting.get(device) is mine:
                del self._waiting[device]

    def supersede(self, device: str) -> None:
        """Have a request of *device* that waits answered: it has asked something anew."""
        older = self._waiting.get(device)
        if older is not None:
            older.wake(Woken.SUPERSEDED)

    @property
    def idle(self) -> bool:
        """Whether nobody waits, and nothing is watched any more."""
        self._drop_lingering()
        return not self._waiting and not self._watches

    def watching(self, folders: Iterable[Folder]) -> _Watching:
        """Return a context in which changes in *folders* are noticed."""
        mail = sorted(
            (each for each in folders if each.is_mail or (each.type is Type.NOTES and each.path)),
            key=lambda each: (each.type, each.owner is not None),
        )
        held = []
        for each in mail:
            if each.path in self._watches or len(self._watches) < WATCHED_MOST:
                held.append(self._watch(each.path))
            elif self._looking is None:
                self._looking = asyncio.create_task(self._look_at_others())
        return _Watching(held, self._drop_lingering)

    async def stop(self) -> None:
        """Answer all who wait, and watch nothing any more."""
        self._stopped = True
        for each in list(self._waiting.values()):
            each.wake(Woken.STOPPED)
        tasks = [each.task for each in self._watches.values()]
        self._watches.clear()
        if self._looking is not None:
            tasks.append(self._looking)
            self._looking = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- Watching

    def _watch(self, path: str) -> _Watch:
        found = self._watches.get(path)
        if found is None or found.task.done():
            begun = asyncio.Event()
            found = _Watch(asyncio.create_task(self._follow(path, begun)), begun)
            self._watches[path] = found
        return found

    async def _follow(self, path: str, begun: asyncio.Event) -> None:
        failures = 0
        while not self._stopped:
            try:
                async with aclosing(self._mail.watch(path)) as changes:
                    async for _ in changes:
                        # The first time says that it has begun: who looks after it misses nothing.
                        if begun.is_set():
                            self.touched(path)
                        begun.set()
                        failures = 0
            except UnavailableError:
                failures += 1
            except LoginError:
                self.touched(path)
                return
            except MailboxError as error:
                # It is gone, or no longer for this user: whoever waits for it will see.
                _log.info("watch ended", user=self.user, error=type(error).__name__)
                self.touched(path)
                return
            await asyncio.sleep(pause_after(max(failures, 1)))
            self.touched(path)  # what happened meanwhile nobody told

    async def _look_at_others(self) -> None:
        while not self._stopped:
            await asyncio.sleep(LOOK_SECONDS)
            wanted = {path for each in self._waiting.values() for path in each.paths}
            others = wanted - self._watches.keys()
            if not others:
                continue
            try:
                found = await self._mail.folders()
            except MailboxError:
                continue
            for folder in found:
                if folder.name in others:
                    before = self._seen.get(folder.name)
                    self._seen[folder.name] = folder.modseq
                    if before != folder.modseq:
                        self.touched(folder.name)

    def _drop_lingering(self) -> None:
        moment = now()
        for path, watch in list(self._watches.items()):
            if watch.waiting <= 0 and watch.until <= moment:
                watch.task.cancel()
                del self._watches[path]
        if not self._waiting and self._looking is not None:
            self._looking.cancel()
            self._looking = None


def now() -> float:
    """Return the time of the loop's clock, in seconds."""
    return asyncio.get_running_loop().time()
