import email
import email.policy

import pytest
from tests.unit.booking.invitations import AT_NINE, NOW, Calendar, invitation, room

from fermoposta.booking import compose, find
from fermoposta.booking.words import SUMMARY_MAX

TYPE = "text/calendar; method=REQUEST"


def mail(*headers, kind=TYPE, body="BEGIN:VCALENDAR"):
    lines = ("From: Olga <olga@agency.test>", *headers, f"Content-Type: {kind}", "", body, "")
    return email.message_from_bytes("\r\n".join(lines).encode(), policy=email.policy.SMTP)


def test_who_writes_stands_in_from():
    """No domain vouches for Sender, so that anybody could write there."""
    found = find(mail("Sender: organizer@agency.test"))

    assert found.writers == {"olga@agency.test"}


@pytest.mark.parametrize(
    "charset", ["undefined", "punycode", "idna", "unicode_escape", "rot13", "none", "x" * 300]
)
def test_a_charset_that_is_none_is_read_all_the_same(charset):
    """Else the mail would come back again and again."""
    found = find(mail(kind=f"{TYPE}; charset={charset}", body="BEGIN:VCALENDAR \\ud800"))

    assert b"BEGIN:VCALENDAR" in found.content


@pytest.mark.parametrize("named", ["<>", "<a b@c>", "<\u00fc@c>", "x", "=?utf-8?q?=0a?="])
def test_a_broken_name_of_a_message_is_none(named):
    """An answer that quotes it could not be sent."""
    assert find(mail(f"Message-ID: {named}")).message_id == ""


@pytest.mark.parametrize("name", ["From", "Auto-Submitted", "Content-Language", "List-Id"])
def test_a_header_that_cannot_be_read_is_none(name):
    """The invitation is read all the same."""
    assert find(mail(f"{name}: =?utf-8?q?=0a?= <x")).method == "REQUEST"


def test_a_long_title_is_cut():
    """The subject of an answer is one that every server takes."""
    reply = Calendar().answer(invitation(*AT_NINE, f"LOCATION:{'x' * 20}")).reply
    long = type(reply)(True, reply.reason, to=reply.to, summary="\u00e8 " * 5000)

    message = compose(long, room(), to=reply.to, language="it", now=NOW)

    assert len(message["Subject"]) < SUMMARY_MAX + 20
