"""A drill: the last backup is restored beside the host, opened, and compared with what it had."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imapclient.exceptions import IMAPClientError

from fermoposta.backup import databases, instance, manifest, reading, report
from fermoposta.backup.errors import BackupError
from fermoposta.backup.manifest import Difference
from fermoposta.backup.repository import Repository
from fermoposta.backup.take import alone, working_folder, write_json
from fermoposta.mailstore.imap import Door

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.backup.settings import BackupSettings
    from fermoposta.service.settings import Settings

MOST = 1000
"""Differences that a report lists; their number is always told."""


def drill(site: Settings, plan: BackupSettings, name: str | None = None) -> dict[str, Any]:
    """
    Restore the backup *name*, or the last one, into an instance apart, and compare all of it.

    Returns the report, signed and stored: ``outcome`` is ``good`` or ``bad``. What can't even be
    restored is a bad outcome with the reason. Raises BackupError where there is no backup to try.
    """
    repository = Repository(plan)
    started = datetime.now(UTC)
    with alone(plan):
        snapshot = repository.snapshot(name)
        found: list[Difference] = []
        about: dict[str, Any] = {}
        try:
            with working_folder(plan) as work:
                repository.check()
                repository.restore(snapshot, work / "backup")
                about = json.loads((work / "backup/manifest/about.json").read_text())
                found.extend(_compared(site, work, about))
        except BackupError as error:
            found.append(Difference("backup", snapshot.id, str(error)))
        except (OSError, ValueError, KeyError, IMAPClientError) as error:
            found.append(Difference("backup", snapshot.id, f"can't be opened: {error}"))
        made = {
            "backup": snapshot.id,
            "taken": snapshot.at.astimezone(UTC).isoformat(timespec="seconds"),
            "started": started.isoformat(timespec="seconds"),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "outcome": "bad" if found else "good",
            "mailboxes": len(about.get("mailboxes", ())),
            "messages": about.get("messages", 0),
            "unread": len(about.get("unread", ())),
            "moving": len(about.get("moving", ())),
            "differences": len(found),
            "listed": [asdict(each) for each in found[:MOST]],
        }
        signed = report.sign(made, report.key_in(plan.state_dir))
        folder = plan.state_dir / "reports"
        folder.mkdir(mode=0o700, exist_ok=True)
        write_json(folder / f"{started:%Y%m%dT%H%M%SZ}.json", signed)
        write_json(plan.state_dir / "last-drill.json", signed)
    return signed


def _compared(site: Settings, work: Path, about: dict[str, Any]) -> Iterator[Difference]:
    """Yield what the restored backup in *work* has otherwise than it says itself."""
    root = work / "backup"
    for part in ("files", "mail"):
        # Before anything is opened: what runs there writes, too.
        yield from manifest.compare_files(
            root / f"manifest/{part}.jsonl", manifest.files_below(root / part)
        )
    places = {str(site.vmail_dir): root / "mail"}
    places |= _places_of_files(root / "files")
    with ExitStack() as stack:
        apart = stack.enter_context(
            instance.running(places=places, work=work, databases=root / "databases")
        )
        wanted = json.loads((root / "manifest/databases.json").read_text())
        yield from manifest.compare_databases(wanted, _tables(apart, wanted))
        secret = root / "files" / str(site.agent_secret_file).lstrip("/")
        door = Door("127.0.0.1", site.imap_port, secret)
        for key, address in about["mailboxes"].items():
            if key not in about["unread"]:
                yield from _mailbox(apart, door, root / f"manifest/mail/{key}.jsonl", address)


def _mailbox(
    apart: instance.Instance, door: Door, path: Path, address: str
) -> Iterator[Difference]:
    # Where a message is missing Dovecot fails, and then makes a new index of what there is.
    for _ in range(2):
        try:
            with apart.entered(), door.open(address) as session:
                found = list(reading.folders(session.client, {}))
        except (IMAPClientError, OSError) as error:
            yield Difference("mail", address, f"the mailbox can't be read: {error}")
        else:
            yield from manifest.compare_mailbox(address, manifest.read_mailbox(path), found)
            return


def _tables(apart: instance.Instance, wanted: dict[str, Any]) -> dict[str, databases.Digests]:
    found = {}
    for database in wanted:
        with databases.snapshot(str(apart.database), database) as (connection, _):
            found[database] = databases.digests(connection)
    return found


def _places_of_files(files: Path) -> dict[str, Path]:
    """Return where the restored files of the host belong, by folder or file that is there."""
    found = {}
    for name in ("/etc/fermoposta", "/etc/dovecot/agent.passwd", "/var/lib/fermoposta"):
        restored = files / name.lstrip("/")
        if restored.exists() and Path(name).exists():
            found[name] = restored
    return found
