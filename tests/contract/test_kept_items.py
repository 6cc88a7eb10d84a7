"""What the webmail's database keeps of calendars and contacts, with tables as SOGo makes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from fermoposta.mailstore.deleted_item import Kind
from fermoposta.mailstore.kept_items import expire, open_archive
from tests.contract.webmail import Webmail as Database
from tests.contract.webmail import webmail_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.mailstore.deleted_item import DeletedItem
    from tests.contract.cluster import Cluster

OWNER = "ada@example.org"


class Webmail(Database):
    """The webmail's database, and the agent, which restores what was deleted from it."""

    agent: str

    def deleted(self, since: datetime | None = None) -> list[DeletedItem]:
        with open_archive(self.agent) as archive:
            return archive.all(OWNER, since or datetime.now(UTC) - timedelta(days=30))

    def restore(self, *items: DeletedItem) -> list[str]:
        with open_archive(self.agent) as archive, archive.alone(OWNER):
            return [item.name for item in archive.restore(items)]


@pytest.fixture
def webmail(postgres: Cluster) -> Iterator[Webmail]:
    with webmail_database(postgres, OWNER, "template_directory") as made:
        webmail = Webmail(made.dsn, made.owner, made.jobs)
        webmail.agent = made.dsn.replace("user=postgres", "user=fermoposta_agent")
        yield webmail


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
