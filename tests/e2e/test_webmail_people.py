"""Whom the webmail lets in, and whom it tells of, without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clients.mail import token
from clients.waiting import wait_for
from clients.web import Web
from clients.webmail import Session

if TYPE_CHECKING:
    from clients.directory import Directory

    from fermoposta_demo.appliance import Account, Appliance

HOST = "https://mail.example.org"
BOOK = "/SOGo/dav/ada@example.org/Contacts/directory/"
MULTIGET = """<c:addressbook-multiget xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav">
<d:prop><d:getetag/><c:address-data/></d:prop>
<d:href>{book}bob@example.org</d:href><d:href>{book}irene@example.net</d:href>
</c:addressbook-multiget>"""
XML = {"Content-Type": "application/xml"}


@pytest.fixture(scope="module")
def web(appliance: Appliance) -> Web:
    return Web(appliance)


def test_who_is_closed_stays_outside_at_once(directory: Directory, web: Web) -> None:
    """The webmail, where somebody was in, and CalDAV, which knew the password, refuse in 5 s."""
    with directory.newcomer(f"{token()}@example.org") as account:
        home = f"{HOST}/SOGo/dav/{account.address}/Calendar/personal/"
        session = Session(web, account)
        let_in = (session.lasts(), propfind(web, home, account))

    wait_for("the refusal", lambda: not session.lasts(), seconds=5)

    assert let_in == (True, 207)
    assert propfind(web, home, account) == 401


@pytest.mark.feature("F154", "F158")
def test_a_client_fetches_the_cards_of_the_company_by_name(ada: Account, web: Web) -> None:
    """A report for several cards (RFC 6352, section 8.7) brings colleagues, and nobody else."""
    wanted = MULTIGET.format(book=BOOK)

    answer = web.ask("REPORT", f"{HOST}{BOOK}", account=ada, body=wanted, headers=XML)

    assert answer.status == 207
    assert "EMAIL;TYPE=work:bob@example.org" in answer.body
    assert "EMAIL;TYPE=work:irene@example.net" not in answer.body
    assert "Irene" not in answer.body


def propfind(web: Web, url: str, account: Account) -> int:
    """Look at a collection, and return the status of the answer."""
    return web.ask("PROPFIND", url, account=account, headers={"Depth": "0"}).status
