"""Which policy holds for whose devices, what devices are told, and which may come."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.directory.device_policies import (
    ELEMENTS,
    WORDS,
    access_for,
    elements,
    policy_for,
    settings,
)
from fermoposta.directory.model import (
    Company,
    DeviceAccess,
    DevicePolicy,
    Domain,
    Group,
    Record,
    State,
    User,
)

ADA, BOB, ZOE = "ada@example.org", "bob@example.com", "zoe@other.example"
TEAM, BOARD, THEIRS = "team@example.org", "board@example.org", "all@other.example"
BASE = (
    Company("acme", "Acme"),
    Company("other", "Other"),
    Domain("example.org", "acme"),
    Domain("example.com", "acme"),
    Domain("other.example", "other"),
    User(ADA, "Ada"),
    User(BOB, "Bob"),
    User(ZOE, "Zoe"),
    Group(TEAM, "Team", (ADA,)),
    Group(BOARD, "Board", (TEAM,)),
    Group(THEIRS, "All", (ZOE, ADA)),
)
COMPANY = DevicePolicy("company", company="acme")
GROUP = DevicePolicy("group", applies_to=(BOARD,))
OWN = DevicePolicy("own", applies_to=(ADA,), position=9)


def named(user: str, *records: Record) -> str | None:
    policy = policy_for(State.of_records([*BASE, *records]), user)
    return policy.name if policy else None


def test_nothing_is_demanded_unless_said() -> None:
    """Neither where there is no policy, nor of another company's people, nor of who isn't there."""
    assert named(ADA) is None
    assert named(ZOE, COMPANY, OWN) is None
    assert named("nobody@example.org", COMPANY) is None
    assert named(TEAM, COMPANY) is None


def test_the_nearest_policy_holds() -> None:
    """A user's own before a group's, whatever their positions, and that before the company's."""
    assert named(ADA, COMPANY, GROUP, OWN) == "own"
    assert named(ADA, COMPANY, GROUP) == "group"
    assert named(BOB, COMPANY, GROUP, OWN) == "company"
    assert named(ADA, COMPANY) == "company"


def test_of_equally_near_ones_the_position_decides() -> None:
    """Then the name."""
    first = replace(GROUP, name="z", position=-1, applies_to=(TEAM,))

    assert named(ADA, GROUP, first) == "z"
    assert named(ADA, GROUP, replace(first, position=0)) == "group"


def test_another_companys_group_demands_nothing() -> None:
    """Whoever puts a stranger into a group has no say about that stranger's phone."""
    theirs = DevicePolicy("theirs", applies_to=(THEIRS,))

    assert named(ADA, theirs) is None
    assert named(ZOE, theirs) == "theirs"


def test_devices_are_told_in_their_own_words() -> None:
    """Switches are 0 and 1, words are numbers, and a limit that is not set is not told."""
    told = elements(
        DevicePolicy(
            "phones",
            company="acme",
            password_required=True,
            password_minimum_length=6,
            camera=False,
            bluetooth="hands_free",
            mail_age="1_month",
            calendar_age="6_months",
        )
    )

    assert told["DevicePasswordEnabled"] == "1"
    assert told["MinDevicePasswordLength"] == "6"
    assert (told["AllowCamera"], told["AllowWiFi"]) == ("0", "1")
    assert told["AllowBluetooth"] == "1"
    assert (told["MaxEmailAgeFilter"], told["MaxCalendarAgeFilter"]) == ("5", "7")
    assert "MaxInactivityTimeDeviceLock" not in told


def test_every_setting_is_told() -> None:
    """What a policy can say has an element, but for whom it is for and what the gateway does."""
    ours = {"name", "company", "applies_to", "position", "managed_by"}
    gateways = {"allow_non_provisionable", "refresh_hours"}

    assert {each.name for each in fields(DevicePolicy)} == ours | gateways | set(ELEMENTS)
    assert len(set(ELEMENTS.values())) == len(ELEMENTS)


def _values(name: str) -> st.SearchStrategy[object]:
    default = next(each.default for each in fields(DevicePolicy) if each.name == name)
    if name in WORDS:
        return st.sampled_from(sorted(WORDS[name]))
    return st.booleans() if isinstance(default, bool) else st.none() | st.integers(1, 9_998)


@given(chosen=st.fixed_dictionaries({name: _values(name) for name in ELEMENTS}))
def test_what_was_told_can_be_read_back(chosen: dict[str, object]) -> None:
    """The database keeps what devices are told, and nothing is lost by it."""
    policy = replace(COMPANY, **chosen)  # type: ignore[arg-type]

    assert replace(COMPANY, **settings(elements(policy))) == policy  # type: ignore[arg-type]


def test_what_is_not_told_stays_as_it_is() -> None:
    """An older row lacks what came later."""
    assert settings({"AllowCamera": "0"}) == {"camera": False}


@pytest.mark.parametrize(
    ("user", "type_", "model", "happens"),
    [
        (BOB, "Android", "", "quarantine"),
        (BOB, "IPHONE", "", "allow"),
        (BOB, "iPhone", "iphone3c1", "block"),
        (BOB, "", "", "quarantine"),
        (ADA, "iPhone", "iPhone3C1", "allow"),
        (ADA, "Outlook", "", "block"),
        (ZOE, "iPhone", "iPhone3C1", "allow"),
    ],
)
def test_which_devices_may_come(user: str, type_: str, model: str, happens: str) -> None:
    """The model before the type, the user's own word in the place of the company's."""
    company = DeviceAccess("acme", "quarantine", (("iphone", "allow"),), (("iphone3c1", "block"),))
    own = DeviceAccess(ADA, types=(("outlook", "block"),))

    state = State.of_records([*BASE, company, own])

    assert access_for(state, user, type_, model) == happens
