"""Lost passwords in Chromium: by mail, by SMS and by questions; and the account that sets them."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest
from clients.mail import token
from clients.office import Office
from clients.waiting import wait_for
from imapclient.exceptions import LoginError
from selenium.webdriver.common.by import By

from fermoposta_demo.appliance import Account
from fermoposta_demo.browser import chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Appliance

NUMBER = "+393331234567"
FRESH = "Rinnovata2026"
GATEWAY = """
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with open("/root/sms-gateway.log", "a") as log:
            log.write(json.dumps([self.path, body]) + "\\n")
        self.send_response(202)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", 18025), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def visitor(appliance: Appliance) -> Iterator[Office]:
    """Chromium, in which nobody has signed in."""
    with chromium(appliance, width=1280, height=1200) as driver:
        yield Office(driver, appliance.urls["portal"].rstrip("/"))


@pytest.fixture
def lost(directory: Directory) -> Iterator[Account]:
    """Somebody who will have lost the password; the directory has nothing but that."""
    with directory.newcomer(f"{token()}@example.org") as account:
        yield account


@pytest.fixture
def gateway(shell: Shell) -> Iterator[Shell]:
    """A gateway for text messages, where the inventory says that one is."""
    unit = f"sms-gateway-{token()}"
    shell.run("rm", "-f", "/root/sms-gateway.log")
    shell.run("systemd-run", "--quiet", "--unit", unit, "python3", "-c", GATEWAY)
    wait_for(
        "the gateway",
        lambda: shell.call("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/18025").returncode == 0,
        seconds=20,
    )
    try:
        yield shell
    finally:
        shell.run("systemctl", "stop", unit)


def logs_in(mail: Mail, account: Account, password: str) -> bool:
    with mail.imap_connect() as client:
        try:
            client.login(account.address, password)
        except LoginError:
            return False
    return True


def choose(visitor: Office, account: Account, way: str) -> None:
    """From the sign-in page to the way that is chosen."""
    visitor.sign_out()
    visitor.go("/login")
    visitor.press("Password dimenticata?")
    visitor.fill(address=account.address)
    visitor.press("Continua")
    visitor.fill(way=way)
    visitor.press("Continua")


@contextmanager
def signed_in(visitor: Office, account: Account) -> Iterator[None]:
    visitor.sign_out()
    visitor.sign_in(account)
    visitor.go("/account")
    yield
    visitor.sign_out()


@pytest.mark.feature("F185")
@pytest.mark.feature("F186")
@pytest.mark.feature("F188")
@pytest.mark.feature("F194")
def test_by_mail(visitor: Office, lost: Account, mail: Mail, shell: Shell) -> None:
    """A link comes to the mailbox; the old password counts until the page is filled in."""
    choose(visitor, lost, "email")
    assert "un messaggio con un link è in arrivo" in visitor.text

    message = mail.wait_for(lost, "A new password for")
    content = message.get_content()
    link = re.search(r"https://portal\.example\.org(?::\d+)?(/reset\?token=(\S+))", content)
    assert link
    assert logs_in(mail, lost, lost.password)
    visitor.go(link[1])
    assert "Cambia la tua password" in visitor.text
    visitor.fill(password=FRESH, again=FRESH)
    visitor.press("Salva")

    wait_for("the new password", lambda: logs_in(mail, lost, FRESH), seconds=5)
    assert not logs_in(mail, lost, lost.password)
    visitor.go(link[1])
    assert "scaduto, o è già stato usato" in visitor.text
    logs = shell.run("bash", "-c", "journalctl --no-pager; cat /var/log/nginx/*.log")
    assert link[2] not in logs


@pytest.mark.feature("F189")
@pytest.mark.feature("F190")
@pytest.mark.feature("F191")
@pytest.mark.feature("F198")
def test_by_sms(visitor: Office, lost: Account, mail: Mail, gateway: Shell) -> None:
    """To the number that was set in the account, and to no other."""
    with signed_in(visitor, lost):
        visitor.fill(mobile="+39 333 1234567")
        recovery = visitor.driver.find_element(By.CSS_SELECTOR, "#recovery-current")
        recovery.send_keys(lost.password)
        visitor.press("Salva")
        assert "Salvato." in visitor.text

    def texts() -> list[dict[str, list[str]]]:
        done = gateway.call("cat", "/root/sms-gateway.log")
        return [parse_qs(json.loads(line)[1]) for line in done.stdout.splitlines()]

    choose(visitor, lost, "sms")
    visitor.fill(number="+393330000000")
    visitor.press("Continua")
    assert "Se il numero è quello impostato" in visitor.text
    choose(visitor, lost, "sms")
    visitor.fill(number=NUMBER)
    visitor.press("Continua")

    sent = wait_for("a text message", texts, seconds=10)
    assert [each["to"] for each in sent] == [[NUMBER]]
    fresh = re.search(r" is (\S+) ", sent[0]["text"][0])
    assert fresh
    wait_for("the new password", lambda: logs_in(mail, lost, fresh[1]), seconds=5)
    assert not logs_in(mail, lost, lost.password)
    assert fresh[1] not in gateway.run("journalctl", "--no-pager")


@pytest.mark.feature("F192")
@pytest.mark.feature("F193")
@pytest.mark.feature("F197")
@pytest.mark.feature("F198")
def test_by_questions(visitor: Office, lost: Account, mail: Mail) -> None:
    """All right answers show a new password, which counts for mail and portal."""
    with signed_in(visitor, lost):
        questions = visitor.driver.find_elements(By.NAME, "question")
        answers = visitor.driver.find_elements(By.NAME, "answer")
        for question, answer, text in zip(
            questions, answers, ("Il cane?", "L'auto?"), strict=False
        ):
            question.send_keys(text)
            answer.send_keys(f"Risposta a {text}")
        visitor.driver.find_element(By.CSS_SELECTOR, "#recovery-current").send_keys(lost.password)
        visitor.press("Salva")
        assert "Salvato." in visitor.text

    choose(visitor, lost, "questions")
    for wrong in (True, False):
        given = visitor.driver.find_elements(By.NAME, "answer")
        for answer, text in zip(given, ("il cane?", "l'auto?"), strict=True):
            answer.send_keys("sbagliata" if wrong else f"RISPOSTA a {text}")
        visitor.press("Continua")
        assert ("Non tutte le risposte sono corrette" in visitor.text) is wrong

    fresh = visitor.driver.find_element(By.CSS_SELECTOR, "code.secret").text
    wait_for("the new password", lambda: logs_in(mail, lost, fresh), seconds=5)
    assert not logs_in(mail, lost, lost.password)
    visitor.press("Accedi")
    visitor.fill(address=lost.address, password=fresh)
    visitor.press("Accedi")
    assert "Password attuale" in visitor.text
    mail.wait_for(Account(lost.address, fresh, "user"), "The password of")


@pytest.mark.feature("F129")
@pytest.mark.feature("F196")
def test_not_where_it_is_switched_off(visitor: Office, directory: Directory, mail: Mail) -> None:
    """The page says whom to turn to."""
    with directory.newcomer(f"{token()}@example.org", self_service_reset=False) as account:
        visitor.sign_out()
        visitor.go(f"/forgot?address={account.address}")
        visitor.press("Continua")

        assert "rivolgetevi al vostro amministratore" in visitor.text
        assert logs_in(mail, account, account.password)


@pytest.mark.feature("F185")
def test_the_webmail_leads_there_too(visitor: Office, appliance: Appliance) -> None:
    """Its log-in page has the link."""
    visitor.driver.get(appliance.urls["webmail"])

    link = wait_for(
        "the link",
        lambda: visitor.driver.find_elements(By.LINK_TEXT, "Password dimenticata?"),
        seconds=20,
    )[0]

    assert link.get_attribute("href") == f"{visitor.address}/forgot"
