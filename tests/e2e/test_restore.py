"""What was deleted comes back: each way to delete, each kind of thing, and not for ever."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from clients.mail import compose, token
from clients.sharing import Rights, letters, path
from clients.waiting import wait_for
from clients.web import Web
from clients.webmail import Session
from imapclient.exceptions import IMAPClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.mail import Mail
    from clients.shell import Shell
    from imapclient import IMAPClient

    from fermoposta_demo.appliance import Account, Appliance

LARGE = ("x" * 76 + "\n") * 120_000
"""Nine megabytes."""
RECEIVED = datetime(2024, 2, 29, 12, 30, 15, tzinfo=UTC)
EVENT = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//client.test//EN\r
BEGIN:{component}\r
UID:{uid}\r
DTSTAMP:20260101T000000Z\r
DTSTART:20270301T090000Z\r
SUMMARY:{title}\r
END:{component}\r
END:VCALENDAR\r
"""
CARD = """BEGIN:VCARD\r
VERSION:3.0\r
UID:{uid}\r
FN:{title}\r
N:{title};;;;\r
EMAIL:{title}@client.example\r
END:VCARD\r
"""
NAMES = "<d:propfind xmlns:d='DAV:'><d:prop><d:displayname/></d:prop></d:propfind>"


@pytest.fixture
def client(mail: Mail, bob: Account) -> Iterator[IMAPClient]:
    with mail.imap(bob) as client:
        client.normalise_times = False
        yield client


@pytest.fixture(scope="module")
def web(appliance: Appliance) -> Web:
    return Web(appliance)


class Bin:
    """`fermoposta restore` for one mailbox."""

    def __init__(self, shell: Shell, account: Account) -> None:
        self._shell = shell
        self.address = account.address

    def ask(self, command: str, *arguments: str, now: datetime | None = None) -> Any:
        shifted = ["--now", f"{now:%Y-%m-%dT%H:%M:%S}"] if now else []
        line = ["fermoposta", "restore", command, "--json", *shifted, self.address, *arguments]
        return json.loads(self._shell.run(*line))

    def list(self, folder: str | None = None, now: datetime | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("list", *([folder] if folder else []), now=now)
        return found

    def named(self, name: str) -> list[dict[str, Any]]:
        return [item for item in self.list() if item["name"] == name]

    def refused(self, *arguments: str) -> str:
        done = self._shell.call("fermoposta", "restore", *arguments)
        assert done.returncode != 0
        return done.stderr


@pytest.fixture
def deleted(shell: Shell, bob: Account) -> Bin:
    return Bin(shell, bob)


def put(client: IMAPClient, folder: str, subject: str, flags: tuple[str, ...] = ()) -> None:
    message = compose("somebody@client.test", "bob@example.org", subject)
    client.append(folder, bytes(message), flags=flags, msg_time=RECEIVED)


def make(client: IMAPClient, *subjects: str) -> str:
    """Make a folder with an odd name and these messages."""
    folder = f"Caffè & tè {token()}"
    client.create_folder(folder)
    for subject in subjects:
        put(client, folder, subject)
    return folder


def subjects(client: IMAPClient, folder: str) -> list[str]:
    client.select_folder(folder, readonly=True)
    found = client.fetch(client.search(["ALL"]), ["ENVELOPE"])
    return sorted(fields[b"ENVELOPE"].subject.decode() for fields in found.values())


def erase(client: IMAPClient, folder: str, subject: str) -> None:
    """Delete for good, as Shift+Delete does."""
    client.select_folder(folder)
    client.delete_messages(client.search(["SUBJECT", subject]))
    client.expunge()


@pytest.mark.feature("F204", "F205")
def test_what_is_deleted_without_trash_comes_back_as_it_was(
    client: IMAPClient, deleted: Bin
) -> None:
    """Flags, date and place are as before, though it was never in the trash."""
    one, other = token(), token()
    folder = make(client)
    put(client, folder, one, ("\\Flagged", "\\Seen", "holiday"))
    put(client, folder, other)
    erase(client, folder, one)

    [item] = deleted.list(folder)
    assert (item["kind"], item["name"], item["folder"]) == ("mail", one, folder)
    assert item["sender"] == "somebody@client.test"
    assert deleted.list("INBOX") == [] or one not in str(deleted.list("INBOX"))
    deleted.ask("items", item["id"])

    assert subjects(client, folder) == sorted([one, other])
    [fields] = client.fetch(client.search(["SUBJECT", one]), ["FLAGS", "INTERNALDATE"]).values()
    assert set(fields[b"FLAGS"]) - {b"\\Recent"} == {b"\\Flagged", b"\\Seen", b"holiday"}
    assert fields[b"INTERNALDATE"] == RECEIVED
    assert deleted.list(folder) == []


def test_by_uid_expunge(client: IMAPClient, deleted: Bin) -> None:
    """Only what the client names is deleted, and that comes back."""
    one, other = token(), token()
    folder = make(client, one, other)
    client.select_folder(folder)
    client.delete_messages(client.search(["ALL"]))
    client.uid_expunge(client.search(["SUBJECT", one]))

    assert [item["name"] for item in deleted.list(folder)] == [one]


def test_what_is_moved_is_not_deleted(client: IMAPClient, deleted: Bin) -> None:
    """Neither by MOVE nor by the copy and deletion of clients that know no MOVE."""
    moved, copied = token(), token()
    folder, target = make(client, moved, copied), make(client)
    client.select_folder(folder)
    client.move(client.search(["SUBJECT", moved]), target)
    client.copy(client.search(["SUBJECT", copied]), target)
    erase(client, folder, copied)
    assert deleted.list(folder) == []

    erase(client, target, moved)

    assert [item["name"] for item in deleted.list(target)] == [moved]
    assert deleted.list(folder) == []


def test_by_pop3(client: IMAPClient, deleted: Bin, mail: Mail, bob: Account) -> None:
    """What a POP3 client takes and deletes comes back to the inbox."""
    subject = token()
    put(client, "INBOX", subject)
    pop3 = mail.pop3(bob)
    for number in range(1, len(pop3.list()[1]) + 1):
        if subject.encode() in b"\n".join(pop3.top(number, 0)[1]):
            pop3.dele(number)
    pop3.quit()

    [item] = [item for item in deleted.list("INBOX") if item["name"] == subject]
    deleted.ask("items", item["id"])

    assert subject in subjects(client, "INBOX")


def test_one_of_two_recipients_deletes_a_mail(
    client: IMAPClient, deleted: Bin, mail: Mail, ada: Account, bob: Account
) -> None:
    """Each has a copy of their own, so that one's deletion does not depend on the other's."""
    message = compose("somebody@client.test", f"{ada.address}, {bob.address}", token())
    mail.deliver("somebody@client.test", [ada.address, bob.address], message)
    for account in (ada, bob):
        mail.wait_for(account, message["Subject"])

    erase(client, "INBOX", message["Subject"])

    [item] = deleted.named(message["Subject"])
    deleted.ask("items", item["id"])
    assert message["Subject"] in subjects(client, "INBOX")


@pytest.mark.parametrize("profile", ["secretary", "full_control", "owner"])
def test_what_a_grantee_deletes_comes_back_to_the_owner(
    client: IMAPClient, deleted: Bin, mail: Mail, ada: Account, shell: Shell, profile: str
) -> None:
    """Many by one command, each once, with flags; what is only read and marked is not deleted."""
    names = [token() for _ in range(3)]
    other, rights = token(), Rights(shell)
    folder = f"INBOX/{token()}"
    client.create_folder(folder)
    for name in (*names, other):
        put(client, folder, name, ("holiday",))
    rights.set(deleted.address, folder, ada.address, profile=profile)
    try:
        with mail.imap(ada) as grantee:
            shared = path(deleted.address, folder)
            wait_for("the right to delete", lambda: may_expunge(grantee, shared), seconds=60)
            grantee.select_folder(shared)
            grantee.add_flags(grantee.search(["ALL"]), ["\\Seen"])
            chosen = [uid for name in names for uid in grantee.search(["SUBJECT", name])]
            grantee.delete_messages(chosen)
            grantee.expunge()
    finally:
        rights.remove(deleted.address, folder, ada.address)

    assert sorted(item["name"] for item in deleted.list(folder)) == sorted(names)
    assert Bin(shell, ada).list(shared) == []
    assert subjects(client, folder) == [other]
    deleted.ask("all", folder)
    assert subjects(client, folder) == sorted([*names, other])
    client.select_folder(folder, readonly=True)
    for fields in client.fetch(client.search(["ALL"]), ["FLAGS"]).values():
        assert set(fields[b"FLAGS"]) - {b"\\Recent"} == {b"\\Seen", b"holiday"}


def may_expunge(client: IMAPClient, folder: str) -> bool:
    return {"t", "e"} <= set(letters(client, folder))


@pytest.mark.feature("F203")
def test_a_folder_deleted_with_shift_delete_comes_back_whole(
    client: IMAPClient, deleted: Bin
) -> None:
    """With the folders in it and what was in them, to the place where it was."""
    one, other = token(), token()
    top = make(client, one)
    below = f"{top}/Söhne/x"
    client.create_folder(below)
    put(client, below, other, ("\\Seen",))
    client.delete_folder(below)
    client.delete_folder(top)

    listed = {item["folder"] for item in deleted.list(top) if item["kind"] == "folder"}
    assert listed == {top, below}
    deleted.ask("items", f"folder:{top}")

    assert subjects(client, top) == [one]
    assert subjects(client, below) == [other]
    assert client.folder_exists(below)
    assert deleted.list(top) == []


@pytest.mark.feature("F201")
def test_restore_all_restores_every_item_once(client: IMAPClient, deleted: Bin) -> None:
    """Asked for twice, nothing is there twice."""
    one, other = token(), token()
    folder = make(client, one, other)
    erase(client, folder, one)
    erase(client, folder, other)

    first = deleted.ask("all", folder)
    second = deleted.ask("all", folder)

    assert len(first) == 2
    assert second == []
    assert subjects(client, folder) == sorted([one, other])


def test_a_folder_that_was_made_anew_takes_what_is_restored(
    client: IMAPClient, deleted: Bin
) -> None:
    """What was in the old one comes to the one that has its name now."""
    old, new = token(), token()
    folder = make(client, old)
    client.delete_folder(folder)
    client.create_folder(folder)
    put(client, folder, new)

    deleted.ask("all", folder)

    assert subjects(client, folder) == sorted([old, new])


def test_a_renamed_folder_loses_nothing(client: IMAPClient, deleted: Bin) -> None:
    """What was deleted before comes back under the name that the folder had then."""
    subject = token()
    folder = make(client, subject)
    erase(client, folder, subject)
    client.rename_folder(folder, f"{folder} 2")

    deleted.ask("all", folder)

    assert subjects(client, folder) == [subject]


@pytest.mark.feature("F199")
def test_after_thirty_days_it_is_gone(client: IMAPClient, deleted: Bin, shell: Shell) -> None:
    """On day 30 it can be restored, on day 31 it is neither listed nor there."""
    subject = token()
    folder = make(client, subject)
    erase(client, folder, subject)
    [item] = deleted.list(folder)
    at = datetime.fromisoformat(item["deleted_at"]).astimezone(UTC)
    assert datetime.fromisoformat(item["until"]) - at == timedelta(days=30)
    kept = ["doveadm", "search", "-u", deleted.address, "mailbox", f".kept/{folder}", "all"]

    day_30 = at + timedelta(days=30) - timedelta(minutes=1)
    assert [each["name"] for each in deleted.list(folder, now=day_30)] == [subject]
    day_31 = at + timedelta(days=30, minutes=1)
    assert deleted.list(folder, now=day_31) == []
    expire(shell, deleted.address, day_30 - timedelta(minutes=1))
    assert shell.run(*kept).strip()
    expire(shell, deleted.address, day_31)
    assert not shell.run(*kept).strip()


def expire(shell: Shell, _address: str, now: datetime) -> None:
    """Do what the timer does, at another time."""
    shell.run("fermoposta", "restore", "expire", "--now", f"{now:%Y-%m-%dT%H:%M:%S}")


def test_a_timer_forgets_every_day(shell: Shell) -> None:
    """Nobody has to think of it, and what it starts works."""
    shell.run("systemctl", "start", "dovecot-expire-deleted.service")
    assert shell.run("systemctl", "is-active", "dovecot-expire-deleted.timer").strip() == "active"


def test_what_is_kept_counts_nothing_and_nobody_sees_it(
    client: IMAPClient, deleted: Bin, shell: Shell
) -> None:
    """The quota shrinks with a deletion; no client opens or makes the folder by name."""
    subject = token()
    folder = make(client)
    before = usage(client)
    message = compose("somebody@client.test", "bob@example.org", subject, "x" * 400_000)
    client.append(folder, bytes(message))
    assert usage(client) >= before + 390

    erase(client, folder, subject)

    assert usage(client) <= before + 2
    shell.run("doveadm", "quota", "recalc", "-u", deleted.address)
    assert usage(client) <= before + 2
    assert not [name for _, _, name in client.list_folders() if name.startswith(".kept")]
    assert client.list_folders("", ".kept/*") == []
    for refused in (
        lambda: client.select_folder(f".kept/{folder}"),
        lambda: client.folder_status(f".kept/{folder}"),
        lambda: client.create_folder(".kept/mine"),
        lambda: client.rename_folder(folder, ".kept/mine"),
        lambda: client.append(f".kept/{folder}", b"Subject: x\r\n\r\n"),
        lambda: client.delete_folder(f".kept/{folder}"),
    ):
        with pytest.raises(IMAPClientError, match=r"NONEXISTENT|NOPERM|TRYCREATE|doesn't exist"):
            refused()


def usage(client: IMAPClient) -> int:
    """Return how many kB count."""
    return next(int(quota.usage) for quota in client.get_quota() if quota.resource == "STORAGE")


def test_what_does_not_fit_stays_where_it_is(
    client: IMAPClient, deleted: Bin, shell: Shell, mail: Mail, bob: Account
) -> None:
    """A mailbox that is too full gets a clear error, and the message is still kept."""
    subject, filler = token(), token()
    folder, other = make(client), make(client)
    client.append(folder, bytes(compose("a@client.test", "b@client.test", subject, LARGE)))
    erase(client, folder, subject)
    [item] = deleted.list(folder)
    client.append(other, bytes(compose("a@client.test", "b@client.test", filler, LARGE)))
    shell.sql("UPDATE directory.users SET quota_mb = 100 WHERE address = 'bob@example.org'")
    try:
        shell.run("doveadm", "auth", "cache", "flush", deleted.address)
        with mail.imap(bob) as limited, pytest.raises(IMAPClientError, match="OVERQUOTA"):
            fill(limited, other)
        told = deleted.refused("items", deleted.address, item["id"])
    finally:
        shell.sql("UPDATE directory.users SET quota_mb = 2048 WHERE address = 'bob@example.org'")
        shell.run("doveadm", "auth", "cache", "flush", deleted.address)
        client.delete_folder(other)

    assert "too full" in told
    assert folder in told
    deleted.ask("items", item["id"])
    assert subjects(client, folder) == [subject]
    client.delete_folder(folder)


def fill(client: IMAPClient, folder: str) -> None:
    """Copy the message of a folder until the mailbox is full."""
    client.select_folder(folder)
    for _ in range(20):
        client.copy([1], folder)


def test_each_restore_is_in_the_audit(client: IMAPClient, deleted: Bin, shell: Shell) -> None:
    """Who looks into whose mailbox can be told later, and an unknown id changes nothing."""
    folder = make(client)
    deleted.list(folder)

    entries = json.loads(shell.run("fermoposta", "audit", "--json"))
    assert any(
        entry["key"] == deleted.address
        and entry["action"] == "list deleted"
        and folder in entry["after"]
        for entry in entries
    )
    assert "nothing deleted has this id" in deleted.refused("items", deleted.address, "mail:none")
    assert "no such mailbox" in deleted.refused("list", "nobody@example.org")


@pytest.mark.parametrize(
    ("kind", "part", "component"),
    [("event", "Calendar", "VEVENT"), ("task", "Calendar", "VTODO"), ("contact", "Contacts", "")],
)
def test_an_entry_comes_back(
    deleted: Bin, bob: Account, web: Web, kind: str, part: str, component: str
) -> None:
    """Deleted by CalDAV or CardDAV, it is listed with its folder and is there again as it was."""
    title = token()
    url = f"{dav(bob)}/{part}/personal/{title}.{'ics' if component else 'vcf'}"
    text = (EVENT if component else CARD).format(uid=title, title=title, component=component)
    assert web.ask("PUT", url, account=bob, body=text).status == 201
    before = web.ask("GET", url, account=bob).body
    assert web.ask("DELETE", url, account=bob).status == 204
    assert web.ask("GET", url, account=bob).status == 404

    [item] = deleted.named(title)
    assert item["kind"] == kind
    assert item["folder"].startswith(f"{part}/")
    deleted.ask("items", item["id"])

    assert web.ask("GET", url, account=bob).body == before
    assert deleted.named(title) == []


def dav(account: Account) -> str:
    return f"https://mail.example.org/SOGo/dav/{account.address}"


@pytest.mark.feature("F200")
def test_the_webmail_deletes_a_mail(
    client: IMAPClient, deleted: Bin, bob: Account, web: Web
) -> None:
    """What is deleted in the webmail past the trash comes back to its folder."""
    subject = token()
    client.create_folder(subject)
    put(client, subject, subject)
    client.select_folder(subject, readonly=True)
    [uid] = client.search(["ALL"])

    path = f"/so/{bob.address}/Mail/0/folder{subject}/batchDelete"
    Session(web, bob).ask("POST", path, {"uids": [uid], "withoutTrash": True})

    wait_for("the deletion", lambda: subjects(client, subject) == [], seconds=30)
    [item] = deleted.list(subject)
    deleted.ask("items", item["id"])
    assert subjects(client, subject) == [subject]


def test_a_whole_calendar_comes_back(deleted: Bin, bob: Account, web: Web) -> None:
    """Its name and what was in it, seen by CalDAV as before."""
    name, title = f"c{uuid.uuid4().hex[:8]}", token()
    calendar = f"{dav(bob)}/Calendar/{name}"
    assert web.ask("MKCALENDAR", f"{calendar}/", account=bob).status == 201
    text = EVENT.format(uid=title, title=title, component="VEVENT")
    assert web.ask("PUT", f"{calendar}/{title}.ics", account=bob, body=text).status == 201
    assert web.ask("DELETE", f"{calendar}/", account=bob).status == 204
    assert web.ask("GET", f"{calendar}/{title}.ics", account=bob).status == 404

    folders = [item for item in deleted.list(f"Calendar/{name}") if item["kind"] == "folder"]
    [folder] = folders
    deleted.ask("items", folder["id"])

    got = wait_for(
        "the calendar",
        lambda: (
            (answer := web.ask("GET", f"{calendar}/{title}.ics", account=bob)).status == 200
            and answer
        ),
        seconds=30,
    )
    assert title in got.body
    depth = {"Depth": "1", "Content-Type": "text/xml"}
    listing = web.ask("PROPFIND", f"{dav(bob)}/Calendar/", account=bob, body=NAMES, headers=depth)
    assert f"/{name}/" in listing.body
