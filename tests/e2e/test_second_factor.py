"""A second factor guards portal and webmail; programs have passwords of their own."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pyotp
import pytest
from clients.mail import token
from clients.portal import Visitor
from clients.web import Web
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from fermoposta_demo.browser import chromium
from fermoposta_demo.webmail import FOLDER, Webmail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.mail import Mail

    from fermoposta_demo.appliance import Account, Appliance

PAGE = "/account/second"


@pytest.fixture(scope="module")
def zoe(directory: Directory) -> Iterator[Account]:
    """Somebody who is there for these tests."""
    with directory.newcomer(f"{token()}@example.org") as account:
        yield account


def test_the_webmail_asks_for_the_code_too(appliance: Appliance, zoe: Account, mail: Mail) -> None:
    """Set up in the portal; then the password alone opens neither, and mail goes on by IMAP."""
    visitor = Visitor.signed_in(Web(appliance), zoe)
    page = visitor.send(PAGE, PAGE, current=zoe.password or "")
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", visitor.get(PAGE).body)
    assert page.status == 303
    assert secret
    totp = pyotp.TOTP(secret[1])
    confirmed = visitor.send(f"{PAGE}/confirm", PAGE, code=totp.now())
    assert confirmed.status == 200, confirmed.body
    paper = re.findall(r"<code>([a-z2-9]{5}-[a-z2-9]{5})</code>", confirmed.body)

    with chromium(appliance) as driver:
        webmail = Webmail(driver, appliance)
        webmail.fill_in(zoe.address, zoe.password or "")
        webmail.seen("input[name='code']").send_keys("000000", Keys.ENTER)
        webmail.wait("the refusal", lambda: driver.find_elements(By.CSS_SELECTOR, "[role='alert']"))
        time.sleep(1)
        webmail.seen("input[name='code']").send_keys(paper[0], Keys.ENTER)
        webmail.wait("the inbox", lambda: driver.find_elements(By.CSS_SELECTOR, FOLDER))

    with mail.imap(zoe) as client:
        assert client.select_folder("INBOX")
