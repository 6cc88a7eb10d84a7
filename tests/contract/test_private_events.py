"""Whoever may delete in a calendar moves its private events to nobody who may not read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from fermoposta.directory.model import Alias, Company, Domain, Group, State, User
from fermoposta.directory.plan import plan
from fermoposta.directory.store import PostgresStore
from tests.contract.webmail import webmail_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.cluster import Cluster
    from tests.contract.webmail import Webmail

ADA, BOB = "ada@example.org", "bob@example.org"
CLASSES = {"PUBLIC": 0, "PRIVATE": 1, "CONFIDENTIAL": 2}
PERSONAL, SECOND, BOBS = 1, 2, 3


def event(title: str = "Oncologist", *more: str, kind: str = "PRIVATE", uid: str = "u1") -> str:
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", f"UID:{uid}"),
        *("DTSTART:20260301T090000Z", f"SUMMARY:{title}", f"CLASS:{kind}", *more),
        *("END:VEVENT", "END:VCALENDAR", ""),
    ]
    return "\r\n".join(lines)


def write(webmail: Webmail, folder: int, content: str, *, uid: str = "u1") -> None:
    """Write an event as SOGo does: two transactions, of which the list's ends after the other."""
    kind = next(number for name, number in CLASSES.items() if f"CLASS:{name}" in content)
    place = (folder, f"{uid}.ics")
    with psycopg.connect(webmail.dsn) as quick, psycopg.connect(webmail.dsn) as store:
        there = store.execute(
            "SELECT FROM sogo_store WHERE (c_folder_id, c_name) = (%s, %s)", place
        ).rowcount
        if there:
            quick.execute(
                "UPDATE sogo_quick_appointment SET c_title = %s, c_classification = %s"
                " WHERE (c_folder_id, c_name) = (%s, %s)",
                [content, kind, *place],
            )
            store.execute(
                "UPDATE sogo_store SET c_content = %s WHERE (c_folder_id, c_name) = (%s, %s)",
                [content, *place],
            )
        else:
            quick.execute(
                "INSERT INTO sogo_quick_appointment VALUES (%s, %s, %s, %s, '', 'vevent', %s)",
                [*place, uid, content, kind],
            )
            store.execute("INSERT INTO sogo_store VALUES (%s, %s, %s, 1, 1, 0)", [*place, content])
        store.commit()
        quick.commit()


def move(webmail: Webmail, source: int, target: int, content: str) -> bool:
    """Write a copy and delete the source, whatever came of the copy; say whether SOGo thinks so."""
    write(webmail, target, content)
    try:
        webmail.mark(source, "u1.ics")
    except psycopg.errors.RaiseException:
        return False
    return True


def listed(webmail: Webmail, folder: int) -> list[object]:
    rows = webmail.run("SELECT c_title FROM sogo_quick_appointment WHERE c_folder_id = %s", folder)
    return [row[0] for row in rows]


def give(webmail: Webmail, *roles: str, person: str = BOB) -> None:
    for role in roles:
        path = f"/{ADA}/Calendar/personal"
        webmail.run("INSERT INTO sogo_acl VALUES (%s, %s, %s, %s)", PERSONAL, path, person, role)


@pytest.fixture
def webmail(postgres: Cluster, dsn: str) -> Iterator[Webmail]:
    with PostgresStore(dsn) as store:
        records = [
            *(Company("acme", "Acme"), Domain("example.org", "acme")),
            *(User(ADA, "Ada"), User(BOB, "Bob")),
            Alias("robert@example.org", (BOB,)),
            Group("team@example.org", "Team", members=(ADA, BOB)),
        ]
        store.apply(plan(State.of_records(records), store.state()), actor="test")
    name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
    with webmail_database(postgres, ADA, name) as made:
        made.folder("personal", PERSONAL)
        made.folder("second", SECOND)
        made.folder("personal", BOBS, BOB)
        yield made


@pytest.mark.parametrize("kind", ["PRIVATE", "CONFIDENTIAL"])
def test_a_hidden_event_stays_where_it_is(webmail: Webmail, kind: str) -> None:
    """Nothing of it is where the other reads, and nothing is lost or taken for deleted."""
    content = event(kind=kind)
    write(webmail, PERSONAL, content)
    give(webmail, "PublicModifier", "PrivateDAndTViewer", "ConfidentialDAndTViewer", "ObjectEraser")

    assert not move(webmail, PERSONAL, BOBS, content)

    assert webmail.there(PERSONAL) == {"u1.ics": content}
    assert webmail.there(BOBS) == {}
    assert listed(webmail, BOBS) == []
    assert webmail.run("SELECT FROM deleted.items") == []


def test_a_public_event_moves(webmail: Webmail) -> None:
    content = event(kind="PUBLIC")
    write(webmail, PERSONAL, content)

    assert move(webmail, PERSONAL, BOBS, content)
    assert webmail.there(PERSONAL) == {}
    assert webmail.there(BOBS) == {"u1.ics": content}


@pytest.mark.parametrize("role", ["Viewer", "Responder", "Modifier"])
def test_who_may_read_it_may_move_it(webmail: Webmail, role: str) -> None:
    """The role that counts is that for what is private; another one is for something else."""
    content = event()
    write(webmail, PERSONAL, content)
    give(webmail, f"Confidential{role}")
    assert not move(webmail, PERSONAL, BOBS, content)
    webmail.run("DELETE FROM private.refused")
    give(webmail, f"Private{role}")

    assert move(webmail, PERSONAL, BOBS, content)
    assert webmail.there(BOBS) == {"u1.ics": content}


def test_an_owner_moves_what_is_private_between_own_calendars(webmail: Webmail) -> None:
    content = event()
    write(webmail, PERSONAL, content)

    assert move(webmail, PERSONAL, SECOND, content)
    assert webmail.there(SECOND) == {"u1.ics": content}


@pytest.mark.parametrize("address", [BOB, "Robert@example.org", "team@example.org"])
def test_who_is_invited_has_it(webmail: Webmail, address: str) -> None:
    """By the own address, by an alias, or as one of a group; and gets what changes in it."""
    guests = (f"ORGANIZER:mailto:{ADA}", f"ATTENDEE;PARTSTAT=NEEDS-ACTION:MAILTO:{address}")
    write(webmail, PERSONAL, event("Dismissals", *guests))
    write(webmail, BOBS, event("Dismissals", *guests))
    later = event("Dismissals, postponed", *guests)
    write(webmail, PERSONAL, later)
    write(webmail, BOBS, later)

    assert webmail.there(BOBS) == {"u1.ics": later}
    assert listed(webmail, BOBS) == [later]


def test_what_somebody_has_already_may_be_written_again(webmail: Webmail) -> None:
    """Both took the same event from a web page, and one calls it private."""
    write(webmail, BOBS, event("Fair", kind="PUBLIC"))
    write(webmail, PERSONAL, event("Fair"))

    write(webmail, BOBS, event("Fair", "LOCATION:Hall 3"))

    assert webmail.there(BOBS) == {"u1.ics": event("Fair", "LOCATION:Hall 3")}


def test_a_guess_opens_nothing(webmail: Webmail) -> None:
    """An event of one's own under the same UID is not a right to the other one's words."""
    own = event("Guess", f"ATTENDEE:mailto:{BOB}")
    write(webmail, BOBS, own)
    content = event("Oncologist", "DESCRIPTION:Second opinion")
    write(webmail, PERSONAL, content)

    assert not move(webmail, PERSONAL, BOBS, content)

    assert webmail.there(BOBS) == {"u1.ics": own}
    assert listed(webmail, BOBS) == [own]
    assert webmail.there(PERSONAL) == {"u1.ics": content}


def test_folding_and_escapes_hide_nothing(webmail: Webmail) -> None:
    """A second writing of the same event may break its lines elsewhere."""
    write(webmail, PERSONAL, event("Onco\r\n logist\\, room 3"))

    assert not move(webmail, PERSONAL, BOBS, event("Oncologist\\, ro\r\n om 3"))
    assert webmail.there(BOBS) == {}


def test_a_refusal_does_not_hold_up_the_owner_for_long(webmail: Webmail) -> None:
    """The deletion that belongs to a move follows at once."""
    write(webmail, PERSONAL, event())
    assert not move(webmail, PERSONAL, BOBS, event())
    webmail.run("UPDATE private.refused SET at = at - interval '31 seconds'")

    webmail.mark(PERSONAL, "u1.ics")

    assert webmail.there(PERSONAL) == {}


def test_the_webmail_itself_can_neither_see_nor_change_what_was_refused(webmail: Webmail) -> None:
    for query in ("TABLE private.refused", "SELECT private.told('')", "SELECT private.watch()"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            webmail.run_as_sogo(query)
