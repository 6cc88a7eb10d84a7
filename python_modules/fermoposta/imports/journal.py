"""
What an import has done, item by item, in a file of its own (SQLite).

Things are written down after they were done, several at a time. Where the import was killed in
between, the last few may be here without being in the journal: who goes on looks for them first.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS folders (
    name TEXT PRIMARY KEY, id TEXT NOT NULL, target TEXT NOT NULL, kind TEXT NOT NULL,
    complete INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS items (
    folder TEXT NOT NULL, key TEXT NOT NULL, sha256 TEXT NOT NULL, outcome TEXT NOT NULL,
    reason TEXT NOT NULL, PRIMARY KEY (folder, key)
) WITHOUT ROWID;
"""


class Outcome(StrEnum):
    """What became of an item."""

    ADDED = "added"
    THERE = "there"
    """It was here before."""
    CHANGED = "changed"
    """It is here, but for octets that no server takes."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """An item and what became of it; *sha256* is of what is here, or of what was refused."""

    key: str
    sha256: str
    outcome: Outcome
    reason: str = ""


class Journal:
    """The journal of one import at *path*; made where there is none."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def begin(self, name: str, folder_id: str, target: str, kind: str) -> None:
        """
        Begin with the folder *name*, which goes to *target*, or go on with it.

        Where its id is another one than before, its keys mean something else: they are forgotten.
        """
        with self._written():
            found = self._db.execute("SELECT id FROM folders WHERE name = ?", [name]).fetchone()
            if found and found[0] != folder_id:
                self._db.execute("DELETE FROM items WHERE folder = ?", [name])
                self._db.execute("DELETE FROM folders WHERE name = ?", [name])
            self._db.execute(
                "INSERT INTO folders (name, id, target, kind) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET target = excluded.target, complete = 0",
                [name, folder_id, target, kind],
            )

    def done(self, name: str) -> set[str]:
        """Return the keys of *name* that need not be looked at again."""
        rows = self._db.execute("SELECT key FROM items WHERE folder = ?", [name])
        return {row[0] for row in rows}

    def note(self, name: str, entries: Iterable[Entry]) -> None:
        """Write down what became of *entries* of the folder *name*, all of them or none."""
        with self._written():
            self._db.executemany(
                "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?)",
                [(name, each.key, each.sha256, each.outcome, each.reason) for each in entries],
            )

    def complete(self, name: str) -> None:
        """Write down that all of the folder *name* was looked at."""
        with self._written():
            self._db.execute("UPDATE folders SET complete = 1 WHERE name = ?", [name])

    def folders(self) -> list[tuple[str, str, str, bool]]:
        """Return name, target, kind, and whether all was looked at, of each folder."""
        rows = self._db.execute("SELECT name, target, kind, complete FROM folders ORDER BY name")
        return [(row[0], row[1], row[2], bool(row[3])) for row in rows]

    def counts(self, name: str) -> dict[str, int]:
        """Return how many items of *name* had which outcome."""
        rows = self._db.execute(
            "SELECT outcome, count(*) FROM items WHERE folder = ? GROUP BY outcome", [name]
        )
        return {row[0]: row[1] for row in rows}

    def hashes(self, name: str) -> Iterator[str]:
        """Yield the hashes of what is here of *name*, in their order, each as often as it is."""
        rows = self._db.execute(
            "SELECT sha256 FROM items WHERE folder = ? AND outcome <> ? ORDER BY sha256",
            [name, Outcome.REFUSED],
        )
        return (row[0] for row in rows)

    def refused(self) -> list[tuple[str, str, str, str]]:
        """Return folder, key, hash and reason of what could not be put here."""
        return self._db.execute(
            "SELECT folder, key, sha256, reason FROM items WHERE outcome = ? ORDER BY 1, 2",
            [Outcome.REFUSED],
        ).fetchall()

    def forget_refused(self) -> None:
        """Have what was refused be tried once more."""
        with self._written():
            self._db.execute("DELETE FROM items WHERE outcome = ?", [Outcome.REFUSED])

    @contextmanager
    def _written(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
