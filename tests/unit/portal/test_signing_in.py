"""Who gets into the portal, who does not, and what either learns from it."""

import re

import pytest
from structlog.testing import capture_logs

from fermoposta.directory import passwords
from fermoposta.directory.plan import change_password, plan
from fermoposta.service.client_address import network_of


@pytest.mark.feature("F114")
def test_an_administrator_signs_in_with_the_mailboxs_credentials(browser) -> None:
    """The session's cookie is out of reach for scripts, other sites and plain HTTP."""
    response = browser.sign_in("ada@example.org")

    assert (response.status_code, response.headers["location"]) == (303, "/home")
    cookie = response.headers["set-cookie"].lower()
    assert cookie.startswith("__host-fermoposta=")
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= set(cookie.split("; "))
    assert "Ada Lovelace" in browser.get("/home").text


def test_the_address_is_taken_however_it_is_written(browser) -> None:
    """Upper case and spaces are no reason to be sent away."""
    assert browser.sign_in(" Ada@Example.ORG ").status_code == 303


@pytest.mark.parametrize(
    ("address", "password"),
    [
        ("ada@example.org", "wrong"),
        ("nobody@example.org", "Segreta123"),
        ("sales@example.org", "Segreta123"),
        ("no address", "Segreta123"),
        ("ada@example.org", "x" * 5000),
        ("ada@example.org", ""),
    ],
)
def test_every_refusal_is_the_same(browser, address: str, password: str) -> None:
    """Nobody learns whether an address exists."""
    wrong = browser.sign_in("bob@example.org", "wrong")

    response = browser.sign_in(address, password)

    assert response.status_code == wrong.status_code == 401
    told = [
        re.sub(r'data-options="[^"]+"', "", page.text).replace(who, "…")
        for page, who in ((response, address), (wrong, "bob@example.org"))
    ]
    assert told[0] == told[1]
    assert browser.get("/home").headers["location"] == "/login?next=%2Fhome"


def test_a_refusal_is_logged_for_fail2ban_without_the_password(browser) -> None:
    """The line names the address and the client, and nothing that is secret."""
    with capture_logs() as logs:
        browser.sign_in("ada@example.org", "NotTheOne1")

    assert logs == [
        {
            "event": "login refused",
            "log_level": "warning",
            "address": "ada@example.org",
            "client": "192.0.2.7",
        }
    ]


def test_too_many_attempts_are_refused_for_a_while(browser, clock) -> None:
    """A client that guesses waits, even if the last guess is right; then it may try again."""
    for _ in range(6):
        assert browser.sign_in("ada@example.org", "wrong").status_code == 401

    limited = browser.sign_in("ada@example.org")
    clock.later(minutes=16)

    assert (limited.status_code, limited.headers["retry-after"]) == (429, "900")
    assert browser.sign_in("ada@example.org").status_code == 303


def test_unknown_addresses_are_limited_alike(browser) -> None:
    """The limit gives nobody's existence away."""
    for _ in range(6):
        browser.sign_in("nobody@example.org", "wrong")

    assert browser.sign_in("nobody@example.org", "wrong").status_code == 429


def test_somebody_elses_guesses_do_not_lock_ada_out(browser) -> None:
    """Another client is still let in."""
    for _ in range(7):
        browser.sign_in("ada@example.org", "wrong")
    browser.client = "198.51.100.9"

    assert browser.sign_in("ada@example.org").status_code == 303


def test_a_client_may_not_go_through_all_addresses(browser) -> None:
    """One password tried at many addresses counts together."""
    answers = [browser.sign_in(f"user{n}@example.org", "Guess123").status_code for n in range(31)]

    assert answers == [401] * 30 + [429]


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("nonsense", "unknown"),
    ],
)
def test_an_ipv6_client_cannot_hide_in_its_network(client: str, network: str) -> None:
    """All addresses of one /64 are one client."""
    assert network_of(client) == network


@pytest.mark.feature("F115")
def test_a_changed_password_counts_at_once_and_ends_sessions(browser, book) -> None:
    """The portal has no password of its own: it looks where the mailbox looks."""
    browser.sign_in("ada@example.org")
    book.change(
        lambda state: change_password(
            state, "ada@example.org", passwords.hash_password("Nuova4567")
        ),
        actor="ada@example.org",
    )

    assert browser.get("/home").status_code == 303
    assert browser.sign_in("ada@example.org").status_code == 401
    assert browser.sign_in("ada@example.org", "Nuova4567").status_code == 303


def test_a_closed_user_is_out_at_once(browser, book, state) -> None:
    """Neither the session nor the password is good any longer."""
    browser.sign_in("bob@example.org")
    del state.users["bob@example.org"]
    book.change(lambda actual: plan(state, actual, guarded=False), actor="ada@example.org")

    assert browser.get("/home").headers["location"].startswith("/login")
    assert browser.sign_in("bob@example.org").status_code == 401


def test_a_session_ends_by_itself(browser, clock) -> None:
    """After twelve hours one signs in anew."""
    browser.sign_in("ada@example.org")
    clock.later(hours=12, seconds=1)

    assert browser.get("/home").status_code == 303


def test_signing_out_ends_the_session_for_good(browser, store) -> None:
    """A copy of the cookie is worth nothing afterwards."""
    browser.sign_in("ada@example.org")
    copy = dict(browser.cookies)

    browser.send("/logout", page="/home")
    browser.cookies.update(copy)

    assert browser.get("/home").status_code == 303
    assert not store.sessions


def test_the_store_holds_no_cookie(browser, store) -> None:
    """Whoever reads the database can't become anybody."""
    browser.sign_in("ada@example.org")

    (session,) = store.sessions.values()
    assert browser.cookies["__Host-fermoposta"].encode() not in session.digest
    assert "digest" not in repr(session)


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_a_form_of_another_site_is_refused(browser, path: str) -> None:
    """Without the token that only our pages have, nothing happens."""
    browser.get("/login")
    fields = {"address": "ada@example.org", "password": "Segreta123"}

    for token in ("", "guessed", "é"):
        response = browser.ask("POST", path, data={**fields, "form_token": token})
        assert response.status_code == 403


def test_without_the_cookie_an_empty_token_is_no_token(browser) -> None:
    """Two empty values are equal, and not good enough."""
    response = browser.ask("POST", "/login", data={"form_token": ""})

    assert response.status_code == 403


def test_a_huge_form_is_not_read(browser) -> None:
    """Nobody fills our memory."""
    assert browser.ask("POST", "/login", content=b"x" * 10000).status_code == 413
