from base64 import b64encode
from hashlib import sha256

import pytest

from fermoposta.directory.model import Kind

PNG = b"\x89PNG\r\n\x1a\n and pixels"
DER = b"\x30\x0b\x30\x09 not much"
ONE = {
    "domains": ({"name": "example.net", "company": "acme"}, "example.net"),
    "users": (
        {"address": "dora@example.org", "name": "Dora", "password": "Locanda1988"},
        "dora@example.org",
    ),
    "aliases": (
        {"address": "help@example.org", "destinations": ["bob@example.org"]},
        "help@example.org",
    ),
    "groups": (
        {"address": "all@example.org", "name": "All", "members": ["ada@example.org"]},
        "all@example.org",
    ),
    "resources": (
        {"address": "car@example.org", "name": "Car", "kind": "thing"},
        "car@example.org",
    ),
    "send_as": (
        {"address": "sales@example.org", "senders": ["ada@example.org"]},
        "sales@example.org",
    ),
}
POLICIES = {
    "delegations": (
        {
            "mailbox": "ada@example.org",
            "delegate": "bob@example.org",
            "folders": {"inbox": "owner"},
        },
        "ada@example.org bob@example.org",
    ),
    "grants": (
        {
            "mailbox": "ada@example.org",
            "folder": "/",
            "grantee": "sales@example.org",
            "rights": ["visible", "read"],
        },
        "ada@example.org sales@example.org /",
    ),
    "allowed_domains": ({"domain": "example.org", "allowed": ["example.net"]}, "example.org"),
    "junk_rules": (
        {"scope": "bob@example.org", "sender": "@shop.example", "action": "allow"},
        "bob@example.org @shop.example",
    ),
    "rules": (
        {
            "mailbox": "bob@example.org",
            "name": "From Ada",
            "conditions": [{"field": "from", "is": "ada@example.org"}],
            "actions": {"move": "INBOX/Ada"},
        },
        "bob@example.org From Ada",
    ),
    "out_of_office": (
        {
            "mailbox": "bob@example.org",
            "text": "Away",
            "external": "Gone & back <soon>",
            "from": "2026-08-03",
            "until": "2026-08-31T18:00+02:00",
        },
        "bob@example.org",
    ),
}
DEVICES = {
    "device_policies": (
        {
            "name": "Phones",
            "applies_to": ["bob@example.org"],
            "password_required": True,
            "password_minimum_length": 6,
            "bluetooth": "hands_free",
        },
        "Phones",
    ),
    "device_access": (
        {"scope": "acme", "unknown": "quarantine", "types": {"iPhone": "allow"}},
        "acme",
    ),
}
PORTRAITS = {
    "pictures": (
        {"address": "bob@example.org", "picture": f"base64:{b64encode(PNG).decode()}"},
        "bob@example.org",
    ),
    "certificates": (
        {"address": "bob@example.org", "certificates": [f"base64:{b64encode(DER).decode()}"]},
        f"bob@example.org {sha256(DER).hexdigest()}",
    ),
}
EACH = [(kind, kind, *given) for kind, given in ONE.items()]
EACH += [("policies", kind, *given) for kind, given in POLICIES.items()]
EACH += [("devices", kind, *given) for kind, given in DEVICES.items()]
EACH += [("portraits", kind, *given) for kind, given in PORTRAITS.items()]
each = pytest.mark.parametrize(("module", "kind", "entry", "key"), EACH, ids=[e[1] for e in EACH])


@each
def test_an_entry_is_added_beside_the_others(inhabited, module, kind, entry, key):
    """With `exclusive: false` only what is listed changes, and only once."""
    before = set(inhabited.store.state().of(Kind(kind)))

    first = inhabited.run(module, exclusive=False, **{kind: [entry]})
    second = inhabited.run(module, exclusive=False, **{kind: [entry]})

    assert (first["changed"], second["changed"]) == (True, False)
    assert set(inhabited.store.state().of(Kind(kind))) == before | {key}


@each
def test_check_mode_changes_nothing(inhabited, module, kind, entry, key):
    """Check mode says what would be done."""
    before = inhabited.store.state()

    result = inhabited.run(module, check=True, exclusive=False, **{kind: [entry]})

    assert result["changed"]
    assert inhabited.store.state() == before


@each
def test_an_entry_that_stands_twice_is_a_problem(inhabited, module, kind, entry, key):
    """Of two contradicting entries neither wins in silence."""
    result = inhabited.run(module, **{kind: [entry, entry]})

    assert result.failed
    assert result["problems"][0]["message"] == "stands twice"


def test_a_whole_list_removes_the_rest(inhabited):
    """By default the list is what shall be."""
    entry = {"address": "all@example.org", "name": "All", "members": ["ada@example.org"]}

    result = inhabited.run("groups", groups=[entry])

    assert result["counts"] == {"create": 1, "remove": 1}
    assert set(inhabited.store.state().groups) == {"all@example.org"}


def test_what_others_refer_to_is_not_removed(inhabited):
    """An alias goes only together with the rules that name it."""
    result = inhabited.run("aliases", aliases=[])

    assert result.failed
    assert result["problems"][0]["path"] == "mail_send_as.info@example.org"


def test_other_kinds_are_not_touched(inhabited):
    """A list of aliases says nothing of groups."""
    before = inhabited.store.state()

    inhabited.run(
        "aliases", aliases=[{"address": "info@example.org", "destinations": ["bob@example.org"]}]
    )

    after = inhabited.store.state()
    assert after.groups == before.groups
    assert after.aliases["info@example.org"].destinations == ("bob@example.org",)


def test_the_portals_records_are_left_alone_and_may_be_referred_to(
    inhabited, portal_user, portal_alias
):
    """What an administrator made in the portal neither vanishes nor gets in the way."""
    inhabited.by_portal(portal_user, portal_alias)
    entry = {"address": "info@example.org", "destinations": ["carla@example.org"]}

    result = inhabited.run("aliases", aliases=[entry])

    assert result["counts"] == {"update": 1}
    assert set(inhabited.store.state().aliases) == {"info@example.org", "press@example.org"}


def test_listing_a_few_users_does_not_close_the_rest(inhabited):
    """An ad-hoc call that forgot `exclusive: false` is refused, not carried out."""
    users = [{"address": f"user{n}@example.org", "name": "User"} for n in range(4)]
    inhabited.run("users", exclusive=False, users=users)

    result = inhabited.run("users", users=users[:1])

    assert result.failed
    assert len(inhabited.store.state().users) == 6


@pytest.mark.feature("F127")
@pytest.mark.parametrize("password", ["Locanda1988", "locanda"], ids=["good", "weak"])
def test_users_passwords_stay_secret(inhabited, password):
    """A good password and a refused one are both kept out of the answer."""
    user = {"address": "dora@example.org", "name": "Dora", "password": password}

    result = inhabited.run("users", exclusive=False, users=[user])

    assert result.failed == (password == "locanda")
    assert password not in result.text
    assert not any(password in line for line in inhabited.log)


def test_without_any_policy_there_is_nothing_to_do(inhabited):
    """An empty call is a mistake, and said to be one."""
    assert inhabited.run("policies").failed


def test_a_policy_of_devices_is_declared_whole(inhabited):
    """What an entry no longer says is no longer demanded, whatever else stays."""
    entry = {"name": "Phones", "company": "acme", "password_required": True, "camera": False}
    inhabited.run("devices", device_policies=[entry])
    inhabited.run("devices", device_access=[{"scope": "acme", "unknown": "block"}])

    del entry["camera"]
    inhabited.run("devices", exclusive=False, device_policies=[entry])

    assert inhabited.store.state().device_policies["Phones"].camera
    assert inhabited.store.state().device_access["acme"].unknown == "block"
    assert inhabited.run("devices").failed


def test_a_users_certificates_are_declared_whole(inhabited):
    """A former one goes; those of others stay, and what is there already need not be sent again."""

    def listed(address, *contents):
        return {
            "address": address,
            "certificates": [f"base64:{b64encode(each).decode()}" for each in contents],
        }

    later = b"\x30\x0b\x30\x09 renewed."
    ada, bob = listed("ada@example.org", DER), listed("bob@example.org", DER)
    inhabited.run("portraits", certificates=[ada, bob])
    known = {"address": "ada@example.org", "certificates": [f"sha256:{sha256(DER).hexdigest()}"]}

    same = inhabited.run("portraits", exclusive=False, certificates=[known])
    changed = inhabited.run(
        "portraits", exclusive=False, certificates=[listed("bob@example.org", later)]
    )

    assert not same["changed"]
    assert changed["counts"] == {"create": 1, "remove": 1}
    assert set(inhabited.store.state().certificates) == {
        f"ada@example.org {sha256(DER).hexdigest()}",
        f"bob@example.org {sha256(later).hexdigest()}",
    }
    assert b64encode(later).decode() not in changed.text


def test_kinds_of_policies_that_are_not_given_stay(inhabited):
    """Rules against junk can be declared without the rights on folders."""
    rules = [{"scope": "example.org", "sender": "@bad.example", "action": "block"}]

    inhabited.run("policies", junk_rules=rules)

    assert set(inhabited.store.state().junk_rules) == {"example.org @bad.example"}
    assert len(inhabited.store.state().grants) == 1
