"""MeetingResponse from the document to the calendar, the organiser and the trash."""

import asyncio
from email.message import EmailMessage
from email.policy import SMTP
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from tests.unit.activesync.map.calendar.appointments import ical
from tests.unit.activesync.meetings.test_answer import SERIES, SINGLE, message, partstats
from tests.unit.activesync.postroom import NOW, Room, document

from fermoposta.activesync import serverid
from fermoposta.activesync.commands.meeting_response import REQUESTS_MAX, handle
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.folders import Type
from fermoposta.activesync.map.owner import Owner
from fermoposta.activesync.session import SubmissionError
from fermoposta.activesync.wbxml import Element
from fermoposta.mailstore.groupware import ChangedError
from fermoposta.mailstore.mailbox import MailboxError

ACCEPT, TENTATIVE, DECLINE = "1", "2", "3"


def room():
    owner = Owner("bob@example.org", ZoneInfo("Europe/Berlin"), "Bob")
    return Room(owner=owner)


def invitation(content=None, method="REQUEST"):
    made = EmailMessage(policy=SMTP)
    made["From"] = "Ada <ada@example.org>"
    made["To"] = "bob@example.org"
    made["Subject"] = "Budget"
    made.set_content("Please come")
    made.add_alternative(
        (content or message(SINGLE)).decode(), subtype="calendar", params={"method": method}
    )
    return bytes(made)


def request(item, response=ACCEPT, *extra, **more):
    said = {"UserResponse": response, "CollectionId": item.partition(":")[0], "RequestId": item}
    children = [
        Element(f"MeetingResponse:{name}", value) for name, value in (said | more).items() if value
    ]
    return Element("MeetingResponse:Request", [*children, *extra])


def reply(*children):
    return Element("MeetingResponse:SendResponse", children)


async def answer(it, *requests, version="16.1", device="D1"):
    session = await it.session(version, "MeetingResponse", device)
    answered = await handle(session, document(Element("MeetingResponse:MeetingResponse", requests)))
    return [
        {each.name: each.text for each in result.elements} for result in answered.element.elements
    ]


async def status(it, *args, version="16.1", **more):
    [result] = await answer(it, request(*args, **more), version=version)
    assert "CalendarId" not in result
    return int(result["Status"])


def test_an_accepted_invitation_is_in_the_calendar_and_in_the_trash():
    """The organiser gets one REPLY, and the webmail's server writes to nobody."""

    async def work():
        it = room()
        item = await it.received(invitation())
        [result] = await answer(it, request(item, ACCEPT, reply()))
        [(name, content)] = (await it.appointments()).items()
        calendar = (await it.folder(Type.CALENDAR)).id
        assert list(result) == ["RequestId", "Status", "CalendarId"]
        assert result["RequestId"] == item
        assert result["Status"] == "1"
        assert result["CalendarId"] == serverid.join(calendar, serverid.digest(name))
        assert name == "budget@example.org.ics"
        assert partstats(content) == ["ACCEPTED"]
        assert await it.mails("INBOX") == []
        assert len(await it.mails("Trash")) == 1
        [(sender, to, _)] = it.postfix.taken
        assert (sender, to) == ("bob@example.org", ("ada@example.org",))
        assert it.postfix.last["Subject"] == "Accepted: Budget"
        assert len(await it.mails("Sent")) == 1
        assert it.server.written == []

    asyncio.run(work())


@pytest.mark.parametrize("version", ["12.1", "14.0", "14.1", "16.0", "16.1"])
def test_the_organiser_hears_of_it_once(version):
    """Up to 14.1 the device writes itself; from 16.0 on we do, and only where it asks for it."""

    async def work():
        it = room()
        await answer(it, request(await it.received(invitation())), version=version)
        assert it.postfix.taken == []
        other = room()
        asked = request(await other.received(invitation()), ACCEPT, reply())
        await answer(other, asked, version=version)
        assert len(other.postfix.taken) == (1 if version.startswith("16") else 0)
        assert it.server.written == other.server.written == []

    asyncio.run(work())


def test_a_declined_invitation_leaves_nothing():
    """No appointment, no CalendarId; the organiser is told."""

    async def work():
        it = room()
        await it.planned("budget@example.org.ics", ical(SINGLE))
        item = await it.received(invitation())
        [result] = await answer(it, request(item, DECLINE, reply()))
        assert result == {"RequestId": item, "Status": "1"}
        assert await it.appointments() == {}
        assert it.postfix.last["Subject"] == "Declined: Budget"
        assert it.server.written == []

    asyncio.run(work())


def test_what_the_server_has_put_there_is_answered_whatever_it_is_called():
    """There is one meeting afterwards, under the name that it had."""

    async def work():
        for name in ("budget@example.org.ics", "5F2-4711.ics"):
            it = room()
            await it.planned("other.ics", ical(SINGLE.replace("budget", "other")))
            known = await it.planned(name, ical(SINGLE))
            [result] = await answer(it, request(await it.received(invitation())))
            assert result["CalendarId"] == known
            there = await it.appointments()
            assert there.keys() == {"other.ics", name}
            assert partstats(there[name]) == ["ACCEPTED"]

    asyncio.run(work())


def test_a_uid_that_is_no_name_of_a_file_is_stored_under_another():
    """Nothing that an organiser calls a meeting leaves the calendar's folder."""

    async def work():
        it = room()
        odd = SINGLE.replace("UID:budget@example.org", "UID:../a b/%2e\\,x")
        await answer(it, request(await it.received(invitation(message(odd)))))
        [name] = await it.appointments()
        assert "/" not in name
        assert "%" not in name

    asyncio.run(work())


def test_the_same_answer_sent_again_is_the_same():
    """A device that missed the answer gets it again, and the organiser no second mail."""

    async def work():
        it = room()
        item = await it.received(invitation())
        first = await answer(it, request(item, ACCEPT, reply()))
        again = await answer(it, request(item, ACCEPT, reply()))
        assert again == first
        assert len(it.postfix.taken) == 1
        assert await status(it, item, DECLINE) == 2

    asyncio.run(work())


def test_another_answer_is_told_again():
    """Yes, no, yes: from the calendar each is told, and each once."""

    async def work():
        it = room()
        item = await it.planned("budget.ics", ical(SERIES))
        for response in (ACCEPT, ACCEPT, TENTATIVE, ACCEPT, ACCEPT):
            [result] = await answer(it, request(item, response, reply()))
            assert result["CalendarId"] == item
        subjects = [each[2].partition(b"Subject: ")[2].split(b":")[0] for each in it.postfix.taken]
        assert subjects == [b"Accepted", b"Tentative", b"Accepted"]

    asyncio.run(work())


def test_what_broke_in_the_middle_is_done_by_the_next_try():
    """The mail could not be sent: the device hears so, and its next try does the rest, once."""

    async def work():
        it = room()
        item = await it.received(invitation())
        it.postfix.raises = [SubmissionError("451 later", temporary=True)]
        assert await status(it, item, ACCEPT, reply()) == 3
        assert len(await it.mails("INBOX")) == 1
        [result] = await answer(it, request(item, ACCEPT, reply()))
        assert result["Status"] == "1"
        assert len(await it.appointments()) == 1
        assert len(it.postfix.taken) == 1
        assert await it.mails("INBOX") == []

    asyncio.run(work())


def test_somebody_elses_change_is_not_lost(monkeypatch):
    """Where the meeting changes in between, the answer is written to what it is now."""

    async def work():
        it = room()
        await it.planned("budget@example.org.ics", ical(SINGLE))
        path = (await it.folder(Type.CALENDAR)).path
        put, tries = it.groupware.put, []

        async def late(*args, etag, **more):
            if not tries:
                tries.append(1)
                new = ical(SINGLE + "X-COLOUR:red\n")
                await put(path, "budget@example.org.ics", new, etag=etag, silent=True)
            return await put(*args, etag=etag, **more)

        monkeypatch.setattr(it.groupware, "put", late)
        await answer(it, request(await it.received(invitation())))
        [content] = (await it.appointments()).values()
        assert b"X-COLOUR:red" in content
        assert partstats(content) == ["ACCEPTED"]

        async def never(*_, **__):
            raise ChangedError("again")

        monkeypatch.setattr(it.groupware, "put", never)
        assert await status(it, await it.received(invitation())) == 4

    asyncio.run(work())


def test_an_invitation_that_cannot_be_put_away_is_answered_all_the_same(monkeypatch):
    """The answer counts; the mail stays where it is."""

    async def work():
        it = room()
        item = await it.received(invitation())

        async def no(*_, **__):
            raise MailboxError("no")

        monkeypatch.setattr(it.mail, "move", no)
        [result] = await answer(it, request(item))
        assert result["Status"] == "1"
        assert len(await it.mails("INBOX")) == 1

    asyncio.run(work())


def test_one_occurrence_is_answered_from_the_calendar():
    """InstanceId says which; at 16 the result says it too."""

    async def work():
        it = room()
        item = await it.planned("budget.ics", ical(SERIES))
        when = "2026-12-09T08:00:00.000Z"
        [result] = await answer(it, request(item, ACCEPT, reply(), InstanceId=when))
        assert list(result) == ["RequestId", "Status", "CalendarId", "InstanceId"]
        assert result["InstanceId"] == when
        [content] = (await it.appointments()).values()
        assert sorted(partstats(content)) == ["ACCEPTED", "NEEDS-ACTION"]
        [older] = await answer(it, request(item, DECLINE, InstanceId=when), version="14.1")
        assert older == {"RequestId": item, "Status": "1"}
        [content] = (await it.appointments()).values()
        assert b"EXDATE" in content

    asyncio.run(work())


def test_another_time_is_proposed_at_16_1():
    """A COUNTER goes out instead of a REPLY; 16.0 doesn't know the elements."""

    async def work():
        times = [
            Element("MeetingResponse:ProposedStartTime", "20261203T140000Z"),
            Element("MeetingResponse:ProposedEndTime", "20261203T150000Z"),
        ]
        for version, method in (("16.1", "COUNTER"), ("16.0", "REPLY")):
            it = room()
            asked = request(await it.received(invitation()), TENTATIVE, reply(*times))
            await answer(it, asked, version=version)
            [part] = [each for each in it.postfix.last.walk() if each.get_param("method")]
            assert part.get_param("method") == method
        it = room()
        half = reply(times[0])
        assert await status(it, await it.received(invitation()), TENTATIVE, half) == 104
        turned = reply(
            Element("MeetingResponse:ProposedStartTime", "20261203T150000Z"),
            Element("MeetingResponse:ProposedEndTime", "20261203T140000Z"),
        )
        assert await status(it, await it.received(invitation()), TENTATIVE, turned) == 2

    asyncio.run(work())


def test_what_the_user_writes_goes_along():
    """The body of SendResponse is the text of the mail."""

    async def work():
        it = room()
        body = Element(
            "AirSyncBase:Body",
            [Element("AirSyncBase:Type", "1"), Element("AirSyncBase:Data", "See you")],
        )
        await answer(it, request(await it.received(invitation()), ACCEPT, reply(body)))
        assert it.postfix.last.get_body(("plain",)).get_content().strip() == "See you"

    asyncio.run(work())


def test_each_request_has_a_result_of_its_own():
    """What is wrong with one is no matter of the others."""

    async def work():
        it = room()
        item = await it.received(invitation())
        results = await answer(it, request("zz:1"), request(item), request(item, "4"))
        assert [each["Status"] for each in results] == ["2", "1", "2"]

    asyncio.run(work())


def test_what_cannot_be_answered():
    """Nothing is stored, nobody is written to, and the mail stays."""

    async def work():
        it = room()
        item = await it.received(invitation())
        folder = item.partition(":")[0]
        contacts = (await it.folder(Type.CONTACTS)).id
        letter = await it.received(b"From: a@example.org\r\n\r\nhello")
        off = await it.received(invitation(message(SINGLE, method="CANCEL"), "CANCEL"))
        broken = await it.received(invitation(b"BEGIN:VCALENDAR\r\nrubbish"))
        for wrong in (f"{folder}:99", "rubbish", f"{contacts}:1", letter, off, broken):
            assert await status(it, wrong) == 2
        when = "2026-12-02T08:00:00.000Z"
        assert await status(it, item, InstanceId=when) == 2
        assert await status(it, item, InstanceId="soon") == 104
        assert await status(it, item, CollectionId=contacts) == 2
        long_id = Element("Search:LongId", item)
        assert await status(it, item, ACCEPT, long_id) == 105
        assert await it.appointments() == {}
        assert it.postfix.taken == []
        assert len(await it.mails("INBOX")) == 4

    asyncio.run(work())


def test_a_long_id_is_enough():
    """It stands for folder and mail."""

    async def work():
        it = room()
        item = await it.received(invitation())
        asked = request(item, ACCEPT, Element("Search:LongId", item), CollectionId="", RequestId="")
        [result] = await answer(it, asked)
        assert result["Status"] == "1"

    asyncio.run(work())


def test_from_the_calendar_older_versions_cannot_answer_everything():
    """12.1 knows invitations in the mail only, and 14.0 no occurrences."""

    async def work():
        it = room()
        item = await it.planned("budget.ics", ical(SERIES))
        single = await it.planned("single.ics", ical(SINGLE.replace("budget", "single")))
        when = "2026-12-09T08:00:00.000Z"
        assert await status(it, item, version="12.1") == 2
        assert await status(it, item, version="14.0", InstanceId=when) == 2
        assert await status(it, single, InstanceId=when) == 146
        assert await status(it, item, InstanceId="2026-12-10T08:00:00.000Z") == 2
        [result] = await answer(it, request(item), version="14.0")
        assert result["Status"] == "1"

    asyncio.run(work())


def test_what_others_share_is_not_the_users_to_answer():
    """An invitation in another's mailbox was sent to that other person."""

    async def work():
        it = room()
        ada = it.boxes.mailbox("ada@example.org")
        await ada.append("INBOX", invitation())
        it.boxes.share("ada@example.org", "INBOX", "bob@example.org", "lrswit")
        shared = next(each for each in await it.hub.tree() if each.owner and each.is_mail)
        assert await status(it, f"{shared.id}:1") == 2
        assert len(await ada.folders()) > 0

    asyncio.run(work())


def test_a_request_without_end_is_refused():
    """None, or more than anybody answers at once."""

    async def work():
        it = room()
        for requests in ([], [request("1:1")] * (REQUESTS_MAX + 1)):
            with pytest.raises(CommandError) as caught:
                await answer(it, *requests)
            assert caught.value.status == 103

    asyncio.run(work())


def test_the_calendar_says_when_it_was_answered():
    """Outlook shows it beside the answer."""

    async def work():
        it = room()
        await answer(it, request(await it.received(invitation())))
        [content] = (await it.appointments()).values()
        [event] = Calendar.from_ical(content).walk("VEVENT")
        assert str(event["X-MICROSOFT-CDO-REPLYTIME"]) == f"{NOW:%Y%m%dT%H%M%SZ}"

    asyncio.run(work())
