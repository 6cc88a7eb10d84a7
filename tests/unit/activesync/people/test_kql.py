from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.activesync.kql import KqlError, Question, days, parse, plain


def day(number, month=11):
    return datetime(2026, month, number, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("one two", Question(("one", "two"))),
        ('"one two" three', Question(("one two", "three"))),
        ("repor*", Question(("repor",))),
        ("one AND two", Question(("one", "two"))),
        ("one and two", Question(("one", "and", "two"))),
        ("from:ada", Question(header=(("From", "ada"),))),
        ('SUBJECT:"the engine" x', Question(("x",), (("Subject", "the engine"),))),
        ("to:a cc:b bcc:c", Question((), (("To", "a"), ("Cc", "b"), ("Bcc", "c")))),
        ("body:x", Question(("x",))),
        ("http://example.org/?a=1", Question(("http://example.org/?a=1",))),
        ("12:30", Question(("12:30",))),
        ('"', Question()),
        ("  ", Question()),
        ("", Question()),
        ("x x", Question(("x",))),
        ("%_' OR--", Question(("%_'", "OR--"))),
    ],
)
def test_a_question_is_words_and_fields(text, question):
    """Each of which must be in the mail; what means nothing is a word."""
    assert parse(text) == question


@pytest.mark.parametrize(
    ("text", "after", "before"),
    [
        ("received:2026-11-09", day(9), day(10)),
        ("received:=2026-11-9", day(9), day(10)),
        ("received:>=2026-11-09", day(9), None),
        ("received:>2026-11-09", day(10), None),
        ("received:<2026-11-09", None, day(9)),
        ("received:<=2026-11-09", None, day(10)),
        ("received:2026-11-01..2026-11-09", day(1), day(10)),
        ("received:>=2026-11-01 received:<2026-11-05 received:>=2026-11-03", day(3), day(5)),
    ],
)
def test_received_is_between_two_moments(text, after, before):
    """The first belongs to it, the last does not."""
    assert parse(text) == Question(after=after, before=before)


@pytest.mark.parametrize(
    "text",
    ["a OR b", "NOT a", "(a b)", "received:today", "received:2026-02-30", "received:>0000-01-01"],
)
def test_what_can_not_be_carried_out_is_refused(text):
    """Rather than answered with what was not asked for."""
    with pytest.raises(KqlError):
        parse(text)


def test_a_question_has_so_many_words():
    """Each of them is a search through the mailbox."""
    words = [f"w{each}" for each in range(21)]

    assert len(plain(words[:20]).words) == 20
    with pytest.raises(KqlError):
        plain(words)
    with pytest.raises(KqlError):
        parse(" ".join(f"from:{each}" for each in words))
    with pytest.raises(KqlError):
        plain(["x" * 1_025])


def test_plain_words_have_no_fields():
    """Who searches by words alone finds a colon where there is one."""
    assert plain(["from:ada OR", '"a b"']) == Question(("from:ada", "OR", "a b"))


def test_a_store_is_asked_for_a_day_more_on_either_side():
    """It judges days by a mail's own time zone."""
    question = Question(after=day(9), before=day(10))

    assert days(question) == (day(8).date(), day(12).date())
    assert days(Question()) == (None, None)


@given(st.text(max_size=60))
def test_any_text_is_a_question_or_refused(text):
    """And its words are in it as they were written."""
    try:
        question = parse(text)
    except KqlError:
        return
    assert all(word in text for word in question.words)
