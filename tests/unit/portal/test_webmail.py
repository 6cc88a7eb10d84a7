"""One sign-on with the webmail: who is led where, and what the web server is told."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from fermoposta.portal import webmail

if TYPE_CHECKING:
    import httpx
    from tests.unit.portal.conftest import Browser

MAIL, PORTAL = "mail.example.org", "portal.example.org"


def start(browser: Browser, wanted: str = "/SOGo/") -> str:
    """Come to the webmail, as nginx passes it on, and return where it leads at the portal."""
    browser.host = MAIL
    answer = browser.get("/portal/start", headers={"x-wanted": wanted})
    location = answer.headers["location"]
    assert location.startswith(f"https://{PORTAL}/webmail?state=")
    browser.host = PORTAL
    return location.removeprefix(f"https://{PORTAL}")


def hand_over(browser: Browser, path: str) -> str:
    """Go on from there, signed in, and return where that leads at the webmail."""
    location = browser.get(path).headers["location"]
    assert location.startswith(f"https://{MAIL}/portal/enter?ticket=")
    return location.removeprefix(f"https://{MAIL}")


def enter(browser: Browser, path: str) -> httpx.Response:
    browser.host = MAIL
    answer = browser.get(path)
    browser.host = PORTAL
    return answer


def whose(browser: Browser) -> httpx.Response:
    browser.host = MAIL
    answer = browser.get("/portal/whose")
    browser.host = PORTAL
    return answer


@pytest.fixture
def inside(browser) -> Browser:
    """A browser that is signed in, and in the webmail."""
    browser.sign_in("ada@example.org")
    assert enter(browser, hand_over(browser, start(browser))).status_code == 303
    return browser


def test_who_is_signed_in_is_let_in(browser) -> None:
    """Without another password, and to the page they wanted."""
    browser.sign_in("ada@example.org")
    wanted = "/SOGo/so/ada@example.org/Calendar/view"

    answer = enter(browser, hand_over(browser, start(browser, wanted)))

    assert (answer.status_code, answer.headers["location"]) == (303, wanted)
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("__host-fermoposta-webmail=")
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= set(cookie.split("; "))


def test_who_is_not_signs_in_and_goes_on(browser) -> None:
    """One sign-in, here; the form leads on to the webmail, which the page's policy lets it."""
    path = start(browser)

    to_sign_in = browser.get(path).headers["location"]
    page = browser.get(to_sign_in)
    answer = browser.send(
        "/login", page=to_sign_in, address="ada@example.org", password="Segreta123", next=path
    )

    assert to_sign_in.startswith("/login?next=%2Fwebmail%3Fstate%3D")
    assert f"form-action 'self' https://{MAIL}:*" in page.headers["content-security-policy"]
    assert answer.headers["location"] == path
    assert enter(browser, hand_over(browser, path)).status_code == 303


def test_the_web_server_is_told_who_it_is(inside) -> None:
    """And what opens the mailbox, which is another thing than the password, and the same again."""
    answer = whose(inside)

    scheme, _, opens = answer.headers["x-webmail-authorization"].partition(" ")
    address, _, secret = base64.b64decode(opens).decode().partition(":")
    assert answer.status_code == 204
    assert answer.headers["x-webmail-user"] == address == "ada@example.org"
    assert scheme == "Basic"
    assert len(secret) == 43
    assert whose(inside).headers["x-webmail-authorization"] == f"Basic {opens}"


def test_nothing_that_opens_is_kept(inside, keys) -> None:
    """Neither the cookie nor what opens the mailbox can be read from the database."""
    token = inside.cookies.get(webmail.WEBMAIL_COOKIE)
    kept = [*keys.webmail, *(each for pair in keys.webmail.values() for each in pair)]

    assert all(len(each) == 32 for each in kept)
    assert token.encode() not in kept
    assert webmail.mail_secret(token).encode() not in kept


def test_who_has_no_session_is_nobody(browser) -> None:
    """The web server hears 401, whether there is no cookie or one that means nothing."""
    assert whose(browser).status_code == 401
    browser.cookies.set(webmail.WEBMAIL_COOKIE, "x" * 43, domain=MAIL)
    assert whose(browser).status_code == 401


def test_signing_out_of_the_portal_is_out_of_the_webmail(inside) -> None:
    """At once."""
    inside.send("/logout", page="/account")

    assert whose(inside).status_code == 401


def test_signing_out_of_the_webmail_is_out_of_the_portal(inside) -> None:
    """It leads to the front page; another site can't do it to somebody."""
    inside.host = MAIL
    forged = inside.get("/portal/leave", headers={"sec-fetch-site": "cross-site"})
    still = whose(inside).status_code
    inside.host = MAIL
    answer = inside.get("/portal/leave")
    inside.host = PORTAL

    assert (forged.status_code, still) == (403, 204)
    assert answer.headers["location"] == f"https://{PORTAL}/"
    assert whose(inside).status_code == 401
    assert inside.get("/home").status_code == 303


def test_a_session_that_is_over_is_over_there(inside, clock) -> None:
    """After its hours."""
    clock.later(hours=13)

    assert whose(inside).status_code == 401


def test_a_ticket_is_good_once(browser) -> None:
    """Whoever finds it in a history gets nothing; the browser that is inside stays."""
    browser.sign_in("ada@example.org")
    path = hand_over(browser, start(browser))
    enter(browser, path)

    again = enter(browser, path)
    browser.cookies.delete(webmail.WEBMAIL_COOKIE, domain=MAIL)
    other = enter(browser, path)

    assert again.headers["location"] == "/SOGo/"
    assert other.headers["location"] == f"https://{PORTAL}/webmail/again"
    assert "set-cookie" not in other.headers


def test_a_ticket_is_good_for_a_minute(browser, clock) -> None:
    """Whoever waits begins anew."""
    browser.sign_in("ada@example.org")
    path = hand_over(browser, start(browser))
    clock.later(seconds=61)

    assert enter(browser, path).headers["location"].endswith("/webmail/again")
    assert browser.get("/webmail/again").status_code == 400


def test_nobody_is_signed_in_as_somebody_else(browser) -> None:
    """A link with a ticket of the attacker's does nothing in another browser."""
    browser.sign_in("bob@example.org")
    path = hand_over(browser, start(browser))
    browser.cookies.clear()
    start(browser)

    assert enter(browser, path).headers["location"].endswith("/webmail/again")
    assert whose(browser).status_code == 401


def test_windows_that_come_back_at_once_get_in(browser) -> None:
    """Each with a ticket of its own, for the one state that the browser has."""
    browser.sign_in("ada@example.org")
    first = hand_over(browser, start(browser))
    second = hand_over(browser, start(browser))

    assert enter(browser, first).headers["location"] == "/SOGo/"
    assert enter(browser, second).headers["location"] == "/SOGo/"


@pytest.mark.parametrize(
    "wanted", ["", "//evil.example/", "https://evil.example/", "/home", "/SOGo/so/\\evil"]
)
def test_one_is_led_into_the_webmail_and_nowhere_else(browser, wanted: str) -> None:
    """Whatever a link asked for."""
    browser.sign_in("ada@example.org")

    answer = enter(browser, hand_over(browser, start(browser, wanted)))

    assert answer.headers["location"] == "/SOGo/"


@pytest.mark.parametrize("given", ["", "x", "0" * 63, "0" * 64 + "\n"])
def test_a_state_that_is_none_leads_back(browser, given: str) -> None:
    """To the webmail, which gives one; the port is the reader's."""
    browser.sign_in("ada@example.org")
    browser.host = f"{PORTAL}:10443"

    answer = browser.get("/webmail", params={"state": given})

    assert answer.headers["location"] == f"https://{MAIL}:10443/SOGo/"
