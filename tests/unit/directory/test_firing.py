"""Which message rules fire, and who is answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from fermoposta.directory.firing import answered, firing
from fermoposta.directory.model import (
    Actions,
    Company,
    Condition,
    Domain,
    MessageRule,
    OutOfOffice,
    State,
)

MAIL = (
    b"From: Shop <promo@shop.test>\r\nTo: ada@example.org\r\nCc: Bob <bob@example.org>\r\n"
    b"Subject: =?utf-8?q?Perch=C3=A9?= no\r\nX-Kind: Bulk\r\n\r\nciao\r\n"
)
ATTACHED = (
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf\r\n\r\n"
    b"x\r\n--b--\r\n"
)


def fires(*conditions: Condition, content: bytes = MAIL, match: str = "all") -> bool:
    rule = MessageRule("ada@example.org", "r", conditions, match=match)
    return list(firing([rule], content)) == [rule]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Condition("from", "is", "PROMO@shop.test"), True),
        (Condition("from", "is", "shop.test"), False),
        (Condition("from", "contains", "shop"), True),
        (Condition("to", "is", "bob@example.org"), True),
        (Condition("subject", "contains", "perché"), True),
        (Condition("subject", "is", "perché"), False),
        (Condition("header", "is", "bulk", "X-Kind"), True),
        (Condition("header", "is", "bulk", "X-Other"), False),
        (Condition("size", "over", len(MAIL)), False),
        (Condition("size", "under", len(MAIL) + 1), True),
        (Condition("has_attachment", "is", True), False),
        (Condition("has_attachment", "is", False), True),
    ],
)
def test_a_condition(condition: Condition, *, holds: bool) -> None:
    """As the compiled script tests it."""
    assert fires(condition) is holds


def test_an_attachment() -> None:
    """Media count, whatever the disposition says."""
    assert fires(Condition("has_attachment", "is", True), content=ATTACHED)


def test_all_or_any() -> None:
    """And none at all is every message."""
    good, bad = Condition("subject", "contains", "no"), Condition("from", "is", "x@y.test")

    assert not fires(good, bad)
    assert fires(good, bad, match="any")
    assert fires()


def test_the_order_and_the_end() -> None:
    """By position, then name; a rule that stops ends it, one that is off is passed over."""
    first = MessageRule("a@b.test", "z", position=0)
    off = MessageRule("a@b.test", "off", position=1, enabled=False)
    stops = MessageRule("a@b.test", "s", actions=Actions(stop=True), position=2)
    never = MessageRule("a@b.test", "n", position=3)

    assert list(firing([never, stops, off, first], MAIL)) == [first, stops]


@pytest.mark.parametrize(
    "header", [b"From: a<", b"To: x@", b'Cc: "', b"Subject: =?x?q?=ff?=", b"From: =?utf-8?b?/?="]
)
def test_a_malformed_header_is_read_as_it_stands(header: bytes) -> None:
    """It stops nothing; octets of UTF-8 are the letters that Sieve takes them for."""
    content = header + b"\r\nX-Kind: perch\xc3\xa9\r\n\r\n"

    for field in ("from", "to", "subject"):
        assert not fires(Condition(field, "is", "nobody"), content=content)
    assert fires(Condition("header", "is", "perché", "X-Kind"), content=content)


ADA, BOB, FRIEND = "ada@example.org", "bob@example.com", "friend@outside.test"
AWAY = OutOfOffice(ADA, "Back soon")
NOON = datetime(2026, 8, 3, 12, tzinfo=UTC)


def told(answer: OutOfOffice, sender: str = FRIEND, now: datetime = NOON) -> str | None:
    state = State.of_records(
        [
            Company("acme", "Acme"),
            Company("other", "Other"),
            Domain("example.org", "acme"),
            Domain("example.com", "acme"),
            Domain("other.example", "other"),
            answer,
        ]
    )
    return answered(state, ADA, sender, now)


def test_everybody_is_told_the_same_unless_said_otherwise() -> None:
    """Colleagues and strangers alike; but not where it is off, nor a bounce."""
    assert {told(AWAY), told(AWAY, BOB)} == {"Back soon"}
    assert told(replace(AWAY, enabled=False)) is None
    assert told(AWAY, "") is None
    assert answered(State(), ADA, FRIEND, NOON) is None


def test_strangers_are_told_what_is_for_strangers() -> None:
    """All domains of the company are colleagues, those of another company here are not."""
    away = replace(AWAY, external="Gone & back <soon>")

    assert (told(away, BOB), told(away, "Carl@Example.ORG")) == ("Back soon", "Back soon")
    assert told(away, FRIEND) == told(away, "zoe@other.example") == "Gone & back <soon>"


def test_who_is_not_of_the_company_is_told_nothing() -> None:
    """With that audience, even where there is a text for them."""
    away = replace(AWAY, audience="company", external="Gone")

    assert told(away, BOB) == "Back soon"
    assert told(away, FRIEND) is None


@pytest.mark.parametrize(
    ("starts", "ends", "answers"),
    [
        (NOON, None, True),
        (NOON.replace(minute=1), None, False),
        (None, NOON, False),
        (None, NOON.replace(minute=1), True),
        (date(2026, 8, 3), date(2026, 8, 3), True),
        (date(2026, 8, 4), None, False),
        (None, date(2026, 8, 2), False),
        (date(2026, 8, 3), NOON, False),
    ],
)
def test_an_answer_keeps_to_its_time(
    starts: date | None, ends: date | None, *, answers: bool
) -> None:
    """To the second, or to the day; the last day counts whole, the last moment no more."""
    assert (told(replace(AWAY, starts=starts, ends=ends)) is not None) is answers


def test_days_are_those_of_the_hosts_clock() -> None:
    """When it is the third in Rome, it may be the second in Greenwich."""
    night = datetime(2026, 8, 2, 22, 30, tzinfo=UTC)
    away = replace(AWAY, starts=date(2026, 8, 3))

    assert told(away, now=night) is None
    assert told(away, now=night.astimezone(ZoneInfo("Europe/Rome"))) == "Back soon"
