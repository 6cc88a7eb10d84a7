"""SmartReply and SmartForward from the document to what the recipient reads."""

import asyncio
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.activesync.map.calendar.appointments import ical
from tests.unit.activesync.postroom import ADA, Room, compose, crlf, source

from fermoposta.activesync.commands import smart_forward, smart_reply
from fermoposta.activesync.compose import quote
from fermoposta.activesync.compose.amend import amended
from fermoposta.activesync.compose.letter import LetterError
from fermoposta.activesync.compose.original import of_mail
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.folders import Type
from fermoposta.activesync.session import Answer, Asked, Limits, SubmissionError
from fermoposta.activesync.wbxml import Element
from fermoposta.mailstore.mailbox import MailboxError

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 3


def original():
    """A mail with everything: two texts, a picture in the HTML, a file."""
    made = EmailMessage(policy=SMTP)
    made["From"] = "Bob Rossi <bob@example.org>"
    made["To"] = "Ada <ada@example.org>"
    made["Cc"] = "Zoë <zoe@example.org>"
    made["Subject"] = "Perché?"
    made["Date"] = "Wed, 25 Nov 2026 18:05:00 +0100"
    made["Message-ID"] = "<original@example.org>"
    made.set_content("first line\n> older line\n")
    made.add_alternative(
        '<html><head><style>p {}</style></head><body bgcolor="red">'
        '<p>first <b>line</b></p><img src="cid:pic"></body></html>',
        subtype="html",
    )
    made.get_payload()[1].add_related(PNG, "image", "png", cid="<pic>")
    made.add_attachment(b"%PDF-1.7 \x00\xff", "application", "pdf", filename="piano €.pdf")
    return bytes(made)


ORIGINAL = original()
PLAIN = crlf("""
To: bob@example.org
Subject: Re: why
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Because. Così.
""")
HTML = crlf("""
To: bob@example.org
Subject: Re: why
MIME-Version: 1.0
Content-Type: text/html; charset=iso-8859-1

<html><body><p>Because.</p></body></html>
""")
SIGNED = crlf("""
To: bob@example.org
Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=x
MIME-Version: 1.0
Date: Thu, 26 Nov 2026 10:00:00 +0100
From: ada@example.org
Message-ID: <signed@phone>

--x
Content-Type: text/plain

signed
--x
Content-Type: application/pkcs7-signature

MIIB
--x--
""")
MEETING = ical("""
UID:budget@example.org
DTSTAMP:20261001T120000Z
DTSTART;TZID=Europe/Rome:20261202T090000
DTEND;TZID=Europe/Rome:20261202T100000
RRULE:FREQ=WEEKLY;COUNT=4
SUMMARY:Bilancio
DESCRIPTION:Agenda
LOCATION:Sala 1
ORGANIZER;CN=Bob:mailto:bob@example.org
ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.org
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:x
TRIGGER:-PT15M
END:VALARM
""")


async def smart(room, asked, *, reply, version="14.1", **query):
    command = smart_reply if reply else smart_forward
    session = await room.session(version, "SmartReply" if reply else "SmartForward", **query)
    return await command.handle(session, asked)


def document(mime, item, *extra, reply, **more):
    named = source(item, **more)
    return compose("SmartReply" if reply else "SmartForward", mime, named, *extra)


async def status_of(room, asked, *, reply=False, version="14.1"):
    with pytest.raises(CommandError) as caught:
        await smart(room, asked, reply=reply, version=version)
    return caught.value.status


def files(message):
    return {
        each.get_filename(): each.get_payload(decode=True)
        for each in message.walk()
        if each.get_filename()
    }


def test_a_reply_quotes_the_original():
    """The text stands below, in the user's language and zone, each line marked; no file goes."""

    async def work():
        room = Room(language="it")
        item = await room.received(ORIGINAL)
        assert await smart(room, document(PLAIN, item, reply=True), reply=True) == Answer()
        sent = room.postfix.last
        assert sent.get_content_type() == "text/plain"
        lines = sent.get_content().splitlines()
        assert lines == [
            "Because. Così.",
            "",
            "",
            "----- Messaggio originale -----",
            "Da: Bob Rossi <bob@example.org>",
            "Inviato: 25/11/2026 18:05",
            "A: Ada <ada@example.org>",
            "Cc: Zoë <zoe@example.org>",
            "Oggetto: Perché?",
            "",
            "> first line",
            ">> older line",
        ]
        assert sent["Subject"] == "Re: why"
        [(_, flags)] = await room.mails("INBOX")
        assert "\\Answered" in flags
        assert len(await room.mails("Sent")) == 1

    asyncio.run(work())


def test_a_reply_in_html_quotes_html_with_its_pictures():
    """The quote stands within the page, and the picture that it shows goes along."""

    async def work():
        room = Room()
        item = await room.received(ORIGINAL)
        await smart(room, document(HTML, item, reply=True), reply=True)
        sent = room.postfix.last
        page = next(each for each in sent.walk() if each.get_content_type() == "text/html")
        text = page.get_content()
        assert "<p>Because.</p>" in text
        assert "<b>From:</b> Bob Rossi &lt;bob@example.org&gt;" in text
        assert '<blockquote type="cite"><p>first <b>line</b></p>' in text
        assert text.count("<body") == text.count("</body>") == text.count("</html>") == 1
        assert text.rstrip().endswith("</body></html>")
        [picture] = [each for each in sent.walk() if each.get_content_type() == "image/png"]
        assert picture["Content-ID"] == "<pic>"
        assert picture.get_payload(decode=True) == PNG
        assert sent.get_content_type() == "multipart/related"
        assert not [each for each in sent.walk() if each.get_content_type() == "application/pdf"]

    asyncio.run(work())


@pytest.mark.parametrize("mime", [PLAIN, HTML])
def test_a_forward_takes_every_attachment_along(mime):
    """Its octets are those of the original, its name too; the original is marked forwarded."""

    async def work():
        room = Room()
        item = await room.received(ORIGINAL)
        await smart(room, document(mime, item, reply=False), reply=False)
        sent = room.postfix.last
        assert sent.get_content_type() == "multipart/mixed"
        assert files(sent) == {"piano €.pdf": b"%PDF-1.7 \x00\xff"}
        pictures = [each for each in sent.walk() if each.get_content_type() == "image/png"]
        assert [each.get_payload(decode=True) for each in pictures] == [PNG]
        octets = ORIGINAL[ORIGINAL.index(b"JVBER") :].partition(b"\r\n")[0]
        assert octets in room.postfix.taken[-1][2]
        texts = [
            each.get_content() for each in sent.walk() if each.get_content_maintype() == "text"
        ]
        assert all("first" in each and "Bob Rossi" in each for each in texts)
        assert "> first" not in "".join(texts)
        [(_, flags)] = await room.mails("INBOX")
        assert "$Forwarded" in flags
        assert "\\Answered" not in flags

    asyncio.run(work())


def test_what_the_user_attaches_goes_along_too():
    """A new file stands beside those of the original."""

    async def work():
        room = Room()
        item = await room.received(ORIGINAL)
        new = EmailMessage(policy=SMTP)
        new["To"] = "bob@example.org"
        new.set_content("see both")
        new.add_attachment(b"mine", "application", "zip", filename="mine.zip")
        await smart(room, document(bytes(new), item, reply=False), reply=False)
        assert files(room.postfix.last).keys() == {"mine.zip", "piano €.pdf"}

    asyncio.run(work())


def test_a_signed_mail_goes_as_it_is():
    """No octet of it changes, and the original is still marked."""

    async def work():
        room = Room()
        item = await room.received(ORIGINAL)
        await smart(room, document(SIGNED, item, reply=True), reply=True)
        assert room.postfix.taken[-1][2] == SIGNED
        [(_, flags)] = await room.mails("INBOX")
        assert "\\Answered" in flags

    asyncio.run(work())


def test_a_signed_original_is_forwarded_whole():
    """Whoever gets it can verify it: it is a mail within the mail, octet by octet."""

    async def work():
        room = Room()
        item = await room.received(SIGNED)
        await smart(room, document(PLAIN, item, reply=False), reply=False)
        assert SIGNED in room.postfix.taken[-1][2]
        assert "message/rfc822" in [each.get_content_type() for each in room.postfix.last.walk()]

    asyncio.run(work())


def test_replace_mime_means_that_nothing_is_added():
    """The device has written the whole mail itself."""

    async def work():
        room = Room()
        item = await room.received(ORIGINAL)
        whole = Element("ComposeMail:ReplaceMime")
        await smart(room, document(PLAIN, item, whole, reply=True), reply=True)
        assert room.postfix.last.get_content() == "Because. Così.\r\n"
        [(_, flags)] = await room.mails("INBOX")
        assert "\\Answered" in flags

    asyncio.run(work())


def test_12_1_names_the_original_in_the_query():
    """The mail comes as it is; the original is quoted all the same."""

    async def work():
        room = Room()
        item = await room.received(ORIGINAL)
        folder = item.partition(":")[0]
        query = {"collection_id": folder, "item_id": item, "save_in_sent": True}
        await smart(room, Asked(None, PLAIN), reply=True, version="12.1", **query)
        assert "first line" in room.postfix.last.get_content()
        assert len(await room.mails("Sent")) == 1

    asyncio.run(work())


def test_a_long_id_names_the_original_too():
    """It is the id that a search has given."""

    async def work():
        room = Room()
        item = await room.received(ORIGINAL)
        asked = document(PLAIN, item, reply=True, FolderId="", ItemId="", LongId=item)
        await smart(room, asked, reply=True)
        assert "first line" in room.postfix.last.get_content()

    asyncio.run(work())


def test_what_was_sent_is_not_sent_again_though_the_original_has_gone():
    """A device that missed the answer hears that the mail went out, not that it can't."""

    async def work():
        room = Room()
        item = await room.received(ORIGINAL)
        asked = document(PLAIN, item, reply=True)
        await smart(room, asked, reply=True)
        await room.mail.expunge("INBOX", [1])
        assert await status_of(room, asked, reply=True) == 118
        assert len(room.postfix.taken) == 1

    asyncio.run(work())


def test_an_original_that_is_not_there_is_an_error():
    """Gone, in no folder, of another kind: nothing is sent, nothing is marked."""

    async def work():
        room = Room()
        item = await room.received(ORIGINAL)
        contacts = (await room.folder(Type.CONTACTS)).id
        folder = item.partition(":")[0]
        for wrong in (f"{folder}:99", "zz9:1", f"{contacts}:1", "rubbish", f"{folder}:abc"):
            assert await status_of(room, document(PLAIN, wrong, reply=True), reply=True) == 150
        both = document(PLAIN, item, reply=True, LongId=item)
        assert await status_of(room, both, reply=True) == 105
        assert await status_of(room, compose("SmartReply", PLAIN), reply=True) == 103
        assert room.postfix.taken == []
        [(_, flags)] = await room.mails("INBOX")
        assert flags == frozenset()

    asyncio.run(work())


def test_a_folder_without_rights_holds_nothing():
    """What somebody shares no more can neither be quoted nor told from what isn't there."""

    async def work():
        room = Room()
        bob = room.boxes.mailbox("bob@example.org")
        await bob.append("INBOX", ORIGINAL)
        room.boxes.share("bob@example.org", "INBOX", "ada@example.org", "lrs")
        shared = next(each for each in await room.hub.tree() if each.owner and each.is_mail)
        asked = document(PLAIN, f"{shared.id}:1", reply=True)
        room.boxes.share("bob@example.org", "INBOX", "ada@example.org", "l")
        assert await status_of(room, asked, reply=True) == 150
        room.boxes.share("bob@example.org", "INBOX", "ada@example.org", "lrs")
        await smart(room, asked, reply=True)
        assert "first line" in room.postfix.last.get_content()

    asyncio.run(work())


def test_what_is_larger_than_a_request_is_refused():
    """No original makes the gateway hold more than it was told to."""

    async def work():
        room = Room(limits=Limits(request_bytes=len(ORIGINAL) + len(PLAIN) - 1))
        item = await room.received(ORIGINAL)
        assert await status_of(room, document(PLAIN, item, reply=False)) == 122
        room.limits = Limits(request_bytes=len(ORIGINAL) + len(PLAIN))
        await smart(room, document(PLAIN, item, reply=False), reply=False)

    asyncio.run(work())


def test_an_original_is_not_marked_when_the_mail_is_refused():
    """What was not sent was not an answer."""

    async def work():
        room = Room()
        item = await room.received(ORIGINAL)
        room.postfix.raises = [SubmissionError("550 5.7.1 no", temporary=False)]
        assert await status_of(room, document(PLAIN, item, reply=True), reply=True) == 120
        [(_, flags)] = await room.mails("INBOX")
        assert flags == frozenset()

    asyncio.run(work())


def test_a_mark_that_cannot_be_set_does_not_unsend_the_mail(monkeypatch):
    """The answer says that the mail is on its way."""

    async def work():
        room = Room()
        item = await room.received(ORIGINAL)

        async def no(*_, **__):
            raise MailboxError("no")

        monkeypatch.setattr(room.mail, "store", no)
        assert await smart(room, document(PLAIN, item, reply=True), reply=True) == Answer()

    asyncio.run(work())


def test_an_invitation_is_forwarded_as_one():
    """Whoever gets it can answer it, and gets none of the user's reminders."""

    async def work():
        room = Room()
        item = await room.planned("budget.ics", MEETING)
        await smart(room, document(PLAIN, item, reply=False), reply=False)
        [part] = [each for each in room.postfix.last.walk() if each.get_param("method")]
        text = part.get_payload(decode=True).decode()
        assert part.get_param("method") == "REQUEST"
        assert "METHOD:REQUEST" in text
        assert "UID:budget@example.org" in text
        assert "VALARM" not in text
        shown = room.postfix.last.get_body(("plain",)).get_content()
        assert "Subject: Bilancio" in shown
        assert "When: 02/12/2026 09:00" in shown
        assert "Agenda" in shown

    asyncio.run(work())


def test_one_occurrence_is_forwarded_alone():
    """InstanceId takes one out of the series; a time without one is none."""

    async def work():
        room = Room()
        item = await room.planned("budget.ics", MEETING)
        one = document(PLAIN, item, reply=False, InstanceId="2026-12-09T08:00:00.000Z")
        await smart(room, one, reply=False)
        [part] = [each for each in room.postfix.last.walk() if each.get_param("method")]
        text = part.get_payload(decode=True).decode()
        assert "RECURRENCE-ID;TZID=Europe/Rome:20261209T090000" in text
        assert "RRULE" not in text.partition("BEGIN:VEVENT")[2]
        none = document(PLAIN, item, reply=False, InstanceId="2026-12-10T08:00:00.000Z")
        assert await status_of(room, none) == 118
        other = Room()
        item = await other.planned("budget.ics", MEETING)
        assert await status_of(other, none) == 150

    asyncio.run(work())


def test_an_appointment_without_guests_is_a_file():
    """Nobody is asked to answer what nobody was invited to."""

    async def work():
        room = Room()
        lines = [
            each
            for each in MEETING.decode().splitlines()
            if not each.startswith(("ORGANIZER", "ATTENDEE", "RRULE"))
        ]
        item = await room.planned("mine.ics", "\r\n".join(lines).encode())
        await smart(room, document(PLAIN, item, reply=False), reply=False)
        assert list(files(room.postfix.last)) == ["Bilancio.ics"]
        assert b"METHOD:PUBLISH" in files(room.postfix.last)["Bilancio.ics"]
        series = document(PLAIN, item, reply=False, InstanceId="2026-12-09T08:00:00.000Z")
        other = Room()
        await other.planned("mine.ics", "\r\n".join(lines).encode())
        assert await status_of(other, series) == 146

    asyncio.run(work())


def forwardees(*people):
    return Element(
        "ComposeMail:Forwardees",
        [
            Element(
                "ComposeMail:Forwardee",
                [
                    Element("ComposeMail:ForwardeeName", name),
                    Element("ComposeMail:ForwardeeEmail", address),
                ],
            )
            for name, address in people
        ],
    )


def test_forwardees_get_a_mail_that_the_gateway_writes():
    """At 16 a device may name people instead of sending a mail."""

    async def work():
        room = Room(language="it")
        item = await room.planned("budget.ics", MEETING)
        to = forwardees(("Zoë B", "zoe@example.org"), ("", "cy@example.org"))
        asked = document(None, item, to, reply=False)
        await smart(room, asked, reply=False, version="16.1")
        sender, recipients, _ = room.postfix.taken[-1]
        assert (sender, recipients) == ("ada@example.org", ("zoe@example.org", "cy@example.org"))
        assert room.postfix.last["Subject"] == "I: Bilancio"
        assert room.postfix.last["From"] == "Ada Lovelace <ada@example.org>"
        assert await status_of(Room(), asked, version="14.1") == 103

    asyncio.run(work())


def test_forwardees_are_written_to_and_nobody_else():
    """Whom the mail itself names is passed over; what it says stands."""

    async def work():
        room = Room()
        item = await room.planned("budget.ics", MEETING)
        asked = document(PLAIN, item, forwardees(("Cy", "cy@example.org")), reply=False)
        await smart(room, asked, reply=False, version="16.0")
        assert room.postfix.taken[-1][1] == ("cy@example.org",)
        assert "Because" in room.postfix.last.get_body(("plain",)).get_content()
        wrong = document(PLAIN, item, forwardees(("Cy", "")), reply=False)
        assert await status_of(room, wrong, version="16.0") == 103

    asyncio.run(work())


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"no header",
        b"Content-Type: multipart/mixed\r\nDate: yesterday\r\nFrom: <<>>\r\n\r\n--\r\n",
        b"Content-Type: text/plain; charset=klingon\r\nContent-Transfer-Encoding: base64\r\n\r\n!!",
        b"Subject: =?x?q?=FF?=\r\nContent-Type: text/html; charset=utf-7\r\n\r\n\xff\xfe<p",
        b"\xff\xfe: \x00\r\n\r\n\x00",
    ],
)
@pytest.mark.parametrize("reply", [True, False])
def test_a_broken_original_can_be_answered(broken, reply):
    """Whatever lies in the mailbox, the new mail says what its writer has written."""
    made = amended(HTML, of_mail(broken, ADA), "en", reply=reply)

    sent = message_from_bytes(made, policy=SMTP)
    assert "Because" in sent.get_body(("html",)).get_content()
    assert sent["To"] == "bob@example.org"


@settings(deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=100), st.booleans())
def test_any_octets_are_quoted(message, new, reply):
    """Nothing in either mail breaks the assembly; what has no header is refused."""
    try:
        made = amended(b"To: b@example.org\r\n" + new, of_mail(message, ADA), "it", reply=reply)
    except LetterError:
        return
    assert made.startswith(b"To: b@example.org\r\n")


def test_both_languages_have_the_same_words():
    """No user reads half a heading."""
    assert quote._WORDS["it"].keys() == quote._WORDS["en"].keys()
