"""What the operator says of backups: `/etc/fermoposta/backup.yml`, for root alone."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - settings are read by their types
from dataclasses import dataclass, field
from pathlib import Path

from fermoposta.service import settings

PATH = Path("/etc/fermoposta/backup.yml")
STATE = Path("/var/lib/fermoposta-backup")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSettings:
    """Where backups go and how long they are kept; paths are absolute."""

    repository: str
    """As restic names it: a folder, ``sftp:user@host:/folder``, ``s3:https://host/bucket``, …"""
    password_file: Path = Path("/etc/fermoposta/backup.password")
    """Without what is in it no backup can be read: it has to be kept elsewhere, too."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What the repository asks for, such as ``AWS_ACCESS_KEY_ID``."""
    options: tuple[str, ...] = ()
    """Options of restic's ``-o``, such as ``sftp.command=…``."""
    keep_daily: int = 7
    """Backups that are kept, one of a day; the next two likewise."""
    keep_weekly: int = 5
    keep_monthly: int = 12
    stage_dir: Path = Path("/var/vmail/.backup")
    """Where a backup is put together: on the file system of the mail store, to link its files."""
    state_dir: Path = STATE
    """Reports, and what the last backup had."""
    files: tuple[str, ...] = ()
    """Files and folders that belong to the host: keys, secrets, configuration."""


def load(path: Path = PATH) -> BackupSettings:
    """Read *path*; raises SettingsError with all that is wrong in it."""
    return settings.read(path, BackupSettings)
