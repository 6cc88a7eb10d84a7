"""
Laws of who reaches whom, on directories that chance made, against a walker of its own.

The walker here knows nothing of `Router`: it takes every way through the records one by one, and
says of each leaf by itself whether the sender may reach it.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fermoposta.directory.model import (
    Alias,
    AllowedDomains,
    Company,
    Domain,
    Group,
    Resource,
    State,
    User,
)
from fermoposta.directory.route import Router, Sender

OURS = {"a.test": "acme", "b.test": "acme", "c.test": "other"}
OUTSIDE = ["x@far.test", "y@near.test"]
USERS = [f"{name}@{domain}" for domain in OURS for name in ("u", "v", "w")]
LISTS = [f"{name}@{domain}" for domain in OURS for name in ("l", "m")]
ROOM = "room@a.test"
MISSING = "gone@a.test"
TARGETS = st.lists(
    st.sampled_from([*USERS, *LISTS, *OUTSIDE, ROOM, MISSING]), min_size=1, max_size=4, unique=True
)
SOME_ADDRESSES = st.lists(st.sampled_from([*USERS, *OUTSIDE]), max_size=3, unique=True)
flag = st.booleans()


@st.composite
def users(draw, address):
    to = draw(st.one_of(st.just([]), st.just([]), TARGETS))
    to = tuple(target for target in to if target != address)
    return User(
        address,
        address,
        redirect_to=to,
        local_delivery=not to or draw(flag),
        restrict_sending=draw(flag),
        restrict_receiving=draw(flag),
    )


@st.composite
def lists(draw, address):
    if draw(flag):
        return Alias(address, tuple(draw(TARGETS)))
    word = st.sampled_from(["anyone", "company", "members"])
    senders = draw(st.one_of(word, SOME_ADDRESSES.map(tuple)))
    return Group(address, address, tuple(draw(TARGETS)), senders)


@st.composite
def directories(draw):
    """Draw a directory, with ways that lead back to themselves as often as not."""
    catch_all = st.one_of(st.none(), st.sampled_from([*USERS, *LISTS, *OUTSIDE]))
    listed = st.lists(st.sampled_from(["far.test", *OURS]), max_size=2, unique=True)
    records = [Company("acme", "Acme"), Company("other", "Other"), Resource(ROOM, "Room")]
    records += [Domain(name, company, draw(catch_all)) for name, company in OURS.items()]
    records += [AllowedDomains(name, tuple(draw(listed))) for name in OURS]
    records += [draw(users(address)) for address in USERS]
    records += [draw(lists(address)) for address in LISTS]
    return State.of_records(records)


@st.composite
def senders(draw):
    trusted = draw(flag)
    if trusted and draw(flag):
        login = draw(st.sampled_from(USERS))
        return Sender(draw(st.sampled_from([login, login, *USERS, ""])), login, trusted=True)
    return Sender(draw(st.sampled_from([*USERS, *OUTSIDE, "l@a.test", ""])), trusted=trusted)


RECIPIENTS = st.sampled_from([*USERS, *LISTS, *OUTSIDE, ROOM, MISSING, "any@b.test"])


def domain(address):
    return address.split("@")[-1]


class Walker:
    """Every way through *state*, taken one by one, for one sender."""

    def __init__(self, state, sender):
        self.state, self.sender = state, sender

    def exists(self, address):
        s = self.state
        return any(address in there for there in (s.users, s.aliases, s.groups, s.resources))

    def ways_on(self, address):
        """Where a mail at an address could go, whatever is refused; None where it ends."""
        s = self.state
        if address in s.users:
            user = s.users[address]
            return list(user.redirect_to) or None
        if address in s.aliases:
            return list(s.aliases[address].destinations)
        if address in s.groups:
            return list(s.groups[address].members)
        if address in s.resources or domain(address) not in OURS:
            return None
        catch_all = s.domains[domain(address)].catch_all
        return [catch_all] if catch_all else []

    def who(self):
        return self.sender.address or (self.sender.login if self.sender.trusted else None) or ""

    def allowed(self, own):
        return {own, *self.state.allowed_domains[own].allowed}

    def may_send(self, leaf):
        held = self.sender.login or (self.sender.address if self.sender.trusted else "")
        user = self.state.users.get(held)
        if user is None or not user.restrict_sending:
            return True
        return domain(leaf) in self.allowed(domain(held))

    def may_receive(self, address):
        user = self.state.users.get(address)
        if user is None or not user.restrict_receiving:
            return True
        who = self.who()
        if who == "":
            return self.sender.trusted
        if domain(who) in OURS and not self.sender.trusted:
            return False
        return domain(who) in self.allowed(domain(address))

    def inside(self, group):
        """Everybody in a group, nested ones too."""
        found, todo = set(), [group]
        while todo:
            here = todo.pop()
            more = []
            if here in self.state.groups:
                more = self.state.groups[here].members
            elif here in self.state.aliases:
                more = self.state.aliases[here].destinations
            todo += [each for each in more if each not in found]
            found |= set(more)
        return found

    def may_write(self, address):
        group = self.state.groups.get(address)
        if group is None or group.senders == "anyone":
            return True
        who, trusted = self.who(), self.sender.trusted
        if group.senders == "company":
            return trusted and OURS.get(domain(who)) == OURS[domain(address)]
        if group.senders == "members":
            return trusted and who in self.inside(address)
        return who in group.senders and (trusted or domain(who) not in OURS)

    def may_pass(self, address):
        return self.may_receive(address) and self.may_write(address)

    def ways(self, address, before=()):
        """Every way from an address to where it ends, refused or not, without going in circles."""
        way = (*before, address)
        further = self.ways_on(address)
        if further is None or address in self.state.users:
            yield way
        for target in further or []:
            if target not in way:
                yield from self.ways(target, way)

    def open(self, way):
        """Whether the sender may take a way to its end."""
        return all(self.may_pass(address) for address in way) and self.may_send(way[-1])

    def expected(self, address, before=()):
        """What is reached, and whether all have it: by definition, on directories without loops."""
        if not self.may_pass(address):
            return set(), False
        further = self.ways_on(address)
        user = self.state.users.get(address)
        if further is None:
            return ({address}, True) if self.may_send(address) else (set(), False)
        parts = [self.expected(target, (*before, address)) for target in further
                 if not (domain(target) in OURS and not self.exists(target)
                         and self.ways_on(target) == [])]  # fmt: skip
        found = set().union(*(reached for reached, _ in parts)) if parts else set()
        whole = all(whole for _, whole in parts)
        if user is None:
            return found, whole
        if user.local_delivery or not whole or not found:
            return (found | {address}, True) if self.may_send(address) else (found, False)
        return found, whole


def has_loop(walker):
    done = set()

    def back(address, way):
        if address in way:
            return True
        if address in done:
            return False
        if any(back(target, {*way, address}) for target in walker.ways_on(address) or []):
            return True
        done.add(address)
        return False

    return any(back(address, set()) for address in [*USERS, *LISTS, *(f"any@{d}" for d in OURS)])


def without_loops(state):
    """Take out what leads back, one list or redirect after the other."""
    for address in [*LISTS, *USERS]:
        if not has_loop(Walker(state, None)):
            break
        if address in state.users:
            state.put(replace(state.users[address], redirect_to=(), local_delivery=True))
        elif address in state.groups:
            state.put(replace(state.groups[address], members=(OUTSIDE[0],)))
        else:
            state.put(replace(state.aliases[address], destinations=(OUTSIDE[0],)))
    return state


def reached(state, sender, to):
    return {delivery.address for delivery in Router(state).route(sender, to).deliveries}


@pytest.mark.feature("F142", "F143", "F159")
@settings(max_examples=200)
@given(directories(), senders(), RECIPIENTS)
def test_nothing_that_is_refused_is_reached(state, sender, to):
    """Whatever the directory, loops included: each delivery has a way that is open to its end."""
    walker = Walker(state, sender)
    ways = list(walker.ways(to))

    for delivery in Router(state).route(sender, to).deliveries:
        assert delivery.path in ways
        assert walker.open(delivery.path)
        assert delivery.path[-1] == delivery.address


@settings(max_examples=200)
@given(directories(), senders(), RECIPIENTS)
def test_all_that_is_open_is_reached(state, sender, to):
    """Without loops the answer is exactly what the definition says, for all and for each."""
    state = without_loops(state)
    routes = Router(state).route(sender, to)
    found = [delivery.address for delivery in routes.deliveries]
    expected, whole = Walker(state, sender).expected(to)

    assert set(found) == expected
    assert len(found) == len(set(found))
    assert (routes.lost is None) == (whole and bool(expected))
    assert bool(found) or routes.refusals


@pytest.mark.feature("F148")
@given(directories(), senders(), RECIPIENTS)
def test_at_the_door_the_answer_is_that_of_the_whole_way(state, sender, to):
    """Who asks only whether there is anybody hears what a look at everybody says."""
    router = Router(state)
    routes = router.route(sender, to)

    expected = None if routes.deliveries else routes.refusals[0]
    assert router.refused(sender, to) == expected


@given(directories(), st.sampled_from(USERS), st.sampled_from(USERS))
def test_internal_mail_is_never_blocked(state, me, you):
    """Who logged in reaches everybody of the own domain, whatever is restricted or redirected."""
    you = you.split("@")[0] + "@" + domain(me)

    routes = Router(state).route(Sender(me, me, trusted=True), you)

    assert routes.deliveries
    if state.users[you].local_delivery:
        assert you in {delivery.address for delivery in routes.deliveries}


@pytest.mark.feature("F149")
@given(directories(), senders(), RECIPIENTS, st.sampled_from(["far.test", "b.test", "c.test"]))
def test_who_is_not_restricted_is_not_limited_by_a_list(state, sender, to, name):
    """Where no user is restricted, allowed domains change nothing."""
    for address, user in list(state.users.items()):
        state.users[address] = replace(user, restrict_sending=False, restrict_receiving=False)
    before = reached(state, sender, to)

    for own in OURS:
        state.put(AllowedDomains(own, (name,)))

    assert reached(state, sender, to) == before


@pytest.mark.feature("F144")
@given(directories(), st.sampled_from(USERS), flag, flag)
def test_the_two_restrictions_are_independent(state, address, sending, receiving):
    """What one may receive does not depend on what one may send, and the other way round."""
    user = replace(state.users[address], redirect_to=(), local_delivery=True)
    outsider, outside = Sender("x@elsewhere.test"), "x@elsewhere.test"
    me = Sender(address, address, trusted=True)

    state.put(replace(user, restrict_sending=sending, restrict_receiving=receiving))

    assert (reached(state, outsider, address) == {address}) is not receiving
    assert (reached(state, me, outside) == {outside}) is not sending


@pytest.mark.feature("F151", "F145")
@given(directories(), st.sampled_from(USERS))
def test_without_a_list_there_is_only_internal_mail(state, address):
    """A list that is gone leaves restricted users their own domain, and no other one's list."""
    user = replace(
        state.users[address], redirect_to=(), local_delivery=True,
        restrict_sending=True, restrict_receiving=True,
    )  # fmt: skip
    state.put(user)
    del state.allowed_domains[domain(address)]
    me = Sender(address, address, trusted=True)

    for other in [*USERS, *OUTSIDE]:
        internal = domain(other) == domain(address)
        theirs = Sender(other, trusted=domain(other) in OURS)
        assert (address in reached(state, theirs, address)) is internal
        if not internal and other not in state.users:
            assert reached(state, me, other) == set()
