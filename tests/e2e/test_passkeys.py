"""Passkeys in Chromium, whose own authenticator stands for that of a device; and invitations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from clients.mail import token
from clients.office import Office
from clients.portal import Visitor
from clients.waiting import wait_for
from clients.web import Web
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import (
    Protocol,
    Transport,
    VirtualAuthenticatorOptions,
)

from fermoposta_demo.appliance import Account
from fermoposta_demo.browser import chromium
from fermoposta_demo.webmail import FOLDER, Webmail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.shell import Shell
    from selenium.webdriver.chrome.webdriver import WebDriver

    from fermoposta_demo.appliance import Appliance

CHOSEN = "Scelta2026x"


@pytest.fixture
def zoe(directory: Directory) -> Iterator[Account]:
    with directory.newcomer(f"{token()}@example.org") as account:
        yield account


def device(driver: WebDriver, *, verifies: bool = True) -> None:
    """Have the browser find the authenticator of a laptop, whose holder it makes sure of or not."""
    options = VirtualAuthenticatorOptions(
        protocol=Protocol.CTAP2,
        transport=Transport.INTERNAL,
        has_resident_key=True,
        has_user_verification=True,
        is_user_verified=verifies,
    )
    driver.add_virtual_authenticator(options)


def test_a_passkey_opens_portal_and_webmail(appliance: Appliance, zoe: Account, mail: Mail) -> None:
    """Made with the password once; then without it, until it is taken away."""
    with chromium(appliance) as driver:
        device(driver)
        office = Office(driver, appliance.urls["portal"].rstrip("/"))
        office.sign_in(zoe)
        office.go("/account/passkeys")
        office.fill(name="Portatile", current=zoe.password or "")
        office.press("Continuare")
        office.press("Creare ora «Portatile»")
        assert "Portatile" in office.text
        driver.get(appliance.urls["portal"])
        office.sign_out()

        webmail = Webmail(driver, appliance)
        driver.get(appliance.urls["webmail"])
        office.press("Accedi con una passkey")
        webmail.wait("the inbox", lambda: driver.find_elements(By.CSS_SELECTOR, FOLDER))
        mail.wait_for(zoe, f"passkey a {zoe.address}")

        office.go("/account/passkeys")
        driver.find_element(By.CSS_SELECTOR, "table summary").click()
        office.press("Confermo")
        assert "Portatile" not in office.text
        office.sign_out()
        office.go("/login")
        office.press("Accedi con una passkey")
        assert "non è conosciuta" in office.text


def test_who_the_device_does_not_know_is_not_let_in(appliance: Appliance, zoe: Account) -> None:
    """Without finger, face or PIN there is no passkey, and the page says so."""
    with chromium(appliance) as driver:
        device(driver, verifies=False)
        office = Office(driver, appliance.urls["portal"].rstrip("/"))
        office.sign_in(zoe)
        office.go("/account/passkeys")
        office.fill(name="Portatile", current=zoe.password or "")
        office.press("Continuare")
        driver.find_element(By.CSS_SELECTOR, "form[data-passkey] button").click()

        wait_for("the refusal", lambda: "nessuna passkey" in office.text)
        office.go("/account/passkeys")
        assert "Portatile" not in office.text


def test_a_browser_without_scripts_is_offered_none(appliance: Appliance) -> None:
    """The form is not in the way."""
    page = Visitor(Web(appliance)).get("/login").body

    assert re.search(r'<form [^>]*data-passkey="get"[^>]* hidden>', page)


@pytest.mark.feature("F124")
def test_who_is_new_is_invited(
    appliance: Appliance, directory: Directory, bob: Account, mail: Mail
) -> None:
    """By a mail to an address that they read already; what they choose opens everything."""
    role = {"name": "administrator", "companies": ["acme"]}
    local = token()
    new = Account(f"{local}@example.org", CHOSEN, "user")
    with (
        directory.newcomer(f"{token()}@example.org", role=role) as admin,
        chromium(appliance, width=1280, height=1200) as driver,
    ):
        office = Office(driver, appliance.urls["portal"].rstrip("/"))
        office.sign_in(admin)
        office.open("users/new?domain=example.org")
        office.fill(key__local=local, name="Nuova Persona", invite=bob.address)
        office.press("Salva")
        assert "done=invited" in driver.current_url, office.text
        message = mail.wait_for(bob, f"La vostra casella {new.address}")
        body = message.get_body()
        assert body is not None
        link = re.search(r"https://portal\.example\.org\S*(/reset\?token=\S+)", body.get_content())
        assert link
        office.sign_out()

        office.go(link[1])
        office.fill(password=CHOSEN, again=CHOSEN)
        office.press("Salva")
        assert "La vostra casella è pronta" in office.text

        office.sign_in(new)
        assert new.address in driver.page_source
        with mail.imap(new) as client:
            assert client.select_folder("INBOX")
        office.sign_out()
        office.sign_in(admin)
        office.delete("users", new.address)


def test_the_command_line_invites_too(
    appliance: Appliance, zoe: Account, mail: Mail, shell: Shell
) -> None:
    """Who looks after the host hands the link over; whoever has it chooses the password."""
    link = shell.run("fermoposta", "invite", zoe.address).strip()
    visitor = Visitor(Web(appliance))
    path = f"/reset?{link.partition('?')[2]}"
    secret = link.partition("token=")[2]

    done = visitor.send("/reset", path, token=secret, password=CHOSEN, again=CHOSEN)

    assert "La vostra casella è pronta" in done.body
    with mail.imap(Account(zoe.address, CHOSEN, "user")) as client:
        assert client.select_folder("INBOX")
    assert visitor.get(path).status == 410
    again = shell.run("fermoposta", "invite", "--administrator", f"x-{token()}@example.org")
    assert "ada@example.org" in again, "somebody looks after the company already"
