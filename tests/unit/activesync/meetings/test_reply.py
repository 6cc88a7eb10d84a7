"""The mail that tells the organiser."""

import email
from datetime import UTC, datetime
from email.policy import default

import pytest
from icalendar import Calendar
from tests.unit.activesync.map.calendar.appointments import BOB
from tests.unit.activesync.meetings.test_answer import MOVED, NOW, SERIES, SINGLE, mailed

from fermoposta.activesync.meetings import words
from fermoposta.activesync.meetings.answer import Response
from fermoposta.activesync.meetings.reply import Said, mail, organiser_of


def written(*events, response=Response.ACCEPTED, said=None, language="en"):
    outcome = mailed(*events, response=response)
    made = mail(outcome, BOB, response, said or Said(), language=language, now=NOW)
    message = email.message_from_bytes(made, policy=default)
    part = next(each for each in message.walk() if each.get_content_type() == "text/calendar")
    return message, part, Calendar.from_ical(part.get_payload(decode=True))


@pytest.mark.parametrize(
    ("response", "language", "subject"),
    [
        (Response.ACCEPTED, "en", "Accepted: Budget"),
        (Response.TENTATIVE, "it", "Provvisorio: Budget"),
        (Response.DECLINED, "it", "Rifiutato: Budget"),
    ],
)
def test_a_reply_says_who_answers_what(response, language, subject):
    """It has one attendee, the user as the organiser has spelt it, and the version answered."""
    message, part, calendar = written(SINGLE, response=response, language=language)

    [event] = calendar.walk("VEVENT")
    assert message["Subject"] == subject
    assert message["To"] == "Ada <ada@example.org>"
    assert part.get_param("method") == calendar["METHOD"] == "REPLY"
    assert str(event["ATTENDEE"]) == "mailto:BOB@example.org"
    assert event["ATTENDEE"].params["PARTSTAT"] == response.name
    assert (str(event["UID"]), event["SEQUENCE"]) == ("budget@example.org", 1)
    assert event["DTSTAMP"].dt == NOW
    assert "COMMENT" not in event


def test_what_the_user_writes_is_told():
    """In the mail's text, and in the answer for programs."""
    message, _, calendar = written(SINGLE, said=Said("Ci vediamo là"))

    assert message.get_body(("plain",)).get_content().strip() == "Ci vediamo là"
    assert str(calendar.walk("VEVENT")[0]["COMMENT"]) == "Ci vediamo là"


def test_a_reply_names_the_occurrence():
    """The organiser learns which evening is meant."""
    _, _, calendar = written(MOVED)

    assert "RECURRENCE-ID" in calendar.walk("VEVENT")[0]


def test_another_time_is_a_proposal():
    """A COUNTER has the new time, and the one that it was to be for Outlook."""
    start, end = datetime(2026, 12, 3, 14, tzinfo=UTC), datetime(2026, 12, 3, 15, tzinfo=UTC)
    message, part, calendar = written(
        SINGLE, response=Response.TENTATIVE, said=Said("", (start, end)), language="it"
    )

    [event] = calendar.walk("VEVENT")
    assert message["Subject"] == "Nuovo orario proposto: Budget"
    assert part.get_param("method") == calendar["METHOD"] == "COUNTER"
    assert (event.start, event.end) == (start, end)
    assert str(event["X-MS-OLK-ORIGINALSTART"]) == "20261202T080000Z"
    assert event["ATTENDEE"].params["PARTSTAT"] == "TENTATIVE"


def test_a_reply_to_a_series_has_no_rule():
    """It is the answer to all of it (RFC 5546, section 3.2.3)."""
    assert "RRULE" not in written(SERIES)[2].walk("VEVENT")[0]


@pytest.mark.parametrize(
    "organiser", ["mailto:", "urn:x", "mailto:no address", "mailto:a@b\\,c@d.example"]
)
def test_who_has_no_address_is_not_told(organiser):
    """Nothing that an invitation says becomes more than one recipient."""
    outcome = mailed(SINGLE)
    event = outcome.events[0]
    event["ORGANIZER"] = type(event["ORGANIZER"])(organiser.replace("\\", ""))

    assert organiser_of(outcome) == ""


def test_a_title_is_no_header():
    """Line breaks in what an organiser writes stay in the subject."""
    message, _, _ = written(SINGLE.replace("SUMMARY:Budget", "SUMMARY:a\\nBcc: eve@example.org"))

    assert message["Bcc"] is None
    assert message["Subject"] == "Accepted: a Bcc: eve@example.org"


def test_both_languages_have_the_same_words():
    """No organiser gets half an answer."""
    assert words._SUBJECTS["it"].keys() == words._SUBJECTS["en"].keys() == words._TEXTS["it"].keys()
