"""
Compare the records of a state with each other: what is referred to must be there, and may be.

Used wherever somebody wants to write: CLI, playbook, modules, continuous integration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.directory.loops import loops
from fermoposta.directory.model import ADDRESS_KINDS, MAILBOX_KINDS, Domain, Kind, State, User
from fermoposta.directory.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fermoposta.directory.model import DevicePolicy

DECLARE = "declare it, or mend the spelling"


def check(state: State) -> list[Problem]:
    """Return every problem that the records of *state* have with each other, in order."""
    checker = _Checker(state)
    return sorted(checker.problems())


def path_of(kind: Kind, *keys: str) -> str:
    """Return the path under which an inventory holds what *keys* name."""
    return ".".join((f"mail_{kind}", *keys))


class _Checker:
    """One walk over *state*."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.kind_of: dict[str, Kind] = {}
        for kind in ADDRESS_KINDS:
            for address in state.of(kind):
                self.kind_of.setdefault(address, kind)

    def problems(self) -> Iterator[Problem]:
        yield from self._domains()
        yield from self._addresses()
        yield from self._users()
        yield from self._lists()
        yield from self._send_as()
        yield from self._delegations()
        yield from self._grants()
        yield from self._policies()
        yield from self._filing()
        yield from self._devices()
        yield from self._portraits()
        yield from loops(self.state)

    def _domains(self) -> Iterator[Problem]:
        for domain in self.state.domains.values():
            path = path_of(Kind.DOMAINS, domain.name)
            if domain.company and domain.company not in self.state.companies:
                yield Problem(f"{path}.company", f"there is no company {domain.company}", DECLARE)
            if domain.catch_all:
                yield from self._target(f"{path}.catch_all", domain.catch_all)

    def _addresses(self) -> Iterator[Problem]:
        """One namespace for everything that has an address (F166), all in our domains (F126)."""
        for kind in ADDRESS_KINDS:
            for address in self.state.of(kind):
                first = self.kind_of[address]
                if first is not kind:
                    yield Problem(
                        path_of(kind, address),
                        f"is the address of something in mail_{first} already",
                        "give one of the two another address",
                    )
                if address.rpartition("@")[2] not in self.state.domains:
                    yield self._outside(path_of(kind, address), address)

    def _outside(self, path: str, address: str) -> Problem:
        domain = address.rpartition("@")[2]
        return Problem(
            path,
            f"{domain} is no domain of ours",
            f"declare {domain} in mail_domains, or mend the spelling",
        )

    def _target(self, path: str, address: str) -> Iterator[Problem]:
        """Within our domains mail must have somewhere to go; elsewhere is not ours to know."""
        if address.rpartition("@")[2] in self.state.domains and address not in self.kind_of:
            yield Problem(path, f"there is no {address}", DECLARE)

    def _targets(self, path: str, addresses: Iterable[str]) -> Iterator[Problem]:
        for position, address in enumerate(addresses):
            yield from self._target(f"{path}[{position}]", address)

    def _users(self) -> Iterator[Problem]:
        for user in self.state.users.values():
            if not user.local_delivery or user.redirect_to or user.role or user.recovery_address:
                yield from self._user(user, path_of(Kind.USERS, user.address))

    def _user(self, user: User, path: str) -> Iterator[Problem]:
        if not user.local_delivery and not user.redirect_to:
            yield Problem(
                f"{path}.local_delivery",
                "is off, and there is no redirect: mail would go nowhere",
                "add redirect_to, or turn local_delivery on",
            )
        if user.address in user.redirect_to:
            yield Problem(
                f"{path}.redirect_to[{user.redirect_to.index(user.address)}]",
                "is the user's own address",
                "take it out; local_delivery keeps a copy",
            )
        yield from self._targets(f"{path}.redirect_to", user.redirect_to)
        if user.recovery_address == user.address:
            yield Problem(
                f"{path}.recovery_address",
                "is the mailbox that is to be recovered",
                "give an address elsewhere",
            )
        if user.role is not None:
            known = (("companies", self.state.companies), ("domains", self.state.domains))
            for field, there in known:
                for position, name in enumerate(getattr(user.role, field)):
                    if name not in there:
                        at = f"{path}.role.{field}[{position}]"
                        yield Problem(at, f"there is no {name} in mail_{field}", DECLARE)

    def _lists(self) -> Iterator[Problem]:
        for alias in self.state.aliases.values():
            path = path_of(Kind.ALIASES, alias.address, "destinations")
            yield from self._targets(path, alias.destinations)
        for group in self.state.groups.values():
            path = path_of(Kind.GROUPS, group.address)
            yield from self._targets(f"{path}.members", group.members)
            if isinstance(group.senders, tuple):
                yield from self._targets(f"{path}.senders", group.senders)

    def _is(self, path: str, address: str, kinds: tuple[Kind, ...], what: str) -> Iterator[Problem]:
        kind = self.kind_of.get(address)
        if kind is None:
            if address.rpartition("@")[2] in self.state.domains:
                yield Problem(path, f"there is no {address}", DECLARE)
            else:
                yield self._outside(path, address)
        elif kind not in kinds:
            yield Problem(path, f"{address} is in mail_{kind}", f"name {what}")

    def _same_company(self, path: str, address: str, other: str) -> Iterator[Problem]:
        mine, theirs = self.state.company_of(address), self.state.company_of(other)
        if mine and theirs and mine != theirs:
            yield Problem(
                path,
                f"{other} belongs to another company than {address}",
                "name somebody of the same company",
            )

    def _send_as(self) -> Iterator[Problem]:
        """Senders are users of the company that the address belongs to (F108)."""
        for rule in self.state.send_as.values():
            path = path_of(Kind.SEND_AS, rule.address)
            yield from self._is(path, rule.address, ADDRESS_KINDS, "an address of ours")
            for position, sender in enumerate(rule.senders):
                at = f"{path}.senders[{position}]"
                if sender == rule.address:
                    yield Problem(at, "may send as itself anyway", "take it out")
                yield from self._is(at, sender, (Kind.USERS,), "a user")
                yield from self._same_company(at, rule.address, sender)

    def _delegations(self) -> Iterator[Problem]:
        for each in self.state.delegations.values():
            path = path_of(Kind.DELEGATIONS, each.mailbox)
            at = f"{path}.{each.delegate}"
            yield from self._is(path, each.mailbox, MAILBOX_KINDS, "a user or resource")
            yield from self._is(at, each.delegate, (Kind.USERS,), "a user")
            yield from self._pair(at, each.mailbox, each.delegate)

    def _grants(self) -> Iterator[Problem]:
        kinds = (Kind.USERS, Kind.GROUPS)
        for grant in self.state.grants.values():
            path = path_of(Kind.GRANTS, grant.mailbox)
            at = f"{path}.{grant.folder}.{grant.grantee}"
            yield from self._is(path, grant.mailbox, MAILBOX_KINDS, "a user or resource")
            yield from self._is(at, grant.grantee, kinds, "a user or group of the company")
            yield from self._pair(at, grant.mailbox, grant.grantee)

    def _pair(self, path: str, mailbox: str, other: str) -> Iterator[Problem]:
        if mailbox == other:
            yield Problem(path, "is the owner of the mailbox", "take it out")
        yield from self._same_company(path, mailbox, other)

    def _policies(self) -> Iterator[Problem]:
        domains: dict[str, Domain] = self.state.domains
        for allowed in self.state.allowed_domains.values():
            if allowed.domain not in domains:
                path = path_of(Kind.ALLOWED_DOMAINS, allowed.domain)
                yield self._outside(path, allowed.domain)
        for scope in {rule.scope for rule in self.state.junk_rules.values()}:
            path = path_of(Kind.JUNK_RULES, scope)
            if "@" in scope:
                yield from self._is(path, scope, (Kind.USERS,), "a user or a domain")
            elif scope not in domains:
                yield self._outside(path, scope)

    def _filing(self) -> Iterator[Problem]:
        for rule in self.state.rules.values():
            path = path_of(Kind.MESSAGE_RULES, rule.mailbox)
            yield from self._is(path, rule.mailbox, (Kind.USERS,), "a user")
            at = f"{path}.{rule.name}.actions"
            for verb in ("forward", "redirect"):
                targets = getattr(rule.actions, verb)
                yield from self._targets(f"{at}.{verb}", targets)
                if rule.mailbox in targets:
                    place = f"{at}.{verb}[{targets.index(rule.mailbox)}]"
                    yield Problem(place, "is the mailbox itself", "take it out; a copy stays")
        for answer in self.state.out_of_office.values():
            path = path_of(Kind.OUT_OF_OFFICE, answer.mailbox)
            yield from self._is(path, answer.mailbox, (Kind.USERS,), "a user")
            if answer.never:
                yield Problem(f"{path}.until", "is before from", "turn the two round")

    def _devices(self) -> Iterator[Problem]:
        for policy in self.state.device_policies.values():
            yield from self._device_policy(policy, path_of(Kind.DEVICE_POLICIES, policy.name))
        for access in self.state.device_access.values():
            path = path_of(Kind.DEVICE_ACCESS, access.scope)
            if "@" in access.scope:
                yield from self._is(path, access.scope, (Kind.USERS,), "a user or a company")
            elif access.scope not in self.state.companies:
                yield Problem(path, f"there is no company {access.scope}", DECLARE)

    def _device_policy(self, policy: DevicePolicy, path: str) -> Iterator[Problem]:
        """Be for somebody; and what is a company's, for nobody else's people."""
        if policy.company is None and not policy.applies_to:
            remedy = "name a company, or users and groups in applies_to"
            yield Problem(path, "is for nobody", remedy)
        if policy.company is not None and policy.company not in self.state.companies:
            yield Problem(f"{path}.company", f"there is no company {policy.company}", DECLARE)
        for position, address in enumerate(policy.applies_to):
            at = f"{path}.applies_to[{position}]"
            yield from self._is(at, address, (Kind.USERS, Kind.GROUPS), "a user or a group")
            theirs = self.state.company_of(address)
            if policy.company and theirs and theirs != policy.company:
                yield Problem(
                    at,
                    f"{address} belongs to another company than the policy",
                    "take it out, or leave company out",
                )

    def _portraits(self) -> Iterator[Problem]:
        shown = [
            *((Kind.PICTURES, each.address) for each in self.state.pictures.values()),
            *((Kind.CERTIFICATES, each.address) for each in self.state.certificates.values()),
        ]
        for kind, address in sorted(set(shown)):
            yield from self._is(path_of(kind, address), address, (Kind.USERS,), "a user")
