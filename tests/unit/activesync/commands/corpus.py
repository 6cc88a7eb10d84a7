"""What real devices ask: every command of a version, with all that is known to be put into it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from email.message import EmailMessage

from tests.unit.activesync.commands.fuzz import PASSWORD, Raw, Recorder, Site, Step
from tests.unit.activesync.commands.phone import ADA, BOB, mail_of

from fermoposta.activesync.client import (
    Client,
    Connection,
    Device,
    estimate,
    folders,
    items,
    meeting,
    ping,
    provision,
    resolve,
    search,
    send,
    settings,
    sync,
    validatecert,
)
from fermoposta.activesync.client.errors import ClientError
from fermoposta.activesync.client.operations import Add, Change, Delete, Fetch
from fermoposta.activesync.client.options import Body, Options
from fermoposta.activesync.client.send import Source
from fermoposta.activesync.client.sync import Wanted
from fermoposta.activesync.request import parse
from fermoposta.activesync.wbxml import Element
from fermoposta.mailstore.groupware import Object

VERSIONS = ("12.1", "14.1", "16.1")
DATA = "AirSync:ApplicationData"
INBOX, DRAFTS, TRASH, TASKS, CALENDAR, CONTACTS, NOTES = 2, 3, 4, 7, 8, 9, 10
INVITATION = """BEGIN:VCALENDAR
VERSION:2.0
METHOD:REQUEST
BEGIN:VEVENT
UID:invited-1
DTSTAMP:20261101T080000Z
DTSTART;TZID=Europe/Rome:20261105T100000
DTEND;TZID=Europe/Rome:20261105T110000
RRULE:FREQ=WEEKLY;COUNT=5
SUMMARY:Plan
LOCATION:Room 1
ORGANIZER;CN=Bob:mailto:bob@example.org
ATTENDEE;CN=Ada;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ada@example.org
END:VEVENT
END:VCALENDAR
"""
ODD_MAIL = (
    b"",
    b"\r\n\r\n",
    b"no header at all",
    b"Subject: \xff\xfe\x00odd\r\nFrom: =?x-odd?B?////?= <a@b\r\nDate: never\r\n\r\nbody",
    b"Content-Type: text/plain; charset=x-none\r\n\r\n\xff\xfe\x80 8 bit",
    b'Content-Type: text/plain; charset="ut\xff"\r\n\r\n\xe9',
    b"Content-Type: text/plain; charset=utf-7\r\n\r\n+AD0- \xe9",
    b"Content-Type: text/html; charset=punycode\r\n\r\n<p>\xe9<a href='x'" + b"<div>" * 500,
    b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n\r\nx',
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nx",
    b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
    + b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 60,
    b"Content-Type: message/rfc822\r\n\r\n" * 10 + b"x",
    b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n",
    (
        b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"
        b"UID:\x00\r\nDTSTART:00000000T000000Z\r\nRRULE:FREQ=YEARLY;COUNT=99999999999\r\n"
        b"END:VEVENT\r\nEND:VCALENDAR\r\n"
    ),
    b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n=====\xff",
    b"Content-Type: " + b"a/" * 3000 + b"\r\nReferences: " + b"<a@b> " * 3000 + b"\r\n\r\nx",
    b"To: " + b"a@b, " * 2000 + b'\r\nFrom: "' + b'\\"' * 3000 + b"\r\n\r\nx",
    b"Content-Disposition: attachment; filename*=x'y'%ff%00\r\nContent-Type: a/b; n*0*=a\r\n\r\n",
)


VEVENT = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
VTODO = VEVENT.replace("VEVENT", "VTODO")
VCARD = "BEGIN:VCARD\r\nVERSION:3.0\r\n{}\r\nEND:VCARD\r\n"
ODD_EVENTS = (
    "UID:o1",
    "UID:o2\r\nDTSTART:20261103T090000Z\r\nDTEND:20261102T090000Z",
    "UID:o3\r\nDTSTART:00010101T000000\r\nRRULE:FREQ=YEARLY",
    "UID:o4\r\nDTSTART:99991231T235959Z\r\nDURATION:P9999999W",
    "UID:o5\r\nDTSTART;TZID=Nowhere/At All:20261103T090000\r\nDTEND:20261103T100000",
    "UID:o6\r\nDTSTART:20261103T090000Z\r\nRRULE:FREQ=WEEKLY;BYDAY=9XX;COUNT=0;INTERVAL=0",
    "UID:o7\r\nDTSTART;VALUE=DATE:20261103\r\nRRULE:FREQ=SECONDLY;UNTIL=99990101T000000Z",
    "UID:o8\r\nDTSTART:20261103T090000Z\r\nRECURRENCE-ID:nonsense\r\nEXDATE:x,y",
    'UID:o9\r\nDTSTART:20261103T090000Z\r\nATTENDEE;CN="a;b:mailto:x\r\nORGANIZER:nonsense',
    "UID:oa\r\nDTSTART:20261103T090000Z\r\nBEGIN:VALARM\r\nTRIGGER:-P99999999D\r\nEND:VALARM",
    "UID:ob\r\nDTSTART:20261103T090000Z\r\nSEQUENCE:x\r\nPRIORITY:-1\r\nCATEGORIES:" + "," * 500,
    "UID:oc\r\nDTSTART:20261103T090000Z\r\nDTSTART:20261104T090000Z\r\nSUMMARY:a\r\nSUMMARY:b",
    "UID:od\r\nDTSTART:20261103T090000Z\r\nRDATE;VALUE=PERIOD:20261103T090000Z/PT1H",
    "UID:oe\r\nDTSTART:20261103T090000Z\r\nATTACH;ENCODING=BASE64;VALUE=BINARY:####\r\nSTATUS:",
)
ODD_TODOS = (
    "UID:t1\r\nDUE:20261103\r\nDTSTART:20261103T090000Z\r\nPRIORITY:99",
    "UID:t2\r\nCOMPLETED:nonsense\r\nPERCENT-COMPLETE:x\r\nSTATUS:COMPLETED",
    "UID:t3\r\nDUE:00000000T000000Z\r\nRRULE:FREQ=NEVER",
    "UID:t4\r\nDUE;TZID=:20261103T090000\r\nRRULE:FREQ=MONTHLY;BYDAY=1MO,-1FR;BYSETPOS=3",
)
ODD_CARDS = (
    "UID:c1",
    "UID:c2\r\nFN:\r\nN:;;;;;;;;;\r\nBDAY:0000-00-00",
    "UID:c3\r\nFN:x\r\nBDAY:99999-12-31\r\nPHOTO;ENCODING=b;TYPE=JPEG:####",
    "UID:c4\r\nFN;CHARSET=x-none;ENCODING=QUOTED-PRINTABLE:=FF=\r\nEMAIL:" + "a" * 5_000,
    "UID:c5\r\nFN:y\r\nPHOTO;VALUE=URI:http://example.com/" + "x" * 3_000 + "\r\nADR:a",
    "UID:c6\r\nitem1.TEL;TYPE=:\r\nTEL;TYPE=CELL,CELL,CELL:1\r\nX-:\r\n:::\r\nNOTE:a\\",
    "UID:c7\r\nFN:z\r\n" + "EMAIL:a@b\r\n" * 300 + "TEL:1",
)


def data(*children):
    return Element(DATA, children)


def leaf(tag, text):
    return Element(tag, text)


def body(version, text="some words"):
    del version
    return Element(
        "AirSyncBase:Body", [leaf("AirSyncBase:Type", "1"), leaf("AirSyncBase:Data", text)]
    )


def moment(version, day, hour):
    del version
    return f"202611{day:02}T{hour:02}0000Z"


def appointment(version):
    late = version >= "16.0"
    zone = "xP///wAA" + "A" * 220 + "=="
    place = (
        Element("AirSyncBase:Location", [leaf("AirSyncBase:DisplayName", "Room")])
        if late
        else leaf("Calendar:Location", "Room")
    )
    exception = Element(
        "Calendar:Exception",
        [
            leaf("Calendar:ExceptionStartTime", moment(version, 10, 9)),
            leaf("Calendar:StartTime", moment(version, 10, 11)),
            leaf("Calendar:EndTime", moment(version, 10, 12)),
            leaf("Calendar:Subject", "Later"),
        ],
    )
    gone = Element(
        "Calendar:Exception",
        [
            leaf("Calendar:Deleted", "1"),
            leaf("Calendar:ExceptionStartTime", moment(version, 17, 9)),
        ],
    )
    return data(
        *([] if late else [leaf("Calendar:Timezone", zone)]),
        leaf("Calendar:AllDayEvent", "0"),
        leaf("Calendar:BusyStatus", "2"),
        leaf("Calendar:DtStamp", moment(version, 1, 8)),
        leaf("Calendar:StartTime", moment(version, 3, 9)),
        leaf("Calendar:EndTime", moment(version, 3, 10)),
        leaf("Calendar:Subject", "Lunch"),
        *([] if late else [leaf("Calendar:UID", "4711")]),
        place,
        leaf("Calendar:Reminder", "15"),
        leaf("Calendar:Sensitivity", "2"),
        Element("Calendar:Categories", [leaf("Calendar:Category", "Red")]),
        Element(
            "Calendar:Recurrence",
            [
                leaf("Calendar:Type", "1"),
                leaf("Calendar:Interval", "1"),
                leaf("Calendar:DayOfWeek", "4"),
                leaf("Calendar:Until", moment(version, 30, 9)),
            ],
        ),
        Element(
            "Calendar:Attendees",
            [
                Element(
                    "Calendar:Attendee",
                    [
                        leaf("Calendar:Email", BOB),
                        leaf("Calendar:Name", "Bob"),
                        leaf("Calendar:AttendeeType", "1"),
                    ],
                )
            ],
        ),
        *([] if late else [Element("Calendar:Exceptions", [exception, gone])]),
        body(version),
    )


def task(version):
    return data(
        leaf("Tasks:Subject", "Do it"),
        leaf("Tasks:Complete", "0"),
        leaf("Tasks:Importance", "2"),
        leaf("Tasks:UtcStartDate", "2026-11-02T00:00:00.000Z"),
        leaf("Tasks:StartDate", "2026-11-02T00:00:00.000Z"),
        leaf("Tasks:UtcDueDate", "2026-11-09T00:00:00.000Z"),
        leaf("Tasks:DueDate", "2026-11-09T00:00:00.000Z"),
        leaf("Tasks:ReminderSet", "1"),
        leaf("Tasks:ReminderTime", "2026-11-08T00:00:00.000Z"),
        Element("Tasks:Categories", [leaf("Tasks:Category", "Red")]),
        Element(
            "Tasks:Recurrence",
            [
                leaf("Tasks:Type", "3"),
                leaf("Tasks:Start", "2026-11-02T00:00:00.000Z"),
                leaf("Tasks:WeekOfMonth", "2"),
                leaf("Tasks:DayOfWeek", "4"),
                leaf("Tasks:Occurrences", "9"),
            ],
        ),
        body(version),
    )


def contact(version):
    return data(
        leaf("Contacts:FirstName", "Carl"),
        leaf("Contacts:LastName", "Gauss"),
        leaf("Contacts:FileAs", "Gauss, Carl"),
        leaf("Contacts:Email1Address", '"Carl" <carl@example.com>'),
        leaf("Contacts:MobilePhoneNumber", "+39 12"),
        leaf("Contacts:BusinessAddressCity", "Rome"),
        leaf("Contacts:Birthday", "1977-04-30T00:00:00.000Z"),
        leaf("Contacts:Picture", "/9j/4AAQ"),
        leaf("Contacts:WebPage", "https://example.com"),
        Element("Contacts:Categories", [leaf("Contacts:Category", "Red")]),
        Element("Contacts:Children", [leaf("Contacts:Child", "Joe")]),
        leaf("Contacts2:NickName", "CG"),
        body(version),
    )


def note(version):
    return data(
        leaf("Notes:Subject", "Note"),
        leaf("Notes:MessageClass", "IPM.StickyNote"),
        leaf("Notes:LastModifiedDate", moment(version, 2, 8)),
        Element("Notes:Categories", [leaf("Notes:Category", "Red")]),
        body(version),
    )


def written(version):
    return data(
        leaf("Email:To", BOB),
        leaf("Email:Subject", "Draft"),
        body(version),
        Element(
            "AirSyncBase:Attachments",
            [
                Element(
                    "AirSyncBase:Add",
                    [
                        leaf("AirSyncBase:ClientId", "f1"),
                        leaf("AirSyncBase:Content", b"content"),
                        leaf("AirSyncBase:Method", "1"),
                        leaf("AirSyncBase:DisplayName", "a.txt"),
                    ],
                )
            ],
        ),
    )


ITEMS = ((CALENDAR, appointment), (TASKS, task), (CONTACTS, contact), (NOTES, note))


def furnish(site: Site) -> None:
    """Put mail, an invitation and what a colleague shares before Ada's devices."""
    filed = EmailMessage()
    filed["From"], filed["To"], filed["Subject"] = BOB, ADA, "file"
    filed["Date"] = "Mon, 2 Nov 2026 08:00:00 +0100"
    filed.set_content("see there")
    filed.add_alternative("<p>see <b>there</b></p>", subtype="html")
    filed.add_attachment(b"\0\xff" * 500, maintype="application", subtype="x", filename="a.bin")
    invited = EmailMessage()
    invited["From"], invited["To"], invited["Subject"] = BOB, ADA, "Plan"
    invited["Date"] = "Mon, 2 Nov 2026 08:30:00 +0100"
    invited.set_content(INVITATION, subtype="calendar", params={"method": "REQUEST"})
    site.mail.make(ADA, "Work")
    site.mail.make(BOB, "Team")
    site.mail.make(BOB, "Secret")
    site.mail.share(BOB, "Team", ADA, "lr")
    site.groupware.share(BOB, "Calendar/personal", ADA)
    for message, folder, address in (
        (mail_of("one", "the whole of it"), "INBOX", ADA),
        (filed.as_bytes(), "INBOX", ADA),
        (invited.as_bytes(), "INBOX", ADA),
        (mail_of("Re: one", References="<one@example.org>"), "INBOX", ADA),
        (mail_of("old"), "Trash", ADA),
        (mail_of("shared"), "Team", BOB),
        (mail_of("secret"), "Secret", BOB),
        *((each, "INBOX", ADA) for each in ODD_MAIL if each),
    ):
        site.run(site.mail.mailbox(address).append(folder, message))
    _shelve(site, "Calendar/personal", [VEVENT.format(each) for each in ODD_EVENTS])
    _shelve(site, "Calendar/personal", [VTODO.format(each) for each in ODD_TODOS])
    _shelve(site, "Contacts/personal", [VCARD.format(each) for each in ODD_CARDS])


def _shelve(site, path, contents):
    """Put objects there as they are, as other programs have done."""
    shelf = site.groupware.people[ADA][path]
    for content in contents:
        number = next(site.groupware.numbers)
        shelf.objects[f"odd{number}"] = Object(f"odd{number}", f'"{number}"', content.encode())
        shelf.moved[f"odd{number}"] = number


def corpus(site: Site, versions=VERSIONS) -> list[Step]:
    """Return every request that devices of *versions* send in a good day."""
    steps: list[Step] = []
    beginning = site.snapshot()
    for version in versions:
        site.restore(beginning)
        _drive(site, version, steps)
    return [replace(each, raw=replace(each.raw, command=command(each.raw))) for each in steps]


def command(raw: Raw) -> str:
    """Return which command a request of the corpus is, for reports."""
    return parse(raw.query.decode(), raw.headers, ["example.org"]).command


def _drive(site, version, steps):
    exchanges = []
    connection = Connection(
        "mail.example.org",
        ADA,
        PASSWORD,
        packed=version == "14.1",
        transport=Recorder(site, version, steps),
        record=exchanges.append,
    )
    phone = Client(connection, Device("PHONE1", "SP"), version)
    tests = (_devices, _folders, _mail, _objects, _sending, _people, _ends)
    for each in tests:
        each(phone)
    assert len(exchanges) <= len(steps)


def _try(act):
    """Do it; that an item is refused is an answer as well."""
    with suppress(ClientError, LookupError):
        act()


def _devices(phone):
    provision.provision(phone)
    settings.describe(phone)
    settings.user_information(phone)
    settings.oof(phone)
    replies = {
        settings.Audience.INTERNAL: settings.Reply(True, "away"),
        settings.Audience.UNKNOWN: settings.Reply(True, "<p>away</p>", "HTML"),
    }
    between = settings.Oof(
        settings.OofState.BETWEEN,
        "2026-11-26T08:00:00.000Z",
        "2026-11-28T08:00:00.000Z",
        replies,
    )
    _try(lambda: settings.set_oof(phone, between))
    _try(lambda: settings.device_password(phone, "1234"))


def _folders(phone):
    folders.folder_sync(phone)
    made = folders.create(phone, "Plans")
    folders.update(phone, made, name="Old plans")
    folders.delete(phone, made.id)
    _try(lambda: folders.create(phone, "Holidays", kind=13))
    folders.folder_sync(phone)


def _mail(phone):
    inbox = phone.device.folder_of_type(INBOX).id
    work = phone.device.folder_named("Work").id
    team = phone.device.folder_named("Team").id
    late = phone.version >= "14.1"
    options = Options(
        filter=0,
        bodies=(Body(type=1, truncation=500), Body(type=2)),
        body_part=Body(type=2, truncation=400) if late else None,
        mime_support=1,
        mime_truncation=4,
        conflict=1,
    )
    sync.sync_all(phone, Wanted(folder=inbox, options=(options,), window=20))
    mime = Options(bodies=(Body(type=4),), mime_support=2)
    sync.sync_all(phone, Wanted(folder=team, options=(mime,)))
    sync.sync_all(phone, Wanted(folder=work))
    found = _by_subject(phone, inbox)
    read = data(
        leaf("Email:Read", "1"),
        Element("Email:Flag", [leaf("Email:Status", "2"), leaf("Email:FlagType", "for later")]),
        Element("Email:Categories", [leaf("Email:Category", "Red")]),
    )
    operations = (Change(found["one"], read), Fetch(found["file"]), Delete(found["one"]))
    wanted = Wanted(folder=inbox, operations=operations[:2], get_changes=True, window=5)
    _try(lambda: sync.sync(phone, wanted))
    _try(lambda: sync.sync(phone, Wanted(folder=inbox), Wanted(folder=work), wait=1))
    if phone.version != "12.1":
        _try(lambda: sync.sync(phone, Wanted(folder=inbox), heartbeat=60, partial=True))
        _try(lambda: sync.again(phone, Wanted(folder=inbox)))
    _try(lambda: ping.ping(phone, [(inbox, "Email"), (team, "Email")], 60))
    _try(lambda: ping.ping(phone, None, None, waiting=60))
    _try(lambda: estimate.estimate(phone, inbox, Options(filter=3)))
    items.fetch_item(phone, inbox, found["file"], bodies=[Body(type=1)], mime_support=2)
    items.fetch_item(phone, inbox, found["Plan"], parts=True)
    items.fetch_item(phone, inbox, found["file"], bodies=[Body(type=2)], parts=True)
    reference = next(
        each.text
        for each in phone.device.collection(inbox).items[found["file"]].walk()
        if each.tag == "AirSyncBase:FileReference"
    )
    items.fetch_attachment(phone, reference, byte_range=(10, 200), parts=True)
    items.fetch_attachment(phone, reference)
    if phone.version == "12.1":
        _try(lambda: items.get_attachment(phone, reference))
        _try(lambda: phone.connection.fetch(phone.request("GetHierarchy")))
    else:
        conversation = phone.device.collection(inbox).items[found["one"]]
        name = conversation.find("Email2:ConversationId").data
        _try(lambda: items.move_conversation(phone, name, work))
    items.move_items(phone, [(found["Re: one"], inbox, work), ("1:1", inbox, work)])
    _try(lambda: sync.sync(phone, Wanted(folder=inbox, operations=operations[2:])))


def _by_subject(phone, folder):
    listed = phone.device.collection(folder).items.items()
    return {each.text_of("Email:Subject"): name for name, each in listed}


def _objects(phone):
    for kind, make in ITEMS:
        if kind == NOTES and phone.version == "12.1":
            continue
        there = phone.device.folder_of_type(kind).id
        sync.sync_all(phone, Wanted(folder=there, options=(Options(bodies=(Body(type=1),)),)))
        new = Add("c1", make(phone.version))
        _try(lambda there=there, new=new: sync.sync(phone, Wanted(folder=there, operations=(new,))))
        item = next(reversed(phone.device.collection(there).items), "1:1")
        change = Change(item, make(phone.version))
        if kind == CALENDAR and phone.version >= "16.0":
            change = replace(change, instance="2026-11-10T09:00:00.000Z")
        for each in (change, Fetch(item), Delete(item)):
            _try(lambda it=each, at=there: sync.sync(phone, Wanted(folder=at, operations=(it,))))
    for name in ("Bob", "Company address book"):
        with suppress(LookupError):
            there = phone.device.folder_named(name).id
            _try(lambda there=there: sync.sync_all(phone, Wanted(folder=there)))
    for each in list(phone.device.folders.values()):
        if each.type == 13:
            _try(lambda there=each.id: sync.sync_all(phone, Wanted(folder=there)))
    if phone.version >= "16.0":
        drafts = phone.device.folder_of_type(DRAFTS).id
        sync.sync_all(phone, Wanted(folder=drafts, options=(Options(bodies=(Body(type=1),)),)))
        new = Add("d1", written(phone.version))
        sync.sync(phone, Wanted(folder=drafts, operations=(new,)))
        item = next(iter(phone.device.collection(drafts).items))
        change = Change(item, written(phone.version), send=True)
        _try(lambda: sync.sync(phone, Wanted(folder=drafts, operations=(change,))))


def _sending(phone):
    inbox = phone.device.folder_of_type(INBOX).id
    found = _by_subject(phone, inbox)
    source = Source(inbox, found["file"])
    send.send_mail(phone, mail_of("new"), client_id="m1")
    _try(lambda: send.smart_reply(phone, mail_of("Re: file"), source, client_id="m2"))
    _try(lambda: send.smart_forward(phone, mail_of("Fw: file"), source, client_id="m3"))
    _try(
        lambda: meeting.respond(
            phone,
            meeting.Answer.ACCEPT,
            folder=inbox,
            item=found["Plan"],
            send=meeting.SendResponse(
                "I come", ("2026-11-05T12:00:00.000Z", "2026-11-05T13:00:00.000Z")
            )
            if phone.version == "16.1"
            else None,
        )
    )


def _people(phone):
    inbox = phone.device.folder_of_type(INBOX).id
    pictures = search.Pictures(10_000, 3) if phone.version >= "14.1" else None
    search.search_people(phone, "Bob", pictures=pictures)
    _try(
        lambda: search.search_mail(
            phone,
            "whole",
            folder=inbox,
            after="2026-01-01T00:00:00.000Z",
            before="2027-01-01T00:00:00.000Z",
            deep=True,
            rebuild=True,
            bodies=[Body(type=1)],
        )
    )
    if phone.version == "16.1":
        _try(lambda: search.find_mail(phone, 'from:bob "the whole"', folder=inbox, deep=True))
        _try(lambda: search.find_people(phone, "Bob", pictures=search.Pictures(10_000, 3)))
    between = ("2026-11-26T08:00:00.000Z", "2026-11-26T12:00:00.000Z")
    _try(
        lambda: resolve.resolve(
            phone,
            [BOB, "Bob"],
            certificates=2,
            most_certificates=3,
            most_ambiguous=5,
            between=between if phone.version != "12.1" else None,
            pictures=pictures,
        )
    )
    _try(lambda: validatecert.validate(phone, [b"0\x82"], chain=[b"1"], check_revoked=True))


def _ends(phone):
    trash = phone.device.folder_of_type(TRASH).id
    items.empty_folder(phone, trash, sub_folders=True)
