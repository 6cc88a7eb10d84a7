"""Where is a mail, who signed in: what the journal tells, and whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.portal.conftest import Clock

from fermoposta.agent.journal import SECONDS
from fermoposta.portal import agent
from fermoposta.portal.journal import Login, Mail, Step

NOW = Clock().now


def mail(sender: str, *recipients: str, login: str = "") -> Mail:
    steps = [Step(NOW, "came", "", "mx[192.0.2.9]")]
    steps += [
        Step(NOW, "stored", each, f"folder-of-{each.partition('@')[0]}") for each in recipients
    ]
    return Mail("id@x", sender, login, 2000, recipients, tuple(steps))


@pytest.fixture
def ada(browser):
    browser.sign_in("ada@example.org")
    return browser


def test_a_mail_is_shown_with_what_became_of_it(ada, journal) -> None:
    """From its coming to its folder, in the reader's language."""
    journal.told = [mail("x@outside.test", "bob@example.org")]

    text = ada.get("/admin/trace", params={"recipient": "bob@example.org"}).text

    for words in ("x@outside.test", "folder-of-bob", "Arrivato", "Messo nella cartella", "id@x"):
        assert words in text


def test_what_is_not_ones_business_is_not_shown(ada, journal) -> None:
    """A mail to two companies: each sees its own; who sent it sees all."""
    journal.told = [mail("x@outside.test", "bob@example.org", "zed@example.com")]
    asked = {"sender": "x@outside.test"}

    text = ada.get("/admin/trace", params=asked).text
    assert "folder-of-bob" in text
    assert "zed" not in text

    journal.told = [mail("x@outside.test", "zed@example.com")]
    assert "zed" not in ada.get("/admin/trace", params=asked).text
    journal.told = [mail("eve@example.net", "zed@example.com")]
    assert "folder-of-zed" in ada.get("/admin/trace", params={"sender": "eve@example.net"}).text


def test_what_the_rules_say_now_stands_beside_it(ada) -> None:
    """Of an own recipient: the way, the place, or the refusal."""
    text = ada.get("/admin/trace", params={"recipient": "sales@example.org"}).text
    assert "sales@example.org → ada@example.org" in text
    assert "Posta in arrivo" in text

    other = ada.get("/admin/trace", params={"recipient": "zed@example.com"}).text
    assert "Secondo le regole attuali" not in other


@pytest.mark.parametrize("field", ["sender", "recipient"])
def test_what_is_no_address_is_said_at_its_field(ada, journal, field: str) -> None:
    """And the journal isn't asked."""
    answer = ada.get("/admin/trace", params={field: "<script>"})

    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    assert "<script>" not in answer.text


def test_a_subject_or_an_answer_stays_text(ada, journal) -> None:
    """Other servers' words are shown, and do nothing."""
    evil = Step(NOW, "deferred", "bob@example.org", "<b>", "<script>alert(1)</script>")
    journal.told = [Mail("<i>", "x@outside.test", "", 1, ("bob@example.org",), (evil,))]

    text = ada.get("/admin/trace", params={"sender": "x@outside.test"}).text

    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_users_may_not_look(browser, journal) -> None:
    """The page is the administrators'."""
    browser.sign_in("bob@example.org")

    assert browser.get("/admin/trace", params={"sender": "bob@example.org"}).status_code == 403


def test_one_sees_who_signed_in_to_the_own_mailbox(browser, journal) -> None:
    """And to nobody else's, for a fortnight."""
    browser.sign_in("bob@example.org")
    journal.seen = {
        "bob@example.org": [
            Login("imap", "192.0.2.1", True, 3, NOW - timedelta(days=2)),
            Login("smtp", "192.0.2.66", False, 1, NOW - timedelta(days=3)),
            Login("imap", "192.0.2.77", True, 1, NOW - timedelta(days=15)),
        ],
        "ada@example.org": [Login("imap", "192.0.2.2", True, 1, NOW)],
    }

    text = browser.get("/settings/sign-ins").text

    assert "192.0.2.1" in text
    assert "192.0.2.66" in text
    assert "192.0.2.77" not in text
    assert "192.0.2.2<" not in text


@pytest.mark.feature("F224")
def test_a_set_up_ends_with_an_outcome(browser, journal) -> None:
    """Connected, refused and why, or nothing yet; of old log-ins it says nothing."""
    browser.sign_in("bob@example.org")
    assert 'href="/settings/sign-ins"' in browser.get("/clients?address=bob@example.org").text

    def tested() -> str:
        text = browser.get("/settings/sign-ins").text
        return text[text.index('id="test"') : text.index("Gli ultimi")]

    journal.seen = {
        "bob@example.org": [Login("imap", "192.0.2.1", True, 1, NOW - timedelta(hours=1))]
    }
    assert tested().count("ancora nulla") == 2
    journal.seen = {
        "bob@example.org": [
            Login("smtp", "192.0.2.1", False, 1, NOW - timedelta(minutes=1)),
            Login("imap", "192.0.2.1", True, 1, NOW - timedelta(minutes=2)),
            Login("imap", "192.0.2.1", False, 1, NOW - timedelta(minutes=3)),
        ]
    }
    assert tested().count("ancora nulla") == 0
    assert "collegato</span>" in tested()
    assert "rifiutato: l'indirizzo o la password" in tested()


def test_a_journal_that_can_not_be_asked_is_said_so(browser, journal, monkeypatch) -> None:
    """An empty list would be a lie."""

    def away(*_: object, **__: object) -> None:
        raise agent.AwayError

    monkeypatch.setattr(type(journal), "logins", away)
    monkeypatch.setattr(type(journal), "mails", away)
    browser.sign_in("ada@example.org")

    for path in ("/settings/sign-ins", "/admin/trace?sender=bob@example.org"):
        answer = browser.get(path)
        assert answer.status_code == 503
        assert "Il registro non è leggibile" in answer.text


def test_the_portal_waits_longer_than_the_journal_may_take() -> None:
    """Three looks in a row, or it gives up on an answer that comes."""
    assert agent.SECONDS > 3 * SECONDS
