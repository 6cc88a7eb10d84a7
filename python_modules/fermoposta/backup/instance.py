"""
Dovecot, and PostgreSQL where it is wanted, beside those that serve: apart from them in namespaces.

The instance has the host's own configuration and programs. Folders that a backup brought back stand
in the places of the host's, and no network leads in or out but for who enters (`Instance.entered`).
All of it ends with the process that started it.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fermoposta.backup.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CLONE_NEWNET = 0x40000000
_TAIL = 2000
_libc = ctypes.CDLL(None, use_errno=True)


class Instance:
    """One that runs; see `running`."""

    def __init__(self, process: Path) -> None:
        self._network = process / "ns/net"
        self.database = process / "root/run/postgresql"
        """The folder of its database's socket, seen from here."""

    @contextmanager
    def entered(self) -> Iterator[None]:
        """
        Be in the instance's network: the connections that the block opens lead there.

        Only the calling thread is; connections stay where they were opened.
        """
        with open("/proc/thread-self/ns/net", "rb") as home, self._network.open("rb") as there:  # noqa: PTH123 - no file of a folder
            _set_network(there.fileno())
            try:
                yield
            finally:
                _set_network(home.fileno())


@contextmanager
def running(
    *, places: Mapping[str, Path], work: Path, databases: Path | None = None
) -> Iterator[Instance]:
    """
    Run an instance for the block, with *places* (path on the host: folder) in their places.

    With *databases*, a folder of dumps, it has a PostgreSQL of its own, filled from there; without
    it reads the host's. *work* is a folder of its own. Raises BackupError where it doesn't start.
    """
    task = {
        "places": {place: str(folder) for place, folder in places.items()},
        "work": str(work),
        "databases": str(databases) if databases else None,
    }
    log = work / "instance.log"
    with log.open("wb") as said:
        child = subprocess.Popen(
            [
                *("unshare", "--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child"),
                *("--mount-proc", sys.executable, "-m", "fermoposta.backup.inside"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
    assert child.stdin is not None  # noqa: S101 - they are pipes
    assert child.stdout is not None  # noqa: S101
    try:
        child.stdin.write(json.dumps(task).encode() + b"\n")
        child.stdin.flush()
        if child.stdout.readline() != b"ready\n":
            child.wait()
            raise BackupError(f"what was restored can't be opened: {_told(log)}")
        inner = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()[0]
        yield Instance(Path(f"/proc/{inner}"))
    finally:
        # It ends when nobody speaks to it any more.
        child.stdin.close()
        child.stdout.close()
        child.wait()


def _set_network(descriptor: int) -> None:
    """Be in a network namespace (setns(2)), which Python itself can since its version 3.12."""
    if _libc.setns(descriptor, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _told(log: Path) -> str:
    return log.read_text(errors="replace").strip()[-_TAIL:]
