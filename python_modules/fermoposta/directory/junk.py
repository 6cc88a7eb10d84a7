"""Junk rules one by one, as their owners make them: from a message, or from a list of settings."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from fermoposta.directory.check import path_of
from fermoposta.directory.model import JunkRule, Kind, Owner
from fermoposta.directory.problem import Problem
from fermoposta.directory.route import INTERNAL
from fermoposta.directory.steps import Action, Plan, PlanError, Step

if TYPE_CHECKING:
    from fermoposta.directory.model import State


class ReportAs(StrEnum):
    """What a user may say of a message (F066); all but the last two make a rule (F171)."""

    BLOCK_SENDER = "block-sender"
    BLOCK_DOMAIN = "block-domain"
    ALLOW_SENDER = "allow-sender"
    ALLOW_DOMAIN = "allow-domain"
    SPAM = "spam"
    HAM = "ham"


def report_as(actual: State, mailbox: str, choice: ReportAs, sender: str) -> Plan | None:
    """
    Return the plan that a user's word on mail of the envelope *sender* asks for.

    None where it asks for no rule, but for training: see `report_address`. Raises PlanError.
    """
    if choice in (ReportAs.SPAM, ReportAs.HAM):
        return None
    action, _, what = choice.value.partition("-")
    domain = sender.rpartition("@")[2]
    return set_rule(actual, mailbox, f"@{domain}" if what == "domain" else sender, action)


def report_address(mailbox: str, verdict: str, mark: str) -> str:
    """
    Return where a sample goes that the owner of *mailbox* calls spam or ham.

    Only this host writes there. The *mark* makes each report's address its own.
    """
    local, _, domain = mailbox.rpartition("@")
    return f"{verdict}+{local}={domain}+{mark}@agent.{INTERNAL}"


def set_rule(actual: State, scope: str, sender: str, action: str) -> Plan:
    """
    Return the plan after which *scope*, an address or a domain, has this rule on *sender*.

    It belongs to the portal. Raises PlanError where the inventory says otherwise, and where there
    is no such user or domain.
    """
    _known(actual, scope)
    rule = JunkRule(scope, sender, action, Owner.PORTAL)
    before = actual.junk_rules.get(rule.key)
    if before == rule:
        return Plan((), actual.revision)
    if before is None:
        return Plan((Step(Action.CREATE, None, rule),), actual.revision)
    _ours(before)
    return Plan((Step(Action.UPDATE, before, replace(before, action=action)),), actual.revision)


def remove_rule(actual: State, scope: str, sender: str) -> Plan:
    """Return the plan that removes a rule; raises PlanError where there is none of the portal's."""
    before = actual.junk_rules.get(f"{scope} {sender}")
    if before is None:
        path = path_of(Kind.JUNK_RULES, scope, sender)
        raise PlanError([Problem(path, "there is no such rule", "see `fermoposta junk list`")])
    _ours(before)
    return Plan((Step(Action.REMOVE, before, None),), actual.revision)


def _known(actual: State, scope: str) -> None:
    there = actual.users if "@" in scope else actual.domains
    if scope not in there:
        what = "user" if "@" in scope else "domain"
        path = path_of(Kind.JUNK_RULES, scope)
        raise PlanError([Problem(path, f"there is no such {what}", "mend the spelling")])


def _ours(rule: JunkRule) -> None:
    if rule.managed_by is not Owner.PORTAL:
        path = path_of(Kind.JUNK_RULES, rule.scope, rule.sender)
        raise PlanError([
            Problem(path, "belongs to the inventory", "change it there"),
        ])  # fmt: skip
