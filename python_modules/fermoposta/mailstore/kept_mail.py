"""
Mail that was deleted: what Dovecot keeps of it, by IMAP.

Dovecot moves what is expunged from the folder F into ``.kept/F``, which no client of its owner can
open; the time at which it came there (SAVEDATE, RFC 8514) is that of the deletion. A message keeps
its GUID when it is copied, so that one that is back is known.
"""

from __future__ import annotations

import email.errors
import email.header
import email.policy
import email.utils
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from imapclient.datetime_util import parse_to_datetime
from imapclient.exceptions import IMAPClientError

from fermoposta.mailstore.deleted_item import DeletedItem, Kind, OverQuotaError, RestoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime
    from email.message import Message

    from imapclient import IMAPClient

    from fermoposta.mailstore.imap import Door

ROOT = ".kept/"
_FIELDS = (
    "BODY.PEEK[HEADER.FIELDS (FROM SUBJECT)]", "INTERNALDATE", "SAVEDATE", "RFC822.SIZE", "X-GUID",
)  # fmt: skip
"""No ENVELOPE: the library fails at a date that no calendar has, and with it the whole folder."""
_MESSAGE_ID = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"
_MANY = 500
"""Messages in one command: a line stays below what Dovecot takes (64 kB)."""
_FEW = 20
"""Messages that are searched for one by one; each search goes through the whole folder."""


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
        """List what was deleted after *since*, from *folder* and those below it, or from any."""
        there = self._client.list_folders("", f"{ROOT}*")
        names = [str(name).removeprefix(ROOT) for flags, _, name in there if _real(flags)]
        return [
            kept
            for name in sorted(names)
            if folder is None or name == folder or name.startswith(f"{folder}/")
            for kept in self._in(name)
            if kept.item.deleted_at > since
        ]

    def _in(self, folder: str) -> Iterator[Kept]:
        self._client.select_folder(ROOT + folder, readonly=True)
        uids = self._client.search(["ALL"])
        for start in range(0, len(uids), _MANY):
            for uid, fields in self._client.fetch(uids[start : start + _MANY], _FIELDS).items():
                if b"SAVEDATE" in fields:  # else it was forgotten just now
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
        self._client.select_folder(folder, readonly=True)
        here = _where(self._client, {kept.guid for kept in group})
        marked = set(self._client.search(["DELETED"]))
        new = [kept for kept in group if kept.guid not in here]
        self._check_room(folder, sum(kept.item.size for kept in new))
        # Not removed yet, and what removes it may keep nothing: see `keep_flagged`.
        doomed = {guid for guid, uids in here.items() if uids <= marked}
        self._unmark(folder, sorted(uid for guid in doomed for uid in here[guid]))
        self._client.select_folder(ROOT + folder)
        put = self._client.copy
        many = _MANY
        if self._is_junk(folder):
            # A copy into the quarantine would say that somebody calls the message spam.
            put, many = self._append, 1
        for part in _parts([kept.uid for kept in new], many):
            put(part, folder)
            self._forget(part)
        for part in _parts([kept.uid for kept in group if kept.guid in here]):
            self._forget(part)
        return [kept.item for kept in group if kept.guid in doomed or kept.guid not in here]

    def _check_room(self, folder: str, size: int) -> None:
        """Raise OverQuotaError where *size* bytes don't fit: no quota holds us back."""
        _, quotas = self._client.get_quota_root("INBOX")
        for quota in quotas:
            if quota.resource == "STORAGE" and quota.usage * 1024 + size > quota.limit * 1024:
                raise OverQuotaError(
                    f"{folder}: the mailbox is too full for what was deleted;"
                    " nothing of this folder was restored: make room, or restore less at once"
                )

    def _is_junk(self, folder: str) -> bool:
        there = self._client.list_folders()
        return any(b"\\Junk" in flags and str(name) == folder for flags, _, name in there)

    def _append(self, uids: list[int], folder: str) -> None:
        found = self._client.fetch(uids, ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"])
        for fields in found.values():
            flags = set(fields[b"FLAGS"]) - {b"\\Recent"}
            self._client.append(folder, fields[b"BODY[]"], flags, fields[b"INTERNALDATE"])

    def _unmark(self, folder: str, uids: list[int]) -> None:
        if uids:
            self._client.select_folder(folder)
        for part in _parts(uids):
            self._client.remove_flags(part, [b"\\Deleted"], silent=True)

    def _forget(self, uids: list[int]) -> None:
        self._client.delete_messages(uids, silent=True)
        self._client.uid_expunge(uids)


def keep_flagged(client: IMAPClient, folder: str) -> list[str]:
    r"""
    Copy the messages of *folder* with the flag ``\Deleted`` to where deleted ones are kept.

    Returns the Message-IDs of those that were not kept yet.
    """
    client.select_folder(folder, readonly=True)
    found = {}
    for part in _parts(client.search(["DELETED"])):
        for uid, fields in client.fetch(part, [_MESSAGE_ID, "X-GUID"]).items():
            if b"X-GUID" in fields:  # else it is gone, and was kept when its flag was told of
                found[uid] = (_guid(fields), _field(_header(fields), "Message-ID"))
    target = ROOT + folder
    there = client.list_folders("", f"{ROOT}*")
    # A folder whose subfolders alone have a twin is listed, but is none that can be opened.
    if target not in {str(name) for flags, _, name in there if _real(flags)}:
        client.create_folder(target)
    client.select_folder(target)
    old = _where(client, {guid for guid, _ in found.values()})
    new = {uid: message_id for uid, (guid, message_id) in found.items() if guid not in old}
    client.select_folder(folder, readonly=True)
    for part in _parts(list(new)):
        client.copy(part, target)
    client.select_folder(target)
    # Else a message that comes back would be gone with the next client that expunges.
    for part in _parts(client.search(["DELETED"])):
        client.remove_flags(part, [b"\\Deleted"], silent=True)
    return list(new.values())


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


def _parts(uids: list[int], many: int = _MANY) -> Iterator[list[int]]:
    for start in range(0, len(uids), many):
        yield uids[start : start + many]


def _where(client: IMAPClient, guids: Collection[str]) -> dict[str, set[int]]:
    """Return the UIDs of the messages with *guids* in the selected folder; who is not, is not."""
    found: dict[str, set[int]] = {}
    if len(guids) <= _FEW:
        for guid in guids:
            if uids := client.search(["X-GUID", guid]):
                found[guid] = set(uids)
        return found
    for part in _parts(client.search(["ALL"])):
        for uid, fields in client.fetch(part, ["X-GUID"]).items():
            if b"X-GUID" in fields and (guid := _guid(fields)) in guids:
                found.setdefault(guid, set()).add(uid)
    return found


def _kept(folder: str, uid: int, fields: dict[bytes, Any]) -> Kept:
    header, guid = _header(fields), _guid(fields)
    item = DeletedItem(
        id=f"mail:{guid}",
        kind=Kind.MAIL,
        folder=folder,
        name=_text(_field(header, "Subject")),
        sender=_sender(_field(header, "From")),
        size=fields[b"RFC822.SIZE"],
        received=_utc(fields[b"INTERNALDATE"]),
        deleted_at=parse_to_datetime(fields[b"SAVEDATE"], normalise=False).astimezone(UTC),
    )
    return Kept(folder, uid, guid, item)


def _guid(fields: dict[bytes, Any]) -> str:
    """Return the GUID; the library makes a number of one without letters."""
    guid = fields[b"X-GUID"]
    return guid.decode() if isinstance(guid, bytes) else str(guid)


def _utc(at: datetime | None) -> datetime | None:
    """Return *at* in UTC, None where that is no date: clients may say any when they file."""
    try:
        return at.astimezone(UTC) if at else None
    except (OverflowError, ValueError):
        return None


def _header(fields: dict[bytes, Any]) -> Message:
    """Return the part of a header that *fields* hold, whatever its bytes are."""
    text = next((text for key, text in fields.items() if key.startswith(b"BODY[")), None) or b""
    return email.message_from_string(text.decode(errors="replace"), policy=email.policy.compat32)


def _field(header: Message, name: str) -> str:
    """Return a field's text on one line, empty where there is none."""
    return re.sub(r"\r?\n(?=[ \t])", "", str(header[name] or "")).strip()


def _text(raw: str) -> str:
    """Return an encoded header (RFC 2047) as printable text, as far as it can be read."""
    try:
        text = str(email.header.make_header(email.header.decode_header(raw)))
    except (ValueError, LookupError, email.errors.MessageError):
        text = raw
    return "".join(each if each.isprintable() else " " for each in text).strip()


def _sender(raw: str) -> str:
    for _, address in email.utils.getaddresses([raw]):
        if "@" in address:
            return _text(address)
    return ""
