from datetime import timedelta

import pytest
from phone import ADA, mail_of

from fermoposta.activesync.client import folders, sync
from fermoposta.activesync.client.errors import ClientError
from fermoposta.activesync.client.operations import Change, Delete, Fetch
from fermoposta.activesync.client.options import Body, Options
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.wbxml import Element

VERSIONS = ("12.1", "14.0", "14.1", "16.0", "16.1")


def inbox(phone):
    folders.folder_sync(phone)
    return phone.device.folder_of_type(2).id


def subjects(phone, folder):
    items = phone.device.collection(folder).items
    return sorted(each.text_of("Email:Subject") for each in items.values())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_phone_gets_what_is_in_the_inbox(host, version):
    """Each version syncs the mail that is there, and nothing twice."""
    for number in range(3):
        host.deliver(mail_of(f"mail {number}"))
    phone = host.phone(version)
    folder = inbox(phone)

    sync.sync_all(phone, Wanted(folder=folder))

    assert subjects(phone, folder) == ["mail 0", "mail 1", "mail 2"]
    assert sync.sync(phone, Wanted(folder=folder)) == {}
    assert phone.device.anomalies == ()


def test_it_is_known_when_a_phone_was_last_told_what_there_is(host):
    """Whoever looks after devices sees it; it's noted about once a minute."""
    phone = host.phone()
    folder = inbox(phone)
    (device,) = host.run(host.devices.devices(ADA))
    assert device.last_synced == host.now

    host.now += timedelta(seconds=5)
    sync.sync_all(phone, Wanted(folder=folder))
    assert host.run(host.devices.devices(ADA))[0].last_synced == device.last_synced

    host.now += timedelta(minutes=2)
    sync.sync(phone, Wanted(folder=folder))
    assert host.run(host.devices.devices(ADA))[0].last_synced == host.now


def test_a_window_holds_no_more_than_was_asked_for(host):
    """With a window of two, five mails come in three answers."""
    for number in range(5):
        host.deliver(mail_of(f"mail {number}"))
    phone = host.phone()
    folder = inbox(phone)

    rounds = sync.sync_all(phone, Wanted(folder=folder, window=2))

    assert [len(each.added) for each in rounds] == [2, 2, 1]
    assert [each.more for each in rounds] == [True, True, False]


def test_a_lost_answer_is_sent_again(host):
    """Who repeats a key gets the same mail and the same next key."""
    host.deliver(mail_of("one"))
    phone = host.phone()
    folder = inbox(phone)
    sync.begin(phone, Wanted(folder=folder))
    host.lose = 1
    with pytest.raises(ClientError):
        sync.sync(phone, Wanted(folder=folder))
    host.deliver(mail_of("two"))

    first = sync.sync(phone, Wanted(folder=folder))[folder]
    second = sync.sync(phone, Wanted(folder=folder))[folder]

    assert (len(first.added), len(second.added)) == (1, 1)
    assert subjects(phone, folder) == ["one", "two"]
    assert phone.device.anomalies == ()


def test_flags_go_both_ways_and_are_not_echoed(host):
    """What the phone marks as read is read in the mailbox; it isn't told of its own change."""
    uid = host.deliver(mail_of("one"))
    phone = host.phone()
    folder = inbox(phone)
    sync.sync_all(phone, Wanted(folder=folder))
    (item,) = phone.device.collection(folder).items

    data = Element("AirSync:ApplicationData", [Element("Email:Read", "1")])
    answered = sync.sync(phone, Wanted(folder=folder, operations=(Change(item, data),)))

    summary = host.run(host.mailbox().summaries("INBOX", [uid]))[uid]
    assert "\\Seen" in summary.flags
    assert answered[folder].failed == []
    assert sync.sync(phone, Wanted(folder=folder)) == {}
    host.run(host.mailbox().store("INBOX", [uid], add=["\\Flagged"]))
    changed = sync.sync(phone, Wanted(folder=folder))[folder]
    assert changed.changed == [item]


@pytest.mark.parametrize(("as_moves", "where"), [(True, "Trash"), (False, None)])
def test_a_deleted_mail_goes_to_the_trash_unless_it_shall_not(host, as_moves, where):
    """DeletesAsMoves says whether a deleted mail can still be looked at."""
    host.deliver(mail_of("one"))
    phone = host.phone()
    folder = inbox(phone)
    sync.sync_all(phone, Wanted(folder=folder))
    (item,) = phone.device.collection(folder).items

    sync.sync(phone, Wanted(folder=folder, operations=(Delete(item),), deletes_as_moves=as_moves))

    assert not host.run(host.mailbox().snapshot("INBOX")).present
    trash = host.run(host.mailbox().snapshot("Trash")).present
    assert bool(trash) == (where is not None)


def test_a_key_that_never_was_starts_the_folder_over(host):
    """A wrong key is answered by status 3, never by an error of HTTP."""
    phone = host.phone()
    folder = inbox(phone)
    sync.sync_all(phone, Wanted(folder=folder))
    phone.device.collection(folder).sync_key = "{deadbeef}77"

    with pytest.raises(ClientError, match="3"):
        sync.sync(phone, Wanted(folder=folder))


def test_a_folder_that_is_made_anew_loses_no_mail(host):
    """Deleted and made again, a folder is another one, and its mail comes."""
    host.run(host.mailbox().create("Work"))
    host.deliver(mail_of("old"), "Work")
    phone = host.phone()
    inbox(phone)
    before = phone.device.folder_named("Work").id
    sync.sync_all(phone, Wanted(folder=before))
    host.run(host.mailbox().delete("Work"))
    host.run(host.mailbox().create("Work"))
    host.deliver(mail_of("new"), "Work")

    folders.folder_sync(phone)
    after = phone.device.folder_named("Work").id
    sync.sync_all(phone, Wanted(folder=after))

    assert after != before
    assert subjects(phone, after) == ["new"]


def test_a_name_that_another_folder_has_by_now_is_not_taken_for_the_old_one(host):
    """Even while the tree of folders is remembered: the phone is told to look at the tree."""
    host.run(host.mailbox().create("Work"))
    phone = host.phone()
    inbox(phone)
    work = phone.device.folder_named("Work").id
    sync.sync_all(phone, Wanted(folder=work))
    host.run(host.mailbox().delete("Work"))
    host.run(host.mailbox().create("Work"))
    host.deliver(mail_of("another's"), "Work")

    with pytest.raises(ClientError, match=r"\b(8|12)\b"):
        sync.sync(phone, Wanted(folder=work))

    assert subjects(phone, work) == []


def test_a_body_is_cut_where_the_phone_wants_it(host):
    """Truncated text says so, and how long the whole is."""
    host.deliver(mail_of("long", "x" * 2000))
    phone = host.phone()
    folder = inbox(phone)
    options = Options(bodies=(Body(type=1, truncation=500),))

    sync.sync_all(phone, Wanted(folder=folder, options=(options,)))

    (item,) = phone.device.collection(folder).items.values()
    body = item.find("AirSyncBase:Body")
    assert len(body.text_of("AirSyncBase:Data")) == 500
    assert body.text_of("AirSyncBase:Truncated") == "1"
    assert body.text_of("AirSyncBase:EstimatedDataSize") == "2002"


def test_mime_is_what_is_stored(host):
    """Type 4 gives the octets of the mail, none more and none less."""
    message = mail_of("signed", "-- \r\n.\r\nFrom here\r\n")
    host.deliver(message)
    phone = host.phone()
    folder = inbox(phone)
    options = Options(bodies=(Body(type=4),), mime_support=2)

    sync.sync_all(phone, Wanted(folder=folder, options=(options,)))

    (item,) = phone.device.collection(folder).items.values()
    assert item.find("AirSyncBase:Body", "AirSyncBase:Data").data == message


def test_a_mail_is_fetched_whole(host):
    """Fetch gives all of an item, whatever came before."""
    host.deliver(mail_of("long", "x" * 2000))
    phone = host.phone()
    folder = inbox(phone)
    short = Options(bodies=(Body(type=1, truncation=10),))
    sync.sync_all(phone, Wanted(folder=folder, options=(short,)))
    (item,) = phone.device.collection(folder).items

    whole = Options(bodies=(Body(type=1),))
    answered = sync.sync(phone, Wanted(folder=folder, operations=(Fetch(item),), options=(whole,)))

    data = answered[folder].fetched[item]
    assert len(data.text_of("AirSyncBase:Body", "AirSyncBase:Data")) == 2002


@pytest.mark.parametrize(("version", "there"), [("14.0", False), ("14.1", True), ("16.1", True)])
def test_what_a_mail_adds_to_its_conversation_is_told_from_14_1_on(host, version, there):
    """BodyPart comes beside the body, or instead of it, and says that it could be made."""
    host.deliver(mail_of("one", "the whole of it"))
    phone = host.phone(version)
    folder = inbox(phone)
    options = Options(bodies=(Body(type=1),), body_part=Body(type=2, truncation=5000))

    sync.sync_all(phone, Wanted(folder=folder, options=(options,)))

    (item,) = phone.device.collection(folder).items.values()
    part = item.find("AirSyncBase:BodyPart")
    assert (part is not None) == there
    if part is not None:
        assert part.text_of("AirSyncBase:Status") == "1"
        assert "the whole of it" in part.text_of("AirSyncBase:Data")


def test_an_invitation_comes_as_a_meeting_request(host):
    """A mail with an invitation says when and where, and which class it is of."""
    calendar = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
        "UID:meet@example.org\r\nDTSTAMP:20261101T080000Z\r\nDTSTART:20261103T090000Z\r\n"
        "DTEND:20261103T100000Z\r\nSUMMARY:Meet\r\nLOCATION:Room 1\r\n"
        "ORGANIZER:mailto:bob@example.org\r\n"
        "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ada@example.org\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    host.deliver(mail_of("Meet", calendar, Content_Type="text/calendar; method=REQUEST"))
    phone = host.phone()
    folder = inbox(phone)

    sync.sync_all(phone, Wanted(folder=folder))

    (item,) = phone.device.collection(folder).items.values()
    assert item.text_of("Email:MessageClass") == "IPM.Schedule.Meeting.Request"
    request = item.find("Email:MeetingRequest")
    assert request.text_of("Email:StartTime") == "2026-11-03T09:00:00.000Z"
    assert request.text_of("Email:Organizer") == "bob@example.org"
