"""Mailboxes that others open: each right and its refusal, between two IMAP clients on the host."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from clients.directory import PASSWORD
from clients.mail import compose, token
from clients.sharing import (
    BOUND,
    SHARED,
    Rights,
    acl,
    ask,
    letters,
    listed,
    may,
    path,
    wait_for_letters,
    wait_for_listing,
)
from clients.waiting import wait_for
from imapclient.exceptions import IMAPClientError

from fermoposta_demo.appliance import Account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.directory import Directory
    from clients.mail import Mail
    from clients.shell import Shell
    from imapclient import IMAPClient

# The table "Folder rights matrix": right by right, for each profile.
MATRIX = {
    "no_rights": {"visible"},
    "read_only": {"visible", "read"},
    "secretary": {"visible", "read", "create", "edit", "delete"},
    "full_control": {"visible", "read", "create", "edit", "delete", "create_subfolders"},
    "owner": {
        "visible",
        "read",
        "create",
        "edit",
        "delete",
        "create_subfolders",
        "set_permissions",
    },
}
LETTERS = {
    "no_rights": "l",
    "read_only": "lr",
    "secretary": "lriwste",
    "full_control": "lriwstek",
    "owner": "lriwsteka",
}
PEOPLE = ("luca", "stefania", "marta", "piero")


@pytest.fixture(scope="module")
def rights(shell: Shell) -> Rights:
    return Rights(shell)


@pytest.fixture(scope="module")
def people(directory: Directory) -> Iterator[dict[str, Account]]:
    """Four colleagues, Luca in Italian; the others are in groups, Piero by way of another group."""
    mark = token()
    address = {name: f"{name}.{mark}@example.org" for name in PEOPLE}
    user = {"name": "Collega", "language": "it", "password": PASSWORD}
    inner, outer = f"inner.{mark}@example.org", f"outer.{mark}@example.org"
    groups = {
        inner: {"name": "Inner", "members": [address["piero"]]},
        outer: {"name": "Outer", "members": [address["marta"], inner]},
    }
    with directory.changed(users=dict.fromkeys(address.values(), user), groups=groups):
        accounts = {name: Account(each, PASSWORD, "user") for name, each in address.items()}
        accounts["inner"] = Account(inner, None, "group")
        accounts["outer"] = Account(outer, None, "group")
        yield accounts


@pytest.fixture(scope="module")
def luca(mail: Mail, people: dict[str, Account]) -> Iterator[IMAPClient]:
    """The owner's client."""
    with mail.imap(people["luca"]) as client:
        yield client


@pytest.fixture(scope="module")
def stefania(mail: Mail, people: dict[str, Account]) -> Iterator[IMAPClient]:
    """The client of whoever is given rights; it stays connected, so that each change is live."""
    with mail.imap(people["stefania"]) as client:
        yield client


def filled(client: IMAPClient, folder: str) -> str:
    """Make a folder with three messages in it."""
    client.create_folder(folder)
    for _ in range(3):
        client.append(folder, compose("a@b.test", "c@d.test", token()).as_bytes())
    return folder


@pytest.mark.feature("F070", "F071", "F072", "F073", "F074", "F076", "F077", "F078", "F079", "F080")
@pytest.mark.feature("F081", "F082", "F083")
@pytest.mark.parametrize("profile", MATRIX)
def test_a_profile_allows_its_rights_and_no_others(
    rights: Rights,
    people: dict[str, Account],
    luca: IMAPClient,
    stefania: IMAPClient,
    profile: str,
) -> None:
    """Row by row of the table, tried out by a second client: what is not allowed is refused."""
    owner, grantee = people["luca"].address, people["stefania"].address
    folder = filled(luca, f"INBOX/{profile} {token()}")
    seen = path(owner, folder)
    assert not any(may(stefania, seen).values())

    rights.set(owner, folder, grantee, profile=profile)
    wait_for_letters(stefania, seen, LETTERS[profile])

    wait_for_listing(stefania, seen)
    assert {right for right, works in may(stefania, seen).items() if works} == MATRIX[profile]


def test_a_change_is_in_force_within_seconds(
    rights: Rights, people: dict[str, Account], luca: IMAPClient, stefania: IMAPClient
) -> None:
    """From the moment that the directory has it, in a session that is open: given and taken."""
    owner, grantee = people["luca"].address, people["stefania"].address
    folder = filled(luca, f"INBOX/{token()}")
    times = []

    for profile in ("read_only", "secretary", None):
        if profile:
            rights.set(owner, folder, grantee, profile=profile)
        else:
            rights.remove(owner, folder, grantee)
        begun = time.monotonic()
        wait_for_letters(stefania, path(owner, folder), LETTERS.get(profile or "", ""))
        times.append(time.monotonic() - begun)

    print("in force after", [f"{each:.1f} s" for each in times])
    assert max(times) < BOUND


@pytest.mark.feature("F075", "F081", "F082")
def test_any_other_combination_is_kept_as_other(
    rights: Rights, people: dict[str, Account], luca: IMAPClient, stefania: IMAPClient
) -> None:
    """What IMAP can't say, "own items only", is nothing there, and stays in the directory."""
    owner, grantee = people["luca"].address, people["stefania"].address
    folder = filled(luca, f"INBOX/{token()}")

    rights.single(owner, folder, grantee, ["visible", "read", "create", "edit_own", "delete_own"])
    wait_for_letters(stefania, path(owner, folder), "lri")
    wait_for_listing(stefania, path(owner, folder))

    worked = {right for right, works in may(stefania, path(owner, folder)).items() if works}
    assert worked == {"visible", "read", "create"}
    assert rights.grants(owner)[folder, grantee]["profile"] == "other"
    assert "edit_own" in rights.grants(owner)[folder, grantee]["rights"]


@pytest.mark.feature("F085")
def test_a_folder_takes_the_rights_of_the_nearest_one_above(
    rights: Rights, people: dict[str, Account], luca: IMAPClient, stefania: IMAPClient
) -> None:
    """Inherited where nothing is said, cancelled where something is; a new folder has them too."""
    owner, grantee = people["luca"].address, people["stefania"].address
    top = filled(luca, f"INBOX/{token()}")
    middle = filled(luca, f"{top}/Mezzo")
    bottom = filled(luca, f"{middle}/Fondo")

    rights.set(owner, top, grantee, profile="read_only")
    wait_for_letters(stefania, path(owner, bottom), "lr")
    rights.set(owner, middle, grantee, profile="secretary")
    wait_for_letters(stefania, path(owner, bottom), LETTERS["secretary"])
    assert letters(stefania, path(owner, top)) == "lr"
    rights.single(owner, middle, grantee, [])
    wait_for_letters(stefania, path(owner, bottom), "")
    assert path(owner, middle) not in listed(stefania)
    rights.remove(owner, middle, grantee)
    wait_for_letters(stefania, path(owner, bottom), "lr")
    new = filled(luca, f"{bottom}/Nuova")

    wait_for_letters(stefania, path(owner, new), "lr")


@pytest.mark.feature("F084", "F091", "F092")
def test_rights_on_the_root_open_the_whole_mailbox(
    mail: Mail, rights: Rights, people: dict[str, Account], luca: IMAPClient
) -> None:
    """Nothing of it is there before; then all folders are, under the owner's address."""
    owner, grantee = people["luca"].address, people["marta"]
    with mail.imap(grantee) as client:
        assert not any(name.startswith(SHARED) for name in listed(client))
        with pytest.raises(IMAPClientError):
            client.select_folder(path(owner, "INBOX"))

    rights.set(owner, "/", grantee.address, profile="full_control")
    with mail.imap(grantee) as client:
        wait_for_letters(client, path(owner, "Posta inviata"), "lriwstekx")

        folders = {path(owner, name) for name in listed(luca) if not name.startswith(SHARED)}
        wait_for("every folder", lambda: folders <= listed(client), seconds=BOUND)
        client.append(path(owner, "INBOX"), compose("a@b.test", "c@d.test", token()).as_bytes())
    rights.remove(owner, "/", grantee.address)
    with mail.imap(grantee) as client:
        wait_for_letters(client, path(owner, "INBOX"), "")
    with mail.imap(grantee) as client:
        wait_for(
            "the end of it",
            lambda: not any(name.startswith(SHARED) for name in listed(client)),
            seconds=BOUND,
        )


@pytest.mark.feature("F159")
def test_a_group_is_given_rights(
    mail: Mail,
    directory: Directory,
    rights: Rights,
    people: dict[str, Account],
    luca: IMAPClient,
) -> None:
    """Its members have them, by way of a group in it too; nobody else; nobody who has left."""
    owner, outer = people["luca"].address, people["outer"].address
    folder = filled(luca, f"INBOX/{token()}")

    rights.set(owner, folder, outer, profile="read_only")

    with mail.imap(people["marta"]) as marta, mail.imap(people["piero"]) as piero:
        wait_for_letters(marta, path(owner, folder), "lr")
        wait_for_letters(piero, path(owner, folder), "lr")
        with mail.imap(people["stefania"]) as other:
            assert letters(other, path(owner, folder)) == ""
        assert acl(luca, folder)[f"${outer}"] == "lr"
        rights.set(owner, folder, people["marta"].address, profile="no_rights")
        rights.single(owner, folder, people["piero"].address, ["visible", "create"])
        # The grants of one level are added up.
        wait_for_letters(piero, path(owner, folder), "lri")
        assert letters(marta, path(owner, folder)) == "lr"

        inner = {people["inner"].address: {"members": []}}
        with directory.changed(groups=inner):

            def after() -> bool:
                with mail.imap(people["piero"]) as anew:
                    return letters(anew, path(owner, folder)) == "il"

            wait_for("a member that left", after, seconds=BOUND)
            # In the session that knew of the group too.
            wait_for_letters(piero, path(owner, folder), "li")


@pytest.mark.feature("F086", "F087")
def test_several_are_added_at_once_with_no_rights(
    rights: Rights, people: dict[str, Account], luca: IMAPClient
) -> None:
    """Without a profile somebody new sees that the folder is there, and nothing of its content."""
    owner = people["luca"].address
    folder = filled(luca, f"INBOX/{token()}")
    new = [people[name].address for name in ("stefania", "marta", "outer")]

    rights.set(owner, folder, *new)

    assert [rights.profile(owner, folder, each) for each in new] == ["no_rights"] * 3
    wait_for(
        "their lines",
        lambda: {new[0], new[1], f"${new[2]}"} <= acl(luca, folder).keys(),
        seconds=BOUND,
    )


@pytest.mark.feature("F089", "F074", "F080")
def test_rights_set_by_imap_are_the_directorys(
    shell: Shell,
    rights: Rights,
    people: dict[str, Account],
    luca: IMAPClient,
    stefania: IMAPClient,
) -> None:
    """A client's list becomes grants, named in the audit; whoever may set rights can do so too."""
    owner, grantee = people["luca"].address, people["stefania"].address
    folder = filled(luca, f"INBOX/{token()}")

    begun = time.monotonic()
    ask(luca, "setacl", folder, grantee, LETTERS["owner"])
    wait_for("the grant", lambda: rights.profile(owner, folder, grantee) == "owner", seconds=BOUND)
    print(f"read back after {time.monotonic() - begun:.1f} s")
    assert rights.grants(owner)[folder, grantee]["managed_by"] == "portal"
    assert last_actor(shell, folder) == f"imap:{owner}"
    third = people["marta"].address
    ask(stefania, "setacl", path(owner, folder), third, "lr")
    wait_for(
        "the grant", lambda: rights.profile(owner, folder, third) == "read_only", seconds=BOUND
    )
    assert last_actor(shell, folder) == f"imap:{grantee}"
    ask(luca, "setacl", folder, third, "lrwp")
    wait_for_letters(luca, folder, "lrwstipekxa")
    wait_for("what is rounded down", lambda: acl(luca, folder).get(third) == "lr", seconds=BOUND)
    ask(luca, "deleteacl", folder, grantee)

    wait_for(
        "the grant's end", lambda: rights.profile(owner, folder, grantee) is None, seconds=BOUND
    )


def last_actor(shell: Shell, folder: str) -> str:
    """Return who wrote a grant on a folder last, as the audit has it."""
    rows = shell.sql("SELECT key, actor FROM directory.audit WHERE kind = 'grants' ORDER BY id")
    return [actor for key, actor in rows if key.endswith(f" {folder}")][-1]


@pytest.mark.feature("F089", "F085")
def test_what_a_client_takes_away_is_not_inherited_again(
    rights: Rights, people: dict[str, Account], luca: IMAPClient, stefania: IMAPClient
) -> None:
    """A line that came from the folder above and is deleted below stays away there."""
    owner, grantee = people["luca"].address, people["stefania"].address
    top = filled(luca, f"INBOX/{token()}")
    below = filled(luca, f"{top}/Sotto")
    rights.set(owner, top, grantee, profile="read_only")
    wait_for_letters(stefania, path(owner, below), "lr")

    ask(luca, "deleteacl", below, grantee)

    wait_for("the empty grant", lambda: (below, grantee) in rights.grants(owner), seconds=BOUND)
    assert rights.grants(owner)[below, grantee]["rights"] == []
    assert letters(stefania, path(owner, below)) == ""
    assert letters(stefania, path(owner, top)) == "lr"


def test_what_the_directory_cannot_take_is_put_back(
    mail: Mail, shell: Shell, ada: Account, rights: Rights
) -> None:
    """Declared grants, people of another company or of none: as before, and logged."""
    before = rights.grants(ada.address)
    declared = "INBOX/Progetti"  # the demo's inventory gives rights on it
    with mail.imap(ada) as client:
        if declared not in listed(client):
            client.create_folder(declared)
        wait_for("the declared line", lambda: "$sales@example.org" in acl(client, declared))
        old = acl(client, declared)
        for who, given in (
            ("$sales@example.org", "lrswite"),
            ("hank@example.net", "lr"),
            ("nobody@example.org", "lr"),
        ):
            ask(client, "setacl", declared, who, given)
            assert acl(client, declared) != old

            wait_for("the old list", lambda: acl(client, declared) == old, seconds=BOUND)
    assert rights.grants(ada.address) == before
    messages = " ".join(str(each["MESSAGE"]) for each in shell.journal("-u", "fermoposta-agent"))
    assert "rights of a client put back" in messages
    assert "another company" in messages


@pytest.mark.feature("F074")
def test_who_may_not_set_rights_is_refused(
    people: dict[str, Account], rights: Rights, luca: IMAPClient, stefania: IMAPClient
) -> None:
    """Full control is not enough: neither for others nor for oneself."""
    owner, grantee = people["luca"].address, people["stefania"].address
    folder = filled(luca, f"INBOX/{token()}")
    rights.set(owner, folder, grantee, profile="full_control")
    wait_for_letters(stefania, path(owner, folder), LETTERS["full_control"])

    for command in (("setacl", grantee, LETTERS["owner"]), ("deleteacl", grantee)):
        with pytest.raises(IMAPClientError):
            ask(stefania, command[0], path(owner, folder), *command[1:])


def test_rights_follow_a_folder_that_is_renamed(
    rights: Rights, people: dict[str, Account], luca: IMAPClient, stefania: IMAPClient
) -> None:
    """With what lies below it; accents and all."""
    owner, grantee = people["luca"].address, people["stefania"].address
    folder = filled(luca, f"INBOX/Attività {token()}")
    filled(luca, f"{folder}/Sotto")
    rights.set(owner, folder, grantee, profile="read_only")
    wait_for("the grant's line", lambda: grantee in acl_of(luca, folder), seconds=BOUND)
    target = f"INBOX/Perché {token()}"

    luca.rename_folder(folder, target)

    wait_for(
        "the grant", lambda: rights.profile(owner, target, grantee) == "read_only", seconds=BOUND
    )
    assert rights.profile(owner, folder, grantee) is None
    below = path(owner, f"{target}/Sotto")
    wait_for("the folder below", lambda: below in listed(stefania), seconds=BOUND)


def acl_of(client: IMAPClient, folder: str) -> dict[str, str]:
    """As `acl`, for a name beyond ASCII."""
    return {who.decode(): str(what) for who, what in client.getacl(folder)}
