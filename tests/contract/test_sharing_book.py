"""What sharing remembers, in the tables that the agent has for it."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import psycopg

from fermoposta.agent.sharing.book import Book, Noted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ADA, BOB, EVE = (f"{name}@example.org" for name in ("ada", "bob", "eve"))
SALES, STAFF = frozenset({"sales@example.org"}), frozenset({"staff@example.org"})
NONE: frozenset[str] = frozenset()


def with_book(dsn: str, act: Callable[[Book], Awaitable[None]]) -> None:
    """Let *act* work with a book on a directory of its own."""

    async def work() -> None:
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
            await act(Book(connection))

    asyncio.run(work())


def test_groups_that_sessions_may_still_know_are_remembered(dsn):
    """Nobody's former groups are known at first; then each, once, until time has settled it."""

    async def act(book: Book) -> None:
        await book.keep_groups({ADA: SALES, BOB: SALES}, first=True)
        assert await book.groups() == {ADA: SALES, BOB: SALES}
        assert await book.former_groups() == {}

        for groups in (STAFF, SALES, STAFF, NONE):
            await book.keep_groups({ADA: groups}, first=False)
        await book.keep_groups({EVE: STAFF}, first=False)
        assert await book.groups() == {ADA: NONE, BOB: SALES, EVE: STAFF}
        assert await book.former_groups() == {ADA: SALES | STAFF, EVE: NONE}

        await book.settle(7)
        assert ADA in await book.former_groups()
        await book.settle(-1)
        assert await book.former_groups() == {}
        assert await book.groups() == {BOB: SALES, EVE: STAFF}

    with_book(dsn, act)


def test_what_was_set_on_folders_is_remembered_by_mailbox(dsn):
    """A mailbox counts as shared where a line was set, or is about to be."""
    one, other, gone = (str(uuid.uuid4()) for _ in range(3))

    async def act(book: Book) -> None:
        await book.keep(one, "INBOX", Noted({f"user={BOB}": "lr"}))
        await book.keep(one, "INBOX/A", Noted())
        await book.keep(other, "INBOX", Noted({}, {f"user={BOB}": "lr"}))
        await book.keep(gone, "INBOX", Noted())
        assert await book.shared([one, other, gone]) == {one, other}
        assert await book.shared([]) == set()

        await book.keep(one, "INBOX", Noted({f"user={BOB}": "lrw"}))
        assert (await book.folders(one))["INBOX"] == Noted({f"user={BOB}": "lrw"})
        await book.forget(one, ["INBOX/A"])
        assert list(await book.folders(one)) == ["INBOX"]

        await book.forget_others_than([one])
        assert await book.folders(other) == {}
        assert await book.shared([one, other]) == {one}

    with_book(dsn, act)


def test_who_sees_a_mailbox_for_the_first_time_is_told_apart(dsn):
    """And only those; who is no longer named sees it no more."""

    async def act(book: Book) -> None:
        assert await book.seen_by(ADA, {BOB}) == {BOB}
        assert await book.seen_by(ADA, {BOB, EVE}) == {EVE}
        assert await book.seen_by(ADA, {EVE}) == set()
        assert await book.seen_by(ADA, {BOB, EVE}) == {BOB}
        assert await book.seen_by(BOB, {EVE}) == {EVE}

        await book.unshared_by_others_than({BOB})
        assert await book.seen_by(BOB, {EVE}) == set()
        assert await book.seen_by(ADA, {EVE}) == {EVE}

    with_book(dsn, act)
