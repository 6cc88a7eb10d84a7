"""
A whole host comes back from a backup: databases, mail, keys, as they were at that moment.

What is on the host before is set aside, not removed. The way there is written down step by step: a
restore that was interrupted goes on where it was when it is called again.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fermoposta.backup import databases, manifest
from fermoposta.backup.errors import BackupError
from fermoposta.backup.programs import run
from fermoposta.backup.repository import Repository
from fermoposta.backup.take import alone, write_json

if TYPE_CHECKING:
    from fermoposta.backup.settings import BackupSettings
    from fermoposta.service.settings import Settings

UNITS = (
    "postfix.service", "dovecot.service", "sogo.service", "sogo-*.service", "imapproxy.service",
    "fermoposta-*", "mail-*.timer", "mail-doctor.service", "nginx.service", "rspamd.service",
    "memcached.service",
)  # fmt: skip
"""What reads or writes what is restored, or remembers it."""
_OPERATORS = {"/etc/fermoposta/fermoposta.yml", "/etc/fermoposta/backup.yml"}
"""What the playbook writes; it may have been written for this host and not for the old one."""
_OWN = {"/etc/fermoposta/backup.password"}


def bring_back_host(site: Settings, plan: BackupSettings, name: str | None = None) -> str:
    """
    Make this host what the backup *name*, or the last one, says; return the backup's id.

    Raises BackupError: before anything is stopped where the backup isn't whole, and else with what
    to do next.
    """
    with alone(plan):
        journal = plan.state_dir / "restoring.json"
        if journal.exists():
            task = json.loads(journal.read_text(encoding="utf-8"))
            if name is not None and not name.startswith(task["backup"]):
                raise BackupError(
                    f"a restore of {task['backup']} was interrupted and has to end first: "
                    "call backup host without --backup"
                )
        else:
            task = _prepare(site, plan, name)
            write_json(journal, task)
        try:
            _exchange(site, plan, task)
        except OSError as error:
            raise BackupError(
                f"{error.filename}: {error.strerror}; mend it, and call backup host again"
            ) from error
        journal.unlink()
    return str(task["backup"])


def _prepare(site: Settings, plan: BackupSettings, name: str | None) -> dict[str, Any]:
    """Fetch the backup, see that it is whole, and say what is to be done; nothing is stopped."""
    repository = Repository(plan)
    snapshot = repository.snapshot(name)
    root = _fetched(site)
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(mode=0o700)
    repository.restore(snapshot, root)
    for part in ("files", "mail"):
        found = manifest.files_below(root / part)
        for difference in manifest.compare_files(root / f"manifest/{part}.jsonl", found):
            shutil.rmtree(root, ignore_errors=True)
            raise BackupError(
                f"the backup {snapshot.id} is not whole: {difference.where}: {difference.what}; "
                "choose another one with --backup"
            )
    return {
        "backup": snapshot.id,
        "stamp": f"{datetime.now(UTC):%Y%m%d%H%M%S}",
        "shards": sorted(each.name for each in (root / "mail").iterdir()),
        "databases": sorted(each.stem for each in (root / "databases").glob("*.dump")),
        "units": _running(),
    }


def _fetched(site: Settings) -> Path:
    """Return where a backup is fetched to: on the file system of the mail store."""
    return site.vmail_dir / ".restored"


def _exchange(site: Settings, plan: BackupSettings, task: dict[str, Any]) -> None:
    """Do what *task* says, as far as it isn't done yet."""
    run("systemctl", "stop", *task["units"])
    root, before = _fetched(site), site.vmail_dir / f".before-{task['stamp']}"
    before.mkdir(mode=0o700, exist_ok=True)
    done: list[str] = task.setdefault("done", [])
    for database in task["databases"]:
        if database not in done:
            _exchange_database(site, root, database, task["stamp"])
            done.append(database)
            write_json(plan.state_dir / "restoring.json", task)
    _exchange_mail(site.vmail_dir, root / "mail", before, task["shards"])
    _put_files(root / "files", before / "files")
    run("fermoposta", "migrate")
    run("systemctl", "start", *task["units"])
    run("fermoposta", "compile")
    shutil.rmtree(root)


def _exchange_database(site: Settings, root: Path, database: str, stamp: str) -> None:
    host = site.database_host
    databases.restore_roles(host, root / "databases/roles.sql")
    databases.set_aside(host, database, f"{database}_before_{stamp}")
    databases.restore(host, {database: root / f"databases/{database}.dump"})


def _exchange_mail(vmail: Path, restored: Path, before: Path, shards: list[str]) -> None:
    """Let the folders of *restored* take the places of those in *vmail*; each is one rename."""
    for shard in sorted(each.name for each in vmail.iterdir() if not each.name.startswith(".")):
        if shard not in shards or (restored / shard).exists():
            (vmail / shard).rename(before / shard)
    for shard in shards:
        with suppress(FileNotFoundError):  # it is there already
            (restored / shard).rename(vmail / shard)


def _put_files(restored: Path, before: Path) -> None:
    """Put keys and secrets into their places, and keep those that were there."""
    for folder, _, names in os.walk(restored):
        for name in names:
            source = Path(folder) / name
            place = Path("/") / source.relative_to(restored)
            if str(place) in _OPERATORS | _OWN:
                continue
            kept = before / source.relative_to(restored)
            if place.exists() and not kept.exists():
                kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                shutil.copy2(place, kept, follow_symlinks=False)
            _put(source, place, restored)


def _put(source: Path, place: Path, restored: Path) -> None:
    for parent in reversed(place.relative_to("/").parents):
        folder = Path("/") / parent
        if not folder.exists():
            like = (restored / parent).stat()
            folder.mkdir(mode=like.st_mode & 0o7777)
            os.chown(folder, like.st_uid, like.st_gid)
    partial = place.with_name(f".{place.name}.restoring")
    partial.unlink(missing_ok=True)
    shutil.copy2(source, partial, follow_symlinks=False)
    found = source.lstat()
    os.chown(partial, found.st_uid, found.st_gid, follow_symlinks=False)
    partial.replace(place)


def _running() -> list[str]:
    told = run("systemctl", "list-units", "--state=active", "--plain", "--no-legend", *UNITS)
    return sorted(line.split()[0] for line in told.splitlines() if line.strip())


def forget_before(site: Settings) -> list[str]:
    """Remove what restores have set aside; return the names of it."""
    found = sorted(site.vmail_dir.glob(".before-*"))
    for each in found:
        shutil.rmtree(each)
    return [*(each.name for each in found), *databases.drop_aside(site.database_host)]
