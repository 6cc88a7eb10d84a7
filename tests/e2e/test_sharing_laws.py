"""Random trees, groups and grants on the host, against the directory's own reading of them."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, NamedTuple

import pytest
from clients.directory import PASSWORD
from clients.mail import compose, token
from clients.sharing import BOUND, SHARED, letters, listed, may, path
from clients.waiting import wait_for
from clients.web import WEBMAIL, Web

from fermoposta.directory.model import Grant, Group, State, User
from fermoposta.directory.model.rights import PROFILES, RIGHTS, names_of
from fermoposta.directory.rights import Membership, effective
from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Appliance

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
OWNERS = 2
DAV_SEED = 33
"""Gives each of the rights to some, and not to others."""
GROUPWARE = {"calendar": "Calendar", "contacts": "Contacts"}
ITEMS = {
    "calendar": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//client.test//EN\r\nBEGIN:VEVENT\r\n"
    "UID:{0}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260301T090000Z\r\nDURATION:PT1H\r\n"
    "SUMMARY:{1}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    "contacts": "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{0}\r\nFN:{1}\r\nN:{1};;;;\r\nEND:VCARD\r\n",
}


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


# --- Calendars and address books


class Groupware(NamedTuple):
    """Whose calendars and address books there are, and who tries to open them."""

    web: Web
    owners: tuple[Account, ...]
    people: tuple[Account, ...]

    def item(self, owner: Account, folder: str, *, seen_by: Account | None = None) -> str:
        """Return the URL of something new: in the owner's tree, or in that of who looks."""
        whose, name = owner.address, "personal"
        if seen_by is not None:
            named = owner.address.replace("@", "_A_").replace(".", "_D_")
            whose, name = seen_by.address, f"{named}_personal"
        return f"{WEBMAIL}/dav/{whose}/{GROUPWARE[folder]}/{name}/{token()}"

    def put(self, url: str, who: Account, title: str) -> bool:
        folder = next(each for each, name in GROUPWARE.items() if f"/{name}/" in url)
        body = ITEMS[folder].format(url.rpartition("/")[2], title)
        return self.web.ask("PUT", url, account=who, body=body).status in {201, 204}

    def title(self, url: str, who: Account, title: str) -> bool:
        """Tell whether somebody reads a title at a URL."""
        return title in self.web.ask("GET", url, account=who).body

    def tried(self, owner: Account, folder: str, person: Account, *, theirs: bool) -> set[str]:
        """Try everything with items of the owner's, in one tree or the other; say what worked."""
        own = self.item(owner, folder)
        base = self.item(owner, folder, seen_by=None if theirs else person).rpartition("/")[0]
        before, after, new = token(), token(), token()
        assert self.put(own, owner, before)
        url = f"{base}/{own.rpartition('/')[2]}"
        done = set()
        if self.title(url, person, before):
            done.add("read")
        if self.put(url, person, after):
            done.add("edit_all")
        assert self.title(own, owner, after if "edit_all" in done else before)
        created = self.put(f"{base}/{new}", person, new)
        if created:
            done.add("create")
        assert self.title(f"{own.rpartition('/')[0]}/{new}", owner, new) == created
        self.web.ask("DELETE", url, account=person)
        if self.web.ask("GET", own, account=owner).status == 404:
            done.add("delete_all")
        return done


@pytest.fixture(scope="module")
def groupware(directory: Directory, appliance: Appliance) -> Iterator[Groupware]:
    """Some owners, and grants on their folders and on the root, to people and to groups."""
    rng = random.Random(DAV_SEED)  # noqa: S311 - see above
    mark = token()
    owners = [f"dav{number}.{mark}@example.org" for number in range(OWNERS)]
    people = [f"{name}.{mark}@example.org" for name in ("primo", "secondo", "terzo")]
    groups = [f"{name}.{mark}@example.org" for name in ("d", "e")]
    members = {groups[0]: people[:2], groups[1]: [people[2], groups[0]]}
    declared = {each: some_grants(rng, [*people, *groups]) for each in owners}
    user = {"name": "Legge", "language": "en", "password": PASSWORD}
    accounts = {each: Account(each, PASSWORD, "user") for each in (*owners, *people)}
    web = Web(appliance)
    with directory.changed(users=dict.fromkeys((*owners, *people), user)):
        for account in accounts.values():  # SOGo makes their folders at the first visit
            for module in GROUPWARE.values():
                url = f"{WEBMAIL}/dav/{account.address}/{module}/personal/"
                assert web.ask("PROPFIND", url, account=account).status == 207
        with directory.changed(
            groups={each: {"name": each, "members": members[each]} for each in groups},
            grants=declared,
        ):
            yield Groupware(
                web,
                tuple(accounts[each] for each in owners),
                tuple(accounts[each] for each in people),
            )


def some_grants(rng: random.Random, grantees: list[str]) -> dict[str, dict[str, list[str]]]:
    """Return the rights in one mailbox by folder and grantee: profiles, and any others."""
    masks = grants(rng, ["/", *GROUPWARE], grantees)
    for key in masks:
        if rng.random() < 0.4:
            masks[key] = rng.choice(list(PROFILES.values()))
    found: dict[str, dict[str, list[str]]] = {}
    for (folder, who), mask in masks.items():
        found.setdefault(folder, {})[who] = names_of(mask)
    return found


def rounded(names: set[str]) -> set[str]:
    """Return what CalDAV and CardDAV can know of rights; who can't read, changes nothing."""
    wanted = names & {"read", "create", "edit_all", "delete_all"}
    if "visible" not in names:
        return set()
    return wanted if "read" in wanted else wanted & {"create"}


@pytest.mark.feature("F076", "F084", "F085", "F093", "F095", "F098")
@pytest.mark.parametrize("folder", GROUPWARE)
def test_dav_does_what_the_directory_says(groupware: Groupware, shell: Shell, folder: str) -> None:
    """GET, PUT and DELETE, in the owner's tree and in one's own, for each owner and person."""
    wrong = {}
    for owner in groupware.owners:
        said = shell.run("fermoposta", "rights", "show", "--json", owner.address, folder)
        rights = {each["grantee"]: set(each["rights"]) for each in json.loads(said)}
        for person in groupware.people:
            for theirs in (True, False):
                wrong[owner, person, theirs] = rounded(rights.get(person.address, set()))
    assert len({frozenset(wanted) for wanted in wrong.values()}) > 2

    def right() -> bool:
        for owner, person, theirs in list(wrong):
            worked = groupware.tried(owner, folder, person, theirs=theirs)
            if worked != wrong[owner, person, theirs]:
                print(owner.address, person.address, theirs, worked)
                return False
            del wrong[owner, person, theirs]
        return True

    wait_for("the rights", right, seconds=BOUND)
