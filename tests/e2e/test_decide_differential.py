"""What Dovecot does is what `decide` says: a thousand random cases, and no difference."""

from __future__ import annotations

import json
import random
import smtplib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from clients.mail import compose, token
from clients.waiting import wait_for

from fermoposta.directory.decide import Facts, decide, policy_of, rules_by_scope
from fermoposta.inventory import Raw, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta.directory.decide import Decision
    from fermoposta.directory.model import State

SEED = 20_261_124
DIRECT, BY_SMTP = 1000, 36
MAILBOXES = 24
DOMAINS = ("example.org", "example.com", "example.net")
# A hash that matches no password: nobody logs in here.
HASH = "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$" + "A" * 43
# In two pieces, so that no scanner takes this file away.
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}" + "$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
# Hands messages to Dovecot as Postfix does, with the headers that the filter would have written.
LMTP = """
import json, smtplib, sys
client = smtplib.LMTP("/run/dovecot/postfix-lmtp", local_hostname="differential.test")
for case in json.load(sys.stdin):
    client.sendmail(case["sender"], [case["to"]], case["text"].encode())
client.quit()
"""


@dataclass(frozen=True)
class Case:
    """A message for one mailbox; *facts* is what the filters say of it."""

    subject: str
    to: str
    facts: Facts


class Generator:
    """Draws rules and messages from a pool of senders that is small, so that they meet."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - no secret is made
        self.word = token()
        names = ("shop", "news", "sub.news", "xn--caff-8oa", "bank")
        self.domains = [f"{name}.{self.word}.test" for name in names]
        self.locals = ["marco", "marco.rossi", "marco+promo", "o'hara", "x_1", "#$%&=?^{|}~"]

    def mailboxes(self) -> dict[str, dict[str, object]]:
        made = {}
        for number in range(MAILBOXES):
            address = f"{self.word}-{number}@{DOMAINS[number % len(DOMAINS)]}"
            made[address] = {
                "name": "Differential",
                "password_hash": HASH,
                "language": "en",
                "antivirus": self.random.random() < 0.7,
                "antispam": self.random.random() < 0.7,
            }
        return made

    def rules(self, most: int) -> dict[str, str]:
        drawn = {}
        for _ in range(self.random.randrange(most + 1)):
            domain = self.random.choice(self.domains)
            local = "" if self.random.random() < 0.4 else self.random.choice(self.locals)
            drawn[f"{local}@{domain}"] = self.random.choice(["allow", "block"])
        return drawn

    def sender(self) -> str:
        """Return an envelope sender: mostly one of the pool, in some spelling."""
        dice = self.random.random()
        if dice < 0.05:
            return ""
        local, domain = self.random.choice(self.locals), self.random.choice(self.domains)
        if dice < 0.15:
            domain = f"other.{domain}"
        elif dice < 0.25:
            local = f"{local}+x"
        address = f"{local}@{domain}"
        if dice > 0.85:
            return address.upper()
        if dice > 0.75:
            return f'"{local}"@{domain}'
        return address

    def case(self, mailboxes: list[str], number: int) -> Case:
        verdict = self.random.choice(["clean", "clean", "spam", "infected", "both"])
        facts = Facts(
            self.sender(),
            "Eicar-Test-Signature" if verdict in ("infected", "both") else None,
            spam=verdict in ("spam", "both"),
        )
        return Case(f"{self.word} {number:04}", self.random.choice(mailboxes), facts)


@dataclass(frozen=True)
class World:
    """Mailboxes with rules, on the host and in a state that `decide` can be asked about."""

    generator: Generator
    mailboxes: list[str]
    state: State

    def expected(self, cases: list[Case]) -> dict[str, Decision]:
        rules = rules_by_scope(self.state.junk_rules.values())
        policies = {each: policy_of(self.state, each, rules) for each in self.mailboxes}
        return {case.subject: decide(case.facts, policies[case.to]) for case in cases}


@pytest.fixture(scope="module")
def world(directory: Directory, shell: Shell) -> Iterator[World]:
    generator = Generator(SEED)
    users = generator.mailboxes()
    junk = {address: generator.rules(5) for address in users}
    junk |= {domain: generator.rules(12) for domain in DOMAINS}
    junk = {scope: drawn for scope, drawn in junk.items() if drawn}
    with directory.changed(users=users, junk_rules=junk) as wanted:
        started = time.monotonic()
        wait_for("the compiler", lambda: compiled(shell), seconds=60)
        print(f"{len(users)} mailboxes compiled after {time.monotonic() - started:.1f} s")
        yield World(generator, list(users), parse(Raw(wanted)))


def compiled(shell: Shell) -> bool:
    """Tell whether the jobs have carried out every change."""
    query = (
        "SELECT (SELECT max(id) FROM directory.changes)"
        " <= (SELECT change_id FROM directory.jobs_progress WHERE reader = 'jobs')"
    )
    return shell.sql(query) == [["t"]]


def landed(shell: Shell, world: World, since: str) -> dict[str, tuple[str, str | None]]:
    """Return folder and decision header of each message, by its subject, in one look."""
    listed = "\n".join(world.mailboxes) + "\n"
    shell.run("sh", "-c", "cat >/run/fermoposta-e2e-users", stdin=listed)
    fields = "mailbox hdr.subject hdr.x-fermoposta-decision"
    found = shell.run(
        *("doveadm", "-f", "json", "fetch", "-F", "/run/fermoposta-e2e-users", fields),
        *("mailbox", "*", "header", "subject", since),
    )
    return {
        each["hdr.subject"]: (each["mailbox"], each["hdr.x-fermoposta-decision"] or None)
        for each in json.loads(found)
    }


def differences(
    cases: list[Case], expected: dict[str, Decision], found: dict[str, tuple[str, str | None]]
) -> list[str]:
    """Return a line for each case in which the host did something else."""
    folders = {"inbox": "INBOX", "quarantine": "Quarantena"}
    return [
        f"{case}: expected {decision}, found {found.get(case.subject)}"
        for case in cases
        if (decision := expected[case.subject])
        and found.get(case.subject) != (folders[decision.folder], decision.header)
    ]


def text(case: Case) -> str:
    """Return a message as the filter leaves it."""
    lines = [f"X-Virus: {case.facts.infected}"] if case.facts.infected else []
    lines += ["X-Spam: Yes"] if case.facts.spam else []
    lines += ["From: somebody@friend.test", f"Subject: {case.subject}", "", "Ciao", ""]
    return "\r\n".join(lines)


def test_a_thousand_random_cases(shell: Shell, world: World) -> None:
    """Rules of owners and administrators, switches, senders, verdicts: the same every time."""
    cases = [world.generator.case(world.mailboxes, number) for number in range(DIRECT)]
    sent = [
        {
            "sender": case.facts.sender,
            "to": case.to,
            "text": text(case),
        }
        for case in cases
    ]
    shell.run("/usr/bin/python3", "-I", "-c", LMTP, stdin=json.dumps(sent))

    expected = world.expected(cases)
    found = landed(shell, world, world.generator.word)

    assert len({decision.header for decision in expected.values()}) >= 12, "too little is tried"
    assert differences(cases, expected, found) == []


@pytest.mark.feature("F177", "F178", "F167", "F168")
def test_some_of_them_through_the_front_door(shell: Shell, mail: Mail, world: World) -> None:
    """With the filter's own verdicts, and headers that a stranger wrote to fool us."""
    first = DIRECT
    cases = [world.generator.case(world.mailboxes, first + number) for number in range(BY_SMTP)]
    port = mail.appliance.ports["smtp"]
    with smtplib.SMTP(mail.appliance.host, port, "mx.example.net", timeout=60) as client:
        for case in cases:
            message = compose("trusted@friend.test", case.to, case.subject)
            message["X-Fermoposta-Decision"] = "inbox; forged"
            message["X-Fermoposta-Unfiltered"] = "infected"
            if case.facts.spam:
                message.set_content(f"Buy now\n\n{GTUBE}\n")
            if case.facts.infected:
                message.add_attachment(
                    EICAR.encode(), maintype="application", subtype="x-com", filename="invoice.com"
                )
            client.send_message(message, case.facts.sender, [case.to])

    since = world.generator.word
    wanted = {case.subject for case in cases}
    found = wait_for(
        "all messages",
        lambda: there if wanted <= (there := landed(shell, world, since)).keys() else None,
        seconds=120,
    )

    assert differences(cases, world.expected(cases), found) == []
