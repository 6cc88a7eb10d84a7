"""
Where a message lands in a mailbox, and why. Pure; what Dovecot runs is compiled to the same.

In this order the first that applies decides: an infected message goes to the quarantine, whatever
any rule says; then the owner's rule on the sender's address, on its domain; then the
administrators' for the mailbox's domain, in the same order; then the spam filter's verdict. The
sender is the envelope's (RFC 5321, section 4.1.1.2), never the header From.
"""

from __future__ import annotations

import re
import string
from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from fermoposta.directory.model import JunkRule, State

Folder = Literal["inbox", "quarantine"]

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_QUOTED_PAIR = re.compile(r"\\(.)")


class Ground(StrEnum):
    """What speaks for a folder, strongest first, or is why a verdict does not count."""

    INFECTED = "infected"
    OWNER = "owner"
    ADMINISTRATORS = "administrators"
    SPAM = "spam"
    ANTIVIRUS_OFF = "antivirus is off"
    ANTISPAM_OFF = "antispam is off"
    CLEAN = "nothing speaks against it"


@dataclass(frozen=True, slots=True)
class Reason:
    """One ground; *rule* is the junk rule behind it, *virus* the name that the scanner gave."""

    ground: Ground
    rule: JunkRule | None = None
    virus: str | None = None

    @property
    def text(self) -> str:
        """Return the words that stand in the message, without what others may not see."""
        if self.rule is None:
            return self.ground.value
        return rule_text(self.ground, self.rule.action, self.rule.sender)


def rule_text(ground: Ground, action: str, sender: str) -> str:
    """Say what a rule of the owner or the administrators does to a *sender* or ``@domain``."""
    verb = action + ("s" if ground is Ground.OWNER else "")
    what = "domain" if sender.startswith("@") else "address"
    return f"the {ground.value} {verb} this {what}"


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What is known of a message: its envelope sender ("" for bounces) and the filters' verdicts.

    *infected* is the virus' name, *spam* what the filter would have said in ``X-Spam``.
    """

    sender: str
    infected: str | None = None
    spam: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for one mailbox; rules are found by their sender, an address or ``@domain``."""

    user_rules: Mapping[str, JunkRule] = field(default_factory=dict)
    admin_rules: Mapping[str, JunkRule] = field(default_factory=dict)
    antivirus: bool = True
    antispam: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """A folder and the reasons: the first one decides, the others are what it overrules."""

    folder: Folder
    reasons: tuple[Reason, ...]

    @property
    def header(self) -> str | None:
        """Return the value of ``X-Fermoposta-Decision``; None where nothing had to be decided."""
        first = self.reasons[0]
        return None if first.ground is Ground.CLEAN else f"{self.folder}; {first.text}"


def decide(facts: Facts, policy: Policy) -> Decision:
    """Return where a message lands in the mailbox that *policy* is of."""
    found: list[tuple[Folder, Reason]] = []
    if facts.infected and policy.antivirus:
        found.append(("quarantine", Reason(Ground.INFECTED, virus=facts.infected)))
    for ground, rules in (
        (Ground.OWNER, policy.user_rules),
        (Ground.ADMINISTRATORS, policy.admin_rules),
    ):
        if rule := matching(rules, facts.sender):
            found.append(
                ("inbox" if rule.action == "allow" else "quarantine", Reason(ground, rule))
            )
    if facts.spam and policy.antispam:
        found.append(("quarantine", Reason(Ground.SPAM)))
    if facts.infected and not policy.antivirus:
        found.append(("inbox", Reason(Ground.ANTIVIRUS_OFF, virus=facts.infected)))
    if facts.spam and not policy.antispam:
        found.append(("inbox", Reason(Ground.ANTISPAM_OFF)))
    if not found:
        found.append(("inbox", Reason(Ground.CLEAN)))
    return Decision(found[0][0], tuple(reason for _, reason in found))


def matching(rules: Mapping[str, JunkRule], sender: str) -> JunkRule | None:
    """Return the rule on the address of *sender*, else the one on its domain, else None."""
    address = sender_form(sender)
    return rules.get(address) or rules.get("@" + address.rpartition("@")[2])


def sender_form(path: str) -> str:
    """
    Return an envelope sender as rules name it: ASCII lower-case, without needless quotes.

    An extension behind ``+`` is part of the address.
    """
    local, at, domain = path.translate(_LOWER).rpartition("@")
    if len(local) > 1 and local[0] == local[-1] == '"':
        local = _QUOTED_PAIR.sub(r"\1", local[1:-1])
    return f"{local}{at}{domain}"


def rules_by_scope(
    rules: Iterable[JunkRule], scopes: Container[str] | None = None
) -> dict[str, dict[str, JunkRule]]:
    """Return the *rules* of each scope, or of those *scopes* that are asked for, by sender."""
    found: dict[str, dict[str, JunkRule]] = defaultdict(dict)
    for rule in rules:
        if scopes is None or rule.scope in scopes:
            found[rule.scope][rule.sender] = rule
    return found


def policy_of(
    state: State, mailbox: str, rules: Mapping[str, Mapping[str, JunkRule]] | None = None
) -> Policy:
    """
    Return what holds for the mailbox of the user or resource at the address *mailbox*.

    *rules* saves whoever asks for many from going through all rules for each.
    """
    domain = mailbox.rpartition("@")[2]
    if rules is None:
        rules = rules_by_scope(state.junk_rules.values(), {mailbox, domain})
    user = state.users.get(mailbox)
    return Policy(
        user_rules=rules.get(mailbox, {}) if user else {},
        admin_rules=rules.get(domain, {}),
        antivirus=user.antivirus if user else True,
        antispam=user.antispam if user else True,
    )
