"""The schema: how it is made, and what it refuses whoever writes."""

from __future__ import annotations

import psycopg
import pytest

from fermoposta.directory.schema import SchemaError, current, head, migrate
from fermoposta.directory.store import AuditError, PostgresStore, StoreError
from tests.contract.states import EVERYTHING, converge, people


@pytest.fixture
def store(dsn):
    with PostgresStore(dsn) as store:
        yield store


def test_migrating_twice_changes_nothing(postgres, dsn):
    """The second run finds the schema as it should be."""
    assert current(dsn) == head()
    assert migrate(dsn) == (head(), head())


def test_a_missing_role_is_named(postgres):
    """Without the roles there is nobody to grant to: the message says which are missing."""
    with postgres.admin() as admin:
        admin.execute("ALTER ROLE dovecot RENAME TO pigeon")
    dsn = postgres.database("rolesless")
    try:
        with pytest.raises(SchemaError, match="no role dovecot"):
            migrate(dsn)
        assert current(dsn) is None
    finally:
        with postgres.admin() as admin:
            admin.execute("ALTER ROLE pigeon RENAME TO dovecot")
        postgres.drop("rolesless")


def test_an_empty_database_says_what_to_run(postgres):
    """Before the first migration the store names the command that is missing."""
    dsn = postgres.database("unmigrated")
    try:
        with PostgresStore(dsn) as store, pytest.raises(StoreError, match="fermoposta migrate"):
            store.state()
    finally:
        postgres.drop("unmigrated")


def test_a_database_that_is_away_is_an_error_of_the_store():
    """Where nobody answers, the store says so in its own words."""
    with pytest.raises(StoreError, match="cannot be used"):
        PostgresStore("host=/nonexistent dbname=x user=x").state()


@pytest.mark.feature("F166")
def test_the_database_itself_keeps_one_namespace(store, dsn):
    """Not even with SQL can two things have one address."""
    converge(store, EVERYTHING)

    with psycopg.connect(dsn, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(
                "INSERT INTO directory.addresses (address, kind)"
                " VALUES ('ada@example.org', 'aliases')"
            )
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            connection.execute(
                "INSERT INTO directory.aliases (address, destinations, managed_by)"
                " VALUES ('ada@example.org', ARRAY['bob@example.org'], 'portal')"
            )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE directory.users SET quota_mb = 99",
        "UPDATE directory.users SET quota_mb = 25601",
        "UPDATE directory.users SET local_delivery = false, redirect_to = '{}'",
        "UPDATE directory.companies SET key = ''",
        "UPDATE directory.junk_rules SET action = 'drop'",
        "UPDATE directory.grants SET rights = 4",
        "UPDATE directory.users SET recipients_per_hour = 0",
        "UPDATE directory.message_rules SET actions = '{}'",
        "UPDATE directory.message_rules SET match = 'some'",
        "UPDATE directory.out_of_office SET ends = '2020-01-01', starts = '2020-01-02'",
        "UPDATE directory.out_of_office SET starts_at = now()",
        "UPDATE directory.out_of_office SET ends_at = now()",
        (
            "UPDATE directory.out_of_office"
            " SET starts = NULL, ends = NULL, starts_at = now(), ends_at = now()"
        ),
        "UPDATE directory.device_policies SET company = NULL, applies_to = '{}'",
        "UPDATE directory.device_policies SET company = 'nobody'",
        "UPDATE directory.device_policies SET refresh_hours = 0",
        "UPDATE directory.device_policies SET name = 'two words' WHERE name = 'phones'",
        "UPDATE directory.device_access SET unknown = 'perhaps'",
        "UPDATE directory.pictures SET content = 'another'",
        "UPDATE directory.certificates SET digest = 'another'",
        "UPDATE directory.pictures SET content = repeat('x', 100001)::bytea",
        "INSERT INTO directory.addresses (address, kind) VALUES ('Ada@example.org', 'users')",
        "INSERT INTO directory.addresses (address, kind) VALUES ('x@nowhere.example', 'users')",
        "DELETE FROM directory.domains",
        "DELETE FROM directory.companies",
    ],
)
def test_the_database_refuses_what_cannot_be(store, dsn, statement):
    """The rules hold for whoever writes, by whatever door."""
    converge(store, EVERYTHING)

    with psycopg.connect(dsn) as connection, pytest.raises(psycopg.errors.IntegrityError):
        connection.execute(statement)


def test_a_write_past_the_planner_is_noticed(store, dsn):
    """Plain SQL raises the revision too, so that no plan overwrites what it did not see."""
    converge(store, people(1))
    before = store.state().revision

    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE directory.users SET name = 'Eve'")

    assert store.state().revision > before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE directory.audit SET actor = 'nobody'",
        "DELETE FROM directory.audit",
        "TRUNCATE directory.audit",
    ],
)
def test_the_audit_is_only_added_to(store, dsn, statement):
    """Even the owner of the tables cannot change or remove an entry in passing."""
    converge(store, people(1))

    with (
        psycopg.connect(dsn) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="only ever added to"),
    ):
        connection.execute(statement)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE directory.audit SET actor = 'nobody' WHERE id = 2",
        "DELETE FROM directory.audit WHERE id = 2",
        "UPDATE directory.audit SET at = at - interval '1 day' WHERE id = 2",
    ],
)
def test_tampering_with_the_audit_shows(store, postgres, dsn, tampering):
    """Who gets round the trigger breaks the chain, and `verify_audit` says where."""
    converge(store, people(2))
    store.verify_audit()

    with postgres.admin(dsn.split("dbname=")[1].split()[0]) as admin:
        admin.execute("ALTER TABLE directory.audit DISABLE TRIGGER only_add")
        admin.execute(tampering)

    with pytest.raises(AuditError, match="entry 2"):
        store.verify_audit()


def test_an_error_of_the_database_does_not_quote_rows(store, dsn):
    """What PostgreSQL says of a row that failed holds its hash; our error does not."""
    converge(store, people(1))
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "ALTER TABLE directory.users ADD CONSTRAINT never CHECK (name <> 'User 1')"
        )

    with pytest.raises(StoreError) as caught:
        converge(store, people(2))

    assert "never" in str(caught.value)
    assert "argon2" not in str(caught.value).lower()
    assert set(store.state().users) == {"user0@example.org"}
