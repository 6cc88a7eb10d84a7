"""Who has lost a password gets a new one, and nobody else does."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from urllib.parse import quote

import pytest
from tests.unit.portal.conftest import PASSWORD

from fermoposta.directory import passwords
from fermoposta.directory.model import Secret, SecurityQuestion
from fermoposta.directory.plan import set_recovery
from fermoposta.directory.steps import Action, Plan, Step
from fermoposta.portal.recovery.desk import ANSWERS_A_DAY, CLIENT_AN_HOUR, TEXTS_A_DAY

BOB, ADA = "bob@example.org", "ada@example.org"
NUMBER = "+393331234567"
FRESH = "Rinnovata2026"
QUESTION = "Il nome del primo cane?"


@pytest.fixture(autouse=True)
def bobs(book):
    """Bob has a mobile number, another address and two questions."""
    questions = (
        SecurityQuestion(QUESTION, answer=Secret("Argo il  Grande")),
        SecurityQuestion("La prima auto?", answer=Secret("\uff26iat")),
    )
    book.change(
        lambda state: set_recovery(
            state,
            BOB,
            mobile=NUMBER,
            recovery_address="bob@elsewhere.example",
            security_questions=questions,
        ),
        actor="test",
    )


def ask(browser, address: str = BOB, **fields):
    """Send the form of the recovery, as its pages do."""
    return browser.send("/forgot", page="/forgot", address=address, **fields)


def ways(page) -> list[str]:
    return re.findall(r'<option value="([a-z]+)"', page.text)


def hash_of(book, address: str = BOB) -> str:
    return book.state().users[address].password_hash


def right(book, password: str) -> bool:
    return passwords.verify(password, hash_of(book))


@pytest.mark.feature("F185")
@pytest.mark.feature("F186")
@pytest.mark.feature("F187")
def test_the_sign_in_page_leads_to_the_three_ways(browser) -> None:
    """First the address, then a list to choose from."""
    assert 'href="/forgot"' in browser.get("/login").text

    assert ways(ask(browser)) == ["email", "sms", "questions"]


@pytest.mark.feature("F189")
@pytest.mark.feature("F192")
def test_only_what_was_set_is_offered(browser, book) -> None:
    """Without a number no SMS, without questions none."""
    book.change(lambda state: set_recovery(state, BOB), actor="test")
    assert ways(ask(browser)) == ["email"]

    book.change(lambda state: set_recovery(state, BOB, mobile=NUMBER), actor="test")
    assert ways(ask(browser)) == ["email", "sms"]
    assert "number" not in ask(browser, way="questions").text


@pytest.mark.parametrize("way", ["email", "sms", "questions"])
@pytest.mark.feature("F187")
def test_the_site_switches_ways_off(app, browser, outbox, way: str) -> None:
    """What is off is not offered, and not taken either."""
    desk = app.state.portal.recovery
    settings = replace(desk.settings, **{f"recovery_by_{way}": False})
    app.state.portal = replace(app.state.portal, recovery=replace(desk, settings=settings))

    assert way not in ways(ask(browser))
    ask(browser, way=way, number=NUMBER, answer=["argo il grande", "fiat"])
    assert (outbox.mails, outbox.texts) == ([], [])


@pytest.mark.feature("F129")
@pytest.mark.feature("F196")
def test_who_may_not_is_told_to_ask_the_administrator(browser, book, outbox) -> None:
    """Where it is switched off for a user, no way is offered, whatever is sent."""
    bob = book.state().users[BOB]
    step = Step(Action.UPDATE, bob, replace(bob, self_service_reset=False))
    book.change(lambda state: Plan((step,), state.revision), actor="test")

    page = ask(browser)

    assert 'role="alertdialog"' in page.text
    assert "rivolgetevi al vostro amministratore" in page.text
    assert ways(page) == []
    for way in ("email", "sms", "questions"):
        ask(browser, way=way, number=NUMBER, answer=["argo il grande", "fiat"])
    assert (outbox.mails, outbox.texts) == ([], [])
    assert right(book, PASSWORD)
    browser.sign_in(BOB)
    assert "non viene usato" in browser.get("/account").text


@pytest.mark.feature("F188")
@pytest.mark.feature("F194")
def test_a_link_is_mailed_and_the_old_password_counts_until_it_is_used(
    browser, book, outbox
) -> None:
    """To the mailbox and to the other address; once, and for half an hour."""
    before = hash_of(book)

    ask(browser, way="email")

    ((message, recipients),) = outbox.mails
    assert recipients == [BOB, "bob@elsewhere.example"]
    assert message["Auto-Submitted"] == "auto-generated"
    assert hash_of(book) == before
    link = re.search(r"https://portal\.example\.org(/reset\?token=\S+)", message.get_content())[1]
    page = browser.get(link)
    assert "Cambia la tua password" in page.text
    token = re.search(r'name="token" value="([^"]+)"', page.text)[1]
    for password, again in (("corta", "corta"), (FRESH, "Altra2026x")):
        sent = browser.send("/reset", page=link, token=token, password=password, again=again)
        assert sent.status_code == 422
        assert hash_of(book) == before

    done = browser.send("/reset", page=link, token=token, password=FRESH, again=FRESH)

    assert done.status_code == 200
    assert right(book, FRESH)
    assert outbox.mails[1][0]["Subject"] == f"La password di {BOB} è stata cambiata"
    assert browser.get(link).status_code == 410
    again = browser.send("/reset", page="/login", token=token, password=PASSWORD, again=PASSWORD)
    assert again.status_code == 410
    assert right(book, FRESH)


def test_a_link_leads_to_us_whatever_name_was_asked(browser, outbox) -> None:
    """A forged name of the host doesn't get into the mail."""
    page = browser.get("/forgot")
    form_token = re.search(r'name="form_token" value="([^"]+)"', page.text)[1]
    fields = {"form_token": form_token, "address": BOB, "way": "email"}

    browser.ask("POST", "/forgot", data=fields, headers={"host": "evil.example"})

    ((message, _),) = outbox.mails
    assert "https://portal.example.org/reset?token=" in message.get_content()
    assert "evil" not in message.get_content()


def test_a_link_ends_with_time_and_with_another_password(browser, book, outbox, clock) -> None:
    """And one that was made up opens nothing."""
    for spoil in (
        lambda: clock.later(minutes=31),
        lambda: ask(browser, way="questions", answer=["argo il grande", "fiat"]),
    ):
        ask(browser, way="email")
        link = re.search(r"/reset\?token=\S+", outbox.mails[-1][0].get_content())[0]
        assert browser.get(link).status_code == 200
        spoil()
        assert browser.get(link).status_code == 410
    assert browser.get("/reset?token=made-up").status_code == 410
    assert browser.get("/reset").status_code == 410


@pytest.mark.feature("F190")
@pytest.mark.feature("F191")
@pytest.mark.feature("F195")
def test_the_right_number_gets_a_new_password(browser, book, outbox) -> None:
    """However it is written; a wrong one gets nothing, and the same page."""
    before = hash_of(book)

    wrong = ask(browser, way="sms", number="+393331234568")
    assert (outbox.texts, hash_of(book)) == ([], before)
    done = ask(browser, way="sms", number="+39 333 123-45 67")

    assert strip(done.text) == strip(wrong.text)
    ((number, text),) = outbox.texts
    assert number == NUMBER
    fresh = re.search(r" è (\S+) ", text)[1]
    assert passwords.weaknesses(fresh) == []
    assert right(book, fresh)
    assert not right(book, PASSWORD)
    assert "Cambiala" in text
    assert len(text) <= 160


def test_a_gateway_that_is_away_costs_nobody_the_old_password(browser, book, outbox) -> None:
    """What was not sent does not count."""
    outbox.broken = True

    assert ask(browser, way="sms", number=NUMBER).status_code == 200

    assert right(book, PASSWORD)


@pytest.mark.feature("F193")
@pytest.mark.feature("F195")
@pytest.mark.feature("F197")
def test_right_answers_show_a_new_password(browser, book) -> None:
    """To all questions, whatever the capitals; it counts for the portal, and the old one ended."""
    page = ask(browser, way="questions")
    assert html.unescape(page.text).count(QUESTION) == 1
    for answers in (["argo il grande", "opel"], ["", "fiat"], ["argo il grande"], []):
        wrong = ask(browser, way="questions", answer=answers or [""])
        assert wrong.status_code == 422
        assert right(book, PASSWORD)

    done = ask(browser, way="questions", answer=["ARGO il grande ", "fiat"])

    fresh = re.search(r'class="secret">([^<]+)<', done.text)[1]
    assert passwords.weaknesses(fresh) == []
    assert "scegline una" in done.text
    assert browser.sign_in(BOB, PASSWORD).status_code == 401
    assert browser.sign_in(BOB, fresh).status_code == 303


def test_all_sessions_end_with_the_old_password(browser, app) -> None:
    """Whoever else was signed in has to sign in again."""
    browser.sign_in(BOB)
    assert browser.get("/home").status_code == 200

    ask(browser, way="questions", answer=["argo il grande", "fiat"])

    assert browser.get("/home").status_code == 303


def strip(text: str) -> str:
    return re.sub(r'value="[^"]*"', "", text)


def test_nobody_learns_who_exists(browser, book, outbox) -> None:
    """Addresses that are nobody's are offered ways and questions of their own, always the same."""
    offers = {}
    for number in range(120):
        address = f"nobody{number}@example.org"
        page = ask(browser, address)
        offers[address] = (ways(page), "amministratore" in page.text)
        assert (ways(ask(browser, address)), "amministratore" in page.text) == offers[address]
    kinds = {(tuple(found), off) for found, off in offers.values()}
    assert (("email", "sms", "questions"), False) in kinds
    assert (("email",), False) in kinds
    assert ((), True) in kinds

    asked = next(each for each, (found, _) in offers.items() if "questions" in found)
    questions = ask(browser, asked, way="questions")
    assert questions.text.count('name="answer"') == 2
    wrong = ask(browser, asked, way="questions", answer=["x", "y"])
    real = ask(browser, way="questions", answer=["x", "y"])
    assert wrong.status_code == real.status_code == 422
    sent = ask(browser, "nobody1@example.org", way="email")
    assert strip(sent.text) == strip(ask(browser, way="email").text)
    assert len(outbox.mails) == 1


@pytest.mark.parametrize(
    ("most", "fields"),
    [
        (ANSWERS_A_DAY, {"way": "questions", "answer": "x"}),
        (TEXTS_A_DAY, {"way": "sms", "number": "+393330000000"}),
    ],
)
def test_tries_are_counted_for_whoever_is_asked_about(
    browser, book, clock, most: int, fields: dict[str, str]
) -> None:
    """From any network; the right answer is not looked at any more, until the next day."""
    for number in range(most):
        browser.client = f"192.0.{number}.7"
        assert ask(browser, **fields).status_code in {200, 422}
    right_one = {"answer": ["argo il grande", "fiat"], "number": NUMBER}
    browser.client = "198.51.100.1"

    assert ask(browser, **{**fields, **right_one}).status_code == 429

    assert right(book, PASSWORD)
    clock.later(hours=25)
    assert ask(browser, **{**fields, **right_one}).status_code == 200
    assert not right(book, PASSWORD)


def test_tries_are_counted_for_whoever_asks(browser, clock) -> None:
    """Whatever they ask about."""
    for number in range(CLIENT_AN_HOUR):
        assert ask(browser, f"x{number}@example.org", way="email").status_code == 200

    assert ask(browser, "other@example.org", way="email").status_code in {200, 429}
    assert ask(browser, way="email").status_code == 429
    clock.later(hours=2)
    assert ask(browser, way="email").status_code == 200


@pytest.mark.parametrize("address", ["", "bob", "a@b@c", "x" * 400 + "@example.org", "\u202e@x"])
def test_what_is_no_address_is_said_to_be_none(browser, address: str) -> None:
    """With what was typed still there."""
    answer = ask(browser, address)

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


# --- the account


def save(browser, path: str = "recovery", **fields):
    usual = {"current": PASSWORD}
    return browser.send(f"/account/{path}", page="/account", **(usual | fields))


@pytest.mark.feature("F198")
@pytest.mark.feature("F115")
def test_a_password_is_changed_with_the_one_that_counts(browser, book) -> None:
    """Who has the browser alone changes nothing; who changes it stays signed in here only."""
    browser.sign_in(BOB)
    before = hash_of(book)
    for fields, at in (
        ({"current": "Sbagliata1", "password": FRESH, "again": FRESH}, "current"),
        ({"password": FRESH, "again": "Altra2026x"}, "password"),
        ({"password": "corta", "again": "corta"}, "password"),
    ):
        refused = save(browser, "password", **fields)
        assert refused.status_code == 422
        assert f'id="{at}-wrong"' in refused.text
        assert hash_of(book) == before
    elsewhere = browser.cookies.get("__Host-fermoposta")

    assert save(browser, "password", password=FRESH, again=FRESH).status_code == 303

    assert right(book, FRESH)
    assert browser.get("/home").status_code == 200
    browser.cookies.set("__Host-fermoposta", elsewhere, domain="portal.example.org")


@pytest.mark.feature("F198")
def test_recovery_settings_are_changed_with_the_password(browser, book) -> None:
    """A question that keeps its text keeps its answer; what is emptied is gone."""
    browser.sign_in(BOB)
    known = book.state().users[BOB].security_questions
    fields = {
        "mobile": "+39 333 7654321",
        "recovery_address": "",
        "question": [QUESTION, "Nuova?", ""],
        "answer": ["", "Segretissima", ""],
    }
    assert save(browser, current="Sbagliata1", **fields).status_code == 422
    assert book.state().users[BOB].mobile == NUMBER

    assert save(browser, **fields).status_code == 303

    bob = book.state().users[BOB]
    assert (bob.mobile, bob.recovery_address) == ("+393337654321", None)
    assert [each.question for each in bob.security_questions] == [QUESTION, "Nuova?"]
    assert bob.security_questions[0] == known[0]
    page = browser.get("/account").text
    assert "Segretissima" not in page
    assert "+393337654321" in page


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"mobile": "333"}, "mobile"),
        ({"recovery_address": "x"}, "recovery_address"),
        ({"recovery_address": BOB}, "recovery_address"),
        ({"question": "Nuova?", "answer": ""}, "questions"),
        ({"question": "Nuova?", "answer": "x"}, "questions"),
        ({"question": ["Una?", "Una?"], "answer": ["xy", "xz"]}, "questions"),
        ({"question": "x" * 300, "answer": "risposta"}, "questions"),
    ],
)
def test_what_is_wrong_with_recovery_settings_is_said_at_its_field(
    browser, book, fields, at: str
) -> None:
    """And what was set before stays."""
    browser.sign_in(BOB)
    before = book.state().users[BOB]

    answer = save(browser, **fields)

    assert answer.status_code == 422
    assert f'id="{at}-wrong"' in answer.text
    assert book.state().users[BOB] == before


@pytest.mark.parametrize("path", ["/account", "/account/password", "/account/recovery"])
def test_an_account_is_for_who_is_signed_in(browser, path: str) -> None:
    """Others are asked to."""
    answer = browser.get(path) if path == "/account" else browser.send(path, page="/login")

    assert answer.headers["location"].startswith(f"/login?next={quote('/', safe='')}")
