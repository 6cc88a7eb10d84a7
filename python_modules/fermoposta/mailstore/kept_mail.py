"""
Mail that was deleted: what Dovecot keeps of it, by IMAP.

Dovecot moves what is expunged from the folder F into ``.kept/F``, which no client of its owner can
open; the time at which it came there (SAVEDATE, RFC 8514) is that of the deletion. A message keeps
its GUID when it is copied, so that one that is back is known.
"""

from __future__ import annotations

import email.header
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from imapclient.datetime_util import parse_to_datetime
from imapclient.exceptions import IMAPClientError

from fermoposta.mailstore.deleted_item import DeletedItem, Kind, OverQuotaError, RestoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from imapclient import IMAPClient

    from fermoposta.mailstore.imap import Door

ROOT = ".kept/"
_FIELDS = ("ENVELOPE", "INTERNALDATE", "SAVEDATE", "RFC822.SIZE", "X-GUID")
_MANY = 500
"""Messages in one command: a line stays below what Dovecot takes (64 kB)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One message that is kept: where it was, where it is now, and what it is."""

    folder: str
    uid: int
    guid: str
    item: DeletedItem


class KeptMail:
    """What is kept of one mailbox's mail, over one connection."""

    def __init__(self, client: IMAPClient) -> None:
        client.normalise_times = False
        self._client = client

    def folders(self) -> set[str]:
        """List the folders that there are now."""
        return {str(name) for flags, _, name in self._client.list_folders() if _real(flags)}

    def all(self, since: datetime, folder: str | None = None) -> list[Kept]:
        """List what was deleted after *since*, from *folder* or from any."""
        there = self._client.list_folders("", f"{ROOT}*")
        names = [str(name).removeprefix(ROOT) for flags, _, name in there if _real(flags)]
        return [
            kept
            for name in sorted(names)
            if folder is None or name == folder
            for kept in self._in(name)
            if kept.item.deleted_at > since
        ]

    def _in(self, folder: str) -> Iterator[Kept]:
        self._client.select_folder(ROOT + folder, readonly=True)
        uids = self._client.search(["ALL"])
        for start in range(0, len(uids), _MANY):
            for uid, fields in self._client.fetch(uids[start : start + _MANY], _FIELDS).items():
                yield _kept(folder, uid, fields)

    def restore(self, wanted: Iterable[Kept]) -> list[DeletedItem]:
        """
        Put *wanted* back to where they were; return those that were not there yet.

        A folder that is gone is made anew. Each folder's messages come back together or not at
        all: raises OverQuotaError where they don't fit, and they are kept as they were.
        """
        groups: dict[str, list[Kept]] = {}
        for kept in wanted:
            groups.setdefault(kept.folder, []).append(kept)
        restored = []
        for folder in sorted(groups):
            self._make(folder)
            restored += self._put_back(folder, groups[folder])
        return restored

    def _make(self, folder: str) -> None:
        if folder not in self.folders():
            self._client.create_folder(folder)
            self._client.subscribe_folder(folder)

    def _put_back(self, folder: str, group: list[Kept]) -> list[DeletedItem]:
        here = self._guids(folder, group)
        new = [kept for kept in group if kept.guid not in here]
        self._check_room(folder, sum(kept.item.size for kept in new))
        self._client.select_folder(ROOT + folder)
        for part in _parts([kept.uid for kept in new]):
            self._client.copy(part, folder)
            self._forget(part)
        for part in _parts([kept.uid for kept in group if kept.guid in here]):
            self._forget(part)
        return [kept.item for kept in new]

    def _check_room(self, folder: str, size: int) -> None:
        """Raise OverQuotaError where *size* bytes don't fit: no quota holds us back."""
        _, quotas = self._client.get_quota_root("INBOX")
        for quota in quotas:
            if quota.resource == "STORAGE" and quota.usage * 1024 + size > quota.limit * 1024:
                raise OverQuotaError(
                    f"{folder}: the mailbox is too full for what was deleted;"
                    " nothing of this folder was restored: make room, or restore less at once"
                )

    def _guids(self, folder: str, group: list[Kept]) -> set[str]:
        """Return which messages of *group* are in *folder* already."""
        self._client.select_folder(folder, readonly=True)
        return {kept.guid for kept in group if self._client.search(["X-GUID", kept.guid])}

    def _forget(self, uids: list[int]) -> None:
        self._client.delete_messages(uids, silent=True)
        self._client.uid_expunge(uids)


def keep_flagged(client: IMAPClient, folder: str) -> list[str]:
    r"""
    Copy the messages of *folder* with the flag ``\Deleted`` to where deleted ones are kept.

    Returns the Message-IDs of those that were not kept yet.
    """
    client.select_folder(folder, readonly=True)
    found = client.fetch(client.search(["DELETED"]), ["X-GUID", "ENVELOPE"])
    target = ROOT + folder
    if not client.folder_exists(target):
        client.create_folder(target)
    client.select_folder(target)
    new = {
        uid: fields[b"ENVELOPE"].message_id or b""
        for uid, fields in found.items()
        if not client.search(["X-GUID", fields[b"X-GUID"].decode()])
    }
    client.select_folder(folder, readonly=True)
    for part in _parts(list(new)):
        client.copy(part, target)
    client.select_folder(target)
    # Else a message that comes back would be gone with the next client that expunges.
    if flagged := client.search(["DELETED"]):
        client.remove_flags(flagged, [b"\\Deleted"], silent=True)
    return [message_id.decode(errors="replace").strip() for message_id in new.values()]


@contextmanager
def open_kept(door: Door, address: str) -> Iterator[KeptMail]:
    """Open what is kept of *address*; raises RestoreError where its mailbox can't be opened."""
    try:
        with door.open(address) as session:
            yield KeptMail(session.client)
    except (IMAPClientError, OSError) as error:
        raise RestoreError(f"{address}: the mailbox can't be opened or changed: {error}") from error


def _real(flags: Iterable[bytes]) -> bool:
    return not {b"\\Noselect", b"\\NonExistent"} & set(flags)


def _parts(uids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(uids), _MANY):
        yield uids[start : start + _MANY]


def _kept(folder: str, uid: int, fields: dict[bytes, Any]) -> Kept:
    envelope, guid = fields[b"ENVELOPE"], fields[b"X-GUID"].decode()
    item = DeletedItem(
        id=f"mail:{guid}",
        kind=Kind.MAIL,
        folder=folder,
        name=_text(envelope.subject),
        sender=_sender(envelope.from_),
        size=fields[b"RFC822.SIZE"],
        received=fields[b"INTERNALDATE"].astimezone(UTC),
        deleted_at=parse_to_datetime(fields[b"SAVEDATE"], normalise=False).astimezone(UTC),
    )
    return Kept(folder, uid, guid, item)


def _text(raw: bytes | None) -> str:
    """Return an encoded header (RFC 2047) as text, as far as it can be read."""
    text = (raw or b"").decode("utf-8", errors="replace")
    try:
        return str(email.header.make_header(email.header.decode_header(text)))
    except (ValueError, LookupError):
        return text


def _sender(addresses: Iterable[Any] | None) -> str:
    for address in addresses or ():
        if address.mailbox and address.host:
            return f"{_text(address.mailbox)}@{_text(address.host)}"
    return ""
