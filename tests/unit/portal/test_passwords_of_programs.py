"""Passwords of programs: who makes them, what they are good for, and their end."""

from __future__ import annotations

import base64
import re

import pytest
from structlog.testing import capture_logs

from fermoposta.directory.plan import plan
from fermoposta.portal.digest import digest_of
from fermoposta.portal.keys import app_passwords

PAGE = "/settings/passwords"


@pytest.fixture
def ada(browser):
    browser.sign_in("ada@example.org")
    return browser


def make(browser, **fields: object):
    given = {"name": "Phone", "use": ["read", "send"], "current": "Segreta123", **fields}
    return browser.send(PAGE, page=PAGE, **given)


def shown(answer) -> str:
    found = app_passwords.SHAPE.search(answer.text)
    assert found
    return found[0]


def test_one_is_made_and_shown_once(ada, keys) -> None:
    """It is for what was chosen; only its digest is kept, and no log has it."""
    with capture_logs() as logs:
        answer = make(ada)
    password = shown(answer)

    assert answer.status_code == 201
    [(owner, secret, one)] = keys.secrets.values()
    assert (owner, one.name) == ("ada@example.org", "Phone")
    assert one.protocols == ("imap", "pop3", "smtp")
    assert secret == digest_of(password)
    assert not app_passwords.SHAPE.search(ada.get(PAGE).text)
    assert password not in str(logs)


@pytest.mark.parametrize(
    ("field", "value", "at"),
    [
        ("current", "wrong", "current-wrong"),
        ("use", [], "use-wrong"),
        ("use", ["everything"], "use-wrong"),
        ("name", "", "name-wrong"),
        ("name", "x" * 61, "name-wrong"),
    ],
)
def test_what_is_wrong_stands_at_its_field(ada, keys, field: str, value: object, at: str) -> None:
    """And nothing is made."""
    answer = make(ada, **{field: value})

    assert answer.status_code == 422
    assert f'id="{at}"' in answer.text
    assert keys.secrets == {}


def test_there_are_not_too_many(ada, keys, clock) -> None:
    """Fifty are enough for anybody."""
    for number in range(app_passwords.MOST):
        keys.add_app_password("ada@example.org", "x", ("imap",), bytes([number]), clock())

    assert make(ada).status_code == 422


def test_a_name_stays_text(ada) -> None:
    """Whatever is written into it."""
    make(ada, name="<script>alert(1)</script>")

    assert "<script" not in ada.get(PAGE).text
    assert "&lt;script&gt;" in ada.get(PAGE).text


def test_one_is_revoked_by_its_owner_and_by_nobody_else(ada, keys, clock) -> None:
    """Another's is not there."""
    keys.add_app_password("bob@example.org", "Bob's", ("imap",), b"b", clock())
    make(ada)
    [bobs, own] = keys.secrets

    for number in (str(bobs), "", "x", "9" * 30, "-1"):
        answer = ada.send(f"{PAGE}/revoke", page=PAGE, password=number)
        assert answer.status_code == 404, number
    answer = ada.send(f"{PAGE}/revoke", page=PAGE, password=str(own))

    assert answer.headers["location"] == f"{PAGE}?done=1"
    assert list(keys.secrets) == [bobs]


def test_nobody_makes_one_without_being_signed_in(browser, keys) -> None:
    """The page leads to the sign-in."""
    assert browser.get(PAGE).headers["location"].startswith("/login")
    assert keys.secrets == {}


def asked(browser, kind: str, address: str, password: str) -> str | None:
    """Ask what the web server asks as a program comes; the answer is who it is then."""
    coded = base64.b64encode(f"{address}:{password}".encode()).decode()
    answer = browser.get(f"/portal/program/{kind}", headers={"authorization": f"Basic {coded}"})
    assert answer.status_code == 204
    given = answer.headers.get("x-webmail-authorization", "").partition(" ")[2]
    return base64.b64decode(given).decode().partition(":")[0] or None


def test_the_web_server_is_told_of_programs(ada, browser, keys) -> None:
    """Of those that came with a password of their own, for that."""
    password = shown(make(ada, use=["groupware"]))

    assert asked(browser, "dav", "Ada@example.org", password) == "ada@example.org"
    assert asked(browser, "eas", "ada@example.org", password) is None
    assert asked(browser, "imap", "ada@example.org", password) is None
    assert asked(browser, "dav", "bob@example.org", password) is None
    assert asked(browser, "dav", "ada@example.org", "Segreta123") is None
    assert asked(browser, "dav", "ada@example.org", app_passwords.generate()) is None
    [(known, digest)] = keys.groupware.items()
    key = app_passwords.groupware_key(keys.secret(), "ada@example.org")
    assert (known, digest) == ("ada@example.org", digest_of(key))
    assert key != app_passwords.groupware_key(keys.secret(), "bob@example.org")
    assert re.search(r"2026-01-02 03:04 UTC · 192\.0\.2\.7", ada.get(PAGE).text)


@pytest.mark.parametrize("header", ["", "Basic", "Basic !", "Bearer x", "Basic " + "x" * 4000])
def test_what_is_no_log_in_is_nobody(browser, header: str) -> None:
    """However it is written."""
    answer = browser.get("/portal/program/dav", headers={"authorization": header})

    assert answer.status_code == 204
    assert "x-webmail-authorization" not in answer.headers


def test_who_is_closed_gets_nowhere(ada, browser, book, state) -> None:
    """Not by a password of a program either."""
    password = shown(make(ada, use=["phone"]))
    assert asked(browser, "eas", "ada@example.org", password) == "ada@example.org"
    del state.users["ada@example.org"]
    state.aliases.clear()
    book.change(lambda actual: plan(state, actual, guarded=False), actor="test")

    assert asked(browser, "eas", "ada@example.org", password) is None


def test_programs_are_kept_from_using_the_password_of_the_mailbox(ada, book) -> None:
    """By the owner, with the password, also where the inventory has the rest; and let again."""
    where = f"{PAGE}/only"
    assert book.state().users["ada@example.org"].managed_by == "inventory"
    refused = ada.send(where, page=PAGE, required="on", current="wrong")
    assert refused.status_code == 422
    assert 'id="only-wrong"' in refused.text
    for word in ("on", "off"):
        sent = ada.send(where, page=PAGE, required=word, current="Segreta123")
        assert sent.status_code == 303
        required = book.state().users["ada@example.org"].require_app_passwords
        assert required == (word == "on")
        assert ("Nessun programma" in ada.get(PAGE).text) == required
