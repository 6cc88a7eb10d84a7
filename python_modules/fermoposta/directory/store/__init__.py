"""Stores of the directory: in PostgreSQL, and in memory."""

from fermoposta.directory.store.base import (
    KEPT_DAYS,
    AuditError,
    Change,
    StaleError,
    Store,
    StoreError,
)
from fermoposta.directory.store.dsn import conninfo
from fermoposta.directory.store.execution import CHANNEL
from fermoposta.directory.store.memory import MemoryStore
from fermoposta.directory.store.postgres import PostgresStore
from fermoposta.directory.store.replica import Replica

__all__ = [
    "CHANNEL",
    "KEPT_DAYS",
    "AuditError",
    "Change",
    "MemoryStore",
    "PostgresStore",
    "Replica",
    "StaleError",
    "Store",
    "StoreError",
    "open_store",
]


def open_store(dsn: str | None = None, *, secrets: bool = True) -> PostgresStore:
    """
    Open the directory that *dsn* names; `fermoposta.directory.store.dsn` says what None means.

    Who needs no password hashes opens it without *secrets*, and needs no right to read them.
    The connection is made when it is first needed; that raises StoreError where it fails.
    """
    return PostgresStore(conninfo(dsn), secrets=secrets)
