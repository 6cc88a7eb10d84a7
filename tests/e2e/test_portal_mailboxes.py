"""What administrators do about other people's mailboxes in Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clients.mail import compose, token
from clients.waiting import wait_for
from selenium.webdriver.common.by import By
from test_quarantine import spam

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.office import Office
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account

STRANGER = "stranger@outside.test"


@pytest.fixture(scope="module")
def zoe(directory: Directory) -> Iterator[Account]:
    with directory.newcomer(f"{token()}@example.org") as account:
        yield account


@pytest.mark.feature("F181")
def test_a_mail_is_let_out_of_the_quarantine(
    office: Office, zoe: Account, mail: Mail, shell: Shell
) -> None:
    """It is found, shown with the reason, and in the inbox a moment later; the filter learns."""
    subject, other = token(), token()
    junk = mail.special(zoe, b"\\Junk")
    for each in (subject, other):
        mail.deliver(STRANGER, [zoe.address], spam(zoe.address, each))
        mail.wait_for(zoe, each, junk)

    def listed() -> bool:
        office.open(f"quarantine?text={zoe.address}")
        return f"{zoe.address} 2" in office.text

    wait_for("the overview", listed, seconds=20)
    office.press(zoe.address)
    assert subject in office.text
    assert "posta indesiderata" in office.text
    office.driver.find_element(By.CSS_SELECTOR, f"[aria-label='Seleziona {subject}']").click()
    office.press("Sposta i selezionati nella posta in arrivo")
    assert subject not in office.text
    mail.wait_for(zoe, subject)
    office.driver.find_element(By.CSS_SELECTOR, f"[aria-label='Seleziona {other}']").click()
    office.driver.find_element(By.CSS_SELECTOR, "main summary").click()
    office.press("Confermo")
    assert "Non c'è nulla" in office.text
    assert mail.find(zoe, other, junk) == []
    kept = shell.run("doveadm", "search", "-u", zoe.address, "mailbox", f".kept/{junk}", "all")
    assert len(kept.splitlines()) == 1, "its owner can restore it"

    said = shell.run("journalctl", "--unit=fermoposta-portal", "--lines=50", "--no-pager")
    assert f"address={zoe.address}" in said
    assert "did=release" in said


def test_a_folder_is_shared_for_somebody(
    office: Office, zoe: Account, bob: Account, mail: Mail
) -> None:
    """By an administrator, and taken away again: it counts in IMAP within seconds."""
    where = f"Condivise/{zoe.address}/INBOX"
    mail.deliver(STRANGER, [zoe.address], compose(STRANGER, zoe.address, token()))

    def seen() -> bool:
        with mail.imap(bob) as client:
            return any(name == where for _, _, name in client.list_folders())

    office.add(
        "grants",
        key__address=zoe.address,
        key__other=bob.address,
        key__folder="INBOX",
        rights="read_only",
    )
    wait_for("the shared folder", seen, seconds=15)
    office.delete("grants", f"{zoe.address} {bob.address} INBOX")
    wait_for("the end of it", lambda: not seen(), seconds=15)


def test_an_absence_is_set_for_somebody(
    office: Office, zoe: Account, bob: Account, mail: Mail
) -> None:
    """Who fell ill has told nobody how to do it."""
    words = token()
    office.add("out-of-office", key__address=zoe.address, text=f"Sono in malattia. {words}")

    mail.send(bob, zoe.address, token())

    def answered() -> bool:
        with mail.imap(bob) as client:
            client.select_folder("INBOX")
            return bool(client.search(["FROM", zoe.address, "BODY", words]))

    wait_for("the answer", answered, seconds=30)
    office.delete("out-of-office", zoe.address)
