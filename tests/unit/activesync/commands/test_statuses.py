"""What wrong requests are answered, by the tables of MS-ASCMD (sections 2.2.2 and 2.2.3.177)."""

import pytest
from phone import mail_of
from tests.unit.activesync.people.office import el

from fermoposta.activesync.client import folders, sync
from fermoposta.activesync.client.errors import HttpError
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.status import ROOTS
from fermoposta.activesync.versions import COMMANDS
from fermoposta.activesync.wbxml import Element

VERSIONS = ("12.1", "14.1", "16.1")
WRONG_KEY = "{00000000-0000-0000-0000-000000000000}7"


class Phone:
    """A phone that has its folders and its inbox, and asks whatever it is told to."""

    def __init__(self, host, version):
        host.run(host.mailbox().create("Work"))
        host.deliver(mail_of("one"))
        self.client = host.phone(version)
        folders.folder_sync(self.client)
        self.inbox = self.client.device.folder_of_type(2).id
        self.work = self.client.device.folder_named("Work").id
        sync.sync_all(self.client, Wanted(folder=self.inbox))
        (self.item,) = self.client.device.collection(self.inbox).items
        self.key = self.client.device.collection(self.inbox).sync_key
        self.folder_key = self.client.device.folder_key

    def ask(self, command, document):
        """Return the statuses in the answer, in their order; HTTP's where it is no 200."""
        try:
            answer = self.client.ask(command, document)
        except HttpError as error:
            return f"HTTP {error.status}", None
        found = [] if answer is None else [x.text for x in answer.walk() if x.name == "Status"]
        return " ".join(found), answer


def collection(id_, key, *more):
    named = [("SyncKey", key), ("CollectionId", id_), *more]
    return ("Collection", [each for each in named if each[1] is not None])


def syncing(*collections, also=()):
    listed = [("Collections", list(collections))] if collections else []
    return el("AirSync", ("Sync", [*listed, *also]))


def ping(heartbeat, *ids, tag="Folder"):
    named = [(tag, [("Id", each), ("Class", "Email")]) for each in ids]
    said = [("HeartbeatInterval", heartbeat)] if heartbeat is not None else []
    return el("Ping", ("Ping", [*said, *([("Folders", named)] if ids else [])]))


def folder_change(command, **fields):
    return el("FolderHierarchy", (command, list(fields.items())))


def move(*texts):
    named = zip(("SrcMsgId", "SrcFldId", "DstFldId"), texts, strict=False)
    return el("Move", ("MoveItems", [("Move", list(named))]))


def estimate(id_, key):
    inside = [("AirSync:SyncKey", key), ("CollectionId", id_)]
    named = [each for each in inside if each[1] is not None]
    listed = ("Collections", [("Collection", named)])
    return el("GetItemEstimate", ("GetItemEstimate", [listed]))


def fetch(*named, store="Mailbox"):
    inside = [("Store", store), *named]
    return el("ItemOperations", ("ItemOperations", [("Fetch", inside)]))


def composed(command, *inside):
    return el("ComposeMail", (command, list(inside)))


def smart(command, folder, item):
    source = ("Source", [("FolderId", folder), ("ItemId", item)])
    return composed(command, ("ClientId", "c1"), source, ("Mime", mail_of("Re: one")))


def answering(said, item):
    inside = [("UserResponse", said), ("RequestId", item)]
    return el("MeetingResponse", ("MeetingResponse", [("Request", inside)]))


# Command, what is asked, and the statuses of the answer; where there is a second text, 12.1 has
# that instead (statuses above 100 are HTTP's there).
ASKED = {
    # Sync, section 2.2.3.177.17
    "a wrong key": ("Sync", lambda p: syncing(collection(p.inbox, WRONG_KEY)), "3"),
    "no key of ours": ("Sync", lambda p: syncing(collection(p.inbox, "nonsense")), "3"),
    "a key of another folder": ("Sync", lambda p: syncing(collection(p.work, p.key)), "3"),
    "an unknown folder": ("Sync", lambda p: syncing(collection("999", "0")), "8"),
    "one of two folders unknown": (
        "Sync",
        lambda p: syncing(collection("999", "0"), collection(p.work, "0")),
        "8 1",
    ),
    "no SyncKey": ("Sync", lambda p: syncing(collection(p.inbox, None)), "4"),
    "no CollectionId": ("Sync", lambda p: syncing(collection(None, "0")), "4"),
    "an empty Sync": ("Sync", lambda p: syncing(), "4"),
    "a folder twice": (
        "Sync",
        lambda p: syncing(collection(p.inbox, p.key), collection(p.inbox, p.key)),
        "4",
    ),
    "changes with the first key": (
        "Sync",
        lambda p: syncing(collection(p.inbox, "0", ("Commands", [("Fetch", [("ServerId", "1")])]))),
        "4",
    ),
    "a window that is no number": (
        "Sync",
        lambda p: syncing(collection(p.inbox, p.key, ("WindowSize", "many"))),
        "4",
    ),
    "an option out of range": (
        "Sync",
        lambda p: syncing(collection(p.inbox, p.key, ("Options", [("FilterType", "9")]))),
        "4",
    ),
    "a Wait beside a HeartbeatInterval": (
        "Sync",
        lambda p: syncing(
            collection(p.inbox, p.key), also=[("Wait", "1"), ("HeartbeatInterval", "60")]
        ),
        "4",
    ),
    "an item that is gone": (
        "Sync",
        lambda p: syncing(
            collection(p.inbox, p.key, ("Commands", [("Fetch", [("ServerId", f"{p.inbox}:99")])]))
        ),
        "1 8",
    ),
    # FolderSync, section 2.2.3.177.5
    "FolderSync, wrong key": (
        "FolderSync",
        lambda p: folder_change("FolderSync", SyncKey=WRONG_KEY),
        "9",
    ),
    "FolderSync, no key": ("FolderSync", lambda p: folder_change("FolderSync"), "10"),
    "FolderSync, no body": ("FolderSync", lambda p: None, "10"),
    # FolderCreate, FolderDelete, FolderUpdate, sections 2.2.3.177.2 to 2.2.3.177.6
    "FolderCreate, wrong key": (
        "FolderCreate",
        lambda p: folder_change(
            "FolderCreate", SyncKey=WRONG_KEY, ParentId="0", DisplayName="x", Type="12"
        ),
        "9",
    ),
    "FolderCreate, first key": (
        "FolderCreate",
        lambda p: folder_change(
            "FolderCreate", SyncKey="0", ParentId="0", DisplayName="x", Type="12"
        ),
        "9",
    ),
    "FolderCreate, unknown parent": (
        "FolderCreate",
        lambda p: folder_change(
            "FolderCreate", SyncKey=p.folder_key, ParentId="999", DisplayName="x", Type="12"
        ),
        "5",
    ),
    "FolderCreate, name taken": (
        "FolderCreate",
        lambda p: folder_change(
            "FolderCreate", SyncKey=p.folder_key, ParentId="0", DisplayName="Work", Type="12"
        ),
        "2",
    ),
    "FolderCreate, no name": (
        "FolderCreate",
        lambda p: folder_change("FolderCreate", SyncKey=p.folder_key, ParentId="0", Type="12"),
        "10",
    ),
    "FolderCreate, no body": ("FolderCreate", lambda p: None, "10"),
    "FolderDelete, wrong key": (
        "FolderDelete",
        lambda p: folder_change("FolderDelete", SyncKey=WRONG_KEY, ServerId=p.work),
        "9",
    ),
    "FolderDelete, unknown folder": (
        "FolderDelete",
        lambda p: folder_change("FolderDelete", SyncKey=p.folder_key, ServerId="999"),
        "4",
    ),
    "FolderDelete, the inbox": (
        "FolderDelete",
        lambda p: folder_change("FolderDelete", SyncKey=p.folder_key, ServerId=p.inbox),
        "3",
    ),
    "FolderDelete, no body": ("FolderDelete", lambda p: None, "10"),
    "FolderUpdate, wrong key": (
        "FolderUpdate",
        lambda p: folder_change(
            "FolderUpdate", SyncKey=WRONG_KEY, ServerId=p.work, ParentId="0", DisplayName="x"
        ),
        "9",
    ),
    "FolderUpdate, unknown folder": (
        "FolderUpdate",
        lambda p: folder_change(
            "FolderUpdate", SyncKey=p.folder_key, ServerId="999", ParentId="0", DisplayName="x"
        ),
        "4",
    ),
    "FolderUpdate, unknown parent": (
        "FolderUpdate",
        lambda p: folder_change(
            "FolderUpdate", SyncKey=p.folder_key, ServerId=p.work, ParentId="999", DisplayName="x"
        ),
        "5",
    ),
    "FolderUpdate, no body": ("FolderUpdate", lambda p: None, "10"),
    # Ping, section 2.2.3.177.11
    "Ping, no body": ("Ping", lambda p: None, "3"),
    "Ping, no folders": ("Ping", lambda p: ping("60"), "3"),
    "Ping, no heartbeat": ("Ping", lambda p: ping(None, p.inbox), "3"),
    "Ping, heartbeat no number": ("Ping", lambda p: ping("long", p.inbox), "4"),
    "Ping, folder without id": ("Ping", lambda p: ping("60", ""), "4"),
    "Ping, something else than folders": ("Ping", lambda p: ping("60", "1", tag="Id"), "4"),
    "Ping, unknown folder": ("Ping", lambda p: ping("60", p.inbox, "999"), "7"),
    # MoveItems, section 2.2.3.177.10
    "MoveItems, unknown item": ("MoveItems", lambda p: move(f"{p.inbox}:99", p.inbox, p.work), "1"),
    "MoveItems, no item of ours": ("MoveItems", lambda p: move("x", p.inbox, p.work), "1"),
    "MoveItems, unknown source": ("MoveItems", lambda p: move(p.item, "999", p.work), "1"),
    "MoveItems, item of another folder": (
        "MoveItems",
        lambda p: move(p.item, p.work, p.inbox),
        "1",
    ),
    "MoveItems, unknown target": ("MoveItems", lambda p: move(p.item, p.inbox, "999"), "2"),
    "MoveItems, same folder": ("MoveItems", lambda p: move(p.item, p.inbox, p.inbox), "4"),
    "MoveItems, no target": ("MoveItems", lambda p: move(p.item, p.inbox), "103", "HTTP 400"),
    "MoveItems, no body": ("MoveItems", lambda p: None, "103", "HTTP 400"),
    # GetItemEstimate, section 2.2.3.177.7
    "GetItemEstimate, unknown folder": ("GetItemEstimate", lambda p: estimate("999", p.key), "2"),
    "GetItemEstimate, first key": ("GetItemEstimate", lambda p: estimate(p.inbox, "0"), "3"),
    "GetItemEstimate, no key": ("GetItemEstimate", lambda p: estimate(p.inbox, None), "3"),
    "GetItemEstimate, wrong key": ("GetItemEstimate", lambda p: estimate(p.inbox, WRONG_KEY), "4"),
    "GetItemEstimate, no body": ("GetItemEstimate", lambda p: None, "103", "HTTP 400"),
    # ItemOperations, section 2.2.3.177.8
    "ItemOperations, no body": ("ItemOperations", lambda p: None, "2"),
    "ItemOperations, unknown store": (
        "ItemOperations",
        lambda p: fetch(("AirSync:ServerId", p.item), store="Library"),
        "1 9",
    ),
    "ItemOperations, unknown item": (
        "ItemOperations",
        lambda p: fetch(("AirSync:CollectionId", p.inbox), ("AirSync:ServerId", f"{p.inbox}:99")),
        "1 6",
    ),
    "ItemOperations, item of another folder": (
        "ItemOperations",
        lambda p: fetch(("AirSync:CollectionId", p.work), ("AirSync:ServerId", p.item)),
        "1 6",
    ),
    "ItemOperations, no item named": ("ItemOperations", lambda p: fetch(), "1 2"),
    "ItemOperations, no attachment": (
        "ItemOperations",
        lambda p: fetch(("AirSyncBase:FileReference", f"{p.item}:9")),
        "1 15",
    ),
    "ItemOperations, range of nothing": (
        "ItemOperations",
        lambda p: fetch(
            ("AirSyncBase:FileReference", f"{p.item}:1"), ("Options", [("Range", "9-1")])
        ),
        "1 8",
    ),
    "ItemOperations, an unknown folder is emptied": (
        "ItemOperations",
        lambda p: el(
            "ItemOperations",
            ("ItemOperations", [("EmptyFolderContents", [("AirSync:CollectionId", "999")])]),
        ),
        "1 6",
    ),
    # SendMail, SmartReply, SmartForward, section 2.2.3.177.16
    "SendMail, no body": ("SendMail", lambda p: None, "103", "HTTP 400"),
    "SendMail, no ClientId": (
        "SendMail",
        lambda p: composed("SendMail", ("Mime", mail_of("x"))),
        "103",
        "HTTP 400",
    ),
    "SmartReply, unknown item": (
        "SmartReply",
        lambda p: smart("SmartReply", p.inbox, f"{p.inbox}:99"),
        "150",
        "HTTP 400",
    ),
    "SmartForward, unknown folder": (
        "SmartForward",
        lambda p: smart("SmartForward", "999", "999:1"),
        "150",
        "HTTP 400",
    ),
    # The others
    "MeetingResponse, no body": ("MeetingResponse", lambda p: None, "103", "HTTP 400"),
    "MeetingResponse, unknown item": (
        "MeetingResponse",
        lambda p: answering("1", f"{p.inbox}:99"),
        "2",
    ),
    "MeetingResponse, no invitation": ("MeetingResponse", lambda p: answering("1", p.item), "2"),
    "MeetingResponse, no answer": ("MeetingResponse", lambda p: answering("9", p.item), "2"),
    "Search, no body": ("Search", lambda p: None, "1 2"),
    "Settings, no body": ("Settings", lambda p: None, "2"),
    "Provision, no body": ("Provision", lambda p: None, "2"),
    "ResolveRecipients, no body": ("ResolveRecipients", lambda p: None, "5"),
    "ValidateCert, no body": ("ValidateCert", lambda p: None, "2"),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", ASKED)
def test_what_is_asked_wrongly_is_told_by_its_status(host, case, version):
    """The status that the section of the command has for it, and nothing is done."""
    command, document, status, *at_12_1 = ASKED[case]
    phone = Phone(host, version)

    told, _ = phone.ask(command, document(phone))

    assert told == (at_12_1[0] if version == "12.1" and at_12_1 else status)
    assert len(host.run(host.mailbox().snapshot("INBOX")).present) == 1
    assert host.outbox.sent == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("said", "limit"),
    [
        (("Wait", "0"), "1"),
        (("Wait", "60"), "59"),
        (("HeartbeatInterval", "59"), "60"),
        (("HeartbeatInterval", "3541"), "3540"),
        (("HeartbeatInterval", "999999999"), "3540"),
    ],
)
def test_a_sync_that_would_wait_too_short_or_long_is_told_the_limit(host, version, said, limit):
    """Status 14 with the nearest that is allowed, in the unit that was used."""
    phone = Phone(host, version)

    told, answer = phone.ask("Sync", syncing(collection(phone.inbox, phone.key), also=[said]))

    assert told == "14"
    assert answer.text_of("AirSync:Limit") == limit


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("heartbeat", "limit"), [("59", "60"), ("0", "60"), ("3541", "3540")])
def test_a_ping_that_would_wait_too_short_or_long_is_told_the_limit(
    host, version, heartbeat, limit
):
    """Status 5 with the nearest that is allowed."""
    phone = Phone(host, version)

    told, answer = phone.ask("Ping", ping(heartbeat, phone.inbox))

    assert told == "5"
    assert answer.text_of("Ping:HeartbeatInterval") == limit


@pytest.mark.parametrize("version", VERSIONS)
def test_who_watches_too_many_folders_is_told_how_many_may_be(host, version):
    """Status 15 of Sync with Limit, status 6 of Ping with MaxFolders."""
    phone = Phone(host, version)
    ids = [str(number) for number in range(1, 302)]

    told, answer = phone.ask("Sync", syncing(*(collection(each, "0") for each in ids)))
    assert (told, answer.text_of("AirSync:Limit")) == ("15", "300")
    told, answer = phone.ask("Ping", ping("60", *ids))
    assert (told, answer.text_of("Ping:MaxFolders")) == ("6", "300")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("partial", [False, True])
def test_a_sync_that_leaves_out_what_nobody_remembers_is_asked_for_the_whole(
    host, version, partial
):
    """Status 13, for a request without a body and for one that is partial."""
    client = host.phone(version, id_="ANOTHER")
    document = syncing(also=[("Partial", "")]) if partial else None

    answer = client.ask("Sync", document)

    assert [each.text for each in answer.elements if each.tag == "AirSync:Status"] == ["13"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("command", sorted(ROOTS))
def test_a_document_of_another_command_is_refused(host, version, command):
    """Status 103, HTTP 400 at 12.1; nothing is done by a document that is meant otherwise."""
    phone = Phone(host, version)
    other = el("Ping", ("Ping", [])) if command != "Ping" else syncing()

    told, _ = phone.ask(command, other)

    if command == "Find" and version != "16.1":
        assert told == "HTTP 501"
    else:
        assert told == ("HTTP 400" if version == "12.1" else "103")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "body", [b"\x03\x01j\x00E", b"<Sync/>", b"\xff" * 20, b"\x03\x01j\x00\x01"]
)
def test_a_body_that_is_no_document_is_refused(host, version, body):
    """Status 102, HTTP 400 at 12.1."""
    phone = Phone(host, version)

    told, _ = phone.ask("Sync", body)

    assert told == ("HTTP 400" if version == "12.1" else "102")


@pytest.mark.parametrize("version", [*VERSIONS, "14.0", "16.0"])
@pytest.mark.parametrize("command", [each.name for each in COMMANDS])
def test_a_command_that_a_version_has_not_is_not_there(host, version, command):
    """HTTP 501; of the old ones of 12.1 those that change folders are not done."""
    client = host.phone(version)
    known = next(each.versions for each in COMMANDS if each.name == command)
    old = command.endswith("Collection")

    told, _ = Asking(client).ask(command, Element(ROOTS.get(command, "Ping:Ping")))

    assert (told == "HTTP 501") == (old or version not in known)


class Asking(Phone):
    """A phone that has nothing yet."""

    def __init__(self, client):
        self.client = client
