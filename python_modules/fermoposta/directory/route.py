"""
Say where a mail to an address goes, and what it must not reach on the way.

A pure walk over aliases, groups, redirects and catch-alls. What a sender may reach does not depend
on the path: each node is looked at for itself, so that no detour leads to what is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from fermoposta.directory.model import Group, State, User

DELIMITER = "+"
"""What parts a mailbox's name from the detail behind it (RFC 5233)."""
INTERNAL = "fermoposta.invalid"
"""Below it lie domains that only this host writes to (RFC 2606, section 2)."""
ROLES = frozenset({"postmaster", "abuse"})
"""What every domain answers to, declared or not (RFC 5321, section 4.5.1; RFC 2142)."""
HOST_ROLES = ROLES | {"root"}
REPORTS = frozenset({"spam", "ham"})
"""At this host, where users report what the filter got wrong."""
MAX_STEPS = 100
"""Addresses on a path; more than that is a mistake, and ends."""


@dataclass(frozen=True, slots=True)
class Sender:
    """
    Who writes: the envelope sender, "" for bounces, and the log-in where there is one.

    *trusted* is who logged in, sits in a network that may relay, or is a service of ours. Only
    such a sender is believed to be of a domain of ours.
    """

    address: str
    login: str | None = None
    trusted: bool = False

    @property
    def author(self) -> str:
        """Return whom the receiving side sees; "" for a bounce, or for nobody that we know."""
        return self.address or (self.login if self.trusted and self.login else "")

    @property
    def responsible(self) -> str:
        """Return whose restrictions on sending hold; "" for an outsider."""
        return self.login or (self.address if self.trusted else "")


class Why(StrEnum):
    """What a refusal is about."""

    UNKNOWN = "unknown"
    SENDING = "sending"
    RECEIVING = "receiving"
    GROUP = "group"
    NOWHERE = "nowhere"
    STEPS = "steps"


TEXTS: dict[Why, tuple[str, str]] = {
    Why.UNKNOWN: ("450 4.1.1", "This address is not known here yet, please try again later"),
    Why.SENDING: (
        "550 5.7.1",
        "You may write only to your own domain and to the domains that your administrator allows",
    ),
    Why.RECEIVING: (
        "550 5.7.1",
        "This mailbox takes mail only from its own domain and from domains that are allowed to it",
    ),
    Why.GROUP: ("550 5.7.1", "You are not among those who may write to this group"),
    Why.NOWHERE: ("550 5.1.1", "This address leads to nobody"),
    Why.STEPS: ("550 5.4.6", "This address leads through too many others"),
}
"""Reply code, enhanced status code (RFC 3463) and words of each kind of refusal."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A mailbox of ours or an address elsewhere, and the way there, the written address first."""

    address: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A leaf or a whole branch that the mail must not reach, and why."""

    address: str
    path: tuple[str, ...]
    why: Why

    @property
    def code(self) -> str:
        """Return the reply code and the enhanced status code, as in ``550 5.7.1``."""
        return TEXTS[self.why][0]

    @property
    def text(self) -> str:
        """Return the reason in words for the sender."""
        return TEXTS[self.why][1]


@dataclass(slots=True)
class Routes:
    """
    Where one written address leads.

    *lost* is why somebody goes without the mail; None where all have it, and where the mailbox
    whose redirect was refused keeps it instead.
    """

    deliveries: list[Delivery] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    lost: Why | None = None


class Router:
    """
    The paths of mail through *state*.

    *hosts* are names of this machine, at which only the roles of `HOST_ROLES` have mail; it goes
    to *postmaster*, as does that of `ROLES` of hosted domains which declare none.
    """

    def __init__(
        self, state: State, *, hosts: Collection[str] = (), postmaster: str | None = None
    ) -> None:
        self.state = state
        self._hosts = frozenset(host.lower() for host in hosts)
        self._postmaster = postmaster
        self._members_of: dict[str, frozenset[str]] = {}

    def refused(self, sender: Sender, recipient: str) -> Refusal | None:
        """Return why mail of *sender* to *recipient* reaches nobody; None where it reaches some."""
        routes = self._walk(sender, recipient, first=True)
        return None if routes.deliveries else routes.refusals[0]

    def route(self, sender: Sender, recipient: str) -> Routes:
        """Return what mail of *sender* to *recipient*, in any case, reaches and must not reach."""
        return self._walk(sender, recipient, first=False)

    def _walk(self, sender: Sender, recipient: str, *, first: bool) -> Routes:
        walk = _Walk(self, sender, first=first)
        address = recipient.lower()
        outcome = walk.step(address, ())
        routes = walk.routes
        if not outcome.arrived and not routes.refusals:
            # What smtpd let pass and we don't know was made a moment ago.
            why = Why.NOWHERE if self.find(address) else Why.UNKNOWN
            routes.refusals.append(Refusal(address, (address,), why))
        routes.lost = outcome.lost or (None if outcome.arrived else routes.refusals[0].why)
        return routes

    def hosted(self, address: str) -> bool:
        """Tell whether *address* lies in a domain of ours."""
        return domain_of(address) in self.state.domains

    def find(self, address: str) -> str | None:
        """Return the address of the directory that *address*, with or without detail, is."""
        for candidate in (address, base_of(address)):
            if self.state.kind_of(candidate):
                return candidate
        return None

    def targets(self, address: str) -> tuple[str, ...] | None:
        """Return where an address that is not in the directory leads; None where it is a leaf."""
        local, _, domain = address.rpartition("@")
        local = local.partition(DELIMITER)[0]
        ours = self.state.domains.get(domain)
        if ours is None:
            forwarded = domain in self._hosts and local in HOST_ROLES and self._postmaster
            return (self._postmaster,) if forwarded and self._postmaster else None
        if local in ROLES and self._postmaster:
            return (self._postmaster,)
        return (ours.catch_all,) if ours.catch_all else ()

    def refuses_sending(self, sender: Sender, leaf: str) -> bool:
        """Tell whether the sender may write only to some domains, and *leaf* is in none (F142)."""
        user = self.state.users.get(base_of(sender.responsible))
        if user is None or not user.restrict_sending or self._this_host(leaf):
            return False
        return not self._listed(domain_of(user.address), domain_of(leaf))

    def _this_host(self, leaf: str) -> bool:
        """
        Tell whether *leaf* is a service of ours: whom a report reaches, say.

        Other addresses at this host stand for strangers, to whom bounces find their way back (SRS).
        """
        local, _, domain = base_of(leaf).rpartition("@")
        known = domain in self._hosts and local in REPORTS | HOST_ROLES
        return known or domain.endswith(f".{INTERNAL}")

    def refuses_receiving(self, sender: Sender, user: User) -> bool:
        """Tell whether *user* gets mail only from some domains, and not from the sender (F143)."""
        if not user.restrict_receiving or (sender.trusted and not sender.author):
            return False  # a bounce of our own is about the user's own mail
        if not sender.trusted and self.hosted(sender.author):
            return True  # forged: who is of ours has logged in
        return not self._listed(domain_of(user.address), domain_of(sender.author))

    def _listed(self, own: str, other: str) -> bool:
        if other == own:
            return True
        allowed = self.state.allowed_domains.get(own)
        return allowed is not None and other in allowed.allowed

    def refuses_writing(self, sender: Sender, group: Group) -> bool:
        """Tell whether *group* takes no mail of the sender (F159)."""
        if group.senders == "anyone":
            return False
        author = base_of(sender.author) if self.hosted(sender.author) else sender.author
        if isinstance(group.senders, tuple):
            return author not in group.senders or (self.hosted(author) and not sender.trusted)
        if not sender.trusted:
            return True
        if group.senders == "company":
            company = self.state.company_of(author)
            return company is None or company != self.state.company_of(group.address)
        return author not in self._members(group)

    def _members(self, group: Group) -> frozenset[str]:
        """Return everybody whom *group* holds, through groups and aliases in it too."""
        if group.address not in self._members_of:
            self._members_of[group.address] = frozenset(self._reached(group))
        return self._members_of[group.address]

    def _reached(self, group: Group) -> set[str]:
        found: set[str] = set()
        pending: list[Iterable[str]] = [group.members]
        while pending:
            for address in pending.pop():
                if address not in found:
                    found.add(address)
                    if nested := self.state.groups.get(address):
                        pending.append(nested.members)
                    elif alias := self.state.aliases.get(address):
                        pending.append(alias.destinations)
        return found


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Whether the mail arrives anywhere, and why somebody goes without it."""

    arrived: bool = False
    lost: Why | None = None


class _Walk:
    """
    One walk for one sender. Each address is looked at once, so that loops end.

    The *first* delivery is enough for who asks whether there is any.
    """

    def __init__(self, router: Router, sender: Sender, *, first: bool) -> None:
        self.router = router
        self.sender = sender
        self.first = first
        self.routes = Routes()
        self.outcomes: dict[str, _Outcome] = {}

    def step(self, address: str, before: tuple[str, ...]) -> _Outcome:
        """Go on to *address*, and say what came of it."""
        if address in self.outcomes:
            return self.outcomes[address]
        path = (*before, address)
        self.outcomes[address] = _Outcome()  # for who comes back here before we are done
        tired = len(path) > MAX_STEPS
        made = self._refuse(address, path, Why.STEPS) if tired else self._enter(address, path)
        self.outcomes[address] = made
        return made

    def _enter(self, address: str, path: tuple[str, ...]) -> _Outcome:
        state = self.router.state
        found = self.router.find(address)
        if found is None:
            targets = self.router.targets(address)
            return self._outside(address, path) if targets is None else self._all(targets, path)
        detail = _detail(address, found)
        if user := state.users.get(found):
            return self._user(user, detail, address, path)
        if group := state.groups.get(found):
            if self.router.refuses_writing(self.sender, group):
                return self._refuse(address, path, Why.GROUP)
            return self._all(self._detailed(group.members, detail), path)
        if alias := state.aliases.get(found):
            return self._all(self._detailed(alias.destinations, detail), path)
        return self._leaf(address, path)

    def _all(self, targets: Iterable[str], path: tuple[str, ...]) -> _Outcome:
        outcomes = []
        for target in targets:
            outcomes.append(self.step(target, path))
            if self.first and self.routes.deliveries:
                break
        return _Outcome(
            any(outcome.arrived for outcome in outcomes),
            next((outcome.lost for outcome in outcomes if outcome.lost), None),
        )

    def _detailed(self, targets: tuple[str, ...], detail: str) -> tuple[str, ...]:
        """Hand the detail on to addresses of ours; others need not know what it means."""
        if not detail:
            return targets
        return tuple(
            with_detail(target, detail) if self.router.hosted(target) else target
            for target in targets
        )

    def _user(self, user: User, detail: str, address: str, path: tuple[str, ...]) -> _Outcome:
        if self.router.refuses_receiving(self.sender, user):
            return self._refuse(address, path, Why.RECEIVING)
        if not user.redirect_to:
            return self._leaf(address, path)
        beyond = self._all(self._detailed(user.redirect_to, detail), path)
        # What a redirect may not carry on stays here: mail to a colleague is never lost to it.
        if not (user.local_delivery or beyond.lost or not beyond.arrived):
            return beyond
        here = self._leaf(address, path)
        return here if here.arrived else _Outcome(beyond.arrived, here.lost)

    def _outside(self, address: str, path: tuple[str, ...]) -> _Outcome:
        local, _, domain = address.rpartition("@")
        inside = len(path) > 1 and domain.endswith(f".{INTERNAL}")
        # Postfix goes on to the address in the local part where the domain is this host's, whose
        # own network address is such a domain.
        if inside or "@" in local or domain.startswith("["):
            return self._refuse(address, path, Why.NOWHERE)
        return self._leaf(address, path)

    def _leaf(self, address: str, path: tuple[str, ...]) -> _Outcome:
        if self.router.refuses_sending(self.sender, address):
            return self._refuse(address, path, Why.SENDING)
        self.routes.deliveries.append(Delivery(address, path))
        return _Outcome(arrived=True)

    def _refuse(self, address: str, path: tuple[str, ...], why: Why) -> _Outcome:
        self.routes.refusals.append(Refusal(address, path, why))
        return _Outcome(lost=why)


def domain_of(address: str) -> str:
    """Return what stands behind the last ``@``."""
    return address.rpartition("@")[2]


def base_of(address: str) -> str:
    """Return *address* without its detail."""
    local, at, domain = address.rpartition("@")
    return f"{local.partition(DELIMITER)[0] or local}{at}{domain}"


def with_detail(address: str, detail: str) -> str:
    """Return *address* with *detail* behind its local part."""
    local, _, domain = address.rpartition("@")
    return f"{local}{DELIMITER}{detail}@{domain}"


def _detail(address: str, found: str) -> str:
    """Return what *address* says beyond the address that was *found* for it."""
    if address == found:
        return ""
    return address.rpartition("@")[0].partition(DELIMITER)[2]
