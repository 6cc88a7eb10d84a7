"""What a user gets of others' mailboxes, calendars and devices: what is shared, by its rights."""

from email.message import EmailMessage

import pytest
from phone import ADA, BOB, mail_of
from tests.unit.activesync.commands.test_statuses import (
    answering,
    collection,
    composed,
    estimate,
    folder_change,
    move,
    ping,
    smart,
    syncing,
)
from tests.unit.activesync.people.office import el

from fermoposta.activesync.client import folders, items, provision, search, send, sync
from fermoposta.activesync.client.errors import ClientError, HttpError
from fermoposta.activesync.client.operations import Add, Change, Delete, Fetch
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.store.model import Access, Wipe
from fermoposta.activesync.wbxml import Element

SECRET = "only for Bob"
EVENT = f"""BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:bobs
DTSTAMP:20261101T080000Z
DTSTART:20261103T090000Z
DTEND:20261103T100000Z
SUMMARY:{SECRET}
END:VEVENT
END:VCALENDAR
"""
VERSIONS = ("12.1", "14.1", "16.1")
CALENDAR = "Calendar/personal"


def filed(subject, content):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = BOB, BOB, subject
    message.set_content(content)
    message.add_attachment(content.encode(), maintype="text", subtype="x", filename="a.txt")
    return message.as_bytes()


class Both:
    """Ada's phone, and Bob's, which knows all the ids that Ada tries."""

    def __init__(self, host, version):
        self.host, self.version = host, version
        for number in range(20):
            # So that Bob's folders have ids that none of Ada's has.
            host.mail.make(BOB, f"More{number:02}")
        host.mail.make(BOB, "Secret")
        host.deliver(filed(SECRET, SECRET), "Secret", BOB)
        host.deliver(mail_of("of Ada"))
        self.ada = host.phone(version, id_="ADA1")
        self.bob = host.phone(version, id_="BOB1", address=BOB)
        for each in (self.ada, self.bob):
            folders.folder_sync(each)
        self.inbox = self.ada.device.folder_of_type(2).id
        self.trash = self.ada.device.folder_of_type(4).id
        self.secret = self.bob.device.folder_named("Secret").id
        sync.sync_all(self.ada, Wanted(folder=self.inbox))
        sync.sync_all(self.bob, Wanted(folder=self.secret))
        (self.own,) = self.ada.device.collection(self.inbox).items
        ((self.item, found),) = self.bob.device.collection(self.secret).items.items()
        self.file = next(x.text for x in found.walk() if x.tag == "AirSyncBase:FileReference")
        self.key = self.bob.device.collection(self.secret).sync_key
        assert self.secret not in self.ada.device.folders
        self.before = everything(host)

    def ask(self, command, document):
        """Return the statuses of the answer that Ada gets; nothing of Bob's is in it."""
        try:
            answer = self.ada.ask(command, document)
        except HttpError as error:
            return f"HTTP {error.status}"
        if answer is None:
            return ""
        assert not [each.tag for each in answer.walk() if SECRET in each.text]
        return " ".join(each.text for each in answer.walk() if each.name == "Status")


def everything(host, address=BOB):
    """What there is in somebody's mailbox and calendars."""
    return (
        {
            name: {uid: (x.content.raw, x.flags) for uid, x in box.messages.items()}
            for (owner, name), box in host.mail.boxes.items()
            if owner == address
        },
        {
            path: (shelf.name, dict(shelf.objects))
            for path, shelf in host.groupware.people[address].items()
        },
    )


def operation(tag, *inside):
    return el("ItemOperations", ("ItemOperations", [(tag, list(inside))]))


def fetching(*named):
    return operation("Fetch", ("Store", "Mailbox"), *named)


TRIED = {
    "its first key": ("Sync", lambda b: syncing(collection(b.secret, "0")), "8"),
    "its key": ("Sync", lambda b: syncing(collection(b.secret, b.key)), "8"),
    "its key for a folder of one's own": (
        "Sync",
        lambda b: syncing(collection(b.inbox, b.key)),
        "3",
    ),
    "fetch through a folder of one's own": (
        "Sync",
        lambda b: syncing(
            collection(
                b.inbox,
                b.ada.device.collection(b.inbox).sync_key,
                ("Commands", [("Fetch", [("ServerId", b.item)])]),
            )
        ),
        "1 8",
    ),
    "delete through a folder of one's own": (
        "Sync",
        lambda b: syncing(
            collection(
                b.inbox,
                b.ada.device.collection(b.inbox).sync_key,
                ("Commands", [("Delete", [("ServerId", b.item)])]),
            )
        ),
        "1 8",
    ),
    "an estimate": ("GetItemEstimate", lambda b: estimate(b.secret, b.key), "2"),
    "a ping": ("Ping", lambda b: ping("60", b.secret), "7"),
    "the item": (
        "ItemOperations",
        lambda b: fetching(("AirSync:CollectionId", b.secret), ("AirSync:ServerId", b.item)),
        "1 6",
    ),
    "the item in a folder of one's own": (
        "ItemOperations",
        lambda b: fetching(("AirSync:CollectionId", b.inbox), ("AirSync:ServerId", b.item)),
        "1 6",
    ),
    "the item by a search's id": (
        "ItemOperations",
        lambda b: fetching(("Search:LongId", b.item)),
        "1 6",
    ),
    "the attachment": (
        "ItemOperations",
        lambda b: fetching(("AirSyncBase:FileReference", b.file)),
        "1 15",
    ),
    "emptying": (
        "ItemOperations",
        lambda b: operation("EmptyFolderContents", ("AirSync:CollectionId", b.secret)),
        "1 6",
    ),
    "moving out": ("MoveItems", lambda b: move(b.item, b.secret, b.inbox), "1"),
    "moving out of one's own": ("MoveItems", lambda b: move(b.item, b.inbox, b.trash), "1"),
    "moving in": ("MoveItems", lambda b: move(b.own, b.inbox, b.secret), "2"),
    "a search": (
        "Search",
        lambda b: el(
            "Search",
            (
                "Search",
                [
                    (
                        "Store",
                        [
                            ("Name", "Mailbox"),
                            (
                                "Query",
                                [
                                    (
                                        "And",
                                        [
                                            ("AirSync:Class", "Email"),
                                            ("AirSync:CollectionId", b.secret),
                                            ("FreeText", "Bob"),
                                        ],
                                    )
                                ],
                            ),
                        ],
                    )
                ],
            ),
        ),
        "1 11",
    ),
    "an answer to an invitation": ("MeetingResponse", lambda b: answering("1", b.item), "2"),
    "a reply": ("SmartReply", lambda b: smart("SmartReply", b.secret, b.item), "150", "HTTP 400"),
    "a forward": (
        "SmartForward",
        lambda b: smart("SmartForward", b.secret, b.item),
        "150",
        "HTTP 400",
    ),
    "a forward by a search's id": (
        "SmartForward",
        lambda b: composed(
            "SmartForward",
            ("ClientId", "c1"),
            ("Source", [("LongId", b.item)]),
            ("Mime", mail_of("x")),
        ),
        "150",
        "HTTP 400",
    ),
    "a folder below": (
        "FolderCreate",
        lambda b: folder_change(
            "FolderCreate",
            SyncKey=b.ada.device.folder_key,
            ParentId=b.secret,
            DisplayName="x",
            Type="12",
        ),
        "5",
    ),
    "another name": (
        "FolderUpdate",
        lambda b: folder_change(
            "FolderUpdate",
            SyncKey=b.ada.device.folder_key,
            ServerId=b.secret,
            ParentId="0",
            DisplayName="x",
        ),
        "4",
    ),
    "its end": (
        "FolderDelete",
        lambda b: folder_change("FolderDelete", SyncKey=b.ada.device.folder_key, ServerId=b.secret),
        "4",
    ),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", TRIED)
def test_by_ids_of_another_user_there_is_nothing(host, case, version):
    """It is as if the id were nobody's; the other user's mailbox stays as it was."""
    command, document, status, *at_12_1 = TRIED[case]
    both = Both(host, version)

    told = both.ask(command, document(both))

    assert told == (at_12_1[0] if version == "12.1" and at_12_1 else status)
    assert everything(host) == both.before
    assert host.outbox.sent == []
    assert sorted(everything(host, ADA)[0]["INBOX"]) == [1]


def test_at_12_1_ids_stand_in_the_query(host):
    """GetAttachment is 404, a reply and a forward are refused; nothing of the other is sent."""
    both = Both(host, "12.1")

    with pytest.raises(HttpError) as error:
        items.get_attachment(both.ada, both.file)
    assert error.value.status == 404
    for act in (send.smart_reply, send.smart_forward):
        with pytest.raises(HttpError):
            act(both.ada, mail_of("x"), send.Source(both.secret, both.item))
    assert host.outbox.sent == []


def test_find_stays_in_ones_own_folders(host):
    """A folder of another user is unknown, and a search of all finds one's own mail only."""
    both = Both(host, "16.1")

    with pytest.raises(ClientError, match=r"\b3\b"):
        search.find_mail(both.ada, "Bob", folder=both.secret)
    with pytest.raises(ClientError):
        search.search_mail(both.ada, "Bob", folder=both.secret)
    assert search.find_mail(both.ada, SECRET).total == 0
    assert search.find_mail(both.bob, SECRET).total == 1


# --- What is shared


def shared(host, rights, version="14.1"):
    """Return Ada's phone, Bob's folder and the mail in it, shared with *rights*."""
    host.mail.make(BOB, "Team")
    host.mail.share(BOB, "Team", ADA, rights)
    host.deliver(filed("plan", "the plan"), "Team", BOB)
    phone = host.phone(version)
    folders.folder_sync(phone)
    team = phone.device.folder_named("Team").id
    inbox = phone.device.folder_of_type(2).id
    for each in (inbox, team):
        sync.sync_all(phone, Wanted(folder=each))
    (item,) = phone.device.collection(team).items
    return phone, team, item


def file_in(phone, folder, item):
    found = phone.device.collection(folder).items[item].walk()
    return next(each.text for each in found if each.tag == "AirSyncBase:FileReference")


@pytest.mark.parametrize("version", VERSIONS)
def test_who_may_read_reads(host, version):
    """The mail, its attachment, a search in it, a forward of it."""
    phone, team, item = shared(host, "lr", version)

    assert items.fetch_item(phone, team, item).properties.text_of("Email:Subject") == "plan"
    assert b"the plan" in items.fetch_attachment(phone, file_in(phone, team, item)).content
    assert len(search.search_mail(phone, "plan", folder=team).hits) == 1
    send.smart_forward(phone, mail_of("Fw: plan"), send.Source(team, item))
    assert b"the plan" in host.outbox.sent[0][2]


READ = Element("AirSync:ApplicationData", [Element("Email:Read", "1")])


@pytest.mark.parametrize("version", VERSIONS)
def test_who_may_only_read_changes_nothing(host, version):
    """Neither flags nor mail nor folders: each is refused by its status, and nothing is lost."""
    phone, team, item = shared(host, "lr", version)
    host.deliver(mail_of("own"))
    inbox = phone.device.folder_of_type(2).id
    sync.sync_all(phone, Wanted(folder=inbox))
    (own,) = phone.device.collection(inbox).items
    before = everything(host)

    for each in (Change(item, READ), Delete(item)):
        answered = sync.sync(phone, Wanted(folder=team, operations=(each,)))
        assert [failed.status for failed in answered[team].failed] == [6]
    gone = Wanted(folder=team, operations=(Delete(item),), deletes_as_moves=False)
    assert [failed.status for failed in sync.sync(phone, gone)[team].failed] == [6]
    for source, from_, to in ((item, team, inbox), (own, inbox, team)):
        (moved,) = items.move_items(phone, [(source, from_, to)])
        assert moved.status == 5
    with pytest.raises(ClientError, match=r"\b16\b"):
        items.empty_folder(phone, team)
    with pytest.raises(ClientError, match=r"\b3\b"):
        folders.create(phone, "below", parent=team)
    with pytest.raises(ClientError, match=r"\b(2|3|5)\b"):
        folders.update(phone, phone.device.folders[team], name="Mine")
    with pytest.raises(ClientError, match=r"\b3\b"):
        folders.delete(phone, team)

    assert everything(host) == before
    assert len(everything(host, ADA)[0]["INBOX"]) == 1


def test_who_may_write_writes(host):
    """With the rights for it flags are set, and mail goes in and out."""
    phone, team, item = shared(host, "lrswite")
    inbox = phone.device.folder_of_type(2).id

    answered = sync.sync(phone, Wanted(folder=team, operations=(Change(item, READ),)))
    assert answered[team].failed == []
    assert "\\Seen" in everything(host)[0]["Team"][1][1]
    (moved,) = items.move_items(phone, [(item, team, inbox)])
    assert moved.done
    (back,) = items.move_items(phone, [(moved.new_id, inbox, team)])
    assert back.done
    items.empty_folder(phone, team)
    assert everything(host)[0]["Team"] == {}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("rights", ["", "l"])
def test_what_is_no_longer_shared_is_gone(host, version, rights):
    """With the ids that the phone has got nothing is read any more."""
    phone, team, item = shared(host, "lr", version)
    file = file_in(phone, team, item)
    host.mail.share(BOB, "Team", ADA, rights)

    for act in (
        lambda: items.fetch_item(phone, team, item),
        lambda: items.fetch_attachment(phone, file),
        lambda: sync.sync(phone, Wanted(folder=team, operations=(Fetch(item),))),
        lambda: send.smart_forward(phone, mail_of("x"), send.Source(team, item)),
        lambda: search.search_mail(phone, "plan", folder=team).hits[0],
    ):
        with pytest.raises((ClientError, IndexError)) as error:
            act()
        assert getattr(error.value, "status", 0) != 500
    (moved,) = items.move_items(phone, [(item, team, phone.device.folder_of_type(2).id)])
    assert moved.status in {1, 5}
    assert host.outbox.sent == []


NEW = Element(
    "AirSync:ApplicationData",
    [
        Element("Calendar:Subject", "x"),
        Element("Calendar:StartTime", "20261103T110000Z"),
        Element("Calendar:EndTime", "20261103T120000Z"),
    ],
)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("writable", [False, True])
def test_a_calendar_is_changed_by_who_may(host, version, writable):
    """Who may only read it can add, change and delete nothing; who may write it can."""
    host.run(host.calendars(BOB).put(CALENDAR, "bobs.ics", EVENT.encode(), etag=None))
    host.groupware.share(BOB, CALENDAR, ADA, writable=writable)
    phone = host.phone(version)
    folders.folder_sync(phone)
    theirs = next(
        each.id for each in phone.device.folders.values() if each.type == 13 and each.parent != "0"
    )
    sync.sync_all(phone, Wanted(folder=theirs))
    (item,) = phone.device.collection(theirs).items
    changed = Element("AirSync:ApplicationData", [Element("Calendar:Subject", "changed")])
    before = everything(host)

    for each in (Add("c1", NEW), Change(item, changed), Delete(item)):
        answered = sync.sync(phone, Wanted(folder=theirs, operations=(each,)))
        failed = [one.status for one in answered[theirs].failed] if answered else []
        assert failed == ([] if writable else [6])

    assert (everything(host) == before) != writable


def test_a_calendar_that_is_not_shared_is_not_there(host):
    """Neither in the tree nor by the id that its owner has for it."""
    host.run(host.calendars(BOB).put(CALENDAR, "bobs.ics", EVENT.encode(), etag=None))
    both = Both(host, "14.1")
    theirs = both.bob.device.folder_of_type(8).id
    sync.sync_all(both.bob, Wanted(folder=theirs))
    (item,) = both.bob.device.collection(theirs).items

    # Ids are each user's own: this one may be a folder of Ada's, with nothing of Bob's in it.
    told = both.ask("ItemOperations", fetching(("AirSync:ServerId", item)))

    assert told == "1 6"
    assert not [each for each in both.ada.device.folders.values() if each.parent == BOB]


# --- Devices


def test_a_device_id_of_another_user_is_another_device(host):
    """Under it Ada has nothing of what Bob's phone has; his keys open nothing."""
    both = Both(host, "14.1")
    same = host.phone("14.1", id_="BOB1")
    same.device.folder_key = both.bob.device.folder_key

    with pytest.raises(ClientError, match=r"\b9\b"):
        folders.folder_sync(same)
    folders.folder_sync(same)
    same.device.collection(both.secret).sync_key = both.key
    with pytest.raises(ClientError, match=r"\b8\b"):
        sync.sync(same, Wanted(folder=both.secret))

    assert sync.sync(both.bob, Wanted(folder=both.secret)) == {}
    found = host.run(host.devices.devices())
    assert sorted((each.user, each.id) for each in found) == [
        (ADA, "ADA1"),
        (ADA, "BOB1"),
        (BOB, "BOB1"),
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_nobody_acknowledges_the_wipe_of_another_users_device(host, version):
    """Ada's phone under the id of Bob's is not told to wipe, and says nothing for Bob's."""
    both = Both(host, version)
    host.run(host.devices.change_device(BOB, "BOB1", wipe=Wipe.REQUESTED))
    same = host.phone(version, id_="BOB1")
    folders.folder_sync(same)
    done = el("Provision", ("Provision", [("RemoteWipe", [("Status", "1")])]))

    assert provision.ask(same).wipe is None
    for _ in range(2):
        answer = same.ask("Provision", done)
        assert answer.text_of("Provision:Status") == "2"

    by_user = {(each.user, each.id): each for each in host.run(host.devices.devices())}
    assert by_user[BOB, "BOB1"].wipe is Wipe.REQUESTED
    assert by_user[ADA, "BOB1"].wipe is Wipe.NONE
    assert by_user[ADA, "BOB1"].access is Access.ALLOWED
    with pytest.raises(HttpError if version == "12.1" else ClientError, match=r"449|140"):
        folders.folder_sync(both.bob)
