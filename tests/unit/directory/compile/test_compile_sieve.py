"""Scripts of single mailboxes and of domains, as text; what they do is tested on a host."""

import pytest

from fermoposta.directory.compile.sieve import domain_script, mailbox_script
from fermoposta.directory.decide import Policy
from fermoposta.directory.model import JunkRule

MINE = "ada@example.org"


def rules(scope: str, *listed: tuple[str, str]) -> dict[str, JunkRule]:
    return {sender: JunkRule(scope, sender, action) for sender, action in listed}


EVERYTHING = Policy(
    rules(
        MINE,
        ("marco@dominio.it", "allow"),
        ("x'{}|`$%#@odd.test", "block"),
        ("@spam.test", "block"),
        ("@news.test", "allow"),
    ),
    antivirus=False,
    antispam=False,
)


def test_most_mailboxes_need_no_script() -> None:
    """With both switches on and no rule, what is the same for everybody does."""
    assert mailbox_script(Policy()) is None
    assert domain_script({}) is None


def test_administrators_rules_are_in_no_mailboxs_script() -> None:
    """Ten thousand mailboxes share the one script of their domain."""
    theirs = rules("example.org", ("@spam.test", "block"))

    assert mailbox_script(Policy(admin_rules=theirs)) is None
    assert "spam.test" in (domain_script(theirs) or "")


@pytest.mark.parametrize(("antivirus", "antispam"), [(True, False), (False, True)])
def test_a_switch_acts_on_its_own_verdict_only(*, antivirus: bool, antispam: bool) -> None:
    """Antispam off releases no virus, antivirus off no spam."""
    text = mailbox_script(Policy(antivirus=antivirus, antispam=antispam)) or ""

    assert ('"X-Fermoposta-Unfiltered" "infected"' in text) is not antivirus
    assert ('"X-Fermoposta-Unfiltered" "spam"' in text) is not antispam


def test_addresses_are_looked_at_before_domains() -> None:
    """The more specific rule wins, since the first test that holds does."""
    text = mailbox_script(EVERYTHING) or ""

    last_address = max(text.index(each) for each in ('"marco@dominio.it"', "odd.test"))
    assert last_address < min(text.index(f'"{each}.test"') for each in ("spam", "news"))


def test_the_same_rules_make_the_same_script() -> None:
    """Whatever the order in which they were given: nothing is written twice."""
    listed = [("@a.test", "block"), ("@b.test", "block"), ("c@c.test", "allow")]

    assert mailbox_script(Policy(rules(MINE, *listed))) == mailbox_script(
        Policy(rules(MINE, *reversed(listed)))
    )


def test_a_quote_or_a_backslash_stays_inside_its_string() -> None:
    """No sender can end a string and say something of its own."""
    text = mailbox_script(Policy(rules(MINE, ('a"\\b@x.test', "block")))) or ""

    assert '"a\\"\\\\b@x.test"' in text
