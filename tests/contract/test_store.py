"""What every store promises."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from fermoposta.directory import passwords
from fermoposta.directory.model import ALL_KINDS, Kind, Owner, Secret, State
from fermoposta.directory.plan import change_password, plan
from fermoposta.directory.steps import Action
from fermoposta.directory.store import StaleError
from tests.contract.states import EVERYTHING, HASH, converge, everything, people, state_of


def test_holds_what_was_declared(store):
    """One of everything goes in, and everything comes out as it was declared."""
    desired = state_of(EVERYTHING)

    converge(store, desired)

    stored = store.state()
    assert {kind: stored.of(kind) for kind in ALL_KINDS} == {
        kind: desired.of(kind) for kind in ALL_KINDS
    }
    ada = stored.users["ada@example.org"]
    assert ada.password_hash == HASH
    assert ada.security_questions[0].answer_hash == HASH
    assert (ada.mobile, ada.recovery_address) == ("+393331234567", "ada@elsewhere.example")
    assert ada.role == desired.users["ada@example.org"].role
    assert ada.mailbox_id


def test_has_nothing_to_do_the_second_time(store):
    """A second run of the same declaration is an empty plan, and writes nothing."""
    converge(store, EVERYTHING)
    revision = store.state().revision

    assert converge(store, EVERYTHING) == 0
    assert store.state().revision == revision


def test_every_write_raises_the_revision(store):
    """A plan can tell whether anybody wrote since."""
    before = store.state().revision

    converge(store, people(1))

    assert store.state().revision > before


def test_a_stale_plan_is_not_carried_out(store):
    """Of two plans made from the same state only the first is applied; nothing is overwritten."""
    converge(store, people(2))
    actual = store.state()
    first = plan(state_of(people(3)), actual)
    second = plan(state_of(people(4)), actual)
    store.apply(first, actor="one")

    with pytest.raises(StaleError, match="plan again"):
        store.apply(second, actor="two")

    assert len(store.state().users) == 3


@pytest.mark.feature("F132")
def test_a_quota_changes_without_a_new_mailbox(store):
    """Changing the quota keeps the mailbox."""
    converge(store, EVERYTHING)
    before = store.state().users["ada@example.org"]
    changed = everything()
    changed["mail_users"]["ada@example.org"]["quota_mb"] = 25600

    assert converge(store, changed) == 1

    after = store.state().users["ada@example.org"]
    assert after.quota_mb == 25600
    assert after.mailbox_id == before.mailbox_id


def test_every_kind_can_change(store):
    """What is declared otherwise is stored otherwise, for each kind there is."""
    converge(store, EVERYTHING)
    changed = everything()
    changed["mail_companies"]["acme"]["name"] = "Acme"
    changed["mail_domains"]["example.net"]["catch_all"] = "bob@example.org"
    changed["mail_users"]["bob@example.org"] |= {"language": "en", "mobile": "+39055123456"}
    changed["mail_resources"]["room1@example.org"]["name"] = "Sala Rossa"
    changed["mail_aliases"]["sales@example.org"]["destinations"] = ["bob@example.org"]
    changed["mail_groups"]["board@example.org"]["senders"] = "company"
    changed["mail_send_as"]["sales@example.org"]["senders"] = ["ada@example.org"]
    changed["mail_delegations"]["ada@example.org"]["bob@example.org"] = {"tasks": "owner"}
    changed["mail_grants"]["ada@example.org"]["/"]["bob@example.org"] = "owner"
    changed["mail_allowed_domains"]["example.org"] = []
    changed["mail_junk_rules"]["example.org"]["@spam.example"] = "allow"

    assert converge(store, changed) == 11

    desired, stored = state_of(changed), store.state()
    assert all(stored.of(kind) == desired.of(kind) for kind in ALL_KINDS)
    assert stored.users["bob@example.org"].mobile == "+39055123456"


def test_a_removed_user_is_closed_and_reopened_with_the_same_mailbox(store):
    """Who comes back within 30 days finds their mail, and the old password still works."""
    converge(store, EVERYTHING)
    before = store.state().users["zoe@other.example"]
    without = everything()
    del without["mail_users"]["zoe@other.example"]
    converge(store, without)
    closed = store.state()
    assert "zoe@other.example" not in closed.users
    assert [each.mailbox_id for each in closed.closed.values()] == [before.mailbox_id]

    again = everything()
    del again["mail_users"]["zoe@other.example"]["password_hash"]
    converge(store, again)

    after = store.state()
    assert after.users["zoe@other.example"].mailbox_id == before.mailbox_id
    assert after.users["zoe@other.example"].password_hash == HASH
    assert after.closed == {}


def test_the_address_of_a_closed_user_is_free(store):
    """Mail for who has left can go to a colleague, by an alias of the old address."""
    converge(store, EVERYTHING)
    moved = everything()
    del moved["mail_users"]["zoe@other.example"]
    moved["mail_aliases"]["zoe@other.example"] = {"destinations": ["ada@example.org"]}

    converge(store, moved)

    state = store.state()
    assert state.kind_of("zoe@other.example") is Kind.ALIASES
    assert len(state.closed) == 1
    assert converge(store, EVERYTHING) == 2


def test_an_alias_becomes_a_user_with_what_was_said_of_its_address(store):
    """A send-as rule survives when the thing behind its address is another."""
    converge(store, EVERYTHING)
    moved = everything()
    del moved["mail_aliases"]["sales@example.org"]
    moved["mail_users"]["sales@example.org"] = {"name": "Sales"}

    converge(store, moved)

    assert store.state().kind_of("sales@example.org") is Kind.USERS
    assert store.state().send_as["sales@example.org"].senders == ("bob@example.org",)


def test_a_domain_moves_to_another_company(store):
    """A company can be replaced by another in one go."""
    converge(store, EVERYTHING)
    moved = everything()
    del moved["mail_companies"]["other"]
    moved["mail_companies"]["new"] = {"name": "New"}
    moved["mail_domains"]["other.example"]["company"] = "new"

    converge(store, moved)

    assert set(store.state().companies) == {"acme", "new"}


def test_a_mailbox_is_purged_after_thirty_days_and_not_before(store):
    """Nobody's mail is forgotten early; on the thirtieth day it may be."""
    converge(store, EVERYTHING)
    without = everything()
    del without["mail_users"]["zoe@other.example"]
    converge(store, without)
    (closed,) = store.state().closed.values()
    early, late = (closed.closed_at + timedelta(days=days) for days in (29, 30))

    assert store.purgeable(early) == []
    assert store.purge([closed.mailbox_id], now=early, actor="jobs") == []
    assert store.purgeable(late) == [closed]
    assert store.purge([closed.mailbox_id], now=late, actor="jobs") == [closed]

    assert store.state().closed == {}
    assert store.audit()[-1].action == "purge"
    store.verify_audit()


def test_plain_passwords_are_hashed_on_the_way(store):
    """What is stored is a hash that the password fits, never the password."""
    values = people(1)
    values["mail_users"]["user0@example.org"] = {"name": "U", "password": "Correct8horse"}

    converge(store, values)

    stored = store.state().users["user0@example.org"]
    assert stored.password is None
    assert passwords.verify("Correct8horse", stored.password_hash)


def test_a_password_is_left_alone_unless_told_otherwise(store):
    """An inventory run does not undo what users did to their password; `always` does."""
    values = people(1)
    user = values["mail_users"]["user0@example.org"]
    user.pop("password_hash")
    user["password"] = "Correct8horse"
    converge(store, values)
    store.apply(
        change_password(store.state(), "user0@example.org", Secret("Other9horse")), actor="user"
    )

    assert converge(store, values) == 0
    assert passwords.verify("Other9horse", store.state().users["user0@example.org"].password_hash)
    assert converge(store, values, update_password="always") == 1
    assert converge(store, values, update_password="always") == 0
    assert passwords.verify("Correct8horse", store.state().users["user0@example.org"].password_hash)


def test_the_feed_names_what_changed(store):
    """A reader that remembers the last id that it saw misses nothing and sees nothing twice."""
    converge(store, people(1))
    seen = store.changes()
    converge(store, people(2))

    assert [(each.kind, each.key) for each in seen] == [
        (Kind.COMPANIES, "acme"),
        (Kind.DOMAINS, "example.org"),
        (Kind.USERS, "user0@example.org"),
    ]
    (new,) = store.changes(seen[-1].id)
    assert (new.kind, new.key) == (Kind.USERS, "user1@example.org")


def test_a_listener_is_woken(store):
    """Who listens hears of a change as it comes, and of quiet times by an empty list."""
    converge(store, people(1))
    listener = store.listen(timeout=10)
    assert len(next(listener)) == 3

    writer = threading.Timer(0.05, converge, (store, people(2)))
    writer.start()
    heard = next(listener)
    writer.join()
    listener.close()

    assert [each.key for each in heard] == ["user1@example.org"]
    assert next(store.listen(heard[-1].id, timeout=0.01)) == []


def test_the_audit_says_who_did_what_and_holds_no_secret(store):
    """Every step is an entry: actor, action, before, after; a password only as “changed”."""
    converge(store, EVERYTHING)
    store.apply(
        change_password(store.state(), "ada@example.org", Secret("Other9horse")), actor="cli:root"
    )

    entries = store.audit()

    assert {each.actor for each in entries} == {"test", "cli:root"}
    assert entries[-1].action == Action.UPDATE
    assert '"password":"(new)"' in entries[-1].after
    text = "".join(each.before + each.after for each in entries)
    assert "argon2" not in text.lower()
    assert "Other9horse" not in text
    assert entries[0].at <= datetime.now(UTC)
    store.verify_audit()


def test_what_the_portal_owns_is_left_alone(store):
    """An inventory run does not remove what was made in the portal."""
    converge(store, people(1))
    portal = State.of_records(store.state().records())
    portal.put(state_of(people(2)).users["user1@example.org"])
    store.apply(plan(portal, store.state(), kinds=[Kind.USERS], owner=Owner.PORTAL), actor="portal")

    assert converge(store, people(1)) == 0
    assert store.state().users["user1@example.org"].managed_by is Owner.PORTAL
    assert converge(store, people(2), adopt=True) == 1
    assert store.state().users["user1@example.org"].managed_by is Owner.INVENTORY
