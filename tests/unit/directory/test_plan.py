"""The planner: what it does, in which order, and what it refuses."""

from __future__ import annotations

import json

import pytest

from fermoposta.directory.drift import What, drift
from fermoposta.directory.model import Kind, Owner, Secret, State
from fermoposta.directory.plan import change_password, plan, require_app_passwords
from fermoposta.directory.steps import Action, PlanError
from fermoposta.directory.store import MemoryStore
from fermoposta.inventory import load, parse

HASH = "$6$saltsalt$" + "a" * 86
PICTURE = "base64:/9j/AAAA"


def state(users=(), *, aliases=None, **parts):
    values = {
        "mail_companies": {"acme": {"name": "Acme"}},
        "mail_domains": {"example.org": {"company": "acme"}},
        "mail_users": {f"{name}@example.org": {"name": name} for name in users},
        "mail_aliases": {
            f"{name}@example.org": {"destinations": to} for name, to in (aliases or {}).items()
        },
    }
    return parse(load(values | parts))


def stored(declared, owner=Owner.INVENTORY):
    store = MemoryStore()
    store.apply(plan(declared, store.state(), owner=owner), actor="test")
    return store.state()


def people(count):
    return [f"user{n}" for n in range(count)]


def test_makes_what_is_referred_to_first():
    """A company comes before its domains, those before addresses."""
    kinds = [
        step.kind for step in plan(state(["ada"], aliases={"a": ["ada@example.org"]}), State())
    ]

    assert kinds == [Kind.COMPANIES, Kind.DOMAINS, Kind.USERS, Kind.ALIASES]


def test_removes_what_refers_first():
    """Aliases go before the user that they lead to, who goes before the domain."""
    actual = stored(
        state(
            ["ada"],
            aliases={"a": ["ada@example.org"]},
            mail_domains={"example.org": {"company": "acme"}, "example.net": {"company": "acme"}},
        )
    )
    steps = plan(state(["bob"]), actual).steps

    assert [(step.action, step.kind) for step in steps] == [
        (Action.REMOVE, Kind.ALIASES),
        (Action.CLOSE, Kind.USERS),
        (Action.CREATE, Kind.USERS),
        (Action.REMOVE, Kind.DOMAINS),
    ]


def test_an_empty_inventory_does_not_empty_the_directory():
    """A wrong path to the inventory costs nobody their mailbox, whatever is allowed."""
    actual = stored(state(["ada", "bob"]))

    with pytest.raises(PlanError) as caught:
        plan(State(), actual, allow_removal=list(Kind))

    assert {problem.path for problem in caught.value.problems} == {
        "mail_companies",
        "mail_domains",
        "mail_users",
    }
    assert "never emptied" in str(caught.value)


@pytest.mark.parametrize(
    ("had", "left", "fine"),
    [(3, 2, True), (3, 1, False), (10, 9, True), (20, 18, True), (20, 17, False), (19, 17, False)],
)
def test_more_than_a_tenth_does_not_vanish_by_accident(had, left, fine):
    """One may always go, and up to a tenth; more must be allowed, by the name of the kind."""
    actual = stored(state(people(had)))
    desired = state(people(left))

    if fine:
        assert len(plan(desired, actual)) == had - left
    else:
        with pytest.raises(PlanError, match="more than a tenth"):
            plan(desired, actual)
        with pytest.raises(PlanError, match="more than a tenth"):
            plan(desired, actual, allow_removal=[Kind.ALIASES])
    assert len(plan(desired, actual, allow_removal=[Kind.USERS])) == had - left


def test_only_the_kinds_in_question_are_touched():
    """A module for aliases neither makes nor removes users."""
    actual = stored(state(["ada"], aliases={"a": ["ada@example.org"]}))
    desired = state(["bob"], aliases={"b": ["bob@example.org"]})

    with pytest.raises(PlanError, match=r"there is no bob@example\.org"):
        plan(desired, actual, kinds=[Kind.ALIASES])
    steps = plan(state(aliases={}), actual, kinds=[Kind.ALIASES]).steps
    assert [step.kind for step in steps] == [Kind.ALIASES]


def test_what_the_portal_owns_clashes_unless_it_is_the_same_or_adopted():
    """A declaration does not overwrite what somebody made in the portal behind their back."""
    actual = stored(state(["ada"]), owner=Owner.PORTAL)
    changed = state(["ada"])
    changed.companies["acme"] = changed.companies["acme"].__class__("acme", "Changed")

    assert not plan(state(["ada"]), actual)
    with pytest.raises(PlanError, match="belongs to the portal"):
        plan(changed, actual)
    steps = plan(changed, actual, adopt=True).steps
    assert {step.action for step in steps} == {Action.ADOPT}
    assert steps[0].after.managed_by is Owner.INVENTORY


def test_a_removed_user_leaves_the_lists_that_the_portal_keeps():
    """Nothing refers to who is gone: lists get shorter, what was only about them goes."""
    declared = state(
        ["ada", "bob", "eve"],
        aliases={"both": ["ada@example.org", "bob@example.org"], "one": ["bob@example.org"]},
        mail_groups={"team@example.org": {"name": "T", "members": ["bob@example.org"]}},
        mail_delegations={"ada@example.org": {"bob@example.org": {}}},
        mail_junk_rules={"bob@example.org": {"@spam.example": "block"}},
        mail_grants={"bob@example.org": {"INBOX": {"ada@example.org": "owner"}}},
        mail_send_as={"ada@example.org": {"senders": ["bob@example.org", "eve@example.org"]}},
        mail_device_policies={
            "all": {"company": "acme", "applies_to": ["bob@example.org"]},
            "both": {"applies_to": ["ada@example.org", "bob@example.org"]},
            "one": {"applies_to": ["bob@example.org"]},
            "others": {"applies_to": ["ada@example.org"]},
        },
        mail_device_access={
            "acme": {"unknown": "quarantine"},
            "bob@example.org": {"unknown": "block"},
        },
        mail_pictures={"bob@example.org": PICTURE, "ada@example.org": PICTURE},
    )
    portal = stored(declared, owner=Owner.PORTAL)
    users = {key: u.__class__(u.address, u.name) for key, u in declared.users.items()}
    portal.users = users

    steps = plan(state(["ada", "eve"]), portal, kinds=[Kind.USERS]).steps

    assert sorted((step.action.value, step.key) for step in steps) == [
        ("close", "bob@example.org"),
        ("remove", "ada@example.org bob@example.org"),
        ("remove", "bob@example.org"),
        ("remove", "bob@example.org"),
        ("remove", "bob@example.org @spam.example"),
        ("remove", "bob@example.org ada@example.org INBOX"),
        ("remove", "one"),
        ("remove", "one@example.org"),
        ("update", "ada@example.org"),
        ("update", "all"),
        ("update", "both"),
        ("update", "both@example.org"),
        ("update", "team@example.org"),
    ]


def test_a_result_that_cannot_be_is_refused():
    """What the portal keeps and what is declared must fit together, or nothing is done."""
    actual = stored(state([], aliases={"a": ["x@far.example"]}), owner=Owner.PORTAL)

    with pytest.raises(PlanError, match="already"):
        plan(state(["a"]), actual)


def test_a_digest_makes_no_picture():
    """It is enough for the picture that is there, not for a new or another one."""
    declared = state(["ada"], mail_pictures={"ada@example.org": PICTURE})
    digest = declared.pictures["ada@example.org"].digest
    known = state(["ada"], mail_pictures={"ada@example.org": f"sha256:{digest}"})
    other = state(["ada"], mail_pictures={"ada@example.org": f"sha256:{'0' * 64}"})
    actual = stored(declared)

    assert not plan(known, actual)
    for desired, there in ((known, State()), (other, actual)):
        with pytest.raises(PlanError, match="holds nothing with the digest"):
            plan(desired, there)


def test_a_closed_password_makes_no_user():
    """A vaulted password is enough for who is there already, not for somebody new."""
    declared = state(mail_users={"ada@example.org": {"name": "ada", "password": "{{ secret }}"}})
    actual = stored(state(mail_users={"ada@example.org": {"name": "ada", "password": HASH}}))

    assert not plan(declared, actual)
    with pytest.raises(PlanError, match="cannot be read here: a template"):
        plan(declared, State())
    with pytest.raises(PlanError, match="cannot be read here"):
        plan(declared, actual, update_password="always")


def test_recovery_settings_are_the_users_own_where_nothing_is_declared():
    """What users set in the portal is not undone by a declaration that does not speak of it."""
    fields = {"name": "ada", "mobile": "+393331234567", "recovery_address": "a@far.example"}
    actual = stored(state(mail_users={"ada@example.org": fields}))

    assert not plan(state(["ada"]), actual)
    moved = state(mail_users={"ada@example.org": {"name": "ada", "mobile": "+39055123456"}})
    (step,) = plan(moved, actual)
    assert (step.after.mobile, step.after.recovery_address) == ("+39055123456", "a@far.example")


def test_whether_programs_need_passwords_of_their_own_is_the_users_own_too():
    """Until a declaration says so; then it counts, either way."""
    plain, never = ({"name": "ada", "require_app_passwords": on} for on in (True, False))
    chosen = require_app_passwords(stored(state(["ada"])), "ada@example.org", required=True)
    (step,) = chosen
    actual = stored(state(mail_users={"ada@example.org": plain}))

    assert step.after.require_app_passwords
    assert not plan(state(["ada"]), actual)
    (step,) = plan(state(mail_users={"ada@example.org": never}), actual)
    assert step.after.require_app_passwords is False
    with pytest.raises(PlanError, match="there is no such user"):
        require_app_passwords(actual, "nobody@example.org", required=True)


def test_answers_to_security_questions_are_compared_as_people_type_them():
    """An answer counts whatever its capitals; a new question is a change."""

    def declared(question, answer):
        questions = [{"question": question, "answer": answer}]
        return state(
            mail_users={"ada@example.org": {"name": "ada", "security_questions": questions}}
        )

    actual = stored(declared("Machine?", "Analytical  Engine"))

    same, other = declared("Machine?", "analytical engine"), declared("Machine?", "difference")
    assert not plan(same, actual, update_password="always")
    assert not plan(other, actual)
    assert len(plan(other, actual, update_password="always")) == 1
    assert len(plan(declared("Friend?", "Charles"), actual)) == 1


def test_a_plan_is_told_without_secrets():
    """Lines, diff and JSON say what changes, and that a password does, but not which."""
    actual = stored(state(mail_users={"ada@example.org": {"name": "Ada", "password": HASH}}))
    fields = {"name": "Ada L.", "password": "Correct8horse", "role": {"name": "administrator"}}
    fields["role"]["companies"] = ["acme"]
    desired = state(mail_users={"ada@example.org": fields})

    made = plan(desired, actual, update_password="always", verify=lambda *_: False)

    assert made.lines() == ["update users ada@example.org: name, role, password"]
    told = json.dumps(made.to_json()) + made.diff()["before"] + made.diff()["after"]
    assert "Correct8horse" not in told
    assert HASH not in told
    assert "  name: Ada L.\n" in made.diff()["after"]
    assert made.to_json()["counts"] == {"update": 1}


def test_a_new_password_for_nobody_is_refused():
    """The user must be there; the password is not told."""
    with pytest.raises(PlanError, match="there is no such user") as caught:
        change_password(State(), "ada@example.org", Secret("Correct8horse"))
    assert "Correct8horse" not in str(caught.value)

    (step,) = change_password(stored(state(["ada"])), "ada@example.org", HASH)
    assert step.after.password_hash == HASH


def test_drift_tells_the_four_ways_to_differ():
    """Missing, different, extra, and the portal's own, each by its name."""
    actual = stored(state(["ada", "bob"]))
    store = MemoryStore(actual)
    desired = store.state()
    desired.users["eve@example.org"] = state(["eve"]).users["eve@example.org"]
    store.apply(
        plan(desired, store.state(), kinds=[Kind.USERS], owner=Owner.PORTAL), actor="portal"
    )
    declared = state(["zoe"])
    declared.users["ada@example.org"] = actual.users["ada@example.org"].__class__(
        "ada@example.org", "Countess"
    )

    found = drift(declared, store.state())

    assert [(each.what, each.key) for each in found] == [
        (What.DIFFERENT, "ada@example.org"),
        (What.EXTRA, "bob@example.org"),
        (What.PORTAL, "eve@example.org"),
        (What.MISSING, "zoe@example.org"),
    ]
    assert found[0].fields == {"name": ("Countess", "ada")}
    assert str(found[0]) == "different users ada@example.org: name"
    assert found[0].to_json()["fields"] == {"name": {"declared": "Countess", "stored": "ada"}}
