"""What people have elsewhere is brought here; the other server is another mailbox of the host."""

from __future__ import annotations

import base64
import json
import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from clients.disturbance import disturbed
from clients.mail import compose, token
from clients.waiting import wait_for
from clients.web import Web
from tests.datafile import Shelf, Thing, Writer

from fermoposta.outlook.properties import (
    APPOINTMENT,
    BODY,
    DELIVERED,
    DISPLAY_NAME,
    MESSAGE_CLASS,
    MESSAGE_FLAGS,
    SUBJECT,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account, Appliance

CA = "/etc/fermoposta/tls/ca.pem"
AT = datetime(2021, 2, 3, 4, 5, 6, tzinfo=UTC)
MEETING = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//Elsewhere//EN\r
BEGIN:VEVENT\r
UID:{uid}\r
DTSTAMP:20260101T000000Z\r
DTSTART:20260102T100000Z\r
DTEND:20260102T110000Z\r
SUMMARY:{summary}\r
ORGANIZER:mailto:{organizer}\r
ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{attendee}\r
END:VEVENT\r
BEGIN:VTODO\r
UID:{uid}-todo\r
DTSTAMP:20260101T000000Z\r
SUMMARY:{summary} todo\r
END:VTODO\r
END:VCALENDAR\r
"""
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{name}\r\nN:{name};;;;\r\nEND:VCARD\r\n"


# Killed when so many are there.
KILLED = """
cat > /run/password; {command} < /run/password & p=$!
arrived() {{ doveadm -f tab mailbox status -u {new} messages Many 2>&1 | sed -n 's|^Many\t||p'; }}
until test "0$(arrived)" -ge {n}; do kill -0 $p || exit 1; done
kill -9 $p; wait $p
"""


class Imports:
    """The command of the host."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def run(self, to: Account, *arguments: str, password: str = "") -> tuple[int, dict[str, Any]]:
        """Return the exit code and the manifest."""
        command = ("fermoposta", "import", "--json", to.address, *arguments)
        done = self.shell.call(*command, stdin=password)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def server(self, account: Account, kind: str = "imap") -> tuple[str, ...]:
        """Return the options that lead to the mailbox of *account*."""
        where = ("--host", "mail.example.org", "--ca-file", CA, "--password-file", "-")
        return (kind, "--user", account.address, *where)

    def put(self, path: str, content: bytes | str) -> str:
        octets = content if isinstance(content, bytes) else content.encode()
        script = 'mkdir -p "$(dirname "$1")"; base64 -d >"$1"'
        self.shell.run("sh", "-c", script, "sh", path, stdin=base64.b64encode(octets).decode())
        return path


@pytest.fixture
def imports(shell: Shell) -> Imports:
    return Imports(shell)


@pytest.fixture
def old(directory: Directory) -> Iterator[Account]:
    """The mailbox that is left."""
    with directory.newcomer(f"old{token()}@example.com", language="en") as account:
        yield account


@pytest.fixture
def new(directory: Directory) -> Iterator[Account]:
    """The mailbox that is moved into; its folders are named in Italian."""
    with directory.newcomer(f"new{token()}@example.org", language="it") as account:
        yield account


def message(to: str, size: int = 0) -> bytes:
    text = "Ciao!\n" + "x" * 70 * (size // 70)
    made = compose("far@far.example", to, token(), text)
    return made.as_bytes().replace(b"\n", b"\r\n")


def fetch(mail: Mail, account: Account, folder: str) -> list[tuple[bytes, set[bytes], datetime]]:
    """Return content, flags and date of what is in a folder, in order."""
    with mail.imap(account) as client:
        client.normalise_times = False
        client.select_folder(folder, readonly=True)
        found = client.fetch(client.search(), ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"])
    return [
        (parts[b"BODY[]"], set(parts[b"FLAGS"]) - {b"\\Recent"}, parts[b"INTERNALDATE"])
        for _, parts in sorted(found.items())
    ]


@pytest.mark.feature("F209", "F211")
def test_a_mailbox_is_brought_over_with_folders_flags_and_dates(
    imports: Imports, mail: Mail, old: Account, new: Account
) -> None:
    """Each folder to the one of its use; a second run adds nothing, a third what came meanwhile."""
    first, sent, deep = (message(old.address) for _ in range(3))
    with mail.imap(old) as client:
        client.append("INBOX", first, ["\\Seen", "$Label1"], AT)
        client.append("INBOX", first, [], AT)
        client.append("Sent", sent, ["\\Seen"], AT)
        client.create_folder("Work/Ünter & Co")
        client.append("Work/Ünter & Co", deep, ["\\Flagged", "\\Answered"], AT)
    source = imports.server(old)

    code, manifest = imports.run(new, *source, password=old.password)

    assert (code, manifest["equal"], manifest["refused"]) == (0, True, [])
    folders = {each["folder"]: each for each in manifest["folders"]}
    assert folders["Sent"]["target"] == "Posta inviata"
    assert folders["INBOX"]["source"] == folders["INBOX"]["here"]
    assert folders["INBOX"]["source"]["count"] == 2
    assert fetch(mail, new, "INBOX") == [(first, {b"\\Seen", b"$Label1"}, AT), (first, set(), AT)]
    assert fetch(mail, new, "Posta inviata") == [(sent, {b"\\Seen"}, AT)]
    assert fetch(mail, new, "Work/Ünter & Co") == [(deep, {b"\\Flagged", b"\\Answered"}, AT)]

    with mail.imap(old) as client:
        later = message(old.address)
        client.append("INBOX", later, [], AT)
    with mail.imap(new) as client:
        client.delete_folder("Work/Ünter & Co")
    code, manifest = imports.run(new, *source, "--without", "Work", password=old.password)

    assert [content for content, _, _ in fetch(mail, new, "INBOX")] == [first, first, later]
    assert code == 1, "what its owner has deleted since does not come back, and is told"
    lacking = [each["folder"] for each in manifest["folders"] if each["missing"]]
    assert lacking == ["Work/Ünter & Co"]


@pytest.mark.feature("F209")
def test_an_import_that_is_killed_goes_on_and_adds_nothing_twice(
    imports: Imports, shell: Shell, mail: Mail, old: Account, new: Account
) -> None:
    """Killed again and again, at any moment; the manifest is equal in the end."""
    contents = [message(old.address) for _ in range(1500)]
    with mail.imap(old) as client:
        client.create_folder("Many")
        for content in contents:
            client.append("Many", content, [], AT)
    command = " ".join(("fermoposta import", new.address, *imports.server(old)))
    mail.imap(new).logout()  # both would make its folders at once

    for least in (1, 90, 210):
        killed = shell.call("sh", "-c", KILLED.format(command=command, new=new.address, n=least),
                            stdin=old.password)  # fmt: skip
        assert killed.returncode == 137, killed.stderr
    with mail.imap(new) as client:
        some = client.folder_status("Many", ["MESSAGES"])[b"MESSAGES"]
    code, manifest = imports.run(new, *imports.server(old), password=old.password)

    assert 0 < some < len(contents)
    assert (code, manifest["equal"]) == (0, True)
    found = [content for content, _, _ in fetch(mail, new, "Many")]
    assert sorted(found) == sorted(contents)
    code, manifest = imports.run(new, *imports.server(old), password=old.password)
    assert (code, len(fetch(mail, new, "Many"))) == (0, len(contents))


@pytest.mark.feature("F209")
def test_a_cut_connection_is_made_anew(
    imports: Imports, shell: Shell, mail: Mail, old: Account, new: Account
) -> None:
    """The other server drops it in the middle; nobody has to do anything."""
    contents = [message(old.address, 200_000) for _ in range(60)]
    with mail.imap(old) as client:
        client.create_folder("Large")
        for content in contents:
            client.append("Large", content, [], AT)
    command = " ".join(("fermoposta import --json", new.address, *imports.server(old)))
    cut = f"(for i in 1 2 3; do sleep 0.7; doveadm kick {old.address} >/dev/null; done) & "

    with disturbed(shell):
        done = shell.call("sh", "-c", f"{cut} {command}", stdin=old.password)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["equal"]
    assert sorted(content for content, _, _ in fetch(mail, new, "Large")) == sorted(contents)


@pytest.mark.feature("F209")
def test_pop3_brings_the_inbox(imports: Imports, mail: Mail, old: Account, new: Account) -> None:
    """And leaves it where it is."""
    content = message(old.address)
    with mail.imap(old) as client:
        client.append("INBOX", content, [], AT)
    source = imports.server(old, "pop3")

    code, manifest = imports.run(new, *source, password=old.password)

    assert (code, manifest["equal"]) == (0, True)
    assert [found for found, _, _ in fetch(mail, new, "INBOX")] == [content]
    assert len(fetch(mail, old, "INBOX")) == 1
    assert imports.run(new, *source, password=old.password)[0] == 0
    assert len(fetch(mail, new, "INBOX")) == 1


def test_a_wrong_password_is_said_and_not_shown(
    imports: Imports, shell: Shell, old: Account, new: Account
) -> None:
    """Neither here nor in the journal or the audit."""
    command = ("fermoposta", "import", new.address, *imports.server(old))

    done = shell.call(*command, stdin="Sbagliata99")

    assert done.returncode == 5
    assert "refuses user or password" in done.stderr
    assert "Sbagliata99" not in done.stdout + done.stderr
    assert "Sbagliata99" not in shell.run("fermoposta", "audit", "--json")


def test_a_full_mailbox_stops_the_import_until_there_is_room(
    imports: Imports, shell: Shell, mail: Mail, directory: Directory, old: Account
) -> None:
    """Nothing is refused or lost for it."""
    contents = [message(old.address, 40_000_000) for _ in range(4)]
    with mail.imap(old) as client:
        for content in contents:
            client.append("INBOX", content, [], AT)
    with directory.newcomer(f"{token()}@example.org", quota_mb=100) as small:
        command = ("fermoposta", "import", small.address, *imports.server(old))
        stopped = shell.call(*command, stdin=old.password)
        assert stopped.returncode == 5
        assert "the mailbox is full: raise its quota_mb" in stopped.stderr
        declared = directory.declared()
        declared["mail_users"][small.address]["quota_mb"] = 200
        assert directory.apply(declared).returncode == 0
        wait_for(
            "the new quota",
            lambda: "204800" in shell.run("doveadm", "quota", "get", "-u", small.address),
        )

        code, manifest = imports.run(small, *imports.server(old), password=old.password)

        assert (code, manifest["equal"], manifest["refused"]) == (0, True, [])
        assert sorted(each for each, _, _ in fetch(mail, small, "INBOX")) == sorted(contents)


def test_files_are_brought_in(imports: Imports, mail: Mail, new: Account) -> None:
    """An mbox and a Maildir; below a folder where that is wanted."""
    content = message(new.address)
    place = f"/root/{token()}"
    imports.put(f"{place}/Old", b"From x Fri Jan  1 00:00:00 2021\r\n" + content + b"\r\n")
    imports.put(f"{place}/dir/cur/1.x:2,S", content)
    imports.put(f"{place}/dir/new/2.x", b"Subject: NUL\r\n\r\na\0b\r\n")

    assert imports.run(new, "mbox", f"{place}/Old", "--under", "Archivi")[0] == 0
    code, manifest = imports.run(new, "maildir", f"{place}/dir", "--under", "Archivi")

    assert [found for found, _, _ in fetch(mail, new, "Archivi/Old")] == [content]
    assert {found for found, _, _ in fetch(mail, new, "Archivi/INBOX")} == {
        content,
        b"Subject: NUL\r\n\r\na\x80b\r\n",
    }
    assert (code, manifest["folders"][0]["outcomes"]) == (0, {"added": 1, "changed": 1})


def test_appointments_tasks_and_contacts_are_brought_in_and_nobody_is_invited(
    imports: Imports, mail: Mail, appliance: Appliance, new: Account, bob: Account
) -> None:
    """Not even who is an attendee of a meeting that is still to come; twice is once."""
    web, summary, uid = Web(appliance), token(), str(uuid.uuid4())
    place = f"/root/{token()}"
    meeting = MEETING.format(uid=uid, summary=summary, organizer=new.address, attendee=bob.address)
    no_end = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:broken\r\n"
    ics = imports.put(f"{place}/Team.ics", meeting)
    vcf = imports.put(
        f"{place}/Friends.vcf", "".join(CARD.format(uid=f"{uid}{n}", name=f"F{n}") for n in "12")
    )
    broken = imports.put(f"{place}/Broken.ics", no_end)

    for _ in range(2):
        code, manifest = imports.run(new, "ics", ics)
        assert (code, manifest["equal"], manifest["refused"]) == (0, True, [])
        assert manifest["folders"][0]["here"]["count"] == 2
    for _ in range(2):
        code, manifest = imports.run(new, "vcf", vcf, "--book", "Amici & Co")
        assert (code, manifest["equal"]) == (0, True)

    home = f"https://mail.example.org/SOGo/dav/{new.address}"
    stored = web.ask("GET", f"{home}/Calendar/personal/{uid}.ics", account=new)
    assert stored.status == 200
    unfolded = stored.body.replace("\r\n ", "")
    assert f"mailto:{bob.address}" in unfolded
    assert f"mailto:{new.address}" in unfolded
    assert web.ask("GET", f"{home}/Contacts/Amici-Co/{uid}1.vcf", account=new).status == 200
    theirs = f"https://mail.example.org/SOGo/dav/{bob.address}/Calendar/personal/{uid}.ics"
    assert web.ask("GET", theirs, account=bob).status == 404
    code, manifest = imports.run(new, "ics", broken)
    assert code == 1
    assert [each["reason"] for each in manifest["refused"]] == ["the file ends within it"]
    canary = token()
    mail.send(new, bob.address, canary)
    assert mail.wait_for(bob, canary)
    assert mail.find(bob, summary) == []


@pytest.mark.feature("F206", "F207")
def test_a_data_file_of_outlook_is_brought_in(
    imports: Imports, mail: Mail, appliance: Appliance, new: Account, tmp_path: Path
) -> None:
    """Mail, appointments, tasks, contacts and notes; of a large one a folder; twice is once."""
    pst = imports.put(f"/root/{token()}.pst", outlook(tmp_path / "x.pst"))

    code, manifest = imports.run(new, "pst", pst, "--folder", "Progetti")
    assert (code, [each["folder"] for each in manifest["folders"]]) == (0, ["Progetti"])
    assert len(fetch(mail, new, "Progetti")) == 30

    for _ in range(2):
        code, manifest = imports.run(new, "pst", pst)
        assert (code, manifest["equal"], manifest["refused"]) == (0, True, [])
        counts = {each["folder"]: each["here"]["count"] for each in manifest["folders"]}
        assert counts == {
            "INBOX": 2, "Progetti": 30, "Calendario": 0, "Calendario (event)": 2, "Contatti": 0,
            "Contatti (contact)": 1, "Notes": 1, "Cestino": 1,
        }  # fmt: skip

    (_, flags, at), _ = fetch(mail, new, "INBOX")
    assert (flags, at) == ({b"\\Seen"}, AT)
    (note,) = fetch(mail, new, "Notes")
    assert b"com.apple.mail-note" in note[0]
    assert len(fetch(mail, new, "Posta eliminata")) == 1
    web, home = Web(appliance), f"https://mail.example.org/SOGo/dav/{new.address}"
    for place, words in (
        ("Calendar", ["SUMMARY:Riunione", "SUMMARY:Spesa"]),
        ("Contacts", ["FN:Dan"]),
    ):
        listed = web.ask(
            "PROPFIND", f"{home}/{place}/personal/", account=new, headers={"Depth": "1"}
        )
        names = re.findall(r"<D:href>[^<]*/personal/([^<]+\.(?:ics|vcf))<", listed.body)
        texts = "".join(
            web.ask("GET", f"{home}/{place}/personal/{name}", account=new).body for name in names
        )
        assert all(word in texts for word in words)


def outlook(path: Path) -> bytes:
    """Return a data file with something of each kind."""

    def letter(subject: str) -> Thing:
        return Thing(
            {
                MESSAGE_CLASS: "IPM.Note",
                SUBJECT: subject,
                BODY: "Ciao",
                DELIVERED: AT,
                MESSAGE_FLAGS: 1,
                0x5D02: "far@far.example",
            },
            attachments=[{0x3707: "a.bin", 0x3701: subject.encode() * 3000}],
        )

    meeting = {MESSAGE_CLASS: "IPM.Appointment", SUBJECT: "Riunione", (APPOINTMENT, 0x820D): AT}
    Writer(path).write(
        [
            Shelf("Posta in arrivo", [letter("uno"), letter("due")]),
            Shelf("Progetti", [letter(f"p{number}") for number in range(30)]),
            Shelf(
                "Calendario",
                [Thing(meeting), Thing({MESSAGE_CLASS: "IPM.Task", SUBJECT: "Spesa"})],
            ),
            Shelf("Contatti", [Thing({MESSAGE_CLASS: "IPM.Contact", DISPLAY_NAME: "Dan"})]),
            Shelf(
                "Appunti",
                [Thing({MESSAGE_CLASS: "IPM.StickyNote", BODY: "latte"})],
                container="IPF.StickyNote",
            ),
            Shelf("Cestino", [letter("via")]),
        ]
    )
    return path.read_bytes()
