from hypothesis import given, settings
from hypothesis import strategies as st

from fermoposta.directory.model import (
    PROFILES,
    Company,
    Delegation,
    Domain,
    Grant,
    Group,
    State,
    User,
)
from fermoposta.directory.model.rights import EVERY_RIGHT
from fermoposta.directory.rights import (
    Membership,
    Rights,
    effective,
    in_language,
    levels,
    rights_as_of,
)

OWNER = "ada@example.org"
PEOPLE = ("bob@example.org", "carla@example.org", "dino@example.org")
GROUPS = ("inner@example.org", "outer@example.org", "other@example.org")
FOLDERS = ("/", "INBOX", "INBOX/A", "INBOX/A/B", "INBOX/C", "Archive", "calendar", "tasks", "notes")
masks = st.sampled_from([0, *PROFILES.values(), 0x403, 0x41B])


@st.composite
def states(draw):
    """A mailbox with grants to people and groups, some of them in each other, in circles too."""
    members = {
        group: draw(st.lists(st.sampled_from(PEOPLE + GROUPS), unique=True)) for group in GROUPS
    }
    grants = draw(
        st.dictionaries(
            st.tuples(st.sampled_from(FOLDERS), st.sampled_from(PEOPLE + GROUPS)), masks, max_size=8
        )
    )
    return State.of_records(
        [
            Company("acme", "Acme"),
            Domain("example.org", "acme"),
            *(User(each, each, language="en") for each in (OWNER, *PEOPLE)),
            *(Group(each, each, tuple(members[each])) for each in GROUPS),
            *(Grant(OWNER, folder, who, mask) for (folder, who), mask in grants.items()),
        ]
    )


def is_in(state, person, group, seen=()):
    """Say by the definition whether a person is in a group."""
    if group in seen:
        return False
    members = state.groups[group].members
    return person in members or any(
        is_in(state, person, each, (*seen, group)) for each in members if each in state.groups
    )


@settings(deadline=None)
@given(states(), st.sampled_from(FOLDERS), st.sampled_from(PEOPLE))
def test_the_first_level_with_a_grant_counts(state, folder, person):
    """By the definition: walk up, take the first level that says anything, add that level up."""
    names = {person} | {group for group in GROUPS if is_in(state, person, group)}
    wanted = 0
    for level in levels(folder):
        found = [
            g.rights for g in state.grants.values() if g.folder == level and g.grantee in names
        ]
        if found:
            for mask in found:
                wanted |= mask
            break

    assert effective(state, OWNER, folder, person) == wanted


@settings(deadline=None)
@given(states(), st.sampled_from(FOLDERS))
def test_the_owner_has_everything(state, folder):
    """Whatever was granted to whomever."""
    assert effective(state, OWNER, folder, OWNER) == EVERY_RIGHT


@settings(deadline=None)
@given(states(), st.sampled_from(FOLDERS))
def test_who_is_named_nowhere_has_nothing(state, folder):
    """Neither by themselves nor by a group."""
    rights = Rights(state, OWNER)

    for person in set(PEOPLE) - rights.people():
        assert rights.effective(folder, person) == 0


@settings(deadline=None)
@given(states())
def test_membership_is_as_defined(state):
    """By way of other groups too, and a circle of groups ends."""
    membership = Membership(state)

    for person in PEOPLE:
        wanted = {group for group in GROUPS if is_in(state, person, group)}
        assert membership.groups_of(person) & set(GROUPS) == wanted


def test_a_delegation_is_a_grant_on_its_folders():
    """Its inbox is the inbox, and what lies below it."""
    state = State.of_records(
        [
            User(OWNER, "Ada"),
            User(PEOPLE[0], "Bob"),
            Delegation(OWNER, PEOPLE[0], (("calendar", 0x47B), ("inbox", 0x401))),
        ]
    )

    assert effective(state, OWNER, "INBOX/Progetti", PEOPLE[0]) == 0x401
    assert effective(state, OWNER, "calendar", PEOPLE[0]) == 0x47B
    assert effective(state, OWNER, "tasks", PEOPLE[0]) == 0x47B
    assert effective(state, OWNER, "contacts", PEOPLE[0]) == 0
    assert effective(state, OWNER, "calendar/another", PEOPLE[0]) == 0


def test_special_folders_have_the_name_of_the_language():
    """What is granted on `sent` counts for an Italian's "Posta inviata"."""
    state = State.of_records(
        [User(OWNER, "Ada", language="it"), Grant(OWNER, "sent", PEOPLE[0], 0x401)]
    )

    assert effective(state, OWNER, "Posta inviata", PEOPLE[0]) == 0x401
    assert effective(state, OWNER, "sent", PEOPLE[0]) == 0x401
    assert effective(state, OWNER, "Sent", PEOPLE[0]) == 0
    assert in_language("archive/2024", "it") == "Archivio/2024"
    assert in_language("inbox/x", "it") == "INBOX/x"


def test_the_directory_is_gone_through_once_for_many_mailboxes():
    """And again when it is another one: what was given a moment ago is known."""
    state = State.of_records(User(f"{name}@a.test", name) for name in ("owner", "friend"))
    now = [state]
    rights = rights_as_of(lambda: now[0])
    assert rights("owner@a.test").effective("INBOX", "friend@a.test") == 0
    assert rights("owner@a.test").membership is rights("friend@a.test").membership

    now[0] = state.copy()
    now[0].put(Grant("owner@a.test", "INBOX", "friend@a.test", 0x401))

    assert rights("owner@a.test").effective("INBOX", "friend@a.test") == 0x401
