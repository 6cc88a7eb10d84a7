"""Calendars, contacts, tasks and notes between phones and other programs, nothing lost of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from clients.dav import Dav
from clients.directory import PASSWORD
from clients.eas import phones
from clients.items import Shelf, Zone, appointment, replaced, text_body, zone_of
from clients.mail import token
from clients.sharing import BOUND, Rights
from clients.waiting import wait_for
from clients.web import Web
from icalendar import Timezone

from fermoposta.activesync.client import folders
from fermoposta.activesync.client.elements import value
from fermoposta.activesync.client.operations import Add, Change, Delete, application_data
from fermoposta.activesync.wbxml import Element
from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clients.directory import Directory
    from clients.eas import Phone, Phones
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Appliance

SUBJECT = "Calendar:Subject"
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{title}\r\nFN:{title}\r\nN:{title};Jo;;;\r\nEND:VCARD\r\n"
BERLIN = Zone(-60, "W. Europe Standard Time", (10, 0, 5, 3, 0), (3, 0, 5, 2, 0), -60)


@pytest.fixture(scope="module")
def web(appliance: Appliance) -> Web:
    return Web(appliance)


@pytest.fixture(scope="module")
def pair(directory: Directory, web: Web) -> Iterator[tuple[Account, Account]]:
    """Two colleagues who have nothing yet."""
    mark = token()
    addresses = [f"{name}.{mark}@example.org" for name in ("paola", "quinto")]
    user = {"name": "Collega", "language": "en", "password": PASSWORD}
    with directory.changed(users=dict.fromkeys(addresses, user)):
        mine, theirs = (Account(each, PASSWORD, "user") for each in addresses)
        for account in (mine, theirs):
            Dav(web, account).visit()
        yield mine, theirs


@pytest.fixture
def eas_device(appliance: Appliance, shell: Shell) -> Iterator[Phones]:
    with phones(appliance, shell) as maker:
        yield maker


@pytest.fixture
def owner(pair: tuple[Account, Account]) -> Account:
    return pair[0]


@pytest.fixture
def dav(web: Web, owner: Account) -> Dav:
    return Dav(web, owner)


def calendar_of(phone: Phone) -> Shelf:
    return Shelf(phone, phone.folder(folders.CALENDAR).id, SUBJECT)


def calendars(eas_device: Phones, account: Account) -> tuple[Shelf, Shelf]:
    """Return the calendar of somebody on two phones, at 14.1 and at 16.1."""
    old, new = eas_device(account), eas_device(account, "16.1")
    return calendar_of(old), calendar_of(new)


def sound(*shelves: Shelf) -> None:
    for each in shelves:
        each.phone.assert_sound()


def ical(title: str, zone: str, *lines: str) -> str:
    """Return a file whose first event has the UID and the title *title*; *lines* follow."""
    about = "" if not zone else Timezone.from_tzid(zone).to_ical().decode().replace("\r\n", "\n")
    return "\r\n".join(
        (
            *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//client.test//EN"),
            *about.splitlines(),
            *("BEGIN:VEVENT", f"UID:{title}", "DTSTAMP:20260101T000000Z", f"SUMMARY:{title}"),
            *lines,
            *("END:VEVENT", "END:VCALENDAR", ""),
        )
    )


# --- Both ways


@dataclass(frozen=True)
class Sort:
    """A kind of item: where phones have it, how they write it, and what else reads it."""

    name: str
    folder: int
    title: str
    """The tag of the title."""
    text: str
    """The tag of another property, and its value."""
    make: Callable[[str, str], Element]
    """By version and title."""


def _contact(_version: str, title: str) -> Element:
    return application_data(
        [
            Element("Contacts:FileAs", title),
            Element("Contacts:FirstName", "Grace"),
            Element("Contacts:LastName", title),
            Element("Contacts:Email1Address", f"{title}@navy.example"),
            Element("Contacts:MobilePhoneNumber", "+1 555 0100"),
            text_body("Met in Arlington"),
        ]
    )


def _task(_version: str, title: str) -> Element:
    return application_data(
        [
            Element("Tasks:Subject", title),
            text_body("Before noon"),
            Element("Tasks:Importance", "2"),
            Element("Tasks:UtcDueDate", "2030-11-08T11:00:00.000Z"),
            Element("Tasks:DueDate", "2030-11-08T12:00:00.000Z"),
            Element("Tasks:Complete", "0"),
            Element("Tasks:Sensitivity", "0"),
            Element("Tasks:ReminderSet", "0"),
        ]
    )


def _note(_version: str, title: str) -> Element:
    return application_data(
        [
            Element("Notes:Subject", title),
            text_body(f"{title}\nAnother line"),
            Element("Notes:MessageClass", "IPM.StickyNote"),
        ]
    )


def _appointment(version: str, title: str) -> Element:
    return appointment(
        version, title, "20301104T080000Z", "20301104T090000Z", place="Room 3", reminder=15
    )


SORTS = [
    Sort("VEVENT", folders.CALENDAR, SUBJECT, "Calendar:Reminder", _appointment),
    Sort("VCARD", folders.CONTACTS, "Contacts:FileAs", "Contacts:MobilePhoneNumber", _contact),
    Sort("VTODO", folders.TASKS, "Tasks:Subject", "Tasks:Importance", _task),
    Sort("NOTE", folders.NOTES, "Notes:Subject", "Notes:MessageClass", _note),
]


class Elsewhere:
    """What other programs than phones see: CalDAV and CardDAV, and IMAP for notes."""

    def __init__(self, dav: Dav, mail: Mail, sort: Sort) -> None:
        self.dav, self.mail, self.sort = dav, mail, sort

    def texts(self, title: str) -> list[str]:
        """Return the items in which *title* stands."""
        if self.sort.name != "NOTE":
            return list(self.dav.named(title, self.sort.name).values())
        with self.mail.imap(self.dav.account) as client:
            if not client.folder_exists("Notes"):
                return []
            client.select_folder("Notes", readonly=True)
            found = client.fetch(client.search(["SUBJECT", title]), ["BODY.PEEK[]"])
        return [each[b"BODY[]"].decode() for each in found.values()]

    def rename(self, title: str, new: str) -> None:
        """Give the one item of a title another one."""
        if self.sort.name != "NOTE":
            [(name, text)] = self.dav.named(title, self.sort.name).items()
            module = "Contacts" if self.sort.name == "VCARD" else "Calendar"
            renamed = "\n".join(
                line if line.startswith("UID") else line.replace(title, new)
                for line in text.splitlines()
            )
            self.dav.put(renamed.replace("\n", "\r\n") + "\r\n", name=name, module=module)
            return
        with self.mail.imap(self.dav.account) as client:
            client.select_folder("Notes")
            [number] = client.search(["SUBJECT", title])
            text = client.fetch(number, ["BODY.PEEK[]"])[number][b"BODY[]"]
            client.append("Notes", text.replace(title.encode(), new.encode()))
            client.delete_messages(number)
            client.expunge()


@pytest.mark.feature("F038")
@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.name)
@pytest.mark.parametrize("versions", [("14.1", "16.1"), ("16.1", "12.1")], ids="-".join)
def test_items_go_both_ways(
    eas_device: Phones,
    dav: Dav,
    mail: Mail,
    owner: Account,
    sort: Sort,
    versions: tuple[str, str],
) -> None:
    """
    What one phone makes, another one has, and other programs; who changes or deletes it does so.

    There is one of it all the time, wherever one looks. Notes exist from 14.0 on.
    """
    if sort.name == "NOTE":
        versions = (versions[0], versions[1].replace("12.1", "14.0"))
    one, two = (
        Shelf(phone, phone.folder(sort.folder).id, sort.title)
        for phone in (eas_device(owner, version) for version in versions)
    )
    elsewhere = Elsewhere(dav, mail, sort)
    first, second, third = token(), token(), token()

    made = sort.make(versions[0], first)
    item = one.add(made)
    theirs, seen = two.wait_for(first)
    assert seen.text_of(sort.text) == made.text_of(sort.text)
    assert len(elsewhere.texts(first)) == 1

    renamed = replaced(sort.make(versions[1], first), value(sort.title, second))
    if sort.name == "VCARD":
        renamed = replaced(renamed, value("Contacts:LastName", second))
    if sort.name == "VEVENT" and versions[1].startswith("16"):
        renamed = application_data([Element(SUBJECT, second)])
    two.change(theirs, renamed)
    one.wait_for(second)
    assert one.titled(first) == {}
    [text] = elsewhere.texts(second)
    assert {"VEVENT": "Room 3", "VCARD": "+1 555 0100", "VTODO": "VTODO", "NOTE": "line"}[
        sort.name
    ] in text

    elsewhere.rename(second, third)
    for shelf in (one, two):
        shelf.wait_for(third)
        assert shelf.titled(second) == {}
    one.delete(next(iter(one.titled(third))))
    two.wait_until_gone(third)
    assert elsewhere.texts(third) == []
    assert item not in one.phone.device.collection(one.folder).items
    sound(one, two)


@pytest.mark.feature("F038")
def test_what_other_programs_make_comes_to_phones(
    eas_device: Phones, dav: Dav, owner: Account
) -> None:
    """A contact and a task of theirs come, and go when they are deleted there."""
    title, phone = token(), eas_device(owner)
    todo = ical(title, "", "DUE:20301105T100000Z").replace("VEVENT", "VTODO")
    names = {
        "Contacts": dav.put(CARD.format(title=title), module="Contacts"),
        "Calendar": dav.put(todo),
    }

    contacts = Shelf(phone, phone.folder(folders.CONTACTS).id, "Contacts:FileAs")
    tasks = Shelf(phone, phone.folder(folders.TASKS).id, "Tasks:Subject")
    _, contact = contacts.wait_for(title)
    _, task = tasks.wait_for(title)
    assert contact.text_of("Contacts:FirstName") == "Jo"
    assert task.text_of("Tasks:UtcDueDate") == "2030-11-05T10:00:00.000Z"
    for module, name in names.items():
        dav.delete(name, module=module)
    contacts.wait_until_gone(title)
    tasks.wait_until_gone(title)
    phone.assert_sound()


# --- Calendar truth


def series(title: str, zone: str) -> str:
    """Return a series on Mondays at nine from 2 November 2026, one left out, one moved."""
    moved = (
        *("END:VEVENT", "BEGIN:VEVENT", f"UID:{title}", "DTSTAMP:20260101T000000Z"),
        f"RECURRENCE-ID;TZID={zone}:20261109T090000",
        f"DTSTART;TZID={zone}:20261110T110000",
        f"DTEND;TZID={zone}:20261110T120000",
        f"SUMMARY:{title}",
    )
    return ical(
        title,
        zone,
        f"DTSTART;TZID={zone}:20261102T090000",
        f"DTEND;TZID={zone}:20261102T100000",
        "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=6",
        f"EXDATE;TZID={zone}:20261116T090000",
        *moved,
    )


def inside(data: Element, tag: str) -> tuple[Element, ...]:
    """Return what is in the child *tag*, nothing where it isn't there."""
    found = data.find(tag)
    return () if found is None else tuple(found.elements)


def exceptions(data: Element, key: str) -> list[tuple[str | None, ...]]:
    """Return what an appointment's exceptions say, by what names them."""
    return [
        tuple(each.text_of(tag) for tag in (key, "Calendar:Deleted", "Calendar:StartTime"))
        for each in inside(data, "Calendar:Exceptions")
    ]


NONE = (0,) * 5


@pytest.mark.feature("F038")
@pytest.mark.parametrize("version", ["14.1", "16.1"])
@pytest.mark.parametrize(
    ("name", "zone", "nine", "eleven"),
    [
        ("Europe/Berlin", BERLIN, "080000Z", "20261110T100000Z"),
        (
            "America/New_York",
            Zone(300, "Eastern Standard Time", (11, 0, 1, 2, 0), (3, 0, 2, 2, 0), -60),
            "140000Z",
            "20261110T160000Z",
        ),
        (
            "Asia/Kolkata",
            Zone(-330, "India Standard Time", NONE, NONE, 0),
            "033000Z",
            "20261110T053000Z",
        ),
        (
            "Australia/Lord_Howe",
            Zone(-630, "Lord Howe Standard Time", (4, 0, 1, 2, 0), (10, 0, 1, 2, 0), -30),
            "220000Z",
            "20261110T000000Z",
        ),
    ],
    ids=["Berlin", "New_York", "Kolkata", "Lord_Howe"],
)
def test_a_series_is_told_as_it_is(
    eas_device: Phones,
    dav: Dav,
    owner: Account,
    name: str,
    zone: Zone,
    nine: str,
    eleven: str,
    version: str,
) -> None:
    """Its zone with both changes of the year, what is left out, and what has moved."""
    title, calendar = token(), calendar_of(eas_device(owner, version))
    stored = dav.put(series(title, name))

    _, data = calendar.wait_for(title)

    dav.delete(stored)
    calendar.wait_until_gone(title)
    key = "AirSyncBase:InstanceId" if version == "16.1" else "Calendar:ExceptionStartTime"
    days = ("20261108", "20261115") if nine == "220000Z" else ("20261109", "20261116")
    told = zone_of(data)
    assert (told.bias, told.standard, told.daylight) == (zone.bias, zone.standard, zone.daylight)
    assert told.standard_name == zone.standard_name
    if zone.daylight != NONE:
        assert told.daylight_bias == zone.daylight_bias
    assert sorted(exceptions(data, key), key=str) == [
        (f"{days[0]}T{nine}", None, eleven),
        (f"{days[1]}T{nine}", "1", None),
    ]
    rule = "Calendar:Recurrence"
    assert data.text_of(rule, "Calendar:Type") == "1"
    assert data.text_of(rule, "Calendar:DayOfWeek") == "2"
    assert data.text_of(rule, "Calendar:Occurrences") == "6"
    sound(calendar)


def test_a_series_that_a_phone_sends_back_is_the_same(
    eas_device: Phones, dav: Dav, owner: Account
) -> None:
    """Up to 14.1 a phone sends all of it with each change: nothing but the title is another."""
    title, new = token(), token()
    calendar = calendar_of(eas_device(owner))
    stored = dav.put(series(title, "Europe/Berlin"))
    item, data = calendar.wait_for(title)

    calendar.change(item, replaced(data, value(SUBJECT, new)))

    after = dav.objects()[stored]
    assert f"SUMMARY:{new}" in after
    for line in (
        "DTSTART;TZID=Europe/Berlin:20261102T090000",
        "RRULE:FREQ=WEEKLY;COUNT=6;BYDAY=MO",
        "EXDATE;TZID=Europe/Berlin:20261116T090000",
        "RECURRENCE-ID;TZID=Europe/Berlin:20261109T090000",
        "DTSTART;TZID=Europe/Berlin:20261110T110000",
        f"UID:{title}",
    ):
        assert line in after.splitlines(), after
    dav.delete(stored)


@pytest.mark.feature("F038")
def test_one_occurrence_changes_at_16(eas_device: Phones, dav: Dav, owner: Account) -> None:
    """A phone moves one and deletes another; the rest stays, and other devices are told."""
    title, new = token(), token()
    old, phone = calendars(eas_device, owner)
    stored = dav.put(series(title, "Europe/Berlin"))
    item, _ = phone.wait_for(title)
    old.wait_for(title)

    changed = application_data(
        [
            Element("Calendar:StartTime", "20261123T130000Z"),
            Element(SUBJECT, new),
            Element("Calendar:EndTime", "20261123T140000Z"),
        ]
    )
    phone.change(item, changed, instance="20261123T080000Z")
    phone.delete(item, instance="20261130T080000Z")

    after = dav.objects()[stored]
    assert after.count("BEGIN:VEVENT") == 3
    moved = next(each for each in after.split("BEGIN:VEVENT") if new in each)
    assert "RECURRENCE-ID;TZID=Europe/Berlin:20261123T090000" in moved
    assert "DTSTART;TZID=Europe/Berlin:20261123T140000" in moved or "T130000Z" in moved
    assert "20261130T090000" in after[after.index("EXDATE") :].splitlines()[0] or (
        "EXDATE;TZID=Europe/Berlin:20261130T090000" in after
    )

    def told() -> list[tuple[str | None, ...]]:
        old.sync()
        [data] = old.titled(title).values()
        found = exceptions(data, "Calendar:ExceptionStartTime")
        return found if len(found) == 4 else []

    assert sorted(wait_for("the exceptions", told, seconds=60), key=str) == [
        ("20261109T080000Z", None, "20261110T100000Z"),
        ("20261116T080000Z", "1", None),
        ("20261123T080000Z", None, "20261123T130000Z"),
        ("20261130T080000Z", "1", None),
    ]
    dav.delete(stored)
    sound(old, phone)


@pytest.mark.feature("F038")
def test_a_whole_day_is_a_day(eas_device: Phones, dav: Dav, owner: Account) -> None:
    """Up to 14.1 from midnight to midnight of the site's zone, from 16.0 on as the day itself."""
    title = token()
    old, new = calendars(eas_device, owner)
    stored = dav.put(ical(title, "", "DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261226"))

    _, at_14 = old.wait_for(title)
    _, at_16 = new.wait_for(title)

    times = ("Calendar:AllDayEvent", "Calendar:StartTime", "Calendar:EndTime")
    assert [at_14.text_of(tag) for tag in times] == ["1", "20261223T230000Z", "20261225T230000Z"]
    assert zone_of(at_14).bias == -60
    assert [at_16.text_of(tag) for tag in times] == ["1", "20261224T000000Z", "20261226T000000Z"]
    assert at_16.find("Calendar:Timezone") is None
    dav.delete(stored)

    again = token()
    for shelf in (old, new):
        mark = f"{again}{shelf.phone.client.version}"
        source = at_14 if shelf is old else at_16
        uid = value("Calendar:UID" if shelf is old else "Calendar:ClientUid", mark)
        mine = [each for each in source.elements if each.tag != "Calendar:UID"]
        item = shelf.add(replaced(application_data(mine), value(SUBJECT, mark), uid))
        [text] = dav.named(mark).values()
        assert "DTSTART;VALUE=DATE:20261224\n" in text
        assert "DTEND;VALUE=DATE:20261226\n" in text
        shelf.delete(item)
    sound(old, new)


@pytest.mark.feature("F038")
def test_guests_and_reminders_survive_a_phone(eas_device: Phones, dav: Dav, owner: Account) -> None:
    """It is shown who comes, and when it rings; a change of the bell changes nothing else."""
    title, stranger = token(), f"{token()}@agency.test"
    old, new = calendars(eas_device, owner)
    stored = dav.put(
        ical(
            title,
            "",
            "DTSTART:20301107T090000Z",
            "DTEND:20301107T100000Z",
            f"ORGANIZER;CN=Olga:mailto:{stranger}",
            f"ATTENDEE;CN=Me;PARTSTAT=ACCEPTED:mailto:{owner.address}",
            f"ATTENDEE;CN=Zeno;ROLE=OPT-PARTICIPANT;PARTSTAT=DECLINED:mailto:z.{stranger}",
            "X-CLIENT-TEST:kept",
            *("BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", "TRIGGER:-PT15M", "END:VALARM"),
        )
    )

    _, at_14 = old.wait_for(title)
    item, at_16 = new.wait_for(title)
    for data in (at_14, at_16):
        guests = {
            each.text_of("Calendar:Email"): [
                each.text_of(f"Calendar:Attendee{name}") for name in ("Type", "Status")
            ]
            for each in inside(data, "Calendar:Attendees")
        }
        assert guests == {owner.address: ["1", "3"], f"z.{stranger}": ["2", "4"]}
        assert data.text_of("Calendar:OrganizerEmail") == stranger
        assert data.text_of("Calendar:Reminder") == "15"
        assert data.text_of("Calendar:MeetingStatus") == "3"
    new.change(item, application_data([Element("Calendar:Reminder", "45")]))

    after = dav.objects()[stored]
    assert "TRIGGER:-PT45M" in after
    assert "X-CLIENT-TEST:kept" in after
    other = next(line for line in after.splitlines() if f"mailto:z.{stranger}" in line)
    assert {"PARTSTAT=DECLINED", "ROLE=OPT-PARTICIPANT"} <= set(other.partition(":")[0].split(";"))
    old.sync()
    [data] = old.titled(title).values()
    assert data.text_of("Calendar:Reminder") == "45"
    dav.delete(stored)
    sound(old, new)


# --- What others share


@pytest.fixture(scope="module")
def rights(shell: Shell) -> Rights:
    return Rights(shell)


def shared(phone: Phone, owner: Account, kind: int) -> str:
    """Return the id of a folder of *owner*'s that the phone has, "" where it has none."""
    folders.folder_sync(phone.client)
    known = phone.device.folders
    for each in known.values():
        above = []
        at = each
        while at.parent in known:
            at = known[at.parent]
            above.append(at.name)
        if each.type == kind and above and above[-1] == "Shared" and owner.address in str(above):
            return each.id
    return ""


@pytest.mark.feature("F034")
@pytest.mark.parametrize("version", ["14.1", "16.1"])
def test_a_shared_calendar_is_below_shared_with_the_rights_that_were_given(
    eas_device: Phones,
    web: Web,
    rights: Rights,
    pair: tuple[Account, Account],
    version: str,
) -> None:
    """
    Without rights it isn't there; who may read it changes nothing; a secretary does.

    What is private stays with its owner. With the right the folder goes.
    """
    mine, theirs = pair
    dav, phone = Dav(web, mine), eas_device(theirs, version)
    title, hidden = token(), token()
    times = ("DTSTART:20301113T090000Z", "DTEND:20301113T100000Z")
    names = [
        dav.put(ical(title, "", *times)),
        dav.put(ical(hidden, "", *times, "CLASS:PRIVATE")),
    ]
    assert not shared(phone, mine, folders.USER_CALENDAR)

    rights.set(mine.address, "calendar", theirs.address, profile="read_only")
    found = wait_for(
        "the shared calendar",
        lambda: shared(phone, mine, folders.USER_CALENDAR),
        seconds=BOUND,
    )
    calendar = Shelf(phone, found, SUBJECT)
    item, data = calendar.wait_for(title)
    assert not calendar.titled(hidden)
    changed = replaced(data, value(SUBJECT, "stolen"))
    if version == "16.1":
        changed = application_data([Element(SUBJECT, "stolen")])
    start, end = "20301114T090000Z", "20301114T100000Z"
    calendar.sync(Change(item, changed))
    calendar.sync(Add(phone.device.client_id(), appointment(version, "stolen", start, end)))
    calendar.sync(Delete(item))
    calendar.sync()
    assert dav.named("stolen") == {}
    assert dav.named(title).keys() == {names[0]}
    # Whatever the phone believes to have done is put right.
    fresh = Shelf(eas_device(theirs, version), found, SUBJECT)
    assert fresh.wait_for(title)
    assert fresh.titled("stolen") == {}

    rights.set(mine.address, "calendar", theirs.address, profile="secretary")
    secretary = Shelf(eas_device(theirs, version), found, SUBJECT)
    new = token()

    def added() -> bool:
        secretary.sync()
        name = phone.device.client_id()
        [first, *_] = secretary.sync(Add(name, appointment(version, new, start, end)))
        return bool(first.made)

    wait_for("the secretary's right", added, seconds=BOUND)
    assert len(dav.named(new)) == 1
    assert secretary.titled(hidden) == {}
    secretary.delete(next(iter(secretary.titled(new))))
    wait_for("the deletion", lambda: not dav.named(new), seconds=BOUND)

    rights.remove(mine.address, "calendar", theirs.address)
    wait_for(
        "the folder to go",
        lambda: not shared(phone, mine, folders.USER_CALENDAR),
        seconds=BOUND,
    )
    for name in names:
        dav.delete(name)


@pytest.mark.feature("F034")
def test_a_shared_address_book_and_mail_are_below_shared_too(
    eas_device: Phones, web: Web, rights: Rights, mail: Mail, pair: tuple[Account, Account]
) -> None:
    """Read only: what is in them comes, and a phone's change of it is not taken."""
    mine, theirs = pair
    dav, phone, title = Dav(web, mine), eas_device(theirs), token()
    stored = dav.put(CARD.format(title=title), module="Contacts")
    mail.send(theirs, mine.address, title)
    mail.wait_for(mine, title)
    rights.set(mine.address, "contacts", theirs.address, profile="read_only")
    rights.set(mine.address, "INBOX", theirs.address, profile="read_only")
    kinds = {folders.USER_CONTACTS: "Contacts:FileAs", folders.USER_MAIL: "Email:Subject"}
    try:
        for kind, tag in kinds.items():
            found = wait_for(
                "the folder", lambda kind=kind: shared(phone, mine, kind), seconds=BOUND
            )
            shelf = Shelf(phone, found, tag)
            item, _ = shelf.wait_for(title)
            shelf.sync(Delete(item))
        assert dav.objects("VCARD").keys() >= {stored}
        assert mail.find(mine, title)
    finally:
        rights.remove(mine.address, "contacts", theirs.address)
        rights.remove(mine.address, "INBOX", theirs.address)
        dav.delete(stored, module="Contacts")
