"""Whom devices may know, in memory and by the views, under the gateway's own role."""

from __future__ import annotations

import asyncio
import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import psycopg
import pytest

from fermoposta.activesync.away import AgentAnswers
from fermoposta.activesync.finding import line_of
from fermoposta.activesync.people import DevicePolicy, Me, OutOfOffice, Person, RefusedError
from fermoposta.activesync.people_memory import MemoryPeople
from fermoposta.activesync.people_postgres import PostgresPeople
from fermoposta.activesync.store.model import Access, StoreAwayError
from fermoposta.activesync.store.pool import ROLE, Pool
from fermoposta.agent import answers
from fermoposta.agent.questions import listen
from fermoposta.agent.sharing.grants import Writer
from fermoposta.directory.store import MemoryStore
from fermoposta.directory.store import PostgresStore as Directory
from tests.contract.states import converge, everything

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADA, BOB, ZOE = "ada@example.org", "bob@example.org", "zoe@other.example"
ROME = ZoneInfo("Europe/Rome")


def inventory():
    """Everything, an alias of an alias, an accent, and a group that nothing keeps together."""
    made = everything()
    made["mail_users"]["dario@example.net"] = {"name": "Dàrio D'Urso-Forlì"}
    made["mail_aliases"]["info@example.net"] = {"destinations": ["sales@example.org", BOB]}
    made["mail_groups"]["mixed@example.org"] = {
        "name": "Mixed",
        "members": [BOB, "team@example.org", "sales@example.org", ZOE, "x@far.example"],
    }
    made["mail_device_access"] = {
        "acme": {"unknown": "quarantine", "types": {"iphone": "allow"}, "models": {"n73": "block"}},
        BOB: {"unknown": "block"},
    }
    made["mail_device_policies"] = {
        "strict": {
            "company": "acme",
            "password_required": True,
            "password_minimum_length": 6,
            "refresh_hours": 24,
            "allow_non_provisionable": True,
        }
    }
    return made


class Site:
    """A directory, and what the gateway knows of it."""

    def __init__(self, directory, conninfo: str | None, folder: Path) -> None:
        self.directory = directory
        self._conninfo = conninfo
        self._socket = folder / "answers.sock"

    def tell(self, story):
        """Run *story* on the people, with an agent at hand."""
        return asyncio.run(self._tell(story))

    async def _tell(self, story):
        if self._conninfo is None:
            return await story(MemoryPeople(self.directory))
        pool = Pool(self._conninfo.replace("user=fermoposta", f"user={ROLE}"))
        people = PostgresPeople(pool, timezone=ROME.key, answers=AgentAnswers(self._socket))
        as_agent = self._conninfo.replace("user=fermoposta", f"user={answers.ROLE}")
        with Directory(as_agent, secrets=False) as store:
            taker = answers.Answers(Writer(store, store.state))
            async with await listen(self._socket, getpass.getuser(), taker.take):
                try:
                    return await story(people)
                finally:
                    await pool.close()


@pytest.fixture(params=["memory", "postgres"])
def site(request, tmp_path) -> Iterator[Site]:
    if request.param == "memory":
        made = MemoryStore()
        converge(made, inventory())
        yield Site(made, None, tmp_path)
        return
    dsn = request.getfixturevalue("dsn")
    with Directory(dsn) as made:
        converge(made, inventory())
        yield Site(made, dsn, tmp_path)


def addresses(people):
    return [person.address for person in people]


def test_who_one_is(site):
    """With all addresses that lead to one, of aliases of aliases too; groups are not oneself."""

    async def story(people):
        assert await people.me(ADA) == Me(
            address=ADA,
            name="Ada Lovelace",
            language="en",
            timezone="Europe/Rome",
            addresses=(ADA, "info@example.net", "sales@example.org"),
        )
        assert (await people.me(BOB)).addresses == (BOB, "info@example.net")
        assert (await people.me(ZOE)).addresses == (ZOE,)
        for nobody in ("room1@example.org", "team@example.org", "sales@example.org", "x@y.example"):
            assert await people.me(nobody) is None

    site.tell(story)


@pytest.mark.feature("F154")
def test_the_address_book_is_the_companys(site):
    """Users, groups and resources by name; no alias, and nobody of another company."""

    async def story(people):
        everybody = await people.everybody(ADA)
        assert addresses(everybody) == [
            ADA,
            BOB,
            "dario@example.net",
            "eve@example.net",
            "mixed@example.org",
            "room2@example.net",
            "room1@example.org",
            "board@example.org",
            "team@example.org",
        ]
        assert everybody == await people.everybody(BOB)
        assert everybody[1] == Person(
            address=BOB,
            name="Bob Frankston",
            given_name="Robert",
            surname="Frankston",
            company="Acme S.p.A.",
        )
        assert [each.kind for each in everybody[4:7]] == ["group", "resource", "resource"]
        assert everybody[7].members == 2
        assert addresses(await people.everybody(ZOE)) == [ZOE]

    site.tell(story)


@pytest.mark.parametrize("reader", ["sales@example.org", "team@example.org", "nobody@example.org"])
def test_who_is_no_user_knows_nobody(site, reader):
    """Neither an alias nor a group reads an address book."""

    async def story(people):
        assert await people.everybody(reader) == []
        assert await people.search(reader, "ada", most=10) == []
        assert await people.named(reader, [ADA]) == {}
        assert await people.members(reader, "team@example.org") == []

    site.tell(story)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ada", [ADA]),
        ("LOVE", [ADA]),
        ("lo ad", [ADA]),
        ("ovelace", []),
        ("ada zoe", []),
        ("robert", [BOB]),
        ("bob@example.org", [BOB]),
        ("dario", ["dario@example.net"]),
        ("DÀR forli", ["dario@example.net"]),
        ("urso", ["dario@example.net"]),
        ("sala", ["room2@example.net", "room1@example.org"]),
        ("sales", []),
        ("zoe", []),
        ("%", []),
        ("ad%", []),
        ("a\\da", []),
        ("' OR true --", []),
        ("", []),
        (" . ", []),
    ],
)
def test_people_are_found_by_beginnings_of_words(site, words, found):
    """Whatever the capitals and accents; an alias and other companies' people never."""

    async def story(people):
        assert addresses(await people.search(ADA, words, most=10)) == found

    site.tell(story)


def test_what_is_found_comes_in_parts(site):
    """So many from so far on."""

    async def story(people):
        whole = addresses(await people.search(ADA, "example", most=100))
        assert len(whole) == 9
        assert addresses(await people.search(ADA, "example", most=2, start=1)) == whole[1:3]
        assert addresses(await people.search(ADA, "example", most=5, start=8)) == whole[8:]

    site.tell(story)


def test_people_are_known_by_address(site):
    """As they were asked for; an alias, a stranger and another company's people are not known."""

    async def story(people):
        asked = ["Bob@Example.org", "room1@example.org", ZOE, "sales@example.org", "x@far.example"]
        found = await people.named(ADA, asked)
        assert list(found) == asked[:2]
        assert found["Bob@Example.org"].name == "Bob Frankston"
        assert await people.named(ZOE, [ADA]) == {}
        assert await people.named(ADA, []) == {}

    site.tell(story)


def test_who_is_in_a_group(site):
    """Colleagues by name, who is elsewhere by address; no alias and nobody of another company."""

    async def story(people):
        found = await people.members(ADA, "Mixed@example.org")
        assert addresses(found) == [BOB, "team@example.org", "x@far.example"]
        assert [each.name for each in found] == ["Bob Frankston", "The team", "x@far.example"]
        assert [each.kind for each in found] == ["user", "group", "user"]
        assert await people.members(ZOE, "mixed@example.org") == []
        assert await people.members(ADA, BOB) == []

    site.tell(story)


def test_who_is_gone_is_nobody(site):
    """Closed, one knows nothing, is found by nobody, and is in no group."""
    without = inventory()
    del without["mail_users"][BOB]
    for part in ("mail_send_as", "mail_delegations", "mail_grants", "mail_rules"):
        del without[part]
    del without["mail_device_access"][BOB]
    for group in without["mail_groups"].values():
        group["members"] = [each for each in group["members"] if each != BOB]
    without["mail_aliases"]["info@example.net"]["destinations"].remove(BOB)
    converge(site.directory, without)

    async def story(people):
        assert await people.me(BOB) is None
        assert await people.everybody(BOB) == []
        assert await people.search(ADA, "bob", most=10) == []
        assert await people.named(ADA, [BOB]) == {}
        assert BOB not in addresses(await people.members(ADA, "board@example.org"))
        assert await people.out_of_office(BOB) == OutOfOffice()
        assert await people.device_policy(BOB) is None

    site.tell(story)


def test_an_answer_is_set_and_read(site):
    """With moments, another text for strangers, and under the device's name in the audit."""
    said = OutOfOffice(
        enabled=True,
        start=datetime(2026, 12, 1, 17, 30, tzinfo=UTC),
        end=datetime(2026, 12, 9, 7, 0, tzinfo=UTC),
        internal="In Rome.\nBob",
        external="Away.",
    )

    async def story(people):
        assert await people.out_of_office(BOB) == OutOfOffice()
        await people.set_out_of_office(BOB, said)
        assert await people.out_of_office(BOB) == said
        await people.set_out_of_office(BOB, OutOfOffice(enabled=False))
        off = await people.out_of_office(BOB)
        assert (off.enabled, off.internal, off.external) == (False, said.internal, said.external)

    site.tell(story)
    site.directory.verify_audit()
    last = site.directory.audit()[-1]
    assert (last.actor, last.kind, last.key) == (f"activesync:{BOB}", "out_of_office", BOB)


def test_only_the_company_is_told_where_strangers_shall_not_be(site):
    """And everybody the same where the texts are the same."""

    async def story(people):
        for external in ("", "Away"):
            said = OutOfOffice(enabled=True, internal="Away", external=external)
            await people.set_out_of_office(BOB, said)
            assert await people.out_of_office(BOB) == said
        assert site.directory.state().out_of_office[BOB].external == ""
        await people.set_out_of_office(BOB, OutOfOffice(enabled=True, external="Out"))
        assert (await people.out_of_office(BOB)).internal == "Out"

    site.tell(story)


@pytest.mark.parametrize(
    ("user", "said", "reason"),
    [
        (ADA, OutOfOffice(enabled=True, internal="x"), "belongs to the inventory"),
        (BOB, OutOfOffice(enabled=True), "write a text"),
        ("room1@example.org", OutOfOffice(enabled=True, internal="x"), "user"),
        (
            BOB,
            OutOfOffice(
                enabled=True,
                internal="x",
                start=datetime(2026, 12, 2, tzinfo=UTC),
                end=datetime(2026, 12, 1, tzinfo=UTC),
            ),
            "is before from",
        ),
    ],
)
def test_what_the_directory_does_not_take_is_refused(site, user, said, reason):
    """With the reason; nothing of it is stored."""
    before = dict(site.directory.state().out_of_office)

    async def story(people):
        with pytest.raises(RefusedError, match=reason):
            await people.set_out_of_office(user, said)

    site.tell(story)
    assert site.directory.state().out_of_office == before


def test_nothing_said_and_nothing_there_is_nothing_to_keep(site):
    """A device that says at first that no answers are wanted writes none."""

    async def story(people):
        await people.set_out_of_office(BOB, OutOfOffice())

    site.tell(story)
    assert BOB not in site.directory.state().out_of_office


def test_days_are_shown_as_moments(site):
    """From the beginning of the first to the end of the last, by the site's clock."""

    async def story(people):
        assert await people.out_of_office(ADA) == OutOfOffice(
            enabled=True,
            start=datetime(2026, 8, 3, tzinfo=ROME).astimezone(UTC),
            end=datetime(2026, 8, 22, tzinfo=ROME).astimezone(UTC),
            internal="Back soon.\nAda",
        )

    site.tell(story)


def test_devices_follow_the_users_policy(site):
    """Of the company; another company's users follow none."""

    async def story(people):
        policy = await people.device_policy(ADA)
        assert policy.values["DevicePasswordEnabled"] == "1"
        assert policy.values["MinDevicePasswordLength"] == "6"
        assert policy == DevicePolicy(policy.values, refresh_hours=24, allow_non_provisionable=True)
        assert await people.device_policy(ZOE) is None

    site.tell(story)


def test_a_new_device_begins_as_the_directory_says(site):
    """By its model, else its type, else as all others; None where nothing is said."""

    async def story(people):
        assert await people.newcomer(ADA, "Android") is Access.QUARANTINED
        assert await people.newcomer(ADA, "iPhone") is Access.ALLOWED
        assert await people.newcomer(ADA, "iPhone", "N73") is Access.BLOCKED
        assert await people.newcomer(BOB, "iPhone") is Access.BLOCKED
        assert await people.newcomer(ZOE, "iPhone") is None

    site.tell(story)


def test_an_agent_that_is_away_is_said_to_be(tmp_path, dsn):
    """So that the device tries again; what is said is not lost silently."""
    with Directory(dsn) as made:
        converge(made, inventory())

    async def story():
        pool = Pool(dsn.replace("user=fermoposta", f"user={ROLE}"))
        door = AgentAnswers(tmp_path / "nothing.sock")
        people = PostgresPeople(pool, timezone=ROME.key, answers=door)
        with pytest.raises(StoreAwayError, match=r"nothing\.sock"):
            await people.set_out_of_office(BOB, OutOfOffice(enabled=True, internal="x"))
        await pool.close()

    asyncio.run(story())


def test_words_are_the_databases(dsn):
    """What the database looks through is what is looked through in memory."""
    names = [
        "Dàrio D'Urso-Forlì",
        "ÅSE [x] (y)",
        "Жанна Ёлка",
        "ﬁne \u212bngström",
        "Ὀδυσσεύς",
        "a.b_c",
    ]
    made = inventory()
    made["mail_users"] |= {f"n{n}@example.org": {"name": name} for n, name in enumerate(names)}
    with Directory(dsn) as store:
        converge(store, made)
    with psycopg.connect(dsn) as owner:
        rows = owner.execute(
            "SELECT words, name, given_name, surname, address FROM gateway.people"
            " WHERE reader = %s AND address LIKE 'n_@%%'",
            [ADA],
        ).fetchall()

    assert len(rows) == len(names)
    assert [row[0] for row in rows] == [line_of(*row[1:]) for row in rows]
