"""What may be declared, and in what form it is kept."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from fermoposta.directory.model import PROFILES, Kind, Opaque, Secret, State, names_of, profile_of
from fermoposta.inventory import InventoryError, load, parse

BASE = {
    "mail_companies": {"acme": {"name": "Acme"}},
    "mail_domains": {"example.org": {"company": "acme"}},
}
HASH = "$6$saltsalt$" + "a" * 86


def user(**fields):
    users = {"ada@example.org": {"name": "Ada Lovelace"} | fields}
    return parse(load(BASE | {"mail_users": users})).users["ada@example.org"]


def refused(**fields):
    with pytest.raises(InventoryError) as caught:
        user(**fields)
    return caught.value.problems


@pytest.mark.feature("F130", "F131")
def test_quotas_from_100_mb_to_25_gb():
    """100 MB and 25 GB are accepted; less and more are refused."""
    assert user(quota_mb=100).quota_mb == 100
    assert user(quota_mb=25600).quota_mb == 25600

    assert "less than 100" in refused(quota_mb=99)[0].message
    assert "more than 25600" in refused(quota_mb=25601)[0].message


@pytest.mark.feature("F127")
@pytest.mark.parametrize(
    ("password", "missing"),
    [
        ("Abcde12", "fewer than 8"),
        ("Abcdefgh", "no digit"),
        ("abcdefg1", "no upper-case"),
        ("ABCDEFG1", "no lower-case"),
    ],
)
def test_passwords_have_eight_characters_of_three_classes(password, missing):
    """Eight characters with a digit, an upper- and a lower-case letter; otherwise refused."""
    assert user(password="Abcdef12").password == Secret("Abcdef12")

    (problem,) = refused(password=password)
    assert missing in problem.message
    assert password not in str(problem)


def test_a_hash_may_stand_in_the_place_of_a_password():
    """Who comes from another system brings the hashes along, under either name."""
    assert user(password=HASH).password_hash == HASH
    assert user(password=HASH).password is None
    assert user(password_hash=HASH).password_hash == HASH


@pytest.mark.parametrize(
    "value", ["{{ vault_ada }}", {"__ansible_vault": "…"}, "$ANSIBLE_VAULT;1.1;AES256\n61"]
)
def test_a_closed_secret_is_taken_on_trust(value):
    """Nobody can judge a password that is vaulted, so nobody does."""
    assert isinstance(user(password=value).password, Opaque)


def test_a_secret_is_in_no_repr():
    """A traceback or a log line of a record does not hold the password."""
    ada = user(password="Correct8horse", security_questions=[{"question": "Q", "answer": "X1y2"}])

    assert "Correct8horse" not in repr(ada) + repr(ada.password)
    assert "X1y2" not in repr(ada) + repr(ada.security_questions)
    assert HASH not in repr(user(password_hash=HASH))


@pytest.mark.feature("F138")
def test_local_delivery_off_needs_a_redirect():
    """Without a redirect mail would go nowhere; with one it goes only there."""
    assert not user(local_delivery=False, redirect_to=["ada@far.example"]).local_delivery

    assert "nowhere" in refused(local_delivery=False)[0].message


def test_names_are_kept_in_one_form():
    """Capitals do not matter, and a domain is kept as the DNS has it."""
    values = BASE | {
        "mail_domains": {"Bücher.Example": {"company": "acme"}},
        "mail_users": {"Ada@BÜCHER.example": {"name": "Ada", "redirect_to": ["X@Far.Example"]}},
    }

    state = parse(load(values))

    assert set(state.domains) == {"xn--bcher-kva.example"}
    assert state.users["ada@xn--bcher-kva.example"].redirect_to == ("x@far.example",)


def test_a_telephone_number_is_kept_without_blanks():
    """Numbers are compared when a password is recovered, so there is one form."""
    assert user(mobile="+39 333 123-4567").mobile == "+393331234567"


@pytest.mark.feature("F166")
def test_one_address_is_one_thing():
    """A user, an alias, a group and a resource cannot share an address."""
    for kind, fields in (
        ("aliases", {"destinations": ["x@far.example"]}),
        ("groups", {"name": "A", "members": []}),
        ("resources", {"name": "A"}),
    ):
        values = BASE | {
            "mail_users": {"ada@example.org": {"name": "Ada"}},
            f"mail_{kind}": {"ada@example.org": fields},
        }
        with pytest.raises(InventoryError, match="already"):
            parse(load(values))


@pytest.mark.feature("F108")
def test_send_as_stays_within_the_company():
    """A rule may cross the domains of a company, but not companies."""
    values = {
        "mail_companies": {"acme": {"name": "A"}, "other": {"name": "O"}},
        "mail_domains": {
            "example.org": {"company": "acme"},
            "example.net": {"company": "acme"},
            "other.example": {"company": "other"},
        },
        "mail_users": {
            "ada@example.org": {"name": "Ada"},
            "bob@example.net": {"name": "Bob"},
            "zoe@other.example": {"name": "Zoe"},
        },
    }
    parse(load(values | {"mail_send_as": {"ada@example.org": {"senders": ["bob@example.net"]}}}))

    with pytest.raises(InventoryError, match="another company"):
        parse(
            load(values | {"mail_send_as": {"ada@example.org": {"senders": ["zoe@other.example"]}}})
        )


def test_rights_have_five_profiles_and_any_other_mask():
    """The masks of the five profiles are Kopano's; another combination is nobody's profile."""
    assert dict(PROFILES) == {
        "no_rights": 0x400,
        "read_only": 0x401,
        "secretary": 0x47B,
        "full_control": 0x4FB,
        "owner": 0x5FB,
    }
    assert names_of(PROFILES["secretary"]) == [
        "visible",
        "read",
        "create",
        "edit_all",
        "delete_all",
    ]
    assert profile_of(0x403) is None


def test_rights_may_be_named_or_a_mask():
    """A profile, a list of rights and a number mean the same; “all” holds “own”."""
    values = BASE | {
        "mail_users": {f"{name}@example.org": {"name": name} for name in ("ada", "b", "c", "d")},
        "mail_grants": {
            "ada@example.org": {
                "inbox/Projects": {
                    "b@example.org": "secretary",
                    "c@example.org": ["visible", "read", "create", "edit_all", "delete_all"],
                    "d@example.org": 0x463,
                }
            }
        },
    }

    grants = parse(load(values)).grants.values()

    assert {grant.rights for grant in grants} == {0x47B}
    assert {grant.folder for grant in grants} == {"INBOX/Projects"}


def test_one_kind_may_be_declared_on_top_of_what_is_there():
    """A module that knows aliases alone refers to the users that the directory holds."""
    there = parse(load(BASE | {"mail_users": {"ada@example.org": {"name": "Ada"}}}))
    alias = {"mail_aliases": {"sales@example.org": {"destinations": ["ada@example.org"]}}}

    state = parse(load(alias), base=there, kinds=[Kind.ALIASES])

    assert set(state.aliases) == {"sales@example.org"}
    assert state.users == there.users
    with pytest.raises(InventoryError, match="no such part"):
        parse(load(alias | BASE), base=there, kinds=[Kind.ALIASES])
    with pytest.raises(InventoryError, match="no domain of ours"):
        parse(load(alias), base=State(), kinds=[Kind.ALIASES])


def test_a_thousand_aliases_in_a_row_are_no_loop():
    """Long chains end; only what comes back is refused."""
    chain = {f"a{n}@example.org": {"destinations": [f"a{n + 1}@example.org"]} for n in range(2000)}
    chain["a2000@example.org"] = {"destinations": ["x@far.example"]}

    assert len(parse(load(BASE | {"mail_aliases": chain})).aliases) == 2001


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-08-31", date(2026, 8, 31)),
        ('"2026-08-31"', date(2026, 8, 31)),
        ("2026-08-31T18:00+02:00", datetime(2026, 8, 31, 16, tzinfo=UTC)),
        ("2026-08-31T18:00:00+02:00", datetime(2026, 8, 31, 16, tzinfo=UTC)),
        ("2026-08-31 16:00:00Z", datetime(2026, 8, 31, 16, tzinfo=UTC)),
        ('"2026-08-31T16:00:00.250Z"', datetime(2026, 8, 31, 16, tzinfo=UTC)),
    ],
)
def test_an_answer_begins_on_a_day_or_at_a_moment(tmp_path, said, meant):
    """However YAML takes it, with quotes or without; a moment is kept in UTC."""
    file = tmp_path / "mail.yml"
    file.write_text(
        "mail_companies: {acme: {name: Acme}}\n"
        "mail_domains: {example.org: {company: acme}}\n"
        "mail_users: {ada@example.org: {name: Ada}}\n"
        f"mail_out_of_office: {{ada@example.org: {{text: Away, from: {said}}}}}\n"
    )

    starts = parse(load(file)).out_of_office["ada@example.org"].starts

    assert (type(starts), starts) == (type(meant), meant)
