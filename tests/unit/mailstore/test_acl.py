import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fermoposta.directory.model import PROFILES, RIGHTS
from fermoposta.directory.model.rights import EVERY_RIGHT, whole
from fermoposta.directory.rights import Rights, levels_of_mail
from fermoposta.mailstore.acl import ORDER, expected, letters_of, mask_of, parsed
from fermoposta.mailstore.dav_acl import calendar_roles, contacts_roles
from fermoposta.mailstore.dav_acl import mask_of as mask_of_roles

_SPEC = importlib.util.spec_from_file_location(
    "rights_tests", Path(__file__).parents[1] / "directory" / "test_rights.py"
)
rights_tests = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(rights_tests)
OWNER, PEOPLE, states = rights_tests.OWNER, rights_tests.PEOPLE, rights_tests.states

all_masks = st.integers(0, EVERY_RIGHT).map(lambda mask: whole(mask & EVERY_RIGHT))
MAIL = ("INBOX", "INBOX/A", "INBOX/A/B", "INBOX/C", "Archive", "Archive/2024")


@pytest.mark.parametrize(
    ("profile", "letters"),
    [
        ("no_rights", "l"),
        ("read_only", "lr"),
        ("secretary", "lrwstie"),
        ("full_control", "lrwstiek"),
        ("owner", "lrwstieka"),
    ],
)
def test_a_profile_has_its_letters_and_comes_back(profile, letters):
    """The five profiles are what IMAP can say, but for "own", which "all" holds."""
    assert letters_of(PROFILES[profile]) == letters
    assert mask_of(letters) == PROFILES[profile]


@settings(deadline=None)
@given(all_masks)
def test_a_mask_is_rounded_down(mask):
    """There and back, nothing is more than it was, and "own" alone is nothing."""
    back = mask_of(letters_of(mask))

    assert back & ~mask == 0
    assert letters_of(back) == letters_of(mask)


@settings(deadline=None)
@given(st.text(alphabet=ORDER))
def test_letters_are_rounded_down(letters):
    """What a client sets never becomes more than it set."""
    assert set(letters_of(mask_of(letters))) <= set(letters)


@settings(deadline=None)
@given(states(), st.sampled_from(MAIL))
def test_the_list_gives_everybody_exactly_their_rights(state, folder):
    """As Dovecot reads it: groups are added up, and a user's own line counts instead."""
    rights = Rights(state, OWNER)
    acl = expected(rights, folder)
    above = levels_of_mail(folder)[1:] if folder != "INBOX" else ()

    for person in PEOPLE:
        names = rights.names_of(person)
        groups = rights.membership.groups_of(person)
        by_groups = {letter for group in groups for letter in acl.get(f"group={group}", "")}
        has = set(acl.get(f"user={person}", by_groups))
        wanted = letters_of(rights.on(levels_of_mail(folder), names), rights.on(above, names))
        assert has == set(wanted)


@settings(deadline=None)
@given(states(), st.sampled_from(MAIL), st.data())
def test_whatever_groups_a_session_knows_of_it_has_the_rights_of_now(state, folder, data):
    """Whose groups changed has a line where a session's old groups would give something else."""
    person = data.draw(st.sampled_from(PEOPLE))
    old = frozenset(data.draw(st.sets(st.sampled_from(rights_tests.GROUPS))))
    rights = Rights(state, OWNER)
    now = rights.membership.groups_of(person)
    acl = expected(rights, folder, {person: old})
    above = levels_of_mail(folder)[1:] if folder != "INBOX" else ()
    names = rights.names_of(person)
    wanted = letters_of(rights.on(levels_of_mail(folder), names), rights.on(above, names))

    for known in (old, now):
        by_groups = {letter for group in known for letter in acl.get(f"group={group}", "")}
        assert set(acl.get(f"user={person}", by_groups)) == set(wanted)


def test_dovecots_words_are_read():
    """Rights and refusals; a line that only refuses gives nothing."""
    rows = [
        ("user=a@b", "", "lookup read"),
        ("user=c@d", "", "-lookup -read"),
        ("group=e@f", "", "lookup -write"),
    ]

    assert parsed(rows) == {"user=a@b": "lr", "user=c@d": "", "group=e@f": "l-w"}
    assert mask_of("lr-r") == RIGHTS["visible"]


@settings(deadline=None)
@given(all_masks, st.sets(st.sampled_from(["PrivateModifier", "PrivateViewer", "PublicViewer"])))
def test_roles_on_a_calendar_are_rounded_down(mask, held):
    """There and back nothing is more; what is private never more than what is public."""
    roles = calendar_roles(mask, held)

    if roles:
        assert mask_of_roles(roles) & ~mask == 0
    assert calendar_roles(mask, roles) == roles
    if "PrivateModifier" in roles:
        assert "PublicModifier" in roles


@settings(deadline=None)
@given(all_masks)
def test_roles_on_an_address_book_are_rounded_down(mask):
    """There and back nothing is more."""
    roles = contacts_roles(mask)

    if roles:
        assert mask_of_roles(roles) & ~mask == 0


def test_nobody_deletes_what_they_cannot_read():
    """SOGo lets who may delete something move it among their own, where it is read."""
    mask = RIGHTS["visible"] | RIGHTS["create"] | RIGHTS["delete_all"]

    assert calendar_roles(mask) == contacts_roles(mask) == {"ObjectCreator"}


def test_a_secretarys_calendar():
    """Reads, creates, edits, deletes; what is private is busy time."""
    assert calendar_roles(PROFILES["secretary"]) == {
        "PublicModifier",
        "ConfidentialModifier",
        "PrivateDAndTViewer",
        "ObjectCreator",
        "ObjectEraser",
    }
    assert calendar_roles(PROFILES["no_rights"]) == set()
