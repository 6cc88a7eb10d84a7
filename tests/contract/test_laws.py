"""Laws: whatever is declared, on whatever there was."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fermoposta.directory.drift import drift
from fermoposta.directory.model import ALL_KINDS, MAILBOX_KINDS, PROFILES, RIGHTS, Kind
from fermoposta.directory.plan import plan
from fermoposta.directory.store import MemoryStore, PostgresStore
from fermoposta.inventory import load, parse
from fermoposta.inventory.export import export
from tests.contract.states import HASH, converge

NAMES = [f"{name}@example.org" for name in ("ada", "bob", "eve", "zoe", "sales", "team", "room")]
OUTSIDE = st.sampled_from(["x@far.example", "y@far.example"])
TEXT = st.text("abc àè'\"\\}:#,☃", min_size=1, max_size=12).map(lambda text: text.strip() or "-")
RIGHT = st.one_of(
    st.sampled_from(sorted(PROFILES)), st.lists(st.sampled_from(sorted(RIGHTS)), unique=True)
)


@st.composite
def inventories(draw):
    """Draw an inventory that is in order: a few of each kind, referring to each other."""
    names = draw(st.permutations(NAMES))
    cut = sorted(draw(st.lists(st.integers(1, len(names)), min_size=3, max_size=3)))
    users, resources = names[: cut[0]], names[cut[0] : cut[1]]
    aliases, groups = names[cut[1] : cut[2]], names[cut[2] :]
    some_users = st.lists(st.sampled_from(users), min_size=1, max_size=3, unique=True)
    values = {
        "mail_companies": {"acme": {"name": draw(TEXT)}},
        "mail_domains": {"example.org": {"company": "acme", "description": draw(TEXT)}},
        "mail_users": {name: draw(_user()) for name in users},
        "mail_resources": {
            name: {"name": draw(TEXT), "multiple_bookings": draw(st.integers(0, 3))}
            for name in resources
        },
        "mail_aliases": {name: {"destinations": draw(some_users)} for name in aliases},
        "mail_groups": {
            name: {
                "name": draw(TEXT),
                "members": draw(some_users),
                "senders": draw(st.one_of(st.sampled_from(["anyone", "members"]), some_users)),
            }
            for name in groups
        },
        "mail_send_as": {name: {"senders": draw(some_users)} for name in (aliases + groups)[:1]},
        "mail_junk_rules": {
            scope: {draw(OUTSIDE): draw(st.sampled_from(["allow", "block"]))}
            for scope in draw(st.sets(st.sampled_from([*users, "example.org"])))
        },
    }
    values["mail_rules"] = {name: {draw(TEXT): draw(_rule())} for name in users[:2]}
    values["mail_out_of_office"] = {name: draw(_answer()) for name in users[:1]}
    values["mail_device_policies"] = draw(_policies(users, groups))
    values["mail_device_access"] = {
        scope: {"unknown": draw(st.sampled_from(["allow", "block"])), "types": {"iPhone": "allow"}}
        for scope in draw(st.sets(st.sampled_from([*users, "acme"])))
    }
    if len(users) > 1:
        values["mail_delegations"] = {users[0]: {users[1]: {"calendar": draw(RIGHT)}}}
        values["mail_grants"] = {users[1]: {draw(_folder()): {users[0]: draw(RIGHT)}}}
    if draw(st.booleans()):
        values["mail_allowed_domains"] = {"example.org": ["partner.example"]}
    return values


@st.composite
def _user(draw):
    user = {
        "name": draw(TEXT),
        "quota_mb": draw(st.integers(100, 25600)),
        "antispam": draw(st.booleans()),
        "language": draw(st.sampled_from(["it", "en"])),
    }
    if draw(st.booleans()):
        user["password_hash"] = HASH
    if draw(st.booleans()):
        user |= {"redirect_to": [draw(OUTSIDE)], "local_delivery": draw(st.booleans())}
    if draw(st.booleans()):
        user["role"] = {"name": "administrator", "domains": ["example.org"]}
    return user


@st.composite
def _rule(draw):
    conditions = st.one_of(
        st.builds(lambda text: {"field": "subject", "contains": text}, TEXT),
        st.builds(lambda size: {"field": "size", "over": size}, st.integers(1, 9)),
    )
    return {
        "enabled": draw(st.booleans()),
        "match": draw(st.sampled_from(["all", "any"])),
        "conditions": draw(st.lists(conditions, max_size=3, unique_by=str)),
        "actions": draw(
            st.sampled_from(
                [{"move": "INBOX/A"}, {"redirect": ["x@far.example"]}, {"discard": True}]
            )
        ),
    }


@st.composite
def _policies(draw, users, groups):
    policy = {
        "password_required": True,
        "password_minimum_length": draw(st.integers(1, 16)),
        "camera": draw(st.booleans()),
        "bluetooth": draw(st.sampled_from(["forbidden", "allowed"])),
    }
    some = st.lists(st.sampled_from(users + groups), min_size=1, max_size=3, unique=True)
    return draw(
        st.sampled_from(
            [
                {},
                {"all": policy | {"company": "acme"}},
                {
                    "some": policy
                    | {
                        "applies_to": draw(some),
                        "position": draw(st.integers(0, 3)),
                    }
                },
            ]
        )
    )


@st.composite
def _answer(draw):
    answer = {"text": draw(TEXT)}
    if draw(st.booleans()):
        answer["external"] = draw(TEXT)
    if draw(st.booleans()):
        answer["from"] = draw(st.sampled_from(["2026-08-03", "2026-08-03T18:00:00+02:00"]))
    if draw(st.booleans()):
        answer["until"] = draw(st.sampled_from(["2026-08-21", "2026-08-21T08:30Z"]))
    return answer


def _folder():
    return st.sampled_from(["/", "INBOX", "INBOX/Projects", "Posta inviata"])


def same(one, other):
    return all(one.of(kind) == other.of(kind) for kind in ALL_KINDS)


@given(before=inventories(), after=inventories())
@settings(deadline=None, max_examples=60)
def test_applying_a_plan_converges(before, after):
    """Whatever there was: after the steps the directory is as declared, and a plan is empty."""
    store = MemoryStore()
    converge(store, before)

    converge(store, after)

    desired = parse(load(after))
    assert same(store.state(), desired)
    assert not plan(desired, store.state())
    assert drift(desired, store.state()) == []
    store.verify_audit()


@given(values=inventories())
@settings(deadline=None, max_examples=60)
def test_importing_an_export_changes_nothing(values):
    """What is written out and read back, as YAML or JSON, is what there was."""
    store = MemoryStore()
    converge(store, values)
    exported = export(store.state(), hashes=True)

    for text in (yaml.safe_dump(exported, allow_unicode=True), json.dumps(exported)):
        state = parse(load(yaml.safe_load(text)))
        assert not plan(state, store.state(), update_password="always")
        fresh = MemoryStore()
        converge(fresh, state)
        assert export(fresh.state(), hashes=True) == exported


@given(values=inventories())
@settings(deadline=None, max_examples=20)
def test_an_export_holds_no_hash_unless_asked(values):
    """An export may be kept with the inventory: secrets are in it only by request."""
    store = MemoryStore()
    converge(store, values)

    assert "crypt" not in json.dumps(export(store.state())).lower()
    assert HASH not in json.dumps(export(store.state()))


@given(before=inventories(), after=inventories())
@settings(deadline=None, max_examples=40)
def test_a_mailbox_is_never_lost_or_shared(before, after):
    """Whoever stays keeps the mailbox; whoever goes has it kept; no two have one."""
    store = MemoryStore()
    converge(store, before)
    had = mailboxes(store.state())

    converge(store, after)

    has, kept = mailboxes(store.state()), store.state().closed
    for place, mailbox in had.items():
        assert has.get(place) == mailbox or mailbox in kept
    assert len({*has.values(), *kept}) == len(has) + len(kept)


def mailboxes(state):
    return {
        (kind, key): record.mailbox_id
        for kind in MAILBOX_KINDS
        for key, record in state.of(kind).items()
    }


@pytest.fixture
def postgres_store(dsn):
    with PostgresStore(dsn) as store:
        yield store


@given(values=inventories())
@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_both_stores_agree(postgres_store, values):
    """From any state to any other, PostgreSQL and the memory end with the same."""
    memory = MemoryStore(postgres_store.state())

    steps = converge(memory, values), converge(postgres_store, values)

    assert steps[0] == steps[1]
    assert same(memory.state(), postgres_store.state())
    assert not plan(parse(load(values)), postgres_store.state())
    assert {Kind(each.kind) for each in postgres_store.changes()} <= set(Kind)
    postgres_store.verify_audit()
