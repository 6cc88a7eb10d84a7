"""What a person is told of a mail's way, and a program."""

import json

import pytest
from click.testing import CliRunner

from fermoposta.cli import main
from fermoposta.cli.context import Context
from fermoposta.directory.model import (
    Actions,
    AllowedDomains,
    Company,
    Condition,
    Domain,
    Group,
    JunkRule,
    MessageRule,
    OutOfOffice,
    State,
    User,
)
from fermoposta.directory.store import MemoryStore
from fermoposta.service.settings import Settings

STATE = State.of_records([
    Company("acme", "Acme"),
    Domain("example.org", "acme"),
    User("ada@example.org", "Ada"),
    User("bob@example.org", "Bob", restrict_sending=True),
    User("eva@example.org", "Eva", redirect_to=("eva@elsewhere.test",), antispam=False),
    Group("all@example.org", "All", ("ada@example.org", "eva@example.org")),
    Group("board@example.org", "Board", ("ada@example.org",), senders="company"),
    AllowedDomains("example.org", ("partner.test",)),
    MessageRule(
        "ada@example.org", "Offers", (Condition("subject", "contains", "offer"),),
        Actions(move="Offers", stop=True),
    ),
    MessageRule("ada@example.org", "Never", position=1),
    OutOfOffice("eva@example.org", "Back\nsoon", external="Gone & back <soon>"),
    JunkRule("ada@example.org", "promo@shop.test", "allow"),
    JunkRule("example.org", "@shop.test", "block"),
])  # fmt: skip


@pytest.fixture
def explained():
    def run(*words):
        settings = Settings(host="mail.example.org", portal_host="portal.example.org")
        context = Context(opener=lambda: MemoryStore(STATE), _settings=settings)
        return CliRunner().invoke(main, ["explain", *words], obj=context)

    return run


def test_the_rule_that_decided_and_what_it_overrules(explained):
    """Both owners' rules are told, the deciding one first."""
    said = explained("promo@shop.test", "ada@example.org")

    assert said.exit_code == 0
    assert said.output.splitlines() == [
        "ada@example.org: inbox",
        (
            "  because: the owner allows this address"
            " (ada@example.org: promo@shop.test: allow, inventory)"
        ),
        (
            "  in spite of: the administrators block this domain"
            " (example.org: @shop.test: block, inventory)"
        ),
    ]


def test_each_mailbox_of_a_group_decides_for_itself(explained, tmp_path):
    """The ways are told, and where a redirect leaves."""
    message = tmp_path / "spam.eml"
    message.write_bytes(b"X-Spam: Yes\nSubject: x\n\nx\n")

    said = explained("x@nobody.test", "all@example.org", str(message)).output

    assert "all@example.org → ada@example.org: Quarantena\n  because: spam" in said
    assert "→ eva@elsewhere.test: sent on to another host" in said
    assert "→ eva@example.org: inbox\n  because: antispam is off" in said


def test_a_refusal_is_found(explained):
    """Exit code 1, the reply's code, and the reason."""
    outside = explained("x@nobody.test", "board@example.org")
    inside = explained("bob@example.org", "board@example.org", "--login", "bob@example.org")

    assert outside.exit_code == 1
    assert "refused, 550 5.7.1" in outside.output
    assert inside.exit_code == 0


def test_a_log_in_that_may_not_write_there(explained):
    """The restriction on sending holds for who is logged in."""
    assert explained("bob@example.org", "x@other.test", "--login", "bob@example.org").exit_code == 1
    assert (
        explained("bob@example.org", "x@partner.test", "--login", "bob@example.org").exit_code == 0
    )


def test_a_log_in_that_may_not_send_as_somebody(explained):
    """Nothing of the mail goes anywhere."""
    said = explained("ada@example.org", "eva@example.org", "--login", "bob@example.org")

    assert said.exit_code == 1
    assert said.output == (
        "bob@example.org may not send as ada@example.org: refused, whoever it is to\n"
    )


def test_message_rules_take_on_what_is_for_the_inbox(explained, tmp_path):
    """Those that fire, and none for what lies in the quarantine."""
    message = tmp_path / "offer.eml"
    message.write_bytes(b"Subject: An OFFER\nFrom: Shop <promo@shop.test>\n\nx\n")

    assert (
        "  then message rule: Offers\n"
        in explained("promo@shop.test", "ada@example.org", str(message)).output
    )
    assert "Offers" not in explained("x@shop.test", "ada@example.org", str(message)).output
    assert "Never" not in explained("promo@shop.test", "ada@example.org", str(message)).output


def test_for_programs(explained, tmp_path):
    """One JSON document with all of it."""
    message = tmp_path / "virus.eml"
    message.write_bytes(b"X-Virus: Eicar\nX-Spam: Yes\nSubject: x\n\nx\n")

    said = json.loads(
        explained("--json", "promo@shop.test", "ada@example.org", str(message)).output
    )

    assert said["infected"] == "Eicar"
    (delivery,) = said["deliveries"]
    assert delivery["folder"] == "quarantine"
    assert delivery["header"] == "quarantine; infected"
    assert [reason["ground"] for reason in delivery["reasons"]] == [
        "infected",
        "owner",
        "administrators",
        "spam",
    ]
    assert said["refusals"] == []


def test_no_address(explained):
    """Said as other commands say it."""
    said = explained("nonsense", "ada@example.org")

    assert said.exit_code == 3
    assert "nonsense" in said.output


def test_a_bounce(explained):
    """Has no sender, and no rule is on it."""
    assert "ada@example.org: inbox" in explained("", "ada@example.org").output


def test_who_is_away_answers_what_is_for_the_inbox(explained, tmp_path):
    """Strangers are told what is for strangers; nobody answers a bounce, or what is quarantined."""
    virus = tmp_path / "virus.eml"
    virus.write_bytes(b"X-Virus: Eicar\nSubject: x\n\nx\n")
    to = "eva@example.org"

    assert "  then out of office: Gone & back <soon>\n" in explained("x@nobody.test", to).output
    colleague = explained("ada@example.org", to, "--login", "ada@example.org").output
    assert "  then out of office: Back soon\n" in colleague
    assert "out of office" not in explained("", to).output
    assert "out of office" not in explained("x@nobody.test", to, str(virus)).output
    deliveries = json.loads(explained("--json", "x@nobody.test", to).output)["deliveries"]
    assert {each["address"]: each["answer"] for each in deliveries} == {
        to: "Gone & back <soon>",
        "eva@elsewhere.test": None,
    }
