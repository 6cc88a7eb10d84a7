"""One mailbox, or a folder of it, comes back from a backup: what is not there is put there."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imapclient.exceptions import IMAPClientError

from fermoposta.backup import databases, instance, reading, stage
from fermoposta.backup.errors import BackupError
from fermoposta.backup.repository import Repository
from fermoposta.backup.take import alone, working_folder
from fermoposta.mailstore.imap import Door, hashes
from fermoposta.mailstore.kept_mail import ROOT as KEPT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from imapclient import IMAPClient

    from fermoposta.backup.repository import Snapshot
    from fermoposta.backup.settings import BackupSettings
    from fermoposta.mailstore.imap import Session
    from fermoposta.service.settings import Settings

_DELETED = "\\Deleted"


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back to a folder, and how much of the backup's was there already."""

    folder: str
    restored: int
    there: int


def bring_back(
    site: Settings,
    plan: BackupSettings,
    address: str,
    folder: str | None = None,
    name: str | None = None,
) -> list[Returned]:
    """
    Put into the mailbox of *address* what the backup *name*, or the last one, has and it has not.

    With *folder*, only what is in it and below it. Nothing that is there is changed, so that it may
    be done again. Messages are known by their content. Raises BackupError.
    """
    repository = Repository(plan)
    with ExitStack() as stack:
        stack.enter_context(alone(plan))
        snapshot = repository.snapshot(name)
        work = stack.enter_context(working_folder(plan))
        root = _restored(site, repository, snapshot, work, address)
        apart = stack.enter_context(instance.running(places={str(site.vmail_dir): root}, work=work))
        door = Door(site.imap_host, site.imap_port, site.agent_secret_file)
        try:
            with apart.entered():
                old = stack.enter_context(door.open(address))
            new = stack.enter_context(door.open(address))
            return list(_between(old.client, new, folder))
        except (IMAPClientError, OSError) as error:
            raise BackupError(
                f"{address}: {error}; what came back so far is there, the same may be done again"
            ) from error


def _home(site: Settings, address: str) -> str:
    """Return where the mailbox lies below the mail store now."""
    host, database = site.database_host, site.database_name
    with databases.snapshot(host, database) as (connection, _):
        for each, key in databases.mailboxes(connection):
            if each == address:
                return f"{key[:2]}/{key}"
    raise BackupError(f"there is no mailbox {address}; declare the user first, it may be empty")


def _restored(
    site: Settings, repository: Repository, snapshot: Snapshot, work: Path, address: str
) -> Path:
    """Return a mail store that has this one mailbox, where it lies now."""
    now = _home(site, address)
    repository.restore(snapshot, work / "about", "manifest")
    about = json.loads((work / "about/about.json").read_text(encoding="utf-8"))
    keys = [key for key, each in about["mailboxes"].items() if each == address]
    if not keys:
        raise BackupError(f"the backup {snapshot.id} has no mailbox {address}; see backup list")
    root = work / "mail"
    for folder in (root, (root / now).parent, root / now):
        stage.make_like(site.vmail_dir, folder)
    repository.restore(snapshot, root / now, f"mail/{keys[0][:2]}/{keys[0]}")
    return root


def _between(old: IMAPClient, new: Session, folder: str | None) -> Iterator[Returned]:
    there = reading.names(new.client)
    found = 0
    for name in reading.names(old):
        if name.startswith(KEPT) or not _is_wanted(name, folder):
            continue
        found += 1
        if name not in there:
            new.client.create_folder(name)
            new.client.subscribe_folder(name)
        yield _fill(old, new, name)
    if not found:
        raise BackupError(f"the backup has no folder {folder}")


def _is_wanted(name: str, folder: str | None) -> bool:
    return folder is None or name == folder or name.startswith(f"{folder}/")


def _fill(old: IMAPClient, new: Session, folder: str) -> Returned:
    new.client.select_folder(folder, readonly=True)
    there = Counter(sha256 for _, sha256 in hashes(new.client, new.client.search(["ALL"])))
    old.select_folder(folder, readonly=True)
    restored = kept = 0
    old.normalise_times = False
    for uid in old.search(["ALL"]):
        parts = old.fetch([uid], ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"])[uid]
        content = parts[b"BODY[]"]
        sha256 = hashlib.sha256(content).hexdigest()
        if there[sha256] > 0:
            there[sha256] -= 1
            kept += 1
            continue
        flags = [flag for flag in reading.flags(parts) if flag != _DELETED]
        new.append(folder, content, flags=flags, at=parts[b"INTERNALDATE"])
        restored += 1
    return Returned(folder, restored, kept)
