"""What the webmail's database tells of when somebody is busy, to whom, and what never."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from fermoposta.activesync.away import AgentAnswers
from fermoposta.activesync.people_postgres import PostgresPeople
from fermoposta.activesync.store.model import StoreError
from fermoposta.activesync.store.pool import ROLE, Pool
from fermoposta.directory.store import PostgresStore
from fermoposta.mailstore.groupware import Busy
from tests.contract.states import converge, everything
from tests.contract.webmail import webmail_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.cluster import Cluster
    from tests.contract.webmail import Webmail

ADA, BOB, ZOE, ROOM = "ada@example.org", "bob@example.org", "zoe@other.example", "room1@example.org"
TEN = datetime(2026, 11, 3, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TIMES = "DTSTART:20261103T100000Z", "DTEND:20261103T110000Z"
TOLD = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", *TIMES, "END:VEVENT", "END:VCALENDAR"]


@pytest.fixture
def webmail(postgres: Cluster, dsn: str) -> Iterator[Webmail]:
    with PostgresStore(dsn) as store:
        inventory = everything()
        inventory["mail_aliases"]["countess@example.org"] = {"destinations": [ADA]}
        converge(store, inventory)
    name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
    with webmail_database(postgres, ADA, str(name)) as made:
        made.run(
            "CREATE FOREIGN TABLE IF NOT EXISTS directory.lists (address text, destinations text)"
            " SERVER directory OPTIONS (schema_name 'postfix', table_name 'aliases')"
        )
        for number, owner in enumerate((ADA, BOB, ZOE, ROOM), 1):
            made.folder("personal", number, owner)
        yield made


def event(*lines: str, end: str = "\r\n") -> str:
    return end.join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"])


def put(webmail: Webmail, content: str, name: str = "a.ics", folder: int = 1) -> None:
    webmail.put(folder, name, content)
    webmail.take_place(folder, name, TEN, TEN + HOUR)


def told(webmail: Webmail, person: str = ADA, since: datetime = TEN) -> list[list[str]] | None:
    """Return the lines of each event that the gateway is told of."""
    with psycopg.connect(webmail.gateway, autocommit=True) as connection:
        row = connection.execute(
            "SELECT feed.busy(%s, %s, %s)", [person, since, since + HOUR]
        ).fetchone()
    assert row is not None
    return None if row[0] is None else [each.split("\r\n") for each in row[0]]


def ask(
    webmail: Webmail, dsn: str, folder: Path, user: str, *addresses: str
) -> dict[str, list[Busy]]:
    """Return when *user* learns that others are busy."""

    async def story() -> dict[str, list[Busy]]:
        pools = Pool(dsn.replace("user=fermoposta", f"user={ROLE}")), Pool(webmail.gateway)
        people = PostgresPeople(
            pools[0],
            timezone="Europe/Rome",
            answers=AgentAnswers(folder / "answers.sock"),
            webmail=pools[1],
        )
        try:
            return await people.busy(user, addresses, TEN - HOUR, TEN + DAY)
        finally:
            for pool in pools:
                await pool.close()

    return asyncio.run(story())


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_no_title_place_or_person_comes_out(webmail: Webmail, end: str) -> None:
    """However lines are folded, and whatever a parameter, a name or a value holds."""
    content = event(
        *("UID:secret", "SUMMARY:Secret\\nDTSTART:secret", "LOCATION:secret"),
        *("DESCRIPTION:a", " secret"),
        *("DTSTART;X-WHY=secret:20261103T10", " 0000Z", "dtend:20261103T110000Z"),
        *("STATUS:my secret", "TRANSP;X=\"secret:a\":OPAQUE", "EXDATE:secret@x", "BEGIN:SECRET"),
        *("END:SECRET", "ORGANIZER;CN=secret:mailto:secret@example.org", "X-SECRET:DTSTART:1"),
        *("ATTENDEE;PARTSTAT=DECLINED;CN=secret:mailto:secret@example.org", "CATEGORIES:secret"),
        *("BEGIN:VALARM", "TRIGGER:-PT5M", "DURATION:PT5M", "DESCRIPTION:secret", "END:VALARM"),
        end=end,
    )  # fmt: skip
    put(webmail, content)

    assert told(webmail) == [
        [
            *TOLD[:4],
            *("TRANSP:OPAQUE", "BEGIN:VALARM", "DURATION:PT5M", "END:VALARM"),
            *TOLD[4:],
        ]
    ]


def test_what_tells_times_and_kinds_comes_out(webmail: Webmail) -> None:
    """With zones, the whole of a series, and what Outlook writes."""
    lines = [
        "DTSTART;TZID=Europe/Rome:20261103T110000",
        "DURATION:PT1H",
        "RRULE:FREQ=WEEKLY;BYDAY=TU,-1FR;UNTIL=20270101T000000Z",
        "RDATE;VALUE=PERIOD:20261104T100000Z/PT1H",
        "EXDATE;TZID=Europe/Rome:20261110T110000,20261117T110000",
        "STATUS:TENTATIVE",
        "TRANSP:OPAQUE",
        "X-MICROSOFT-CDO-BUSYSTATUS:OOF",
        "X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY",
        "RECURRENCE-ID;TZID=Europe/Rome;RANGE=THISANDFUTURE:20261110T110000",
    ]
    zone = [
        *("BEGIN:VTIMEZONE", "TZID:Europe/Rome", "BEGIN:STANDARD", "DTSTART:19701025T030000"),
        *("TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "END:STANDARD", "END:VTIMEZONE"),
    ]
    whole = ["BEGIN:VCALENDAR", *zone, "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"]
    put(webmail, "\r\n".join(whole))

    assert told(webmail) == [whole]


def test_of_those_invited_only_the_owners_answer_counts(webmail: Webmail) -> None:
    """By any address of the owner's alone; and nobody's where it is the owner's own meeting."""
    with_bob = f"ORGANIZER:mailto:{BOB}"
    others = f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{BOB}"
    for mine, answer in (
        (f"ATTENDEE;CN=Ada;PARTSTAT=tentative:MAILTO:{ADA.upper()}", "TENTATIVE"),
        (f"ATTENDEE:mailto:{ADA}", "NEEDS-ACTION"),
        ("ATTENDEE;PARTSTAT=DECLINED:mailto:countess@example.org", "DECLINED"),
    ):
        put(webmail, event(*TIMES, with_bob, others, mine))
        assert told(webmail) == [[*TOLD[:4], f"X-PARTSTAT:{answer}", *TOLD[4:]]]
        webmail.mark(1, "a.ics")
    shared = "ATTENDEE;PARTSTAT=DECLINED:mailto:sales@example.org"
    put(webmail, event(*TIMES, with_bob, others, shared))
    assert told(webmail) == [TOLD]
    webmail.mark(1, "a.ics")
    put(webmail, event(*TIMES, f"ORGANIZER:mailto:{ADA}", others, f"ATTENDEE:mailto:{ADA}"))
    assert told(webmail) == [TOLD]


def test_only_what_may_take_place_then_comes_out(webmail: Webmail) -> None:
    """A series until it ends, anything else while it lasts; no tasks, and nothing deleted."""
    put(webmail, event(*TIMES))
    assert told(webmail, since=TEN + DAY) == [TOLD]
    assert told(webmail, since=TEN + 3 * DAY) == []
    assert told(webmail, since=TEN - 3 * DAY) == []
    webmail.take_place(1, "a.ics", TEN, TEN + HOUR, until=TEN + 9 * DAY)
    assert told(webmail, since=TEN + 8 * DAY) == [TOLD]
    assert told(webmail, since=TEN + 11 * DAY) == []
    webmail.run("UPDATE sogo_quick_appointment SET c_component = 'vtodo'")
    assert told(webmail) == []
    webmail.run("UPDATE sogo_quick_appointment SET c_component = 'vevent'")
    webmail.run("UPDATE sogo_store SET c_deleted = 1")
    assert told(webmail) == []


def test_calendars_count_that_their_owner_counts(webmail: Webmail) -> None:
    """Other people's never, and one's own but those that one has left out."""
    webmail.folder("second", 10)
    put(webmail, event(*TIMES), folder=10)
    put(webmail, event(*TIMES), folder=2)
    assert told(webmail) == [TOLD]
    for left_out, found in (("1", []), ("0", [TOLD])):
        settings = f'{{"Calendar":{{"FreeBusyExclusions":{{"{ADA}:Calendar/second":{left_out}}}}}}}'
        webmail.run("DELETE FROM fermoposta_profile")
        webmail.run("INSERT INTO fermoposta_profile VALUES (%s, '', %s)", ADA, settings)
        assert told(webmail) == found


def test_what_is_too_large_or_too_much_can_not_be_told(webmail: Webmail) -> None:
    """Nor can anything of who has no calendar; that is not the same as nothing to tell."""
    assert told(webmail) == []
    assert told(webmail, "nobody@example.org") is None
    put(webmail, event(*TIMES, "ATTACH:" + "x" * 200_000))
    assert told(webmail) is None
    webmail.mark(1, "a.ics")
    assert told(webmail) == []
    for number in range(501):
        put(webmail, event(*TIMES), f"{number}.ics")
    assert told(webmail) is None
    webmail.mark(1, "7.ics")
    assert len(told(webmail) or []) == 500


def test_nobody_but_the_gateway_may_ask(webmail: Webmail) -> None:
    """And that not for more: neither for a content's lines nor for the content."""
    for who, query in (
        (webmail.jobs, "SELECT feed.busy('ada@example.org', now(), now())"),
        (webmail.gateway, "SELECT feed.busy_lines('{}', 'x')"),
        (webmail.gateway, "TABLE sogo_store"),
        (webmail.gateway, "TABLE sogo_quick_appointment"),
    ):
        with (
            psycopg.connect(who, autocommit=True) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(query)


def test_colleagues_learn_how_busy_one_is(webmail: Webmail, dsn: str, tmp_path: Path) -> None:
    """Not who belongs to another company; of resources and of strangers nothing is told."""
    put(webmail, event(*TIMES, "X-MICROSOFT-CDO-BUSYSTATUS:OOF", "SUMMARY:Secret"))
    put(webmail, event(*TIMES), folder=4)
    away = [Busy(TEN, TEN + HOUR, "BUSY-UNAVAILABLE")]

    asked = ADA.upper(), ROOM, ZOE, "nobody@far.example"
    assert ask(webmail, dsn, tmp_path, BOB, *asked) == {ADA.upper(): away}
    assert ask(webmail, dsn, tmp_path, ZOE, ADA, ZOE) == {ZOE: []}
    put(webmail, event(*TIMES, "RRULE:FREQ=SECONDLY"), "b.ics")
    assert ask(webmail, dsn, tmp_path, BOB, ADA, BOB) == {BOB: []}


def test_a_database_that_can_not_be_asked_is_an_error(
    webmail: Webmail, dsn: str, tmp_path: Path
) -> None:
    """So that the webmail's server is asked instead, and nobody is called free."""
    webmail.run("DROP FUNCTION feed.busy")

    with pytest.raises(StoreError):
        ask(webmail, dsn, tmp_path, BOB, ADA)
