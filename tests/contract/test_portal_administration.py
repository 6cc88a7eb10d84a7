"""What administrators do, in memory and in PostgreSQL with no more rights than the portal's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg.conninfo
import pytest

from fermoposta.directory import passwords
from fermoposta.directory.model import Alias, Company, Domain, Kind, Role, State, User
from fermoposta.directory.plan import plan
from fermoposta.directory.store import MemoryStore, PostgresStore
from fermoposta.portal.access import Scope
from fermoposta.portal.administration import NONE, Desk, NotThereError, Query
from fermoposta.portal.book import Book

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE = Role("administrator", companies=("acme",))
STATE = State.of_records(
    [
        Company("acme", "Acme S.p.A."),
        Company("globex", "Globex"),
        Domain("example.org", "acme"),
        Domain("example.net", "globex"),
        User("ada@example.org", "Ada", role=ROLE),
        Alias("declared@example.org", ("ada@example.org",)),
    ]
)
BOB = "bob@example.org"
WRITES = [
    (Kind.USERS, BOB, {"name": "Bob", "password": "Segreta123", "mobile": "+393331234567"}),
    (Kind.RESOURCES, "room@example.org", {"name": "Room"}),
    (Kind.ALIASES, "sales@example.org", {"destinations": [BOB, "ada@example.org"]}),
    (Kind.GROUPS, "all@example.org", {"name": "All", "members": [BOB]}),
    (Kind.SEND_AS, "sales@example.org", {"senders": [BOB]}),
    (Kind.DELEGATIONS, f"ada@example.org {BOB}", {"folders": {"calendar": "read_only"}}),
    (Kind.GRANTS, f"ada@example.org {BOB} INBOX/My work", {"rights": "secretary"}),
    (Kind.ALLOWED_DOMAINS, "example.org", {"allowed": ["partner.example"]}),
    (Kind.JUNK_RULES, "example.org @spam.example", {"action": "block"}),
    (Kind.OUT_OF_OFFICE, BOB, {"text": "Away", "from": "2026-08-03T16:00+00:00"}),
    (Kind.DEVICE_POLICIES, "phones", {"company": "acme", "applies_to": [BOB], "camera": False}),
    (Kind.DEVICE_ACCESS, "acme", {"unknown": "quarantine", "types": {"iphone": "allow"}}),
]


@pytest.fixture(params=["memory", "postgres"])
def book(request: pytest.FixtureRequest) -> Iterator[Book]:
    if request.param == "memory":
        yield Book(MemoryStore(STATE))
        return
    dsn = request.getfixturevalue("dsn")
    with PostgresStore(dsn) as owner:
        owner.apply(plan(STATE, owner.state()), actor="test")
    with PostgresStore(psycopg.conninfo.make_conninfo(dsn, user="fermoposta_portal")) as store:
        yield Book(store)


@pytest.fixture
def ada(book: Book) -> Desk:
    return Desk(book, "ada@example.org", ROLE, Scope.of(book.state(), ROLE))


def test_every_kind_is_made_changed_and_taken_away(ada: Desk, book: Book) -> None:
    """Read back as it was written; with the user, what was said of them goes."""
    etags = {}
    for kind, key, fields in WRITES:
        done = ada.put(kind, key, fields, etag=NONE)
        assert done.entry is not None
        etags[kind] = done.entry.etag
        assert ada.get(kind, key) == done.entry
        assert ada.put(kind, key, done.entry.fields, etag=done.entry.etag).steps == ()
    assert ada.find(Kind.USERS, Query(text="bob")).total == 1
    assert passwords.verify("Segreta123", book.state().users[BOB].password_hash or "")

    ada.patch(Kind.USERS, BOB, {"password": "Rinnovata9"}, etag=etags[Kind.USERS])
    assert passwords.verify("Rinnovata9", book.state().users[BOB].password_hash or "")
    assert ada.get(Kind.USERS, BOB).fields["mobile"] == "+393331234567"

    ada.remove([(Kind.USERS, BOB)])
    state = book.state()
    for kind in (Kind.DELEGATIONS, Kind.GRANTS, Kind.SEND_AS, Kind.OUT_OF_OFFICE):
        assert state.of(kind) == {}
    assert state.aliases["sales@example.org"].destinations == ("ada@example.org",)
    assert state.groups["all@example.org"].members == ()
    assert state.device_policies["phones"].applies_to == ()
    left = [(kind, key) for kind, key, _ in WRITES if key in state.of(kind)]
    ada.remove(left)
    with pytest.raises(NotThereError):
        ada.get(*left[0])


def test_who_is_made_again_has_the_mail_and_the_password_of_before(ada: Desk, book: Book) -> None:
    """A slip is undone by making the user again."""
    ada.put(Kind.USERS, BOB, {"name": "Bob", "password": "Segreta123"})
    before = book.state().users[BOB]
    ada.remove([(Kind.USERS, BOB)])

    ada.put(Kind.USERS, BOB, {"name": "Bob"})

    after = book.state().users[BOB]
    assert (after.mailbox_id, after.password_hash) == (before.mailbox_id, before.password_hash)


def test_many_are_made_at_once(ada: Desk, book: Book) -> None:
    """Each with a password of their own."""
    people = {
        f"u{n}@example.org": {"name": f"U {n}", "password": f"Segreta{n}x"} for n in range(20)
    }

    done = ada.put_many(Kind.USERS, people)

    assert len(done.steps) == 20
    stored = book.state().users["u7@example.org"].password_hash
    assert passwords.verify("Segreta7x", stored or "")
