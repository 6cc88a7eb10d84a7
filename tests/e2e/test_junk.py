"""Where mail lands: the contract table "Junk decision order", row by row, by real SMTP."""

from __future__ import annotations

import json
import smtplib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from clients.mail import compose, token
from clients.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account

# In two pieces, so that no scanner takes this file away.
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}" + "$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
# A hash that matches no password: nobody logs in here.
HASH = "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$" + "A" * 43
W = token()
INBOX, QUARANTINE = "INBOX", "Quarantena"


def box(name: str, domain: str = "example.org") -> str:
    return f"{W}-{name}@{domain}"


MARTA, PAOLO, OFF, ABROAD = box("marta"), box("paolo"), box("off"), box("anna", "example.com")
USERS = {
    MARTA: {},
    PAOLO: {},
    OFF: {"antivirus": False, "antispam": False},
    ABROAD: {},
}
RULES = {
    # The owner's: addresses, domains, and against the administrators'.
    MARTA: {
        f"marco.rossi@mine.{W}.test": "allow",
        f"enemy@mine.{W}.test": "block",
        f"@shop.{W}.test": "block",
        f"good@shop.{W}.test": "allow",
        f"@friends.{W}.test": "allow",
        f"@denied.{W}.test": "allow",
        f"@granted.{W}.test": "block",
    },
    "example.org": {
        f"@granted.{W}.test": "allow",
        f"@denied.{W}.test": "block",
        f"boss@denied.{W}.test": "allow",
    },
}


@dataclass(frozen=True)
class Case:
    """A row: who writes to whom, what the filters will find, and where it must lie."""

    name: str
    to: str
    sender: str
    folder: str
    features: tuple[str, ...] = ()
    verdict: str = "clean"
    header_from: str = "friend@header.test"

    @property
    def subject(self) -> str:
        return f"{W} {self.name}"


CASES = [
    # User rule: allow, whatever else; but an infected message is never released.
    Case("user allow, clean", MARTA, f"marco.rossi@mine.{W}.test", INBOX, ("F167", "F169")),
    Case("user allow, spam", MARTA, f"marco.rossi@mine.{W}.test", INBOX, ("F167", "F169"), "spam"),
    Case("user allow, in capitals", MARTA, f"Marco.Rossi@MINE.{W}.test", INBOX, ("F169",), "spam"),
    Case("allow, infected", MARTA, f"marco.rossi@mine.{W}.test", QUARANTINE, ("F181",), "eicar"),
    Case("user allow, admin deny", MARTA, f"x@denied.{W}.test", INBOX, ("F177",)),
    Case("user allow, admin deny, spam", MARTA, f"x@denied.{W}.test", INBOX, ("F177",), "spam"),
    # User rule: block, whatever else.
    Case("user block, clean", MARTA, f"enemy@mine.{W}.test", QUARANTINE, ("F168", "F169", "F181")),
    Case("user block, spam", MARTA, f"enemy@mine.{W}.test", QUARANTINE, ("F168",), "spam"),
    Case("user block, admin allow", MARTA, f"x@granted.{W}.test", QUARANTINE, ("F177",)),
    # No user rule: the administrators', for all users of the domain, and of no other domain.
    Case("admin allow, spam", PAOLO, f"x@granted.{W}.test", INBOX, ("F174", "F177"), "spam"),
    Case("admin allow, infected", PAOLO, f"x@granted.{W}.test", QUARANTINE, ("F174",), "eicar"),
    Case("admin deny", PAOLO, f"x@denied.{W}.test", QUARANTINE, ("F174", "F177", "F181")),
    Case("admin deny, exception", PAOLO, f"boss@denied.{W}.test", INBOX, ("F174",)),
    Case("admin deny elsewhere", ABROAD, f"x@denied.{W}.test", INBOX, ("F174",)),
    Case("admin allow elsewhere", ABROAD, f"x@granted.{W}.test", QUARANTINE, ("F174",), "spam"),
    # No rule: the filters, where they are on.
    Case("spam", PAOLO, f"x@nobody.{W}.test", QUARANTINE, ("F135", "F181"), "spam"),
    Case("infected", PAOLO, f"x@nobody.{W}.test", QUARANTINE, ("F134", "F181"), "eicar"),
    Case("clean", PAOLO, f"x@nobody.{W}.test", INBOX, ("F181",)),
    Case("spam, switched off", OFF, f"x@nobody.{W}.test", INBOX, ("F135",), "spam"),
    Case("infected, switched off", OFF, f"x@nobody.{W}.test", INBOX, ("F134",), "eicar"),
    # What a rule is on.
    Case("another of that domain", MARTA, f"else@mine.{W}.test", INBOX, ("F169",)),
    Case("another of it, spam", MARTA, f"else@mine.{W}.test", QUARANTINE, ("F169",), "spam"),
    Case("with an extension", MARTA, f"enemy+x@mine.{W}.test", INBOX, ("F169",)),
    Case("anybody of a domain", MARTA, f"anybody@shop.{W}.test", QUARANTINE, ("F170",)),
    Case("anybody of a friend's", MARTA, f"anybody@friends.{W}.test", INBOX, ("F170",), "spam"),
    Case("below a domain", MARTA, f"x@sub.shop.{W}.test", INBOX, ("F170",)),
    Case("address before domain", MARTA, f"good@shop.{W}.test", INBOX, ("F169", "F170"), "spam"),
    Case("a bounce", MARTA, "", INBOX, ("F170",)),
    # Whose rule it is.
    Case("another's block", PAOLO, f"enemy@mine.{W}.test", INBOX, ("F173",)),
    Case("another's allow", PAOLO, f"marco.rossi@mine.{W}.test", QUARANTINE, ("F173",), "spam"),
    # The envelope counts, the header From does not.
    Case(
        "header blocked", MARTA, f"x@nobody.{W}.test", INBOX, ("F178",),
        header_from=f"enemy@mine.{W}.test",
    ),
    Case(
        "header allowed", MARTA, f"x@nobody.{W}.test", QUARANTINE, ("F178",), "spam",
        header_from=f"marco.rossi@mine.{W}.test",
    ),
    Case(
        "envelope blocked", MARTA, f"enemy@mine.{W}.test", QUARANTINE, ("F178",),
        header_from=f"marco.rossi@mine.{W}.test",
    ),
]  # fmt: skip


@dataclass(frozen=True)
class Landed:
    """Where a message is, and what its header says of it."""

    folder: str
    decision: str


def in_force(shell: Shell) -> bool:
    """Tell whether the jobs have carried out every change."""
    query = (
        "SELECT (SELECT max(id) FROM directory.changes)"
        " <= (SELECT change_id FROM directory.jobs_progress WHERE reader = 'jobs')"
    )
    return shell.sql(query) == [["t"]]


def send(mail: Mail, case: Case, client: smtplib.SMTP) -> None:
    message = compose(case.header_from, case.to, case.subject)
    if case.verdict == "spam":
        message.set_content(f"Buy now\n\n{GTUBE}\n")
    if case.verdict == "eicar":
        message.add_attachment(
            EICAR.encode(), maintype="application", subtype="x-com", filename="invoice.com"
        )
    client.send_message(message, case.sender, [case.to])


def door(mail: Mail) -> smtplib.SMTP:
    """Return a connection as another mail server makes it."""
    ports = mail.appliance.ports
    return smtplib.SMTP(mail.appliance.host, ports["smtp"], "mx.example.net", timeout=60)


def look(shell: Shell, addresses: list[str], word: str) -> dict[str, Landed]:
    """Return where each message is whose subject contains *word*, by its subject."""
    shell.run("sh", "-c", "cat >/run/fermoposta-e2e-junk", stdin="\n".join([*addresses, ""]))
    fields = "mailbox hdr.subject hdr.x-fermoposta-decision"
    found = shell.run(
        *("doveadm", "-f", "json", "fetch", "-F", "/run/fermoposta-e2e-junk", fields),
        *("mailbox", "*", "header", "subject", word),
    )
    return {
        each["hdr.subject"]: Landed(each["mailbox"], each["hdr.x-fermoposta-decision"])
        for each in json.loads(found)
    }


@pytest.fixture(scope="module")
def users(directory: Directory, shell: Shell) -> Iterator[None]:
    made = {
        address: {"name": "Junk", "password_hash": HASH, "language": "en", **fields}
        for address, fields in USERS.items()
    }
    with directory.changed(users=made, junk_rules=RULES):
        wait_for("the compiler", lambda: in_force(shell), seconds=60)
        yield


@pytest.fixture(scope="module")
def landed(users: None, mail: Mail, shell: Shell) -> dict[str, Landed]:
    """Send every row's message, and return where they all are."""
    with door(mail) as client:
        for case in CASES:
            send(mail, case, client)
    wanted = {case.subject for case in CASES}

    def all_there() -> dict[str, Landed] | None:
        there = look(shell, list(USERS), W)
        return there if wanted <= there.keys() else None

    return wait_for("every row's message", all_there, seconds=120)


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, id=c.name, marks=pytest.mark.feature(*c.features)) for c in CASES],
)
def test_the_table_row_by_row(landed: dict[str, Landed], case: Case) -> None:
    """The folder is the table's, and where a rule or a filter decided, the message says so."""
    found = landed[case.subject]

    assert found.folder == case.folder
    assert not found.decision or found.decision.startswith(
        "inbox; " if case.folder == INBOX else "quarantine; "
    )


def test_explain_says_what_was_done(landed: dict[str, Landed], shell: Shell) -> None:
    """With the message as it was delivered, folder and reason are the same."""
    for case in CASES[::5]:
        # The filters' verdicts are what counts of the message, and they are in the first part.
        text = shell.run(
            *("doveadm", "fetch", "-u", case.to, "hdr", "header", "subject", case.subject)
        ).partition("hdr:\n")[2]
        shell.run("sh", "-c", "cat >/run/fermoposta-e2e.eml", stdin=f"{text.rstrip()}\n\nciao\n")
        said = json.loads(
            shell.run(
                *("fermoposta", "explain", "--json", case.sender, case.to),
                "/run/fermoposta-e2e.eml",
            )
        )
        (delivery,) = said["deliveries"]
        assert delivery["folder"] == ("inbox" if case.folder == INBOX else "quarantine")
        assert (delivery["header"] or "") == landed[case.subject].decision


def test_explain_says_who_is_refused(shell: Shell) -> None:
    """A restricted user does not reach the outside, and nobody sends as somebody else."""
    dario = "dario@example.org"
    for words, said in (
        ((dario, "x@outside.test", "--login", dario), "550 5.7.1"),
        (("ada@example.org", "x@outside.test", "--login", dario), "may not send as"),
    ):
        done = shell.call("fermoposta", "explain", *words)
        assert done.returncode == 1
        assert said in done.stdout


@pytest.mark.feature("F175", "F176", "F172")
def test_an_administrators_rule_is_made_changed_and_removed(
    users: None, mail: Mail, shell: Shell
) -> None:
    """Action and sender may change, the rule may go; each counts within seconds, unaided."""
    sender, other = f"x@changing.{W}.test", f"x@changed.{W}.test"

    def lands(of: str, folder: str, change: Callable[[], object]) -> None:
        change()
        started = time.monotonic()

        def as_wanted() -> bool:
            case = Case(token(), PAOLO, of, folder)
            with door(mail) as client:
                send(mail, case, client)
            there = wait_for(case.name, lambda: look(shell, [PAOLO], case.subject))
            return there[case.subject].folder == folder

        wait_for(f"{of} in {folder}", as_wanted, seconds=60)
        print(f"in force, a delivery included, after {time.monotonic() - started:.1f} s")

    def junk(*words: str) -> Callable[[], object]:
        return lambda: shell.run("fermoposta", "junk", *words)

    lands(sender, QUARANTINE, junk("block", "example.org", f"@changing.{W}.test"))
    lands(sender, INBOX, junk("allow", "example.org", f"@changing.{W}.test"))
    lands(sender, QUARANTINE, junk("block", "example.org", f"@changing.{W}.test"))
    # Another sender: the old rule goes, a new one comes.
    junk("remove", "example.org", f"@changing.{W}.test")()
    lands(other, QUARANTINE, junk("block", "example.org", other))
    lands(sender, INBOX, lambda: None)
    lands(other, INBOX, junk("remove", "example.org", other))
    assert W not in shell.run("fermoposta", "junk", "list", "example.org").replace(
        f".{W}.test", "", len(RULES["example.org"])
    )


@pytest.mark.feature("F174", "F175")
def test_the_inventorys_rule_stays(shell: Shell) -> None:
    """What an inventory declares is neither changed nor removed beside it."""
    for words in (
        ("allow", "example.org", "@spam.example"),
        ("remove", "example.org", "@spam.example"),
    ):
        done = shell.call("fermoposta", "junk", *words)
        assert done.returncode == 4
        assert "belongs to the inventory" in done.stderr

    assert "block" in shell.run("fermoposta", "junk", "list", "example.org")


@pytest.mark.feature("F066", "F171", "F172", "F173")
@pytest.mark.parametrize(
    ("choice", "sender", "neighbour"),
    [
        ("block-sender", QUARANTINE, INBOX),
        ("block-domain", QUARANTINE, QUARANTINE),
        ("allow-sender", INBOX, QUARANTINE),
        ("allow-domain", INBOX, INBOX),
    ],
)
def test_report_as_makes_a_rule(
    users: None, mail: Mail, shell: Shell, choice: str, sender: str, neighbour: str
) -> None:
    """The four choices on a message block or allow its envelope sender, or that one's domain."""
    domain = f"{choice}.{W}.test"
    shell.run(
        *("sh", "-c", "cat >/run/fermoposta-e2e.eml"),
        stdin=f"Envelope-From: <x@{domain}>\nFrom: y@header.test\nSubject: ciao\n\nciao\n",
    )
    made = shell.run(
        *("fermoposta", "junk", "report", "--as", choice, PAOLO, "/run/fermoposta-e2e.eml")
    )
    assert "create junk_rules" in made
    listed = shell.run("fermoposta", "junk", "list", PAOLO)
    assert domain in listed
    assert "header.test" not in listed
    wait_for("the compiler", lambda: in_force(shell), seconds=60)

    verdict = "spam" if choice.startswith("allow") else "clean"
    cases = [
        Case(f"{choice} x", PAOLO, f"x@{domain}", sender, verdict=verdict),
        Case(f"{choice} z", PAOLO, f"z@{domain}", neighbour, verdict=verdict),
        Case(f"{choice} other", ABROAD, f"x@{domain}", INBOX if verdict == "clean" else QUARANTINE,
             verdict=verdict),
    ]  # fmt: skip
    with door(mail) as client:
        for case in cases:
            send(mail, case, client)

    def all_there() -> dict[str, Landed] | None:
        there = look(shell, list(USERS), f"{W} {choice}")
        return there if len(there) == len(cases) else None

    there = wait_for("all three", all_there, seconds=60)
    assert {c.subject: there[c.subject].folder for c in cases} == {
        c.subject: c.folder for c in cases
    }


@pytest.mark.feature("F180")
def test_a_clients_own_junk_settings_decide_nothing(
    landed: dict[str, Landed], shell: Shell
) -> None:
    """Nobody was logged in to these mailboxes: no client took part, and every row held."""
    assert landed
    logged = shell.call("journalctl", "--boot", "-u", "dovecot", "--grep", f"Logged in: user=<{W}")
    assert W not in logged.stdout


@pytest.mark.feature("F136")
def test_both_switches_are_on_unless_somebody_turns_them_off(shell: Shell, users: None) -> None:
    """What was declared without them is filtered for viruses and spam."""
    shown = json.loads(shell.run("fermoposta", "show", "--json", PAOLO))

    assert shown["antivirus"] is True
    assert shown["antispam"] is True


def test_a_script_that_does_not_compile_loses_nothing(
    users: None, mail: Mail, shell: Shell
) -> None:
    """The mail is in the inbox, the journal says why, and the next full pass repairs the script."""
    found = dict(shell.sql("SELECT address, mailbox_id FROM directory.users"))[MARTA]
    script = f"/var/lib/fermoposta/sieve/{found}/policy.sieve"
    good = shell.run("cat", script)
    shell.run("sh", "-c", f"echo 'this is no Sieve;' >{script}")
    case = Case(token(), MARTA, f"x@nobody.{W}.test", INBOX)
    try:
        with door(mail) as client:
            send(mail, case, client)
        there = wait_for("the message", lambda: look(shell, [MARTA], case.subject), seconds=60)
    finally:
        repaired = shell.run("fermoposta", "compile")

    assert there[case.subject].folder == INBOX
    assert f"updated {script}" in repaired
    assert shell.run("cat", script) == good


def test_pigeonhole_takes_every_script(users: None, shell: Shell) -> None:
    """Each compiled script passes Dovecot's own compiler."""
    shell.run(
        "sh",
        "-c",
        "set -e; for script in $(find /var/lib/fermoposta/sieve -name '*.sieve'); do"
        " sievec $script /run/fermoposta-e2e.svbin; done; rm /run/fermoposta-e2e.svbin",
    )


@pytest.mark.feature("F057")
def test_the_real_sender_is_in_the_message(ada: Account, mail: Mail) -> None:
    """Rules look at the address behind Envelope-From, and not at one that somebody wrote there."""
    subject = token()
    message = compose("Known Friend <friend@header.test>", ada.address, subject)
    message["Envelope-From"] = "<forged@header.test>"
    mail.deliver(f"real@sender.{W}.test", [ada.address], message)

    found = mail.wait_for(ada, subject)

    assert found.get_all("Envelope-From") == [f"<real@sender.{W}.test>"]
