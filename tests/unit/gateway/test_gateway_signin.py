"""Log-ins as Dovecot judges them: how long that is believed, and how often one may guess."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from fermoposta.gateway.attempts import LIMITS, WINDOW, Attempts
from fermoposta.gateway.signin import SignIn, Verdict
from fermoposta.mailstore.mailbox import UnavailableError
from fermoposta.service.client_address import network_of

ADA, RIGHT, CLIENT = "ada@example.org", "Segreta123", "192.0.2.7"


@pytest.fixture
def attempt(site):
    def attempt(password: str = RIGHT, address: str = ADA, client: str = CLIENT) -> Verdict:
        return site.runner.run(site.signin.try_(address, password, client))

    return attempt


def test_what_dovecot_said_is_believed_for_some_minutes(site, attempt) -> None:
    """A device that asks every second does not have its password checked every second."""
    assert [attempt() for _ in range(5)] == [Verdict.ACCEPTED] * 5
    assert len(site.judge.asked) == 1

    site.clock.now += 301
    assert attempt() is Verdict.ACCEPTED
    assert len(site.judge.asked) == 2


def test_another_password_is_another_question(site, attempt) -> None:
    """Knowing the address of somebody who is known opens nothing."""
    attempt()

    assert attempt("wrong") is Verdict.REFUSED
    assert attempt(address="bob@example.org") is Verdict.REFUSED


def test_a_change_of_the_user_is_asked_about_at_once(site, attempt) -> None:
    """An old password ends, and a new one that was wrong before is right."""
    assert (attempt(), attempt("New1")) == (Verdict.ACCEPTED, Verdict.REFUSED)
    site.judge.passwords[ADA] = "New1"
    assert (attempt(), attempt("New1")) == (Verdict.ACCEPTED, Verdict.REFUSED)

    site.signin.forget(["bob@example.org"])
    assert attempt() is Verdict.ACCEPTED
    site.signin.forget([ADA])

    assert (attempt(), attempt("New1")) == (Verdict.REFUSED, Verdict.ACCEPTED)


def test_everything_is_asked_anew_when_changes_were_missed(site, attempt) -> None:
    """The database was away: nobody knows what happened meanwhile."""
    attempt()
    site.judge.passwords.clear()

    site.signin.forget()

    assert attempt() is Verdict.REFUSED


def test_an_answer_from_before_a_change_is_not_kept(site) -> None:
    """Dovecot said yes, but the password was changed before that arrived."""

    async def race() -> Verdict:
        site.judge.gate = asyncio.Event()
        first = asyncio.create_task(site.signin.try_(ADA, RIGHT, CLIENT))
        await site.judge.arrived.wait()
        site.signin.forget([ADA])
        site.judge.gate.set()
        await first
        site.judge.passwords[ADA] = "New1"
        return await site.signin.try_(ADA, RIGHT, CLIENT)

    assert site.runner.run(race()) is Verdict.REFUSED


def test_many_requests_at_once_are_one_question(site) -> None:
    """Ten connections of one device have its password checked once, and count as one attempt."""

    async def together() -> list[Verdict]:
        asking = (site.signin.try_(ADA, "wrong", CLIENT) for _ in range(20))
        return await asyncio.gather(*asking)

    with capture_logs() as logs:
        assert set(site.runner.run(together())) == {Verdict.REFUSED}
    assert len(site.judge.asked) == 1
    assert len(logs) == 1


@pytest.mark.parametrize("limit", ["pair", "client", "address"])
def test_guessing_ends(site, limit: str) -> None:
    """From one client, at one address, or both: beyond the limit nothing is looked at."""

    async def guess(number: int) -> Verdict:
        address = ADA if limit != "client" else f"user{number}@example.org"
        client = CLIENT if limit != "address" else f"198.51.100.{number}"
        return await site.signin.try_(address, f"guess {number}", client)

    said = [site.runner.run(guess(number)) for number in range(LIMITS[limit] + 5)]

    assert said == [Verdict.REFUSED] * LIMITS[limit] + [Verdict.LIMITED] * 5
    assert len(site.judge.asked) == LIMITS[limit]


def test_guesses_at_once_are_counted_before_they_are_judged(site) -> None:
    """Who asks a hundred times in the same moment gets no more answers than others."""

    async def together() -> list[Verdict]:
        asking = (site.signin.try_(ADA, f"guess {number}", CLIENT) for number in range(100))
        return await asyncio.gather(*asking)

    said = site.runner.run(together())

    assert said.count(Verdict.REFUSED) == LIMITS["pair"]


def test_who_waits_long_enough_may_try_again(site, attempt) -> None:
    """A limit is no lock-out."""
    for number in range(LIMITS["pair"] + 1):
        attempt(f"guess {number}")
    assert attempt() is Verdict.LIMITED

    site.clock.now += WINDOW + 1

    assert attempt() is Verdict.ACCEPTED


def test_a_device_with_an_old_password_locks_out_nobody(site, attempt) -> None:
    """It repeats the same one for days: that is no guess."""
    assert [attempt("OldOne1") for _ in range(200)] == [Verdict.REFUSED] * 200
    assert len(site.judge.asked) == 1
    assert attempt() is Verdict.ACCEPTED


def test_who_guesses_does_not_lock_out_the_user_elsewhere(site, attempt) -> None:
    """The user's own devices, known already, go on from where the guesses come from too."""
    attempt()
    for number in range(LIMITS["pair"] + 5):
        attempt(f"guess {number}")

    assert attempt() is Verdict.ACCEPTED
    assert attempt("New guess") is Verdict.LIMITED
    assert attempt("New guess", client="198.51.100.1") is Verdict.REFUSED


def test_nothing_is_held_against_anybody_while_dovecot_is_away(site, attempt) -> None:
    """It can't be told, so it is neither refused nor remembered nor counted."""
    site.judge.away = True
    for _ in range(LIMITS["pair"] + 5):
        with pytest.raises(UnavailableError):
            attempt()
    site.judge.away = False

    assert attempt() is Verdict.ACCEPTED


def test_a_refusal_is_logged_for_fail2ban_without_the_password(attempt) -> None:
    """The line names the address and the client, and nothing that is secret."""
    with capture_logs() as logs:
        attempt("NotTheOne1")

    assert logs == [
        {
            "event": "login refused",
            "log_level": "warning",
            "address": ADA,
            "client": CLIENT,
        }
    ]


def test_passwords_are_not_kept(site, attempt) -> None:
    """What is remembered does not show what was sent."""
    attempt()
    attempt("NotTheOne1")

    assert RIGHT not in str(site.signin._known)
    assert ADA.encode() not in b"".join(site.signin._known)
    assert SignIn(site.judge, 1, site.clock, Attempts(site.clock))._key != site.signin._key


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unknown", "unknown"),
    ],
)
def test_one_client_is_what_one_person_can_choose_from(client: str, network: str) -> None:
    """A host has a /64 of IPv6 to itself."""
    assert network_of(client) == network
