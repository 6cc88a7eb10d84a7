import pytest

from fermoposta.directory import passwords
from fermoposta.directory.model import Owner
from fermoposta.directory.store import StaleError, StoreError
from unit.cli.conftest import INVENTORY


def test_plan_says_what_apply_would_do_and_does_not_do_it(host):
    """One can look before one leaps."""
    answer = host.run("plan", "--json", host.declare())

    assert answer.code == 0
    assert answer.json["counts"] == {"create": 5}
    assert host.store.state().users == {}


def test_apply_does_it_once(host):
    """The second run has nothing to do."""
    path = host.declare()

    first, second = host.run("apply", "--json", path), host.run("apply", "--json", path)

    assert (first.json["changed"], second.json["changed"]) == (True, False)
    assert set(host.store.state().users) == {"ada@example.org", "bob@example.org"}


def test_no_secret_is_said(host):
    """Neither plan nor apply shows a password or a hash."""
    path = host.declare()

    said = "".join(
        answer.text + answer.errors
        for answer in (
            host.run("plan", path),
            host.run("plan", "--json", path),
            host.run("apply", "--json", path),
            host.run("show", "--json", "users"),
            host.run("audit", "--json"),
        )
    )

    assert "Engine1843" not in said
    assert "ARGON2ID" not in said


def test_a_password_is_used_when_its_user_is_made(inhabited):
    """What a user changed is not changed back, unless that is asked for."""
    changed = inhabited.declare(INVENTORY.replace("Engine1843", "Analytical2"))
    hash_before = inhabited.store.state().users["ada@example.org"].password_hash

    assert inhabited.run("apply", "--json", changed).json["changed"] is False
    assert passwords.verify("Engine1843", hash_before)

    always = inhabited.run("apply", "--json", "--update-password", "always", changed)
    assert always.json["counts"] == {"update": 1}
    hash_after = inhabited.store.state().users["ada@example.org"].password_hash
    assert passwords.verify("Analytical2", hash_after)


def test_much_that_vanishes_at_once_is_refused(inhabited):
    """A wrong path can't close everybody's mailbox."""
    names = "".join(f"  user{n}@example.org: {{name: User {n}}}\n" for n in range(8))
    more = inhabited.declare(INVENTORY.replace("mail_aliases", f"{names}mail_aliases"))
    assert inhabited.run("apply", more).code == 0

    fewer = inhabited.declare(INVENTORY)
    refused = inhabited.run("apply", fewer)

    assert refused.code == 4
    assert "more than a tenth" in refused.errors
    assert len(inhabited.store.state().users) == 10
    assert inhabited.run("apply", "--allow-removal", "users", fewer).code == 0
    assert len(inhabited.store.state().users) == 2


def test_apply_plans_anew_where_somebody_else_was_faster(host, monkeypatch):
    """Two writers at once both succeed."""
    apply, calls = host.store.apply, []

    def late(plan, *, actor):
        calls.append(actor)
        if len(calls) == 1:
            raise StaleError("the directory changed")
        return apply(plan, actor=actor)

    monkeypatch.setattr(host.store, "apply", late)

    assert host.run("apply", host.declare()).code == 0
    assert len(calls) == 2


def test_drift_lists_what_differs(inhabited):
    """An operator sees what was changed behind the inventory's back."""
    path = inhabited.declare(INVENTORY.replace("Bob Frankston", "Robert Frankston"))

    answer = inhabited.run("drift", "--json", path)

    assert answer.code == 1
    assert answer.json["differences"] == 1
    assert answer.json["found"][0]["key"] == "bob@example.org"


def test_without_drift_all_is_well(inhabited):
    """Exit code 0 says that directory and inventory agree."""
    assert inhabited.run("drift", inhabited.declare()).code == 0


def test_the_audit_says_who_did_it(inhabited, monkeypatch):
    """Whoever used sudo is named, not root."""
    monkeypatch.setenv("SUDO_USER", "carla")

    inhabited.run("apply", inhabited.declare(INVENTORY.replace("Bob Frankston", "Bob F.")))

    entry = inhabited.store.audit()[-1]
    assert (entry.actor, entry.key) == ("cli:carla", "bob@example.org")


def test_a_directory_out_of_reach_has_a_code_of_its_own(host, monkeypatch):
    """A script can tell a broken database from a broken inventory."""

    def refuse():
        raise StoreError("the database cannot be reached")

    monkeypatch.setattr(host.store, "state", refuse)

    answer = host.run("plan", "--json", host.declare())

    assert (answer.code, answer.json["error"]) == (5, "the database cannot be reached")


@pytest.mark.parametrize("command", ["plan", "apply", "drift"])
def test_a_wrong_inventory_changes_nothing(inhabited, command):
    """What has a problem isn't carried out in part."""
    before = inhabited.store.state()

    answer = inhabited.run(command, inhabited.declare("mail_users: {x: {}}"))

    assert answer.code == 3
    assert inhabited.store.state() == before
    assert all(user.managed_by is Owner.INVENTORY for user in before.users.values())
