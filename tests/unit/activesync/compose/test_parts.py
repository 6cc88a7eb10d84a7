"""The parts of a whole mail, octet by octet."""

import email
from email.policy import default

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.activesync.postroom import crlf

from fermoposta.activesync.compose import parts
from fermoposta.activesync.map.mail.contents import contents

MIXED = crlf("""
From: bob@example.org
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Content-Type: multipart/mixed; boundary="a b"

before
--a b
Content-Type: multipart/alternative; boundary=ab

--ab
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Gr=FC=DFe
--ab
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PHA+aGk8L3A+
--ab--
--a b
Content-Type: application/pdf; name*=utf-8''piano%20%E2%82%AC.pdf
Content-Transfer-Encoding: base64

JVBERg==
--a b--
behind
""")


def test_parts_are_found_with_their_octets():
    """Texts are decoded, and an attachment is what stood there, without a line more."""
    parsed = parts.parse(MIXED)
    found = contents(parsed.root)

    assert parsed.text(found.plain) == "Grüße"
    assert parsed.text(found.html) == "<p>hi</p>"
    assert [each.name for each in found.attachments] == ["piano €.pdf"]
    assert parsed.octets["2"].endswith(b"base64\r\n\r\nJVBERg==")
    assert parsed.first("Subject") == "Grüße"


def test_the_only_part_leaves_the_header_behind():
    """Taken along, it says what it is, and nothing of whom the mail went to."""
    parsed = parts.parse(
        b"To: secret@example.org\r\nContent-Type: application/pdf\r\nX-A: b\r\n\r\n%PDF"
    )

    assert parsed.octets["1"] == b"Content-Type: application/pdf\r\n\r\n%PDF"


def test_a_multipart_that_cannot_be_taken_apart_is_one_part():
    """A broken mail is carried whole instead of being lost."""
    for head in ("multipart/mixed", "multipart/mixed; boundary=x", "multipart/mixed; boundary="):
        parsed = parts.parse(f"Content-Type: {head}\r\n\r\nwords".encode())

        assert parsed.root.type == "text/plain"
        assert parsed.text(parsed.root) == "words"


def test_a_part_without_a_header_is_text():
    """What a careless program writes between two boundaries is read."""
    parsed = parts.parse(
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nplain words\r\n--x--"
    )

    assert parsed.text(contents(parsed.root).plain) == "plain words"


def test_a_mail_that_was_made_to_do_harm_is_read_in_bounded_depth():
    """Parts within parts end somewhere, and nothing is lost."""
    message = b"innermost"
    for depth in range(100):
        message = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%s\r\n--b%d--" % (
            depth,
            depth,
            message,
            depth,
        )

    assert b"innermost" in b"".join(parts.parse(message).octets.values())


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_octets_have_parts(message):
    """Nothing that lies in a mailbox breaks the reader."""
    parsed = parts.parse(message)
    for each in parsed.root.walk():
        if each.main != "multipart":
            parsed.text(each)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=4))
def test_the_reader_agrees_with_the_standard_library(bodies):
    """Of a mail that is as it should be both find the same contents."""
    made = email.message.EmailMessage(policy=default)
    made["Subject"] = "x"
    made.set_content("text")
    for each in bodies:
        made.add_attachment(each, maintype="application", subtype="octet-stream", filename="f")

    parsed = parts.parse(made.as_bytes(policy=default.clone(linesep="\r\n")))

    found = contents(parsed.root).attachments
    assert [parts.content(parsed.octets[each.section]) for each in found] == bodies
