"""What is remembered of second factors, in memory and in PostgreSQL under the portal's own role."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg.conninfo
import pytest

from fermoposta.portal.second.memory import MemoryFactorStore
from fermoposta.portal.second.postgres import PostgresFactorStore
from fermoposta.portal.second.store import Half

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.portal.second.store import FactorStore

NOW = datetime.now(UTC).replace(microsecond=0)
SOON = timedelta(minutes=30)
ADA, BOB = "ada@example.org", "bob@example.org"


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[FactorStore]:
    if request.param == "memory":
        yield MemoryFactorStore()
        return
    parts = psycopg.conninfo.conninfo_to_dict(request.getfixturevalue("dsn"))
    made = PostgresFactorStore(
        f"postgresql+psycopg://fermoposta_portal@/{parts['dbname']}?host={parts['host']}"
    )
    yield made
    made.close()


def test_a_factor_counts_once_it_is_confirmed(store: FactorStore) -> None:
    """Until then another secret takes its place; from then on none does."""
    assert store.factor(ADA) is None
    assert store.begin(ADA, "FIRST")
    assert store.begin(ADA, "SECOND")
    waiting = store.factor(ADA)
    assert waiting is not None
    assert (waiting.secret, waiting.confirmed) == ("SECOND", False)

    assert store.confirm(ADA, 5, [b"1", b"2"])

    counts = store.factor(ADA)
    assert counts is not None
    assert (counts.confirmed, counts.codes) == (True, 2)
    assert not store.begin(ADA, "THIRD")
    assert not store.confirm(ADA, 6, [])
    assert not store.confirm(BOB, 6, [])
    assert store.factor(ADA) == counts


def test_steps_and_codes_are_spent_once(store: FactorStore) -> None:
    """And nobody else's are."""
    store.begin(ADA, "SECRET")
    assert not store.spend_step(ADA, 7)
    store.confirm(ADA, 5, [b"1", b"2"])

    assert [store.spend_step(ADA, step) for step in (5, 4, 6, 6)] == [False, False, True, False]
    assert not store.spend_step(BOB, 9)
    assert not store.spend_code(BOB, b"1")
    assert not store.spend_code(ADA, b"3")
    assert [store.spend_code(ADA, b"1"), store.spend_code(ADA, b"1")] == [True, False]
    left = store.factor(ADA)
    assert left is not None
    assert left.codes == 1


def test_a_factor_is_removed(store: FactorStore) -> None:
    """With its codes; it can be set up anew."""
    store.begin(ADA, "SECRET")
    store.confirm(ADA, 5, [b"1"])

    assert store.remove(ADA)
    assert not store.remove(ADA)
    assert not store.spend_code(ADA, b"1")
    assert store.begin(ADA, "OTHER")


def test_a_half_is_there_until_it_expires_or_is_dropped(store: FactorStore) -> None:
    """Found by its digest alone."""
    half = Half(b"1" * 32, ADA, b"c" * 32, NOW + SOON)
    store.keep_half(half)

    assert store.half(b"1" * 32, NOW) == half
    assert store.half(b"1" * 32, NOW + SOON) is None
    assert store.half(b"2" * 32, NOW) is None
    store.drop_half(b"1" * 32)
    store.drop_half(b"1" * 32)
    assert store.half(b"1" * 32, NOW) is None
