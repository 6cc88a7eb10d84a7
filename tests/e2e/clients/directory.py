from __future__ import annotations

import copy
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from clients.shell import Shell

FILE = "/run/fermoposta-e2e.yml"
PASSWORD = "Newcomer2026"


@dataclass(frozen=True)
class Directory:
    """The directory of the host, by its command line."""

    shell: Shell

    def declared(self) -> dict[str, Any]:
        """Return all that is declared, as an inventory says it, hashes included."""
        found: dict[str, Any] = json.loads(
            self.shell.run("fermoposta", "export", "--json", "--hashes")
        )
        return found

    def apply(self, declared: dict[str, Any], *options: str) -> subprocess.CompletedProcess[str]:
        """Apply an inventory and return how it ended."""
        self.shell.run("sh", "-c", f"umask 077; cat >{FILE}", stdin=json.dumps(declared))
        return self.shell.call("fermoposta", "apply", "--json", *options, FILE)

    @contextmanager
    def changed(self, **kinds: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Merge records into the directory, as in `users={address: fields}`; undo at the end."""
        before = self.declared()
        wanted = merged(before, **kinds)
        done = self.apply(wanted)
        assert done.returncode == 0, done.stdout + done.stderr
        try:
            yield wanted
        finally:
            removal = [f"--allow-removal={kind}" for kind in kinds]
            undone = self.apply(before, *removal, "--update-password=always")
            assert undone.returncode == 0, undone.stdout + undone.stderr

    @contextmanager
    def newcomer(self, address: str, **fields: Any) -> Iterator[Account]:
        """Make a user for the time of a test."""
        user = {"name": "Nuova Arrivata", "language": "en", "password": PASSWORD, **fields}
        with self.changed(users={address: user}):
            yield Account(address, PASSWORD, "user")


def merged(declared: dict[str, Any], **kinds: dict[str, Any]) -> dict[str, Any]:
    """Return an inventory with records added or changed."""
    wanted = copy.deepcopy(declared)
    for kind, records in kinds.items():
        existing = wanted.setdefault(f"mail_{kind}", {})
        for key, fields in records.items():
            existing[key] = {**existing.get(key, {}), **fields}
    return wanted
