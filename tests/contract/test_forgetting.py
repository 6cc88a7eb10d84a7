"""Who gets an address after somebody else begins with nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg

from fermoposta.directory.model import ALL_KINDS, Company, Domain, State, User
from fermoposta.directory.plan import plan
from fermoposta.directory.store import PostgresStore

ADA, BOB = "ada@example.org", "bob@example.org"
NOT_PEOPLE = {"attempts": "counts tries at whatever was typed, for a quarter of an hour"}
"""Tables of the portal by address that are left, and why."""
TABLES = """
SELECT found.table_name FROM information_schema.columns AS found
JOIN information_schema.tables AS named USING (table_schema, table_name)
WHERE found.table_schema = 'portal' AND found.column_name = 'address'
    AND named.table_type = 'BASE TABLE'
"""


def test_all_that_the_portal_keeps_by_address_is_forgotten(dsn: str) -> None:
    """A table that is added later is not left out."""
    with psycopg.connect(dsn) as connection:
        tables = {name for (name,) in connection.execute(TABLES)}
        known = "SELECT prosrc FROM pg_proc WHERE proname = 'forget_address'"
        [source] = connection.execute(known).fetchone() or [""]

    forgotten = {name for name in tables if f"DELETE FROM portal.{name} " in source}  # noqa: S608 - no query

    assert len(forgotten) > 5
    assert tables - forgotten == set(NOT_PEOPLE) & tables


def test_links_and_passkeys_go_with_the_user(dsn: str) -> None:
    """And those of others stay."""
    base = [Company("acme", "Acme"), Domain("example.org", "acme"), User(BOB, "Bob")]
    later = datetime.now(UTC) + timedelta(days=7)
    with PostgresStore(dsn) as store, psycopg.connect(dsn, autocommit=True) as connection:
        both = State.of_records([*base, User(ADA, "Ada")])
        store.apply(plan(both, store.state()), actor="test")
        for who in (ADA, BOB):
            connection.execute(
                "INSERT INTO portal.recovery_links VALUES (%s, %s, 'x', %s, true)",
                (who.encode(), who, later),
            )
            connection.execute(
                "INSERT INTO portal.passkeys VALUES (%s, %s, 'x', 'x', 0, %s)",
                (who.encode(), who, later),
            )

        one = State.of_records(base)
        store.apply(plan(one, store.state(), allow_removal=ALL_KINDS), actor="test")

        for table in ("recovery_links", "passkeys"):
            query = f"SELECT address FROM portal.{table}"  # noqa: S608 - of two words of ours
            assert connection.execute(query).fetchall() == [(BOB,)]
