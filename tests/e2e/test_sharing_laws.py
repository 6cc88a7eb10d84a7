"""Random trees, groups and grants on the host, against the directory's own reading of them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

import pytest
from clients.directory import PASSWORD
from clients.mail import compose, token
from clients.sharing import BOUND, SHARED, letters, listed, may, path
from clients.waiting import wait_for

from fermoposta.directory.model import Grant, Group, State, User
from fermoposta.directory.model.rights import RIGHTS, names_of
from fermoposta.directory.rights import Membership, effective
from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.mail import Mail

SEED = 25
TREES = 24
SAMPLE = 6
"""In how many folders everything is tried out for real."""
IN_IMAP = {
    "visible": "l",
    "read": "r",
    "create": "i",
    "edit_all": "ws",
    "delete_all": "te",
    "create_subfolders": "k",
    "set_permissions": "a",
}
TRIED = {"edit": "edit_all", "delete": "delete_all"}
"""What `may` calls otherwise than the directory."""


class World(NamedTuple):
    """What was applied, as the directory's model has it."""

    state: State
    owner: Account
    people: tuple[Account, ...]
    folders: tuple[str, ...]


@pytest.fixture(scope="module")
def world(directory: Directory, mail: Mail) -> Iterator[World]:
    """Make the folders; then groups and grants come in one change."""
    rng = random.Random(SEED)  # noqa: S311 - a seed that is known is the point
    print("seed", SEED)
    mark = token()
    owner, *people = (f"{name}.{mark}@example.org" for name in ("law", "uno", "due", "tre"))
    groups = [f"{name}.{mark}@example.org" for name in ("a", "b", "c")]
    members = {
        groups[0]: rng.sample(people, 1),
        groups[1]: [*rng.sample(people, 1), groups[0]],
        groups[2]: rng.sample(people, 2),
    }
    folders = trees(rng)
    granted = grants(rng, ["/", *folders], [*people, *groups])
    user = {"name": "Legge", "language": "en", "password": PASSWORD}
    accounts = [Account(each, PASSWORD, "user") for each in (owner, *people)]
    declared = {
        folder: {who: names_of(mask) for (on, who), mask in granted.items() if on == folder}
        for folder in dict.fromkeys(on for on, _ in granted)
    }
    with directory.changed(users=dict.fromkeys((owner, *people), user)):
        with mail.imap(accounts[0]) as client:
            for folder in folders:
                client.create_folder(folder)
        with directory.changed(
            groups={each: {"name": each, "members": members[each]} for each in groups},
            grants={owner: declared},
        ):
            state = State.of_records(
                [
                    *(User(each, each, language="en") for each in (owner, *people)),
                    *(Group(each, each, tuple(members[each])) for each in groups),
                    *(Grant(owner, on, who, mask) for (on, who), mask in granted.items()),
                ]
            )
            yield World(state, accounts[0], tuple(accounts[1:]), folders)


def trees(rng: random.Random) -> tuple[str, ...]:
    """Return the folders of some trees, those above before those below."""
    found = []
    for number in range(TREES):
        tree = [f"INBOX/t{number}"]
        for below in range(rng.randint(0, 3)):
            tree.append(f"{rng.choice(tree)}/{below}")
        found += tree
    return tuple(found)


def grants(
    rng: random.Random, folders: list[str], grantees: list[str]
) -> dict[tuple[str, str], int]:
    """Return masks by folder and grantee: any of them, more often than not with "visible"."""
    found = {}
    for folder in folders:
        for who in rng.sample(grantees, rng.choice((0, 1, 1, 2, 3))):
            mask = sum(
                bit for name, bit in RIGHTS.items() if rng.random() < (name == "visible") / 3 + 0.55
            )
            for verb in ("edit", "delete"):
                if mask & RIGHTS[f"{verb}_all"]:
                    mask |= RIGHTS[f"{verb}_own"]
            found[folder, who] = mask
    return found


def by_right(world: World, folder: str, person: str) -> set[str]:
    """Return the rights that hold on a folder; none without "visible"."""
    mask = effective(world.state, world.owner.address, folder, person)
    return {name for name, bit in RIGHTS.items() if mask & bit} if mask & 0x400 else set()


def in_letters(world: World, folder: str, person: str) -> str:
    """Return the letters of RFC 4314 for what the directory gives."""
    rights = by_right(world, folder, person)
    found = {letter for name in rights for letter in IN_IMAP.get(name, "")}
    above = folder.rpartition("/")[0]
    if "delete_all" in rights and "create_subfolders" in by_right(world, above, person):
        found.add("x")
    return "".join(sorted(found))


@pytest.mark.feature("F075", "F076", "F084", "F085", "F159")
def test_imap_says_what_the_directory_says(world: World, mail: Mail) -> None:
    """LIST and MYRIGHTS, for each person and folder."""
    assert any(Membership(world.state).groups_of(each.address) for each in world.people)
    for person in world.people:
        wanted = {each: in_letters(world, each, person.address) for each in world.folders}
        with mail.imap(person) as client:
            settle(client, world.owner.address, wanted)
        shown = {path(world.owner.address, each) for each in wanted if wanted[each]}

        def as_shown(person: Account = person, shown: set[str] = shown) -> bool:
            with mail.imap(person) as anew:
                return within(listed(anew), world) == shown

        wait_for("the list of folders", as_shown, seconds=BOUND)


def settle(client: object, owner: str, wanted: dict[str, str]) -> None:
    """Wait until MYRIGHTS is as wanted everywhere; say what is not."""
    wrong = dict(wanted)

    def right() -> bool:
        for folder in list(wrong):
            if letters(client, path(owner, folder)) != wanted[folder]:
                return False
            del wrong[folder]
        return True

    try:
        wait_for("the rights", right, seconds=BOUND)
    except AssertionError:
        found = {each: (letters(client, path(owner, each)), wanted[each]) for each in wrong}
        raise AssertionError(found) from None


def within(names: set[str], world: World) -> set[str]:
    """Leave out what is in no tree of ours."""
    known = {path(world.owner.address, each) for each in world.folders}
    return {name for name in names if name.startswith(SHARED)} & known


@pytest.mark.feature("F077", "F078", "F079", "F080", "F081", "F082", "F083")
def test_what_is_done_for_real_is_as_the_directory_says(world: World, mail: Mail) -> None:
    """SELECT, APPEND, STORE, EXPUNGE, CREATE and SETACL, in some folders."""
    rng = random.Random(SEED)  # noqa: S311 - see above
    owner = world.owner.address
    sample = rng.sample(world.folders, SAMPLE)  # each for one person: what one flags stays flagged
    chosen = [(each, world.people[at % 3]) for at, each in enumerate(sample)]
    with mail.imap(world.owner) as client:
        for folder in {each for each, _ in chosen}:
            for _ in range(3):
                client.append(folder, compose("a@b.test", "c@d.test", token()).as_bytes())
    for folder, person in chosen:
        rights = by_right(world, folder, person.address)
        with mail.imap(person) as client:
            settle(client, owner, {folder: in_letters(world, folder, person.address)})
            worked = may(client, path(owner, folder))
        wanted = {each: TRIED.get(each, each) in rights for each in worked}
        if not wanted["read"]:  # nothing is changed in what can't be opened
            wanted["edit"] = wanted["delete"] = False
        assert worked == wanted, (folder, person.address, sorted(rights))
