"""What people look after by themselves, in Chromium, and what follows on the host."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from clients.dav import WEBMAIL, Dav
from clients.eas import phones
from clients.mail import compose, token
from clients.office import Office
from clients.waiting import wait_for
from clients.web import Web
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from fermoposta.activesync.client import provision
from fermoposta.activesync.client.provision import Wipe
from fermoposta_demo.browser import chromium
from fermoposta_demo.webmail import Webmail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account, Appliance

STRANGER = "stranger@outside.test"
WITHIN = 5


@pytest.fixture(scope="module")
def zoe(directory: Directory) -> Iterator[Account]:
    """Somebody who is there for these tests."""
    with directory.newcomer(f"{token()}@example.org") as account:
        yield account


@pytest.fixture(scope="module")
def settings(appliance: Appliance, zoe: Account) -> Iterator[Office]:
    """Chromium, in which Zoe has signed in."""
    with chromium(appliance, width=1280, height=1200) as driver:
        office = Office(driver, appliance.urls["portal"].rstrip("/"))
        office.sign_in(zoe)
        yield office


@pytest.mark.feature("F199")
@pytest.mark.feature("F200")
@pytest.mark.feature("F203")
def test_a_deleted_folder_comes_back_with_its_mail(
    settings: Office, zoe: Account, mail: Mail
) -> None:
    """Also what was deleted in the inbox; each from the list of its folder."""
    subject, other = token(), token()
    with mail.imap(zoe) as client:
        client.create_folder("INBOX/Progetti")
        client.append("INBOX/Progetti", compose(STRANGER, zoe.address, subject).as_bytes())
        client.append("INBOX", compose(STRANGER, zoe.address, other).as_bytes())
        client.delete_folder("INBOX/Progetti")
        client.select_folder("INBOX")
        client.delete_messages(client.search(["SUBJECT", other]))
        client.expunge()

    settings.go("/settings/restore")
    assert other in settings.text
    row = settings.driver.find_element(By.XPATH, "//tr[.//th[contains(., 'Progetti')]]")
    assert "cartella" in row.text
    row.find_element(By.NAME, "id").click()
    settings.press("Ripristina")
    assert "Salvato." in settings.text

    mail.wait_for(zoe, subject, "INBOX/Progetti", seconds=WITHIN)
    assert mail.find(zoe, other) == []
    settings.go("/settings/restore?folder=INBOX")
    settings.press("Ripristina tutto")
    mail.wait_for(zoe, other, seconds=WITHIN)


@pytest.mark.feature("F067")
@pytest.mark.feature("F093")
@pytest.mark.feature("F087")
@pytest.mark.feature("F088")
def test_a_secretary_keeps_the_calendar_that_was_shared(
    settings: Office, zoe: Account, bob: Account, appliance: Appliance
) -> None:
    """Read and written within seconds; not before, and not after it was taken away."""
    web = Web(appliance)
    owner = Dav(web, zoe).visit()
    assert not writes(web, bob, zoe)

    settings.go("/settings/sharing?search=bob")
    settings.fill(folder="calendar", profile="secretary")
    Select(settings.driver.find_element(By.ID, "grantee")).select_by_value(bob.address)
    settings.press("Applica")

    wait_for("the secretary's right", lambda: writes(web, bob, zoe), seconds=20)
    assert owner.objects()

    settings.go("/settings/sharing")
    settings.driver.find_element(By.XPATH, "//td//summary[.='Rimuovi']").click()
    settings.press("Confermo")
    wait_for("its end", lambda: not writes(web, bob, zoe), seconds=20)


def writes(web: Web, who: Account, owner: Account) -> bool:
    """Whether somebody may put an appointment into another's calendar."""
    name, now = token(), datetime.now(UTC)
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//test//EN",
        "BEGIN:VEVENT",
        f"UID:{name}",
        f"DTSTAMP:{now:%Y%m%dT%H%M%SZ}",
        "DTSTART:20301105T100000Z",
        "DTEND:20301105T110000Z",
        f"SUMMARY:{name}",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    )
    answer = web.ask(
        "PUT",
        f"{WEBMAIL}/dav/{owner.address}/Calendar/personal/{name}.ics",
        account=who,
        body="\r\n".join(lines),
        headers={"Content-Type": "text/calendar; charset=utf-8"},
    )
    return answer.status in {201, 204}


@pytest.mark.feature("F050")
def test_the_webmail_leads_to_the_settings(
    settings: Office, appliance: Appliance, bob: Account
) -> None:
    """From the bar at the top, once somebody has logged in."""
    with chromium(appliance) as driver:
        webmail = Webmail(driver, appliance)
        webmail.log_in(bob)

        there = f"a[href='{settings.address}/settings']"
        link = wait_for(
            "the link", lambda: driver.find_elements(By.CSS_SELECTOR, there), seconds=20
        )[0]

        assert link.get_attribute("aria-label") == "Rules and sharing"
        assert link.is_displayed()


@pytest.mark.feature("F051")
@pytest.mark.feature("F052")
@pytest.mark.feature("F054")
def test_a_rule_that_is_applied_moves_mail(settings: Office, zoe: Account, mail: Mail) -> None:
    """Saved, it does nothing yet; applied, it does within seconds."""
    word = token()
    settings.go("/settings/rules/new")
    settings.fill(name="Sposta", move="INBOX/Spostati")
    settings.driver.find_element(By.NAME, "condition.value").send_keys(word)
    field = settings.driver.find_element(By.NAME, "condition.field")
    Select(field).select_by_value("subject")
    settings.press("Salva")

    def lands() -> str:
        subject = f"{word} {token()}"
        mail.deliver(STRANGER, [zoe.address], compose(STRANGER, zoe.address, subject))
        found = wait_for(
            "the message",
            lambda: [each for each in folders() if mail.find(zoe, subject.split()[1], each)],
        )
        return str(found[0])

    def folders() -> list[str]:
        with mail.imap(zoe) as client:
            there = {name for _, _, name in client.list_folders()}
        return [each for each in ("INBOX", "INBOX/Spostati") if each in there]

    assert lands() == "INBOX"
    settings.press("Applica")
    wait_for("the rule", lambda: lands() == "INBOX/Spostati", seconds=20)


@pytest.mark.feature("F172")
@pytest.mark.feature("F168")
@pytest.mark.feature("F173")
def test_a_blocked_sender_lands_in_quarantena(
    settings: Office, zoe: Account, bob: Account, mail: Mail
) -> None:
    """For whom it was set, and for nobody else, until the rule is removed."""
    sender = f"x@{token()}.test"
    settings.go("/settings/junk")
    settings.fill(sender=sender, action="block")
    settings.press("Applica")

    def lands(folder: str) -> bool:
        subject = token()
        message = compose(sender, zoe.address, subject)
        mail.deliver(sender, [zoe.address, bob.address], message)
        mail.wait_for(bob, subject)
        return bool(
            wait_for(
                "the message",
                lambda: [each for each in ("INBOX", "Quarantena") if mail.find(zoe, subject, each)],
            )
            == [folder]
        )

    wait_for("the rule", lambda: lands("Quarantena"), seconds=20)
    settings.go("/settings/junk")
    settings.press("Rimuovi")
    wait_for("its end", lambda: lands("INBOX"), seconds=20)


def test_an_absence_is_answered(settings: Office, zoe: Account, bob: Account, mail: Mail) -> None:
    """With the text that was saved."""
    settings.go("/settings/out-of-office")
    settings.driver.find_element(By.NAME, "enabled").click()
    text = f"Torno presto {token()}"
    settings.fill(subject=text, text=text)
    settings.press("Salva")

    def answered() -> bool:
        mail.send(bob, zoe.address, token())
        return bool(mail.find(bob, text.rpartition(" ")[2]))

    wait_for("an answer", answered, seconds=30)


@pytest.mark.feature("F100")
@pytest.mark.feature("F102")
def test_a_delegate_sends_on_behalf(
    settings: Office, zoe: Account, bob: Account, mail: Mail
) -> None:
    """Within seconds of the page."""

    def sends() -> bool:
        with mail.submission(bob) as client:
            message = compose(zoe.address, bob.address, token())
            try:
                client.send_message(message, zoe.address)
            except OSError:
                return False
        return True

    assert not sends()
    settings.go("/settings/delegates?search=bob")
    settings.fill(delegate=bob.address, calendar="secretary")
    settings.press("Applica")
    wait_for("the delegation", sends, seconds=WITHIN)


def test_a_lost_phone_is_erased_by_its_owner(
    settings: Office, zoe: Account, appliance: Appliance, shell: Shell
) -> None:
    """It is in the list once it has synchronised, and is told to erase itself when it comes."""
    with phones(appliance, shell) as maker:
        phone = maker(zoe, "16.1")
        settings.go("/settings/devices")
        assert phone.device.id in settings.text
        row = f"//tr[.//code[.='{phone.device.id}']]"
        wipe = "//summary[.='Cancella tutto il dispositivo']"
        settings.driver.find_element(By.XPATH, f"{row}{wipe}").click()
        settings.press("Confermo")
        assert "da cancellare" in settings.text

        assert provision.ask(phone.client).wipe is Wipe.DEVICE
