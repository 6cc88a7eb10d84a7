"""One sign-in for portal and webmail, and passwords that are good for one thing each."""

from __future__ import annotations

import smtplib
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from clients.dav import Dav
from clients.disturbance import disturbed
from clients.eas import phones
from clients.mail import compose, token
from clients.office import Office
from clients.portal import Visitor
from clients.waiting import wait_for
from clients.web import WEBMAIL, Web
from clients.webmail import Session
from imapclient.exceptions import LoginError
from selenium.webdriver.common.by import By

from fermoposta.activesync.client.errors import HttpError
from fermoposta.portal.keys.app_passwords import SHAPE
from fermoposta_demo.browser import chromium
from fermoposta_demo.webmail import Webmail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account, Appliance

PAGE = "/settings/passwords"
# Asks a port of the host as another of its users.
KNOCK = """
import os, socket, sys
os.setuid(int(sys.argv[1]))
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[2])), 5).close()
    print("open")
except OSError:
    print("closed")
"""


@pytest.fixture(scope="module")
def zoe(directory: Directory) -> Iterator[Account]:
    """Somebody who is there for these tests."""
    with directory.newcomer(f"{token()}@example.org") as account:
        yield account


@pytest.fixture(scope="module")
def web(appliance: Appliance) -> Web:
    return Web(appliance)


def app_password(web: Web, account: Account, *uses: str) -> Account:
    """Make a password for *uses* and return the account with it."""
    visitor = Visitor.signed_in(web, account)
    fields = {"name": "Test", "use": list(uses), "current": account.password or ""}
    answer = visitor.send(PAGE, PAGE, **fields)
    assert answer.status == 201, answer.body
    found = SHAPE.search(answer.body)
    assert found
    return replace(account, password=found[0])


def reads(mail: Mail, account: Account) -> bool:
    """Tell whether IMAP lets somebody in."""
    with mail.imap_connect() as client:
        try:
            client.login(account.address, account.password or "")
        except LoginError:
            return False
    return True


def plans(web: Web, account: Account) -> bool:
    """Tell whether CalDAV lets somebody in."""
    path = f"{WEBMAIL}/dav/{account.address}/"
    return web.ask("PROPFIND", path, account=account).status == 207


def test_one_sign_in_is_for_both_and_so_is_one_sign_out(
    appliance: Appliance, zoe: Account, mail: Mail
) -> None:
    """From the portal into the webmail without a password, writing there, and out of both."""
    subject = token()
    with chromium(appliance) as driver:
        office = Office(driver, appliance.urls["portal"].rstrip("/"))
        webmail = Webmail(driver, appliance)
        office.sign_in(zoe)
        office.go("/home")
        office.press("Apri la Webmail")
        webmail.seen(".sg-mailbox-list-item")
        webmail.write(zoe.address, subject)
        assert mail.wait_for(zoe, subject)

        webmail.press("a[ng-href$='logoff']")
        webmail.wait("the portal", lambda: "portal." in driver.current_url)
        office.go("/home")
        assert "/login" in driver.current_url
        driver.get(appliance.urls["webmail"])
        assert webmail.seen("input[name='password']")
        assert driver.find_elements(By.CSS_SELECTOR, ".sg-mailbox-list-item") == []


def test_signing_out_of_the_portal_ends_the_webmail(web: Web, zoe: Account) -> None:
    """At the next thing that its page asks for; and so does another password."""
    session = Session(web, zoe)
    assert session.lasts()

    session.visitor.send("/logout", "/account")

    assert not session.lasts()


def test_the_webmails_own_log_in_is_closed(web: Web, zoe: Account) -> None:
    """With the right password, and with what SOGo would take for a session."""
    headers = {"Content-Type": "application/json"}
    login = f'{{"userName": "{zoe.address}", "password": "{zoe.password}"}}'

    answer = web.ask("POST", f"{WEBMAIL}/connect", body=login, headers=headers)

    assert answer.status == 404
    assert answer.headers.get_all("Set-Cookie") is None


def test_what_the_portal_tells_the_web_server_is_told_to_nobody(web: Web, zoe: Account) -> None:
    """At neither host, with a session's cookie or a program's password."""
    cookie = Session(web, zoe).headers["Cookie"]
    program = app_password(web, zoe, "groupware")

    for host in (WEBMAIL.removesuffix("/SOGo"), "https://portal.example.org"):
        for path in ("whose", "program/dav", "start"):
            answer = web.ask(
                "GET", f"{host}/portal/{path}", account=program, headers={"Cookie": cookie}
            )
            assert answer.status == 404
            assert not [each for each in answer.headers if each.lower().startswith("x-webmail")]


def test_another_site_has_nothing_done(web: Web, zoe: Account) -> None:
    """It may lead to the webmail's pages, and to nothing else in the reader's session."""
    session = Session(web, zoe)
    forged = session.headers | {"Sec-Fetch-Site": "cross-site", "Accept": "text/html"}
    inbox = f"{WEBMAIL}/so/{zoe.address}/Mail"

    assert web.ask("GET", f"{inbox}/view", headers=forged).status == 200
    assert web.ask("GET", f"{inbox}/0/folderINBOX/expunge", headers=forged).status == 403
    assert web.ask("GET", f"{WEBMAIL}/so/{zoe.address}/logoff", headers=forged).status == 403
    assert session.lasts()


@pytest.mark.parametrize("port", [20004, 20006, 20008])
def test_nobody_else_on_the_host_gets_to_who_believes_the_web_server(
    shell: Shell, port: int
) -> None:
    """The web server's user does; another's, a service of ours among them, is turned away."""
    uids = {name: shell.run("id", "-u", name).strip() for name in ("www-data", "nobody")}
    gateway = shell.run("id", "-u", "fermoposta-gateway").strip()

    assert shell.python(KNOCK, uids["www-data"], str(port)).strip() == "open"
    assert shell.python(KNOCK, uids["nobody"], str(port)).strip() == "closed"
    assert shell.python(KNOCK, gateway, str(port)).strip() == "closed"


def test_a_program_gets_in_with_the_right_password_only(web: Web, zoe: Account) -> None:
    """Whatever it says of who it is, at the pages' address and at the programs'."""
    wrong = replace(zoe, password="Wrong-1234")
    named = {"Depth": "0", "x-webobjects-remote-user": zoe.address}
    home = f"/{zoe.address}/Calendar/personal/"

    for path in (f"/dav{home}", f"/%64av{home}", f"/so{home}"):
        for who in (wrong, None):
            answer = web.ask("PROPFIND", WEBMAIL + path, account=who, headers=named)
            assert answer.status in {401, 404}, path
    assert web.ask("PROPFIND", f"{WEBMAIL}/dav{home}", account=zoe, headers=named).status == 207


def test_a_program_reads_with_a_password_of_its_own(web: Web, zoe: Account, mail: Mail) -> None:
    """And neither sends nor sees calendars with it; revoked, it is worth nothing."""
    reader = app_password(web, zoe, "read")

    with mail.imap(reader) as client:
        assert client.select_folder("INBOX")
    box = mail.pop3(reader)
    box.quit()
    with pytest.raises(smtplib.SMTPAuthenticationError), mail.submission(reader):
        pass
    with pytest.raises(AssertionError):
        Dav(web, reader).visit()

    visitor = Visitor.signed_in(web, zoe)
    number = visitor.get(PAGE).body.split('name="password" value="')[1].split('"')[0]
    assert visitor.send(f"{PAGE}/revoke", PAGE, password=number).status == 303
    assert not reads(mail, reader)
    with mail.imap(zoe):
        pass


def test_a_printer_sends_with_a_password_of_its_own(web: Web, zoe: Account, mail: Mail) -> None:
    """And reads nothing with it."""
    printer, subject = app_password(web, zoe, "send"), token()

    with mail.submission(printer) as client:
        client.send_message(compose(zoe.address, zoe.address, subject), zoe.address)

    assert mail.wait_for(zoe, subject)
    assert not reads(mail, printer)


def test_a_calendar_program_has_a_password_of_its_own(web: Web, zoe: Account, mail: Mail) -> None:
    """Calendars and contacts open with it, by name; mail does not from elsewhere."""
    program = app_password(web, zoe, "groupware")

    Dav(web, program).visit()

    assert not reads(mail, program)


def test_a_phone_has_a_password_of_its_own(
    web: Web, zoe: Account, appliance: Appliance, shell: Shell
) -> None:
    """It synchronises with it; with one that is for something else it does not."""
    phone, reader = app_password(web, zoe, "phone"), app_password(web, zoe, "read", "groupware")

    with phones(appliance, shell) as maker:
        device = maker(phone, "16.1")
        assert device.folder(2)
        assert device.folder(8)
        with pytest.raises(HttpError):
            maker(reader, "16.1")


def test_the_password_of_the_mailbox_may_be_for_the_browser_only(
    web: Web, appliance: Appliance, directory: Directory, mail: Mail, shell: Shell
) -> None:
    """Then no program and no phone gets in with it, but with passwords of their own; and back."""
    with directory.newcomer(f"{token()}@example.org") as ida, phones(appliance, shell) as maker:
        Dav(web, ida).visit()
        with mail.imap(ida):
            pass
        visitor = Visitor.signed_in(web, ida)
        current = ida.password or ""
        where = f"{PAGE}/only"
        assert visitor.send(where, PAGE, required="on", current=current).status == 303

        wait_for("the end of it for IMAP", lambda: not reads(mail, ida), seconds=10)
        wait_for("the end of it for calendars", lambda: not plans(web, ida), seconds=20)
        with pytest.raises(smtplib.SMTPAuthenticationError), mail.submission(ida):
            pass
        with pytest.raises(HttpError):
            maker(ida, "16.1")
        program = app_password(web, ida, "read", "send", "groupware", "phone")
        assert reads(mail, program)
        assert plans(web, program)
        assert maker(program, "16.1").folder(2)
        assert Session(web, ida).lasts()

        assert visitor.send(where, PAGE, required="off", current=current).status == 303
        wait_for("IMAP", lambda: reads(mail, ida), seconds=10)
        wait_for("calendars", lambda: plans(web, ida), seconds=20)


def test_programs_go_on_without_the_portal(web: Web, zoe: Account, shell: Shell) -> None:
    """With the mailbox's password; the webmail's pages say that they are away."""
    with disturbed(shell):
        shell.run("systemctl", "stop", "fermoposta-portal")
        try:
            Dav(web, zoe).visit()
            page = web.ask("GET", f"{WEBMAIL}/", headers={"Accept": "text/html"})
        finally:
            shell.run("systemctl", "start", "fermoposta-portal")
        time.sleep(1)

    assert page.status in {500, 503}
    assert wait_for("the portal", lambda: Session(web, zoe).lasts(), seconds=20)
