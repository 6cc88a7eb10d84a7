"""
What a backup has, written down when it is made, and compared with what comes back.

A folder of its own in the backup::

    about.json          when, which host, which release, how much
    databases.json      {database: {table: [rows, digest]}}
    files.jsonl         {"path", "sha256", "mode", "owner"} of each file but messages and indexes
    mail/<id>.jsonl     a line for each folder of the mailbox, and below it one for each message
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from fermoposta.backup.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_DOVECOTS_OWN = re.compile(r"u\.\d+|dovecot\.(list\.)?index.*|dovecot-uidvalidity.*")
"""Messages, which are compared by what a client sees of them, and indexes, which change by use."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What is not as it was: *part* is ``mail``, ``table`` or ``file``; *where* names the place."""

    part: str
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as a client sees it; *messages* by their UID."""

    name: str
    uidvalidity: int
    messages: dict[int, Message] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A message: the SHA-256 of what a client fetches, its flags in order, when it arrived."""

    sha256: str
    flags: tuple[str, ...]
    at: str


def write_mailbox(path: Path, folders: Iterable[Folder]) -> int:
    """Write the *folders* of a mailbox to *path*; return how many messages they have."""
    count = 0
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        for folder in folders:
            head = {"folder": folder.name, "uidvalidity": folder.uidvalidity}
            file.write(f"{json.dumps(head)}\n")
            for uid, message in sorted(folder.messages.items()):
                line = [uid, message.sha256, message.at, *message.flags]
                file.write(f"{json.dumps(line)}\n")
                count += 1
    partial.replace(path)
    return count


def read_mailbox(path: Path) -> Iterator[Folder]:
    """Yield the folders that `write_mailbox` wrote, one after the other; raises BackupError."""
    folder: Folder | None = None
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                found = json.loads(line)
                if isinstance(found, dict):
                    if folder is not None:
                        yield folder
                    folder = Folder(str(found["folder"]), int(found["uidvalidity"]))
                elif folder is not None:
                    uid, sha256, at, *flags = found
                    folder.messages[uid] = Message(sha256, tuple(flags), at)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{path}: what the backup says of a mailbox can't be read") from error
    if folder is not None:
        yield folder


def compare_mailbox(
    address: str, wanted: Iterable[Folder], found: Iterable[Folder]
) -> Iterator[Difference]:
    """Yield what of the mailbox *address* is not in *found* as it is in *wanted*."""
    there = {folder.name: folder for folder in found}
    for folder in wanted:
        where = f"{address} {folder.name}"
        other = there.pop(folder.name, None)
        if other is None:
            yield Difference("mail", where, "the folder is missing")
            continue
        if other.uidvalidity != folder.uidvalidity:
            yield Difference("mail", where, "its UIDVALIDITY is another one")
        yield from _compare_folder(where, folder, other)
    for folder in there.values():
        if folder.messages:
            yield Difference("mail", f"{address} {folder.name}", "there was no such folder")


def _compare_folder(where: str, wanted: Folder, found: Folder) -> Iterator[Difference]:
    for uid, message in wanted.messages.items():
        other = found.messages.get(uid)
        if other is None:
            yield Difference("mail", f"{where} {uid}", "the message is missing")
            continue
        for name, of in (("content", "sha256"), ("flags", "flags"), ("date of arrival", "at")):
            if getattr(other, of) != getattr(message, of):
                yield Difference("mail", f"{where} {uid}", f"another {name}")
    for uid in found.messages.keys() - wanted.messages.keys():
        yield Difference("mail", f"{where} {uid}", "there was no such message")


@dataclass(frozen=True, slots=True)
class File:
    """A file of the host or of a mailbox; *owner* is user and group by their numbers."""

    path: str
    sha256: str
    mode: str
    owner: str


def files_below(root: Path) -> Iterator[File]:
    """Yield the files below *root* but for Dovecot's own, by their relative path."""
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            if _DOVECOTS_OWN.fullmatch(name):
                continue
            path = os.path.join(folder, name)  # noqa: PTH118 - there may be a million of them
            found = os.lstat(path)
            yield File(
                os.path.relpath(path, root),
                _sha256(path, found),
                f"{stat.S_IMODE(found.st_mode):o}",
                f"{found.st_uid}:{found.st_gid}",
            )


def write_files(path: Path, files: Iterable[File]) -> None:
    """Write *files* to *path*."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(asdict(each))}\n" for each in files)


def compare_files(path: Path, found: Iterable[File]) -> Iterator[Difference]:
    """Yield what of the files that *path* lists is not among *found* as it was."""
    there = {each.path: each for each in found}
    with path.open(encoding="utf-8") as file:
        for line in file:
            wanted = File(**json.loads(line))
            other = there.pop(wanted.path, None)
            if other is None:
                yield Difference("file", wanted.path, "is missing")
                continue
            for name, of in (("content", "sha256"), ("mode", "mode"), ("owner", "owner")):
                if getattr(other, of) != getattr(wanted, of):
                    yield Difference("file", wanted.path, f"another {name}")
    for name in there:
        yield Difference("file", name, "there was no such file")


def compare_databases(wanted: dict[str, Any], found: dict[str, Any]) -> Iterator[Difference]:
    """Yield the tables that are not in *found* as they are in *wanted*."""
    for database in sorted(wanted.keys() | found.keys()):
        old, new = wanted.get(database, {}), found.get(database, {})
        for table in sorted(old.keys() | new.keys()):
            if old.get(table) != new.get(table):
                yield Difference("table", f"{database} {table}", _other(old, new, table))


def _other(old: dict[str, Any], new: dict[str, Any], table: str) -> str:
    if table not in new:
        return "the table is missing"
    if table not in old:
        return "there was no such table"
    if old[table][0] != new[table][0]:
        return f"{new[table][0]} rows instead of {old[table][0]}"
    return "other rows"


def _sha256(path: str, found: os.stat_result) -> str:
    if stat.S_ISLNK(found.st_mode):
        return hashlib.sha256(os.readlink(path).encode()).hexdigest()  # noqa: PTH115 - a str
    with open(path, "rb") as file:  # noqa: PTH123 - a str
        return hashlib.file_digest(file, "sha256").hexdigest()
