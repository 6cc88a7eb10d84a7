"""What administrators see of people's quarantines, and take out of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.portal.conftest import Clock

from fermoposta.portal.journal import Filed
from fermoposta.portal.mine.mailboxes import Held

NOW = Clock().now
PAGE = "/admin/quarantine"


def held(number: int, subject: str = "Offerta", why: str = "spam") -> Held:
    return Held(f"7-{number}", NOW, "x@outside.test", subject, 2000, why, "9.1", "")


@pytest.fixture
def ada(browser, mailboxes):
    mailboxes.held["bob@example.org"] = [held(1, "Offerta <b>"), held(2, "Buono")]
    browser.sign_in("ada@example.org")
    return browser


def test_whose_mail_went_there_is_listed_within_the_scope(ada, journal) -> None:
    """Within the time that is asked for; found by a part of the address."""
    journal.put["Quarantena"] = [
        Filed("bob@example.org", 3, NOW),
        Filed("zed@example.com", 1, NOW),
        Filed("eve@example.net", 1, NOW - timedelta(days=20)),
    ]

    page = ada.get(PAGE).text

    assert f'href="{PAGE}?mailbox=bob%40example.org"' in page
    assert "zed@" not in page
    assert "eve@example.net" not in page
    assert "eve@example.net" in ada.get(PAGE, params={"hours": "720"}).text
    assert "bob@" not in ada.get(PAGE, params={"hours": "720", "text": "eve"}).text


def test_what_lies_there_is_shown_and_let_out(ada, mailboxes) -> None:
    """With the reason in the reader's language; subjects stay text."""
    where = f"{PAGE}?mailbox=bob@example.org"
    page = ada.get(where).text
    assert "posta indesiderata (9.1)" in page
    assert "<b>" not in page

    moved = ada.send(PAGE, page=where, mailbox="bob@example.org", id=["7-2"], do="release")

    assert moved.status_code == 303
    assert [each.id for each in mailboxes.held["bob@example.org"]] == ["7-1"]
    assert ada.send(PAGE, page=where, mailbox="bob@example.org", id="7-1").status_code == 400
    gone = ada.send(PAGE, page=where, mailbox="bob@example.org", id="7-1", do="discard")
    assert gone.status_code == 303
    assert mailboxes.held["bob@example.org"] == []


def test_nobody_looks_into_what_they_do_not_administer(ada, browser, mailboxes) -> None:
    """Whatever stands in the address or the form; nor into a mailbox of somebody above."""
    mailboxes.held["zed@example.com"] = [held(1)]
    assert ada.get(f"{PAGE}?mailbox=zed@example.com").status_code == 404
    assert ada.get(f"{PAGE}?mailbox=nobody@example.org").status_code == 404
    form = {"page": f"{PAGE}?mailbox=bob@example.org", "id": "7-1", "do": "release"}
    assert ada.send(PAGE, mailbox="zed@example.com", **form).status_code == 404
    assert len(mailboxes.held["zed@example.com"]) == 1

    browser.send("/logout", page="/home")
    browser.sign_in("eve@example.net")
    for address in ("ada@example.org", "bob@example.org"):
        assert browser.get(f"{PAGE}?mailbox={address}").status_code == 404
    browser.send("/logout", page="/home")
    browser.sign_in("bob@example.org")
    assert browser.get(PAGE).status_code == 403


def test_a_mailbox_that_is_away_is_said_to_be(ada, mailboxes) -> None:
    """And nothing is lost."""
    where = f"{PAGE}?mailbox=bob@example.org"
    ada.get(where)
    mailboxes.away = True

    assert ada.get(where).status_code == 503
