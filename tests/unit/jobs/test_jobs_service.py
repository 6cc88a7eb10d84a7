"""Passes of the jobs service over memory: what is done, in which order, and what is done again."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from fermoposta.directory.compile import Paths
from fermoposta.directory.model import (
    ALL_KINDS,
    ClosedMailbox,
    Company,
    Domain,
    Kind,
    Record,
    Resource,
    State,
    User,
)
from fermoposta.directory.plan import plan
from fermoposta.directory.store import MemoryStore
from fermoposta.jobs import webmail
from fermoposta.jobs.service import Worker
from fermoposta.mailstore.doveadm import Doveadm, DoveadmError
from fermoposta.service.pause import LONGEST_PAUSE, pause_after
from fermoposta.service.settings import Settings

BASE = [Company("acme", "Acme"), Domain("example.org", "acme")]
HASH = "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$" + "A" * 43
ADA = User("ada@example.org", "Ada", password_hash=HASH, antispam=False)
BOB = User("bob@example.org", "Bob", password_hash=HASH)


@dataclass
class Mark:
    """The place mark in memory."""

    at: int = 0

    async def position(self) -> int:
        return self.at

    async def remember(self, change_id: int) -> None:
        self.at = change_id


@dataclass
class Dovecot:
    """Remembers what it was asked."""

    away: bool = False
    forgot: list[str] = field(default_factory=list)
    kicked: list[str] = field(default_factory=list)

    async def forget_credentials(self, addresses: tuple[str, ...]) -> None:
        if self.away and addresses:
            raise DoveadmError("away")
        self.forgot += addresses

    async def end_sessions(self, addresses: tuple[str, ...]) -> tuple[str, ...]:
        self.kicked += addresses
        return addresses


@pytest.fixture
def dovecot(monkeypatch: pytest.MonkeyPatch) -> Dovecot:
    dovecot = Dovecot()
    for name in ("forget_credentials", "end_sessions"):
        asked = getattr(dovecot, name)
        monkeypatch.setattr(Doveadm, name, lambda _, addresses, asked=asked: asked(addresses))
    return dovecot


@pytest.fixture
def worker(tmp_path: Path, dovecot: Dovecot) -> Iterator[Worker]:
    for name in ("sieve", "dkim", "purge"):
        (tmp_path / name).mkdir()
    with MemoryStore() as store:
        yield Worker(
            settings=Settings(host="mail.example.org", portal_host="portal.example.org"),
            store=store,
            paths=Paths(sieve=tmp_path / "sieve", dkim=tmp_path / "dkim"),
            purge_dir=tmp_path / "purge",
        )


def declare(worker: Worker, *users: Record) -> None:
    desired = State.of_records([*BASE, *users])
    worker.store.apply(plan(desired, worker.store.state(), allow_removal=ALL_KINDS), actor="test")


def test_a_change_is_carried_out_once(worker: Worker, dovecot: Dovecot) -> None:
    """Files are made, Dovecot is told, and the place mark moves."""
    mark = Mark()
    declare(worker, ADA, BOB)

    asyncio.run(worker.work(mark))
    asyncio.run(worker.work(mark))

    assert mark.at == worker.store.changes()[-1].id
    assert sorted(dovecot.forgot) == [ADA.address, BOB.address]
    assert dovecot.kicked == []
    assert len(list(worker.paths.sieve.glob("*/policy.sieve"))) == 1
    assert len(list(worker.paths.dkim.glob("*.key"))) == 1


def test_a_closed_user_loses_sessions_and_script(worker: Worker, dovecot: Dovecot) -> None:
    """Within the same pass."""
    mark = Mark()
    declare(worker, ADA, BOB)
    asyncio.run(worker.work(mark))

    declare(worker, BOB)
    asyncio.run(worker.work(mark))

    assert dovecot.kicked == [ADA.address]
    assert list(worker.paths.sieve.iterdir()) == []


def test_what_dovecot_did_not_hear_is_said_again(worker: Worker, dovecot: Dovecot) -> None:
    """A restart of Dovecot loses nothing: the place mark stays until all is done."""
    mark = Mark()
    declare(worker, BOB)
    dovecot.away = True

    with pytest.raises(DoveadmError):
        asyncio.run(worker.work(mark))
    assert mark.at == 0

    dovecot.away = False
    asyncio.run(worker.work(mark))
    assert dovecot.forgot == [BOB.address]
    assert mark.at > 0


def test_lost_files_come_back_without_a_change(worker: Worker) -> None:
    """The pass over everything needs no feed."""
    mark = Mark()
    declare(worker, ADA)
    asyncio.run(worker.work(mark))
    for script in worker.paths.sieve.glob("*/policy.sieve"):
        script.unlink()

    asyncio.run(worker.work(mark))
    assert not list(worker.paths.sieve.glob("*/policy.sieve"))

    worker.last_full = None
    asyncio.run(worker.work(mark))
    assert list(worker.paths.sieve.glob("*/policy.sieve"))


def test_a_new_switch_is_compiled(worker: Worker) -> None:
    """The script follows the directory."""
    mark = Mark()
    declare(worker, ADA)
    asyncio.run(worker.work(mark))

    declare(worker, replace(ADA, antispam=True))
    asyncio.run(worker.work(mark))

    assert list(worker.paths.sieve.iterdir()) == []


def test_pauses_grow_and_end_growing() -> None:
    """A database that is away for an hour is not asked every millisecond, nor only every hour."""
    pauses = [pause_after(failures) for failures in range(1, 60)]

    assert pauses[:4] == [1, 2, 4, 8]
    assert max(pauses) == LONGEST_PAUSE
    assert pauses == sorted(pauses)


@dataclass
class Webmail:
    """Remembers what it was asked to forget, and to set aside."""

    away: bool = False
    forgot: list[str] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)

    def each(self, values: Iterable[str], done: list[str]) -> Iterator[tuple[str, bool]]:
        for value in values:
            if self.away:
                raise psycopg.OperationalError("away")
            done.append(value)
            yield value, True


@pytest.fixture
def sogo(monkeypatch: pytest.MonkeyPatch) -> Webmail:
    made = Webmail()
    monkeypatch.setattr(webmail, "forget", lambda _, each: made.each(each, made.forgot))
    monkeypatch.setattr(webmail, "set_aside", lambda _, each: made.each(each, made.aside))
    return made


GONE = ClosedMailbox(
    "0badcafe-0000-4000-8000-00000000000a",
    "gone@example.org",
    Kind.USERS,
    datetime.now(UTC) - timedelta(days=31),
)


def test_the_webmail_forgets_whose_mailbox_is_removed(
    worker: Worker, dovecot: Dovecot, sogo: Webmail
) -> None:
    """Mail does not wait for a webmail that is away or not there, which is asked again later."""
    mark = Mark()
    sogo.away = True
    worker.store = MemoryStore(State(closed={GONE.mailbox_id: GONE}))

    asyncio.run(worker.work(mark))
    assert (worker.purge_dir / GONE.mailbox_id).exists()
    assert sogo.forgot == []

    sogo.away = False
    worker.last_full = None
    asyncio.run(worker.work(mark))
    assert sogo.forgot == [GONE.address]
    worker.last_full = None
    asyncio.run(worker.work(mark))
    assert sogo.forgot == [GONE.address]


def test_an_address_that_becomes_a_rooms_is_emptied_in_the_webmail(
    worker: Worker, dovecot: Dovecot, sogo: Webmail
) -> None:
    """With the change that makes the room; until the webmail has done it, and once."""
    mark = Mark()
    declare(worker, ADA, BOB)
    asyncio.run(worker.work(mark))
    declare(worker, BOB)
    asyncio.run(worker.work(mark))
    (closed,) = worker.store.state().closed
    assert sogo.aside == []

    sogo.away = True
    declare(worker, BOB, Resource(ADA.address, "Room"))
    asyncio.run(worker.work(mark))
    sogo.away = False
    for name in ("Bobby", "Robert"):
        declare(worker, replace(BOB, name=name), Resource(ADA.address, "Room"))
        asyncio.run(worker.work(mark))

    assert sogo.aside == [closed]
