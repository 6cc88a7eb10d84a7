"""The page that says whether host and DNS are well: three outcomes, to whom each matters."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime

import pytest

from fermoposta.cli import checks
from fermoposta.portal.admin.health import OUTCOMES, PARTS
from fermoposta.portal.problems import said
from fermoposta.portal.store import Finding

AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def finding(part: str, subject: str, outcome: str = "good", message: str = "active") -> Finding:
    return Finding(part, subject, outcome, message, "see journalctl -u <b>", AT)


@pytest.fixture
def seen(store) -> None:
    store.findings = [
        finding("unit", "dovecot"),
        finding("unit", "zz-postfix", "bad", "failed"),
        finding("clock", "ntp", "could not tell", "a container has its host's clock"),
        finding("dns", "example.net", "bad", "SPF is missing"),
        finding("dns", "_dmarc.example.com"),
        finding("dns", "_dmarc.example.net"),
    ]


def test_there_are_three_outcomes(browser, seen) -> None:
    """In the reader's language, what is bad first, with what to do."""
    browser.sign_in("ada@example.org")

    text = browser.get("/admin/health").text

    assert "2026-01-02 03:04 UTC" in text
    for words in ("Da correggere: 2", "Non verificabile: 1", "A posto: 2", "SPF manca"):
        assert words in text
    assert text.index("zz-postfix") < text.index(">dovecot<")
    assert "si veda journalctl -u &lt;b&gt;" in text


def test_each_sees_what_is_theirs(browser, seen) -> None:
    """A mail administrator the DNS of the own domains; nobody another company's."""
    browser.sign_in("ada@example.org")
    assert "example.com" not in browser.get("/admin/health").text
    browser.cookies.clear()
    browser.sign_in("eve@example.net")

    text = browser.get("/admin/health").text

    assert "_dmarc.example.net" in text
    assert "dovecot" not in text
    assert "example.com" not in text


def test_users_see_nothing(browser, seen) -> None:
    """It is the administrators' page."""
    browser.sign_in("bob@example.org")

    assert browser.get("/admin/health").status_code == 403


def test_before_the_first_look_the_page_says_so(browser) -> None:
    """Nothing found is not all well."""
    browser.sign_in("ada@example.org")

    text = browser.get("/admin/health").text

    assert "Non è ancora stato controllato nulla" in text
    assert "A posto" not in text


def test_the_words_are_the_doctors() -> None:
    """Each outcome that there is has a place on the page."""
    assert set(OUTCOMES) == {str(each) for each in checks.Outcome}


@pytest.mark.parametrize(
    "sentence",
    [
        "ends in 80 days",
        "is at 0016, not at 0017",
        "2 messages, the oldest 5.0 h old",
        "37% free",
        "DKIM: no name server answers",
        "MX is another",
        "publish what `fermoposta dns` prints",
        "nothing listens (IMAP, TLS)",
    ],
)
def test_what_is_found_is_said_in_italian(sentence: str) -> None:
    """With its numbers and names."""
    assert said(sentence, "it") != sentence


def test_every_part_has_a_title() -> None:
    """What the doctor looks at is on the page."""
    assert set(re.findall(r'Finding\(\s*"(\w+)"', inspect.getsource(checks))) == set(PARTS)
