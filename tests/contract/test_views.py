"""What each daemon reads, asked as the daemon asks, under the daemon's own role."""

from __future__ import annotations

import psycopg
import pytest

from fermoposta.directory.store import PostgresStore
from tests.contract.states import EVERYTHING, HASH, converge, everything

ALIASES = "SELECT destinations FROM postfix.aliases WHERE address = %s"
SENDERS = "SELECT logins FROM postfix.senders WHERE address = %s"
ROLES = (
    "postfix",
    "dovecot",
    "sogo",
    "fermoposta_portal",
    "fermoposta_jobs",
    "fermoposta_gateway",
)


@pytest.fixture
def store(dsn):
    """A directory with one of everything in it."""
    with PostgresStore(dsn) as store:
        converge(store, EVERYTHING)
        yield store


@pytest.fixture
def ask(dsn):
    """Ask a question as a role; the answer is a list of rows."""

    def ask(role, query, *values):
        with psycopg.connect(dsn, user=role, autocommit=True) as connection:
            return connection.execute(query, values).fetchall()

    return ask


def test_postfix_knows_every_hosted_domain(store, ask):
    """Mail for a hosted domain is ours; for another it is not."""
    query = "SELECT name FROM postfix.domains WHERE name = %s"

    assert ask("postfix", query, "example.net") == [("example.net",)]
    assert ask("postfix", query, "elsewhere.example") == []


def test_postfix_finds_mailboxes_of_users_and_resources(store, ask):
    """Users and resources have a mailbox; aliases, groups and strangers have not."""
    found = ask("postfix", "SELECT address FROM postfix.mailboxes ORDER BY address")

    assert [address for (address,) in found] == [
        "ada@example.org",
        "bob@example.org",
        "eve@example.net",
        "room1@example.org",
        "room2@example.net",
        "zoe@other.example",
    ]


def test_an_alias_reaches_every_destination(store, ask):
    """An alias leads to all its destinations, here and elsewhere, in their order."""
    assert ask("postfix", ALIASES, "sales@example.org") == [("ada@example.org,x@far.example",)]


def test_a_group_reaches_every_member(store, ask):
    """Mail to a group goes to all of its members."""
    assert ask("postfix", ALIASES, "board@example.org") == [("ada@example.org,bob@example.org",)]


def test_a_redirect_keeps_a_copy_where_local_delivery_is_on(store, ask):
    """With local delivery the user stands first; without, only the redirect is left."""
    expected = "bob@example.org,bob@elsewhere.example,team@example.org"

    assert ask("postfix", ALIASES, "bob@example.org") == [(expected,)]
    assert ask("postfix", ALIASES, "eve@example.net") == [("eve@elsewhere.example",)]
    assert ask("postfix", ALIASES, "ada@example.org") == []


def test_a_catch_all_takes_only_what_nobody_else_does(store, ask):
    """A mailbox in a domain with a catch-all keeps its mail; a redirect stays a redirect."""
    assert ask("postfix", ALIASES, "@example.net") == [("ada@example.org",)]
    assert ask("postfix", ALIASES, "room2@example.net") == [("room2@example.net",)]
    assert ask("postfix", ALIASES, "@example.org") == []


def test_no_expansion_comes_back_to_where_it_was(store, ask):
    """Following the destinations ends for every address, but for a mailbox that keeps a copy."""
    rows = dict(ask("postfix", "SELECT address, destinations FROM postfix.aliases"))

    def ends(address, way=()):
        assert address not in way
        for target in rows.get(address, "").split(","):
            if target and target != address:
                ends(target, (*way, address))

    for address in rows:
        ends(address)


def test_a_closed_user_is_in_no_view_and_in_no_list(store, ask, dsn):
    """Who is gone gets no mail, cannot log in, and is left out of lists that the portal keeps."""
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE directory.groups SET managed_by = 'portal'")
    without = everything()
    del without["mail_users"]["bob@example.org"]
    for part in ("mail_groups", "mail_send_as", "mail_delegations"):
        del without[part]
    del without["mail_grants"]
    converge(store, without)

    gone = ("bob@example.org",)
    assert ask("postfix", "SELECT FROM postfix.mailboxes WHERE address = %s", *gone) == []
    assert ask("postfix", ALIASES, *gone) == []
    assert ask("postfix", SENDERS, *gone) == []
    assert ask("dovecot", "SELECT FROM dovecot.passdb WHERE address = %s", *gone) == []
    assert ask("dovecot", "SELECT FROM dovecot.userdb WHERE address = %s", *gone) == []
    assert ask("sogo", "SELECT FROM sogo.users WHERE c_uid = %s", *gone) == []
    assert ask("postfix", ALIASES, "board@example.org") == [("ada@example.org",)]


def test_a_list_skips_what_is_not_there(store, ask, dsn):
    """A destination within our domains that does not exist any more is left out."""
    with psycopg.connect(dsn) as connection:
        connection.execute("DELETE FROM directory.send_as")
        connection.execute("DELETE FROM directory.delegations")
        connection.execute("DELETE FROM directory.grants")
        connection.execute("DELETE FROM directory.message_rules")
        connection.execute("DELETE FROM directory.out_of_office")
        connection.execute("DELETE FROM directory.pictures")
        connection.execute("DELETE FROM directory.certificates")
        connection.execute("DELETE FROM directory.addresses WHERE address = 'ada@example.org'")

    assert ask("postfix", ALIASES, "sales@example.org") == [("x@far.example",)]
    assert ask("postfix", ALIASES, "team@example.org") == []


def test_senders_are_the_user_the_delegates_and_whom_a_rule_names(store, ask):
    """An address can be sent from by its user, by delegates, and by send-as; by nobody else."""
    assert ask("postfix", SENDERS, "ada@example.org") == [("ada@example.org,bob@example.org",)]
    assert ask("postfix", SENDERS, "sales@example.org") == [("bob@example.org",)]
    assert ask("postfix", SENDERS, "zoe@other.example") == [("zoe@other.example",)]
    assert ask("postfix", SENDERS, "board@example.org") == []


def test_dovecot_finds_the_password_of_who_has_one(store, ask):
    """Who has a password can log in; resources and users without one cannot."""
    query = "SELECT password FROM dovecot.passdb WHERE address = %s"

    assert ask("dovecot", query, "ada@example.org") == [(HASH,)]
    assert ask("dovecot", query, "eve@example.net") == []
    assert ask("dovecot", query, "room1@example.org") == []


def test_dovecot_finds_home_quota_and_language(store, ask):
    """The home is made of the mailbox id, the quota is in bytes."""
    query = "SELECT home, quota_bytes, language FROM dovecot.userdb WHERE address = %s"
    mailbox = store.state().users["ada@example.org"].mailbox_id

    home = f"/var/vmail/{mailbox[:2]}/{mailbox}"
    assert ask("dovecot", query, "ada@example.org") == [(home, 100 * 1024 * 1024, "en")]
    assert len(ask("dovecot", query, "room1@example.org")) == 1
    assert ask("dovecot", query, "sales@example.org") == []


@pytest.mark.feature("F154")
def test_the_address_book_holds_groups_and_no_alias(store, ask):
    """People find users, groups and resources of their company; nobody finds an alias."""
    query = "SELECT c_uid, kind FROM sogo.users WHERE c_domain = %s ORDER BY c_uid"

    assert ask("sogo", query, "acme") == [
        ("ada@example.org", "user"),
        ("board@example.org", "group"),
        ("bob@example.org", "user"),
        ("eve@example.net", "user"),
        ("room1@example.org", "location"),
        ("room2@example.net", "location"),
        ("team@example.org", "group"),
    ]
    assert ask("sogo", query, "other") == [("zoe@other.example", "user")]


def test_sogo_finds_a_person(store, ask):
    """The names are those declared, else the parts of the whole name."""
    query = (
        "SELECT c_name, mail, c_cn, c_givenname, c_sn, c_password, multiple_bookings, c_language"
        " FROM sogo.users WHERE c_uid = %s"
    )

    ada, bob = "ada@example.org", "bob@example.org"
    assert ask("sogo", query, ada) == [
        (ada, ada, "Ada Lovelace", "Ada", "Lovelace", HASH, None, "en")
    ]
    assert ask("sogo", query, bob)[0][3:5] == ("Robert", "Frankston")
    assert ask("sogo", query, "room1@example.org")[0][5:7] == (None, 2)


def test_the_portal_sees_one_person_and_what_they_administer(store, ask):
    """The role of an administrator holds for the domains of the company, and for no other."""
    people = "SELECT company, role, redirect_to FROM portal.people WHERE address = %s"
    domains = "SELECT name, users, aliases, groups, resources FROM portal.administered"
    domains += " WHERE administrator = %s ORDER BY name"

    assert ask("fermoposta_portal", people, "ada@example.org") == [
        ("Acme S.p.A.", "administrator", [])
    ]
    assert ask("fermoposta_portal", domains, "ada@example.org") == [
        ("example.net", 1, 0, 0, 1),
        ("example.org", 2, 1, 2, 1),
    ]
    assert ask("fermoposta_portal", domains, "bob@example.org") == []


def test_the_portal_keeps_sessions_of_its_own(store, ask, dsn):
    """The portal writes its sessions and attempts."""
    with psycopg.connect(dsn, user="fermoposta_portal") as connection:
        connection.execute(
            "INSERT INTO portal.sessions VALUES ('\\x01', 'ada@example.org', '\\x02', now())"
        )
        connection.execute("INSERT INTO portal.attempts VALUES ('a@b.example', '::1', now())")
        connection.execute("DELETE FROM portal.attempts")

    assert len(ask("fermoposta_portal", "SELECT FROM portal.sessions")) == 1


def test_the_jobs_read_the_directory_and_purge(store, dsn):
    """The jobs' role sees all but secrets and may forget a mailbox, audited, and nothing else."""
    jobs_dsn = dsn.replace("user=fermoposta", "user=fermoposta_jobs")
    without = everything()
    del without["mail_users"]["zoe@other.example"]
    converge(store, without)
    (closed,) = store.state().closed.values()

    with PostgresStore(jobs_dsn, secrets=False) as jobs:
        assert jobs.state().users == store.state().users
        late = closed.closed_at.replace(year=closed.closed_at.year + 1)
        assert jobs.purge([closed.mailbox_id], now=late, actor="jobs") == [closed]
    assert store.state().closed == {}
    store.verify_audit()


@pytest.mark.parametrize(
    "column",
    ["users.password_hash", "users.security_questions", "closed_mailboxes.password_hash"],
)
def test_the_jobs_read_no_secret(store, dsn, column):
    """Whoever takes over the service has no hash to guess at."""
    table, name = column.split(".")
    with (
        psycopg.connect(dsn, user="fermoposta_jobs", autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(f"SELECT {name} FROM directory.{table}")  # noqa: S608


@pytest.mark.parametrize(
    "query",
    [
        "SELECT address FROM gateway.people WHERE reader = %s AND address LIKE '%%@other.example'",
        "SELECT address FROM gateway.members WHERE reader = %s AND address = 'sales@example.org'",
        "SELECT address FROM gateway.people WHERE reader = %s AND address = 'sales@example.org'",
    ],
)
def test_the_gateway_finds_no_other_companys_people_and_no_alias(store, ask, query):
    """Whoever asks through it is of one company, and sees just that."""
    assert ask("fermoposta_gateway", query, "ada@example.org") == []


def test_the_gateway_reads_no_secret(store, dsn):
    """No column of what it reads holds a hash, an answer, or how a password is got back."""
    with psycopg.connect(dsn, user="fermoposta_gateway", autocommit=True) as connection:
        views = connection.execute(
            "SELECT viewname FROM pg_views WHERE schemaname = 'gateway'"
        ).fetchall()
        for (name,) in views:
            rows = connection.execute(f"SELECT * FROM gateway.{name}").fetchall()  # noqa: S608
            shown = str(rows)
            for secret in (HASH, "First machine?", "+393331234567", "ada@elsewhere.example"):
                assert secret not in shown
    assert {name for (name,) in views} >= {"users", "people", "members", "out_of_office"}


def test_the_gateway_writes_what_it_remembers_and_no_answer(store, dsn):
    """An out-of-office answer is the agent's to write."""
    with psycopg.connect(dsn, user="fermoposta_gateway", autocommit=True) as connection:
        connection.execute(
            "INSERT INTO gateway.mailboxes SELECT mailbox_id FROM gateway.users LIMIT 1"
        )
        for statement in (
            "UPDATE gateway.out_of_office SET enabled = false",
            "UPDATE gateway.users SET name = 'Eve'",
            "UPDATE directory.out_of_office SET enabled = false",
            "TRUNCATE gateway.devices",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
    with psycopg.connect(dsn, user="fermoposta_agent", autocommit=True) as connection:
        connection.execute("UPDATE directory.out_of_office SET enabled = false")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM directory.out_of_office")


def _relations(connection):
    return connection.execute(
        "SELECT schemaname, tablename FROM pg_tables UNION ALL"
        " SELECT schemaname, viewname FROM pg_views"
    ).fetchall()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reads_its_own_schema_and_nothing_else(store, dsn, role):
    """A daemon that is broken into shows what its views show: no table, no other's view."""
    own = {
        "fermoposta_portal": {"portal", "directory"},  # it is where the directory is written
        "fermoposta_jobs": {"directory"},
        "fermoposta_gateway": {"gateway"},
    }.get(role, {role})
    jobs = [
        "schema_version",
        "jobs_progress",
        "jobs_artifacts",
        "sharing_folders",
        "sharing_people",
    ]
    withheld = {("fermoposta_portal", name) for name in jobs}
    # Of the gateway's the portal sees and ends devices.
    lent = {("fermoposta_portal", name) for name in ("users", "devices", "failures", "kept")}
    with psycopg.connect(dsn) as owner:
        relations = [
            r for r in _relations(owner) if r[0] not in ("pg_catalog", "information_schema")
        ]
    assert {schema for schema, _ in relations} == {
        "directory",
        "postfix",
        "dovecot",
        "sogo",
        "portal",
        "policy",
        "gateway",
    }

    with psycopg.connect(dsn, user=role, autocommit=True) as connection:
        for schema, name in relations:
            query = f"SELECT 1 FROM {schema}.{name} LIMIT 1"  # noqa: S608 - names of our own
            reads = schema == "gateway" and (role, name) in lent
            if reads or (schema in own and (role, name) not in withheld):
                connection.execute(query)
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(query)


@pytest.mark.parametrize("role", [role for role in ROLES if role != "fermoposta_portal"])
def test_no_daemon_writes_the_directory(store, dsn, role):
    """Nobody but owner and portal makes users, or gives themselves a password."""
    statements = (
        "UPDATE directory.users SET password_hash = 'x'",
        "INSERT INTO directory.companies VALUES ('x', 'x', 'inventory')",
        "DELETE FROM directory.addresses",
    )

    with psycopg.connect(dsn, user=role, autocommit=True) as connection:
        for statement in statements:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_changes_what_was_noted(store, dsn, role):
    """Nobody but the owner edits the audit, what has changed, or how the tables are."""
    statements = (
        "UPDATE directory.revision SET n = 0",
        "UPDATE directory.audit SET actor = 'x'",
        "TRUNCATE directory.changes",
        "CREATE TABLE public.mine ()",
    )

    with psycopg.connect(dsn, user=role, autocommit=True) as connection:
        for statement in statements:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
