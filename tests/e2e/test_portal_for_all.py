"""The portal for people who see badly, have no mouse, a small screen, or another browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clients.axe import faults
from clients.firefox import firefox
from clients.mail import token
from clients.office import Office
from clients.portal import Visitor
from clients.web import Web
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.wait import WebDriverWait

from fermoposta_demo.browser import chromium

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clients.directory import Directory

    from fermoposta_demo.appliance import Account, Appliance

OPEN = ("/", "/clients?address=ada@example.org", "/login", "/forgot")
OWN = (
    *("/home", "/account", "/account/second", "/settings", "/settings/rules"),
    *("/settings/rules/new", "/settings/restore", "/settings/sharing", "/settings/delegates"),
    *("/settings/junk", "/settings/devices", "/settings/passwords", "/settings/sign-ins"),
    "/settings/out-of-office",
)
OFFICE = (
    *("/admin/domains", "/admin/users", "/admin/users/new", "/admin/users/import"),
    *("/admin/users/edit?key=bob@example.org", "/admin/aliases", "/admin/groups"),
    *("/admin/resources", "/admin/send-as", "/admin/allowed-domains", "/admin/junk-rules"),
    *("/admin/users/delete?key=bob@example.org", "/admin/devices", "/admin/audit"),
    *("/admin/trace?recipient=ada@example.org", "/admin/health", "/tokens"),
    *("/settings/lists", "/settings/lists/new"),
    *("/admin/delegations", "/admin/grants/new", "/admin/message-rules", "/admin/out-of-office"),
    *("/admin/device-policies/new", "/admin/device-access/new", "/admin/quarantine"),
    *("/admin/quarantine?mailbox=bob@example.org", "/account/passkeys"),
)
DESKTOP, PHONE = (1280, 900), (390, 844)


@pytest.fixture(scope="module")
def zoe(directory: Directory) -> Iterator[Account]:
    """Somebody who is there for these tests."""
    with directory.newcomer(f"{token()}@example.org") as account:
        yield account


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_page_has_a_serious_fault(
    appliance: Appliance, ada: Account, size: tuple[int, int], scheme: str
) -> None:
    """By axe-core: contrasts, names of controls, headings, landmarks; and nothing runs out."""
    wrong: dict[str, list[str]] = {}
    with chromium(appliance, width=size[0], height=size[1]) as driver:
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False},
        )
        feature = {"name": "prefers-color-scheme", "value": scheme}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        office = Office(driver, appliance.urls["portal"].rstrip("/"))

        def look(pages: tuple[str, ...]) -> None:
            for path in pages:
                office.go(path)
                found = faults(driver)
                wide = driver.execute_script(
                    "return document.documentElement.scrollWidth - window.innerWidth"
                )
                if wide > 0:
                    found.append(f"the page is {wide} px too wide")
                if found:
                    wrong[path] = found

        look(OPEN)
        office.sign_in(ada)
        look((*OWN, *OFFICE))

    assert wrong == {}


def test_the_keyboard_is_enough(appliance: Appliance, zoe: Account) -> None:
    """From the front page to the webmail's rules: signed in, one made, and signed out."""
    name = token()
    with chromium(appliance) as driver:

        def press(*keys: str) -> None:
            ActionChains(driver).send_keys(*keys).perform()

        def enter(*before: str) -> None:
            """Press Enter, and wait for the page after it."""
            page = driver.find_element(By.TAG_NAME, "html")
            press(*before, Keys.ENTER)
            waiting = WebDriverWait(driver, 20, ignored_exceptions=[WebDriverException])
            waiting.until(expected_conditions.staleness_of(page))

        def tab_to(words: str) -> None:
            """Go on by Tab until what has the focus is called *words*."""
            for _ in range(120):
                press(Keys.TAB)
                at = driver.switch_to.active_element
                called = driver.execute_script(
                    "const at = arguments[0];"
                    "return (at.labels && at.labels.length ? at.labels[0].textContent : "
                    "at.getAttribute('aria-label') || at.textContent).trim();",
                    at,
                )
                if called == words:
                    return
            pytest.fail(f"{words!r} is not reached by Tab")

        driver.get(f"{appliance.urls['portal']}login")
        enter(zoe.address, Keys.TAB, zoe.password or "")
        office = Office(driver, appliance.urls["portal"].rstrip("/"))
        assert zoe.address in office.text
        tab_to("Impostazioni")
        enter()
        tab_to("Password dei programmi")
        enter()
        tab_to("Programma o telefono")
        press(name)
        tab_to("Password della casella")
        press(zoe.password or "")
        tab_to("Crea una password")
        enter()
        assert name in office.text
        tab_to("Esci")
        enter()
        office.go("/home")
        assert "/login" in driver.current_url


def test_the_whole_life_of_a_user_in_firefox(
    appliance: Appliance, ada: Account, tmp_path: Path
) -> None:
    """Made by the administrator, signed in, a rule, a share, the webmail; then taken away."""
    portal = appliance.urls["portal"].rstrip("/")
    name = token()
    address, password = f"{name}@example.org", "Primavera7"
    with firefox(appliance, tmp_path) as window:

        def fill(**fields: str) -> None:
            for field, value in fields.items():
                window.ask(
                    f"document.getElementsByName('{field.replace('__', '.')}')[0].value = '{value}'"
                )

        def press(words: str, until: str) -> None:
            window.ask(
                "[...document.querySelectorAll('main button, main a')]"
                f".find(each => each.textContent.trim() === '{words}').click()"
            )
            window.wait_for(until)

        def sign_in(who: str, secret: str) -> None:
            window.open(f"{portal}/login")
            window.type("input[name='address']", who)
            window.type("input[name='password']", f"{secret}\ue007")
            window.wait_for("location.pathname === '/home'")

        def sign_out() -> None:
            window.ask("document.querySelector('.who button').click()")
            window.wait_for("location.pathname === '/'")

        sign_in(ada.address, ada.password or "")
        window.open(f"{portal}/admin/users/new?domain=example.org")
        fill(key__local=name, name="Nina", password=password, password__again=password)
        press("Salva", "location.search.includes('done=saved')")
        sign_out()
        sign_in(address, password)
        window.open(f"{portal}/settings/sharing?search=bob")
        assert "bob@example.org" in window.ask("document.body.textContent")
        window.open(appliance.urls["webmail"])
        window.wait_for("!!document.querySelector('.sg-mailbox-list-item')")
        window.ask("document.querySelector(\"a[ng-href$='logoff']\").click()")
        window.wait_for("location.host.startsWith('portal.')")
        sign_in(ada.address, ada.password or "")
        window.open(f"{portal}/admin/users/edit?key={address}")
        press("Elimina …", "location.pathname.endsWith('/delete')")
        press("Confermo", "location.search.includes('done=removed')")

    web = Web(appliance)
    answer = Visitor(web).send("/login", "/login", address=address, password=password)
    assert answer.status == 401
