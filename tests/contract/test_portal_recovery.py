"""What is remembered of recoveries, in memory and in PostgreSQL under the portal's own role."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg.conninfo
import pytest

from fermoposta.portal.recovery.memory import MemoryRecoveryStore
from fermoposta.portal.recovery.postgres import PostgresRecoveryStore
from fermoposta.portal.recovery.store import Link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.portal.recovery.store import RecoveryStore

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[RecoveryStore]:
    if request.param == "memory":
        yield MemoryRecoveryStore()
        return
    parts = psycopg.conninfo.conninfo_to_dict(request.getfixturevalue("dsn"))
    made = PostgresRecoveryStore(
        f"postgresql+psycopg://fermoposta_portal@/{parts['dbname']}?host={parts['host']}"
    )
    yield made
    made.close()


def test_the_secret_stays(store: RecoveryStore) -> None:
    """Or addresses that are nobody's would be offered something else each time."""
    assert store.secret() == store.secret()
    assert len(store.secret()) >= 32


def test_tries_are_counted_by_subject_and_time(store: RecoveryStore) -> None:
    """The present one among them."""
    assert store.tries("sms ada", NOW, NOW - HOUR) == 1
    assert store.tries("sms ada", NOW + HOUR / 2, NOW - HOUR / 2) == 2
    assert store.tries("sms bob", NOW, NOW - HOUR) == 1
    assert store.tries("sms ada", NOW + 2 * HOUR, NOW + HOUR) == 1
    assert store.tries("sms ada", NOW + 2 * HOUR, NOW - HOUR) == 4


def test_links_last_until_they_expire_or_are_dropped(store: RecoveryStore) -> None:
    """Each is found by its digest alone."""
    mine = Link(b"1" * 32, "ada@example.org", b"c" * 32, NOW + HOUR)
    other = Link(b"2" * 32, "bob@example.org", b"d" * 32, NOW + HOUR)
    store.keep(mine)
    store.keep(other)

    assert store.link(b"1" * 32, NOW) == mine
    assert store.link(b"1" * 32, NOW + HOUR) is None
    assert store.link(b"3" * 32, NOW) is None
    store.drop_links("ada@example.org")
    assert store.link(b"1" * 32, NOW) is None
    assert store.link(b"2" * 32, NOW) == other
