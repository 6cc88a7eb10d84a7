"""What is beyond the limits of a mailbox is told, once, to who can do something about it."""

from __future__ import annotations

import json
import smtplib
from typing import TYPE_CHECKING, Any

import pytest
from clients.mail import compose, token
from clients.waiting import wait_for
from clients.web import Web

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account, Appliance

SMALL = "/etc/fermoposta/small.yml"
BROKEN = (
    b"From: a@client.test\r\nContent-Type: multipart/mixed\r\nSubject: %s\r\n\r\nno boundary\r\n"
)


@pytest.fixture
def small(shell: Shell) -> Iterator[str]:
    """Have limits that a test can pass."""
    bounds = "limit_mailbox_bytes: 300000\nlimit_folders: 12\nlimit_item_bytes: 100000\n"
    shell.run("sh", "-c", f"cat /etc/fermoposta/fermoposta.yml - > {SMALL}", stdin=bounds)
    yield SMALL
    shell.run("rm", SMALL)


def findings(shell: Shell, address: str, config: str) -> list[dict[str, Any]]:
    done = shell.call("fermoposta", "--config", config, "limits", "--json", address)
    assert done.returncode in (0, 1), done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.feature("F212", "F213", "F220")
def test_each_limit_is_found(shell: Shell, mail: Mail, bob: Account, small: str) -> None:
    """Size, folders, a large message and a broken one, each with its place."""
    top, subject = token(), token()
    with mail.imap(bob) as client:
        client.create_folder(top)
        for number in range(12):
            client.create_folder(f"{top}/{number}")
        client.append(top, bytes(compose("a@client.test", bob.address, subject, "x\n" * 200_000)))
        client.append(f"{top}/3", BROKEN % subject.encode())

    found = findings(shell, bob.address, small)

    kinds = {(each["limit"], each["folder"]) for each in found}
    assert {("mailbox", ""), ("folders", ""), ("item", top), ("malformed", f"{top}/3")} <= kinds
    usual = findings(shell, bob.address, "/etc/fermoposta/fermoposta.yml")
    assert {each["limit"] for each in usual} <= {"malformed"}


ENTRIES = {
    "Calendar": (
        "ics",
        (
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//client.test//EN\r\nBEGIN:VEVENT\r\nUID:{0}\r\n"
            "DTSTAMP:20260101T000000Z\r\nDTSTART:20270301T090000Z\r\nSUMMARY:{0}\r\nEND:VEVENT\r\n"
            "END:VCALENDAR\r\n"
        ),
    ),
    "Contacts": (
        "vcf",
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{0}\r\nFN:{0}\r\nN:{0};;;\r\nEND:VCARD\r\n",
    ),
}


@pytest.mark.feature("F220")
@pytest.mark.parametrize("part", ENTRIES)
def test_a_broken_entry_is_found(
    shell: Shell, appliance: Appliance, bob: Account, part: str
) -> None:
    """An appointment or a contact whose end is lost in the store; a whole one is no finding."""
    web, (ending, text) = Web(appliance), ENTRIES[part]
    whole, cut = (f"{token()}.{ending}" for _ in range(2))
    url = f"https://mail.example.org/SOGo/dav/{bob.address}/{part}/personal"
    for name in (whole, cut):
        answer = web.ask("PUT", f"{url}/{name}", account=bob, body=text.format(name))
        assert answer.status == 201
    try:
        in_webmail(shell, f"SET c_content = left(c_content, -12) WHERE c_name = '{cut}'")
        found = findings(shell, bob.address, "/etc/fermoposta/fermoposta.yml")
    finally:
        for name in (whole, cut):
            web.ask("DELETE", f"{url}/{name}", account=bob)

    [broken] = [each for each in found if each["name"] in {whole, cut}]
    assert (broken["limit"], broken["name"]) == ("malformed", cut)
    assert broken["folder"].startswith(f"{part}/")
    assert broken["reason"] in {"NoEnd", "LineWithoutName"}


def in_webmail(shell: Shell, change: str) -> None:
    """Spoil what SOGo holds, as a failing disk or another program would."""
    psql = ["runuser", "-u", "postgres", "--", "psql", "-qd", "sogo", "-c"]
    shell.run(*psql, f"UPDATE sogo_store {change}")


def test_a_message_of_sixty_megabytes_is_refused_clearly(mail: Mail, bob: Account) -> None:
    """At submission and from outside, by its announced size and before it is sent."""
    size = 60 * 1024**2
    with mail.submission(bob) as client:
        client.ehlo()
        code, text = client.docmd(f"MAIL FROM:<{bob.address}> SIZE={size}")
    assert code == 552
    assert b"5.3.4" in text
    with smtplib.SMTP(mail.appliance.host, mail.appliance.ports["smtp"], timeout=60) as client:
        client.ehlo("mx.example.net")
        code, text = client.docmd(f"MAIL FROM:<a@client.test> SIZE={size}")
    assert code == 552
    assert b"5.3.4" in text


def test_the_owner_and_the_administrators_are_told_once(
    shell: Shell, mail: Mail, appliance: Appliance, ada: Account, bob: Account
) -> None:
    """The agent writes of a finding, not again when it looks again, and to nobody else."""
    folder, subject = token(), token()
    with mail.imap(bob) as client:
        client.create_folder(folder)
        client.append(folder, BROKEN % subject.encode())

    for _ in range(2):
        look(shell)
        wait_for("the notice", lambda: told(mail, bob, folder), seconds=90)
        wait_for("the summary", lambda: told(mail, ada, folder), seconds=90)

    assert told(mail, bob, folder) == 1
    assert told(mail, ada, folder) == 1
    assert told(mail, appliance.account("dario@example.org"), folder) == 0


def look(shell: Shell) -> None:
    """Have the agent look at every mailbox, and what it writes delivered."""
    unit = "fermoposta-agent"
    shell.run("systemctl", "restart", unit)
    run = shell.run("systemctl", "show", "-P", "InvocationID", unit).strip()
    journal = ["journalctl", "--no-pager", f"_SYSTEMD_INVOCATION_ID={run}"]
    wait_for("the look", lambda: "limits looked at" in shell.run(*journal), seconds=120)
    wait_for("an empty queue", lambda: bob_is_served(shell), seconds=120)


def bob_is_served(shell: Shell) -> bool:
    return "bob@example.org" not in shell.run("postqueue", "-j")


def told(mail: Mail, account: Account, folder: str) -> int:
    with mail.imap(account) as client:
        client.select_folder("INBOX", readonly=True)
        return len(client.search(["BODY", folder, "FROM", "postmaster"]))
