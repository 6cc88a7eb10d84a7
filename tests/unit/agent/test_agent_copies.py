"""The copies in the two Sent folders: evidence in, nothing else changed."""

import email
import email.policy

from hypothesis import given
from hypothesis import strategies as st

from fermoposta.agent.copies import MARK, Person, body, headers, ours, without

BOB = Person("bob@example.org", "Bob Frankston")
MAIL = (
    b"From: Ada <ada@example.org>\r\nTo: x@outside.test\r\nSubject: folded\r\n over two lines\r\n"
    b"Message-ID: <1@client.test>\r\n\r\nSender: is no header here\r\n"
)


def parsed(content):
    return email.message_from_bytes(content, policy=email.policy.default)


def test_the_copy_says_who_sent_it():
    """Even where the recipients are shown nobody but the represented."""
    copy = parsed(ours(MAIL, submission="7", sender=BOB))

    assert copy["Sender"] == "Bob Frankston <bob@example.org>"
    assert copy["From"] == "Ada <ada@example.org>"
    assert copy[MARK] == "7"


def test_a_sender_in_the_mail_gives_way():
    """There is one Sender, and it is who logged in."""
    copy = ours(b"sender: Eve <eve@outside.test>\r\n" + MAIL, submission="7", sender=BOB)

    assert headers(copy, "Sender") == [b"Sender: Bob Frankston <bob@example.org>\r\n"]


def test_a_name_is_written_in_ascii():
    """A header holds nothing else (RFC 2047), and the name is read again."""
    copy = ours(MAIL, submission="7", sender=Person("eva@example.org", "Eva Łaniewska"))

    assert copy.isascii()
    assert parsed(copy)["Sender"].addresses[0].display_name == "Eva Łaniewska"


def test_blind_copies_that_only_the_client_knew_are_kept():
    """They were never sent, and would be lost with the client's copy."""
    hidden = headers(b"Bcc: one@outside.test,\r\n two@outside.test\r\n" + MAIL, "bcc")

    copy = ours(MAIL, submission="7", sender=BOB, hidden=hidden)

    assert parsed(copy)["Bcc"] == "one@outside.test, two@outside.test"


def test_making_a_copy_of_a_copy_changes_nothing():
    """So that the same work may be done twice."""
    once = ours(MAIL, submission="7", sender=BOB)

    assert ours(once, submission="7", sender=BOB) == once


@given(st.binary())
def test_no_other_byte_changes(content):
    """Whatever was sent, broken mail too, stands in the copy to the byte."""
    copy = ours(content, submission="7", sender=BOB)

    assert copy.endswith(without(content, MARK, "Sender"))


@given(st.binary())
def test_copies_of_one_mail_are_known_as_such(content):
    """Apart from what we add they are alike."""
    mail = b"Subject: x\r\n\r\n" + content
    assert body(ours(mail, submission="7", sender=BOB)) == body(mail)
