"""The portal through the web server, as a browser without JavaScript uses it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import pytest
from clients.directory import PASSWORD, Directory
from clients.mail import token
from clients.portal import PORTAL, Visitor
from clients.web import Web
from imapclient.exceptions import LoginError

from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Appliance


@pytest.fixture
def visitor(appliance: Appliance) -> Visitor:
    return Visitor(Web(appliance))


@pytest.fixture
def directory(shell: Shell) -> Directory:
    return Directory(shell)


@pytest.mark.feature("F016")
def test_the_portal_has_a_host_name_of_its_own(visitor: Visitor) -> None:
    """It answers there, with a certificate for that name, and the mail host shows no portal."""
    assert visitor.get("/").status == 200
    assert visitor.web.ask("GET", "https://mail.example.org/login").status == 404


@pytest.mark.feature("F049", "F011")
def test_the_menu_leads_to_the_webmails_log_in(visitor: Visitor) -> None:
    """Accedi > Webmail, then the one page to sign in."""
    menu = re.search(
        r"<summary>Accedi</summary>(.*?)</details>", visitor.get("/?lang=it").body, re.DOTALL
    )
    assert menu
    link = re.search(r'<a href="([^"]+)">Webmail</a>', menu[1])
    assert link

    browser = {"Sec-Fetch-Mode": "navigate"}
    answer = visitor.web.ask("GET", re.sub(r":\d+/", "/", link[1]), headers=browser)
    to_portal = urlsplit(answer.headers["Location"])
    page = visitor.get(f"{to_portal.path}?{to_portal.query}")

    assert (answer.status, to_portal.hostname) == (302, "portal.example.org")
    assert page.headers["Location"].startswith("/login?next=%2Fwebmail")
    assert "password" in visitor.get(page.headers["Location"]).body


@pytest.mark.feature("F114", "F015")
def test_an_administrator_signs_in_and_sees_the_domains(
    visitor: Visitor, appliance: Appliance
) -> None:
    """With the whole address and the mailbox's password; the cookie stays in the browser."""
    admin = next(a for a in appliance.accounts if a.role == "admin")

    answer = visitor.sign_in(admin)

    assert (answer.status, answer.headers["Location"]) == (303, "/home")
    (cookie,) = (c for c in answer.headers.get_all("Set-Cookie") if c.startswith("__Host-"))
    assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
    assert admin.address.partition("@")[2] in visitor.get("/admin/domains").body


def test_a_user_sees_the_own_data_only(visitor: Visitor, directory: Directory) -> None:
    """No domains, and nobody else."""
    with directory.newcomer(f"{token()}@example.org", quota_mb=500) as account:
        assert visitor.sign_in(account).status == 303

        home = visitor.get("/home").body

        assert account.address in home
        assert "500 MB" in home
        assert visitor.get("/admin/domains").status == 403


@pytest.mark.feature("F115")
def test_changing_the_password_changes_mailbox_and_portal(
    visitor: Visitor, shell: Shell, directory: Directory, mail: Mail
) -> None:
    """Both take the new one at once and refuse the old one; open portal sessions end."""
    with directory.newcomer(f"{token()}@example.org") as account:
        renewed = Account(account.address, "Rinnovata2026", "user")
        assert visitor.sign_in(account).status == 303

        shell.run("fermoposta", "passwd", account.address, stdin=f"{renewed.password}\n")

        assert visitor.get("/home").headers["Location"].startswith("/login")
        assert visitor.sign_in(account).status == 401
        assert visitor.sign_in(renewed).status == 303
        mail.imap(renewed).logout()
        with mail.imap_connect() as client, pytest.raises(LoginError):
            client.login(account.address, PASSWORD)


def test_refusals_tell_nobody_who_exists(visitor: Visitor, bob: Account) -> None:
    """An unknown address and a wrong password get the same page."""
    wrong = visitor.sign_in(Account(bob.address, "Wrong-Guess-1", "user"))
    unknown = visitor.sign_in(Account("nobody@example.org", "Wrong-Guess-1", "user"))

    assert wrong.status == unknown.status == 401
    # What a passkey is asked for is another each time.
    pages = [re.sub(r'data-options="[^"]+"', "", each.body) for each in (unknown, wrong)]
    assert pages[0].replace("nobody@", "bob@") == pages[1]


def test_a_refusal_is_in_the_journal_without_the_password(visitor: Visitor, shell: Shell) -> None:
    """The line that fail2ban reads names the client; no line has the password."""
    address, guess = f"{token()}@example.org", f"Guess-{token()}"
    visitor.sign_in(Account(address, guess, "user"))

    journal = shell.run("journalctl", "-u", "fermoposta-portal", "-o", "cat", "--no-pager")

    assert re.search(rf"login refused address={address} client=\d+\.\d+\.\d+\.\d+", journal)
    assert guess not in journal


def test_strangers_are_asked_to_sign_in(visitor: Visitor) -> None:
    """Nobody's data is shown to nobody, and a form from elsewhere does nothing."""
    assert visitor.get("/home").headers["Location"].startswith("/login")
    forged = visitor.web.ask("POST", f"{PORTAL}/logout", body="form_token=x")
    assert forged.status == 403


def test_no_client_can_pretend_to_be_another(visitor: Visitor, shell: Shell) -> None:
    """The address that is counted and banned is the connection's, not one in a header."""
    address = f"{token()}@example.org"
    page = visitor.get("/login")
    found = re.search(r'name="form_token" value="([^"]+)"', page.body)
    assert found
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())

    visitor.web.ask(
        "POST",
        f"{PORTAL}/login",
        body=f"form_token={found[1]}&address={quote(address)}&password=x",
        headers={
            "Cookie": cookies,
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Real-IP": "198.51.100.77",
            "X-Forwarded-For": "198.51.100.77",
        },
    )

    journal = shell.run("journalctl", "-u", "fermoposta-portal", "-o", "cat", "--no-pager")
    assert "198.51.100.77" not in journal


def test_the_portals_role_can_not_hide_what_it_does(shell: Shell) -> None:
    """Whoever takes over the portal's account writes the directory, and the audit says so."""
    for statement, refused in (
        ("SELECT count(*) FROM portal.domains", False),
        ("SELECT count(*) FROM directory.users", False),
        ("UPDATE directory.audit SET actor = 'x'", True),
        ("DELETE FROM directory.audit", True),
        ("DELETE FROM directory.changes", True),
        ("CREATE TABLE directory.mine ()", True),
        ("UPDATE portal.domains SET name = 'x'", True),
        ("DELETE FROM portal.credentials", True),
    ):
        done = shell.call(
            *("runuser", "-u", "fermoposta-portal", "--", "psql", "-X", "-U", "fermoposta_portal"),
            *("-d", "fermoposta", "-c", statement),
        )
        assert (done.returncode != 0) is refused, statement
        assert not refused or "permission denied" in done.stderr
