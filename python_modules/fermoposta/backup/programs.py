"""Programs that others wrote, run to their end."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from fermoposta.backup.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAIL = 1000
"""Characters of what a program complains of that are passed on."""


def run(*command: str, environment: Mapping[str, str] | None = None, remedy: str = "") -> str:
    """
    Run *command* and return what it prints; raises BackupError with its own words.

    Secrets belong in *environment*, which no list of processes shows, or in files.
    """
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise BackupError(f"{command[0]} can't be run: {error.strerror}") from error
    if done.returncode:
        said = done.stderr.strip()[-_TAIL:] or f"ended with {done.returncode}"
        raise BackupError("; ".join(filter(None, [f"{command[0]}: {said}", remedy])))
    return done.stdout
