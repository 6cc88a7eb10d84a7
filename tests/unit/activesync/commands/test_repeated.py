"""What is asked again, edited meanwhile, or broken off in the middle, ends as if it went well."""

import pytest
from phone import mail_of

from fermoposta.activesync.client import folders, items, sync
from fermoposta.activesync.client.errors import ClientError
from fermoposta.activesync.client.operations import Add, Change, Delete
from fermoposta.activesync.client.options import Body, Options
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.store.model import StoreAwayError
from fermoposta.activesync.wbxml import Element

TASKS, CALENDAR, CONTACTS, NOTES = 7, 8, 9, 10
TITLES = {
    TASKS: "Tasks:Subject",
    CALENDAR: "Calendar:Subject",
    CONTACTS: "Contacts:LastName",
    NOTES: "Notes:Subject",
}
TIMES = (("Calendar:StartTime", "20261103T110000Z"), ("Calendar:EndTime", "20261103T120000Z"))
TEXT = (Options(bodies=(Body(type=1),)),)
VERSIONS = ["14.1", "16.1"]


def ready(host, *kinds, version="14.1"):
    phone = host.phone(version)
    folders.folder_sync(phone)
    ids = [phone.device.folder_of_type(kind).id for kind in kinds]
    for each in ids:
        sync.sync_all(phone, Wanted(folder=each, options=TEXT))
    return phone, *ids


def made(kind, title):
    fields = [(TITLES[kind], title), *(TIMES if kind == CALENDAR else ())]
    return Element("AirSync:ApplicationData", [Element(tag, text) for tag, text in fields])


def written(text):
    body = [Element("AirSyncBase:Type", "1"), Element("AirSyncBase:Data", text)]
    fields = [
        Element("Email:To", "bob@example.org"),
        Element("Email:Subject", "Draft"),
        Element("AirSyncBase:Body", body),
    ]
    return Element("AirSync:ApplicationData", fields)


def titles(phone, folder, kind):
    return [each.text_of(TITLES[kind]) for each in phone.device.collection(folder).items.values()]


def texts(phone, folder):
    found = phone.device.collection(folder).items.values()
    return [each.text_of("AirSyncBase:Body", "AirSyncBase:Data").strip() for each in found]


def lost(host, phone, wanted):
    """Ask, and have the answer get lost."""
    host.lose = 1
    with pytest.raises(ClientError):
        sync.sync(phone, wanted)


def broken_off(host, monkeypatch, after=1):
    """Have the gateway's memory break when something is kept after so many times."""
    keep, count = host.devices.keep, iter(range(100))

    async def kept(*args):
        if args[2] != ".sync" and next(count) >= after - 1:
            raise StoreAwayError("away")
        return await keep(*args)

    monkeypatch.setattr(host.devices, "keep", kept)


@pytest.mark.parametrize("kind", [2, NOTES])
def test_what_somebody_else_has_deleted_is_deleted(host, kind):
    """The phone's wish is fulfilled; what it never had it is told not to be there."""
    phone, folder = ready(host, kind)
    host.deliver(mail_of("one"))
    if kind == NOTES:
        sync.sync(phone, Wanted(folder=folder, operations=(Add("c1", made(NOTES, "one")),)))
    sync.sync_all(phone, Wanted(folder=folder))
    (item,) = phone.device.collection(folder).items
    path = "Notes" if kind == NOTES else "INBOX"
    host.run(host.mailbox().expunge(path, host.run(host.mailbox().snapshot(path)).present))

    answered = sync.sync(phone, Wanted(folder=folder, operations=(Delete(item),)))

    assert answered[folder].failed == []
    assert phone.device.collection(folder).items == {}
    answered = sync.sync(phone, Wanted(folder=folder, operations=(Delete(f"{folder}:77"),)))
    assert [each.status for each in answered[folder].failed] == [8]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", [TASKS, CALENDAR, CONTACTS, NOTES])
def test_what_is_new_and_edited_before_it_is_sent_again_is_answered(host, kind, version):
    """The phone learns the id of the one item that there is, as it was edited last."""
    phone, folder = ready(host, kind, version=version)
    lost(host, phone, Wanted(folder=folder, operations=(Add("c1", made(kind, "First")),)))

    edited = Wanted(folder=folder, operations=(Add("c1", made(kind, "Second")),))
    answered = sync.sync(phone, edited)

    assert list(answered[folder].made) == ["c1"]
    sync.sync_all(phone, Wanted(folder=folder))
    assert titles(phone, folder, kind) == ["Second"]
    other = host.phone(version, id_="PHONE2")
    folders.folder_sync(other)
    sync.sync_all(other, Wanted(folder=folder))
    assert titles(other, folder, kind) == ["Second"]
    assert phone.device.anomalies == ()


@pytest.mark.parametrize("kind", [TASKS, CALENDAR, CONTACTS, NOTES])
def test_a_new_item_whose_try_was_broken_off_is_shown_as_it_is_there(host, monkeypatch, kind):
    """Where nobody knows which edit is in it, the phone and the server have the same."""
    phone, folder = ready(host, kind)
    with monkeypatch.context() as patched:
        broken_off(host, patched)
        with pytest.raises(ClientError):
            sync.sync(phone, Wanted(folder=folder, operations=(Add("c1", made(kind, "First")),)))

    sync.sync(phone, Wanted(folder=folder, operations=(Add("c1", made(kind, "Second")),)))
    sync.sync_all(phone, Wanted(folder=folder))

    other = host.phone(id_="PHONE2")
    folders.folder_sync(other)
    sync.sync_all(other, Wanted(folder=folder))
    assert titles(phone, folder, kind) == titles(other, folder, kind)
    assert len(titles(phone, folder, kind)) == 1


def test_an_edit_of_what_was_never_seen_does_not_go_over_it(host):
    """Somebody else's change was in the answer that got lost: the server's version stays."""
    phone, folder = ready(host, TASKS)
    other = host.phone(id_="PHONE2")
    folders.folder_sync(other)
    sync.sync(phone, Wanted(folder=folder, operations=(Add("c1", made(TASKS, "Old")),)))
    sync.sync_all(phone, Wanted(folder=folder))
    sync.sync_all(other, Wanted(folder=folder))
    (item,) = other.device.collection(folder).items
    changed = Change(item, made(TASKS, "Theirs"))
    sync.sync(other, Wanted(folder=folder, operations=(changed,)))
    lost(host, phone, Wanted(folder=folder))

    mine = Change(item, made(TASKS, "Mine"))
    answered = sync.sync(phone, Wanted(folder=folder, operations=(mine,)))

    assert [each.status for each in answered[folder].failed] == [7]
    sync.sync_all(phone, Wanted(folder=folder))
    assert titles(phone, folder, TASKS) == ["Theirs"]


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize("broken", [True, False])
def test_a_draft_edited_before_it_is_sent_again_is_there_once(host, monkeypatch, new, broken):
    """As it was written last, whether the answer got lost or the request was broken off."""
    phone, drafts = ready(host, 3, version="16.1")
    if not new:
        sync.sync(phone, Wanted(folder=drafts, operations=(Add("d1", written("zero")),)))
        (item,) = phone.device.collection(drafts).items

    def wanted(text):
        change = Add("d1", written(text)) if new else Change(item, written(text))
        return Wanted(folder=drafts, operations=(change,))

    if broken:
        with monkeypatch.context() as patched:
            broken_off(host, patched)
            with pytest.raises(ClientError):
                sync.sync(phone, wanted("one"))
    else:
        lost(host, phone, wanted("one"))

    answered = sync.sync(phone, wanted("two"))

    assert answered[drafts].failed == []
    sync.sync_all(phone, Wanted(folder=drafts))
    assert texts(phone, drafts) == ["two"]
    assert len(host.run(host.mailbox().snapshot("Drafts")).present) == 1


def test_a_draft_whose_sending_was_broken_off_is_answered_as_sent(host, monkeypatch):
    """It went out, once, and the phone is not told that it is missing."""
    phone, drafts = ready(host, 3, version="16.1")
    sync.sync(phone, Wanted(folder=drafts, operations=(Add("d1", written("text")),)))
    (item,) = phone.device.collection(drafts).items
    wanted = Wanted(folder=drafts, operations=(Change(item, None, send=True),))
    with monkeypatch.context() as patched:
        broken_off(host, patched, after=3)  # that it was begun and that it was sent is kept
        with pytest.raises(ClientError):
            sync.sync(phone, wanted)

    answered = sync.sync(phone, wanted)

    assert answered[drafts].failed == []
    assert len(host.outbox.sent) == 1
    assert phone.device.collection(drafts).items == {}


def test_a_draft_is_deleted_with_what_took_its_place(host):
    """A phone that has not heard of its own edit deletes the draft that there is."""
    phone, drafts = ready(host, 3, version="16.1")
    sync.sync(phone, Wanted(folder=drafts, operations=(Add("d1", written("one")),)))
    (item,) = phone.device.collection(drafts).items
    edit = Change(item, written("two"))
    sync.sync(phone, Wanted(folder=drafts, operations=(edit,), get_changes=False))

    gone = Wanted(folder=drafts, operations=(Delete(item),), deletes_as_moves=False)
    sync.sync(phone, gone)

    assert not host.run(host.mailbox().snapshot("Drafts")).present


@pytest.mark.parametrize("deleting", [True, False])
def test_a_note_whose_change_was_broken_off_is_there_once(host, deleting):
    """The older message goes when the note is changed or deleted next."""
    phone, notes = ready(host, NOTES)
    sync.sync(phone, Wanted(folder=notes, operations=(Add("c1", made(NOTES, "First")),)))
    mailbox = host.mailbox()
    present = list(host.run(mailbox.snapshot("Notes")).present)
    host.run(mailbox.copy("Notes", present, "Notes"))
    sync.sync_all(phone, Wanted(folder=notes))
    (item,) = phone.device.collection(notes).items

    act = Delete(item) if deleting else Change(item, made(NOTES, "Second"))
    sync.sync(phone, Wanted(folder=notes, operations=(act,), deletes_as_moves=False))

    sync.sync_all(phone, Wanted(folder=notes))
    assert titles(phone, notes, NOTES) == ([] if deleting else ["Second"])
    left = host.run(mailbox.snapshot("Notes")).present
    assert len(left) == (0 if deleting else 1)


def moved_to_trash(phone, inbox, trash):
    (item,) = phone.device.collection(inbox).items
    return items.move_items(phone, [(item, inbox, trash)])


def test_a_flag_that_the_phone_does_not_know_is_told_after_it_moved_the_mail(host):
    """Another program has set it just before."""
    uid = host.deliver(mail_of("one"))
    phone, inbox, trash = ready(host, 2, 4)
    host.run(host.mailbox().store("INBOX", [uid], add=["\\Seen"]))

    moved_to_trash(phone, inbox, trash)
    sync.sync_all(phone, Wanted(folder=trash))

    (mail,) = phone.device.collection(trash).items.values()
    assert mail.text_of("Email:Read") == "1"
    assert phone.device.anomalies == ()


def test_a_mail_that_left_again_before_its_move_was_answered_is_gone(host):
    """The repeated move names it, and Sync tells that it is not there any more."""
    host.deliver(mail_of("one"))
    phone, inbox, trash = ready(host, 2, 4)
    host.lose = 1
    with pytest.raises(ClientError):
        moved_to_trash(phone, inbox, trash)
    there = host.run(host.mailbox().snapshot("Trash")).present
    host.run(host.mailbox().expunge("Trash", there))
    lost(host, phone, Wanted(folder=trash))

    moved_to_trash(phone, inbox, trash)
    sync.sync_all(phone, Wanted(folder=trash))
    sync.sync_all(phone, Wanted(folder=inbox))

    assert phone.device.collection(trash).items == {}
    assert phone.device.collection(inbox).items == {}


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_move_that_was_broken_off_leaves_the_mail_where_it_is(host, monkeypatch, after):
    """Wherever it broke: the phone has the mail once, in the folder in which it is."""
    host.deliver(mail_of("one"))
    phone, inbox, trash = ready(host, 2, 4)
    with monkeypatch.context() as patched:
        broken_off(host, patched, after)
        with pytest.raises(ClientError):
            moved_to_trash(phone, inbox, trash)

    moved_to_trash(phone, inbox, trash)
    for each in (inbox, trash):
        sync.sync_all(phone, Wanted(folder=each))

    assert phone.device.collection(inbox).items == {}
    assert len(phone.device.collection(trash).items) == 1


def test_a_mail_is_moved_from_a_folder_that_has_another_name_now(host):
    """The phone knows the folder by its id, which stays."""
    host.run(host.mailbox().create("Work"))
    host.deliver(mail_of("one"), "Work")
    phone, trash = ready(host, 4)
    work = phone.device.folder_named("Work").id
    sync.sync_all(phone, Wanted(folder=work))
    host.run(host.mailbox().rename("Work", "Job"))

    (moved,) = moved_to_trash(phone, work, trash)

    assert moved.done
    assert len(host.run(host.mailbox().snapshot("Trash")).present) == 1
