"""What the gateway hears of the directory's changes."""

from __future__ import annotations

import asyncio

import pytest

from fermoposta.directory.store import PostgresStore
from fermoposta.gateway.feed import Feed
from tests.contract.states import converge, everything

ADA = "ada@example.org"


class Ear:
    """Notes what the feed tells, and lets a test wait for it."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[frozenset[str] | None] = asyncio.Queue()

    async def told(self, addresses: frozenset[str] | None) -> None:
        self.heard.put_nowait(addresses)

    async def next(self) -> frozenset[str] | None:
        async with asyncio.timeout(10):
            return await self.heard.get()


@pytest.fixture
def store(dsn):
    with PostgresStore(dsn) as made:
        converge(made, everything())
        yield made


def follow(dsn: str, scenario) -> None:
    """Run *scenario* with a feed that follows, and what it has told."""

    async def run() -> None:
        ear = Ear()
        feed = Feed(dsn.replace("user=fermoposta", "user=fermoposta_gateway"), ear.told)
        following = asyncio.create_task(feed.run())
        try:
            await scenario(feed, ear)
        finally:
            following.cancel()

    asyncio.run(run())


def test_a_changed_password_and_a_closed_user_are_heard_of(store, dsn):
    """By their names, and by nobody else's."""

    async def scenario(feed, ear):
        assert await ear.next() is None  # at first: what was before is not known
        wanted = everything()
        del wanted["mail_users"][ADA]["password_hash"]
        wanted["mail_users"][ADA]["password"] = "Another2026x"
        await asyncio.to_thread(converge, store, wanted, update_password="always")
        assert await ear.next() == {ADA}
        del wanted["mail_users"]["zoe@other.example"]
        await asyncio.to_thread(converge, store, wanted)
        assert await ear.next() == {"zoe@other.example"}

    follow(dsn, scenario)


def test_the_domains_are_known(store, dsn):
    """So that a log-in without one can be understood."""

    async def scenario(feed, ear):
        await feed.ready.wait()
        assert set(feed.domains) == set(everything()["mail_domains"])

    follow(dsn, scenario)
