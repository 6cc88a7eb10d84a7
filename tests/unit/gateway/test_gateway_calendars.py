"""News of calendars, from the webmail's database to who waits."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import psycopg

from fermoposta.gateway import calendars
from fermoposta.mailstore.groupware import AwayError
from fermoposta.mailstore.groupware_feed import Touched


@dataclass
class Folder:
    path: str
    is_mail: bool


@dataclass
class Hub:
    user: str
    idle: bool = False
    away: bool = False
    heard: list[object] = field(default_factory=list)

    def touched_by(self, owner: str, path: str | None) -> None:
        self.heard.append((owner, path))

    def touched(self, path: str) -> None:
        self.heard.append(path)

    async def tree(self) -> list[Folder]:
        if self.away:
            raise AwayError("away")
        return [Folder("INBOX", True), Folder("Calendar/personal", False)]


@dataclass
class Sessions:
    hubs: tuple[Hub, ...]


def follow(monkeypatch, sessions: Sessions, *connections: list[object]) -> None:
    """Follow a feed whose connections bring these, one after the other, and then nothing."""
    waiting = list(connections)
    done = asyncio.Event()

    @asynccontextmanager
    async def listen(_conninfo: str):
        async def told():
            for each in waiting.pop(0):
                if isinstance(each, Exception):
                    raise each
                yield each
            done.set()
            await asyncio.Event().wait()

        yield told()

    async def run() -> None:
        following = asyncio.create_task(calendars.follow("", sessions))
        async with asyncio.timeout(5):
            await done.wait()
        following.cancel()

    monkeypatch.setattr(calendars.groupware_feed, "listen", listen)
    monkeypatch.setattr(calendars, "pause_after", lambda _: 0.0)
    asyncio.run(run())


def test_a_change_is_told_to_everybody_who_is_here(monkeypatch) -> None:
    """Whoever shares it is meant too: each hub knows by itself."""
    hubs = (Hub("ada@example.org", idle=True), Hub("bob@example.org", idle=True))
    change = Touched("ada@example.org", "Calendar/personal")

    follow(monkeypatch, Sessions(hubs), [change, Touched("bob@example.org")])

    for hub in hubs:
        assert hub.heard == [
            ("ada@example.org", "Calendar/personal"),
            ("bob@example.org", None),
        ]


def test_what_was_missed_is_looked_for(monkeypatch) -> None:
    """The database was away: who waits looks at everything once, and who can't does no harm."""
    ada, bob, eve = Hub("ada"), Hub("bob", idle=True), Hub("eve", away=True)

    follow(monkeypatch, Sessions((ada, bob, eve)), [psycopg.OperationalError("away")], [])

    assert ada.heard[-2:] == [("ada", None), "Calendar/personal"]
    assert bob.heard == []
    assert eve.heard[-1] == ("eve", None)
