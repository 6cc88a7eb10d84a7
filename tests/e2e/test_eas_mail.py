"""Mail on phones, for real: what they get, what they do, what they survive."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from clients.directory import PASSWORD
from clients.eas import phones
from clients.mail import compose, token
from clients.synced import (
    SUBJECT,
    TEXT,
    WHOLE,
    answer_of,
    append,
    arrives,
    contact,
    count,
    data,
    draft,
    event,
    item,
    newcomers,
    put,
    recover,
    status_of,
    stored,
    synced,
    told,
)
from clients.waiting import wait_for
from clients.web import Web

from fermoposta.activesync.client import Device, folders, items, provision, sync
from fermoposta.activesync.client.operations import DATA, Add, Change, Delete
from fermoposta.activesync.client.options import HTML, MIME, PLAIN, Body, Options
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.wbxml import Element
from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clients.directory import Directory
    from clients.eas import Phone, Phones
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Appliance

STRANGER = "stranger@outside.test"
VERSIONS = ["12.1", "14.1", "16.1"]
LARGE = 25 * 1024**2
GROWTH = 10 * 1024**2
SIGNED = b"""From: Firmataria <firma@outside.test>\r
To: nessuno@example.org\r
Subject: %s\r
Date: Mon, 2 Nov 2026 08:00:00 +0100\r
Message-ID: <%s@outside.test>\r
MIME-Version: 1.0\r
Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r
\tmicalg=sha-256; boundary="=_b"\r
\r
This is an S/MIME signed message\r
--=_b\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: 8bit\r
\r
Perch\xc3\xa9 no?  \r
\tTab, and blanks at the end   \r
From here on it must not change.\r
\r
--=_b\r
Content-Type: application/pkcs7-signature; name="smime.p7s"\r
Content-Transfer-Encoding: base64\r
Content-Disposition: attachment; filename="smime.p7s"\r
\r
MIIBAgMEBQYHCAkKCwwNDg8=\r
--=_b--\r
"""
# Resets the peak of what the gateway's processes hold, or prints how far it is above what was held.
MEMORY = """
import pathlib, re, subprocess, sys
units = subprocess.run(
    ["systemctl", "show", "--property=MainPID", "--value", "fermoposta-gateway@*"],
    capture_output=True, text=True, check=True,
).stdout.split()
for pid in units:
    place = pathlib.Path("/proc", pid)
    if sys.argv[1] == "reset":
        (place / "clear_refs").write_text("5")
    status = (place / "status").read_text()
    held = [re.search(rf"{name}:\\s+(\\d+)", status)[1] for name in ("VmHWM", "VmRSS")]
    print(pid, *(int(each) * 1024 for each in held))
"""


@pytest.fixture(scope="module")
def web(appliance: Appliance) -> Web:
    return Web(appliance)


@pytest.fixture
def phone_of(appliance: Appliance) -> Iterator[Phones]:
    """Make phones; the host forgets them with their owners."""
    with phones(appliance) as make:
        yield make


@pytest.fixture(scope="module")
def nobody_yet(directory: Directory) -> Iterator[Iterator[Account]]:
    with newcomers(directory, 100) as found:
        yield found


@pytest.fixture
def nuova(nobody_yet: Iterator[Account]) -> Account:
    """Return somebody whose mailbox nobody has ever opened."""
    return next(nobody_yet)


# --- An account on a phone


@pytest.mark.feature("F012", "F015", "F024")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("domain", ["", "\\", "\\\\"], ids=["blank", "one", "two"])
def test_an_account_is_an_address_and_a_password(
    mail: Mail, web: Web, phone_of: Phones, nuova: Account, version: str, domain: str
) -> None:
    """With a blank domain, however the phone writes that, mail, calendar and contacts come."""
    title = token()
    mail.deliver(STRANGER, [nuova.address], compose(STRANGER, nuova.address, title))
    put(web, nuova, "Calendar", title)
    put(web, nuova, "Contacts", title)
    phone = phone_of(Account(domain + nuova.address, PASSWORD, "user"), version)

    arrives(phone, synced(phone, folders.INBOX, options=TEXT), title)
    arrives(phone, synced(phone, folders.CALENDAR), title, "Calendar:Subject")
    arrives(phone, synced(phone, folders.CONTACTS), title, "Contacts:LastName")

    phone.assert_sound()


@pytest.mark.feature("F024")
@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_phone_makes_is_on_the_host(
    mail: Mail, web: Web, phone_of: Phones, nuova: Account, version: str
) -> None:
    """An appointment, a contact and a read mark; and what it deletes is gone there."""
    title = token()
    mail.deliver(STRANGER, [nuova.address], compose(STRANGER, nuova.address, title))
    phone = phone_of(nuova, version)
    inbox = synced(phone, folders.INBOX, options=TEXT)
    arrived = arrives(phone, inbox, title)
    calendar, contacts = synced(phone, folders.CALENDAR), synced(phone, folders.CONTACTS)

    for wanted, new in ((calendar, event(title, version)), (contacts, contact(title))):
        answered = sync.sync(
            phone.client,
            Wanted(folder=wanted.folder, operations=(Add(phone.device.client_id(), new),)),
        )
        assert answered[wanted.folder].failed == []
    seen = Change(arrived, data(Email__Read="1"))
    sync.sync(phone.client, Wanted(folder=inbox.folder, operations=(seen,), options=TEXT))

    assert stored(web, nuova, "Calendar", title) == 1
    assert stored(web, nuova, "Contacts", title) == 1
    with mail.imap(nuova) as client:
        client.select_folder("INBOX", readonly=True)
        assert len(client.search(["SEEN", "SUBJECT", title])) == 1

    for wanted, tag in ((calendar, "Calendar:Subject"), (contacts, "Contacts:LastName")):
        gone = Delete(item(phone, wanted.folder, title, tag))
        sync.sync(phone.client, Wanted(folder=wanted.folder, operations=(gone,)))
    assert stored(web, nuova, "Calendar", title) == 0
    assert stored(web, nuova, "Contacts", title) == 0
    phone.assert_sound()


@pytest.mark.feature("F015")
@pytest.mark.parametrize("login", ["{name}", "{address}x", "x{address}"])
def test_only_the_whole_address_is_an_account(phone_of: Phones, nuova: Account, login: str) -> None:
    """The part before the @ alone is nobody."""
    name = nuova.address.partition("@")[0]
    who = Account(login.format(name=name, address=nuova.address), PASSWORD, "user")

    with pytest.raises(sync.AnswerError.__base__, match="HTTP 401"):
        phone_of(who)


@pytest.mark.feature("F018")
@pytest.mark.parametrize("version", ["14.0", "14.1"])
def test_outlooks_profile_is_set_up(
    mail: Mail, web: Web, phone_of: Phones, nuova: Account, version: str
) -> None:
    """In Outlook's order: OPTIONS, the folders, the policies, and then everything."""
    title = token()
    mail.deliver(STRANGER, [nuova.address], compose(STRANGER, nuova.address, title))
    put(web, nuova, "Calendar", title)
    put(web, nuova, "Contacts", title)
    phone = phone_of(nuova, version, packed=True, set_up=False)
    phone.client.device = Device(phone.device.id, "WindowsOutlook15")

    spoken = phone.client.connection.options()["MS-ASProtocolVersions"].split(",")
    asked = status_of(lambda: folders.folder_sync(phone.client))
    provision.provision(phone.client)
    folders.folder_sync(phone.client)

    assert version in spoken
    assert asked in {1, 142}, asked
    month = (Options(filter=5, bodies=(Body(type=HTML, truncation=5_120),)),)
    arrives(phone, synced(phone, folders.INBOX, options=month), title)
    arrives(phone, synced(phone, folders.CALENDAR), title, "Calendar:Subject")
    arrives(phone, synced(phone, folders.CONTACTS), title, "Contacts:LastName")
    phone.assert_sound()


@pytest.mark.feature("F027", "F215")
def test_a_phone_keeps_the_period_that_it_asks_for(
    mail: Mail, phone_of: Phones, nuova: Account
) -> None:
    """Three days, a month or all of it; where the period gets shorter, old mail leaves it."""
    old = {"new": 1, "weeks": 20, "ancient": 400}
    now = datetime.now(UTC)
    with mail.imap(nuova) as client:
        for subject, days in old.items():
            message = compose(STRANGER, nuova.address, subject).as_bytes()
            client.append("INBOX", message, msg_time=now - timedelta(days=days))

    kept = {}
    for period in (2, 5, 0):
        phone = phone_of(nuova)
        inbox = synced(phone, folders.INBOX, options=(Options(filter=period),))
        kept[period] = told(phone, inbox.folder)

    assert kept == {2: ["new"], 5: ["new", "weeks"], 0: ["ancient", "new", "weeks"]}
    (came, *_) = phone.fetch(Wanted(folder=inbox.folder, options=(Options(filter=2),)))
    assert len(came.soft_deleted) == 2
    assert told(phone, inbox.folder) == ["new"]
    assert count_of(mail, nuova, "INBOX") == 3
    phone.assert_sound()


@pytest.mark.feature("F027", "F215")
def test_a_calendar_is_kept_for_as_long_as_the_phone_asks(
    web: Web, phone_of: Phones, nuova: Account
) -> None:
    """Six months back, and all that is to come."""
    year = datetime.now(UTC).year
    put(web, nuova, "Calendar", "ancient", year=year - 2)
    put(web, nuova, "Calendar", "future", year=year + 1)

    kept = {}
    for period in (7, 0):
        phone = phone_of(nuova)
        calendar = synced(phone, folders.CALENDAR, options=(Options(filter=period),))
        kept[period] = told(phone, calendar.folder, "Calendar:Subject")

    assert kept == {7: ["future"], 0: ["ancient", "future"]}


def count_of(mail: Mail, account: Account, folder: str) -> int:
    with mail.imap(account) as client:
        return int(client.select_folder(folder, readonly=True)[b"EXISTS"])


# --- What the network loses


@dataclass(frozen=True)
class Kind:
    """A kind of items, how one is made, and how many of a title the host has."""

    folder: int
    tag: str
    make: Callable[[Account, str, str], Element]
    stored: Callable[[Mail, Web, Account, str], int]


KINDS = {
    "draft": Kind(
        folders.DRAFTS,
        SUBJECT,
        lambda account, title, _: draft(account.address, title),
        lambda mail, _, account, title: len(
            mail.find(account, title, mail.special(account, b"\\Drafts"))
        ),
    ),
    "event": Kind(
        folders.CALENDAR,
        "Calendar:Subject",
        lambda _, title, version: event(title, version),
        lambda _, web, account, title: stored(web, account, "Calendar", title),
    ),
    "contact": Kind(
        folders.CONTACTS,
        "Contacts:LastName",
        lambda _, title, __: contact(title),
        lambda _, web, account, title: stored(web, account, "Contacts", title),
    ),
}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_answer_that_got_lost_is_given_again(
    mail: Mail, phone_of: Phones, nuova: Account, version: str
) -> None:
    """The same key gets the same mail and the same next key, how often ever it comes."""
    phone = phone_of(nuova, version)
    inbox = synced(phone, folders.INBOX, options=TEXT)
    append(
        mail,
        nuova,
        "INBOX",
        *(compose(STRANGER, nuova.address, str(n)).as_bytes() for n in range(5)),
    )

    first, second = answer_of(phone, inbox), answer_of(phone, inbox)
    came = sync.sync(phone.client, inbox)[inbox.folder]
    rest = phone.fetch(inbox)

    assert first is not None
    assert first == second
    assert len(came.added) == 5
    assert told(phone, inbox.folder) == list("01234")
    assert all(each.empty for each in rest)
    phone.assert_sound()


@pytest.mark.parametrize(
    ("name", "version"),
    [("draft", "16.0"), ("draft", "16.1")]
    + [(name, version) for name in ("contact", "event") for version in VERSIONS],
)
def test_an_item_whose_answer_got_lost_is_made_once(
    mail: Mail, web: Web, phone_of: Phones, nuova: Account, name: str, version: str
) -> None:
    """The phone repeats its Add with the same id; there is one, on the host and on the phone."""
    kind, title = KINDS[name], token()
    phone = phone_of(nuova, version)
    wanted = synced(phone, kind.folder, options=TEXT)
    new = Add(phone.device.client_id(), kind.make(nuova, title, version))
    adding = Wanted(folder=wanted.folder, options=TEXT, operations=(new,))

    lost = [answer_of(phone, adding), answer_of(phone, adding)]
    came = sync.sync(phone.client, adding)[wanted.folder]
    phone.fetch(wanted)

    assert lost[0] == lost[1]
    assert list(came.made) == [new.client_id]
    assert came.failed == []
    assert kind.stored(mail, web, nuova, title) == 1
    assert told(phone, wanted.folder, kind.tag).count(title) == 1
    phone.assert_sound()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("key", ["{deadbeef}77", "before last", "999999", "ü", "1' OR '1'='1"])
def test_a_key_that_does_not_fit_starts_again(
    mail: Mail, phone_of: Phones, nuova: Account, key: str, version: str
) -> None:
    """Status 3 for a folder, 9 for the folders; and then the phone gets everything once."""
    phone = phone_of(nuova, version)
    inbox = synced(phone, folders.INBOX, options=TEXT)
    known = phone.device.collection(inbox.folder)
    oldest = known.sync_key
    for n in range(3):
        append(mail, nuova, "INBOX", compose(STRANGER, nuova.address, str(n)).as_bytes())
        phone.fetch(inbox)
    known.sync_key = oldest if key == "before last" else key
    phone.device.folder_key = "{deadbeef}77" if key == "before last" else key

    assert status_of(lambda: sync.sync(phone.client, inbox)) == 3
    assert status_of(lambda: folders.folder_sync(phone.client)) == 9

    folders.folder_sync(phone.client)
    inbox = synced(phone, folders.INBOX, options=TEXT)
    assert told(phone, inbox.folder) == list("012")
    phone.assert_sound()


@pytest.mark.parametrize("way", ["recreated", "renumbered"])
def test_a_folder_that_starts_anew_loses_nothing(
    mail: Mail, shell: Shell, phone_of: Phones, nuova: Account, way: str
) -> None:
    """Deleted and made again, or given another UIDVALIDITY: the new mail is there, the old gone."""
    with mail.imap(nuova) as client:
        client.create_folder("Progetto")
        client.append("Progetto", compose(STRANGER, nuova.address, "old").as_bytes())
    phone = phone_of(nuova)
    progetto = recover(phone, "Progetto")
    assert told(phone, progetto.folder) == ["old"]

    with mail.imap(nuova) as client:
        before = client.folder_status("Progetto", ["UIDVALIDITY"])
        if way == "recreated":
            client.delete_folder("Progetto")
            client.create_folder("Progetto")
            client.append("Progetto", compose(STRANGER, nuova.address, "new").as_bytes())
        else:
            client.select_folder("Progetto")
            client.delete_messages(client.search())
            client.expunge()
            client.append("Progetto", compose(STRANGER, nuova.address, "new").as_bytes())
            client.unselect_folder()
            wanted = str(before[b"UIDVALIDITY"] + 7)
            shell.run(
                *("doveadm", "mailbox", "update", "--uid-validity", wanted),
                *("-u", nuova.address, "Progetto"),
            )
        assert client.folder_status("Progetto", ["UIDVALIDITY"]) != before

    progetto = recover(phone, "Progetto")
    assert told(phone, progetto.folder) == ["new"]
    phone.assert_sound()


def test_a_mailbox_that_no_program_ever_opened_is_complete(
    mail: Mail, phone_of: Phones, nuova: Account
) -> None:
    """No client has switched CONDSTORE on there; mail that came before and comes later is seen."""
    subjects = [token() for _ in range(3)]
    for subject in subjects:
        mail.deliver(STRANGER, [nuova.address], compose(STRANGER, nuova.address, subject))
    phone = phone_of(nuova)
    inbox = Wanted(folder=phone.folder(folders.INBOX).id, options=TEXT)

    for subject in subjects:
        arrives(phone, inbox, subject)
    mail.deliver(STRANGER, [nuova.address], compose(STRANGER, nuova.address, later := token()))
    arrives(phone, inbox, later)

    assert told(phone, inbox.folder) == sorted([*subjects, later])
    phone.assert_sound()


# --- Bodies


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", [PLAIN, HTML])
@pytest.mark.parametrize("text", ["perché no? " * 400, "a" * 3_000, "€𝄞" * 700])
def test_a_body_is_cut_where_the_phone_wants_it(
    mail: Mail, phone_of: Phones, nuova: Account, version: str, kind: int, text: str
) -> None:
    """At most 500 bytes, whole letters, and how long it really is."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = STRANGER, nuova.address, "long"
    message.set_content(text)
    message.add_alternative(f"<p>{text}</p>", subtype="html")
    append(mail, nuova, "INBOX", message.as_bytes())
    phone = phone_of(nuova, version)

    short = synced(
        phone, folders.INBOX, options=(Options(bodies=(Body(type=kind, truncation=500),)),)
    )
    (cut,) = phone.device.collection(short.folder).items.values()
    whole = items.fetch_item(
        phone.client, short.folder, item(phone, short.folder, "long"), bodies=(Body(type=kind),)
    )

    assert whole.content is not None
    body = cut.find("AirSyncBase:Body")
    assert body is not None
    shown = body.text_of("AirSyncBase:Data") or ""
    assert 480 < len(shown.encode()) <= 500
    assert whole.content.decode().startswith(shown)
    assert text.strip() in whole.content.decode()
    assert body.text_of("AirSyncBase:Truncated") == "1"
    assert body.text_of("AirSyncBase:Type") == str(kind)
    assert body.text_of("AirSyncBase:EstimatedDataSize") == str(len(whole.content))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_signed_mail_is_what_is_stored(
    mail: Mail, shell: Shell, phone_of: Phones, nuova: Account, version: str
) -> None:
    """Byte for byte, by Sync and by ItemOperations, whole and in pieces; no signature breaks."""
    subject = token()
    append(mail, nuova, "INBOX", SIGNED % (subject.encode(), subject.encode()))
    with mail.imap(nuova) as client:
        client.select_folder("INBOX", readonly=True)
        (uid,) = client.search(["SUBJECT", subject])
        kept = client.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
    printed = shell.run(
        *("doveadm", "-f", "flow", "fetch", "-u", nuova.address, "text"),
        *("mailbox", "INBOX", "subject", subject),
    )
    phone = phone_of(nuova, version)

    inbox = synced(phone, folders.INBOX, options=WHOLE)
    name = item(phone, inbox.folder, subject)
    came = phone.device.collection(inbox.folder).items[name]
    body = came.find("AirSyncBase:Body", "AirSyncBase:Data")
    fetched = items.fetch_item(
        phone.client, inbox.folder, name, bodies=(Body(type=MIME),), mime_support=2
    )
    in_parts = items.fetch_item(
        phone.client, inbox.folder, name, bodies=(Body(type=MIME),), mime_support=2, parts=True
    )

    assert body is not None
    assert body.data == fetched.content == in_parts.content == kept
    assert kept.replace(b"\r\n", b"\n").decode() in printed.removeprefix("text=") + "\n"
    assert came.text_of("Email:MessageClass") == "IPM.Note.SMIME.MultipartSigned"


def large(subject: str) -> tuple[bytes, bytes]:
    """Return a mail with an attachment of 25 MB, and that."""
    content = (bytes(range(256)) * 4099)[: 1024**2 - 1] * 26
    content = content[:LARGE]
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    head = (
        f"From: {STRANGER}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="=_b"\r\n\r\n--=_b\r\n'
        "Content-Type: text/plain\r\n\r\nlarge\r\n--=_b\r\n"
        'Content-Type: application/octet-stream; name="large.bin"\r\n'
        "Content-Transfer-Encoding: base64\r\n"
        'Content-Disposition: attachment; filename="large.bin"\r\n\r\n'
    )
    return head.encode() + encoded + b"--=_b--\r\n", content


def held(shell: Shell, what: str) -> dict[str, tuple[int, int]]:
    """Return the peak and the present memory of the gateway's processes, in bytes."""
    lines = [line.split() for line in shell.python(MEMORY, what).splitlines()]
    return {pid: (int(peak), int(now)) for pid, peak, now in lines}


@pytest.mark.parametrize("parts", [False, True], ids=["inline", "multipart"])
def test_a_large_attachment_costs_no_memory(
    mail: Mail, shell: Shell, phone_of: Phones, nuova: Account, parts: bool
) -> None:
    """25 MB, whole or by ranges, are what was sent; no process grows by more than 10 MB."""
    message, content = large("large")
    append(mail, nuova, "INBOX", message)
    phone = phone_of(nuova, "14.1")
    inbox = synced(phone, folders.INBOX, options=TEXT)
    came = phone.device.collection(inbox.folder).items[item(phone, inbox.folder, "large")]
    place = ("AirSyncBase:Attachments", "AirSyncBase:Attachment", "AirSyncBase:FileReference")
    reference = came.text_of(*place)
    assert reference is not None
    ranges = [(0, 999), (1_000, 400_000), (LARGE - 10_000, LARGE - 1)]

    def fetch(wanted: tuple[int, int] | None) -> items.Fetched:
        return items.fetch_attachment(phone.client, reference, byte_range=wanted, parts=parts)

    fetch(ranges[0])  # what is loaded once is no growth
    before = held(shell, "reset")
    pieces = [fetch(each) for each in ranges]
    whole = fetch(None)
    after = held(shell, "read")

    assert whole.content == content
    for (first, last), piece in zip(ranges, pieces, strict=True):
        assert piece.content == content[first : last + 1]
        assert piece.total == LARGE
    assert before.keys() == after.keys()
    assert len(before) > 0
    for pid, (peak, _) in after.items():
        assert peak - before[pid][1] <= GROWTH, f"{(peak - before[pid][1]) / 1024**2:.1f} MB"


# --- What must not get lost


def trash_of(mail: Mail, account: Account) -> str:
    return mail.special(account, b"\\Trash")


@pytest.mark.parametrize("below", [False, True])
def test_an_emptied_folder_keeps_the_folders_in_it(
    mail: Mail, shell: Shell, phone_of: Phones, nuova: Account, below: bool
) -> None:
    """They go only where the phone says so."""
    trash = trash_of(mail, nuova)
    with mail.imap(nuova) as client:
        client.create_folder(f"{trash}/Keep")
    message = compose(STRANGER, nuova.address, "x").as_bytes()
    append(mail, nuova, trash, message, message)
    append(mail, nuova, f"{trash}/Keep", message)
    phone = phone_of(nuova)
    wanted = synced(phone, folders.TRASH, options=TEXT)

    items.empty_folder(phone.client, wanted.folder, sub_folders=below)

    assert count(shell, nuova, trash) == 0
    with mail.imap(nuova) as client:
        assert client.folder_exists(f"{trash}/Keep") is not below
    if not below:
        assert count(shell, nuova, f"{trash}/Keep") == 1
    phone.fetch(wanted)
    assert told(phone, wanted.folder) == []
    phone.assert_sound()


def test_a_moved_conversation_takes_nothing_else_along(
    mail: Mail, shell: Shell, phone_of: Phones, nuova: Account
) -> None:
    """Its mails are in the other folder, all others where they were."""
    first = compose(STRANGER, nuova.address, "talk")
    second = compose(STRANGER, nuova.address, "Re: talk")
    second["In-Reply-To"] = second["References"] = str(first["Message-ID"])
    other = compose(STRANGER, nuova.address, "other")
    append(mail, nuova, "INBOX", *(each.as_bytes() for each in (first, second, other)))
    with mail.imap(nuova) as client:
        client.create_folder("Altrove")
    append(mail, nuova, "Altrove", compose(STRANGER, nuova.address, "there").as_bytes())
    phone = phone_of(nuova)
    inbox = synced(phone, folders.INBOX, options=TEXT, conversations=True)
    there = phone.device.folder_named("Altrove").id
    found = phone.device.collection(inbox.folder).items[item(phone, inbox.folder, "talk")]
    conversation = found.find("Email2:ConversationId")
    assert conversation is not None

    items.move_conversation(phone.client, conversation.data, there)

    assert count(shell, nuova, "INBOX") == 1
    assert count(shell, nuova, "Altrove") == 3
    phone.fetch(inbox)
    assert told(phone, inbox.folder) == ["other"]


def marks(category: str) -> Element:
    """Return everything that a phone may do to a mail, at once."""
    flag = Element("Email:Flag", [Element("Email:Status", "2"), Element("Email:FlagType", "Flag")])
    categories = Element("Email:Categories", [Element("Email:Category", category)])
    return Element(DATA, [Element("Email:Read", "1"), flag, categories])


@pytest.mark.feature("F218")
@pytest.mark.parametrize("action", ["delete", "for good", "move", "at once"])
@pytest.mark.parametrize("lost", [False, True], ids=["", "answers lost"])
def test_marks_and_a_move_of_the_same_mail_get_along(
    mail: Mail, phone_of: Phones, nuova: Account, action: str, lost: bool
) -> None:
    """Read, flagged, categorised and then moved or deleted: it is where it belongs, once."""
    title = token()
    append(mail, nuova, "INBOX", compose(STRANGER, nuova.address, title).as_bytes())
    trash = trash_of(mail, nuova)
    phone = phone_of(nuova)
    inbox, bin_ = (
        synced(phone, folders.INBOX, options=TEXT),
        synced(phone, folders.TRASH, options=TEXT),
    )
    name = item(phone, inbox.folder, title)
    change, gone = Change(name, marks("Blu")), Delete(name)

    def do(*operations: Change | Delete) -> None:
        wanted = Wanted(
            folder=inbox.folder,
            operations=operations,
            options=TEXT,
            deletes_as_moves=action != "for good",
        )
        if lost:
            answer_of(phone, wanted)
        assert sync.sync(phone.client, wanted)[inbox.folder].failed == []

    if action == "at once":
        do(change, gone)
    else:
        do(change)
        if action == "move":
            (moved,) = items.move_items(phone.client, [(name, inbox.folder, bin_.folder)])
            assert moved.done
        else:
            do(gone)
    phone.fetch(inbox)
    phone.fetch(bin_)

    left = 0 if action == "for good" else 1
    assert len(mail.find(nuova, title)) == 0
    assert len(mail.find(nuova, title, trash)) == left
    assert told(phone, inbox.folder) == []
    assert told(phone, bin_.folder) == [title] * left
    if left:
        with mail.imap(nuova) as client:
            client.select_folder(trash, readonly=True)
            assert len(client.search(["SEEN", "FLAGGED", "KEYWORD", "Blu"])) == 1
    phone.assert_sound()


@pytest.mark.feature("F219")
@pytest.mark.parametrize("way", ["deleted", "for good", "moved"])
def test_three_hundred_at_once(
    mail: Mail, shell: Shell, phone_of: Phones, nuova: Account, way: str
) -> None:
    """They all go where they are sent, and no other one does."""
    message = compose(STRANGER, nuova.address, "bulk").as_bytes()
    append(mail, nuova, "INBOX", *([message] * 300))
    append(mail, nuova, "INBOX", compose(STRANGER, nuova.address, "stays").as_bytes())
    phone = phone_of(nuova)
    inbox, bin_ = (
        synced(phone, folders.INBOX, options=TEXT),
        synced(phone, folders.TRASH, options=TEXT),
    )
    known = phone.device.collection(inbox.folder).items
    bulk = [name for name, each in known.items() if each.text_of(SUBJECT) == "bulk"]
    assert len(bulk) == 300

    if way == "moved":
        moved = items.move_items(phone.client, [(each, inbox.folder, bin_.folder) for each in bulk])
        assert all(each.done for each in moved)
        assert len({each.new_id for each in moved}) == 300
    else:
        wanted = Wanted(
            folder=inbox.folder,
            operations=tuple(map(Delete, bulk)),
            options=TEXT,
            deletes_as_moves=way == "deleted",
        )
        assert sync.sync(phone.client, wanted)[inbox.folder].failed == []
    phone.fetch(inbox)
    phone.fetch(bin_)

    left = 0 if way == "for good" else 300
    assert count(shell, nuova, "INBOX") == 1
    assert count(shell, nuova, trash_of(mail, nuova)) == left
    assert told(phone, inbox.folder) == ["stays"]
    assert len(told(phone, bin_.folder)) == left
    phone.assert_sound()


@pytest.mark.feature("F213")
def test_two_hundred_folders_are_no_burden(
    mail: Mail, shell: Shell, phone_of: Phones, nuova: Account
) -> None:
    """They come in one answer, with their places; and a new one is told of alone."""
    names = [f"Cartelle/{number:03}" for number in range(199)]
    shell.run("doveadm", "mailbox", "create", "-u", nuova.address, "Cartelle", *names)
    phone = phone_of(nuova)

    found = {each.name: each for each in phone.device.folders.values()}
    assert {name.partition("/")[2] for name in names} <= found.keys()
    assert {found[f"{number:03}"].parent for number in range(199)} == {found["Cartelle"].id}
    append(mail, nuova, "Cartelle/150", compose(STRANGER, nuova.address, "deep").as_bytes())
    arrives(phone, Wanted(folder=found["150"].id, options=TEXT), "deep")
    shell.run("doveadm", "mailbox", "create", "-u", nuova.address, "Cartelle/Nuova")
    (new,) = folders.folder_sync(phone.client)
    assert phone.device.folders[new].name == "Nuova"
    phone.assert_sound()


@pytest.mark.feature("F217")
def test_what_is_there_is_asked_for_once(mail: Mail, phone_of: Phones, nuova: Account) -> None:
    """A first sync takes an answer for each window; once nothing is new, one empty answer does."""
    append(mail, nuova, "INBOX", *([compose(STRANGER, nuova.address, "many").as_bytes()] * 60))
    phone = phone_of(nuova)
    wanted = Wanted(folder=phone.folder(folders.INBOX).id, options=TEXT, window=20)
    sync.begin(phone.client, wanted)

    rounds = phone.fetch(wanted)
    phone.traffic.clear()
    nothing = sync.sync(phone.client, wanted)

    assert [len(each.added) for each in rounds] == [20, 20, 20]
    assert nothing == {}
    assert [len(each.answer) for each in phone.traffic] == [0]


# --- What can't be sent


def left_out(shell: Shell, phone: Phone) -> dict[str, str]:
    """Return which items the host says that a device was not sent, with the reasons."""
    printed = shell.run(
        "fermoposta", "devices", "show", "--json", phone.account.address, phone.device.id
    )
    found: list[dict[str, Any]] = json.loads(printed)["failures"]
    return {each["item"]: each["reason"] for each in found}


@pytest.mark.feature("F214", "F220")
def test_a_mail_over_the_limit_is_left_out_and_named(
    mail: Mail, shell: Shell, phone_of: Phones, nuova: Account
) -> None:
    """What is around it comes; the operator reads which one, and why; gone, it is named no more."""
    around = [compose(STRANGER, nuova.address, name).as_bytes() for name in ("before", "after")]
    line = b"x" * 998 + b"\r\n"
    huge = b"Subject: huge\r\n\r\n" + line * (51 * 1024**2 // len(line))
    for message in (around[0], huge, around[1]):
        append(mail, nuova, "INBOX", message)
    phone = phone_of(nuova)

    inbox = synced(phone, folders.INBOX, options=TEXT)

    assert told(phone, inbox.folder) == ["after", "before"]
    ((name, reason),) = left_out(shell, phone).items()
    assert re.search(r"\d+ bytes are more than a device is sent", reason)
    assert name == "2"
    printed = shell.run("fermoposta", "devices", "show", nuova.address, phone.device.id)
    assert reason in printed
    assert all(each.empty for each in phone.fetch(inbox))
    phone.assert_sound()

    with mail.imap(nuova) as client:
        client.select_folder("INBOX")
        client.delete_messages(client.search(["SUBJECT", "huge"]))
        client.expunge()
    phone.fetch(inbox)
    wait_for("the end of the failure", lambda: left_out(shell, phone) == {})


@pytest.mark.feature("F220")
def test_a_malformed_item_is_left_out_and_named(
    shell: Shell, web: Web, phone_of: Phones, nuova: Account
) -> None:
    """An appointment that no phone can show stalls no other."""
    bad = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//client.test//EN\r\nBEGIN:VEVENT\r\n"
        f"UID:{token()}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20270301T090000Z\r\n"
        "DTEND:20270301T100000Z\r\nSUMMARY:bad\r\nRRULE:FREQ=DAILY;COUNT=3\r\n"
        "RRULE:FREQ=WEEKLY;COUNT=4\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    put(web, nuova, "Calendar", "first")
    put(web, nuova, "Calendar", "bad", bad)
    put(web, nuova, "Calendar", "second")
    phone = phone_of(nuova)

    calendar = synced(phone, folders.CALENDAR)

    assert told(phone, calendar.folder, "Calendar:Subject") == ["first", "second"]
    ((name, reason),) = left_out(shell, phone).items()
    assert "bad" in name
    assert "RRULE" in reason
    assert all(each.empty for each in phone.fetch(calendar))
    phone.assert_sound()
