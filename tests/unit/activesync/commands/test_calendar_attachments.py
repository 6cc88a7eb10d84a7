"""Files on appointments, as phones add, get and take them away (MS-ASAIRS, section 2.2.2.8)."""

import pytest
from phone import BOB
from test_sync_objects import CALENDAR, NEW, folder, put

from fermoposta.activesync.client import items, sync
from fermoposta.activesync.client.errors import ClientError
from fermoposta.activesync.client.operations import Add, Change
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.session import Limits
from fermoposta.activesync.wbxml import Element
from fermoposta.mailstore.groupware import Kind

BYTES = bytes(range(256)) * 20
DATA, ATTACHMENTS = "AirSync:ApplicationData", "AirSyncBase:Attachments"
MISSING = 15
"""ItemOperations: there is no such attachment."""
TIMES = ("Calendar:Subject", "Calendar:StartTime", "Calendar:EndTime")


def adding(content=BYTES, name="plan.pdf", client_id="a1"):
    leaves = {"ClientId": client_id, "Method": "1", "DisplayName": name}
    return Element(
        "AirSyncBase:Add",
        [
            *(Element(f"AirSyncBase:{tag}", text) for tag, text in leaves.items()),
            Element("AirSyncBase:ContentType", "application/pdf"),
            Element("AirSyncBase:Content", content),
        ],
    )


def dropping(reference):
    return Element("AirSyncBase:Delete", [Element("AirSyncBase:FileReference", reference)])


def data(*commands, whole=False, **texts):
    """ApplicationData with files; of a *whole* appointment, with its times."""
    said = [each for each in NEW[CALENDAR].elements if each.tag in TIMES] if whole else []
    said += [Element(tag.replace("__", ":"), text) for tag, text in texts.items()]
    return Element(DATA, [*said, *([Element(ATTACHMENTS, commands)] if commands else [])])


def ready(host, version="16.1", **who):
    phone = host.phone(version, **who)
    there = folder(phone, CALENDAR)
    sync.sync_all(phone, Wanted(folder=there))
    return phone, there


def ask(phone, there, *operations):
    return sync.sync(phone, Wanted(folder=there, operations=operations))[there]


def lost(host, phone, there, *operations):
    """Ask for what is made, and whose answer gets lost."""
    host.lose = 1
    with pytest.raises(ClientError):
        ask(phone, there, *operations)


def named(answered):
    """What the answer calls the files, by ClientId."""
    return {
        each.text_of("AirSyncBase:ClientId"): each.text_of("AirSyncBase:FileReference")
        for response in answered.responses
        for listed in response.walk()
        if listed.tag == ATTACHMENTS
        for each in listed.elements
    }


def shown(phone, there):
    """The files of the one appointment that the phone has, by name."""
    sync.sync_all(phone, Wanted(folder=there))
    (item,) = phone.device.collection(there).items.values()
    listed = item.find(ATTACHMENTS)
    return {
        each.text_of("AirSyncBase:DisplayName"): each.text_of("AirSyncBase:FileReference")
        for each in (() if listed is None else listed.elements)
    }


def attached_by(host):
    """The same as a new phone has it: who has added a file knows but its own words for it."""
    return shown(*ready(host, id_="NEW"))


def stored(host):
    """The one appointment of Ada's, unfolded."""
    path = host.run(host.calendars().collections())[0].path
    names = host.run(host.calendars().matching(path, Kind.EVENTS))
    (found,) = host.run(host.calendars().read(path, names)).values()
    return found.content.replace(b"\r\n ", b"")


def only(phone, there):
    (item,) = phone.device.collection(there).items
    return item


def refused(phone, reference):
    """The status with which a file is refused."""
    with pytest.raises(ClientError) as error:
        items.fetch_attachment(phone, reference)
    return str(error.value)


@pytest.mark.parametrize("version", ["16.0", "16.1"])
def test_a_file_goes_from_one_phone_to_the_other(host, version):
    """The answer names it to who adds it; both get its bytes under one name, and its type."""
    one, there = ready(host, version)
    answered = ask(one, there, Add("c1", data(adding(), whole=True)))
    reference = named(answered)["a1"]

    two, here = ready(host, version, id_="PHONE2")

    assert shown(two, here) == {"plan.pdf": reference}
    for phone in (one, two):
        found = items.fetch_attachment(phone, reference)
        assert (found.content, found.properties.text_of("AirSyncBase:ContentType")) == (
            BYTES,
            "application/pdf",
        )
    assert (one.device.anomalies, two.device.anomalies) == ((), ())


@pytest.mark.parametrize("parts", [False, True])
def test_a_range_of_a_file_is_sent(host, parts):
    """Those bytes and no others, beside the size of the whole; behind its end there is none."""
    phone, there = ready(host)
    reference = named(ask(phone, there, Add("c1", data(adding(), whole=True))))["a1"]

    found = items.fetch_attachment(phone, reference, byte_range=(10, 19), parts=parts)

    assert found.content == BYTES[10:20]
    assert found.properties.text_of("ItemOperations:Total") == str(len(BYTES))
    with pytest.raises(ClientError):
        items.fetch_attachment(phone, reference, byte_range=(len(BYTES), len(BYTES) + 1))


def test_a_change_adds_and_takes_away(host):
    """Each is seen by the other phone; the appointment's own words stay."""
    phone, there = ready(host)
    old = named(ask(phone, there, Add("c1", data(adding(), whole=True))))["a1"]
    other, here = ready(host, id_="PHONE2")

    change = data(dropping(old), adding(b"new", "new.txt", "a2"))
    new = named(ask(other, here, Change(only(other, here), change)))

    assert attached_by(host) == {"new.txt": new["a2"]}
    assert shown(phone, there) == {"new.txt": new["a2"]}
    assert items.fetch_attachment(phone, new["a2"]).content == b"new"
    assert str(MISSING) in refused(phone, old)
    assert b"SUMMARY:Lunch" in stored(host)


def test_an_old_phone_neither_gets_nor_loses_files(host):
    """Its change of the subject leaves them; 14.1 is told of none."""
    phone, there = ready(host)
    reference = named(ask(phone, there, Add("c1", data(adding(), whole=True))))["a1"]
    old, here = ready(host, "14.1", id_="PHONE2")
    assert shown(old, here) == {}

    answered = ask(old, here, Change(only(old, here), data(Calendar__Subject="Dinner")))

    assert answered.failed == []
    assert shown(phone, there) == {"plan.pdf": reference}


@pytest.mark.parametrize("edited", [False, True])
def test_an_added_appointment_whose_answer_got_lost_has_its_file_once(host, edited):
    """Repeated as it was, or edited since; and the second answer names the file."""
    phone, there = ready(host)
    lost(host, phone, there, Add("c1", data(adding(), whole=True)))

    place = {"Calendar__Sensitivity": "2"} if edited else {}
    answered = ask(phone, there, Add("c1", data(adding(), whole=True, **place)))

    assert stored(host).count(b"ATTACH;") == 1
    assert items.fetch_attachment(phone, named(answered)["a1"]).content == BYTES
    assert len(phone.device.collection(there).items) == 1


def test_a_change_whose_answer_got_lost_is_made_once(host):
    """One file is added, one is taken away, and no more; the second answer names the file."""
    phone, there = ready(host)
    first = data(adding(b"1", "1.txt"), adding(b"2", "2.txt"), whole=True)
    ask(phone, there, Add("c1", first))
    gone = attached_by(host)
    item = only(phone, there)
    change = data(dropping(gone["1.txt"]), adding(b"3", "3.txt", "a3"))
    lost(host, phone, there, Change(item, change))

    answered = ask(phone, there, Change(item, change))

    assert answered.failed == []
    assert items.fetch_attachment(phone, named(answered)["a3"]).content == b"3"
    other, here = ready(host, id_="PHONE2")
    assert sorted(shown(other, here)) == ["2.txt", "3.txt"]


def test_anybody_elses_file_is_not_to_be_had(host):
    """By a reference that another user was told, with or without a calendar of one's own."""
    phone, there = ready(host)
    reference = named(ask(phone, there, Add("c1", data(adding(), whole=True))))["a1"]
    put(host, "own", "Own", address=BOB)
    bob, here = ready(host, address=BOB, id_="PHONE2")
    _, item, key = reference.split(":")

    for each in (reference, f"{here}:{item}:{key}", f"{only(bob, here)}:{key}"):
        assert str(MISSING) in refused(bob, each)
    answered = ask(bob, here, Change(only(bob, here), data(dropping(reference))))

    assert answered.failed == []
    assert items.fetch_attachment(phone, reference).content == BYTES


def test_references_that_name_nothing_are_refused(host):
    """A file that isn't there, an appointment that isn't, and a folder of other things."""
    phone, there = ready(host)
    reference = named(ask(phone, there, Add("c1", data(adding(), whole=True))))["a1"]
    _, item, key = reference.split(":")
    tasks = folder(phone, 7)

    for each in (f"{there}:{item}:1", f"{there}:abc:{key}", f"{tasks}:{item}:{key}", "nonsense"):
        assert str(MISSING) in refused(phone, each)


def test_what_grows_too_large_is_refused(host):
    """A file that fits is taken; one that doesn't is not, and what was there stays."""
    host.limits = Limits(item_bytes=30_000)
    phone, there = ready(host)
    assert ask(phone, there, Add("c1", data(adding(b"x" * 15_000), whole=True))).failed == []
    other, here = ready(host, id_="PHONE2")
    before = shown(other, here)

    change = data(adding(b"y" * 9_000, "more.pdf", "a2"), Calendar__Subject="Dinner")
    answered = ask(phone, there, Change(only(phone, there), change))
    new = ask(phone, there, Add("c2", data(adding(b"x" * 25_000), whole=True)))

    assert [each.status for each in answered.failed] == [6]
    assert [each.status for each in new.failed] == [6]
    assert named(answered) == {}
    assert shown(other, here) == before
    assert b"SUMMARY:Lunch" in stored(host)


def test_an_occurrence_gets_a_file_of_its_own(host):
    """Named in the answer; the series has none, and the occurrence has it."""
    phone, there = ready(host)
    weekly = [
        Element("Calendar:Type", "1"),
        Element("Calendar:Interval", "1"),
        Element("Calendar:DayOfWeek", "4"),
    ]
    series = data(whole=True)
    series = Element(DATA, [*series.elements, Element("Calendar:Recurrence", weekly)])
    item = ask(phone, there, Add("c1", series)).responses[0].text_of("AirSync:ServerId")

    change = Change(item, data(adding()), instance="20261110T110000Z")
    reference = named(ask(phone, there, change))["a1"]

    other, here = ready(host, id_="PHONE2")
    assert shown(other, here) == {}
    found = other.device.collection(here).items[item]
    (exception,) = found.find("Calendar:Exceptions").elements
    path = (ATTACHMENTS, "AirSyncBase:Attachment", "AirSyncBase:FileReference")
    assert exception.text_of(*path) == reference
    assert items.fetch_attachment(other, reference).content == BYTES
