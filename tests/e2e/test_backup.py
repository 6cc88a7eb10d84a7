"""Backups of the host while mail flows, the drill that proves them, and what is restored."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from clients.disturbance import disturbed
from clients.mail import compose, token
from clients.stream import Stream
from clients.waiting import wait_for
from clients.web import Web

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account, Appliance

REPOSITORY = "/var/backups/fermoposta"
STATE = "/var/lib/fermoposta-backup"
STAGE = "/var/vmail/.backup"
EVENT = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//Test//EN\r
BEGIN:VEVENT\r
UID:backup-test\r
DTSTAMP:20260101T000000Z\r
DTSTART:20260102T100000Z\r
DTEND:20260102T110000Z\r
SUMMARY:Kept\r
END:VEVENT\r
END:VCALENDAR\r
"""
# What an attacker, a broken disk or a bug could make of a backup; each in a place of its own.
ALTER = """
import json, os, pathlib, sys
root, mailbox = pathlib.Path(sys.argv[1]), sys.argv[2]

def change(path, old, new, last=False):
    content = path.read_bytes()
    at = content.rfind(old) if last else content.find(old)
    assert at >= 0, (path, old)
    path.write_bytes(content[:at] + new + content[at + len(old):])

home = root / "mail" / mailbox[:2] / mailbox
messages = sorted((home / "mail/mailboxes/INBOX/dbox-Mails").glob("u.*"))
change(messages[0], b"Subject:", b"Subjekt:")
messages[1].unlink()
listed = root / "manifest/mail" / (mailbox + ".jsonl")
lines = listed.read_text().splitlines()
at = max(i for i, line in enumerate(lines) if line.startswith("["))
lines[at] = json.dumps([*json.loads(lines[at]), "\\\\Flagged"])
listed.write_text("\\n".join(lines) + "\\n")
change(root / "databases/fermoposta.dump", b"Ada Lovelace", b"Ida Lovelace", last=True)
change(root / "databases/sogo.dump", b"SUMMARY:", b"SUMMARX:")
(root / "files/etc/fermoposta/calendar.secret").write_text("guess")
"""


class Backups:
    """The commands of the host that are about backups."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def take(self) -> str:
        taken = json.loads(self.shell.run("fermoposta", "backup", "take", "--json"))
        assert taken["messages"] > 0
        return str(taken["id"])

    def drill(self, *options: str) -> tuple[int, dict[str, Any]]:
        """Return the exit code and the report."""
        done = self.shell.call("fermoposta", "drill", "--json", *options)
        return done.returncode, json.loads(done.stdout)

    def restic(self, *command: str) -> str:
        settings = [
            f"RESTIC_REPOSITORY={REPOSITORY}",
            "RESTIC_PASSWORD_FILE=/etc/fermoposta/backup.password",
        ]
        return self.shell.run("env", *settings, "restic", "--no-cache", *command)

    def mailbox(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """Restore a mailbox, or a folder of it; return what is said of each folder."""
        told = self.shell.run("fermoposta", "backup", "mailbox", "--json", *arguments)
        return {each["folder"]: each for each in json.loads(told)}


@pytest.fixture
def backups(shell: Shell) -> Backups:
    return Backups(shell)


@pytest.fixture(scope="module")
def busy(directory: Directory) -> Iterator[Account]:
    """Somebody who writes more mails within an hour than others may."""
    with directory.newcomer("diligent@example.org", recipients_per_hour=1_000_000) as account:
        yield account


@pytest.fixture
def carla(directory: Directory) -> Iterator[Account]:
    """Somebody whose mailbox is only for the test."""
    with directory.newcomer(f"{token()}@example.org") as account:
        yield account


def test_a_backup_that_is_taken_while_mail_flows_is_proved(
    backups: Backups, shell: Shell, mail: Mail, busy: Account, bob: Account
) -> None:
    """All of it comes back; the report is signed by the host, and a forged one is found out."""
    with Stream(mail, busy, bob) as stream:
        wait_for("some mail", lambda: len(stream.accepted) > 20)
        name = backups.take()
        assert len(stream.accepted) > 20

    code, report = backups.drill()

    assert report["listed"] == []
    assert (code, report["outcome"], report["backup"]) == (0, "good", name)
    assert report["messages"] > 20
    assert report["moving"] == report["unread"] == 0
    verify = ("fermoposta", "drill", "--verify")
    assert "signed by this host" in shell.run(*verify, f"{STATE}/last-drill.json")
    shell.run("sed", "s/good/best/", f"{STATE}/last-drill.json", "-i")
    assert shell.call(*verify, f"{STATE}/last-drill.json").returncode == 1


def test_the_drill_finds_each_thing_that_is_not_as_it_was(
    backups: Backups, shell: Shell, mail: Mail, appliance: Appliance, carla: Account
) -> None:
    """A message, a flag, a person, an event, a key: each with its place."""
    with mail.imap(carla) as client:
        for _ in range(3):
            client.append("INBOX", compose("x@far.example", carla.address, token()).as_bytes())
    event = f"https://mail.example.org/SOGo/dav/{carla.address}/Calendar/personal/{token()}.ics"
    assert Web(appliance).ask("PUT", event, account=carla, body=EVENT).status == 201
    backups.take()
    ((mailbox,),) = shell.sql(
        f"SELECT regexp_replace(home, '^.*/', '') FROM dovecot.userdb"  # noqa: S608 - our own
        f" WHERE address = '{carla.address}'"
    )
    try:
        shell.run("mkdir", "-m", "700", STAGE)
        backups.restic("restore", f"latest:{STAGE}", "--target", STAGE)
        shell.run("/usr/bin/python3", "-I", "-", STAGE, mailbox, stdin=ALTER)
        backups.restic("backup", "--tag", "fermoposta", STAGE)
        code, report = backups.drill()
    finally:
        shell.run("rm", "-rf", STAGE)
        backups.restic("forget", "latest", "--prune")

    assert (code, report["outcome"]) == (1, "bad")
    found = {(each["part"], each["where"], each["what"]) for each in report["listed"]}
    of_mail = [(where, what) for part, where, what in found if part == "mail"]
    assert all(where.startswith(carla.address) for where, _ in of_mail)
    told = {what for _, what in of_mail}
    assert {"another content", "the message is missing", "another flags"} <= told
    tables = {where for part, where, _ in found if part == "table"}
    assert "fermoposta directory.users" in tables
    assert any(where.startswith("sogo ") for where in tables)
    assert ("file", "etc/fermoposta/calendar.secret", "another content") in found


def test_one_byte_of_the_repository_that_is_another_fails_the_drill(
    backups: Backups, shell: Shell
) -> None:
    """Wherever it is; and the host says so."""
    backups.take()
    largest = "ls -S $(find {} -type f) | head -1"
    pack = shell.run("sh", "-c", largest.format(f"{REPOSITORY}/data")).strip()
    flip = (
        "import sys; f = open(sys.argv[1], 'r+b'); f.seek(0, 2); f.seek(f.tell() // 3);"
        "b = f.read(1)[0]; f.seek(-1, 1); f.write(bytes([b ^ 1]))"
    )
    shell.run("chmod", "u+w", pack)
    shell.python(flip, pack)
    try:
        code, report = backups.drill()
    finally:
        shell.python(flip, pack)

    assert (code, report["outcome"]) == (1, "bad")
    assert report["listed"][0]["part"] == "backup"
    findings = json.loads(shell.call("fermoposta", "doctor", "--json", "--skip-dns").stdout)
    bad = [each for each in findings if each["outcome"] == "bad"]
    assert [(each["check"], each["subject"]) for each in bad] == [("backup", "drill")]
    assert backups.drill()[0] == 0


def test_what_a_mailbox_has_lost_comes_back_once(
    backups: Backups, shell: Shell, mail: Mail, carla: Account
) -> None:
    """With flags and dates, in its folder; what is there is left alone."""
    at = datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)
    lost, kept = (
        compose("x@far.example", carla.address, token()).as_bytes().replace(b"\n", b"\r\n")
        for _ in range(2)
    )
    with mail.imap(carla) as client:
        client.create_folder("Conti/2020")
        client.append("Conti/2020", lost, ["\\Flagged", "wichtig"], at)
        client.append("Conti/2020", lost, [], at)
        client.append("INBOX", kept, [], at)
    backups.take()
    with mail.imap(carla) as client:
        client.delete_folder("Conti/2020")
        client.select_folder("INBOX")
        client.add_flags(client.search(), ["\\Seen"])
    shell.run("doveadm", "expunge", "-u", carla.address, "mailbox", ".kept/*", "all")

    returned = backups.mailbox(carla.address, "Conti")

    assert returned["Conti/2020"] == {"folder": "Conti/2020", "restored": 2, "there": 0}
    with mail.imap(carla) as client:
        client.normalise_times = False
        client.select_folder("Conti/2020")
        found = client.fetch(client.search(), ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"])
    assert [parts[b"BODY[]"] for parts in found.values()] == [lost, lost]
    assert all(parts[b"INTERNALDATE"] == at for parts in found.values())
    assert sorted(len(set(parts[b"FLAGS"]) - {b"\\Recent"}) for parts in found.values()) == [0, 2]
    again = backups.mailbox(carla.address)
    assert again["Conti/2020"]["there"] == 2
    assert again["INBOX"] == {"folder": "INBOX", "restored": 0, "there": 1}
    assert not any(each["restored"] for each in again.values())


def test_a_mailbox_that_no_backup_has_is_said_to_be_none(shell: Shell) -> None:
    """With what to do about it."""
    done = shell.call("fermoposta", "backup", "mailbox", "nobody@example.org")

    assert (done.returncode, done.stdout) == (5, "")
    assert "there is no mailbox nobody@example.org; declare the user first" in done.stderr


def test_two_at_once_are_refused(shell: Shell, backups: Backups) -> None:
    """The one that came first is not disturbed."""
    hold = ["flock", f"{STATE}/lock", "fermoposta", "backup", "take"]

    done: subprocess.CompletedProcess[str] = shell.call(*hold)

    assert done.returncode == 5
    assert "another backup, drill or restore is at work" in done.stderr
    assert backups.take()


def test_a_host_becomes_what_its_backup_says_even_when_killed_on_the_way(
    backups: Backups, shell: Shell, mail: Mail, directory: Directory, ada: Account, bob: Account
) -> None:
    """Directory, mail and rights as they were; what was there is set aside until it is settled."""
    shell.run("fermoposta", "backup", "settle")
    before = token()
    mail.send(bob, ada.address, before)
    assert mail.wait_for(ada, before)
    name = backups.take()
    after = token()
    mail.send(bob, ada.address, after)
    assert mail.wait_for(ada, after)
    with mail.imap(ada) as client:
        client.select_folder("INBOX")
        client.delete_messages(client.search(["SUBJECT", before]))
        client.expunge()
    newcomer = f"{token()}@example.org"
    declared = directory.declared()
    declared["mail_users"][newcomer] = {"name": "New", "password": "Segreta1234"}
    assert directory.apply(declared).returncode == 0

    with disturbed(shell):
        # Killed as soon as it has begun to change anything.
        killed = shell.call(
            "sh",
            "-c",
            f"fermoposta backup host --yes --backup {name} & until test -e {STATE}/restoring.json;"
            " do sleep 0.1; done; sleep 2; kill -9 $!; wait $!",
        )
        assert killed.returncode == 137
        shell.run("fermoposta", "backup", "host", "--yes")
        wait_for("mail to be there", lambda: mail.find(ada, before), seconds=60)

    assert mail.find(ada, after) == []
    assert newcomer not in directory.declared()["mail_users"]
    doctor = json.loads(shell.call("fermoposta", "doctor", "--json", "--skip-dns").stdout)
    bad = [each for each in doctor if each["outcome"] == "bad" and each["check"] != "backup"]
    assert bad == []
    fresh = token()
    mail.send(bob, ada.address, fresh)
    assert mail.wait_for(ada, fresh)
    settled = shell.run("fermoposta", "backup", "settle")
    assert settled.count("removed") == 3
    assert shell.run("fermoposta", "backup", "settle") == ""
