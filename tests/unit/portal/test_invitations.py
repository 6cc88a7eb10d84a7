"""Who is new chooses the password by a link that an administrator sent."""

from __future__ import annotations

import re

import pytest

NEW, PRIVATE = "new@example.org", "nuova@elsewhere.example"
FRESH = "Scelta2026x"


@pytest.fixture
def ada(browser):
    """A browser of the administrator of acme."""
    browser.sign_in("ada@example.org")
    return browser


def make(browser, **fields: str):
    page = "/admin/users/new"
    given = {
        "key.local": "new",
        "key.domain": "example.org",
        "name": "Nuova <b>",
        "quota_mb": "1000",
        "language": "it",
        "local_delivery": "on",
    }
    return browser.send(page, page=page, **(given | fields))


def link_in(outbox) -> str:
    message, recipients = outbox.mails[-1]
    assert recipients == [PRIVATE]
    assert message["To"] == PRIVATE
    assert NEW in message["Subject"]
    return re.search(r"https://portal\.example\.org(/reset\?token=\S+)", message.get_content())[1]


def choose(browser, link: str, password: str = FRESH):
    page = browser.get(link)
    token = re.search(r'name="token" value="([^"]+)"', page.text)[1]
    return browser.send("/reset", page=link, token=token, password=password, again=password)


def test_who_is_invited_chooses_a_password(ada, book, outbox, clock) -> None:
    """Days later, once; and is told how to go on, not that something was changed."""
    assert (
        make(ada, invite=PRIVATE)
        .headers["location"]
        .endswith("done=invited&text=new%40example.org")
    )
    assert book.state().users[NEW].password_hash is None
    link = link_in(outbox)
    clock.later(hours=24 * 6)
    assert "Scegliete la vostra password" in ada.get(link).text
    assert choose(ada, link, "corta").status_code == 422

    done = choose(ada, link)

    assert "Benvenuti" in done.text
    assert f"/clients?address={NEW.replace('@', '%40')}" in done.text
    assert len(outbox.mails) == 1
    assert ada.get(link).status_code == 410
    assert ada.sign_in(NEW, FRESH).status_code == 303


def test_an_invitation_ends(ada, outbox, clock) -> None:
    """After a week."""
    make(ada, invite=PRIVATE)
    link = link_in(outbox)
    clock.later(hours=24 * 7 + 1)

    assert ada.get(link).status_code == 410


def test_who_is_there_is_invited_again(ada, outbox) -> None:
    """From the page of the user; where no way of recovery is open to them, too."""
    make(ada, self_service_reset="off")
    page = f"/admin/users/edit?key={NEW}"

    for nowhere in ("", "nuova"):
        refused = ada.send("/admin/users/invite", page=page, key=NEW, invite=nowhere)
        assert refused.status_code == 422
        assert 'id="invite-wrong"' in refused.text
    assert outbox.mails == []
    sent = ada.send("/admin/users/invite", page=page, key=NEW, invite=PRIVATE)

    assert "done=invited" in sent.headers["location"]
    assert "l'invito è stato inviato" in ada.get(sent.headers["location"]).text
    assert choose(ada, link_in(outbox)).status_code == 200


def test_an_address_that_is_none_makes_nobody(ada, book, outbox) -> None:
    """It is said at its field; nothing is half done."""
    answer = make(ada, invite="nuova@")

    assert answer.status_code == 422
    assert 'id="invite-wrong"' in answer.text
    assert NEW not in book.state().users
    assert outbox.mails == []


def test_mail_that_is_away_is_said_to_be(ada, book, outbox) -> None:
    """The user is made; the invitation is sent later from their page."""
    outbox.broken = True

    sent = make(ada, invite=PRIVATE)

    assert "done=not-invited" in sent.headers["location"]
    assert NEW in book.state().users


def test_nobody_invites_beyond_their_scope(browser, outbox) -> None:
    """Not into others' mailboxes, and not into those of who administers more."""
    browser.sign_in("eve@example.net")
    page = "/admin/users/new"
    for key in ("bob@example.org", "ada@example.org", "nobody@example.net"):
        form = {"key": key, "invite": PRIVATE}
        assert browser.send("/admin/users/invite", page=page, **form).status_code == 404
        assert browser.send("/admin/aliases/invite", page=page, **form).status_code == 404
    assert outbox.mails == []
