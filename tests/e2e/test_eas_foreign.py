"""Programs of others beside ours: a client that nobody here wrote, and a reader of what we send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clients.eas import phones
from clients.mail import compose, token
from clients.pyactivesync import foreign_client
from clients.synced import (
    TEXT,
    WHOLE,
    Later,
    append,
    arrives,
    contact,
    data,
    draft,
    event,
    item,
    newcomers,
    put,
    stored,
    synced,
)
from clients.waiting import wait_for
from clients.web import Web
from pyactivesync import Contact, ContactChange, EmailChange, FolderType, OofState
from tests.unit.activesync import libwbxml, tshark

from fermoposta.activesync import multipart
from fermoposta.activesync.client import (
    estimate,
    folders,
    items,
    ping,
    resolve,
    search,
    send,
    settings,
    sync,
)
from fermoposta.activesync.client.connection import WBXML
from fermoposta.activesync.client.operations import Add, Change, Delete
from fermoposta.activesync.client.options import HTML, MIME, Body, Options
from fermoposta.activesync.client.send import Source
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.wbxml import Element, decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.eas import Phone
    from clients.mail import Mail
    from pyactivesync import Client, SyncItem

    from fermoposta.activesync.client import Exchange
    from fermoposta.activesync.client.operations import Operation
    from fermoposta.activesync.client.sync_answer import Synced
    from fermoposta_demo.appliance import Account, Appliance

STRANGER = "stranger@outside.test"
CALENDAR_SUBJECT = "page4.0x26"
"""The client does not know the tags of calendars, and shows their numbers."""
ODD = 'Perché <no> & "sì"? €𝄞'


@pytest.fixture(scope="module")
def web(appliance: Appliance) -> Web:
    return Web(appliance)


@pytest.fixture(scope="module")
def nobody_yet(directory: Directory) -> Iterator[Iterator[Account]]:
    with newcomers(directory, 20) as found:
        yield found


@pytest.fixture
def nuova(nobody_yet: Iterator[Account]) -> Account:
    """Return somebody whose mailbox nobody has ever opened."""
    return next(nobody_yet)


@pytest.fixture
def foreign(appliance: Appliance, nuova: Account) -> Iterator[Client]:
    with foreign_client(appliance, nuova) as client:
        yield client


def of_type(client: Client, kind: FolderType) -> str:
    (found,) = [each.id for each in client.list_folders() if each.type == kind]
    return str(found)


class Kept:
    """A folder as the foreign client has it: it keeps nothing by itself."""

    def __init__(self, client: Client, kind: FolderType) -> None:
        self.client, self.id = client, of_type(client, kind)
        self.key = client.sync_folder(self.id).sync_key
        self.items: dict[str, SyncItem] = {}
        self.fetch()

    def fetch(self) -> None:
        more = True
        while more:
            came = self.client.sync_folder(self.id, self.key)
            self.key, more = came.sync_key, came.more_available
            for each in came.added:
                assert each.server_id not in self.items
            self.items |= {each.server_id: each for each in came.added}
            for each in came.changed:
                self.items[each.server_id].fields.update(each.fields)
            for gone in came.deleted:
                del self.items[gone]

    def find(self, tag: str, text: str) -> list[str]:
        return [id_ for id_, each in self.items.items() if each.fields.get(tag) == text]

    def wait_for(self, tag: str, text: str) -> str:
        def look() -> list[str]:
            self.fetch()
            return self.find(tag, text)

        (found,) = wait_for(f"{text} at the foreign client", look, seconds=60)
        return found


@pytest.mark.feature("F012", "F024")
def test_a_foreign_client_has_mail(mail: Mail, foreign: Client, nuova: Account) -> None:
    """It gets, reads, flags, moves, searches and deletes it, with its attachment."""
    subject, content = token(), bytes(range(256)) * 20
    message = compose(STRANGER, nuova.address, subject, f"{ODD}\n")
    message.add_attachment(content, "application", "octet-stream", filename="all.bin")
    mail.deliver(STRANGER, [nuova.address], message)
    inbox = Kept(foreign, FolderType.INBOX)

    found = inbox.wait_for("Email.Subject", subject)
    assert foreign.get_item_estimate(inbox.id, inbox.key) == 0
    whole = foreign.fetch_item(inbox.id, found)
    assert whole.body is not None
    assert "€𝄞" in str(whole.body.data)
    (attached,) = whole.attachments
    assert attached.display_name == "all.bin"
    assert foreign.fetch_attachment(attached.file_reference) == content

    done = foreign.apply_email_changes(
        inbox.id, inbox.key, [EmailChange(found, read=True, flagged=True)]
    )
    inbox.key = done.sync_key
    assert set(done.statuses.values()) == {"1"}
    with mail.imap(nuova) as client:
        client.select_folder("INBOX", readonly=True)
        assert len(client.search(["SEEN", "FLAGGED", "SUBJECT", subject])) == 1

    hits = wait_for("what Find finds", lambda: foreign.find_mailbox(subject).items)
    assert [each.collection_id for each in hits] == [inbox.id]
    assert foreign.search_mailbox(inbox.id, date_received_after="2020-01-01T00:00:00.000Z")
    made = foreign.create_folder("Altrove")
    new = foreign.move_item(found, inbox.id, made if isinstance(made, str) else made.id)
    assert new
    assert len(mail.find(nuova, subject, "Altrove")) == 1
    assert mail.find(nuova, subject) == []


@pytest.mark.feature("F024")
def test_a_foreign_client_has_calendar_and_contacts(
    web: Web, foreign: Client, nuova: Account
) -> None:
    """What others store it gets; what it makes, changes and deletes happens on the host."""
    title, name = token(), token()
    put(web, nuova, "Calendar", title)
    put(web, nuova, "Contacts", title)
    calendar, contacts = Kept(foreign, FolderType.CALENDAR), Kept(foreign, FolderType.CONTACTS)
    calendar.wait_for(CALENDAR_SUBJECT, title)
    contacts.wait_for("Contacts.LastName", title)

    made = foreign.create_contact(
        contacts.id, contacts.key, Contact(first_name="B", last_name=name)
    )
    assert made.status == "1"
    assert stored(web, nuova, "Contacts", name) == 1
    change = ContactChange(str(made.server_id), Contact(first_name="C", last_name=f"{name}2"))
    changed = foreign.apply_contact_changes(contacts.id, made.sync_key, [change])
    assert set(changed.statuses.values()) == {"1"}
    assert stored(web, nuova, "Contacts", f"{name}2") == 1
    gone = ContactChange(str(made.server_id), delete=True)
    deleted = foreign.apply_contact_changes(contacts.id, changed.sync_key, [gone])
    assert set(deleted.statuses.values()) == {"1"}
    assert stored(web, nuova, "Contacts", name) == 0


def test_a_foreign_client_finds_people(foreign: Client, ada: Account) -> None:
    """In the address book, by Search, Find and ResolveRecipients."""
    assert ada.address in {each.email_address for each in foreign.search_gal("ada@")}
    found = foreign.find_gal(ada.address).items
    assert any(ada.address in each.fields.values() for each in found)
    assert ada.address in {each.email_address for each in foreign.resolve_recipients(ada.address)}


def test_a_foreign_client_is_out_of_office(foreign: Client) -> None:
    """What it sets it reads back, letter by letter."""
    foreign.set_oof(OofState.ENABLED, reply_message=ODD)
    on = foreign.get_oof()
    foreign.set_oof(OofState.DISABLED)

    assert on.state == OofState.ENABLED
    assert ODD in {(each.reply_message or "").strip() for each in on.messages}
    assert foreign.get_oof().state == OofState.DISABLED


@pytest.mark.feature("F044")
def test_a_foreign_client_is_told(mail: Mail, foreign: Client, nuova: Account) -> None:
    """Its Ping is answered when mail comes."""
    inbox = Kept(foreign, FolderType.INBOX)
    asked = Later(lambda: foreign.ping(inbox.id, heartbeat=600, timeout=120))
    assert asked.waits(), asked.result

    mail.deliver(STRANGER, [nuova.address], compose(STRANGER, nuova.address, subject := token()))

    assert asked.done(60).changed_folder_ids == [inbox.id]
    inbox.wait_for("Email.Subject", subject)


def test_a_foreign_client_writes_mail(
    mail: Mail, appliance: Appliance, foreign: Client, nuova: Account, nobody_yet: Iterator[Account]
) -> None:
    """It sends, and keeps a draft, which another phone of the same user then sends."""
    reader, sent, kept = next(nobody_yet), token(), token()
    foreign.send_mail(compose(nuova.address, reader.address, sent, f"{ODD}\n"))
    assert mail.wait_for(reader, sent).get_content().strip() == ODD

    box = mail.special(nuova, b"\\Drafts")
    drafts = Kept(foreign, FolderType.DRAFTS)
    written = compose(nuova.address, reader.address, kept, f"{ODD}\n")
    written.add_attachment(b"\x00\xff", "application", "octet-stream", filename="two.bin")
    made = foreign.create_email_draft(drafts.id, drafts.key, written)
    assert made.status == "1"
    (draft_,) = mail.find(nuova, kept, box)
    assert [each.get_content() for each in draft_.iter_attachments()] == [b"\x00\xff"]
    with mail.imap(nuova) as client:
        client.select_folder(box, readonly=True)
        assert len(client.search(["DRAFT", "SUBJECT", kept])) == 1

    with phones(appliance) as make:
        phone = make(nuova, "16.1")
        wanted = synced(phone, folders.DRAFTS, options=TEXT)
        going = Change(item(phone, wanted.folder, kept), None, send=True)
        asked = Wanted(folder=wanted.folder, operations=(going,), options=TEXT)
        assert sync.sync(phone.client, asked)[wanted.folder].failed == []

    received = mail.wait_for(reader, kept)
    assert [each.get_content() for each in received.iter_attachments()] == [b"\x00\xff"]
    assert mail.find(nuova, kept, box) == []
    assert len(mail.find(nuova, kept, mail.special(nuova, b"\\Sent"))) == 1


# --- The codec beside another one


def everything(phone: Phone, mail: Mail, web: Web, ada: Account) -> None:
    """Have a phone use every command that its version has, on items of all kinds."""
    title = token()
    put(web, phone.account, "Calendar", title)
    put(web, phone.account, "Contacts", title)
    make_items(phone, f"{title} {ODD}")
    inbox = use_mail(phone, mail, title)
    ask_around(phone, title, ada)
    write(phone, inbox, f"{title}3")
    append(mail, phone.account, "INBOX", compose(STRANGER, "x@example.org", "x").as_bytes())
    assert ping.ping(phone.client, [(inbox.folder, "Email")], 600) == (inbox.folder,)
    items.empty_folder(phone.client, phone.folder(folders.TRASH).id)
    folders.folder_sync(phone.client)


def make_items(phone: Phone, title: str) -> None:
    """Make something of each kind, and delete it."""
    version = phone.client.version
    for kind, new in (
        (folders.CALENDAR, event(title, version)),
        (folders.CONTACTS, contact(title)),
        (folders.TASKS, data(Tasks__Subject=title, Tasks__Complete="0")),
        (folders.NOTES, data(Notes__Subject=title, Notes__MessageClass="IPM.StickyNote")),
    ):
        wanted = synced(phone, kind, options=TEXT)
        add = Add(phone.device.client_id(), new)
        made = act(phone, wanted, add).made[add.client_id]
        act(phone, wanted, Delete(made))


def act(phone: Phone, wanted: Wanted, operation: Operation) -> Synced:
    """Have the host do an operation."""
    asked = Wanted(folder=wanted.folder, options=wanted.options, operations=(operation,))
    came = sync.sync(phone.client, asked)[wanted.folder]
    assert came.failed == []
    return came


def use_mail(phone: Phone, mail: Mail, title: str) -> Wanted:
    """Read a mail in several forms, and move it to a new folder; return the inbox."""
    client, subject = phone.client, f"{title} {ODD}"
    message = compose(STRANGER, phone.account.address, subject, f"{ODD}\n")
    message.add_alternative(f"<p>{ODD}</p>", subtype="html")
    message.add_attachment(bytes(range(256)), "application", "octet-stream", filename="è.bin")
    append(mail, phone.account, "INBOX", message.as_bytes())
    short = Body(type=HTML, truncation=9, preview=9)
    for options in (WHOLE, (Options(bodies=(short,)),), TEXT):
        phone.device.collection(phone.folder(folders.INBOX).id).reset()
        inbox = synced(phone, folders.INBOX, options=options)
    name = item(phone, inbox.folder, subject)
    came = phone.device.collection(inbox.folder).items[name]
    act(phone, inbox, Change(name, data(Email__Read="1")))
    place = ("AirSyncBase:Attachments", "AirSyncBase:Attachment", "AirSyncBase:FileReference")
    reference = came.text_of(*place)
    assert reference is not None
    items.fetch_attachment(client, reference)
    items.fetch_attachment(client, reference, byte_range=(3, 9), parts=True)
    items.fetch_item(client, inbox.folder, name, bodies=(Body(type=MIME),), mime_support=2)
    estimate.estimate(client, inbox.folder)
    made = folders.update(client, folders.create(client, title), name=f"{title}2")
    items.move_items(client, [(name, inbox.folder, made.id)])
    assert search.search_mail(client, title).hits
    folders.delete(client, made.id)
    return inbox


def ask_around(phone: Phone, title: str, ada: Account) -> None:
    """Ask about people, and about oneself."""
    client = phone.client
    search.search_people(client, ada.address)
    whole_day = ("2027-03-01T08:00:00.000Z", "2027-03-02T08:00:00.000Z")
    resolve.resolve(client, [ada.address, title], certificates=2, between=whole_day)
    settings.oof(client)
    settings.user_information(client)
    settings.describe(client)


def write(phone: Phone, inbox: Wanted, subject: str) -> None:
    """Send a mail, pass it on, and keep a draft where the version has that."""
    client, me = phone.client, phone.account.address
    out = compose(me, me, subject, f"{ODD}\n").as_bytes()
    send.send_mail(client, out)
    arrived = arrives(phone, inbox, subject)
    send.smart_forward(client, out, Source(inbox.folder, arrived))
    if client.dotted >= (16, 0):
        drafts = synced(phone, folders.DRAFTS, options=TEXT)
        act(phone, drafts, Add(phone.device.client_id(), draft(me, f"{subject} {ODD}")))


def documents(traffic: list[Exchange]) -> Iterator[tuple[str, bytes]]:
    """Yield the documents of requests and answers, with the command."""
    for each in traffic:
        if each.request and each.request_type == WBXML:
            yield each.command, each.request
        if each.answer and each.answer_type == multipart.CONTENT_TYPE:
            yield each.command, multipart.decode(each.answer)[0]
        elif each.answer:
            yield each.command, each.answer


def lines(element: Element, depth: int = 0) -> Iterator[tuple[int, str, bytes]]:
    """Yield tags and what is in them, with the ends of lines that XML has."""
    yield depth, element.tag, element.data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for each in element.elements:
        yield from lines(each, depth + 1)


def agrees_with_tshark(recorded: list[tuple[str, bytes]]) -> None:
    """Compare documents, without those whose lists are too long for it."""
    compared = 0
    read = tshark.read([wbxml for _, wbxml in recorded])
    for (command, wbxml), theirs in zip(recorded, read, strict=True):
        if theirs is not None:
            ours = list(lines(decode(wbxml)))
            assert list(lines(theirs)) == ours, command
            compared += len(ours)
    assert compared > 500


@pytest.mark.parametrize("version", ["14.1", "16.0"])
def test_another_reader_finds_in_our_traffic_what_we_do(
    mail: Mail, web: Web, appliance: Appliance, nuova: Account, ada: Account, version: str
) -> None:
    """Of every command, question and answer: by libwbxml, and up to 14.1 by tshark as well."""
    with phones(appliance) as make:
        phone = make(nuova, version)
        everything(phone, mail, web, ada)

    compared = 0
    commands = set()
    recorded = list(documents(phone.traffic))
    for command, wbxml in recorded:
        ours, theirs = list(lines(decode(wbxml))), list(lines(libwbxml.read(wbxml)))
        assert theirs == ours, command
        compared += len(ours)
        commands.add(command)
    assert compared > 500
    assert {"Sync", "FolderSync", "Ping", "Search", "ItemOperations", "Settings"} <= commands
    assert {"MoveItems", "ResolveRecipients", "SendMail", "SmartForward"} <= commands
    if version == "14.1":
        agrees_with_tshark(recorded)
    phone.assert_sound()
