"""Where tokens are kept, in memory and in PostgreSQL under the portal's own role."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import psycopg.conninfo
import pytest

from fermoposta.portal.api.memory import MemoryTokenStore
from fermoposta.portal.api.postgres import PostgresTokenStore
from fermoposta.portal.api.tokens import Token, make
from fermoposta.portal.digest import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.portal.api.tokens import TokenStore

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ADA = "ada@example.org"


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[TokenStore]:
    if request.param == "memory":
        yield MemoryTokenStore()
        return
    parts = psycopg.conninfo.conninfo_to_dict(request.getfixturevalue("dsn"))
    made = PostgresTokenStore(
        f"postgresql+psycopg://fermoposta_portal@/{parts['dbname']}?host={parts['host']}"
    )
    yield made
    made.close()


def made(store: TokenStore, **more: object) -> tuple[Token, str]:
    facts = {"owner": ADA, "name": "x", "writes": True, "days": 1, "now": NOW} | more
    return make(store, **facts)


def test_a_token_is_found_by_its_secret_while_it_lasts(store: TokenStore) -> None:
    """With all that it was made with; not a moment longer."""
    token, secret = made(store, companies=("acme",), domains=("example.org", "example.net"))
    end = NOW + timedelta(days=1)

    assert store.by_digest(digest_of(secret), NOW) == token
    assert store.by_digest(digest_of(secret), end - timedelta(seconds=1)) == token
    assert store.by_digest(digest_of(secret), end) is None
    assert store.by_digest(digest_of(secret + "x"), NOW) is None


def test_an_owner_sees_their_own_the_newest_first(store: TokenStore) -> None:
    """Nobody else's, and none that has ended."""
    old, _ = made(store, days=1)
    new, _ = made(store, now=NOW + MINUTE, writes=False)
    made(store, owner="bob@example.org")

    assert store.of(ADA, NOW + MINUTE) == (new, old)
    assert store.of(ADA, old.expires_at) == (new,)


def test_the_last_use_is_noted_once_in_a_while(store: TokenStore) -> None:
    """At most once after the moment that is said."""
    token, secret = made(store)

    for minutes, noted in ((0, 0), (0.5, 0), (1, 1)):
        now = NOW + minutes * MINUTE
        store.note_use(token.id, now, now - MINUTE)
        expected = replace(token, used_at=NOW + noted * MINUTE)
        assert store.by_digest(digest_of(secret), now) == expected


def test_only_the_owner_ends_a_token(store: TokenStore) -> None:
    """And once."""
    token, secret = made(store)

    assert not store.drop("bob@example.org", token.id)
    assert store.by_digest(digest_of(secret), NOW) == token
    assert store.drop(ADA, token.id)
    assert not store.drop(ADA, token.id)
    assert store.by_digest(digest_of(secret), NOW) is None


def test_what_has_expired_is_forgotten(store: TokenStore) -> None:
    """When the next one is made."""
    old, _ = made(store)

    made(store, now=old.expires_at)

    assert not store.drop(ADA, old.id)


def test_the_portals_role_changes_nothing_of_a_token_but_its_use(dsn: str) -> None:
    """Whoever takes over the portal's account makes none last longer."""
    portal = psycopg.conninfo.make_conninfo(dsn, user="fermoposta_portal")
    with (
        psycopg.connect(portal, autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("UPDATE portal.tokens SET expires_at = now() + interval '1 year'")
