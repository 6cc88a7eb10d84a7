r"""
A copy of mailboxes as each was at one moment, while mail comes and goes.

Dovecot's sdbox has a file for each message that is never written again, and indexes that say which
messages there are, with which flags. So messages are linked, which costs no room and no time, the
rest is copied, and then the mailbox is looked at once more: where anything moved meanwhile, what
moved is taken anew, until nothing did. Nobody waits for a lock, and no index speaks of a message
that the copy has not got.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MESSAGE = re.compile(r"u\.\d+")
_LEFT_OUT_FOLDERS = {"fts-flatcurve", "sieve-compiled"}
"""Made again from the rest."""
_LEFT_OUT = re.compile(r".*\.lock|temp\..*|\.temp\..*|.*\.tmp(\..*)?")
_RACY = 100_000_000
"""Nanoseconds: what changed less long ago may change once more within one tick of the clock."""
_TRIES = 200
_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as a look at it shows it: *kind* is ``message``, ``file``, ``link`` or ``folder``."""

    kind: str
    identity: tuple[int, ...]


@dataclass(slots=True)
class _Listing:
    """The names in a folder, as long as the folder's own times say that they are still right."""

    stamp: int
    seen_at: int
    names: list[tuple[str, Entry | None]]


@dataclass(slots=True)
class _Eye:
    """Looks at a mailbox again and again, and reads those folders that may have changed."""

    home: Path
    _known: dict[str, _Listing] = field(default_factory=dict)

    def look(self) -> dict[str, Entry]:
        """Return each file and folder below the home, by its relative path."""
        return dict(self._below(""))

    def _below(self, place: str) -> Iterator[tuple[str, Entry]]:
        for name, entry in self._listed(place):
            path = f"{place}{name}"
            if entry is None:
                found = _entry(self.home / path)
                if found is None:
                    continue
            else:
                found = entry
            yield path, found
            if found.kind == "folder":
                yield from self._below(f"{path}/")

    def _listed(self, place: str) -> list[tuple[str, Entry | None]]:
        folder = self.home / place
        try:
            stamp = folder.stat().st_mtime_ns
            known = self._known.get(place)
            if known and known.stamp == stamp and known.seen_at - stamp > _RACY:
                return known.names
            seen_at = time.time_ns()
            names = sorted(_names(folder))
        except FileNotFoundError:
            return []
        self._known[place] = _Listing(stamp, seen_at, names)
        return names


def _names(folder: Path) -> Iterator[tuple[str, Entry | None]]:
    """Yield what is in *folder*; messages with all that there is to know of them."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if _MESSAGE.fullmatch(entry.name):
                yield entry.name, Entry("message", (entry.inode(),))
            elif entry.name not in _LEFT_OUT_FOLDERS and not _LEFT_OUT.fullmatch(entry.name):
                yield entry.name, None


def _entry(path: Path) -> Entry | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        return Entry("folder", ())
    if stat.S_ISLNK(found.st_mode):
        return Entry("link", (found.st_ino,))
    if stat.S_ISREG(found.st_mode):
        return Entry("file", (found.st_ino, found.st_size, found.st_mtime_ns))
    return None


def copy_mailboxes(vmail: Path, to: Path) -> list[str]:
    """
    Copy every mailbox of the mail store *vmail*; return the ids of those that never held still.

    Who is removed meanwhile is left out. Raises OSError.
    """
    make_like(vmail, to)
    moving = []
    for home in homes(vmail):
        shard = to / home.parent.name
        if not shard.exists():
            make_like(home.parent, shard)
        try:
            still = copy_mailbox(home, shard / home.name)
        except FileNotFoundError:
            if home.exists():
                raise
            shutil.rmtree(shard / home.name, ignore_errors=True)
            continue
        if not still:
            moving.append(home.name)
    return moving


def make_like(source: Path, target: Path) -> None:
    """Make the folder *target* with the owner and the mode of *source*."""
    found = source.stat()
    target.mkdir(mode=0o700)
    target.chmod(stat.S_IMODE(found.st_mode))
    _give(target, found)


def copy_mailbox(home: Path, to: Path, *, tries: int = _TRIES) -> bool:
    """
    Make *to* what *home* is at one moment; tell whether it ever held still.

    Both are on one file system. What moved in each of *tries* looks is copied as it was found.
    Raises OSError.
    """
    eye = _Eye(home)
    there: dict[str, Entry] = {}
    make_like(home, to)
    for attempt in range(tries):
        now = eye.look()
        if attempt and now == there:
            return True
        if attempt > 1:
            time.sleep(_PAUSE)
        there = _follow(home, to, there, now)
    return False


def _follow(home: Path, to: Path, old: dict[str, Entry], new: dict[str, Entry]) -> dict[str, Entry]:
    """Bring the copy from *old* to *new*; return what it is now."""
    for path in sorted(old.keys() - new.keys(), reverse=True):
        _remove(to / path, old[path])
    made = dict(new)
    for path, entry in new.items():  # a folder comes before what is in it
        if old.get(path) == entry:
            continue
        if path in old:
            _remove(to / path, old[path])
        try:
            _take(home / path, to / path, entry)
        except FileNotFoundError:
            # Gone since; or its folder is, and the next look finds out.
            made.pop(path)
    return made


def _take(source: Path, target: Path, entry: Entry) -> None:
    if entry.kind == "message":
        os.link(source, target)
        return
    found = source.lstat()
    if entry.kind == "folder":
        target.mkdir(mode=0o700)
    elif entry.kind == "link":
        target.symlink_to(source.readlink())
    else:
        shutil.copyfile(source, target)
    if entry.kind != "link":
        target.chmod(stat.S_IMODE(found.st_mode))
    _give(target, found)


def _give(target: Path, like: os.stat_result) -> None:
    if os.geteuid() == 0:
        os.chown(target, like.st_uid, like.st_gid, follow_symlinks=False)


def _remove(path: Path, entry: Entry) -> None:
    if entry.kind == "folder":
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def copy_files(paths: tuple[str, ...], to: Path) -> None:
    """Copy *paths*, files and folders of the host, with owners and modes, as far as they exist."""
    for name in paths:
        source = Path(name)
        if not source.exists():
            continue
        target = to / name.lstrip("/")
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if source.is_dir():
            for folder, _, names in os.walk(source):
                _like(Path(folder), to)
                for each in names:
                    _like(Path(folder) / each, to)
        else:
            _like(source, to)


def _like(source: Path, to: Path) -> None:
    entry = _entry(source)
    if entry is None:
        return
    target = to / str(source).lstrip("/")
    if entry.kind == "folder" and target.is_dir():
        return
    _take(source, target, entry)


def homes(vmail: Path) -> Iterator[Path]:
    """Yield the home of each mailbox: `<first two digits>/<mailbox id>`."""
    for shard in sorted(vmail.iterdir()):
        if re.fullmatch("[0-9a-f]{2}", shard.name) and shard.is_dir():
            yield from sorted(each for each in shard.iterdir() if each.is_dir())
