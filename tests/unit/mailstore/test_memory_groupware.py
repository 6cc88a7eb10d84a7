"""The double of the webmail's server keeps what every groupware keeps."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from tests.groupware_contract import GroupwareContract, World, event

from fermoposta.mailstore.groupware import AwayError, DeniedError, Kind
from fermoposta.mailstore.memory_groupware import MemoryGroupware, Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

ADA, BOB = "ada@example.org", "bob@example.org"


@pytest.fixture
def server() -> Server:
    made = Server()
    made.add(ADA)
    made.add(BOB)
    return made


@pytest.fixture
def opened(server: Server) -> Callable[[], AbstractAsyncContextManager[World]]:
    @asynccontextmanager
    async def world() -> AsyncIterator[World]:
        mine, theirs = MemoryGroupware(server, ADA), MemoryGroupware(server, BOB)

        async def share(path: str) -> None:
            server.share(ADA, path, BOB)

        calendar = await mine.create("Prova", Kind.EVENTS)
        contacts = await mine.create("Prova", Kind.CONTACTS)
        yield World(mine, theirs, calendar.path, contacts.path, share)

    return world


class TestMemoryGroupware(GroupwareContract):
    """The contract, in memory."""


def test_a_server_that_is_away_answers_nobody(server: Server) -> None:
    """And a stranger is nobody to it."""
    server.away = True
    with pytest.raises(AwayError):
        asyncio.run(MemoryGroupware(server, ADA).collections())
    server.away = False
    with pytest.raises(DeniedError):
        asyncio.run(MemoryGroupware(server, "eve@example.org").collections())


@pytest.mark.parametrize("silent", [False, True])
def test_who_is_invited_has_the_appointment(server: Server, silent: bool) -> None:
    """The server writes to them, unless it is told not to."""
    ada, bob = MemoryGroupware(server, ADA), MemoryGroupware(server, BOB)
    content = event("u", "20270105T100000Z", f"ATTENDEE:mailto:{BOB}", "ATTENDEE:mailto:z@x.test")
    path = "Calendar/personal"

    asyncio.run(ada.put(path, "u.ics", content, etag=None, silent=silent))
    assert set(asyncio.run(bob.read(path, ["u.ics"]))) == {"u.ics"}
    asyncio.run(ada.delete(path, "u.ics", silent=silent))

    assert asyncio.run(bob.read(path, ["u.ics"])) == {}
    told = [(BOB, "u.ics"), ("z@x.test", "u.ics")]
    assert server.written == ([] if silent else told * 2)


def test_rights_that_are_taken_are_gone(server: Server) -> None:
    """Who could write sees nothing afterwards."""
    ada, bob = MemoryGroupware(server, ADA), MemoryGroupware(server, BOB)
    server.share(ADA, "Calendar/personal", BOB, writable=True)
    (seen,) = [each for each in asyncio.run(bob.collections()) if each.owner == ADA]
    assert seen.writable
    asyncio.run(bob.put(seen.path, "b.ics", event("b"), etag=None))
    assert set(asyncio.run(ada.read("Calendar/personal", ["b.ics"]))) == {"b.ics"}

    server.unshare(ADA, "Calendar/personal", BOB)

    assert [each for each in asyncio.run(bob.collections()) if each.owner] == []
