"""Passes of the jobs service over memory: what is done, in which order, and what is done again."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from fermoposta.directory.compile import Paths
from fermoposta.directory.model import ALL_KINDS, Company, Domain, State, User
from fermoposta.directory.plan import plan
from fermoposta.directory.store import MemoryStore
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


def declare(worker: Worker, *users: User) -> None:
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
