"""The repository that holds the backups: restic, which encrypts and proves what it stores."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fermoposta.backup.errors import BackupError
from fermoposta.backup.programs import run

if TYPE_CHECKING:
    from pathlib import Path

    from fermoposta.backup.settings import BackupSettings

TAG = "fermoposta"
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_REMEDY = "see that the repository can be reached, and that backup.yml has its name and secrets"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A backup: *id* in short, when it was made, and where it was put together."""

    id: str
    at: datetime
    host: str
    path: str


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository of *settings*. Secrets reach restic by its environment and by a file."""

    settings: BackupSettings

    def make(self) -> bool:
        """Make repository and password where there are none yet; tell whether there were none."""
        if not self.settings.password_file.exists():
            _write_password(self.settings.password_file)
        try:
            self._restic("cat", "config")
        except BackupError as error:
            if "Is there a repository" not in str(error):
                raise
        else:
            return False
        self._restic("init")
        return True

    def add(self, folder: Path) -> str:
        """Store *folder* as a backup; return its id."""
        # Links that are made and taken away change a file's ctime, and nothing in it.
        told = self._restic("backup", "--json", f"--tag={TAG}", "--ignore-ctime", str(folder))
        last = [json.loads(line) for line in told.splitlines() if line.startswith("{")][-1]
        return str(last["snapshot_id"])[:8]

    def snapshots(self) -> list[Snapshot]:
        """Return the backups of this kind, the oldest first."""
        found = json.loads(self._restic("snapshots", "--json", f"--tag={TAG}"))
        return sorted((_snapshot(each) for each in found), key=lambda each: each.at)

    def snapshot(self, name: str | None) -> Snapshot:
        """Return the backup *name*, or the last one; raises BackupError where there is none."""
        found = self.snapshots()
        if name is not None:
            found = [each for each in found if name.startswith(each.id)]
        if not found:
            which = f"no backup {name}" if name else "no backup"
            raise BackupError(f"there is {which} in {self.settings.repository}; see backup list")
        return found[-1]

    def restore(self, snapshot: Snapshot, to: Path, part: str = "") -> None:
        """Write what *snapshot* has below *part* into the folder *to*; its content is verified."""
        at = f"{snapshot.id}:{snapshot.path}{f'/{part}' if part else ''}"
        self._restic("restore", at, f"--target={to}", "--verify")

    def check(self, *, subset: str | None = None) -> None:
        """See that the repository is whole; with *subset*, such as ``5%``, read as much of it."""
        self._restic("check", *([f"--read-data-subset={subset}"] if subset else []))

    def forget(self) -> None:
        """Forget the backups whose time is over, and free their room."""
        kept = self.settings
        self._restic(
            *("forget", f"--tag={TAG}", "--group-by=tags", "--prune"),
            f"--keep-daily={kept.keep_daily}",
            f"--keep-weekly={kept.keep_weekly}",
            f"--keep-monthly={kept.keep_monthly}",
        )

    def _restic(self, *command: str) -> str:
        settings = self.settings
        environment = {
            "PATH": _PATH,
            "HOME": str(settings.state_dir),
            "LC_ALL": "C.UTF-8",
            "TMPDIR": os.environ.get("TMPDIR", "/tmp"),  # noqa: S108 - as the unit says
            **settings.environment,
            "RESTIC_REPOSITORY": settings.repository,
            "RESTIC_PASSWORD_FILE": str(settings.password_file),
            "RESTIC_CACHE_DIR": str(settings.state_dir / "cache"),
        }
        options = [word for option in settings.options for word in ("-o", option)]
        return run("restic", *options, *command, environment=environment, remedy=_REMEDY)


def _write_password(path: Path) -> None:
    partial = path.with_name(f".{path.name}.new")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{secrets.token_urlsafe(32)}\n")
    partial.replace(path)


def _snapshot(found: dict[str, Any]) -> Snapshot:
    return Snapshot(
        str(found["short_id"]),
        datetime.fromisoformat(found["time"]),
        str(found["hostname"]),
        str(found["paths"][0]),
    )
