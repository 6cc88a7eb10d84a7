"""
Mailboxes beyond what clients that synchronise them bear: size, folders, items, broken messages.

`judge` decides, `measure` looks by IMAP. A finding has a key that stays the same, so that nobody is
told of it every day.
"""

from __future__ import annotations

import email.errors
import hashlib
from dataclasses import dataclass, field
from datetime import date, timedelta
from email import message_from_bytes, policy
from enum import StrEnum
from typing import TYPE_CHECKING

from fermoposta.mailstore.acl import SHARED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imapclient import IMAPClient

_MANY = 200
_BROKEN = (
    email.errors.MissingHeaderBodySeparatorDefect,
    email.errors.FirstHeaderLineIsContinuationDefect,
    email.errors.NoBoundaryInMultipartDefect,
)


class Limit(StrEnum):
    """What is beyond its measure."""

    MAILBOX = "mailbox"
    FOLDERS = "folders"
    ITEM = "item"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Limits:
    """The measures: bytes of a mailbox, number of folders, bytes of one message."""

    mailbox_bytes: int
    folders: int
    item_bytes: int


@dataclass(frozen=True, slots=True)
class Item:
    """A message, or a *name*d entry: its size in bytes, and why it can't be read, if it can't."""

    folder: str
    uid: int
    size: int
    broken: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """What a mailbox is like; *items* holds what may be too large or broken, not every message."""

    size: int
    folders: int
    items: tuple[Item, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing beyond its measure: *amount* is in bytes, or a number of folders."""

    limit: Limit
    amount: int
    allowed: int
    folder: str = ""
    uid: int = 0
    reason: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        """Return what stays the same from day to day, in 12 hexadecimal digits."""
        text = f"{self.limit}\0{self.folder}\0{self.name or self.uid}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def judge(measure: Measure, limits: Limits) -> list[Finding]:
    """Return what of *measure* is beyond *limits*."""
    found = []
    if measure.size > limits.mailbox_bytes:
        found.append(Finding(Limit.MAILBOX, measure.size, limits.mailbox_bytes))
    if measure.folders > limits.folders:
        found.append(Finding(Limit.FOLDERS, measure.folders, limits.folders))
    for item in measure.items:
        place = (item.folder, item.uid)
        if item.size > limits.item_bytes:
            found.append(Finding(Limit.ITEM, item.size, limits.item_bytes, *place, name=item.name))
        if item.broken:
            found.append(Finding(Limit.MALFORMED, item.size, 0, *place, item.broken, item.name))
    return found


def broken(header: bytes) -> str:
    """Say why the *header* of a message can't be understood; empty where it can (RFC 5322)."""
    message = message_from_bytes(header, policy=policy.compat32)
    for defect in message.defects:
        if isinstance(defect, _BROKEN):
            return type(defect).__name__.removesuffix("Defect")
    if not message.keys():
        return "NoHeader"
    return ""


def measure(client: IMAPClient, limits: Limits, *, since: date | None = None) -> Measure:
    """Look at a mailbox; only what is large, or came there on *since* or later, is read."""
    names = [
        str(name)
        for flags, _, name in client.list_folders()
        if not {b"\\Noselect", b"\\NonExistent"} & set(flags)
        and not str(name).startswith(f"{SHARED}/")  # counts for its owner
    ]
    size, items = 0, []
    for name in names:
        size += int(client.folder_status(name, ["SIZE"])[b"SIZE"])
        items += list(_items(client, name, limits, since))
    return Measure(size, len(names), tuple(items))


def _items(client: IMAPClient, folder: str, limits: Limits, since: date | None) -> Iterator[Item]:
    client.select_folder(folder, readonly=True)
    large = set(client.search(["LARGER", limits.item_bytes]))
    new = client.search(["SAVEDSINCE", since - timedelta(days=1)] if since else ["ALL"])
    wanted = sorted(large | set(new))
    for start in range(0, len(wanted), _MANY):
        part = wanted[start : start + _MANY]
        for uid, fields in client.fetch(part, ["RFC822.SIZE", "BODY.PEEK[HEADER]"]).items():
            header = fields.get(b"BODY[HEADER]")
            if header is None:
                continue  # deleted just now
            why = broken(header)
            if why or uid in large:
                yield Item(folder, uid, fields[b"RFC822.SIZE"], why)
