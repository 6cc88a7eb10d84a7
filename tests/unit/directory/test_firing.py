"""Which message rules fire."""

from __future__ import annotations

import pytest

from fermoposta.directory.firing import firing
from fermoposta.directory.model import Actions, Condition, MessageRule

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
