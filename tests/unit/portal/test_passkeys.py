"""Signing in with a passkey, and making one."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace

import pytest
from tests.unit.portal.authenticator import Authenticator
from tests.unit.portal.conftest import PASSWORD

from fermoposta.directory.model import Secret
from fermoposta.directory.plan import change_password

BOB = "bob@example.org"
PAGE = "/account/passkeys"


def options(text: str, kind: str) -> str:
    found = re.search(rf'data-passkey="{kind}" data-options="([^"]+)"', text)
    assert found, text
    return html.unescape(found[1])


def add(browser, device: Authenticator, name: str = "Telefono <b>"):
    asked = browser.send(PAGE, page=PAGE, name=name, current=PASSWORD)
    made = device.create(options(asked.text, "create"))
    return browser.send(f"{PAGE}/add", page=PAGE, name=name, credential=made)


def enter(browser, device: Authenticator, page: str = "/login", **fields: str):
    answer = device.get(options(browser.get(page).text, "get"))
    return browser.send("/login/passkey", page=page, credential=answer, **fields)


@pytest.fixture
def device(browser) -> Authenticator:
    """A device that keeps a passkey of Bob's; nobody is signed in."""
    device = Authenticator()
    browser.sign_in(BOB)
    assert add(browser, device).status_code == 303
    browser.send("/logout", page="/home")
    return device


def test_who_has_a_passkey_signs_in_with_it(browser, device, outbox) -> None:
    """To where they were going; and was told by mail when it was added."""
    ((message, recipients),) = outbox.mails
    assert recipients == [BOB]
    assert "passkey" in message["Subject"]

    entered = enter(browser, device, next="/settings/rules")

    assert entered.headers["location"] == "/settings/rules"
    assert BOB in browser.get("/home").text
    page = browser.get(PAGE).text
    assert "Telefono &lt;b&gt;" in page
    assert '<td class="when">mai</td>' not in page


def test_no_code_is_asked_for_beside_it(browser, device, factors) -> None:
    """It is both factors; and can be used where a code is asked for."""
    factors.begin(BOB, "JBSWY3DPEHPK3PXP")
    factors.confirm(BOB, 1, [])
    assert browser.sign_in(BOB).headers["location"] == "/login/code"

    assert enter(browser, device, page="/login/code").headers["location"] == "/home"


def test_an_answer_is_good_once_and_not_for_long(browser, device, clock) -> None:
    """Who saw it going by gets nothing."""
    answer = device.get(options(browser.get("/login").text, "get"))
    assert browser.send("/login/passkey", credential=answer).status_code == 303
    browser.send("/logout", page="/home")
    again = browser.send("/login/passkey", credential=answer)
    assert again.status_code == 401
    assert "non è conosciuta" in again.text

    late = device.get(options(browser.get("/login").text, "get"))
    clock.later(minutes=11)
    assert browser.send("/login/passkey", credential=late).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"host": "evil.example"},
        {"origin": "https://evil.example"},
        {"origin": "http://portal.example.org"},
        {"verifies": False},
        {"key": Authenticator().key},
        {"id": b"another"},
    ],
    ids=str,
)
def test_what_is_not_as_it_should_be_is_refused(browser, device, change) -> None:
    """Another site, nobody made sure of, another's key: all are told the same."""
    answer = enter(browser, replace(device, **change))

    assert answer.status_code == 401
    assert browser.get("/home").status_code == 303


def test_a_copy_is_found_out(browser, device, passkeys) -> None:
    """A device that counts comes with more each time."""
    device.count = 5
    assert enter(browser, device).status_code == 303
    browser.send("/logout", page="/home")
    device.count = 4

    assert enter(browser, device).status_code == 401
    assert passkeys.there[device.id].sign_count == 5


@pytest.mark.parametrize(
    "credential", ["", "{}", "[]", "no JSON", '{"response": {"clientDataJSON": "e30"}}']
)
def test_what_is_no_answer_is_refused(browser, credential: str) -> None:
    """And nothing breaks."""
    assert browser.send("/login/passkey", credential=credential).status_code == 401


def test_a_challenge_is_for_what_it_was_made_for(browser, device) -> None:
    """That of a sign-in makes no passkey, and one of Bob's none for Ada."""
    asked = options(browser.get("/login").text, "get")
    browser.sign_in(BOB)
    fresh = Authenticator()
    forged = {"credential": fresh.create(asked), "name": "x"}
    assert browser.send(f"{PAGE}/add", page=PAGE, **forged).status_code == 422
    bobs = browser.send(PAGE, page=PAGE, name="x", current=PASSWORD).text
    browser.send("/logout", page="/home")
    browser.sign_in("ada@example.org")
    stolen = {"credential": fresh.create(options(bobs, "create")), "name": "x"}

    assert browser.send(f"{PAGE}/add", page=PAGE, **stolen).status_code == 422
    assert browser.send(f"{PAGE}/add", page=PAGE, credential="{}", name="x").status_code == 422


def test_making_one_asks_for_the_password_and_a_name(browser, passkeys) -> None:
    """Who finds a browser signed in stays nobody."""
    browser.sign_in(BOB)

    for fields in ({"name": "x", "current": "falsa"}, {"name": "", "current": PASSWORD}):
        refused = browser.send(PAGE, page=PAGE, **fields)
        assert refused.status_code == 422
        assert "data-options" not in refused.text
    assert passkeys.there == {}


def test_the_device_is_told_what_it_has_already(browser, device) -> None:
    """So that one device doesn't get two; and the same one can't be kept twice."""
    browser.sign_in(BOB)
    asked = browser.send(PAGE, page=PAGE, name="x", current=PASSWORD)
    known = json.loads(options(asked.text, "create"))
    assert len(known["excludeCredentials"]) == 1
    assert known["rp"] == {"name": "Fermoposta", "id": "portal.example.org"}
    assert known["user"]["name"] == BOB

    assert add(browser, device).status_code == 422


def test_one_is_taken_away(browser, device, passkeys) -> None:
    """By its owner, and by nobody else."""
    taken = {"passkey": device.id.hex()}
    browser.sign_in("ada@example.org")
    browser.send(f"{PAGE}/remove", page=PAGE, **taken)
    browser.send(f"{PAGE}/remove", page=PAGE, passkey="no hex")
    assert list(passkeys.there) == [device.id]
    browser.send("/logout", page="/home")
    browser.sign_in(BOB)

    assert browser.send(f"{PAGE}/remove", page=PAGE, **taken).status_code == 303

    browser.send("/logout", page="/home")
    assert enter(browser, device).status_code == 401


def test_an_administrator_takes_all_away(browser, device, passkeys) -> None:
    """Of who has lost the device, or of whom somebody else has used."""
    browser.sign_in("ada@example.org")
    page = f"/admin/users/edit?key={BOB}"
    assert "passkey" in browser.get(page).text

    browser.send("/admin/users/second-factor", page=page, key=BOB)

    assert passkeys.there == {}


def test_a_closed_user_does_not_come_in(browser, device, book) -> None:
    """And a session ends with the password, whatever opened it."""
    enter(browser, device)
    assert BOB in browser.get("/home").text

    book.change(lambda state: change_password(state, BOB, Secret("Altra2026x")), actor="test")

    assert browser.get("/home").status_code == 303


def test_scripts_are_allowed_where_they_are_needed_only(browser) -> None:
    """Nowhere a script of anybody else's."""
    assert "script-src 'self';" in browser.get("/login").headers["content-security-policy"]
    assert "script-src" not in browser.get("/").headers["content-security-policy"]
    assert browser.get("/static/passkey.js").status_code == 200
