"""The appliance under test, and real clients for it.

It is the container that FERMOPOSTA_CONTAINER names (molecule's), or else the demo's of `make up`.
The tests can be collected without either; they fail, and do not pass in silence, where there is no
host.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from clients.directory import Directory
from clients.mail import Mail, token
from clients.office import Office
from clients.outside import Outside
from clients.shell import Shell

from fermoposta_demo import up
from fermoposta_demo.browser import chromium
from fermoposta_demo.paths import BUILD
from fermoposta_demo.webmail import Webmail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta_demo.appliance import Account, Appliance

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a host, so that `-m "not e2e"` leaves it out."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("e2e")


@pytest.fixture(scope="session")
def appliance() -> Appliance:
    """Return where the host under test is, as demo.json says it."""
    container = os.environ.get("FERMOPOSTA_CONTAINER", up.CONTAINER)
    return up.describe(container, BUILD / "e2e" / container)


@pytest.fixture(scope="session")
def shell(appliance: Appliance) -> Shell:
    return Shell(appliance.container)


@pytest.fixture(scope="session")
def mail(appliance: Appliance) -> Mail:
    return Mail(appliance)


@pytest.fixture(scope="session")
def outside(shell: Shell) -> Outside:
    return Outside(shell)


@pytest.fixture(scope="session")
def directory(shell: Shell) -> Directory:
    return Directory(shell)


@pytest.fixture(scope="module")
def office(appliance: Appliance, directory: Directory) -> Iterator[Office]:
    """Chromium, in which an administrator of acme's has signed in."""
    role = {"name": "administrator", "companies": ["acme"]}
    address = appliance.urls["portal"].rstrip("/")
    with (
        directory.newcomer(f"{token()}@example.org", role=role) as account,
        chromium(appliance, width=1280, height=1200) as driver,
    ):
        office = Office(driver, address)
        office.sign_in(account)
        yield office


@pytest.fixture(scope="session")
def users(appliance: Appliance) -> list[Account]:
    """Return everybody who can log in."""
    return [account for account in appliance.accounts if account.password]


@pytest.fixture(scope="session")
def ada(appliance: Appliance) -> Account:
    return appliance.account("ada@example.org")


@pytest.fixture(scope="session")
def bob(appliance: Appliance) -> Account:
    return appliance.account("bob@example.org")


@pytest.fixture(scope="module")
def ada_online(appliance: Appliance, ada: Account) -> Iterator[Webmail]:
    """Ada, whose language is English, in front of her inbox."""
    with chromium(appliance) as driver:
        webmail = Webmail(driver, appliance)
        webmail.log_in(ada)
        yield webmail


@pytest.fixture
def ada_reads(ada_online: Webmail) -> Webmail:
    """Ada's browser, back in her inbox whatever the test before did."""
    ada_online.driver.get(ada_online.appliance.urls["webmail"] + "so/ada@example.org/Mail/view")
    ada_online.open_folder("Inbox")
    return ada_online
