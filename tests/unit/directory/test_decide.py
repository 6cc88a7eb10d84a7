"""Where a message lands: the table "Junk decision order", row by row, and what it leaves open."""

from __future__ import annotations

import pytest

from fermoposta.directory.decide import Facts, Ground, Policy, decide, policy_of, sender_form
from fermoposta.directory.model import Company, Domain, JunkRule, Resource, State, User

SENDER = "marco.rossi@dominio.it"
ADA = User("ada@example.org", "Ada")


def rules(scope: str, **by_sender: str) -> dict[str, JunkRule]:
    return {sender: JunkRule(scope, sender, action) for sender, action in by_sender.items()}


def user(**by_sender: str) -> dict[str, JunkRule]:
    return rules(ADA.address, **by_sender)


def admin(**by_sender: str) -> dict[str, JunkRule]:
    return rules("example.org", **by_sender)


def verdict(name: str) -> Facts:
    return Facts(SENDER, "Eicar" if "infected" in name else None, spam="spam" in name)


@pytest.mark.parametrize("mine", [None, "allow", "block"])
@pytest.mark.parametrize("theirs", [None, "allow", "block"])
@pytest.mark.parametrize("said", ["clean", "spam", "infected", "infected spam"])
@pytest.mark.parametrize("antivirus", [True, False])
@pytest.mark.parametrize("antispam", [True, False])
def test_every_row_of_the_table(
    *, mine: str | None, theirs: str | None, said: str, antivirus: bool, antispam: bool
) -> None:
    """An infected message first, then the owner, the administrators, the filter."""
    policy = Policy(
        user(**{SENDER: mine}) if mine else {},
        admin(**{SENDER: theirs}) if theirs else {},
        antivirus=antivirus,
        antispam=antispam,
    )

    if "infected" in said and antivirus:
        expected = "quarantine"
    elif mine or theirs:
        expected = "inbox" if (mine or theirs) == "allow" else "quarantine"
    else:
        expected = "quarantine" if "spam" in said and antispam else "inbox"

    assert decide(verdict(said), policy).folder == expected


@pytest.mark.feature("F169", "F170")
@pytest.mark.parametrize(
    ("sender", "rule", "matches"),
    [
        ("marco.rossi@dominio.it", "marco.rossi@dominio.it", True),
        ("Marco.Rossi@DOMINIO.it", "marco.rossi@dominio.it", True),
        ('"marco.rossi"@dominio.it', "marco.rossi@dominio.it", True),
        ("marco.rossi+news@dominio.it", "marco.rossi@dominio.it", False),
        ("marco@dominio.it", "marco.rossi@dominio.it", False),
        ("marco.rossi@sub.dominio.it", "marco.rossi@dominio.it", False),
        ("anybody@dominio.it", "@dominio.it", True),
        ("anybody@Dominio.IT", "@dominio.it", True),
        ("anybody@sub.dominio.it", "@dominio.it", False),
        ("anybody@notdominio.it", "@dominio.it", False),
        ("a@xn--caff-8oa.example", "@xn--caff-8oa.example", True),
        ("", "@dominio.it", False),
    ],
)
def test_what_a_rule_matches(sender: str, rule: str, *, matches: bool) -> None:
    """An address matches that address only, a domain everybody in it, a bounce nothing."""
    decided = decide(Facts(sender), Policy(user(**{rule: "block"})))

    assert (decided.folder == "quarantine") is matches


@pytest.mark.parametrize("of", [user, admin])
@pytest.mark.parametrize(("exact", "whole"), [("allow", "block"), ("block", "allow")])
def test_an_address_beats_its_domain(of: type, exact: str, whole: str) -> None:
    """The more specific rule of the same owner wins, in both directions."""
    named = of(**{SENDER: exact, "@dominio.it": whole})
    policy = Policy(user_rules=named) if of is user else Policy(admin_rules=named)

    assert decide(Facts(SENDER, spam=True), policy).reasons[0].rule == named[SENDER]
    other = decide(Facts("x@dominio.it"), policy)
    assert other.folder == ("inbox" if whole == "allow" else "quarantine")


@pytest.mark.feature("F177")
def test_the_owners_domain_beats_the_administrators_address() -> None:
    """Whose rule it is counts before how specific it is."""
    policy = Policy(user(**{"@dominio.it": "allow"}), admin(**{SENDER: "block"}))

    decided = decide(Facts(SENDER), policy)

    assert decided.folder == "inbox"
    assert [reason.ground for reason in decided.reasons] == [Ground.OWNER, Ground.ADMINISTRATORS]


def test_the_reason_is_said_in_the_message() -> None:
    """What decided, in words, and nothing where nothing had to be decided."""
    allowed = Policy(user(**{SENDER: "allow"}), admin(**{"@dominio.it": "block"}))

    assert decide(Facts(SENDER, spam=True), allowed).header == (
        "inbox; the owner allows this address"
    )
    assert decide(Facts(SENDER), Policy(admin_rules=allowed.admin_rules)).header == (
        "quarantine; the administrators block this domain"
    )
    assert decide(Facts(SENDER, "Eicar"), allowed).header == "quarantine; infected"
    assert decide(Facts(SENDER), Policy()).header is None


def test_the_policy_of_a_mailbox() -> None:
    """The owner's rules and switches, the rules of the mailbox's domain, and nobody else's."""
    room = Resource("sala@example.org", "Sala")
    state = State.of_records([
        Company("acme", "Acme"),
        Domain("example.org", "acme"),
        User("ada@example.org", "Ada", antispam=False),
        User("bob@example.org", "Bob"),
        room,
        mine := JunkRule("ada@example.org", "@a.test", "allow"),
        JunkRule("bob@example.org", "@b.test", "allow"),
        theirs := JunkRule("example.org", "@c.test", "block"),
        JunkRule("example.net", "@d.test", "block"),
    ])  # fmt: skip

    assert policy_of(state, "ada@example.org") == Policy(
        {"@a.test": mine}, {"@c.test": theirs}, antispam=False
    )
    assert policy_of(state, room.address) == Policy({}, {"@c.test": theirs})


def test_only_ascii_letters_are_folded() -> None:
    """As Sieve's comparator does it (RFC 4790, section 9.2.1)."""
    assert sender_form("\u212aA@X.test") == "\u212aa@x.test"
