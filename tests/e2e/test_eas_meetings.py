"""Meetings by phones: whoever is asked is asked once, and whoever answers is heard once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from clients.dav import Dav, unfolded
from clients.directory import PASSWORD
from clients.eas import phones
from clients.invite import Event, invitation
from clients.items import Shelf, appointment, replaced
from clients.mail import token
from clients.waiting import wait_for
from clients.web import Web

from fermoposta.activesync.client import folders
from fermoposta.activesync.client.meeting import Answer, SendResponse, respond
from fermoposta.activesync.client.send import send_mail
from fermoposta.activesync.wbxml import Element
from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from clients.directory import Directory
    from clients.eas import Phone, Phones
    from clients.mail import Mail
    from clients.outside import Outside
    from clients.shell import Shell

    from fermoposta_demo.appliance import Appliance

OLGA = "olga@agency.test"
START = datetime(2031, 3, 5, 9, tzinfo=UTC)
REQUEST = "IPM.Schedule.Meeting.Request"
SAID = {Answer.ACCEPT: "ACCEPTED", Answer.TENTATIVE: "TENTATIVE", Answer.DECLINE: "DECLINED"}


@pytest.fixture(scope="module")
def web(appliance: Appliance) -> Web:
    return Web(appliance)


@pytest.fixture(scope="module")
def pair(directory: Directory, web: Web) -> Iterator[tuple[Account, Account]]:
    """Who invites and who is invited; nobody else's mail is in their way."""
    mark = token()
    addresses = [f"{name}.{mark}@example.org" for name in ("renata", "sandro")]
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


def inbox_of(phone: Phone) -> Shelf:
    return Shelf(phone, phone.folder(folders.INBOX).id, "Email:Subject")


def itip(messages: list[EmailMessage], title: str) -> list[str]:
    """Return the calendar data in each of the messages that is about the meeting *title*."""
    found = []
    for message in messages:
        for part in message.walk():
            if part.get_content_type() == "text/calendar":
                raw = part.get_payload(decode=True)
                assert isinstance(raw, bytes)
                text = unfolded(raw.decode())
                if title in text:
                    found.append(text)
                    break
    return found


def said(texts: list[str], method: str) -> list[str]:
    return [each for each in texts if f"METHOD:{method}\n" in each]


@dataclass(frozen=True)
class Post:
    """What arrives at colleagues and outside, counted when nothing more is on its way."""

    mail: Mail
    outside: Outside

    def settled(self, sender: Account, to: Account | str, title: str) -> list[str]:
        """
        Return the iTIP messages about *title* that *to* has got.

        A message is sent after whatever was sent before, and waited for.
        """
        mark = token()
        address = to.address if isinstance(to, Account) else to
        self.mail.send(sender, address, mark)
        if isinstance(to, Account):
            self.mail.wait_for(to, mark)
            return itip(self.mail.find(to, title), title)
        self.outside.wait_for(mark)
        return itip([each.message for each in self.outside.find(title)], title)


@pytest.fixture(scope="module")
def post(mail: Mail, outside: Outside) -> Post:
    return Post(mail, outside)


def by_caldav(web: Web, organiser: Account, guest: Account, title: str) -> None:
    """Invite by the organiser's own calendar, whose server writes the mail."""
    what = Event(title, START)
    content = what.ical(organiser.address, guest.address).replace("METHOD:REQUEST\r\n", "")
    Dav(web, organiser).put(content.replace("CUTYPE=RESOURCE;", ""), name=f"{title}.ics")


def from_outside(mail: Mail, guest: Account, title: str) -> None:
    """Invite by a mail of somebody elsewhere."""
    mail.deliver(OLGA, [guest.address], invitation(Event(title, START), OLGA, guest.address))


def reply(version: str) -> SendResponse | None:
    """Return how a phone has the server send the answer, None where it does so itself."""
    return SendResponse() if version.startswith("16") else None


@pytest.mark.feature("F038")
@pytest.mark.parametrize("answer", list(Answer), ids=lambda each: each.name)
@pytest.mark.parametrize("version", ["14.1", "16.1"])
@pytest.mark.parametrize("where", ["inside", "outside"])
def test_an_invitation_is_answered_once(
    eas_device: Phones,
    web: Web,
    mail: Mail,
    post: Post,
    pair: tuple[Account, Account],
    where: str,
    version: str,
    answer: Answer,
) -> None:
    """
    The calendar has it once with the answer, or no more; the invitation is in the trash.

    The organiser hears it once: by the server at 16.1, by nobody but the phone itself at 14.1.
    """
    organiser, guest = pair
    title, to = token(), (organiser if where == "inside" else OLGA)
    if where == "inside":
        by_caldav(web, organiser, guest, title)
    else:
        from_outside(mail, guest, title)
    phone = eas_device(guest, version)
    inbox = inbox_of(phone)
    item, data = inbox.wait_for(title)
    assert data.text_of("Email:MessageClass") == REQUEST
    asked = data.find("Email:MeetingRequest")
    assert asked is not None
    assert asked.text_of("Email:StartTime") == "2031-03-05T09:00:00.000Z"

    made = respond(phone.client, answer, folder=inbox.folder, item=item, send=reply(version))

    assert (made is None) == (answer is Answer.DECLINE)
    replies = said(post.settled(guest, to, title), "REPLY")
    if version == "14.1":
        assert replies == []
        answered = invitation(Event(title, START), "x@example.org", guest.address, "REPLY")
        answered.replace_header("From", guest.address)
        answered.replace_header("To", to if isinstance(to, str) else to.address)
        send_mail(phone.client, answered.as_bytes(policy=answered.policy.clone(linesep="\r\n")))
        replies = said(post.settled(guest, to, title), "REPLY")
    else:
        assert f"PARTSTAT={SAID[answer]}" in replies[0]
        assert f"UID:{title}" in replies[0]
    assert len(replies) == 1

    stored = list(Dav(web, guest).named(title).values())
    if answer is Answer.DECLINE:
        assert [each for each in stored if "PARTSTAT=DECLINED" not in each] == []
    else:
        assert len(stored) == 1
        assert f"PARTSTAT={SAID[answer]}" in stored[0]
        calendar = Shelf(phone, phone.folder(folders.CALENDAR).id, "Calendar:Subject")
        in_calendar, shown = calendar.wait_for(title)
        assert in_calendar == made
        assert shown.text_of("Calendar:ResponseType") == ("3" if answer == 1 else "2")
    assert mail.find(guest, title) == []
    assert len(mail.find(guest, title, mail.special(guest, b"\\Trash"))) == 1
    inbox.wait_until_gone(title)
    phone.assert_sound()


@pytest.mark.parametrize("version", ["16.1"])
def test_the_same_answer_twice_is_one_answer(
    eas_device: Phones, mail: Mail, post: Post, pair: tuple[Account, Account], version: str
) -> None:
    """A phone that got no answer repeats its own; the organiser doesn't notice."""
    _, guest = pair
    title = token()
    from_outside(mail, guest, title)
    phone = eas_device(guest, version)
    inbox = inbox_of(phone)
    item, _ = inbox.wait_for(title)

    made = [
        respond(
            phone.client, Answer.ACCEPT, folder=inbox.folder, item=item, send=SendResponse("Yes")
        )
        for _ in range(2)
    ]

    assert made[0] == made[1]
    assert len(said(post.settled(guest, OLGA, title), "REPLY")) == 1


def test_another_time_is_proposed(
    eas_device: Phones, web: Web, post: Post, pair: tuple[Account, Account]
) -> None:
    """At 16.1 the organiser gets one message that names it, and no plain answer beside it."""
    organiser, guest = pair
    title = token()
    by_caldav(web, organiser, guest, title)
    phone = eas_device(guest, "16.1")
    inbox = inbox_of(phone)
    item, _ = inbox.wait_for(title)

    proposed = ("2031-03-05T14:00:00.000Z", "2031-03-05T15:00:00.000Z")
    respond(
        phone.client,
        Answer.TENTATIVE,
        folder=inbox.folder,
        item=item,
        send=SendResponse("Later?", proposed),
    )

    texts = post.settled(guest, organiser, title)
    [counter] = said(texts, "COUNTER")
    assert said(texts, "REPLY") == []
    assert "20310305T140000Z" in counter
    [stored] = Dav(web, guest).named(title).values()
    assert "DTSTART:20310305T090000Z" in stored


def guests(*addresses: str) -> Element:
    return Element(
        "Calendar:Attendees",
        [
            Element(
                "Calendar:Attendee",
                [
                    Element("Calendar:Email", address),
                    Element("Calendar:Name", "Guest"),
                    Element("Calendar:AttendeeType", "1"),
                ],
            )
            for address in addresses
        ],
    )


@pytest.mark.feature("F038")
@pytest.mark.parametrize("version", ["14.1", "16.1"])
def test_who_is_invited_by_a_phone_is_invited_once(
    eas_device: Phones, web: Web, post: Post, pair: tuple[Account, Account], version: str
) -> None:
    """By the server at 16.1; at 14.1 by the mail that the phone sends, and by nobody else."""
    organiser, guest = pair
    title = token()
    phone = eas_device(organiser, version)
    calendar = Shelf(phone, phone.folder(folders.CALENDAR).id, "Calendar:Subject")
    invited = guests(guest.address, OLGA)
    data = appointment(version, title, "20310306T090000Z", "20310306T100000Z", invited)

    item = calendar.add(replaced(data, Element("Calendar:MeetingStatus", "1")))

    def requests(to: Account | str) -> int:
        return len(said(post.settled(organiser, to, title), "REQUEST"))

    if version == "14.1":
        assert (requests(guest), requests(OLGA)) == (0, 0)
        for address in (guest.address, OLGA):
            message = invitation(Event(title, START), organiser.address, address)
            message.replace_header("Subject", title)
            send_mail(phone.client, message.as_bytes(policy=message.policy.clone(linesep="\r\n")))
    wait_for("the invitation", lambda: requests(guest), seconds=60)
    assert (requests(guest), requests(OLGA)) == (1, 1)
    [stored] = Dav(web, organiser).named(title).values()
    assert organiser.address in stored[stored.index("ORGANIZER") :].splitlines()[0]
    assert guest.address in stored
    assert item in calendar.titled(title)
    phone.assert_sound()
