"""What opens a mailbox beside its password: as the portal keeps it, and as Dovecot asks."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import psycopg.conninfo
import pytest

from fermoposta.directory.model import Company, Domain, State, User
from fermoposta.directory.plan import plan
from fermoposta.directory.store import PostgresStore
from fermoposta.portal.keys.memory import MemoryKeyStore
from fermoposta.portal.keys.postgres import PostgresKeyStore
from fermoposta.portal.keys.store import Ticket
from fermoposta.portal.postgres import PostgresPortalStore
from fermoposta.portal.store import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fermoposta.portal.keys.store import KeyStore

    Ask = Callable[..., list[str]]

NOW = datetime.now(UTC).replace(microsecond=0)
SOON = timedelta(minutes=30)
HASH = "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$" + "A" * 43
ADA, BOB = "ada@example.org", "bob@example.org"
STATE = State.of_records(
    [
        Company("acme", "Acme"),
        Domain("example.org", "acme"),
        User(ADA, "Ada", password_hash=HASH),
        User(BOB, "Bob", password_hash=HASH),
    ]
)
SECRET = "a secret"


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


SESSION = Session(digest("session"), ADA, digest(HASH), NOW + timedelta(hours=1))


def url(dsn: str) -> str:
    parts = psycopg.conninfo.conninfo_to_dict(dsn)
    return f"postgresql+psycopg://fermoposta_portal@/{parts['dbname']}?host={parts['host']}"


@pytest.fixture
def portal(dsn: str) -> Iterator[PostgresPortalStore]:
    with PostgresStore(dsn) as store:
        store.apply(plan(STATE, store.state()), actor="test")
    portal = PostgresPortalStore(url(dsn))
    portal.add_session(SESSION)
    yield portal
    portal.close()


@pytest.fixture
def keys(dsn: str, portal: PostgresPortalStore) -> Iterator[PostgresKeyStore]:
    made = PostgresKeyStore(url(dsn))
    yield made
    made.close()


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> KeyStore:
    return MemoryKeyStore() if request.param == "memory" else request.getfixturevalue("keys")


@pytest.fixture
def ask(dsn: str) -> Ask:
    """Ask what Dovecot asks, as its role; the answer is who that is."""

    def ask(
        login: str,
        secret: str = SECRET,
        *,
        protocol: str = "imap",
        client: str = "192.0.2.1",
        gateway: bool = False,
    ) -> list[str]:
        with psycopg.connect(dsn, user="dovecot", autocommit=True) as connection:
            rows = connection.execute(
                "SELECT address FROM dovecot.key_of(%s, %s, %s, %s, %s)",
                (login, digest(secret).hex(), protocol, client, gateway),
            )
            return [row[0] for row in rows]

    return ask


def test_a_ticket_is_taken_once_and_in_time(store: KeyStore) -> None:
    """By its digest alone."""
    first = Ticket(b"1" * 32, SESSION.digest, b"s" * 32, NOW + SOON)
    second = Ticket(b"2" * 32, SESSION.digest, b"s" * 32, NOW + SOON)
    store.keep_ticket(first)
    store.keep_ticket(second)

    assert store.take_ticket(b"3" * 32, NOW) is None
    assert store.take_ticket(b"1" * 32, NOW) == first
    assert store.take_ticket(b"1" * 32, NOW) is None
    assert store.take_ticket(b"2" * 32, NOW + SOON) is None


def test_a_cookie_of_the_webmail_stands_for_a_session(store: KeyStore) -> None:
    """That of the portal with which it was opened."""
    store.open_webmail(b"c" * 32, SESSION.digest, digest(SECRET))

    assert store.webmail_session(b"c" * 32) == SESSION.digest
    assert store.webmail_session(b"d" * 32) is None


def test_app_passwords_are_listed_and_revoked_by_their_owner(store: KeyStore) -> None:
    """The newest first, and nobody else's."""
    store.add_app_password(ADA, "Phone", ("imap", "smtp"), digest("1"), NOW)
    store.add_app_password(ADA, "Printer", ("smtp",), digest("2"), NOW + SOON)

    printer, phone = store.app_passwords(ADA)

    assert (printer.name, printer.protocols) == ("Printer", ("smtp",))
    assert (phone.created_at, phone.used_at, phone.used_from) == (NOW, None, None)
    assert store.app_passwords(BOB) == ()
    assert not store.revoke_app_password(BOB, phone.id)
    assert store.revoke_app_password(ADA, phone.id)
    assert not store.revoke_app_password(ADA, phone.id)
    assert store.app_passwords(ADA) == (printer,)


def test_the_webmail_opens_the_mailbox_of_who_is_signed_in(
    keys: PostgresKeyStore, ask: Ask
) -> None:
    """From this host, for the session's own user, by whatever protocol; and by nothing else."""
    keys.open_webmail(b"c" * 32, SESSION.digest, digest(SECRET))

    for protocol in ("imap", "smtp", "sieve"):
        assert ask(ADA, protocol=protocol, client="127.0.0.1") == [ADA]
    assert ask(ADA, client="192.0.2.1") == []
    assert ask(BOB, client="127.0.0.1") == []
    assert ask(ADA, "another secret", client="127.0.0.1") == []


def test_it_ends_with_the_session(
    keys: PostgresKeyStore, portal: PostgresPortalStore, ask: Ask
) -> None:
    """Whoever signs out leaves nothing behind that opens something."""
    keys.open_webmail(b"c" * 32, SESSION.digest, digest(SECRET))
    keys.keep_ticket(Ticket(b"1" * 32, SESSION.digest, b"s" * 32, NOW + SOON))

    portal.drop_session(SESSION.digest)

    assert ask(ADA, client="127.0.0.1") == []
    assert keys.webmail_session(b"c" * 32) is None
    assert keys.take_ticket(b"1" * 32, NOW) is None
    keys.open_webmail(b"d" * 32, SESSION.digest, digest(SECRET))
    keys.keep_ticket(Ticket(b"2" * 32, SESSION.digest, b"s" * 32, NOW + SOON))
    assert keys.webmail_session(b"d" * 32) is None
    assert keys.take_ticket(b"2" * 32, NOW) is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE directory.users SET password_hash = password_hash || 'x' WHERE address = %s",
        "UPDATE directory.users SET password_hash = NULL WHERE address = %s",
        "UPDATE portal.sessions SET expires_at = now() WHERE address = %s",
    ],
)
def test_it_ends_with_the_password_and_in_time(
    keys: PostgresKeyStore, dsn: str, ask: Ask, change: str
) -> None:
    """As the portal's session does, whether or not anybody has looked at it since."""
    keys.open_webmail(b"c" * 32, SESSION.digest, digest(SECRET))
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(change, (ADA,))

    assert ask(ADA, client="127.0.0.1") == []


def test_an_app_password_is_good_for_its_protocols(keys: PostgresKeyStore, ask: Ask) -> None:
    """For its owner, from wherever; where it was used last its owner sees."""
    keys.add_app_password(ADA, "Printer", ("smtp",), digest(SECRET), NOW)

    assert ask(ADA, protocol="imap") == []
    assert ask(BOB, protocol="smtp") == []
    assert keys.app_passwords(ADA)[0].used_at is None
    assert ask(ADA, protocol="smtp") == [ADA]
    [used] = keys.app_passwords(ADA)
    assert used.used_from == "192.0.2.1"
    assert used.used_at is not None

    keys.revoke_app_password(ADA, used.id)
    assert ask(ADA, protocol="smtp") == []


@pytest.mark.parametrize(
    ("made_for", "there", "elsewhere", "at_the_gateway"),
    [("dav", [], [], []), ("eas", [], [], [ADA]), ("imap", [ADA], [ADA], [])],
)
def test_a_phones_password_is_good_at_the_gateway(
    keys: PostgresKeyStore,
    ask: Ask,
    made_for: str,
    there: list[str],
    elsewhere: list[str],
    at_the_gateway: list[str],
) -> None:
    """And no other is; what the gateway sends goes with it too."""
    keys.add_app_password(ADA, "One", (made_for,), digest(SECRET), NOW)

    assert ask(ADA, client="127.0.0.1") == there
    assert ask(ADA) == elsewhere
    assert ask(ADA, client="127.0.0.1", gateway=True) == at_the_gateway
    assert ask(ADA, protocol="smtp", client="127.0.0.1") == at_the_gateway
    assert ask(ADA, protocol="smtp") == []


def test_the_key_of_calendars_is_good_on_this_host(keys: PostgresKeyStore, ask: Ask) -> None:
    """For the webmail's server; not at the gateway's port."""
    keys.keep_groupware_key(ADA, digest(SECRET))
    keys.keep_groupware_key(ADA, digest("another"))

    assert keys.secret() == keys.secret()
    assert len(keys.secret()) == 72
    assert ask(ADA, client="127.0.0.1") == ask(ADA, protocol="smtp", client="127.0.0.1") == [ADA]
    assert ask(ADA) == ask(BOB, client="127.0.0.1") == []
    assert ask(ADA, client="127.0.0.1", gateway=True) == []


def test_who_may_not_log_in_may_not_by_a_key(keys: PostgresKeyStore, dsn: str, ask: Ask) -> None:
    """A user without a password, who is closed, has no way in; who comes after has nothing."""
    keys.add_app_password(ADA, "Phone", ("imap",), digest(SECRET), NOW)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("UPDATE directory.users SET password_hash = NULL")
        assert ask(ADA) == []
        connection.execute("DELETE FROM directory.addresses WHERE address = %s", (ADA,))

    assert keys.app_passwords(ADA) == ()
