"""A mail as a device has written it, and as it goes out."""

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.activesync.postroom import ADA, NOW, crlf

from fermoposta.activesync.compose.letter import LetterError, completed, read

PLAIN = crlf("""
From: Ada <ada@example.org>
To: bob@example.org
Bcc: spy@example.org,
 other@example.org
Subject: Hello
Date: Thu, 26 Nov 2026 10:00:00 +0100
Message-ID: <1@phone>
MIME-Version: 1.0

.text
""")


def test_nothing_changes_but_what_is_taken_out():
    """Every octet stays, a folded Bcc excepted."""
    sent = bytes(read(PLAIN).without(b"bcc"))

    assert sent == PLAIN.replace(b"Bcc: spy@example.org,\r\n other@example.org\r\n", b"")
    assert bytes(completed(read(PLAIN), ADA, NOW, "x")) == PLAIN


def test_recipients_of_blind_copies_are_recipients():
    """They stand in the envelope, although nobody sees them."""
    assert read(PLAIN).recipients() == ("bob@example.org", "spy@example.org", "other@example.org")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("To: Bob Rossi <bob@example.org>", ("bob@example.org",)),
        ('To: "Rossi, Bob" <bob@example.org>, c@example.org', ("bob@example.org", "c@example.org")),
        ("To: =?utf-8?Q?M=C3=BCller=2C_B?= <bob@example.org>", ("bob@example.org",)),
        ("To: bob@example.org\r\nCc: bob@example.org", ("bob@example.org",)),
        ("To: undisclosed-recipients:;\r\nBcc: bob@example.org", ("bob@example.org",)),
        ("To: team: bob@example.org, c@example.org;", ("bob@example.org", "c@example.org")),
        ("To:", ()),
        ("Subject: to nobody", ()),
    ],
)
def test_recipients_are_read_from_all_that_people_write(line, found):
    """Names, groups and folded lists hold the addresses that stand in them, each once."""
    assert read(f"{line}\r\n\r\nx".encode()).recipients() == found


@pytest.mark.parametrize("line", ["To: bob", "To: <bob@>", "To: ,;<<", "Cc: a@example.org, bob"])
def test_no_recipient_is_passed_over(line):
    """Where one can't be understood, the writer is told instead of the mail going to the rest."""
    with pytest.raises(LetterError):
        read(f"{line}\r\n\r\nx".encode()).recipients()


def test_what_is_missing_is_put_in_front():
    """Date, From and Message-ID are made, the same one each time; what is there stays."""
    letter = completed(read(b"To: bob@example.org\r\n\r\nx"), ADA, NOW, "abc")

    assert bytes(letter).endswith(b"To: bob@example.org\r\n\r\nx")
    assert letter.message_id == "<abc@example.org>"
    assert letter.first(b"from") == "Ada Lovelace <ada@example.org>"
    assert letter.first(b"date") == "Thu, 26 Nov 2026 09:30:00 +0000"
    assert letter.values(b"mime-version") == []


def test_a_name_in_other_letters_is_encoded():
    """The header stays within ASCII (RFC 2047)."""
    owner = replace(ADA, name="Zoë Ångström")

    made = bytes(completed(read(b"To: b@example.org\r\n\r\n"), owner, NOW, "abc"))

    assert made.isascii()
    assert b"<ada@example.org>" in made


def test_a_part_without_a_version_gets_one():
    """Without MIME-Version what says Content-Type would be read as plain text."""
    letter = completed(read(b"Content-Type: text/html\r\n\r\n<p>"), ADA, NOW, "abc")

    assert letter.values(b"mime-version") == ["1.0"]


def test_lines_end_as_smtp_has_them():
    """Nothing that goes out can be taken for the end of the mail, or for two lines."""
    sent = bytes(read(b"To: b@example.org\nSubject: x\n\nfirst\n.\nsecond\rthird\r\n"))

    assert sent == b"To: b@example.org\r\nSubject: x\r\n\r\nfirst\r\n.\r\nsecond\r\nthird\r\n"


@pytest.mark.parametrize("message", [b"", b"\r\n\r\nno header", b"just words"])
def test_what_has_no_header_is_no_mail(message):
    """It is refused instead of sent as something that the writer has not meant."""
    with pytest.raises(LetterError):
        read(message)


@pytest.mark.parametrize("piece", [b'"', b'"" ', b'a "" ', b"a.", b"<a>", b"(", b"\\"])
def test_an_address_of_many_thousand_characters_is_refused_at_once(piece):
    """What is read of one takes the square of its length, and others would wait for it."""
    begun = time.process_time()

    with pytest.raises(LetterError, match="longer than"):
        read(b"To: " + piece * (150_000 // len(piece)) + b"\r\n\r\nx").recipients()

    assert time.process_time() - begun < 1


def test_a_body_is_never_taken_for_a_header():
    """What ends the header is the body's beginning, even without an empty line."""
    letter = read(b"To: b@example.org\r\nhello world\r\nBcc: spy@example.org\r\n")

    assert letter.recipients() == ("b@example.org",)
    assert bytes(letter) == b"To: b@example.org\r\n\r\nhello world\r\nBcc: spy@example.org\r\n"


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_octets_are_a_mail_or_are_refused(message):
    """Whatever a device sends, the answer is a mail with recipients, or LetterError."""
    try:
        completed(read(message), ADA, NOW, "x").recipients()
    except LetterError:
        return
