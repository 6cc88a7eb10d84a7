"""What the portal's pages rely on, in memory and in PostgreSQL under the portal's own role."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import psycopg.conninfo
import pytest

from fermoposta.directory import health
from fermoposta.directory.model import Alias, Company, Domain, Group, Role, State, User
from fermoposta.directory.plan import plan
from fermoposta.directory.store import MemoryStore, PostgresStore
from fermoposta.portal.memory import MemoryPortalStore
from fermoposta.portal.postgres import PostgresPortalStore
from fermoposta.portal.store import Attempts, DomainSummary, Person, Session, Used

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.portal.store import PortalStore

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
HASH = "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$" + "A" * 43
STATE = State.of_records(
    [
        Company("acme", "Acme S.p.A."),
        Company("globex", "Globex"),
        Domain("example.org", "acme"),
        Domain("example.net", "acme"),
        Domain("example.com", "globex"),
        User(
            "ada@example.org",
            "Ada",
            role=Role("administrator", companies=("acme",)),
            password_hash=HASH,
        ),
        User(
            "bob@example.org",
            "Bob",
            language="en",
            quota_mb=500,
            antispam=False,
            redirect_to=("b@elsewhere.example",),
            password_hash=HASH,
        ),
        User(
            "eve@example.net",
            "Eve",
            role=Role("mail_administrator", domains=("example.com", "example.net")),
            password_hash=HASH,
        ),
        Alias("sales@example.org", ("ada@example.org",)),
        Group("all@example.org", "All", ("ada@example.org", "bob@example.org")),
    ]
)


@pytest.fixture(params=["memory", "postgres"])
def portal(request: pytest.FixtureRequest) -> Iterator[PortalStore]:
    if request.param == "memory":
        directory = MemoryStore()
        directory.apply(plan(STATE, directory.state()), actor="test")
        yield MemoryPortalStore(directory)
        return
    dsn = request.getfixturevalue("dsn")
    with PostgresStore(dsn) as store:
        store.apply(plan(STATE, store.state()), actor="test")
    parts = psycopg.conninfo.conninfo_to_dict(dsn)
    made = PostgresPortalStore(
        f"postgresql+psycopg://fermoposta_portal@/{parts['dbname']}?host={parts['host']}"
    )
    yield made
    made.close()


def test_our_domains_are_ours(portal: PortalStore) -> None:
    """And nobody else's."""
    assert portal.hosts("example.net")
    assert not portal.hosts("elsewhere.example")


def test_only_open_users_have_credentials(portal: PortalStore) -> None:
    """No alias and no group logs in."""
    assert portal.credential("ada@example.org") == HASH
    assert portal.credential("sales@example.org") is None
    assert portal.credential("nobody@example.org") is None


def test_a_person_is_shown_whole(portal: PortalStore) -> None:
    """Everything that the home page says."""
    assert portal.person("bob@example.org") == Person(
        address="bob@example.org",
        name="Bob",
        company="Acme S.p.A.",
        language="en",
        quota_mb=500,
        antivirus=True,
        antispam=False,
        local_delivery=True,
        redirect_to=("b@elsewhere.example",),
        role=None,
    )
    assert portal.person("all@example.org") is None


@pytest.mark.feature("F116")
@pytest.mark.feature("F222")
def test_what_there_is_is_told_of_mailboxes_and_of_domains(portal: PortalStore, dsn) -> None:
    """Mail, calendars, contacts and the rest, in bytes; nothing where nothing ever was."""
    there = {"ada@example.org": Used(1000, 20, 30, 4), "bob@example.org": Used(mail=500)}
    if isinstance(portal, MemoryPortalStore):
        portal.usage.update(there)
    else:
        with psycopg.connect(dsn) as owner:
            for address, used in there.items():
                owner.execute(
                    "INSERT INTO dovecot.usage (username, bytes) VALUES (%s, %s)",
                    (address, used.mail),
                )
                owner.execute(
                    "INSERT INTO portal.groupware VALUES (%s, %s, %s, %s)",
                    (address, used.calendars, used.contacts, used.other),
                )

    assert portal.used("ada@example.org") == Used(1000, 20, 30, 4)
    assert portal.used("eve@example.net") == Used()
    assert portal.used_in(["example.org"]) == {"example.org": Used(1500, 20, 30, 4)}
    assert set(portal.used_in(["example.org", "example.net"])) == {"example.org", "example.net"}


def test_who_gets_an_address_later_begins_with_nothing(dsn) -> None:
    """What was counted goes with the user."""
    gone = State.of_records([*STATE.companies.values(), *STATE.domains.values()])
    with PostgresStore(dsn) as store, psycopg.connect(dsn, autocommit=True) as owner:
        store.apply(plan(STATE, store.state()), actor="test")
        owner.execute("INSERT INTO dovecot.usage VALUES ('bob@example.org', 5, 1)")
        owner.execute("INSERT INTO portal.groupware VALUES ('bob@example.org', 1, 1, 1)")
        store.apply(plan(gone, store.state(), guarded=False), actor="test")

        assert owner.execute("SELECT count(*) FROM dovecot.usage").fetchone() == (0,)
        assert owner.execute("SELECT count(*) FROM portal.groupware").fetchone() == (0,)


def test_what_was_changed_is_found_by_domain(portal: PortalStore) -> None:
    """Users, lists and rules of the domain, the latest first, a page at a time."""
    found = portal.audited(["example.org"], limit=100)
    keys = [each.key for each in found]

    assert "bob@example.org" in keys
    assert "example.org" in keys
    assert "eve@example.net" not in keys
    assert [each.id for each in found] == sorted((each.id for each in found), reverse=True)
    first = portal.audited(["example.org"], limit=2)
    rest = portal.audited(["example.org"], limit=100, before=first[-1].id)
    assert [*first, *rest] == list(found)
    assert portal.audited([], limit=10) == []


def test_an_administrators_scope_is_companies_and_domains(portal: PortalStore) -> None:
    """A company means all of its domains; a domain just that one; a user has none."""
    acme = "Acme S.p.A."

    assert portal.administered("ada@example.org") == (
        DomainSummary("example.net", acme, users=1, aliases=0, groups=0, resources=0),
        DomainSummary("example.org", acme, users=2, aliases=1, groups=1, resources=0),
    )
    assert [domain.name for domain in portal.administered("eve@example.net")] == [
        "example.com",
        "example.net",
    ]
    assert portal.administered("bob@example.org") == ()


def test_attempts_are_counted_within_the_window(portal: PortalStore) -> None:
    """By the pair, by the client, by the address; what is older is forgotten."""

    def note(address: str, client: str, at: datetime) -> Attempts:
        return portal.note_attempt(address, client, at, at - QUARTER)

    note("ada@example.org", "192.0.2.1", NOW)
    note("ada@example.org", "192.0.2.2", NOW)
    third = note("bob@example.org", "192.0.2.1", NOW)
    fourth = note("ada@example.org", "192.0.2.1", NOW)
    later = note("ada@example.org", "192.0.2.1", NOW + QUARTER)

    assert third == Attempts(by_pair=1, by_client=2, by_address=1)
    assert fourth == Attempts(by_pair=2, by_client=3, by_address=3)
    assert later == Attempts(by_pair=1, by_client=1, by_address=1)


def test_what_ended_well_is_forgiven(portal: PortalStore) -> None:
    """For this client at this address, and for no other."""
    for client in ("192.0.2.1", "192.0.2.2"):
        portal.note_attempt("ada@example.org", client, NOW, NOW - QUARTER)
    portal.forgive("ada@example.org", "192.0.2.1")

    assert portal.note_attempt("ada@example.org", "192.0.2.2", NOW, NOW - QUARTER) == Attempts(
        by_pair=2, by_client=2, by_address=2
    )


def test_a_session_lasts_until_it_expires_or_is_dropped(portal: PortalStore) -> None:
    """And comes back as it was."""
    future = datetime.now(UTC) + timedelta(hours=1)
    session = Session(b"digest", "ada@example.org", b"credential", future)
    portal.add_session(session)

    assert portal.session(b"digest", future - timedelta(seconds=1)) == session
    assert portal.session(b"digest", future) is None
    assert portal.session(b"other", NOW) is None

    portal.drop_session(b"digest")
    portal.drop_session(b"digest")
    assert portal.session(b"digest", NOW) is None


def test_what_the_doctor_found_last_is_there(dsn) -> None:
    """The whole of the last look, and nothing of the one before."""
    rows = [("unit", "dovecot", "good", "active", ""), ("disk", "/var", "bad", "5% free", "see")]
    health.keep(dsn, [("unit", "nginx", "good", "active", "")], NOW)
    health.keep(dsn, rows, NOW)

    parts = psycopg.conninfo.conninfo_to_dict(dsn)
    portal = PostgresPortalStore(
        f"postgresql+psycopg://fermoposta_portal@/{parts['dbname']}?host={parts['host']}"
    )
    found = portal.health()
    portal.close()

    assert [(each.part, each.subject, each.outcome, each.at) for each in found] == [
        ("disk", "/var", "bad", NOW),
        ("unit", "dovecot", "good", NOW),
    ]


def test_a_language_is_remembered(portal: PortalStore) -> None:
    """The last that was chosen."""
    assert portal.language("ada@example.org") is None
    for language in ("en", "it"):
        portal.set_language("ada@example.org", language)
        assert portal.language("ada@example.org") == language
    assert portal.language("bob@example.org") is None
