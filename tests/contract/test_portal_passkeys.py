"""What is remembered of passkeys, in memory and in PostgreSQL under the portal's own role."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg.conninfo
import pytest

from fermoposta.portal.passkeys.memory import MemoryPasskeyStore
from fermoposta.portal.passkeys.postgres import PostgresPasskeyStore
from fermoposta.portal.passkeys.store import Passkey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.portal.passkeys.store import PasskeyStore

NOW = datetime.now(UTC).replace(microsecond=0)
ADA, BOB = "ada@example.org", "bob@example.org"
FIRST = Passkey(b"\x00one", ADA, "Telefono", b"\x01key", 3, NOW)
SECOND = replace(FIRST, id=b"two", name="Portatile", created_at=NOW + timedelta(minutes=1))


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[PasskeyStore]:
    if request.param == "memory":
        yield MemoryPasskeyStore()
        return
    parts = psycopg.conninfo.conninfo_to_dict(request.getfixturevalue("dsn"))
    made = PostgresPasskeyStore(
        f"postgresql+psycopg://fermoposta_portal@/{parts['dbname']}?host={parts['host']}"
    )
    yield made
    made.close()


def test_passkeys_are_kept_used_and_removed(store: PasskeyStore) -> None:
    """Each by its owner; no id stands for two."""
    assert store.add_passkey(FIRST)
    assert store.add_passkey(SECOND)
    assert not store.add_passkey(replace(FIRST, address=BOB))
    assert store.passkey(FIRST.id) == FIRST
    assert store.passkeys(ADA) == (SECOND, FIRST)

    store.note_use(FIRST.id, 4, NOW)
    assert store.passkey(FIRST.id) == replace(FIRST, sign_count=4, used_at=NOW)

    assert not store.remove_passkey(BOB, FIRST.id)
    assert store.remove_passkey(ADA, FIRST.id)
    assert store.passkey(FIRST.id) is None
    assert store.remove_passkeys(ADA) == 1
    assert store.remove_passkeys(ADA) == 0


def test_a_challenge_is_spent_once(store: PasskeyStore) -> None:
    """Until it would be too old anyway."""
    soon = NOW + timedelta(minutes=10)
    assert store.spend(b"one", soon, NOW)
    assert not store.spend(b"one", soon, NOW)
    assert store.spend(b"two", soon, NOW)
    assert store.spend(b"one", soon + timedelta(hours=1), soon + timedelta(seconds=1))
