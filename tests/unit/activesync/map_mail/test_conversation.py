from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.activesync.map.mail.conversation import Conversation, of_mail, topic_of
from fermoposta.activesync.map.mail.errors import MailError

DATE = datetime(2012, 5, 8, 20, 15, 45, 211_000, tzinfo=UTC)


def conversation(date=DATE, message_id="<m@x>", references="", topic="", thread_index=""):
    return of_mail(
        date=date,
        message_id=message_id,
        references=references,
        topic=topic,
        thread_index=thread_index,
    )


def test_the_index_is_the_time_as_microsoft_writes_it():
    """MS-ASCMD, section 4.10.5.2: that mail was sent 2.3 seconds before it was received."""
    sent = DATE - timedelta(seconds=2.31)

    assert conversation(sent).index.hex() == "cd2d575836"


def test_answers_belong_to_the_mail_that_began_it():
    """By the first reference, whatever comes after it."""
    first = conversation()
    answer = conversation(message_id="<n@x>", references="<m@x>\r\n <o@x>")

    assert answer.id == first.id
    assert len(first.id) == 16
    assert conversation(message_id="<n@x>").id != first.id


def test_without_ids_the_topic_must_do():
    """As with mail that programs write."""
    assert conversation(message_id="", topic="A").id == conversation(message_id="x", topic="a").id


def test_outlooks_own_index_is_kept():
    """So its tree of a conversation is the one that Outlook shows."""
    index = b"\1" + b"TIME5" + b"G" * 16 + b"reply" * 2

    found = conversation(thread_index=b64encode(index).decode())

    assert found == Conversation(b"G" * 16, b"TIME5replyreply")


@pytest.mark.parametrize("value", ["", "x", "ä", "AAAA", b64encode(b"x" * 23).decode()])
def test_an_index_that_is_none_is_passed_over(value):
    """Then the references count."""
    assert conversation(thread_index=value) == conversation()


def test_an_eternal_thread_has_an_end():
    """Its mails would have an index longer than their text."""
    index = b64encode(b"x" * (22 + 5 * 5_000)).decode()

    assert len(conversation(thread_index=index).index) == 5 + 5 * 100


@pytest.mark.parametrize(
    ("subject", "topic"),
    [
        ("Re: AW: Fwd[2]: lunch", "lunch"),
        ("RE : lunch: re: dinner", "lunch: re: dinner"),
        ("Regarding: lunch", "Regarding: lunch"),
        ("re:", ""),
    ],
)
def test_the_topic_is_the_subject_without_answers(subject, topic):
    """In the languages that mail programs speak."""
    assert topic_of(subject) == topic


def test_a_date_without_a_zone_is_refused():
    """It would be another time on each server."""
    with pytest.raises(MailError):
        conversation(date=datetime(2026, 1, 1))  # noqa: DTZ001


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.text(max_size=9),
    st.text(max_size=9),
    st.text(max_size=9),
)
def test_any_mail_has_a_conversation(date, references, topic, index):
    """Also one from before 1601, or with half a surrogate pair in its subject."""
    found = conversation(
        date=date, references=references, topic=topic + "\ud800", message_id="", thread_index=index
    )

    assert (len(found.id), len(found.index)) == (16, 5)
    assert conversation(date=DATE + timedelta(days=1)).index > conversation().index
