"""Programs administer by the API, and the mail follows."""

from __future__ import annotations

import smtplib
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from clients.mail import compose, token
from clients.portal import PORTAL, Program, Visitor
from clients.waiting import wait_for
from clients.web import Web
from imapclient.exceptions import LoginError

from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Appliance

STRANGER = "stranger@outside.test"
FIRST, SECOND = "Segreta2026", "Rinnovata2026"


@pytest.fixture(scope="module")
def web(appliance: Appliance) -> Web:
    return Web(appliance)


@pytest.fixture(scope="module")
def api(web: Web, directory: Directory) -> Iterator[Program]:
    """A program of an administrator of acme's, who is there for these tests."""
    role = {"name": "administrator", "companies": ["acme"]}
    with directory.newcomer(f"{token()}@example.org", role=role) as account:
        yield Program(web, Visitor.signed_in(web, account).token("e2e", writes="on"))


@pytest.fixture(scope="module")
def foreign(web: Web, directory: Directory, api: Program) -> Iterator[Program]:
    """A program of an administrator of globex's."""
    role = {"name": "administrator", "companies": ["globex"]}
    with directory.newcomer(f"{token()}@example.net", role=role) as account:
        yield Program(web, Visitor.signed_in(web, account).token("e2e", writes="on"))


@contextmanager
def made(api: Program, path: str, value: object) -> Iterator[str]:
    """Make a record for the time of a test; whether it is still there at the end or not."""
    status, said, _ = api("PUT", path, value, If_None_Match="*")
    assert status == 201, said
    try:
        yield path
    finally:
        api("DELETE", path)


def logs_in(mail: Mail, account: Account) -> bool:
    with mail.imap_connect() as client:
        try:
            client.login(account.address, account.password)
        except LoginError:
            return False
    return True


def refused(mail: Mail, address: str) -> bool:
    """Whether the host takes no mail for *address*."""
    try:
        mail.deliver(STRANGER, [address], compose(STRANGER, address, token()))
    except smtplib.SMTPRecipientsRefused:
        return True
    return False


def in_force(shell: Shell) -> bool:
    """Whether the jobs have carried out every change."""
    query = (
        "SELECT (SELECT max(id) FROM directory.changes)"
        " <= (SELECT change_id FROM directory.jobs_progress WHERE reader = 'jobs')"
    )
    return shell.sql(query) == [["t"]]


@pytest.mark.feature("F123", "F126")
def test_the_life_of_a_user(api: Program, mail: Mail, shell: Shell) -> None:
    """Made, they get mail; with a new password they log in by that alone; gone, nothing comes."""
    address = f"{token()}@example.org"
    with made(api, f"/users/{address}", {"name": "Nuova", "password": FIRST}) as path:
        account = Account(address, FIRST, "user")
        subject = token()
        mail.deliver(STRANGER, [address], compose(STRANGER, address, subject))
        mail.wait_for(account, subject)
        _, _, shown = api("GET", path)

        status, said, _ = api("PATCH", path, {"password": SECOND}, If_Match=shown.headers["ETag"])

        assert status == 200, said
        assert logs_in(mail, Account(address, SECOND, "user"))
        assert not logs_in(mail, account)
        assert api("PATCH", path, {"quota_mb": 500}, If_Match=shown.headers["ETag"])[0] == 412
        assert SECOND not in shell.run("fermoposta", "audit", "--json")

        assert api("DELETE", path)[0] == 200

        wait_for("the address to be refused", lambda: refused(mail, address))
        assert not logs_in(mail, Account(address, SECOND, "user"))
        assert api("GET", path)[0] == 404


def test_what_would_be_wrong_is_told_and_nothing_is_done(api: Program) -> None:
    """A dry run says the steps; a problem names its field."""
    path = f"/users/{token()}@example.org"

    status, said, _ = api("PUT", f"{path}?dry_run=true", {"name": "X", "password": FIRST})
    assert (status, [step["action"] for step in said["steps"]]) == (200, ["create"])
    status, said, answer = api("PUT", path, {"name": "X", "password": "kurz", "quota_mb": 99})

    assert (status, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert {each["path"] for each in said["errors"]} == {"password", "quota_mb"}
    assert api("GET", path)[0] == 404


def test_the_life_of_an_alias(api: Program, mail: Mail, directory: Directory) -> None:
    """Mail to it arrives, then at somebody else's, then nowhere."""
    address = f"{token()}@example.org"
    with (
        directory.newcomer(f"{token()}@example.org") as first,
        directory.newcomer(f"{token()}@example.org") as second,
        made(api, f"/aliases/{address}", {"destinations": [first.address]}) as path,
    ):
        subject = token()
        mail.deliver(STRANGER, [address], compose(STRANGER, address, subject))
        mail.wait_for(first, subject)

        assert api("PATCH", path, {"destinations": [second.address]})[0] == 200

        subject = token()
        mail.deliver(STRANGER, [address], compose(STRANGER, address, subject))
        mail.wait_for(second, subject)
        assert mail.find(first, subject) == []

        assert api("DELETE", path)[0] == 200

        wait_for("the address to be refused", lambda: refused(mail, address))


@pytest.mark.feature("F174")
def test_the_life_of_a_junk_rule(
    api: Program, mail: Mail, shell: Shell, directory: Directory
) -> None:
    """What an administrator blocks for a domain goes to Quarantena, until it is not blocked."""
    domain = f"{token()}.test"
    sender = f"somebody@{domain}"
    rule = f"/junk_rules/{quote(f'example.org @{domain}')}"
    with directory.newcomer(f"{token()}@example.org") as account:
        with made(api, rule, {"action": "block"}):
            wait_for("the compiler", lambda: in_force(shell), seconds=60)
            blocked = token()
            mail.deliver(sender, [account.address], compose(sender, account.address, blocked))
            mail.wait_for(account, blocked, "Quarantena")
            assert mail.find(account, blocked) == []

        wait_for("the compiler", lambda: in_force(shell), seconds=60)
        free = token()
        mail.deliver(sender, [account.address], compose(sender, account.address, free))
        mail.wait_for(account, free)


@pytest.mark.feature("F123")
def test_an_administrator_of_others_reaches_nothing(
    api: Program, foreign: Program, directory: Directory
) -> None:
    """By no route and no verb: what is there is answered as what is not, and stays."""
    address = f"{token()}@example.org"
    keys = {
        "companies": "acme",
        "domains": "example.org",
        "allowed_domains": "example.org",
        "junk_rules": "example.org @x.test",
        "delegations": f"{address} ada@example.org",
        "grants": f"{address} ada@example.org INBOX",
        "rules": f"{address} x",
        "device_access": "acme",
    }
    kinds = {name.split("/")[1] for name in api("GET", "/openapi.json")[1]["paths"]}
    with made(api, f"/users/{address}", {"name": "Nuova"}) as path:
        before = api("GET", path)[1]

        for kind in sorted(kinds - {"openapi.json"}):
            key = keys.get(kind, address)
            for method, value in (
                ("GET", None),
                ("PUT", {"name": "X"}),
                ("PATCH", {"name": "X"}),
                ("DELETE", None),
            ):
                status, said, answer = foreign(method, f"/{kind}/{quote(key)}", value)
                assert status in (404, 405, 422), f"{method} {kind}: {said}"
                assert "Nuova" not in answer.body
            listed = foreign("GET", f"/{kind}?limit=200")[1]["entries"]
            assert not [each["key"] for each in listed if "example.org" in each["key"]]
            assert foreign("POST", f"/{kind}", {key: {"name": "X"}})[0] in (405, 422)
        role = {"name": "administrator", "companies": ["acme"]}
        raised = f"/users/{token()}@example.net"
        assert foreign("PUT", raised, {"name": "X", "role": role})[0] == 403
        assert foreign("GET", raised)[0] == 404

        assert api("GET", path)[1] == before


def test_a_token_opens_the_api_alone_and_only_while_it_lasts(
    web: Web, directory: Directory, shell: Shell
) -> None:
    """No cookie opens it, no page takes it, it ends with its owner, and no line of a log has it."""
    role = {"name": "mail_administrator", "domains": ["example.org"]}
    with directory.newcomer(f"{token()}@example.org", role=role) as account:
        reader = Visitor.signed_in(web, account)
        program = Program(web, reader.token("only reads"))

        assert program("GET", "/users?limit=1")[0] == 200
        assert program("DELETE", f"/users/{account.address}")[0] == 403
        assert reader.get("/api/v1/users").status == 401
        bearer = {"Authorization": f"Bearer {program.token}"}
        page = web.ask("GET", f"{PORTAL}/tokens", headers=bearer)
        assert page.headers["Location"].startswith("/login")

    assert program("GET", "/users?limit=1")[0] == 401
    assert program.token not in shell.run("journalctl", "-o", "cat", "--no-pager")
    assert shell.sql("SELECT count(*) FROM portal.tokens WHERE name = 'only reads'") == [["0"]]
