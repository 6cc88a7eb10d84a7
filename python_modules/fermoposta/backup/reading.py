"""A mailbox as a client sees it, by IMAP: folders, messages, and what was deleted of them."""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import TYPE_CHECKING, Any

from fermoposta.backup.manifest import Folder, Message
from fermoposta.mailstore.acl import SHARED
from fermoposta.mailstore.kept_mail import ROOT as KEPT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from imapclient import IMAPClient

_MANY = 1000
"""Messages in one question for flags."""
_FEW = 20
"""Messages that are held in memory at once; one may be as large as the server takes."""
# It is about the session, and not about the message (RFC 3501, section 2.3.2).
_RECENT = "\\Recent"


def folders(client: IMAPClient, known: Mapping[str, Folder]) -> Iterator[Folder]:
    """
    Yield what *client*, logged in to a mailbox, sees of it.

    What is in *known* by folder, UIDVALIDITY and UID is not read anew: a message never changes.
    Raises IMAPClientError, OSError.
    """
    client.normalise_times = False
    for name in names(client):
        selected = client.select_folder(name, readonly=True)
        uidvalidity = int(selected[b"UIDVALIDITY"])
        before = known.get(name)
        hashes = (
            {uid: message.sha256 for uid, message in before.messages.items()}
            if before is not None and before.uidvalidity == uidvalidity
            else {}
        )
        yield Folder(name, uidvalidity, dict(_messages(client, hashes)))


def names(client: IMAPClient) -> list[str]:
    """Return the folders of the mailbox, and those that keep what was deleted; not others'."""
    found = [*client.list_folders(), *client.list_folders("", f"{KEPT}*")]
    return sorted(
        {
            str(name)
            for flags, _, name in found
            if not {b"\\noselect", b"\\nonexistent"} & {flag.lower() for flag in flags}
            and not str(name).startswith(f"{SHARED}/")
        }
    )


def _messages(client: IMAPClient, hashes: Mapping[int, str]) -> Iterator[tuple[int, Message]]:
    uids = client.search(["ALL"])
    new = [uid for uid in uids if uid not in hashes]
    fresh = dict(contents(client, new))
    for some in _parts(uids, _MANY):
        for uid, parts in client.fetch(some, ["FLAGS", "INTERNALDATE"]).items():
            sha256 = fresh.get(uid) or hashes.get(uid, "")
            yield uid, Message(sha256, flags(parts), _utc(parts[b"INTERNALDATE"]))


def contents(client: IMAPClient, uids: list[int]) -> Iterator[tuple[int, str]]:
    """Yield the SHA-256 of the messages *uids* of the selected folder."""
    for some in _parts(uids, _FEW):
        for uid, parts in client.fetch(some, ["BODY.PEEK[]"]).items():
            yield uid, hashlib.sha256(parts[b"BODY[]"]).hexdigest()


def flags(parts: Mapping[bytes, Any]) -> tuple[str, ...]:
    """Return the flags that a message has, in order."""
    found = {flag.decode(errors="replace") for flag in parts[b"FLAGS"]}
    return tuple(sorted(found - {_RECENT}))


def _parts(uids: list[int], most: int) -> Iterator[list[int]]:
    for start in range(0, len(uids), most):
        yield uids[start : start + most]


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
