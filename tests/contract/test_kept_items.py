"""What the webmail's database keeps of calendars and contacts, with tables as SOGo makes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

import psycopg
import pytest

from fermoposta.mailstore.deleted_item import Kind
from fermoposta.mailstore.kept_items import expire, open_archive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.mailstore.deleted_item import DeletedItem
    from tests.contract.cluster import Cluster

SCHEMA = Path(__file__).parents[2] / "roles/sogo/templates/deleted.sql.j2"
OWNER = "ada@example.org"
SOGO = """
CREATE TABLE sogo_folder_info (
    c_folder_id serial, c_path varchar(255) PRIMARY KEY, c_path1 varchar(255) NOT NULL,
    c_path2 varchar(255), c_path3 varchar(255), c_path4 varchar(255),
    c_foldername varchar(255) NOT NULL, c_folder_type varchar(255) NOT NULL);
CREATE TABLE sogo_store (
    c_folder_id integer NOT NULL, c_name varchar(255) NOT NULL, c_content text NOT NULL,
    c_creationdate integer NOT NULL, c_lastmodified integer NOT NULL, c_version integer NOT NULL,
    c_deleted integer, PRIMARY KEY (c_folder_id, c_name));
CREATE TABLE sogo_quick_appointment (
    c_folder_id integer NOT NULL, c_name varchar(255) NOT NULL, c_uid varchar(1000) NOT NULL,
    c_title varchar(1000), c_orgmail varchar(255), c_component varchar(10) NOT NULL,
    PRIMARY KEY (c_folder_id, c_name));
CREATE TABLE sogo_quick_contact (
    c_folder_id integer NOT NULL, c_name varchar(255) NOT NULL, c_cn varchar(255),
    c_mail text, PRIMARY KEY (c_folder_id, c_name));
"""
_numbers = count()


class Webmail:
    """SOGo's database, changed as SOGo changes it."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def run(self, query: LiteralString, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def folder(self, name: str, number: int) -> None:
        self.run(
            "INSERT INTO sogo_folder_info VALUES (%s, %s, 'Users', %s, 'Calendar', %s, %s, %s)",
            number, f"/Users/{OWNER}/Calendar/{name}", OWNER, name, name, "Appointment",
        )  # fmt: skip

    def put(self, folder: int, name: str, content: str) -> None:
        # Made long ago, so that it is no part of a move.
        self.run(
            "INSERT INTO sogo_store VALUES (%s, %s, %s, 1, 1, 0, NULL)"
            " ON CONFLICT (c_folder_id, c_name)"
            " DO UPDATE SET c_content = EXCLUDED.c_content, c_deleted = NULL",
            folder, name, content,
        )  # fmt: skip
        self.run(
            "INSERT INTO sogo_quick_appointment VALUES (%s, %s, %s, %s, '', 'vevent')",
            folder, name, name, content,
        )  # fmt: skip

    def mark(self, folder: int, name: str) -> None:
        self.run("UPDATE sogo_store SET c_deleted = 1 WHERE (c_folder_id, c_name) = (%s, %s)",
                 folder, name)  # fmt: skip
        self.run("DELETE FROM sogo_quick_appointment WHERE (c_folder_id, c_name) = (%s, %s)",
                 folder, name)  # fmt: skip

    def drop(self, folder: int) -> None:
        self.run("DELETE FROM sogo_folder_info WHERE c_folder_id = %s", folder)
        self.run("DELETE FROM sogo_store WHERE c_folder_id = %s", folder)
        self.run("DELETE FROM sogo_quick_appointment WHERE c_folder_id = %s", folder)

    def there(self, folder: int) -> dict[object, object]:
        rows = self.run(
            "SELECT c_name, c_content FROM sogo_store JOIN sogo_quick_appointment"
            " USING (c_folder_id, c_name) WHERE c_folder_id = %s AND coalesce(c_deleted, 0) <> 1",
            folder,
        )
        return {row[0]: row[1] for row in rows}

    def deleted(self, since: datetime | None = None) -> list[DeletedItem]:
        with open_archive(self.dsn) as archive:
            return archive.all(OWNER, since or datetime.now(UTC) - timedelta(days=30))

    def restore(self, *items: DeletedItem) -> list[str]:
        with open_archive(self.dsn) as archive, archive.alone(OWNER):
            return [item.name for item in archive.restore(items)]


@pytest.fixture
def webmail(postgres: Cluster) -> Iterator[Webmail]:
    name = f"webmail_{next(_numbers)}"
    postgres.database(name)
    try:
        with postgres.admin(name) as admin:
            admin.execute(SCHEMA.read_text(encoding="utf-8").partition("\n")[2])
            admin.execute(SOGO)
        yield Webmail(postgres.dsn(name, "postgres"))
    finally:
        postgres.drop(name)


def test_an_entry_comes_back_once(webmail: Webmail) -> None:
    """To its calendar, with what SOGo lists of it."""
    webmail.folder("personal", 1)
    webmail.put(1, "a.ics", "lunch")
    webmail.mark(1, "a.ics")
    [item] = webmail.deleted()
    assert (item.kind, item.folder, item.name) == (Kind.EVENT, "Calendar/personal", "lunch")

    assert webmail.restore(item) == ["lunch"]
    assert webmail.restore(item) == []

    assert webmail.there(1) == {"a.ics": "lunch"}
    assert webmail.deleted() == []


def test_an_entry_does_not_replace_one_that_has_its_name_now(webmail: Webmail) -> None:
    """And is kept: when that one goes, it can still come back."""
    webmail.folder("personal", 1)
    webmail.put(1, "a.ics", "old")
    webmail.mark(1, "a.ics")
    webmail.put(1, "a.ics", "new")
    [old] = webmail.deleted()

    assert webmail.restore(old) == []
    assert webmail.there(1) == {"a.ics": "new"}
    assert webmail.deleted() == [old]

    webmail.mark(1, "a.ics")
    assert webmail.restore(old) == ["old"]
    assert webmail.there(1) == {"a.ics": "old"}


def test_an_entry_that_is_there_as_it_was_is_no_longer_listed(webmail: Webmail) -> None:
    webmail.folder("personal", 1)
    webmail.put(1, "a.ics", "lunch")
    webmail.mark(1, "a.ics")
    webmail.put(1, "a.ics", "lunch")

    assert webmail.restore(*webmail.deleted()) == []
    assert webmail.deleted() == []


def test_a_calendar_comes_back_with_what_was_in_it(webmail: Webmail) -> None:
    """Not with what was deleted from it before, which is restored by itself."""
    webmail.folder("holidays", 2)
    webmail.put(2, "a.ics", "before")
    webmail.mark(2, "a.ics")
    webmail.put(2, "b.ics", "within")
    webmail.drop(2)
    found = {item.name: item for item in webmail.deleted()}
    assert set(found) == {"holidays", "before", "within"}
    assert webmail.there(2) == {}

    assert webmail.restore(found["holidays"]) == ["holidays"]
    assert webmail.there(2) == {"b.ics": "within"}
    assert webmail.restore(found["before"], found["within"]) == ["before"]

    assert webmail.there(2) == {"a.ics": "before", "b.ics": "within"}
    assert webmail.deleted() == []


def test_what_is_moved_is_not_listed(webmail: Webmail) -> None:
    """SOGo copies and deletes; when the copy goes too, it can come back."""
    webmail.folder("personal", 1)
    webmail.folder("holidays", 2)
    webmail.put(1, "a.ics", "lunch")
    webmail.put(2, "a.ics", "lunch")
    webmail.run("UPDATE sogo_store SET c_creationdate = extract(epoch FROM now())"
                " WHERE c_folder_id = 2")  # fmt: skip
    webmail.mark(1, "a.ics")
    assert webmail.deleted() == []

    webmail.mark(2, "a.ics")

    assert {item.folder for item in webmail.deleted()} == {"Calendar/personal", "Calendar/holidays"}


def test_on_day_31_it_is_forgotten(webmail: Webmail) -> None:
    """Up to the moment, and a calendar's entry not before what was in it."""
    webmail.folder("holidays", 2)
    webmail.put(2, "a.ics", "lunch")
    webmail.drop(2)
    [item] = [each for each in webmail.deleted() if each.kind is Kind.EVENT]

    assert webmail.deleted(since=item.deleted_at) == []
    assert expire(webmail.dsn, item.deleted_at - timedelta(microseconds=1)) == 0
    assert webmail.restore(item) == ["lunch"]
    webmail.drop(2)
    assert expire(webmail.dsn, datetime.now(UTC)) == 1
    assert webmail.deleted(since=item.deleted_at - timedelta(days=1)) == []
