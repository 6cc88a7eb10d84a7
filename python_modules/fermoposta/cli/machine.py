"""The machine as the doctor sees it: what it may ask, and where it keeps what it found."""

import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fermoposta.cli.resolver import Resolver, system_resolver
from fermoposta.directory import health, schema


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program answered: its exit code and its standard output."""

    code: int
    output: str


class Machine:
    """The machine that this process runs on. Tests give the doctor another one."""

    def __init__(self, resolver: Resolver | None = None) -> None:
        self._resolver = resolver or system_resolver()

    def ask(self, *command: str) -> Answer | None:
        """Run *command*, which only reads; None where there is no such program or it hangs."""
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=10, errors="replace"
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return Answer(done.returncode, done.stdout)

    def listens(self, port: int, host: str = "localhost") -> bool:
        """Tell whether something accepts connections at *port* within three seconds."""
        try:
            with socket.create_connection((host, port), timeout=3):
                return True
        except OSError:
            return False

    def text(self, path: Path) -> str | None:
        """Return what is in the file *path*; None where it can't be read."""
        try:
            return path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None

    def free_fraction(self, path: Path) -> float | None:
        """Return which fraction of the file system of *path* is free; None if it is not there."""
        try:
            usage = shutil.disk_usage(path)
        except OSError:
            return None
        return usage.free / usage.total

    def resolve(self, name: str, kind: str) -> list[str] | None:
        """Return what DNS says of *name*; None where no name server answers."""
        return self._resolver.query(name, kind)

    def addresses(self) -> tuple[str, ...]:
        """Return the addresses from which this machine writes to the world; none if cut off."""
        found = (_address_towards("192.0.2.1"), _address_towards("2001:db8::1"))
        return tuple(address for address in found if address)

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds from some moment on, for measuring."""
        return time.monotonic()

    def send(self, to: str, message: bytes) -> bool:
        """Hand *message* over to the mail system; tell whether it took it."""
        try:
            done = subprocess.run(
                ["/usr/sbin/sendmail", "-i", "-f", to, "--", to],
                input=message,
                capture_output=True,
                check=False,
                timeout=60,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0

    def schema(self, dsn: str | None) -> tuple[str | None, str]:
        """Return the revision of the database's schema, and the one that we need."""
        return schema.current(dsn), schema.head()

    def keep(self, dsn: str | None, rows: Sequence[tuple[str, str, str, str, str]]) -> None:
        """Keep what was found for the portal; raises StoreError."""
        health.keep(dsn, rows, self.now())


def _address_towards(target: str) -> str | None:
    """Return which of our addresses the routes choose for *target*; nothing is sent."""
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as channel:
            channel.connect((target, 9))
            address: str = channel.getsockname()[0]
    except OSError:
        return None
    return address
