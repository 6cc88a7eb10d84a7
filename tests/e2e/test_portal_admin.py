"""Administrators in Chromium, and the mail that follows within seconds."""

from __future__ import annotations

import json
import re
import smtplib
import time
from typing import TYPE_CHECKING

import pytest
from clients.dav import Dav
from clients.disturbance import disturbed
from clients.invite import event, invitation
from clients.mail import compose, token
from clients.waiting import wait_for
from clients.web import Web
from imapclient.exceptions import LoginError
from selenium.webdriver.common.by import By

from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.mail import Mail
    from clients.office import Office
    from clients.shell import Shell

    from fermoposta_demo.appliance import Appliance

STRANGER = "stranger@outside.test"
PASSWORD = "Segreta2026"
NAMES = ("antivirus", "antispam", "local_delivery", "restrict_sending", "restrict_receiving")
WITHIN = 5
"""Seconds in which what was saved counts."""


@pytest.fixture(scope="module")
def made(office: Office) -> Iterator[Account]:
    """A user who was made in the browser."""
    local = token()
    office.add(
        "users",
        key__local=local,
        key__domain="example.org",
        name="Zoe <b>Nuova</b>",
        password=PASSWORD,
        password__again=PASSWORD,
    )
    yield Account(f"{local}@example.org", PASSWORD, "user")
    office.delete("users", f"{local}@example.org")


def lands(mail: Mail, account: Account, rcpt: str, folder: str = "INBOX", sender: str = STRANGER):
    """Wait until a stranger's mail to *rcpt* is in a folder of *account*."""
    subject = token()

    def sent() -> bool:
        try:
            mail.deliver(sender, [rcpt], compose(sender, rcpt, subject))
        except smtplib.SMTPRecipientsRefused:
            return False
        return True

    wait_for(f"a server that takes mail for {rcpt}", sent, seconds=WITHIN)
    return mail.wait_for(account, subject, folder)


def logs_in(mail: Mail, account: Account) -> bool:
    with mail.imap_connect() as client:
        try:
            client.login(account.address, account.password)
        except LoginError:
            return False
    return True


@pytest.mark.feature("F114")
@pytest.mark.feature("F119")
@pytest.mark.feature("F120")
@pytest.mark.feature("F124")
@pytest.mark.feature("F133")
@pytest.mark.feature("F223")
def test_a_user_who_is_made_gets_mail(office: Office, made: Account, mail: Mail) -> None:
    """Within seconds of Save they log in; the space used is empty until mail comes."""
    page = f"users/edit?key={made.address}"
    office.open(page)
    assert office.used == ""
    wait_for("the first log-in", lambda: logs_in(mail, made), seconds=WITHIN)
    lands(mail, made, made.address)
    office.open(page)
    assert re.search(r"posta [1-9]\d* KB, calendari 0 KB, contatti 0 KB, altro 0 KB", office.used)
    office.open(f"users?text={made.address}")
    assert "Zoe <b>Nuova</b>" in office.text
    assert "1 elemento" in office.text


@pytest.mark.feature("F116")
@pytest.mark.feature("F222")
def test_domains_are_listed_with_the_space_they_use(
    office: Office, made: Account, mail: Mail, shell: Shell, appliance: Appliance
) -> None:
    """Mail, calendars, address books and the rest, as of now."""
    what = event()
    message = compose(STRANGER, made.address, token(), "x" * 3_000_000)

    def shown() -> list[float]:
        office.open("domains")
        row = next(
            each.text
            for each in office.driver.find_elements(By.TAG_NAME, "tr")
            if each.text.startswith("example.org")
        )
        units = {"KB": 1 / 1024, "MB": 1, "GB": 1024}
        found = re.findall(r"([0-9.]+) ([KMG]B)", row)
        return [float(amount) * units[unit] for amount, unit in found]

    Dav(Web(appliance), made).visit().put(what.ical(STRANGER, made.address))
    with disturbed(shell):
        shell.run("systemctl", "restart", "fermoposta-agent")  # it looks when it starts
        wait_for("the calendar", lambda: shown()[1] > 0, seconds=30)
    before = shown()
    mail.deliver(STRANGER, [made.address], message)
    mail.wait_for(made, str(message["Subject"]))
    after = shown()

    assert len(after) == 5
    assert 2.5 < after[0] - before[0] < 5
    assert after[4] > before[4]


@pytest.mark.feature("F152")
@pytest.mark.feature("F156")
@pytest.mark.feature("F121")
def test_an_alias_and_a_group_that_are_made_reach_their_people(
    office: Office, made: Account, mail: Mail
) -> None:
    """And no longer once they were deleted, which asks first."""
    alias, group = token(), token()
    office.add("aliases", key__local=alias, key__domain="example.org", destinations=made.address)
    office.add(
        "groups", key__local=group, key__domain="example.org", name="Squadra", members=made.address
    )
    for slug, local in (("aliases", alias), ("groups", group)):
        address = f"{local}@example.org"
        lands(mail, made, address)
        office.open(f"{slug}/edit?key={address}")
        office.press("Elimina …")
        lands(mail, made, address)
        office.delete(slug, address)

        def refused(address: str = address) -> bool:
            try:
                mail.deliver(STRANGER, [address], compose(STRANGER, address, token()))
            except smtplib.SMTPRecipientsRefused:
                return True
            return False

        wait_for("a server that refuses it", refused, seconds=WITHIN)


@pytest.mark.feature("F162")
def test_a_room_that_is_made_answers_invitations(office: Office, made: Account, mail: Mail) -> None:
    """It accepts, under the name that was given."""
    local, what = token(), event()
    office.add("resources", key__local=local, key__domain="example.org", name="Sala nuova")

    def invited() -> bool:
        with mail.submission(made) as client:
            try:
                client.send_message(invitation(what, made.address, f"{local}@example.org"))
            except smtplib.SMTPRecipientsRefused:
                return False
        return True

    wait_for("a room that takes mail", invited, seconds=WITHIN)
    answer = mail.wait_for(made, f": {what.uid}")
    assert "Sala nuova" in str(answer["From"])
    calendar = next(each for each in answer.walk() if each.get_content_type() == "text/calendar")
    assert "PARTSTAT=ACCEPTED" in calendar.get_content()
    office.delete("resources", f"{local}@example.org")


@pytest.mark.feature("F146")
@pytest.mark.feature("F151")
def test_an_allowed_list_that_is_made_lets_mail_in(office: Office, mail: Mail) -> None:
    """To somebody who is restricted to it; before it and after it nobody from outside writes."""
    domain, local = f"{token()}.test", token()
    address = f"{local}@example.com"
    office.open("users/new")
    office.fill(key__local=local, key__domain="example.com", name="Solo Interna")
    office.driver.find_element(By.NAME, "restrict_receiving").click()
    office.press("Salva")

    def taken() -> bool:
        stranger = f"x@{domain}"
        try:
            mail.deliver(stranger, [address], compose(stranger, address, token()))
        except smtplib.SMTPRecipientsRefused:
            return False
        return True

    assert not taken()
    office.add("allowed-domains", key__domain="example.com", allowed=f"far.example {domain}")
    wait_for("the list", taken, seconds=WITHIN)
    office.delete("allowed-domains", "example.com")
    wait_for("its end", lambda: not taken(), seconds=WITHIN)
    office.delete("users", address)


@pytest.mark.feature("F174")
@pytest.mark.feature("F176")
def test_a_junk_rule_that_is_made_sends_mail_to_quarantena(
    office: Office, made: Account, mail: Mail
) -> None:
    """For everybody of the domain, until it is deleted."""
    domain = f"{token()}.test"
    office.add("junk-rules", key__sender=f"@{domain}", key__domain="example.org", action="block")
    time.sleep(1)
    lands(mail, made, made.address, "Quarantena", sender=f"x@{domain}")

    office.delete("junk-rules", f"example.org @{domain}")
    time.sleep(1)
    lands(mail, made, made.address, sender=f"x@{domain}")


@pytest.mark.feature("F109")
@pytest.mark.feature("F111")
def test_a_send_as_rule_that_is_made_lets_its_senders_send(
    office: Office, made: Account, mail: Mail
) -> None:
    """In the name of an alias; nobody else, and nobody once it is gone."""
    local = token()
    alias = f"{local}@example.org"
    office.add("aliases", key__local=local, key__domain="example.org", destinations=made.address)
    assert not sends(mail, made, alias)

    office.add("send-as", key__address=alias, senders=made.address)
    wait_for("the right to send", lambda: sends(mail, made, alias), seconds=WITHIN)

    office.delete("send-as", alias)
    wait_for("its end", lambda: not sends(mail, made, alias), seconds=WITHIN)
    office.delete("aliases", alias)


def sends(mail: Mail, account: Account, sender: str) -> bool:
    with mail.submission(account) as client:
        try:
            client.send_message(compose(sender, account.address, token()), sender)
        except smtplib.SMTPException:
            return False
    return True


@pytest.mark.feature("F136")
def test_both_filters_are_on_for_a_new_mailbox_and_recommended(office: Office) -> None:
    """As is local delivery; the restrictions are off."""
    office.open("users/new")

    on = [name for name in NAMES if office.driver.find_element(By.NAME, name).is_selected()]

    assert on == ["antivirus", "antispam", "local_delivery"]
    assert office.text.count("scelta consigliata") == 2


@pytest.mark.feature("F123")
@pytest.mark.feature("F128")
def test_what_is_wrong_is_said_and_nothing_is_made(office: Office) -> None:
    """At the field, and the page is still filled in; the list of it stays empty."""
    local = token()
    office.open("users/new")
    office.fill(
        key__local=local, name="Nessuno", quota_mb="99", password="Corta1", password__again="Corta2"
    )
    office.press("Salva")

    assert "Le due password non coincidono" in office.text
    assert office.driver.find_element(By.NAME, "name").get_attribute("value") == "Nessuno"
    office.fill(password="Corta1", password__again="Corta1")
    office.press("Salva")
    assert "Ha meno di 8 caratteri" in office.text
    assert "meno di 100" in office.text
    office.open(f"users?text={local}")
    assert "Nessun risultato" in office.text


def test_an_export_tells_what_the_portal_changed(office: Office, shell: Shell) -> None:
    """Against an earlier export it is listed; the new one, imported, changes nothing."""
    before, after, local = f"/root/{token()}", f"/root/{token()}", token()
    shell.run("fermoposta", "export", "--hashes", before)
    office.add("groups", key__local=local, key__domain="example.org", name="Nuovo", members="")

    drift = shell.call("fermoposta", "drift", before)
    shell.run("fermoposta", "export", "--hashes", after)
    again = shell.call("fermoposta", "drift", after)
    applied = shell.run("fermoposta", "apply", "--json", after)

    assert f"{local}@example.org" in drift.stdout
    assert again.returncode == 0, again.stdout
    assert json.loads(applied)["changed"] is False
    office.delete("groups", f"{local}@example.org")
    shell.run("rm", "-r", before, after)
