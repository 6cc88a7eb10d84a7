"""The directory in a service's memory is what the store holds, whatever happened in between."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from fermoposta.directory.model import ALL_KINDS, Grant, Kind, State
from fermoposta.directory.plan import plan
from fermoposta.directory.store import PostgresStore, Replica, StoreError
from tests.contract.states import EVERYTHING, converge, people, state_of


def kinds_of(state: State) -> dict[Kind, dict[str, object]]:
    return {kind: dict(state.of(kind)) for kind in ALL_KINDS} | {"closed": state.closed}


def test_follows_every_kind_of_change(store):
    """Made, changed, removed and closed: after each, memory and store are the same."""
    replica = Replica(store)
    assert kinds_of(replica.state) == kinds_of(store.state())

    desired = state_of(EVERYTHING)
    zoe = State(
        companies=desired.companies,
        domains={"other.example": desired.domains["other.example"]},
        users={"zoe@other.example": desired.users["zoe@other.example"]},
    )
    for target in (desired, zoe, desired):
        converge(store, target)
        before, changes = replica.state, replica.catch_up()

        assert changes
        assert replica.position == changes[-1].id
        assert replica.state is not before, "whoever holds the old state keeps it"
        assert replica.state.revision == store.state().revision
        assert kinds_of(replica.state) == kinds_of(store.state())
    assert replica.catch_up() == []


def test_takes_in_one_grant_among_many(store):
    """Keys of several parts, with a blank in a folder's name."""
    state = state_of(EVERYTHING)
    mailbox = next(iter(state.grants.values())).mailbox
    grantee = next(iter(state.grants.values())).grantee
    converge(store, state)
    replica = Replica(store)
    more = state.copy()
    for folder in ("INBOX/Due parole", "INBOX/Altro"):
        more.put(Grant(mailbox, folder, grantee, 0x401))
    converge(store, more)
    replica.catch_up()
    fewer = more.copy()
    del fewer.grants[f"{mailbox} {grantee} INBOX/Due parole"]
    converge(store, fewer)

    replica.catch_up()

    assert replica.state.grants == store.state().grants
    assert f"{mailbox} {grantee} INBOX/Altro" in replica.state.grants
    assert f"{mailbox} {grantee} INBOX/Due parole" not in replica.state.grants


def test_who_needs_no_secrets_reads_none(dsn):
    """The hashes are not even asked for, and a user cannot be overwritten without theirs."""
    with PostgresStore(dsn) as whole:
        converge(whole, EVERYTHING)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("ALTER TABLE directory.users DROP COLUMN security_questions CASCADE")
        with PostgresStore(dsn, secrets=False) as blind:
            state = blind.state()
            assert state.users
            assert {user.password_hash for user in state.users.values()} == {None}
            wanted = state.copy()
            wanted.put(replace(next(iter(wanted.users.values())), name="Somebody Else"))
            with pytest.raises(StoreError, match="without secrets"):
                blind.apply(plan(wanted, state), actor="test")


def test_a_small_change_reads_little(store):
    """Of many people one is read again, and the others stay the same objects."""
    converge(store, people(50))
    replica = Replica(store)
    before = replica.state.users
    key = min(before)
    changed = store.state()
    changed.put(replace(changed.users[key], name="New Name"))
    converge(store, changed)

    replica.catch_up()

    assert replica.state.users[key].name == "New Name"
    if isinstance(store, PostgresStore):
        assert all(replica.state.users[k] is before[k] for k in before if k != key)
