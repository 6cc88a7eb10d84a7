"""What the gateway's requests rely on, in memory and in PostgreSQL under the gateway's own role."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from fermoposta.activesync.store.memory import MemoryStore
from fermoposta.activesync.store.model import (
    Access,
    Failure,
    FolderKey,
    Kept,
    OvertakenError,
    StoreAwayError,
    StoreError,
    UnknownUserError,
    Wipe,
)
from fermoposta.activesync.store.pool import ROLE, Pool
from fermoposta.activesync.store.postgres import PostgresStore
from fermoposta.directory.store import PostgresStore as Directory
from tests.contract.states import converge, people

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fermoposta.activesync.store.model import Store

NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
ADA, BOB, NOBODY = "user0@example.org", "user1@example.org", "nobody@example.org"
INBOX = FolderKey("mail", "5a1b")
AGENDA = FolderKey("VEVENT", "/SOGo/dav/user0@example.org/Calendar/personal/")


@pytest.fixture
def directory(dsn):
    """Two users."""
    with Directory(dsn) as store:
        converge(store, people(2))
        yield store


@pytest.fixture(params=["memory", "postgres"])
def told(request) -> Callable[[Callable[[Store], Awaitable[object]]], object]:
    """Run a story on a store of each kind; in it are two users."""

    def tell(story: Callable[[Store], Awaitable[object]]) -> object:
        async def run() -> object:
            store = made()
            try:
                return await story(store)
            finally:
                await store.close()

        return asyncio.run(run())

    if request.param == "memory":
        made = lambda: MemoryStore({ADA, BOB}.__contains__)  # noqa: E731 - one line of two
    else:
        request.getfixturevalue("directory")
        dsn = as_gateway(request.getfixturevalue("dsn"))
        made = lambda: PostgresStore(Pool(dsn))  # noqa: E731 - the other one
    return tell


def as_gateway(dsn):
    return dsn.replace("user=fermoposta", f"user={ROLE}")


def meet(store, user=ADA, device="PHONE1", now=NOW, **said):
    return store.meet(user, device, "iPhone", now=now, **said)


def test_a_device_is_met_as_it_was(told):
    """What it said at first is known when it comes again, and who may not know it does not."""

    async def story(store):
        first = await meet(store, version="14.1", user_agent="Apple-iPhone/1")
        again = await meet(store, now=NOW + timedelta(seconds=59), unknown=Access.BLOCKED)
        assert first == again
        assert (first.user, first.id, first.type) == (ADA, "PHONE1", "iPhone")
        assert (first.version, first.user_agent) == ("14.1", "Apple-iPhone/1")
        assert first.access is Access.ALLOWED
        assert first.first_seen == first.last_seen == NOW
        assert first.wipe is Wipe.NONE
        assert await store.devices(BOB) == []

    told(story)


def test_one_never_seen_begins_as_it_is_told_to(told):
    """A site that approves devices has them wait."""

    async def story(store):
        assert (await meet(store, unknown=Access.QUARANTINED)).access is Access.QUARANTINED
        assert (await meet(store)).access is Access.QUARANTINED

    told(story)


def test_it_is_noted_once_a_minute_that_a_device_is_here(told):
    """What it newly says is noted at once."""

    async def story(store):
        await meet(store, version="14.1")
        soon, later = NOW + timedelta(seconds=30), NOW + timedelta(seconds=61)
        assert (await meet(store, now=soon)).last_seen == NOW
        assert (await meet(store, now=later)).last_seen == later
        newer = await meet(store, now=later, version="16.1")
        assert newer.version == "16.1"
        assert newer.first_seen == NOW
        assert await store.devices(ADA) == [newer]

    told(story)


def test_nobody_has_no_device(told):
    """Who is no open user leaves nothing behind."""

    async def story(store):
        with pytest.raises(UnknownUserError, match=NOBODY):
            await meet(store, NOBODY)
        with pytest.raises(UnknownUserError, match=NOBODY):
            await store.folder_ids(NOBODY, [INBOX])
        with pytest.raises(OvertakenError):
            await store.keep(NOBODY, "PHONE1", "1", {}, 0)
        assert await store.devices() == []

    told(story)


def test_the_same_id_beside_another_user_is_another_device(told):
    """Nothing that one user's device does touches another's."""

    async def story(store):
        await meet(store)
        await meet(store, BOB)
        await store.change_device(BOB, "PHONE1", access=Access.BLOCKED)
        await store.keep(BOB, "PHONE1", "1", {"whose": "Bob's"}, 0)
        assert (await meet(store)).access is Access.ALLOWED
        assert await store.kept(ADA, "PHONE1", "1") == Kept(None, 0)
        assert await store.forget_device(BOB, "PHONE1")
        assert [device.user for device in await store.devices()] == [ADA]

    told(story)


def test_devices_are_listed_as_they_came(told):
    """Those seen last come first; of all, or of one user."""

    async def story(store):
        for minute, (user, device) in enumerate([(ADA, "A"), (BOB, "B"), (ADA, "C")]):
            await meet(store, user, device, NOW + timedelta(minutes=minute))
        assert [device.id for device in await store.devices()] == ["C", "B", "A"]
        assert [device.id for device in await store.devices(ADA)] == ["C", "A"]

    told(story)


def test_fields_of_a_device_are_changed_by_name(told):
    """And no others; what names it stays."""

    async def story(store):
        await meet(store)
        changes = {
            "access": Access.BLOCKED,
            "wipe": Wipe.REQUESTED,
            "wiped_by": "cli:root",
            "wipe_account_only": True,
            "information": {"Model": "iPhone17,1", "FriendlyName": "Ada's \u260e"},
            "policy_key": 4_000_000_000,
            "last_synced": NOW,
            "resync_since": NOW - timedelta(days=180),
        }
        changed = await store.change_device(ADA, "PHONE1", **changes)
        assert {name: getattr(changed, name) for name in changes} == changes
        assert await meet(store) == changed
        assert await store.change_device(ADA, "OTHER", policy_key=1) is None
        for wrong in ({"user": BOB}, {"id": "X"}, {"first_seen": NOW}, {"colour": 1}, {}):
            with pytest.raises(TypeError):
                await store.change_device(ADA, "PHONE1", **wrong)

    told(story)


def test_a_folder_has_one_short_id(told):
    """The same for every device and every time, another for another folder."""

    async def story(store):
        first = await store.folder_ids(ADA, [INBOX, AGENDA, INBOX])
        again = await store.folder_ids(ADA, [FolderKey("notes", ""), AGENDA, INBOX])
        assert list(first) == [INBOX, AGENDA]
        assert again == {**first, FolderKey("notes", ""): again[FolderKey("notes", "")]}
        assert len(set(again.values())) == len(again)
        assert all(each.isalnum() and len(each) <= 16 for each in again.values())
        assert await store.folder_key(ADA, first[AGENDA]) == AGENDA
        assert await store.folder_ids(ADA, []) == {}
        assert list((await store.folders(ADA)).values()) == [
            INBOX,
            AGENDA,
            FolderKey("notes", ""),
        ]
        assert await store.folders(BOB) == {}

    told(story)


def test_a_folders_id_means_nothing_to_another_user(told):
    """Nor does an id that nobody was given."""

    async def story(store):
        ids = await store.folder_ids(ADA, [INBOX])
        assert await store.folder_key(BOB, ids[INBOX]) is None
        assert await store.folder_key(ADA, "999") is None
        assert await store.folder_key(ADA, "no id") is None

    told(story)


def test_what_is_kept_is_replaced_by_who_read_it(told):
    """Of two requests that read the same, one goes on; the other keeps nothing."""

    async def story(store):
        await meet(store)
        assert await store.kept(ADA, "PHONE1", "7") == Kept(None, 0)
        first = await store.keep(ADA, "PHONE1", "7", {"uids": [[1, 9]], "key": None}, 0)
        assert await store.kept(ADA, "PHONE1", "7") == Kept({"uids": [[1, 9]], "key": None}, first)
        second = await store.keep(ADA, "PHONE1", "7", {"uids": []}, first)
        for stale in (0, first):
            with pytest.raises(OvertakenError):
                await store.keep(ADA, "PHONE1", "7", {"uids": [[2, 2]]}, stale)
        assert await store.kept(ADA, "PHONE1", "7") == Kept({"uids": []}, second)

    told(story)


def test_two_at_once_are_never_both_right(told):
    """Whatever their order."""

    async def story(store):
        await meet(store)
        for revision in (0, await store.keep(ADA, "PHONE1", "2", 0, 0)):
            name = "2" if revision else "1"
            keeping = (store.keep(ADA, "PHONE1", name, each, revision) for each in range(6))
            results = await asyncio.gather(*keeping, return_exceptions=True)
            assert sum(isinstance(each, OvertakenError) for each in results) == 5
            (kept,) = (each for each in results if isinstance(each, int))
            assert (await store.kept(ADA, "PHONE1", name)).revision == kept

    told(story)


def test_a_revision_never_comes_again(told):
    """Who read before a resync does not overwrite what came after it."""

    async def story(store):
        await meet(store)
        before = await store.keep(ADA, "PHONE1", "7", "before", 0)
        await store.forget(ADA, "PHONE1")
        after = await store.keep(ADA, "PHONE1", "7", "after", 0)
        with pytest.raises(OvertakenError):
            await store.keep(ADA, "PHONE1", "7", "late", before)
        assert await store.kept(ADA, "PHONE1", "7") == Kept("after", after)

    told(story)


def test_what_is_kept_is_forgotten_by_name_or_whole(told):
    """Of this device only."""

    async def story(store):
        for device in ("PHONE1", "PHONE2"):
            await meet(store, device=device)
            for name in ("1", "2", ".folders"):
                await store.keep(ADA, device, name, name, 0)
        await store.forget(ADA, "PHONE1", ["1", "none such"])
        assert (await store.kept(ADA, "PHONE1", "1")).revision == 0
        assert (await store.kept(ADA, "PHONE1", "2")).value == "2"
        await store.forget(ADA, "PHONE1", [])
        assert (await store.kept(ADA, "PHONE1", "2")).value == "2"
        await store.forget(ADA, "PHONE1")
        assert (await store.kept(ADA, "PHONE1", ".folders")).revision == 0
        assert (await store.kept(ADA, "PHONE2", ".folders")).value == ".folders"

    told(story)


def test_a_forgotten_device_starts_as_a_new_one(told):
    """All that was remembered of it is gone; what a late request of it keeps is refused."""

    async def story(store):
        await meet(store)
        await store.change_device(ADA, "PHONE1", access=Access.BLOCKED)
        revision = await store.keep(ADA, "PHONE1", "7", 1, 0)
        await store.note_failure(Failure(ADA, "PHONE1", "7", "12", "too large", NOW))
        assert await store.forget_device(ADA, "PHONE1")
        assert not await store.forget_device(ADA, "PHONE1")
        for late in (0, revision):
            with pytest.raises(OvertakenError):
                await store.keep(ADA, "PHONE1", "7", 2, late)
        assert (await meet(store)).access is Access.ALLOWED
        assert (await store.kept(ADA, "PHONE1", "7")).revision == 0
        assert await store.failures(ADA) == []

    told(story)


def test_an_item_fails_once_with_its_last_reason(told):
    """Until it is sent, or gone; other folders and devices keep theirs."""

    def failed(item, reason="too large", *, device="A", folder="7", minute=0):
        return Failure(ADA, device, folder, item, reason, NOW + timedelta(minutes=minute))

    async def story(store):
        await meet(store, device="A")
        await meet(store, device="B")
        await store.note_failure(failed("12"))
        await store.note_failure(failed("12", "malformed", minute=1))
        await store.note_failure(failed("12", device="B", minute=2))
        await store.note_failure(failed("12", folder="8", minute=3))
        await store.note_failure(failed("1", device="unknown"))
        shown = [(each.device, each.folder, each.reason) for each in await store.failures(ADA)]
        assert shown == [
            ("A", "8", "too large"),
            ("B", "7", "too large"),
            ("A", "7", "malformed"),
        ]
        await store.clear_failures(ADA, "A", "7", ["12", "13"])
        assert [each.folder for each in await store.failures(ADA, "A")] == ["8"]
        assert len(await store.failures(ADA, "B")) == 1
        assert await store.failures(BOB) == []

    told(story)


def story_on(dsn, story):
    async def run():
        store = PostgresStore(Pool(as_gateway(dsn)))
        try:
            return await story(store)
        finally:
            await store.close()

    return asyncio.run(run())


def test_two_processes_give_a_folder_one_id(dsn, directory):
    """However they hurry; no id is given twice."""
    keys = [FolderKey("mail", str(n)) for n in range(20)]

    async def story(store):
        other = PostgresStore(Pool(as_gateway(dsn)))
        try:
            asked = [each.folder_ids(ADA, keys[n:]) for n in range(8) for each in (store, other)]
            answers = await asyncio.gather(*asked)
        finally:
            await other.close()
        whole = answers[0]
        assert all(whole[key] == id_ for answer in answers for key, id_ in answer.items())
        assert len(set(whole.values())) == len(keys)

    story_on(dsn, story)


def test_who_gets_a_purged_address_gets_none_of_it(dsn, directory):
    """Closed, devices are out of reach; back, they are there; purged, they are gone for good."""

    async def fill(store):
        await meet(store, BOB)
        await store.folder_ids(BOB, [INBOX])
        await store.keep(BOB, "PHONE1", "1", "Bob's", 0)

    async def seen(store):
        kept = await store.kept(BOB, "PHONE1", "1")
        return len(await store.devices()), kept.value, await store.folder_key(BOB, "1")

    story_on(dsn, fill)
    converge(directory, people(1))
    assert story_on(dsn, seen) == (0, None, None)
    converge(directory, people(2))
    assert story_on(dsn, seen) == (1, "Bob's", INBOX)

    converge(directory, people(1))
    (closed,) = directory.state().closed.values()
    with Directory(dsn.replace("user=fermoposta", "user=fermoposta_jobs"), secrets=False) as jobs:
        jobs.purge([closed.mailbox_id], now=NOW + timedelta(days=4000), actor="jobs")
    converge(directory, people(2))
    assert story_on(dsn, seen) == (0, None, None)
    with psycopg.connect(dsn) as owner:
        assert owner.execute("SELECT count(*) FROM gateway.mailboxes").fetchone() == (0,)


def test_connections_that_the_server_closed_are_replaced(dsn, directory, postgres):
    """A restart of the database costs no request an error."""

    async def story(store):
        await asyncio.gather(*(meet(store, device=f"D{n}") for n in range(4)))
        with postgres.admin() as admin:
            ended = admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [ROLE]
            ).fetchall()
        assert ended
        await asyncio.sleep(0.2)
        assert len(await store.devices(ADA)) == 4

    story_on(dsn, story)


def test_a_connection_that_breaks_in_between_is_an_error_then_replaced(dsn, directory, postgres):
    """Nothing is tried twice that may have been done once."""

    async def story():
        pool = Pool(as_gateway(dsn), most=1)

        async def end():
            async with pool.connection() as connection:
                with postgres.admin() as admin:
                    pid = connection.info.backend_pid
                    admin.execute("SELECT pg_terminate_backend(%s)", [pid])
                await connection.execute("SELECT 1")

        with pytest.raises(StoreAwayError, match="can't be used"):
            await end()
        async with pool.connection() as connection:
            assert await (await connection.execute("SELECT 1 AS one")).fetchall() == [{"one": 1}]
        await pool.close()

    asyncio.run(story())


def test_a_request_that_is_given_up_leaves_no_connection_in_use(dsn, directory):
    """Its connection goes to the next, or is replaced."""

    async def story():
        pool = Pool(as_gateway(dsn), most=1)

        async def sleep():
            async with pool.connection() as connection, connection.transaction():
                await connection.execute("SELECT pg_sleep(60)")

        task = asyncio.create_task(sleep())
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5), pool.connection() as connection:
            assert await (await connection.execute("SELECT 1 AS one")).fetchall() == [{"one": 1}]
        await pool.close()

    asyncio.run(story())


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_what_no_database_can_hold_is_an_error_of_the_store(dsn, directory, text):
    """Whatever the driver says of it; the next request is none the worse."""

    async def story(store):
        await meet(store)
        with pytest.raises(StoreError):
            await store.keep(ADA, "PHONE1", "1", {"text": text}, 0)
        with pytest.raises(StoreError):
            await meet(store, device=text)
        assert await store.keep(ADA, "PHONE1", "1", {}, 0)

    story_on(dsn, story)


def test_a_database_that_is_away_is_said_to_be():
    """So that the device is told to come again."""

    async def story():
        store = PostgresStore(Pool("host=/nonexistent dbname=x user=x"))
        with pytest.raises(StoreAwayError, match="can't be used"):
            await store.devices()

    asyncio.run(story())
