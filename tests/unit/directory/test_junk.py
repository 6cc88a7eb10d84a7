"""Junk rules made one by one, beside those of an inventory."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fermoposta.agent.mail import DOMAIN, parts_of
from fermoposta.agent.report import reporter_of
from fermoposta.directory.junk import (
    ReportAs,
    remove_rule,
    report_address,
    report_as,
    set_rule,
)
from fermoposta.directory.model import Company, Domain, JunkRule, Owner, State, User
from fermoposta.directory.steps import Plan, PlanError
from fermoposta.directory.store import MemoryStore

ADA = "ada@example.org"
STATE = State.of_records([
    Company("acme", "Acme"),
    Domain("example.org", "acme"),
    User(ADA, "Ada"),
    JunkRule("example.org", "@declared.test", "block"),
])  # fmt: skip


def after(plan: Plan, state: State = STATE) -> dict[str, JunkRule]:
    with MemoryStore(state, clock=lambda: datetime.now(UTC)) as store:
        store.apply(plan, actor="test")
        return store.state().junk_rules


@pytest.mark.feature("F066", "F171")
@pytest.mark.parametrize(
    ("choice", "rule"),
    [
        (ReportAs.BLOCK_SENDER, ("x@shop.test", "block")),
        (ReportAs.BLOCK_DOMAIN, ("@shop.test", "block")),
        (ReportAs.ALLOW_SENDER, ("x@shop.test", "allow")),
        (ReportAs.ALLOW_DOMAIN, ("@shop.test", "allow")),
    ],
)
def test_four_choices_make_a_rule(choice: ReportAs, rule: tuple[str, str]) -> None:
    """Of the user alone, owned by the portal, so that no inventory run takes it away."""
    plan = report_as(STATE, ADA, choice, "x@shop.test")

    assert plan is not None
    made = after(plan)[f"{ADA} {rule[0]}"]
    assert made == JunkRule(ADA, *rule)
    assert made.managed_by is Owner.PORTAL


@pytest.mark.parametrize("choice", [ReportAs.SPAM, ReportAs.HAM])
def test_a_verdict_is_no_rule(choice: ReportAs) -> None:
    """It trains the filter, at an address that the agent understands."""
    assert report_as(STATE, ADA, choice, "x@shop.test") is None
    address = report_address(ADA, choice.value, "1")

    assert address.endswith(f"@{DOMAIN}")
    word, argument = parts_of(address) or ("", "")
    assert (word, reporter_of(argument)) == (choice.value, ADA)


def test_a_rule_is_changed_and_removed() -> None:
    """By whoever made it; doing it again does nothing."""
    state = STATE.copy()
    state.junk_rules = after(set_rule(STATE, "example.org", "@a.test", "block"))
    state.revision = STATE.revision

    assert not set_rule(state, "example.org", "@a.test", "block")
    changed = after(set_rule(state, "example.org", "@a.test", "allow"), state)
    assert changed["example.org @a.test"].action == "allow"
    assert "example.org @a.test" not in after(remove_rule(state, "example.org", "@a.test"), state)


def test_the_inventorys_rule_stays() -> None:
    """It is changed where it is declared."""
    with pytest.raises(PlanError, match="belongs to the inventory"):
        set_rule(STATE, "example.org", "@declared.test", "allow")
    with pytest.raises(PlanError, match="belongs to the inventory"):
        remove_rule(STATE, "example.org", "@declared.test")


@pytest.mark.parametrize("scope", ["nobody@example.org", "elsewhere.test"])
def test_nobodys_rule_is_refused(scope: str) -> None:
    """A rule is a user's or a domain's."""
    with pytest.raises(PlanError, match="there is no such"):
        set_rule(STATE, scope, "@a.test", "block")


def test_what_is_not_there_cannot_be_removed() -> None:
    """A mistyped sender is told."""
    with pytest.raises(PlanError, match="there is no such rule"):
        remove_rule(STATE, ADA, "@a.test")
