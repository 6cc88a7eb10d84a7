"""The portal changes the directory under its own role, and by plans alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg.conninfo
import pytest

from fermoposta.directory import personal
from fermoposta.directory.model import Alias, Company, Domain, Kind, Owner, State, User
from fermoposta.directory.plan import PlanError, plan
from fermoposta.directory.store import MemoryStore, PostgresStore, StaleError
from fermoposta.portal.book import Book

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.directory.store import Store

STATE = State.of_records(
    [
        Company("acme", "Acme S.p.A."),
        Domain("example.org", "acme"),
        User("ada@example.org", "Ada", managed_by=Owner.INVENTORY),
        Alias("declared@example.org", ("ada@example.org",)),
    ]
)
SALES = Alias("sales@example.org", ("ada@example.org",), managed_by=Owner.PORTAL)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """The directory; in PostgreSQL with no more rights than the portal's."""
    if request.param == "memory":
        yield MemoryStore(STATE)
        return
    dsn = request.getfixturevalue("dsn")
    with PostgresStore(dsn) as owner:
        owner.apply(plan(STATE, owner.state()), actor="test")
    with PostgresStore(psycopg.conninfo.make_conninfo(dsn, user="fermoposta_portal")) as made:
        yield made


def test_what_is_changed_is_there_audited_and_told(store: Store) -> None:
    """As if an inventory had been applied, but the record is the portal's."""
    book = Book(store)
    book.state()

    made = book.change(lambda state: personal.put(state, SALES), actor="ada@example.org")

    assert made.counts() == {"create": 1}
    assert book.state().aliases[SALES.key].managed_by is Owner.PORTAL
    assert store.audit()[-1].actor == "ada@example.org"
    assert store.changes()[-1].key == SALES.key


@pytest.mark.parametrize(
    "record",
    [
        User("bob@example.org", "Bob", managed_by=Owner.PORTAL),
        Domain("example.net", "acme", managed_by=Owner.PORTAL),
    ],
)
def test_the_last_of_the_portals_own_can_go(store: Store, record: User | Domain) -> None:
    """Whoever named it and confirmed is not asked whether so many were meant."""
    book = Book(store)
    book.change(lambda state: personal.put(state, record), actor="ada@example.org")

    book.change(lambda state: personal.take(state, (record.kind, record.key)), actor="ada")

    assert record.key not in book.state().of(record.kind)


def test_a_dry_run_changes_nothing(store: Store) -> None:
    """It says what would be done."""
    book = Book(store)

    made = book.change(lambda state: personal.put(state, SALES), actor="ada", dry_run=True)

    assert len(made.steps) == 1
    assert SALES.key not in book.state().aliases


def test_what_the_inventory_declares_is_not_changed(store: Store) -> None:
    """Neither changed nor removed; the reason says whose it is."""
    book = Book(store)
    other = Alias("declared@example.org", ("b@elsewhere.example",))

    for make in (
        lambda state: personal.put(state, other),
        lambda state: personal.take(state, (Kind.ALIASES, "declared@example.org")),
    ):
        with pytest.raises(PlanError, match="belongs to the inventory"):
            book.change(make, actor="ada@example.org")

    assert book.state().aliases["declared@example.org"].destinations == ("ada@example.org",)


def test_who_is_overtaken_plans_anew(store: Store) -> None:
    """Up to three times; what the other one did stays."""
    book, others = Book(store), Book(store)
    names = iter("abc")

    def overtaken(state: State):
        name = next(names, None)
        if name is not None:
            other = Alias(f"{name}@example.org", ("ada@example.org",), managed_by=Owner.PORTAL)
            others.change(lambda now: personal.put(now, other), actor="bob")
        return personal.put(state, SALES)

    with pytest.raises(StaleError):
        book.change(overtaken, actor="ada@example.org")
    book.change(overtaken, actor="ada@example.org")

    assert {
        "a@example.org",
        "b@example.org",
        "c@example.org",
        SALES.key,
    } <= book.state().aliases.keys()


def test_a_database_that_was_restarted_costs_no_reader_an_error(dsn: str) -> None:
    """The connection that was kept is over, which only its next use tells."""
    with PostgresStore(dsn) as store, psycopg.connect(dsn, autocommit=True) as other:
        book = Book(store)
        before = book.state()
        ended = other.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()

        assert ended == (1,)
        assert book.state() == before
