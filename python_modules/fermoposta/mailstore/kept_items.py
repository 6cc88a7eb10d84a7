"""
Calendars and address books: what the webmail's database keeps of what was deleted.

Triggers in that database write down what SOGo deletes (schema ``deleted``, made by the role sogo);
its functions put rows back in the form in which SOGo writes them.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING

import psycopg

from fermoposta.mailstore.deleted_item import DeletedItem, Kind, RestoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

_ITEMS = """
SELECT 'item:' || id, kind, folder, title, sender, octet_length(content), deleted_at
  FROM deleted.listed WHERE owner = %(owner)s AND deleted_at > %(since)s
"""
_FOLDERS = """
SELECT 'item:folder-' || id, 'folder', folder, name, '', 0, deleted_at
  FROM deleted.gone WHERE owner = %(owner)s AND deleted_at > %(since)s
"""


class Archive:
    """What is kept of calendars and address books, over one connection."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def all(self, owner: str, since: datetime) -> list[DeletedItem]:
        """List what was deleted after *since*."""
        rows = self._connection.execute(
            f"{_ITEMS} UNION ALL {_FOLDERS}", {"owner": owner, "since": since}
        ).fetchall()
        return [
            DeletedItem(
                id=row[0],
                kind=Kind(row[1]),
                folder=row[2],
                name=row[3],
                sender=row[4],
                size=row[5],
                deleted_at=row[6].astimezone(UTC),
            )
            for row in rows
        ]

    def restore(self, items: Iterable[DeletedItem]) -> list[DeletedItem]:
        """Put *items* back, all or none; return those that were not there yet."""
        restored = []
        with self._connection.transaction():
            # Folders first: they bring what was in them.
            for item in sorted(items, key=lambda each: each.kind is not Kind.FOLDER):
                number = item.id.removeprefix("item:").removeprefix("folder-")
                what = "folder" if item.kind is Kind.FOLDER else "item"
                row = self._connection.execute(
                    f"SELECT deleted.restore_{what}(%s)", [int(number)]
                ).fetchone()
                if row and row[0]:
                    restored.append(item)
        return restored

    @contextmanager
    def alone(self, owner: str) -> Iterator[None]:
        """Wait until nobody else restores anything of *owner*, and hold others off."""
        self._connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [owner])
        try:
            yield
        finally:
            self._connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [owner])


@contextmanager
def open_archive(dsn: str) -> Iterator[Archive]:
    """Connect to the webmail's database; raises RestoreError where that fails."""
    try:
        with psycopg.connect(dsn, autocommit=True) as connection:
            yield Archive(connection)
    except psycopg.Error as error:
        raise RestoreError(f"calendars and contacts can't be restored now: {error}") from error


def expire(dsn: str, before: datetime) -> int:
    """Forget what was deleted up to *before*; return how many items that was."""
    try:
        with psycopg.connect(dsn, autocommit=True) as connection:
            row = connection.execute("SELECT deleted.expire(%s)", [before]).fetchone()
    except psycopg.Error as error:
        raise RestoreError(f"deleted items can't be forgotten now: {error}") from error
    return int(row[0]) if row else 0
