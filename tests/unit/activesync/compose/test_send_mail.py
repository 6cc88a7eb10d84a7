"""SendMail from the document to Postfix and the Sent folder."""

import asyncio

import pytest
from tests.unit.activesync.postroom import Room, compose, crlf

from fermoposta.activesync.commands.send_mail import handle
from fermoposta.activesync.compose import once
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.session import Answer, Asked, SubmissionError
from fermoposta.activesync.store.model import StoreAwayError
from fermoposta.activesync.wbxml import Element

MAIL = crlf("""
From: Ada <ada@example.org>
To: bob@example.org
Bcc: spy@example.org
Subject: Hello
Date: Thu, 26 Nov 2026 10:00:00 +0100
Message-ID: <1@phone>
MIME-Version: 1.0
Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=x

--x
Content-Type: text/plain

  signed \t
--x
Content-Type: application/pkcs7-signature

MIIB
--x--
""")
ON_THE_WIRE = MAIL.replace(b"Bcc: spy@example.org\r\n", b"")


async def send(room, asked=None, version="14.1", **query):
    session = await room.session(version, **query)
    return await handle(session, asked or compose("SendMail", MAIL))


async def refused(room, asked=None, version="14.1", **query):
    with pytest.raises(CommandError) as caught:
        await send(room, asked, version, **query)
    return caught.value.status


def test_a_mail_goes_out_octet_by_octet_and_is_filed():
    """Recipients see no blind copies; the writer's own copy keeps them, and is read."""

    async def work():
        room = Room()
        assert await send(room) == Answer()
        assert room.postfix.taken == [
            ("ada@example.org", ("bob@example.org", "spy@example.org"), ON_THE_WIRE)
        ]
        assert await room.mails("Sent") == [(MAIL, frozenset({"\\Seen"}))]

    asyncio.run(work())


def test_nothing_is_filed_unless_the_device_wants_it():
    """Without SaveInSentItems there is no copy."""

    async def work():
        room = Room()
        await send(room, compose("SendMail", MAIL, save=False))
        assert len(room.postfix.taken) == 1
        assert await room.mails("Sent") == []

    asyncio.run(work())


def test_12_1_sends_the_mail_as_it_is():
    """The query says whether it is filed; the same octets again are the same mail, and all well."""

    async def work():
        room = Room()
        for _ in range(2):
            assert await send(room, Asked(None, MAIL), "12.1", save_in_sent=True) == Answer()
        assert [each[2] for each in room.postfix.taken] == [ON_THE_WIRE]
        assert len(await room.mails("Sent")) == 1

    asyncio.run(work())


def test_12_1_sends_twice_what_has_no_name():
    """Two mails without Message-ID may be two that a person has written alike."""

    async def work():
        room = Room()
        nameless = b"To: bob@example.org\r\n\r\nyes"
        await send(room, Asked(None, nameless), "12.1")
        room.now = room.now.replace(minute=31)
        await send(room, Asked(None, nameless), "12.1")
        assert len({each[2] for each in room.postfix.taken}) == 2

    asyncio.run(work())


def test_the_same_client_id_is_sent_once():
    """The device is told that it was sent before; another device's is another mail."""

    async def work():
        room = Room()
        await send(room)
        assert await refused(room) == 118
        assert len(room.postfix.taken) == 1
        await send(room, device="D2")
        await send(room, compose("SendMail", MAIL, client_id="c2"))
        assert len(room.postfix.taken) == 3

    asyncio.run(work())


def test_a_request_beside_another_waits_for_it():
    """A device that has lost patience is answered when the first request is through."""

    async def work():
        room = Room()
        room.postfix.gate = asyncio.Event()
        first = asyncio.ensure_future(send(room))
        await asyncio.sleep(0.01)
        second = asyncio.ensure_future(refused(room))
        await asyncio.sleep(0.01)
        room.postfix.gate.set()
        assert await first == Answer()
        assert await second == 118
        assert len(room.postfix.taken) == 1

    asyncio.run(work())


def test_a_mail_goes_on_when_its_request_is_given_up():
    """Where the connection breaks, the mail is sent and filed all the same, and once."""

    async def work():
        room = Room()
        room.postfix.gate = asyncio.Event()
        first = asyncio.ensure_future(send(room))
        await asyncio.sleep(0.01)
        first.cancel()
        room.postfix.gate.set()
        assert await refused(room) == 118
        assert len(room.postfix.taken) == 1
        assert len(await room.mails("Sent")) == 1

    asyncio.run(work())


class Killed(BaseException):
    """The process ends here."""


async def killed_before_the_result(room, *, filed):
    """Leave what a process leaves that dies between intent and result."""
    room.postfix.raises = [Killed()]
    with pytest.raises(Killed):
        await send(room)
    if filed:
        await room.mail.append("Sent", MAIL)


def test_a_mail_of_which_nobody_knows_is_sent_again():
    """Lost is worse than twice: the device's next try sends it, under the same Message-ID."""

    async def work():
        room = Room()
        await killed_before_the_result(room, filed=False)
        assert await send(room) == Answer()
        assert [each[2] for each in room.postfix.taken] == [ON_THE_WIRE]
        assert await refused(room) == 118

    asyncio.run(work())


def test_a_mail_that_lies_in_the_sent_folder_was_sent():
    """So much is known of a process that has died after filing it: it is not sent again."""

    async def work():
        room = Room()
        await killed_before_the_result(room, filed=True)
        await send(room)
        assert room.postfix.taken == []
        assert len(await room.mails("Sent")) == 1

    asyncio.run(work())


def test_a_name_that_is_made_stays_the_same():
    """A mail without Message-ID is sent again under the one that it got first."""

    async def work():
        room = Room()
        asked = compose("SendMail", b"To: bob@example.org\r\n\r\nyes")
        room.postfix.raises = [SubmissionError("451 4.3.0 later", temporary=True)]
        assert await refused(room, asked) == 111
        await send(room, asked)
        first = room.postfix.last["Message-ID"]
        other = Room()
        await send(other, asked)
        assert other.postfix.last["Message-ID"] == first

    asyncio.run(work())


@pytest.mark.parametrize(
    ("reply", "temporary", "status"),
    [
        ("451 4.3.0 try again", True, 111),
        ("550 5.7.1 You may not send as boss@example.org", False, 120),
        ("550 5.1.1 no such user", False, 116),
        ("552 5.3.4 Message size exceeds fixed limit", False, 122),
        ("553 5.1.8 sender", False, 120),
    ],
)
def test_what_postfix_refuses_is_told_and_not_filed(reply, temporary, status):
    """Nothing lies in the Sent folder, and the same mail can be sent again later."""

    async def work():
        room = Room()
        room.postfix.raises = [SubmissionError(reply, temporary=temporary)]
        assert await refused(room) == status
        assert await room.mails("Sent") == []
        assert await send(room) == Answer()

    asyncio.run(work())


def test_a_copy_that_cannot_be_filed_does_not_unsend_the_mail():
    """A full mailbox is no reason to send twice."""

    async def work():
        room = Room()
        room.boxes.quota["ada@example.org"] = 1
        assert await send(room) == Answer()
        assert len(room.postfix.taken) == 1
        assert await refused(room) == 118

    asyncio.run(work())


def test_a_server_that_goes_away_behind_the_mail_does_not_unsend_it():
    """Whatever fails when Postfix has taken the mail, it is not sent again."""

    async def work():
        room = Room()
        take = room.postfix.submit

        async def last_act(*args):
            await take(*args)
            room.hub.forget_tree()
            room.server.away = True

        room.postfix.submit = last_act
        assert await send(room) == Answer()
        assert await refused(room) == 118
        assert len(room.postfix.taken) == 1

    asyncio.run(work())


def test_what_could_not_be_noted_is_known_by_its_copy():
    """The database was away when the mail had gone: the next try finds the copy, and is told."""

    async def work():
        room = Room()
        take, keep = room.postfix.submit, room.store.keep

        async def away(*_):
            raise StoreAwayError("away")

        async def last_act(*args):
            await take(*args)
            room.store.keep = away

        room.postfix.submit = last_act
        assert await send(room) == Answer()
        room.store.keep = keep
        await send(room)
        assert len(room.postfix.taken) == 1
        assert await refused(room) == 118

    asyncio.run(work())


def test_a_sent_folder_is_made_where_there_is_none():
    """The first mail is filed too."""

    async def work():
        room = Room()
        await room.mail.delete("Sent")
        await send(room)
        assert len(await room.mails("Sent")) == 1

    asyncio.run(work())


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (Asked(None), 103),
        (compose("SendMail", None), 103),
        (compose("SendMail", MAIL, client_id=""), 103),
        (compose("SendMail", MAIL, client_id="x" * 41), 103),
        (compose("SendMail", b" "), 107),
        (compose("SendMail", b"no mail at all"), 107),
        (compose("SendMail", b"To: nobody\r\n\r\nx"), 107),
        (compose("SendMail", b"Subject: x\r\n\r\nx"), 119),
        (compose("SendMail", MAIL, Element("ComposeMail:AccountId", "other")), 166),
    ],
)
def test_what_is_no_mail_is_refused(asked, status):
    """Nothing goes out, and the status says what is wrong."""

    async def work():
        room = Room()
        assert await refused(room, asked) == status
        assert room.postfix.taken == []

    asyncio.run(work())


def test_the_users_own_address_is_an_account():
    """A device that names the only account there is sends from it."""

    async def work():
        room = Room()
        account = Element("ComposeMail:AccountId", "A.L@example.org")
        await send(room, compose("SendMail", MAIL, account))
        assert room.postfix.taken[0][0] == "ada@example.org"

    asyncio.run(work())


def test_nothing_is_sent_while_it_cannot_be_noted():
    """Without memory a repeated mail would go out twice."""

    async def work():
        room = Room()

        async def away(*_):
            raise StoreAwayError("away")

        session = await room.session("14.1")
        room.store.kept = away
        with pytest.raises(StoreAwayError):
            await handle(session, compose("SendMail", MAIL))
        assert room.postfix.taken == []

    asyncio.run(work())


def test_what_is_remembered_is_bounded():
    """However many mails a device sends, a fixed number of names is kept."""

    async def work():
        room = Room()
        for number in range(once.KEPT_MOST + 5):
            await send(room, compose("SendMail", MAIL, client_id=f"c{number}", save=False))
        kept = await room.store.kept("ada@example.org", "D1", once.KEPT)
        assert len(kept.value) == once.KEPT_MOST
        assert await refused(room, compose("SendMail", MAIL, client_id="c204")) == 118

    asyncio.run(work())
