"""What the host's doctor found, kept for the portal, which may not look for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from fermoposta.directory.store.base import StoreError
from fermoposta.directory.store.dsn import conninfo

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    Row = tuple[str, str, str, str, str]
    """Part, subject, outcome, message, remedy."""

_ADD = "INSERT INTO portal.health VALUES (%s, %s, %s, %s, %s, %s)"


def keep(dsn: str | None, rows: Iterable[Row], at: datetime) -> None:
    """Put *rows*, all of one look, in the place of the last one's; raises StoreError."""
    try:
        with psycopg.connect(conninfo(dsn)) as connection:
            connection.execute("DELETE FROM portal.health")
            with connection.cursor() as cursor:
                cursor.executemany(_ADD, [(*row, at) for row in rows])
    except psycopg.Error as error:
        message = f"what was found can't be kept: {type(error).__name__}"
        raise StoreError(message) from error
