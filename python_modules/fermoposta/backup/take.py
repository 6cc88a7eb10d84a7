"""A backup is taken: databases, mail and files, each as at one moment, in one snapshot."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from imapclient.exceptions import IMAPClientError

from fermoposta.backup import databases, instance, manifest, reading, stage
from fermoposta.backup.errors import BackupError
from fermoposta.backup.repository import Repository
from fermoposta.mailstore.imap import Door

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fermoposta.backup.settings import BackupSettings
    from fermoposta.service.settings import Settings


@dataclass(slots=True)
class About:
    """What a backup says of itself."""

    host: str
    release: str
    started: str
    mailboxes: dict[str, str] = field(default_factory=dict)
    """By mailbox id, whose it is."""
    messages: int = 0
    moving: list[str] = field(default_factory=list)
    """Mailboxes that never held still while they were copied."""
    unread: list[str] = field(default_factory=list)
    """Mailboxes of which nothing is noted, as they could not be opened: removed meanwhile."""


def take(site: Settings, plan: BackupSettings) -> tuple[str, About]:
    """
    Take a backup while everything goes on; return its id and what it says of itself.

    Raises BackupError; then there is no backup of now, and those before are as they were.
    """
    repository = Repository(plan)
    with alone(plan):
        shutil.rmtree(plan.stage_dir, ignore_errors=True)  # of one that was killed
        try:
            about = _put_together(site, plan)
            # Only what is whole gets a name there: restic writes the snapshot last.
            name = repository.add(plan.stage_dir)
            _keep_manifest(plan)
        except OSError as error:
            remedy = "see that the disk has room"
            raise BackupError(f"{error.filename}: {error.strerror}; {remedy}") from error
        finally:
            shutil.rmtree(plan.stage_dir, ignore_errors=True)
        repository.forget()
    _write_last(plan, name, about)
    return name, about


@contextmanager
def alone(plan: BackupSettings) -> Iterator[None]:
    """Be the only one that takes or restores a backup on this host; raises BackupError."""
    plan.state_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    descriptor = os.open(plan.state_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupError(
                "another backup, drill or restore is at work; try again later"
            ) from error
        yield
    finally:
        os.close(descriptor)


def _put_together(site: Settings, plan: BackupSettings) -> About:
    about = About(
        socket.getfqdn(), version("fermoposta"), datetime.now(UTC).isoformat(timespec="seconds")
    )
    folder = plan.stage_dir
    for name in ("", "databases", "files", "manifest", "manifest/mail"):
        (folder / name).mkdir(mode=0o700)
    # The databases first: mail of who is new since then has no owner, but nobody lacks mail.
    there = _databases(site, folder)
    stage.copy_files(plan.files, folder / "files")
    about.moving = stage.copy_mailboxes(site.vmail_dir, folder / "mail")
    homes = {home.name for home in stage.homes(folder / "mail")}
    about.mailboxes = {key: address for address, key in there if key in homes}
    _read_mail(site, plan, about)
    for part in ("files", "mail"):
        manifest.write_files(folder / f"manifest/{part}.jsonl", manifest.files_below(folder / part))
    (folder / "manifest/about.json").write_text(json.dumps(asdict(about)))
    return about


def _databases(site: Settings, folder: Path) -> Sequence[tuple[str, str]]:
    """Dump the databases; return who has a mailbox, as of the directory's dump."""
    host = site.database_host
    databases.dump_roles(host, folder / "databases/roles.sql")
    found: dict[str, databases.Digests] = {}
    there: Sequence[tuple[str, str]] = ()
    for database in (site.webmail_database_name, site.database_name):
        with databases.snapshot(host, database) as (connection, name):
            databases.dump(host, database, name, folder / f"databases/{database}.dump")
            found[database] = databases.digests(connection)
            if database == site.database_name:
                there = databases.mailboxes(connection)
    (folder / "manifest/databases.json").write_text(json.dumps(found))
    return there


def _read_mail(site: Settings, plan: BackupSettings, about: About) -> None:
    """Note what a client sees of each mailbox in the stage."""
    folder = plan.stage_dir
    door = Door("127.0.0.1", site.imap_port, site.agent_secret_file)
    with ExitStack() as stack:
        work = stack.enter_context(working_folder(plan))
        places = {str(site.vmail_dir): folder / "mail"}
        apart = stack.enter_context(instance.running(places=places, work=work))
        for key, address in about.mailboxes.items():
            before = plan.state_dir / f"manifest/{key}.jsonl"
            known = (
                {each.name: each for each in manifest.read_mailbox(before)}
                if before.exists()
                else {}
            )
            try:
                with apart.entered(), door.open(address) as session:
                    found = reading.folders(session.client, known)
                    about.messages += manifest.write_mailbox(
                        folder / f"manifest/mail/{key}.jsonl", found
                    )
            except (IMAPClientError, OSError):
                about.unread.append(key)


@contextmanager
def working_folder(plan: BackupSettings) -> Iterator[Path]:
    """Yield an empty folder, which is gone in the end."""
    work = plan.state_dir / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o711, parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _keep_manifest(plan: BackupSettings) -> None:
    """Keep what was noted of mail for the next backup, which then reads only what is new."""
    kept, new = plan.state_dir / "manifest", plan.state_dir / "manifest.new"
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(plan.stage_dir / "manifest/mail", new)
    shutil.rmtree(kept, ignore_errors=True)
    new.rename(kept)


def _write_last(plan: BackupSettings, name: str, about: About) -> None:
    last = {
        "id": name,
        "started": about.started,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "mailboxes": len(about.mailboxes),
        "messages": about.messages,
        "moving": len(about.moving),
        "unread": len(about.unread),
    }
    write_json(plan.state_dir / "last-backup.json", last)


def write_json(path: Path, content: object) -> None:
    """Write *content* to *path*, whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_text(f"{json.dumps(content, indent=2)}\n", encoding="utf-8")
    partial.replace(path)
