"""What the webmail knows of an address goes with the mailbox, and not before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from fermoposta.directory.model import (
    ALL_KINDS,
    Company,
    Domain,
    Group,
    Resource,
    State,
    User,
)
from fermoposta.directory.plan import plan
from fermoposta.directory.store import PostgresStore
from fermoposta.jobs.webmail import forget, set_aside
from tests.contract.webmail import webmail_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.directory.model import Record
    from tests.contract.cluster import Cluster
    from tests.contract.webmail import Webmail

BASE = [Company("acme", "Acme"), Domain("example.org", "acme")]
ADA, BOB = "ada@example.org", "bob@example.org"
TABLES = ("sogo_folder_info", "sogo_store", "sogo_quick_appointment", "sogo_quick_contact",
          "sogo_acl", "fermoposta_profile", "sogo_alarms_folder", "sogo_cache_folder",
          "deleted.items", "deleted.folders")  # fmt: skip
LATER = """
CREATE TABLE sogo_alarms_folder (
    c_path varchar(255) NOT NULL, c_name varchar(255) NOT NULL, c_uid varchar(255) NOT NULL);
CREATE TABLE sogo_cache_folder (
    c_uid varchar(255) NOT NULL, c_path varchar(255) NOT NULL, PRIMARY KEY (c_uid, c_path));
"""


@pytest.fixture
def store(dsn: str) -> Iterator[PostgresStore]:
    with PostgresStore(dsn) as made:
        declare(made, User(ADA, "Ada"), User(BOB, "Bob"))
        yield made


@pytest.fixture
def webmail(postgres: Cluster, dsn: str, store: PostgresStore) -> Iterator[Webmail]:
    name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
    with webmail_database(postgres, ADA, name) as made:
        yield made


def declare(store: PostgresStore, *records: Record) -> None:
    desired = State.of_records([*BASE, *records])
    store.apply(plan(desired, store.state(), allow_removal=ALL_KINDS), actor="test")


def purge(store: PostgresStore) -> None:
    now = datetime.now(UTC) + timedelta(days=31)
    store.purge(list(store.state().closed), now=now, actor="test")


def fill(webmail: Webmail, owner: str, other: str, folder: int) -> None:
    """Give somebody one of everything that the webmail keeps."""
    webmail.folder("personal", folder, owner)
    webmail.put(folder, "a.ics", "lunch")
    webmail.put(folder, "b.ics", "gone")
    webmail.mark(folder, "b.ics")
    webmail.folder("holidays", folder + 1, owner)
    webmail.drop(folder + 1)
    webmail.run("INSERT INTO sogo_quick_contact VALUES (%s, 'c', 'Zoe', 'z@x')", folder)
    for of, to, number in ((owner, other, folder), (other, owner, 0)):
        path = f"/{of}/Calendar/personal"
        webmail.run("INSERT INTO sogo_acl VALUES (%s, %s, %s, 'PublicViewer')", number, path, to)
    webmail.run("INSERT INTO fermoposta_profile VALUES (%s, '{}', '{}')", owner)
    webmail.run("INSERT INTO sogo_cache_folder VALUES (%s, '/x')", owner)
    path = f"/Users/{owner}/Calendar/personal"
    webmail.run("INSERT INTO sogo_alarms_folder VALUES (%s, 'a.ics', 'a')", path)


def counted(webmail: Webmail) -> dict[str, int]:
    return {name: len(webmail.run(f"TABLE {name}")) for name in TABLES}


def test_nothing_is_left_for_who_has_the_address_next(
    webmail: Webmail, store: PostgresStore
) -> None:
    """Not even among what was deleted; others keep all of theirs."""
    webmail.run(LATER)
    fill(webmail, BOB, "carla@example.org", 20)
    before = counted(webmail)
    fill(webmail, ADA, "dario@example.org", 10)
    declare(store, User(BOB, "Bob"))
    purge(store)

    assert list(forget(webmail.jobs, [ADA])) == [(ADA, True)]

    assert counted(webmail) == before
    assert list(forget(webmail.jobs, [ADA])) == [(ADA, True)]
    assert counted(webmail) == before


def test_tables_that_there_are_not_yet_are_no_error(webmail: Webmail, store: PostgresStore) -> None:
    declare(store, User(BOB, "Bob"))
    purge(store)

    assert list(forget(webmail.jobs, [ADA, "nobody@example.org"])) == [
        (ADA, True),
        ("nobody@example.org", True),
    ]


def test_whoever_asks_takes_nothing_from_who_is_here(
    webmail: Webmail, store: PostgresStore
) -> None:
    """Nor from who may come back, or from a resource; a group at the address has nothing."""
    webmail.run(LATER)
    fill(webmail, ADA, BOB, 10)
    before = counted(webmail)

    assert list(forget(webmail.jobs, [ADA])) == [(ADA, False)]
    declare(store, User(BOB, "Bob"))
    assert list(forget(webmail.jobs, [ADA])) == [(ADA, False)]
    purge(store)
    declare(store, User(BOB, "Bob"), room())
    assert list(forget(webmail.jobs, [ADA])) == [(ADA, False)]
    assert counted(webmail) == before

    declare(store, User(BOB, "Bob"))
    purge(store)
    declare(store, User(BOB, "Bob"), Group(ADA, "Team", members=(BOB,)))
    assert list(forget(webmail.jobs, [ADA])) == [(ADA, True)]
    assert webmail.run("SELECT FROM sogo_folder_info") == []


def room() -> Resource:
    return Resource(ADA, "Room")


def test_a_room_begins_with_an_empty_calendar(webmail: Webmail, store: PostgresStore) -> None:
    """At the address of somebody whose mailbox is kept: what was there can be brought back."""
    webmail.run(LATER)
    fill(webmail, ADA, BOB, 10)
    declare(store, User(BOB, "Bob"))
    (mailbox_id,) = store.state().closed
    assert list(set_aside(webmail.jobs, [mailbox_id])) == [(mailbox_id, False)]
    assert webmail.there(10) == {"a.ics": "lunch"}
    declare(store, User(BOB, "Bob"), room())

    assert list(set_aside(webmail.jobs, [mailbox_id])) == [(mailbox_id, True)]

    assert webmail.run("SELECT FROM sogo_folder_info") == []
    assert webmail.run("SELECT FROM sogo_store") == []
    assert webmail.run("SELECT FROM fermoposta_profile") == []
    kept = webmail.run("SELECT title FROM deleted.items WHERE owner = %s ORDER BY title", ADA)
    assert kept == [("gone",), ("lunch",)]

    # What the room books is its own, however often it is asked.
    webmail.folder("personal", 30)
    webmail.put(30, "r.ics", "booked")
    assert list(set_aside(webmail.jobs, [mailbox_id])) == [(mailbox_id, False)]
    assert webmail.there(30) == {"r.ics": "booked"}


def test_a_mailbox_that_is_closed_again_is_set_aside_again(
    webmail: Webmail, store: PostgresStore
) -> None:
    """Person, room, person, room: each time with nothing of the other."""
    bob = User(BOB, "Bob")
    for turn in range(2):
        for is_now, name in ((room(), "person"), (User(ADA, "Ada"), "room")):
            webmail.folder("personal", 10 + turn)
            webmail.put(10 + turn, "a.ics", name)
            declare(store, bob)
            declare(store, bob, is_now)
            asked = list(set_aside(webmail.jobs, sorted(store.state().closed)))
            assert [needed for _, needed in asked] == [True]
            assert webmail.run("SELECT FROM sogo_folder_info") == []
            assert webmail.run("SELECT FROM sogo_store") == []


def test_the_jobs_may_do_that_and_nothing_else(webmail: Webmail) -> None:
    for query in (
        *("TABLE sogo_store", "TABLE deleted.items", "TABLE directory.kept"),
        *("SELECT deleted.clear('x')", "SELECT deleted.expire(now())"),
    ):
        with (
            psycopg.connect(webmail.jobs, autocommit=True) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(query)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        webmail.run_as_sogo("SELECT deleted.forget('x')")
