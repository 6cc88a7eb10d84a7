"""What follows for others' records when an address or a domain goes: nothing refers to it then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fermoposta.directory.model import Actions, Kind
from fermoposta.directory.steps import Action, Step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from fermoposta.directory.model import Group, MessageRule, Record, State


def consequences(actual: State, gone: AbstractSet[str]) -> Iterator[Step]:
    """Yield the steps that take the addresses and domains *gone* out of every other record."""
    yield from _belonging(actual, gone)
    yield from _lists(actual, gone)
    yield from _targets(actual, gone)
    yield from _devices(actual, gone)


_OWNED = (
    (Kind.JUNK_RULES, "scope"),
    (Kind.MESSAGE_RULES, "mailbox"),
    (Kind.OUT_OF_OFFICE, "mailbox"),
    (Kind.ALLOWED_DOMAINS, "domain"),
    (Kind.DEVICE_ACCESS, "scope"),
    (Kind.PICTURES, "address"),
    (Kind.CERTIFICATES, "address"),
)
"""What belongs to one address or domain alone, and the field that names it."""


def _belonging(actual: State, gone: AbstractSet[str]) -> Iterator[Step]:
    """Take away what was said about somebody."""
    for delegation in actual.delegations.values():
        if delegation.mailbox in gone or delegation.delegate in gone:
            yield _remove(delegation)
    for grant in actual.grants.values():
        if grant.mailbox in gone or grant.grantee in gone:
            yield _remove(grant)
    for kind, owner in _OWNED:
        for record in actual.of(kind).values():
            if getattr(record, owner) in gone:
                yield _remove(record)


def _lists(actual: State, gone: AbstractSet[str]) -> Iterator[Step]:
    """Take the address out of lists; what is empty then goes too, but for groups."""
    for domain in actual.domains.values():
        if domain.catch_all in gone:
            yield Step(Action.UPDATE, domain, replace(domain, catch_all=None))
    for alias in actual.aliases.values():
        if not gone.isdisjoint(alias.destinations):
            left = _without(alias.destinations, gone)
            yield _keep(alias, replace(alias, destinations=left)) if left else _remove(alias)
    for group in actual.groups.values():
        after = _group_without(group, gone)
        if after != group:
            yield _keep(group, after)
    for rule in actual.send_as.values():
        if rule.address in gone:
            yield _remove(rule)
        elif not gone.isdisjoint(rule.senders):
            left = _without(rule.senders, gone)
            yield _keep(rule, replace(rule, senders=left)) if left else _remove(rule)


def _devices(actual: State, gone: AbstractSet[str]) -> Iterator[Step]:
    """Take the address out of what devices must do; a company's policy stays for the others."""
    for policy in actual.device_policies.values():
        if not gone.isdisjoint(policy.applies_to):
            left = _without(policy.applies_to, gone)
            after = replace(policy, applies_to=left)
            yield _keep(policy, after) if left or policy.company else _remove(policy)


def _targets(actual: State, gone: AbstractSet[str]) -> Iterator[Step]:
    """Take the address out of what message rules of others forward and redirect to."""
    for rule in actual.rules.values():
        if rule.mailbox not in gone:
            yield from _rule_without(rule, gone)


def _rule_without(rule: MessageRule, gone: AbstractSet[str]) -> Iterator[Step]:
    actions = replace(
        rule.actions,
        forward=_without(rule.actions.forward, gone),
        redirect=_without(rule.actions.redirect, gone),
    )
    if actions == Actions():
        yield _remove(rule)
    elif actions != rule.actions:
        yield _keep(rule, replace(rule, actions=actions))


def _group_without(group: Group, gone: AbstractSet[str]) -> Group:
    senders = group.senders
    if isinstance(senders, tuple):
        senders = _without(senders, gone)
    return replace(group, members=_without(group.members, gone), senders=senders)


def _without(addresses: tuple[str, ...], gone: AbstractSet[str]) -> tuple[str, ...]:
    return tuple(address for address in addresses if address not in gone)


def _keep(before: Record, after: Record) -> Step:
    return Step(Action.UPDATE, before, after)


def _remove(record: Record) -> Step:
    return Step(Action.REMOVE, record, None)
