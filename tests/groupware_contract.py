"""What every groupware keeps, the double as well as the webmail's server."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from fermoposta.mailstore.groupware import (
    ChangedError,
    CollectionMissingError,
    DeniedError,
    GroupwareError,
    InvalidError,
    Kind,
    ObjectMissingError,
    TokenError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from fermoposta.mailstore.groupware import Groupware

ODD = "ä b+c%&<.ics"
TITLE = "Gärten & Co <1>"


@dataclass
class World:
    """Two colleagues, *mine* with a calendar and an address book for this test."""

    mine: Groupware
    theirs: Groupware
    calendar: str
    contacts: str
    share: Callable[[str], Awaitable[None]]
    """Show a calendar of mine to them, to read."""


def scenario(
    steps: Callable[[Any, World], Awaitable[None]],
) -> Callable[[Any, Callable[[], AbstractAsyncContextManager[World]]], None]:
    """Make a test of *steps*, which run in a world of their own."""

    def run(self: Any, opened: Callable[[], AbstractAsyncContextManager[World]]) -> None:
        async def within() -> None:
            async with opened() as world:
                await steps(self, world)

        asyncio.run(within())

    run.__doc__ = steps.__doc__
    return run


def event(uid: str, start: str = "20270105T100000Z", *more: str, title: str = "Riunione") -> bytes:
    """Return an appointment of half an hour at ten or at *start*."""
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//client.test//EN", "BEGIN:VEVENT"),
        *(f"UID:{uid}", "DTSTAMP:20260101T000000Z", f"DTSTART:{start}"),
        *(f"DTEND:{start.replace('0000Z', '3000Z')}", f"SUMMARY:{title}", *more),
        *("END:VEVENT", "END:VCALENDAR", ""),
    ]
    return "\r\n".join(lines).encode()


def task(uid: str, *more: str) -> bytes:
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//client.test//EN", "BEGIN:VTODO"),
        *(f"UID:{uid}", "DTSTAMP:20260101T000000Z", "SUMMARY:Telefonare", *more),
        *("END:VTODO", "END:VCALENDAR", ""),
    ]
    return "\r\n".join(lines).encode()


def card(uid: str, name: str) -> bytes:
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", f"FN:{name}", f"N:{name};;;;", "END:VCARD"]
    return "\r\n".join([*lines, ""]).encode()


def new() -> str:
    return str(uuid4())


class GroupwareContract:
    """Run where the fixture *opened* makes worlds."""

    @scenario
    async def test_everybody_has_a_calendar_and_an_address_book(self, world: World) -> None:
        """They are the user's own, and can't be removed; the company's book is not among them."""
        found = await world.mine.collections()

        defaults = [each for each in found if each.default]
        assert {each.path for each in defaults} == {"Calendar/personal", "Contacts/personal"}
        assert {each.kinds for each in defaults} == {
            frozenset({Kind.EVENTS, Kind.TASKS}),
            frozenset({Kind.CONTACTS}),
        }
        assert all(each.writable and each.owner is None for each in defaults)
        assert "Contacts/directory" not in {each.path for each in found}
        for each in defaults:
            with pytest.raises(DeniedError):
                await world.mine.remove(each.path)

    @scenario
    async def test_a_collection_is_made_renamed_and_removed(self, world: World) -> None:
        """Under any name; its path stays, until nothing is at it."""
        for kind in (Kind.EVENTS, Kind.CONTACTS):
            made = await world.mine.create(TITLE, kind)
            assert made.name == TITLE
            assert made in await world.mine.collections()

            await world.mine.rename(made.path, "Zwei")
            names = {each.path: each.name for each in await world.mine.collections()}
            assert names[made.path] == "Zwei"

            await world.mine.remove(made.path)
            assert made.path not in {each.path for each in await world.mine.collections()}
            for asked in (
                world.mine.changes(made.path),
                world.mine.matching(made.path, kind),
                world.mine.read(made.path, ["a.ics"]),
                world.mine.rename(made.path, "Drei"),
                world.mine.remove(made.path),
                world.mine.put(made.path, "a.ics", event("a"), etag=None),
            ):
                with pytest.raises((CollectionMissingError, InvalidError)):
                    await asked

    @scenario
    async def test_an_object_is_stored_changed_and_deleted(self, world: World) -> None:
        """Each time it has another ETag, and what was read is what was stored."""
        uid, name = new(), f"{new()}.ics"
        first = await world.mine.put(world.calendar, name, event(uid), etag=None)
        read = await world.mine.read(world.calendar, [name, "nobody.ics", "../x"])
        assert set(read) == {name}
        assert read[name].etag == first
        assert b"SUMMARY:Riunione\r\n" in read[name].content

        second = await world.mine.put(world.calendar, name, event(uid, title="B"), etag=first)
        assert second != first
        (found,) = (await world.mine.read(world.calendar, [name])).values()
        assert found.etag == second
        assert b"SUMMARY:B\r\n" in found.content

        await world.mine.delete(world.calendar, name, etag=second)
        assert await world.mine.read(world.calendar, [name]) == {}
        with pytest.raises(ObjectMissingError):
            await world.mine.delete(world.calendar, name)

    @scenario
    async def test_nobody_overwrites_what_they_have_not_read(self, world: World) -> None:
        """Neither a newer object, nor one that is there already, nor one that is gone."""
        uid, name = new(), f"{new()}.ics"
        first = await world.mine.put(world.calendar, name, event(uid), etag=None)
        second = await world.mine.put(world.calendar, name, event(uid, title="B"), etag=first)

        with pytest.raises(ChangedError):
            await world.mine.put(world.calendar, name, event(uid, title="C"), etag=first)
        with pytest.raises(ChangedError):
            await world.mine.put(world.calendar, name, event(uid, title="C"), etag=None)
        with pytest.raises(ChangedError):
            await world.mine.put(world.calendar, f"{new()}.ics", event(uid), etag=None)
        with pytest.raises(ChangedError):
            await world.mine.delete(world.calendar, name, etag=first)
        (found,) = (await world.mine.read(world.calendar, [name])).values()
        assert found.etag == second
        assert b"SUMMARY:B\r\n" in found.content

        await world.mine.delete(world.calendar, name, etag=second)
        with pytest.raises(ObjectMissingError):
            await world.mine.put(world.calendar, name, event(uid), etag=second)
        assert await world.mine.read(world.calendar, [name]) == {}

    @scenario
    async def test_no_change_is_missed(self, world: World) -> None:
        """However many fall into one second; and nothing is told where nothing changed."""
        path = world.calendar
        names = [f"{new()}.ics" for _ in range(4)]
        etags = {}
        for each in names[:2]:
            etags[each] = await world.mine.put(path, each, event(new()), etag=None)
        start = await world.mine.changes(path)
        assert (start.changed, start.removed) == (etags, frozenset())

        quiet = await world.mine.changes(path, start.token)
        assert (quiet.changed, quiet.removed) == ({}, frozenset())

        token = quiet.token
        known = dict(start.changed)
        for each in names[2:]:
            etags[each] = await world.mine.put(path, each, event(new()), etag=None)
            now = await world.mine.changes(path, token)
            assert now.changed[each] == etags[each]
            known |= now.changed
            token = now.token
        for each in names[1:3]:
            await world.mine.delete(path, each)
            now = await world.mine.changes(path, token)
            assert each in now.removed
            assert each not in now.changed
            known |= now.changed
            for gone in now.removed:
                known.pop(gone, None)
            token = now.token
        assert known == {each: etags[each] for each in (names[0], names[3])}
        assert await world.mine.changes(path, token) == type(now)(token)
        assert (await world.mine.changes(path)).changed == known

    @scenario
    async def test_a_token_is_for_one_collection(self, world: World) -> None:
        """That of another one, or any other text, has all be read anew."""
        for kind, path in ((Kind.EVENTS, world.calendar), (Kind.CONTACTS, world.contacts)):
            other = await world.mine.create("Altro", kind)
            token = (await world.mine.changes(other.path)).token
            for wrong in (token, "", "1", "-1", "garbage"):
                with pytest.raises(TokenError):
                    await world.mine.changes(path, wrong)
            await world.mine.remove(other.path)

    @scenario
    async def test_appointments_that_are_not_over_are_found(self, world: World) -> None:
        """What recurs counts as long as it does; tasks and appointments are told apart."""
        path = world.calendar
        contents = {
            "once.ics": event("once"),
            "counted.ics": event("counted", "20270101T100000Z", "RRULE:FREQ=DAILY;COUNT=5"),
            "until.ics": event(
                "until", "20270101T100000Z", "RRULE:FREQ=WEEKLY;UNTIL=20270301T100000Z"
            ),
            "ever.ics": event("ever", "20270101T100000Z", "RRULE:FREQ=WEEKLY"),
            "open.ics": task("open"),
            "done.ics": task("done", "STATUS:COMPLETED", "COMPLETED:20270201T000000Z"),
        }
        etags = {}
        for name, content in contents.items():
            etags[name] = await world.mine.put(path, name, content, etag=None)

        async def found(kind: Kind, *when: int) -> set[str]:
            since = datetime(*when, tzinfo=UTC) if when else None  # type: ignore[arg-type, misc] # year, month, day
            return set(await world.mine.matching(path, kind, since=since))

        events = {"once.ics", "counted.ics", "until.ics", "ever.ics"}
        assert await world.mine.matching(path, Kind.EVENTS) == {
            name: etags[name] for name in events
        }
        assert await found(Kind.EVENTS, 2026, 1, 1) == events
        assert await found(Kind.EVENTS, 2027, 1, 4) == events
        assert await found(Kind.EVENTS, 2027, 1, 15) == {"until.ics", "ever.ics"}
        assert await found(Kind.EVENTS, 2027, 6, 1) == {"ever.ics"}
        assert await found(Kind.TASKS) == {"open.ics", "done.ics"}
        assert await found(Kind.TASKS, 2027, 1, 15) == {"open.ics", "done.ics"}
        assert await found(Kind.TASKS, 2027, 3, 1) == {"open.ics"}

    @scenario
    async def test_contacts_are_kept_as_appointments_are(self, world: World) -> None:
        """Stored, listed, read, told of and deleted."""
        path, names = world.contacts, [f"{new()}.vcf" for _ in range(120)]
        start = await world.mine.changes(path)
        etags = {}
        for number, name in enumerate(names):
            etags[name] = await world.mine.put(path, name, card(new(), f"N{number}"), etag=None)

        assert await world.mine.matching(path, Kind.CONTACTS) == etags
        assert (await world.mine.changes(path, start.token)).changed == etags
        read = await world.mine.read(path, names)
        assert {name: each.etag for name, each in read.items()} == etags
        assert b"FN:N7\r\n" in read[names[7]].content
        await world.mine.delete(path, names[7], etag=etags[names[7]])
        assert (await world.mine.changes(path, start.token)).removed == {names[7]}

    @scenario
    async def test_a_name_is_never_a_path(self, world: World) -> None:
        """An odd one is a name as any other; what leads elsewhere is none."""
        etag = await world.mine.put(world.calendar, ODD, event("odd"), etag=None)
        assert await world.mine.matching(world.calendar, Kind.EVENTS) == {ODD: etag}
        await world.mine.delete(world.calendar, ODD, etag=etag)
        for name in ("", ".", "..", "../personal/x.ics", "a/b.ics"):
            with pytest.raises(InvalidError):
                await world.mine.put(world.calendar, name, event(new()), etag=None)
            with pytest.raises(ObjectMissingError):
                await world.mine.delete(world.calendar, name)
            assert await world.mine.read(world.calendar, [name]) == {}
        for path in ("", "Calendar", "Calendar/", "Calendar/..", "Mail/0", f"{world.calendar}/x"):
            with pytest.raises(CollectionMissingError):
                await world.mine.changes(path)

    @scenario
    async def test_what_is_no_appointment_is_refused(self, world: World) -> None:
        """Nor is a card one, or an appointment a contact."""
        for path, content in (
            (world.calendar, b"hello"),
            (world.calendar, card("c", "C")),
            (world.contacts, event("e")),
            (world.contacts, b""),
        ):
            with pytest.raises(InvalidError):
                await world.mine.put(path, new(), content, etag=None)
            assert (await world.mine.changes(path)).changed == {}

    @scenario
    async def test_who_may_only_read_only_reads(self, world: World) -> None:
        """Before it is shared there is nothing to see; then all but what is private."""
        name, hidden = f"{new()}.ics", f"{new()}.ics"
        etag = await world.mine.put(world.calendar, name, event(new()), etag=None)
        await world.mine.put(
            world.calendar,
            hidden,
            event(new(), "20270105T100000Z", "CLASS:PRIVATE", title="Medico"),
            etag=None,
        )
        before = {each.origin for each in await world.theirs.collections() if each.owner}
        assert world.calendar not in before

        await world.share(world.calendar)

        (seen,) = [
            each
            for each in await world.theirs.collections()
            if (each.owner, each.origin) == (world.mine.address, world.calendar)
        ]
        assert not seen.writable
        assert not seen.default
        read = await world.theirs.read(seen.path, [name, hidden])
        assert b"SUMMARY:Riunione\r\n" in read[name].content
        assert b"Medico" not in b"".join(each.content for each in read.values())
        assert (await world.theirs.changes(seen.path)).changed[name] == etag
        with pytest.raises(DeniedError):
            await world.theirs.put(seen.path, name, event(new(), title="X"), etag=etag)
        with pytest.raises(DeniedError):
            await world.theirs.put(seen.path, f"{new()}.ics", event(new()), etag=None)
        with pytest.raises(DeniedError):
            await world.theirs.delete(seen.path, name)
        with pytest.raises(DeniedError):
            await world.theirs.rename(seen.path, "Loro")
        with pytest.raises(DeniedError):
            await world.theirs.remove(seen.path)
        (left,) = (await world.mine.read(world.calendar, [name])).values()
        assert left.etag == etag

    @scenario
    async def test_what_is_not_shared_is_nobody_elses(self, world: World) -> None:
        """The owner's path leads others to nothing."""
        name = f"{new()}.vcf"
        await world.mine.put(world.contacts, name, card(new(), "Anna"), etag=None)
        for asked in (
            world.theirs.changes(world.contacts),
            world.theirs.read(world.contacts, [name]),
            world.theirs.delete(world.contacts, name),
            world.theirs.remove(world.contacts),
        ):
            with pytest.raises(GroupwareError):
                await asked
        assert set(await world.mine.read(world.contacts, [name])) == {name}

    @scenario
    async def test_it_is_told_when_somebody_is_busy(self, world: World) -> None:
        """And nothing of people that nobody knows, or of what is no address."""
        name = f"{new()}.ics"
        path = "Calendar/personal"
        await world.mine.put(path, name, event(new(), "20280105T100000Z"), etag=None)
        start, end = datetime(2028, 1, 5, 9, tzinfo=UTC), datetime(2028, 1, 5, 11, tzinfo=UTC)
        try:
            odd = "x@example.org\r\nATTENDEE:mailto:y@example.org"
            asked = [world.mine.address.upper(), "nobody@nowhere.test", odd]
            found = await world.theirs.busy(asked, start, end)
        finally:
            await world.mine.delete(path, name)

        assert set(found) == set(asked)
        times = found[asked[0]]
        assert times is not None
        assert [(each.start, each.end, each.kind) for each in times] == [
            (datetime(2028, 1, 5, 10, tzinfo=UTC), datetime(2028, 1, 5, 10, 30, tzinfo=UTC), "BUSY")
        ]
        assert found[asked[1]] is None
        assert found[asked[2]] is None
