"""Mail of who is gone: kept for its time, removed after it, and never that of anybody else."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from fermoposta.directory.model import ClosedMailbox, Kind, State, User
from fermoposta.directory.store import MemoryStore
from fermoposta.jobs.purge import forget_requested, remove_requested, request_removals

NOW = datetime(2026, 6, 1, tzinfo=UTC)
OLD, NEW = "0badcafe-0000-4000-8000-00000000000a", "0badcafe-0000-4000-8000-00000000000b"


def closed(mailbox_id: str, days: float) -> ClosedMailbox:
    return ClosedMailbox(mailbox_id, "x@example.org", Kind.USERS, NOW - timedelta(days=days))


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    folder = tmp_path / "purge"
    folder.mkdir()
    return folder


@pytest.fixture
def vmail(tmp_path: Path) -> Path:
    for mailbox_id in (OLD, NEW):
        (tmp_path / "vmail" / mailbox_id[:2] / mailbox_id / "mail").mkdir(parents=True)
    return tmp_path / "vmail"


def mailboxes(vmail: Path) -> set[str]:
    return {path.name for path in vmail.glob("*/*")}


def test_after_its_time_a_mailbox_is_removed(requests: Path, vmail: Path) -> None:
    """On day 31, and only then; others stay."""
    store = MemoryStore(State(closed={OLD: closed(OLD, 31), NEW: closed(NEW, 29)}))

    requested = request_removals(store, requests, now=NOW)
    removed = remove_requested(requests, vmail)

    assert requested == removed == (OLD,)
    assert mailboxes(vmail) == {NEW}
    assert set(store.state().closed) == {NEW}
    assert [path.name for path in requests.iterdir()] == [f"{OLD}.webmail"]


def test_a_site_may_keep_mail_for_longer(requests: Path) -> None:
    """The number of days is the site's."""
    store = MemoryStore(State(closed={OLD: closed(OLD, 31)}))

    assert request_removals(store, requests, now=NOW, days=60) == ()
    assert request_removals(store, requests, now=NOW, days=30) == (OLD,)


def test_who_came_back_in_the_meantime_keeps_the_mail(requests: Path, vmail: Path) -> None:
    """A request that a crash left pending is dropped when its mailbox is somebody's again."""
    (requests / f"{OLD}.pending").write_text("x@example.org")
    store = MemoryStore(State.of_records([User("x@example.org", "X", mailbox_id=OLD)]))

    assert request_removals(store, requests, now=NOW) == ()
    assert remove_requested(requests, vmail) == ()
    assert mailboxes(vmail) == {OLD, NEW}
    assert list(requests.iterdir()) == []


def test_a_crash_after_forgetting_loses_no_request(requests: Path, vmail: Path) -> None:
    """What the directory has forgotten is still removed by the next pass."""
    (requests / f"{OLD}.pending").write_text("x@example.org")

    assert request_removals(MemoryStore(State()), requests, now=NOW) == (OLD,)
    assert remove_requested(requests, vmail) == (OLD,)
    assert mailboxes(vmail) == {NEW}
    assert (requests / f"{OLD}.webmail").read_text() == "x@example.org"


def test_a_crash_between_the_two_requests_makes_both(requests: Path, vmail: Path) -> None:
    """The pending one is the last to go; a half-written one is written again."""
    (requests / f"{OLD}.pending").write_text("x@example.org")
    (requests / f"{OLD}.webmail").write_text("x@exam")

    assert request_removals(MemoryStore(State()), requests, now=NOW) == (OLD,)
    assert (requests / f"{OLD}.webmail").read_text() == "x@example.org"


def test_a_request_of_an_earlier_version_is_still_one(requests: Path, vmail: Path) -> None:
    """It names no address, and so asks nothing of the webmail."""
    (requests / f"{OLD}.pending").touch()

    assert request_removals(MemoryStore(State()), requests, now=NOW) == (OLD,)
    assert [path.name for path in requests.iterdir()] == [OLD]


class Webmail:
    """Forgets addresses but those that somebody has, until it goes away."""

    def __init__(self, *taken: str, away_after: int = 99) -> None:
        self.taken = taken
        self.left = away_after
        self.asked: list[str] = []

    def forget(self, addresses: Iterable[str]) -> Iterator[tuple[str, bool]]:
        for address in addresses:
            if not self.left:
                raise psycopg.OperationalError("away")
            self.left -= 1
            self.asked.append(address)
            yield address, address not in self.taken


def test_the_webmail_forgets_each_address_once(requests: Path) -> None:
    """Two mailboxes may have had it; one that somebody has now is no longer asked about."""
    for name, address in (("a", "x@example.org"), ("b", "y@example.org"), ("c", "x@example.org")):
        (requests / f"{name}.webmail").write_text(address)
    webmail = Webmail("y@example.org")

    done = list(forget_requested(requests, webmail.forget))

    assert done == [("x@example.org", True), ("y@example.org", False)]
    assert list(requests.iterdir()) == []
    assert list(forget_requested(requests, webmail.forget)) == []
    assert len(webmail.asked) == 2


def test_a_webmail_that_is_away_loses_no_request(requests: Path) -> None:
    """What it had done is done, the rest waits."""
    for name in ("x", "y"):
        (requests / f"{name}.webmail").write_text(f"{name}@example.org")

    with pytest.raises(psycopg.OperationalError):
        list(forget_requested(requests, Webmail(away_after=1).forget))
    assert [path.name for path in requests.iterdir()] == ["y.webmail"]

    again = Webmail()
    assert list(forget_requested(requests, again.forget)) == [("y@example.org", True)]


def test_a_pending_request_removes_nothing(requests: Path, vmail: Path) -> None:
    """Not before the directory has decided."""
    (requests / f"{OLD}.pending").touch()

    assert remove_requested(requests, vmail) == ()
    assert mailboxes(vmail) == {OLD, NEW}


@pytest.mark.parametrize("name", ["..", "0b", "x" * 36, "0badcafe-..", ".0badcafe-0000"])
def test_only_a_mailbox_id_is_a_request(requests: Path, vmail: Path, name: str) -> None:
    """No name leads out of the mail store."""
    if name != "..":
        (requests / name).touch()

    assert remove_requested(requests, vmail) == ()
    assert mailboxes(vmail) == {OLD, NEW}


def test_a_mailbox_that_nobody_wrote_to_is_no_error(requests: Path, tmp_path: Path) -> None:
    """There are no files to remove."""
    (requests / OLD).touch()

    assert remove_requested(requests, tmp_path / "vmail") == (OLD,)


def test_a_link_is_not_followed(requests: Path, vmail: Path, tmp_path: Path) -> None:
    """Whatever stands in the mail store, nothing outside it is removed."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (vmail / OLD[:2] / OLD / "mail").rmdir()
    (vmail / OLD[:2] / OLD).rmdir()
    (vmail / OLD[:2] / OLD).symlink_to(elsewhere)
    (requests / OLD).touch()

    with pytest.raises(OSError, match="symbolic link"):
        remove_requested(requests, vmail)
    assert elsewhere.is_dir()
