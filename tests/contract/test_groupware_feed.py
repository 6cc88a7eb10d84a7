"""What the webmail's database tells of calendars and address books, and to whom."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest

from fermoposta.directory.model import Company, Domain, State, User
from fermoposta.directory.plan import plan
from fermoposta.directory.store import PostgresStore
from fermoposta.mailstore.groupware_feed import CHANNEL, Touched, listen, read
from tests.contract.webmail import webmail_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.contract.cluster import Cluster
    from tests.contract.webmail import Webmail

ADA, BOB = "ada@example.org", "bob@example.org"
END = "end|end"


@pytest.fixture
def webmail(postgres: Cluster, dsn: str) -> Iterator[Webmail]:
    with PostgresStore(dsn) as store:
        records = [
            *(Company("acme", "Acme"), Domain("example.org", "acme")),
            *(User(ADA, "Ada"), User(BOB, "Bob")),
        ]
        store.apply(plan(State.of_records(records), store.state()), actor="test")
    name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
    with webmail_database(postgres, ADA, name) as made:
        made.folder("personal", 1)
        yield made


def told(webmail: Webmail, change: Callable[[], None]) -> list[Touched]:
    """Return what the gateway hears of *change*."""

    async def hear() -> list[Touched]:
        heard = []
        async with listen(webmail.gateway) as feed:
            await asyncio.to_thread(change)
            webmail.run("SELECT pg_notify(%s, %s)", CHANNEL, END)
            async for touched in feed:
                if touched == read(END):
                    return heard
                heard.append(touched)
        return heard

    return asyncio.run(asyncio.wait_for(hear(), 20))


def test_a_change_is_told_with_its_owner_and_folder(webmail: Webmail) -> None:
    """A new object, a changed and a deleted one; and nothing that is in it."""
    here = Touched(ADA, "Calendar/personal")

    assert told(webmail, lambda: webmail.put(1, "a.ics", "lunch")) == [here]
    assert told(webmail, lambda: webmail.put(1, "b.ics", "dinner")) == [here]
    assert told(webmail, lambda: webmail.mark(1, "a.ics")) == [here]


def test_a_new_folder_its_name_and_its_end_are_told_of_its_owner(webmail: Webmail) -> None:
    """What was in a folder that is deleted is not told of."""
    rename = "UPDATE sogo_folder_info SET c_foldername = 'Ferie' WHERE c_folder_id = 2"
    elsewhere = "UPDATE sogo_folder_info SET c_path1 = 'Users' WHERE c_folder_id = 2"

    assert told(webmail, lambda: webmail.folder("second", 2)) == [Touched(ADA)]
    assert told(webmail, lambda: webmail.run(rename) and None) == [Touched(ADA)]
    assert told(webmail, lambda: webmail.run(elsewhere) and None) == []
    webmail.put(2, "a.ics", "lunch")
    assert told(webmail, lambda: webmail.drop(2)) == [Touched(ADA)]


def test_a_right_is_told_of_who_gets_or_loses_it(webmail: Webmail) -> None:
    give = "INSERT INTO sogo_acl VALUES (1, %s, %s, 'PublicViewer')"
    take = "DELETE FROM sogo_acl"
    path = f"/{ADA}/Calendar/personal"

    assert told(webmail, lambda: webmail.run(give, path, BOB) and None) == [Touched(BOB)]
    assert told(webmail, lambda: webmail.run(take) and None) == [Touched(BOB)]


def test_many_changes_of_one_transaction_are_told_once(webmail: Webmail) -> None:
    """So that an import of thousands wakes nobody thousands of times."""

    def fill() -> None:
        webmail.run(
            "INSERT INTO sogo_store SELECT 1, 'n' || number, 'x', 1, 1, 0, NULL"
            " FROM generate_series(1, 500) AS number"
        )

    assert told(webmail, fill) == [Touched(ADA, "Calendar/personal")]


def test_what_is_undone_is_not_told(webmail: Webmail) -> None:
    def undo() -> None:
        with psycopg.connect(webmail.dsn) as connection:
            connection.execute("INSERT INTO sogo_store VALUES (1, 'u', 'x', 1, 1, 0, NULL)")
            connection.rollback()

    assert told(webmail, undo) == []


@pytest.mark.parametrize("payload", ["", "ada", "|Calendar/personal"])
def test_what_no_trigger_sends_is_nothing(payload: str) -> None:
    assert read(payload) is None


def test_who_listens_may_do_nothing_else(webmail: Webmail) -> None:
    """Neither read nor write, nor call what the triggers call."""
    for query in (
        *("TABLE sogo_store", "TABLE sogo_folder_info", "TABLE sogo_acl"),
        *("DELETE FROM sogo_store", "SELECT feed.watch()", "TABLE deleted.items"),
    ):
        with (
            psycopg.connect(webmail.gateway, autocommit=True) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(query)
