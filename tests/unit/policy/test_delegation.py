"""What Postfix asks of a recipient, and what it is told."""

from __future__ import annotations

import pytest

from fermoposta.directory.route import Router
from fermoposta.inventory import load, parse
from fermoposta.policy.delegation import LONGEST, RequestError, Requests, encode
from fermoposta.policy.origin import Site
from fermoposta.policy.rate import Count, Rate
from fermoposta.policy.rcpt import AWAY, NO_OBJECTION, Desk

STATE = parse(
    load(
        {
            "mail_companies": {"acme": {"name": "Acme"}},
            "mail_domains": {"example.org": {"company": "acme"}},
            "mail_users": {
                "ada@example.org": {"name": "Ada"},
                "bob@example.org": {"name": "Bob", "restrict_receiving": True},
                "eve@example.org": {"name": "Eve", "recipients_per_hour": 1},
            },
        }
    )
)


def desk(**site):
    return Desk(Site(**site), Rate(), lambda: Router(STATE))


def asked(**fields):
    return {"protocol_state": "RCPT", "recipient": "ada@example.org", **fields}


def test_requests_come_in_any_pieces():
    """Whatever the network makes of it, each request is found once and whole."""
    data = b"request=smtpd_access_policy\nsender=a=b@x.test\n\nrequest=x\n\nrest="
    for size in (1, 3, 1000):
        requests = Requests()
        found = [
            each
            for start in range(0, len(data), size)
            for each in requests.feed(data[start : start + size])
        ]

        assert found == [
            {"request": "smtpd_access_policy", "sender": "a=b@x.test"},
            {"request": "x"},
        ]
    assert encode("DUNNO") == b"action=DUNNO\n\n"


@pytest.mark.parametrize("data", [b"nonsense\n\n", b"a=" + b"x" * (LONGEST + 1)])
def test_what_is_no_request_ends_the_connection(data):
    with pytest.raises(RequestError):
        Requests().feed(data)


def test_who_cannot_follow_the_directory_lets_mail_wait():
    away = Desk(Site(), Rate(), lambda: None)

    assert away.answer(asked(), 0) == AWAY
    assert AWAY.startswith("451 ")


def test_a_refusal_has_a_code_and_a_reason():
    refused = desk().answer(asked(recipient="bob@example.org", sender="x@far.test"), 0)

    assert refused.startswith("550 5.7.1 ")
    assert desk().answer(asked(sender="x@far.test"), 0) == NO_OBJECTION


def test_the_limit_of_an_hour():
    """It counts who logged in, slides on, and is the user's own where there is one."""
    busy = desk(recipients_per_hour=3)

    def at(minute, login="ada@example.org"):
        return busy.answer(asked(sasl_username=login, sender=login), minute)

    assert [at(minute)[:3] for minute in (0, 30, 59, 59)] == ["DUN", "DUN", "DUN", "450"]
    assert at(60) == NO_OBJECTION
    assert at(61).startswith("450 4.7.1")
    assert at(61, "Eve@Example.org") == NO_OBJECTION
    assert at(61, "eve@example.org").startswith("450 4.7.1")
    assert busy.answer(asked(sender="x@far.test"), 61) == NO_OBJECTION


def test_counts_outlive_the_process():
    """What was new is told once, again where it could not be kept, and adds to what comes back."""
    rate = Rate()
    rate.add("ada@example.org", 10)
    fresh = rate.fresh()
    assert fresh == [Count("ada@example.org", 10, 1)]
    assert rate.fresh() == []
    rate.again(fresh)
    assert rate.fresh() == fresh

    rate.restore([Count("ada@example.org", 10, 4), Count("ada@example.org", 5, 1)])
    assert rate.used("ada@example.org", 10) == 6
    rate.forget(65)
    assert rate.used("ada@example.org", 65) == 5
    rate.forget(1000)
    assert rate.used("ada@example.org", 65) == 0


@pytest.mark.feature("F143")
@pytest.mark.parametrize("to", ["bob@example.org.", "Bob@Example.org.", '"bob"@example.org'])
def test_another_way_to_write_an_address_is_no_way_in(to):
    assert desk().answer(asked(recipient=to, sender="x@far.test"), 0).startswith("550 5.7.1 ")


def test_nobody_writes_as_a_service_of_ours():
    """A bounce, or an answer, would be work for it."""
    for domain in ("agent.fermoposta.invalid", "X.Group.Refused.fermoposta.invalid."):
        answer = desk().answer(asked(sender=f"ham+ada=example.org+1@{domain}"), 0)
        assert answer.startswith("550 5.1.8 ")
    assert desk().answer(asked(sender="x@fermoposta.test"), 0) == NO_OBJECTION
