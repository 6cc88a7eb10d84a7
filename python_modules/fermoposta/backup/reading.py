"""A mailbox as a client sees it, by IMAP: folders, messages, and what was deleted of them."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from fermoposta.backup.manifest import Folder, Message
from fermoposta.mailstore.acl import SHARED
from fermoposta.mailstore.imap import hashes, parts
from fermoposta.mailstore.kept_mail import ROOT as KEPT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from imapclient import IMAPClient

_MANY = 1000
"""Messages in one question for flags."""
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
        read = (
            {uid: message.sha256 for uid, message in before.messages.items()}
            if before is not None and before.uidvalidity == uidvalidity
            else {}
        )
        yield Folder(name, uidvalidity, dict(_messages(client, read)))


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


def _messages(client: IMAPClient, read: Mapping[int, str]) -> Iterator[tuple[int, Message]]:
    uids = client.search(["ALL"])
    new = [uid for uid in uids if uid not in read]
    fresh = dict(hashes(client, new))
    for some in parts(uids, _MANY):
        for uid, found in client.fetch(some, ["FLAGS", "INTERNALDATE"]).items():
            sha256 = fresh.get(uid) or read.get(uid, "")
            yield uid, Message(sha256, flags(found), _utc(found[b"INTERNALDATE"]))


def flags(parts: Mapping[bytes, Any]) -> tuple[str, ...]:
    """Return the flags that a message has, in order."""
    found = {flag.decode(errors="replace") for flag in parts[b"FLAGS"]}
    return tuple(sorted(found - {_RECENT}))


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
