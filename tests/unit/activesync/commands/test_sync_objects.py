import pytest
from phone import ADA, BOB

from fermoposta.activesync.client import folders, sync
from fermoposta.activesync.client.errors import ClientError
from fermoposta.activesync.client.operations import Add, Change, Delete
from fermoposta.activesync.client.options import Options
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.people import Person
from fermoposta.activesync.wbxml import Element

CALENDAR, TASKS, CONTACTS, NOTES = 8, 7, 9, 10
EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
UID:{uid}
DTSTAMP:20261101T080000Z
DTSTART:{start}
DTEND:{end}
SUMMARY:{summary}
END:VEVENT
END:VCALENDAR
"""


def data(**texts):
    """ApplicationData of tags, a double underscore between page and name."""
    return Element(
        "AirSync:ApplicationData",
        [Element(tag.replace("__", ":"), text) for tag, text in texts.items()],
    )


def folder(phone, kind):
    if not phone.device.folders:
        folders.folder_sync(phone)
    return phone.device.folder_of_type(kind).id


def told(phone, id_, tag):
    items = phone.device.collection(id_).items.values()
    return sorted(each.text_of(tag) or "" for each in items)


def put(host, name, summary, start="20261103T090000Z", end="20261103T100000Z", address=ADA):
    content = EVENT.format(uid=name, start=start, end=end, summary=summary).encode()
    path = host.run(host.calendars(address).collections())[0].path
    return host.run(host.calendars(address).put(path, f"{name}.ics", content, etag=None))


NEW = {
    CALENDAR: data(
        Calendar__Subject="Lunch",
        Calendar__StartTime="20261103T110000Z",
        Calendar__EndTime="20261103T120000Z",
        Calendar__AllDayEvent="0",
        Calendar__UID="4711",
        Calendar__DtStamp="20261101T080000Z",
    ),
    TASKS: data(Tasks__Subject="Lunch", Tasks__Complete="0"),
    CONTACTS: data(Contacts__FirstName="Lunch", Contacts__LastName="Time"),
    NOTES: data(Notes__Subject="Lunch", Notes__MessageClass="IPM.StickyNote"),
}
SHOWN = {
    CALENDAR: "Calendar:Subject",
    TASKS: "Tasks:Subject",
    CONTACTS: "Contacts:FirstName",
    NOTES: "Notes:Subject",
}


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        (kind, version)
        for kind in (CALENDAR, TASKS, CONTACTS, NOTES)
        for version in ("12.1", "14.1", "16.1")
        if (kind, version) != (NOTES, "12.1")
    ],
)
def test_an_item_goes_from_one_phone_to_the_other_and_back(host, kind, version):
    """What one phone makes the other one gets, changes and deletes, and each sees it once."""
    one, two = host.phone(version), host.phone(version, id_="PHONE2")
    there, here = folder(one, kind), folder(two, kind)
    sync.sync_all(one, Wanted(folder=there))
    sync.sync_all(two, Wanted(folder=here))

    sync.sync(one, Wanted(folder=there, operations=(Add("c1", NEW[kind]),)))
    sync.sync_all(two, Wanted(folder=here))
    assert told(two, here, SHOWN[kind]) == ["Lunch"]

    (item,) = two.device.collection(here).items
    changed = data(**{SHOWN[kind].replace(":", "__"): "Dinner"})
    answered = sync.sync(two, Wanted(folder=here, operations=(Change(item, changed),)))
    assert answered[here].failed == []
    sync.sync_all(one, Wanted(folder=there))
    assert told(one, there, SHOWN[kind]) == ["Dinner"]

    sync.sync(one, Wanted(folder=there, operations=(Delete(item),)))
    sync.sync_all(two, Wanted(folder=here))
    assert told(two, here, SHOWN[kind]) == []
    assert (one.device.anomalies, two.device.anomalies) == ((), ())


@pytest.mark.parametrize("kind", [CALENDAR, TASKS, CONTACTS, NOTES])
def test_an_item_whose_answer_got_lost_is_made_once(host, kind):
    """A phone that repeats its Add gets the same id, and there is one item."""
    phone = host.phone()
    there = folder(phone, kind)
    sync.sync_all(phone, Wanted(folder=there))
    wanted = Wanted(folder=there, operations=(Add("c1", NEW[kind]),))
    host.lose = 1
    with pytest.raises(ClientError):
        sync.sync(phone, wanted)

    sync.sync(phone, wanted)
    other = host.phone(id_="PHONE2")
    again = folder(other, kind)
    sync.sync_all(other, Wanted(folder=again))

    assert told(other, again, SHOWN[kind]) == ["Lunch"]
    assert told(phone, there, SHOWN[kind]) == ["Lunch"]


def test_old_appointments_are_left_out_where_the_phone_wants_none(host):
    """FilterType 4 is two weeks; without it all come."""
    put(host, "old", "Old", "20260101T090000Z", "20260101T100000Z")
    put(host, "new", "New")
    phone = host.phone()
    there = folder(phone, CALENDAR)

    sync.sync_all(phone, Wanted(folder=there, options=(Options(filter=4),)))
    assert told(phone, there, "Calendar:Subject") == ["New"]

    sync.sync_all(phone, Wanted(folder=there, options=(Options(filter=0),)))
    assert told(phone, there, "Calendar:Subject") == ["New", "Old"]


def test_done_tasks_are_left_out_where_the_phone_wants_only_what_is_to_do(host):
    """FilterType 8; a task that gets done leaves the phone, and comes back when it is opened."""
    phone = host.phone()
    there = folder(phone, TASKS)
    only_open = Wanted(folder=there, options=(Options(filter=8),))
    sync.sync_all(phone, only_open)
    other = host.phone(id_="PHONE2")
    sync.sync_all(other, Wanted(folder=there))
    opened = data(Tasks__Subject="Lunch", Tasks__Complete="0")
    done = data(
        Tasks__Subject="Lunch",
        Tasks__Complete="1",
        Tasks__DateCompleted="2026-11-01T08:00:00.000Z",
    )

    sync.sync(other, Wanted(folder=there, operations=(Add("1", opened), Add("2", done))))
    sync.sync_all(phone, only_open)
    assert told(phone, there, "Tasks:Complete") == ["0"]
    (item,) = phone.device.collection(there).items

    sync.sync(other, Wanted(folder=there, operations=(Change(item, done),)))
    sync.sync_all(phone, only_open)
    assert not phone.device.collection(there).items

    sync.sync(other, Wanted(folder=there, operations=(Change(item, opened),)))
    sync.sync_all(phone, only_open)
    assert list(phone.device.collection(there).items) == [item]


def test_the_server_wins_where_both_have_changed(host):
    """By default what somebody else did stays, and the phone is told of it."""
    etag = put(host, "one", "First")
    phone = host.phone()
    there = folder(phone, CALENDAR)
    sync.sync_all(phone, Wanted(folder=there))
    (item,) = phone.device.collection(there).items
    path = host.run(host.calendars().collections())[0].path
    other = EVENT.format(
        uid="one", start="20261103T090000Z", end="20261103T100000Z", summary="Server"
    )
    host.run(host.calendars().put(path, "one.ics", other.encode(), etag=etag))

    changed = data(Calendar__Subject="Phone")
    answered = sync.sync(phone, Wanted(folder=there, operations=(Change(item, changed),)))

    assert [each.status for each in answered[there].failed] == [7]
    assert told(phone, there, "Calendar:Subject") == ["Server"]


def test_a_shared_calendar_stands_below_the_shared_ones_and_is_not_written(host):
    """Who may only read sees it, and what the phone changes there is set right."""
    put(host, "bobs", "Bob's", address=BOB)
    bobs = "Calendar/personal"
    host.groupware.share(BOB, bobs, ADA)
    phone = host.phone()
    folders.folder_sync(phone)
    shared = next(each for each in phone.device.folders.values() if each.type == 13)
    above = phone.device.folders[shared.parent]
    assert above.name == BOB
    assert phone.device.folders[above.parent].name == "Shared"
    sync.sync_all(phone, Wanted(folder=shared.id))
    (item,) = phone.device.collection(shared.id).items

    changed = data(Calendar__Subject="Ada's")
    answered = sync.sync(phone, Wanted(folder=shared.id, operations=(Change(item, changed),)))
    assert [each.status for each in answered[shared.id].failed] == [6]
    assert told(phone, shared.id, "Calendar:Subject") == ["Bob's"]

    sync.sync(phone, Wanted(folder=shared.id, operations=(Delete(item),)))
    sync.sync_all(phone, Wanted(folder=shared.id))
    assert told(phone, shared.id, "Calendar:Subject") == ["Bob's"]


def test_the_address_book_is_a_folder_of_contacts(host):
    """Everybody whom the address book shows is a contact there, and nobody changes them."""
    host.people.persons = [Person(address="carl@example.org", name="Carl")]
    phone = host.phone()
    folders.folder_sync(phone)
    book = phone.device.folder_named("Company address book").id
    sync.sync_all(phone, Wanted(folder=book))
    (item,) = phone.device.collection(book).items

    answered = sync.sync(phone, Wanted(folder=book, operations=(Delete(item),)))
    sync.sync_all(phone, Wanted(folder=book))

    assert [each.status for each in answered[book].failed] == [6]
    assert len(phone.device.collection(book).items) == 1


def test_an_item_that_no_phone_can_be_told_of_is_named_and_stops_nothing(host):
    """It is noted with the reason, and all others come."""
    put(host, "ancient", "Ancient", "15000101T090000Z", "15000101T100000Z")
    put(host, "good", "Good")
    phone = host.phone()
    there = folder(phone, CALENDAR)

    sync.sync_all(phone, Wanted(folder=there))

    assert told(phone, there, "Calendar:Subject") == ["Good"]
    (failure,) = host.run(host.devices.failures(ADA))
    assert (failure.device, failure.item) == ("PHONE1", "ancient.ics")
    assert failure.reason
