"""What is made of the journal's lines: mails and log-ins."""

from __future__ import annotations

import asyncio
import json
import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from fermoposta.agent import journal, traces
from fermoposta.agent.journal import Filed, Line, Login, Step

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def lines(*said: str) -> list[Line]:
    """Return lines a second apart; each is the program's name, a bar, and the text."""
    parts = [each.partition("|") for each in said]
    return [
        Line(START + timedelta(seconds=at), who, text, f"{who.partition('/')[0]}.service")
        for at, (who, _, text) in enumerate(parts)
    ]


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


ARRIVED = lines(
    "postfix/smtpd|4jbDnX2cf1zG8K8: client=mx.outside.test[192.0.2.9]",
    "postfix/cleanup|4jbDnX2cf1zG8K8: message-id=<one@outside.test>",
    "rspamd|(rspamd_proxy) <9621>; proxy; rspamd_task_write_log: id: <one@outside.test>, "
    "qid: <4jbDnX2cf1zG8K8>, ip: 192.0.2.9, from: <eve@outside.test>, (default: F (no action): "
    "[3.90/6.00] [BAD_REP(4.00){},MIME_GOOD(-0.10){text/plain;}], len: 2497",
    "postfix/qmgr|4jbDnX2cf1zG8K8: from=<eve@outside.test>, size=2497, nrcpt=1 (queue active)",
    "dovecot|lmtp(ada@example.org)<32527><sMVc:T3>: sieve: msgid=<one@outside.test>: "
    "fileinto action: stored mail into mailbox 'Quarantena'",
    "dovecot|lmtp(ada@example.org)<32527><sMVc:T3>: sieve: msgid=<one@outside.test>: "
    "redirect action: forwarded to <ada@elsewhere.test>",
    "postfix/lmtp|4jbDnX2cf1zG8K8: to=<ada@example.org>, orig_to=<info@example.org>, "
    "relay=mail.example.org[/var/run/dovecot/lmtp], delay=0.1, delays=0.1/0/0/0, dsn=2.0.0, "
    "status=sent (250 2.0.0 <ada@example.org> Saved)",
    "postfix/qmgr|4jbDnX2cf1zG8K8: removed",
)


def test_a_mail_is_followed_from_its_coming_to_its_folder() -> None:
    """In order, with what the filter thought of it, and all names of the recipient."""
    [mail] = journal.trace(ARRIVED)

    assert (mail.id, mail.sender, mail.size) == ("one@outside.test", "eve@outside.test", 2497)
    assert mail.recipients == {"ada@example.org", "info@example.org"}
    assert mail.steps == [
        Step(at(0), "came", "", "mx.outside.test[192.0.2.9]"),
        Step(at(2), "judged", "", "no action", "3.90 / 6.00: BAD_REP 4.00"),
        Step(at(4), "stored", "ada@example.org", "Quarantena"),
        Step(at(5), "forwarded", "ada@example.org", "ada@elsewhere.test"),
        Step(
            at(6),
            "sent",
            "ada@example.org",
            "mail.example.org[/var/run/dovecot/lmtp]",
            "2.0.0 250 2.0.0 <ada@example.org> Saved",
        ),
    ]


def test_what_is_queued_twice_is_one_mail() -> None:
    """The second time it comes from this host, which is no news."""
    [mail] = journal.trace(
        lines(
            "postfix/submission/smtpd|4jbAAAAAAAzG8K8: client=pc[192.0.2.1], sasl_method=PLAIN, "
            "sasl_username=ada@example.org",
            "postfix/cleanup|4jbAAAAAAAzG8K8: message-id=<two@example.org>",
            "postfix/reinjection/smtpd|4jbBBBBBBBzG8K8: client=localhost[127.0.0.1]",
            "postfix/cleanup|4jbBBBBBBBzG8K8: message-id=<two@example.org>",
            "postfix/smtp|4jbBBBBBBBzG8K8: to=<x@outside.test>, relay=none, delay=9, "
            "delays=9/0/0/0, dsn=4.4.1, status=deferred (connect to mx: Connection refused)",
        )
    )

    assert mail.login == "ada@example.org"
    assert [(step.kind, step.said) for step in mail.steps] == [
        ("came", "ada@example.org"),
        ("deferred", "4.4.1 connect to mx: Connection refused"),
    ]


def test_what_was_refused_at_the_door_is_told() -> None:
    """Each try by itself: it has no name yet."""
    said = (
        "postfix/smtpd|NOQUEUE: reject: RCPT from mx.outside.test[192.0.2.9]: 550 5.7.1 "
        "<kim@example.org>: Recipient address rejected: This mailbox takes mail only from its own "
        "domain; from=<eve@outside.test> to=<kim@example.org> proto=ESMTP helo=<mx.outside.test>"
    )

    later, mail = journal.trace(lines(said, said))

    assert (mail.id, mail.sender, mail.recipients) == ("", "eve@outside.test", {"kim@example.org"})
    [step] = mail.steps
    assert (step.kind, step.of) == ("refused", "kim@example.org")
    assert step.said.startswith("550 5.7.1 <kim@example.org>: Recipient address rejected")
    assert later.steps[0].at == at(1)


def test_ids_are_found_in_all_that_names_them() -> None:
    """What else is to be looked for."""
    assert journal.queues_in(ARRIVED) == {"4jbDnX2cf1zG8K8"}
    assert journal.ids_in(ARRIVED) == {"one@outside.test"}
    noise = lines(
        "postfix/smtpd|connect from x[192.0.2.1]", "dovecot|imap(x)<1>: Connection closed"
    )
    assert journal.queues_in(noise) == journal.ids_in(noise) == set()
    assert journal.trace(noise) == []


def test_logins_that_are_alike_are_one() -> None:
    """By protocol, address and outcome; those of others and of this host are not among them."""
    ada = "user=<ada@example.org>, method=PLAIN, rip="
    found = journal.logins(
        [
            *lines(
                f"dovecot|imap-login: Logged in: {ada}192.0.2.1, lip=192.0.2.2, TLS",
                f"dovecot|imap-login: Logged in: {ada}192.0.2.1, lip=192.0.2.2, TLS",
                f"dovecot|imap-login: Logged in: {ada}127.0.0.1, lip=127.0.0.1, secured",
                "dovecot|imap-login: Logged in: user=<xada@example.org>, rip=192.0.2.1",
                "dovecot|pop3-login: Login aborted: Logged out (auth failed, 1 attempts in 2 secs) "
                f"(auth_failed): {ada}198.51.100.1, lip=192.0.2.2",
                f"dovecot|imap-login: Disconnected: Inactivity: {ada}198.51.100.1, lip=192.0.2.2",
                "postfix/smtpd|4jbAAAAAAAzG8K8: client=pc[192.0.2.1], sasl_method=PLAIN, "
                "sasl_username=Ada@example.org",
                "postfix/smtpd|warning: pc[192.0.2.1]: SASL PLAIN authentication failed: (reason "
                "unavailable), sasl_username=ada@example.org",
            ),
            Line(at(8), "python", "login accepted address=ada@example.org client=2001:db8::1"),
            Line(
                at(9),
                "python",
                'login refused address="ada@example.org" client=192.0.2.1 request=1',
                "fermoposta-gateway@1.service",
            ),
        ],
        "ada@example.org",
    )

    assert found == [
        Login("phone", "192.0.2.1", False, 1, at(9)),
        Login("portal", "2001:db8::1", True, 1, at(8)),
        Login("smtp", "192.0.2.1", False, 1, at(7)),
        Login("smtp", "192.0.2.1", True, 1, at(6)),
        Login("pop3", "198.51.100.1", False, 1, at(4)),
        Login("imap", "192.0.2.1", True, 2, at(1)),
    ]


# --- Asking journalctl

SAID = {
    "MESSAGE": "imap-login: Logged in: user=<ada@example.org>, method=PLAIN, rip=192.0.2.1, TLS",
    "SYSLOG_IDENTIFIER": "dovecot",
    "_SYSTEMD_UNIT": "dovecot.service",
}


@pytest.fixture
def journalctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that answers as journalctl does, and keeps what it was asked."""
    now = f"{datetime.now(UTC).timestamp() * 1e6:.0f}"
    odd = {**SAID, "MESSAGE": [255, 104, 105], "__REALTIME_TIMESTAMP": now}
    said = [json.dumps({**SAID, "__REALTIME_TIMESTAMP": now}), json.dumps(odd), "no JSON", "{}"]
    (tmp_path / "said").write_text("\n".join(said))
    program = tmp_path / "journalctl"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/asked\ncat {tmp_path}/said\n'
        f"exit $(cat {tmp_path}/code 2>/dev/null || echo 0)\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def ask(**asked: object) -> dict[str, object]:
    return asyncio.run(traces.take(json.dumps(asked).encode()))


def since() -> float:
    return (datetime.now(UTC) - timedelta(days=1)).timestamp()


def test_log_ins_are_told(journalctl: Path) -> None:
    """Of the address that is asked for, which is text and no pattern."""
    answer = ask(ask="logins", address="ada@example.org", since=since())

    [login] = answer["logins"]
    assert (login["protocol"], login["good"], login["times"]) == ("imap", True, 1)
    asked = (journalctl / "asked").read_text().splitlines()
    assert r"--grep=ada@example\.org" in asked
    assert "--unit=dovecot.service" in asked


@pytest.mark.parametrize("text", [".*", "a|b", "--unit=x", "$(id)"])
def test_what_is_asked_for_is_no_pattern_and_no_option(journalctl: Path, text: str) -> None:
    """Whatever somebody types."""
    assert ask(ask="mails", sender=text, since=since()) == {"mails": []}

    asked = (journalctl / "asked").read_text().splitlines()
    assert sum(each.startswith("--grep") for each in asked) == 1
    assert sum(each.startswith("--unit") for each in asked) == len(journal.MAIL_UNITS)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"ask": "mails"},
        {"ask": "mails", "since": 1},
        {"ask": "mails", "sender": "x" * 2000, "since": 1},
        {"ask": "mails", "sender": "x", "since": "soon"},
        {"ask": "mails", "sender": "x", "since": 1e300},
        {"ask": "everything", "sender": "x", "since": 1},
    ],
)
def test_what_is_no_question_is_refused(journalctl: Path, asked: dict[str, object]) -> None:
    """With a reason."""
    assert set(ask(**asked)) == {"refused"}


def test_a_journal_that_can_not_be_read_is_no_empty_one(journalctl: Path) -> None:
    """It is said that it can't be told now."""
    (journalctl / "code").write_text("2")

    assert set(ask(ask="mails", sender="x", since=since())) == {"later"}


def test_nothing_found_is_no_error(journalctl: Path) -> None:
    """It is what journalctl's code 1 says."""
    (journalctl / "code").write_text("1")
    (journalctl / "said").write_text("")

    assert ask(ask="logins", address="x", since=since()) == {"logins": []}


def test_whose_mail_went_into_a_folder_is_counted(journalctl: Path) -> None:
    """By mailbox, the latest first; what only speaks of it, or of another folder, is not."""
    stored = "fileinto action: stored mail into mailbox"
    found = journal.filed(
        lines(
            f"dovecot|lmtp(ada@example.org)<1><a>: sieve: msgid=<1@x>: {stored} 'Quarantena'",
            f"dovecot|lmtp(bob@example.org)<1><b>: sieve: msgid=<2@x>: {stored} 'Quarantena'",
            f"dovecot|lmtp(ada@example.org)<1><c>: sieve: msgid=<3@x>: {stored} 'Quarantena'",
            f"dovecot|lmtp(eve@example.org)<1><d>: sieve: msgid=<4@x>: {stored} 'Fatture'",
            f"dovecot|imap: {stored} 'Quarantena'",
        ),
        "Quarantena",
    )

    assert found == [
        Filed("ada@example.org", 2, at(2)),
        Filed("bob@example.org", 1, at(1)),
    ]
    assert ask(ask="filed", folder="Quarantena", since=since()) == {"filed": []}
    assert "--grep=stored\\ mail\\ into\\ mailbox\\ 'Quarantena'" in (
        journalctl / "asked"
    ).read_text().replace("\\'", "'")
