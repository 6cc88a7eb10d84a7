"""The second factor: who is asked for a code, which codes are good, and how one gets rid of it."""

from __future__ import annotations

import re

import pyotp
import pytest
from structlog.testing import capture_logs

from fermoposta.portal.second import desk

PAGE = "/account/second"
PASSWORD = "Segreta123"


def set_up(browser, factors, clock, address: str = "ada@example.org") -> tuple[str, list[str]]:
    """Set a factor up as somebody does who is signed in; return the secret and the paper."""
    browser.send(PAGE, page=PAGE, current=PASSWORD)
    secret = factors.factors[address].secret
    answer = browser.send(f"{PAGE}/confirm", page=PAGE, code=code_at(secret, clock))
    return secret, re.findall(r"<code>([a-z2-9]{5}-[a-z2-9]{5})</code>", answer.text)


def code_at(secret: str, clock, seconds: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(clock().timestamp()) + seconds)


@pytest.fixture
def guarded(browser, factors, clock) -> tuple[str, list[str]]:
    """Ada has a second factor, and has signed out."""
    browser.sign_in("ada@example.org")
    made = set_up(browser, factors, clock)
    browser.cookies.clear()
    clock.later(seconds=60)
    return made


def give(browser, code: str, **more: str):
    return browser.send("/login/code", page="/login/code", code=code, **more)


def test_it_counts_once_a_code_has_shown_that_the_app_has_it(browser, factors, clock) -> None:
    """Until then one signs in as before; the paper is shown once, and kept as digests."""
    browser.sign_in("ada@example.org")
    answer = browser.send(PAGE, page=PAGE, current="wrong")
    assert (answer.status_code, factors.factors) == (422, {})
    browser.send(PAGE, page=PAGE, current=PASSWORD)
    waiting = browser.get(PAGE).text
    secret = factors.factors["ada@example.org"].secret
    assert secret in waiting
    assert "<svg" in waiting
    assert browser.send(f"{PAGE}/confirm", page=PAGE, code="000000").status_code == 422
    assert not factors.factors["ada@example.org"].confirmed

    answer = browser.send(f"{PAGE}/confirm", page=PAGE, code=code_at(secret, clock))

    codes = re.findall(r"<code>([a-z2-9]{5}-[a-z2-9]{5})</code>", answer.text)
    assert factors.factors["ada@example.org"].confirmed
    assert len(set(codes)) == desk.CODES
    assert secret not in browser.get(PAGE).text
    assert codes[0] not in browser.get(PAGE).text
    assert codes[0].encode() not in factors.codes["ada@example.org"]


def test_the_password_alone_opens_nothing(browser, guarded, store) -> None:
    """There is no session before the code, and the webmail's way in is the same."""
    before = len(store.sessions)

    answer = browser.sign_in("ada@example.org")

    assert answer.headers["location"] == "/login/code"
    assert len(store.sessions) == before
    assert browser.get("/home").status_code == 303
    assert browser.get("/webmail?state=" + "0" * 64).headers["location"].startswith("/login?")


def test_the_code_opens_the_session_and_leads_on(browser, guarded, clock) -> None:
    """With blanks, as apps show it; and a code of now is none later."""
    secret, _ = guarded
    browser.send("/login", address="ada@example.org", password=PASSWORD, next="/settings/rules")
    code = code_at(secret, clock)

    answer = give(browser, f"{code[:3]} {code[3:]}", next="/settings/rules")

    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/rules")
    assert browser.get("/home").status_code == 200


@pytest.mark.parametrize("seconds", [-90, -61, 61, 90])
def test_another_times_code_is_wrong(browser, guarded, clock, seconds: int) -> None:
    """Half a minute before and after are good, for clocks differ; no more."""
    secret, _ = guarded
    clock.now = clock.now.replace(second=0)
    browser.sign_in("ada@example.org")

    with capture_logs() as logs:
        answer = give(browser, code_at(secret, clock, seconds))

    assert answer.status_code == 401
    assert [(each["event"], each["address"]) for each in logs] == [
        ("login refused", "ada@example.org")
    ]
    assert give(browser, code_at(secret, clock, 30)).status_code == 303


def test_a_code_is_good_once(browser, guarded, clock) -> None:
    """Who looked over the shoulder gets nothing; nor by an older one."""
    secret, _ = guarded
    code = code_at(secret, clock)
    browser.sign_in("ada@example.org")
    give(browser, code)
    browser.cookies.clear()
    browser.sign_in("ada@example.org")

    assert give(browser, code).status_code == 401
    assert give(browser, code_at(secret, clock, -30)).status_code == 401
    assert give(browser, code_at(secret, clock, 30)).status_code == 303


def test_a_code_on_paper_is_good_once(browser, guarded) -> None:
    """However it is typed, and nobody else's is."""
    _, paper = guarded
    browser.sign_in("ada@example.org")
    assert give(browser, f" {paper[0].replace('-', '').upper()} ").status_code == 303
    browser.cookies.clear()
    browser.sign_in("ada@example.org")

    assert give(browser, paper[0]).status_code == 401
    assert give(browser, "").status_code == 401
    assert give(browser, paper[1]).status_code == 303


def test_whoever_guesses_waits(browser, guarded, clock) -> None:
    """The right password does not forgive wrong codes."""
    secret, _ = guarded
    for _ in range(6):
        browser.sign_in("ada@example.org")
        assert give(browser, "000000").status_code == 401
    browser.sign_in("ada@example.org")

    limited = give(browser, code_at(secret, clock))
    clock.later(minutes=16)
    browser.sign_in("ada@example.org")

    assert (limited.status_code, limited.headers["retry-after"]) == (429, "900")
    assert give(browser, code_at(secret, clock)).status_code == 303


def test_half_a_sign_in_does_not_last(browser, guarded, clock) -> None:
    """Nor is it one for anything else; another password ends it."""
    secret, _ = guarded
    browser.sign_in("ada@example.org")
    clock.later(minutes=11)

    assert browser.get("/login/code").headers["location"] == "/login"
    token = browser.get("/login").text
    form = re.search(r'name="form_token" value="([^"]+)"', token)[1]
    answer = browser.ask(
        "POST", "/login/code", data={"form_token": form, "code": code_at(secret, clock)}
    )
    assert answer.headers["location"] == "/login"
    assert browser.get("/home").status_code == 303


def test_one_takes_it_away_with_the_password(browser, guarded, clock, factors) -> None:
    """After that the password is enough again."""
    secret, _ = guarded
    browser.sign_in("ada@example.org")
    give(browser, code_at(secret, clock))

    assert browser.send(f"{PAGE}/remove", page=PAGE, current="wrong").status_code == 422
    browser.send(f"{PAGE}/remove", page=PAGE, current=PASSWORD)
    browser.cookies.clear()

    assert factors.factors == {}
    assert browser.sign_in("ada@example.org").headers["location"] == "/home"


def test_nobody_sets_another_in_its_place(browser, guarded, clock, factors) -> None:
    """Not with the password, in a browser that was left signed in."""
    secret, _ = guarded
    browser.sign_in("ada@example.org")
    give(browser, code_at(secret, clock))
    page = browser.get("/account").text
    token = re.search(r'name="form_token" value="([^"]+)"', page)[1]

    browser.ask("POST", PAGE, data={"form_token": token, "current": PASSWORD})

    assert factors.factors["ada@example.org"].secret == secret


def test_an_administrator_takes_it_from_who_has_lost_all(browser, factors, clock) -> None:
    """Of their own domains' users, and of nobody who administers more."""
    for address in ("ada@example.org", "bob@example.org", "eve@example.net"):
        factors.begin(address, desk.new_secret())
        factors.confirm(address, 0, [])
    secret = factors.factors["eve@example.net"].secret
    browser.sign_in("eve@example.net")
    give(browser, code_at(secret, clock))
    answers = [
        browser.send(
            "/admin/users/second-factor", page="/admin/users/edit?key=eve@example.net", key=key
        ).status_code
        for key in ("ada@example.org", "bob@example.org", "nobody@example.net", "")
    ]
    assert answers == [404] * 4
    browser.cookies.clear()
    clock.later(seconds=60)
    browser.sign_in("ada@example.org")
    give(browser, code_at(factors.factors["ada@example.org"].secret, clock))
    page = "/admin/users/edit?key=bob@example.org"
    assert "Accede con un secondo fattore" in browser.get(page).text

    answer = browser.send("/admin/users/second-factor", page=page, key="bob@example.org")

    assert answer.headers["location"] == "/admin/users/edit?key=bob%40example.org"
    assert set(factors.factors) == {"ada@example.org", "eve@example.net"}
    assert "Accede con un secondo fattore" not in browser.get(page).text
