"""Messages of Outlook's as mail: the same one gives the same octets, whatever it has."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from fermoposta.outlook.mail import flags_of, of_message
from fermoposta.outlook.properties import (
    BODY,
    CODEPAGE,
    DELIVERED,
    FLAG_STATUS,
    HEADERS,
    HTML,
    IMPORTANCE,
    LAST_VERB,
    MESSAGE_CLASS,
    MESSAGE_FLAGS,
    MESSAGE_ID,
    RTF,
    SUBJECT,
    Attachment,
    Bag,
    Key,
    Recipient,
    Value,
)

if TYPE_CHECKING:
    from email.message import EmailMessage

NOTE: dict[Key, Value] = {
    MESSAGE_CLASS: "IPM.Note",
    SUBJECT: "Perché\r\nno",
    BODY: "Ciao\r\nè tardi",
    0x0042: "Ada L.",
    0x5D02: "ada@example.org",
    DELIVERED: datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
}


def parsed(bag: Bag) -> EmailMessage:
    octets = of_message(bag)
    assert octets == of_message(bag), "a second import would not know it"
    assert b"\n" not in octets.replace(b"\r\n", b"")
    return email.message_from_bytes(octets, policy=email.policy.default)  # type: ignore[return-value]


def test_one_that_was_never_sent_gets_headers() -> None:
    """Of its properties; a line break in one of them makes no header."""
    bag = Bag(
        "1",
        {**NOTE, IMPORTANCE: 2, MESSAGE_ID: "<x@example.org>"},
        (Recipient("Bob", "bob@example.org"), Recipient("/o=Exchange/cn=carla", "/o=E/cn=c", 2)),
    )

    message = parsed(bag)

    assert message["From"] == '"Ada L." <ada@example.org>'
    assert message["To"] == "Bob <bob@example.org>"
    assert message["Cc"].endswith("<unknown@outlook.import.invalid>")
    assert message["Subject"] == "Perché no"
    assert message["Date"] == "Thu, 02 Jan 2020 03:04:05 +0000"
    assert (message["Message-ID"], message["Importance"]) == ("<x@example.org>", "high")
    assert message.get_content().splitlines() == ["Ciao", "è tardi"]


def test_one_that_arrived_keeps_its_headers() -> None:
    """As they are and in their order, but for those of a body that is made anew."""
    told = (
        "Received: from a\r\n by b; Thu, 2 Jan 2020 03:04:05 +0000\r\nFrom: x@far.example\r\n"
        "Content-Type: multipart/mixed;\r\n boundary=old\r\nMIME-Version: 1.0\r\n"
        "X-Odd:\tyes\r\n\r\n"
    )

    octets = of_message(Bag("1", {**NOTE, HEADERS: told}))

    assert octets.startswith(
        b"Received: from a\r\n by b; Thu, 2 Jan 2020 03:04:05 +0000\r\nFrom: x"
    )
    assert b"X-Odd:\tyes\r\nMIME-Version: 1.0\r\nContent-Type: text/plain" in octets
    assert octets.count(b"MIME-Version") == 1
    assert b"boundary=old" not in octets


def test_bodies_and_what_hangs_on_have_their_places() -> None:
    """Plain and HTML, a picture of the text beside it, a file, and a message in the message."""
    inner = Bag("2", {**NOTE, SUBJECT: "Inside"})
    bag = Bag(
        "1",
        {**NOTE, HTML: "<p>è <img src='cid:pic@x'></p>".encode("cp1252"), CODEPAGE: 1252},
        attachments=(
            Attachment("a.pdf", "application/pdf", b"%PDF"),
            Attachment("pic.png", "image/png", b"png", "<pic@x>"),
            Attachment("", "not a type", b"\0"),
            Attachment("Fwd", "message/rfc822", b"", embedded=inner),
        ),
    )

    message = parsed(bag)

    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html",
        "image/png", "application/pdf", "application/octet-stream", "application/octet-stream",
    ]  # fmt: skip
    html = message.get_body(("html",))
    assert html is not None
    assert "è <img" in html.get_content()
    names = [part.get_filename() for part in message.iter_attachments()]
    assert names == ["a.pdf", "attachment", "Fwd.eml"]
    (last,) = [part for part in message.iter_attachments() if part.get_filename() == "Fwd.eml"]
    assert b"Subject: Inside" in last.get_content()


def test_rich_text_alone_becomes_text_and_is_kept() -> None:
    """Formatted, beside it."""
    rtf = rb"{\rtf1\ansi Hello \b bold\b0 }"

    message = parsed(Bag("1", {MESSAGE_CLASS: "IPM.Note", RTF: rtf}))

    text = message.get_body(("plain",))
    assert text is not None
    assert text.get_content().strip() == "Hello bold"
    (kept,) = message.iter_attachments()
    assert (kept.get_filename(), kept.get_content()) == ("body.rtf", rtf)


def test_what_is_signed_stays_as_it_was() -> None:
    """Or nobody could check the signature."""
    signed = b'Content-Type: multipart/signed; boundary="b"\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n'
    bag = Bag(
        "1",
        {**NOTE, MESSAGE_CLASS: "IPM.Note.SMIME.MultipartSigned"},
        attachments=(Attachment("smime.p7m", "multipart/signed", signed),),
    )
    secret = Bag(
        "1",
        {**NOTE, MESSAGE_CLASS: "IPM.Note.SMIME"},
        attachments=(Attachment("smime.p7m", "application/pkcs7-mime", b"\1\2"),),
    )

    assert of_message(bag).endswith(b"MIME-Version: 1.0\r\n" + signed)
    assert parsed(secret).get_content_type() == "application/pkcs7-mime"
    assert parsed(secret).get_content() == b"\1\2"


@pytest.mark.parametrize(
    ("values", "flags"),
    [
        ({}, set()),
        ({MESSAGE_FLAGS: 1}, {"\\Seen"}),
        ({MESSAGE_FLAGS: 8, FLAG_STATUS: 2}, {"\\Draft", "\\Flagged"}),
        ({FLAG_STATUS: 1, LAST_VERB: 103}, {"\\Answered"}),
        ({LAST_VERB: 104}, {"$Forwarded"}),
    ],
)
def test_what_was_done_with_it_is_in_the_flags(values: dict[Key, Value], flags: set[str]) -> None:
    """Read, marked, answered, sent on, not sent yet."""
    assert flags_of(Bag("1", values)) == flags


@pytest.mark.parametrize("text", ["\ud800", "a\0b", "\x01\x04RE: x", "=?utf-8?q?x", "a" * 2000])
def test_odd_texts_make_a_message_all_the_same(text: str) -> None:
    """Whatever was in the file."""
    bag = Bag("1", {MESSAGE_CLASS: "IPM.Note", SUBJECT: text, BODY: text, 0x0042: text})

    assert parsed(bag)["Subject"] is not None
