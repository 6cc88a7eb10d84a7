import asyncio

import pytest

from fermoposta.agent.sharing import events
from fermoposta.agent.sharing.grants import Refused, Writer
from fermoposta.agent.sharing.mail import Mail
from fermoposta.directory import granting
from fermoposta.directory.model import Company, Domain, Grant, Owner, State, User
from fermoposta.directory.rights import effective
from fermoposta.mailstore.doveadm import DoveadmError

LUCA, BOB, CARLA = "luca@example.org", "bob@example.org", "carla@example.org"
READ = 0x401


class FakeFolders:
    """Dovecot, with a new folder's list copied from the folder above."""

    def __init__(self, *folders):
        self.lists = {folder: {} for folder in folders}
        self.on_set = None

    def create(self, folder):
        self.lists[folder] = dict(self.lists[folder.rpartition("/")[0]])

    async def of(self, owner):
        return list(self.lists)

    async def get(self, owner, folder):
        if folder not in self.lists:
            raise DoveadmError("gone", "NOTFOUND")
        return dict(self.lists[folder])

    async def set(self, owner, folder, identifier, letters):
        if self.on_set:
            happens, self.on_set = self.on_set, None
            happens()
        if letters is None:
            self.lists[folder].pop(identifier, None)
        else:
            self.lists[folder][identifier] = letters


class FakeBook:
    def __init__(self):
        self.noted = {}

    async def folders(self, mailbox_id):
        return dict(self.noted)

    async def keep(self, mailbox_id, folder, noted):
        self.noted[folder] = noted

    async def forget(self, mailbox_id, folders):
        for folder in folders:
            self.noted.pop(folder, None)

    async def seen_by(self, owner, people):
        return set()

    async def former_groups(self):
        return {}


class Site:
    """One owner's mailbox, and a directory that grants are written into."""

    def __init__(self, *grants, folders=("INBOX", "INBOX/A")):
        self.state = State.of_records(
            [
                Company("acme", "Acme"),
                Domain("example.org", "acme"),
                *(User(each, each, language="en", mailbox_id=each) for each in (LUCA, BOB, CARLA)),
            ]
        )
        self.grant(*grants)
        self.folders = FakeFolders(*folders)
        self.mail = Mail(self.folders, FakeBook(), Writer(self, lambda: self.state), self.current)

    def current(self):
        return self.state

    def grant(self, *grants):
        state = self.state.copy()
        state.grants = {
            grant.key: grant
            for grant in (Grant(LUCA, *each, managed_by=Owner.PORTAL) for each in grants)
        }
        self.state = state

    def apply(self, plan, *, actor):
        """As a store does, for grants."""
        state = self.state.copy()
        for step in plan.steps:
            if step.old:
                del state.grants[step.old.key]
            if step.new:
                state.put(step.new)
        self.state = state
        return state.revision

    def granted(self):
        return {(each.folder, each.grantee): each.rights for each in self.state.grants.values()}


def test_a_folder_made_while_a_right_is_taken_above_does_not_keep_it():
    """It copied the old list; that is nothing that anybody set."""
    site = Site(("INBOX/A", BOB, READ))
    asyncio.run(site.mail.project(LUCA))
    assert site.folders.lists["INBOX/A"] == {f"user={BOB}": "lr"}

    site.grant()
    site.folders.on_set = lambda: site.folders.create("INBOX/A/B")
    asyncio.run(site.mail.project(LUCA))
    asyncio.run(site.mail.project(LUCA))

    assert site.granted() == {}
    assert site.folders.lists["INBOX/A/B"] == {}


def test_a_folder_made_while_a_right_is_given_above_has_it():
    """It copied the list without it; nobody took it away."""
    site = Site()
    asyncio.run(site.mail.project(LUCA))

    site.grant(("INBOX/A", BOB, READ))
    site.folders.on_set = lambda: site.folders.create("INBOX/A/B")
    asyncio.run(site.mail.project(LUCA))
    asyncio.run(site.mail.project(LUCA))

    assert site.granted() == {("INBOX/A", BOB): READ}
    assert site.folders.lists["INBOX/A/B"] == {f"user={BOB}": "lr"}


@pytest.mark.parametrize("folder", ["sent", "archive/2024", "calendar", "contacts/x"])
def test_what_is_set_on_a_folder_is_not_taken_for_another_one(folder):
    """`sent` means "Sent" in the directory; a folder of that very name is another one."""
    site = Site(folders=("INBOX", folder))
    asyncio.run(site.mail.project(LUCA))
    site.folders.lists[folder][f"user={BOB}"] = "lr"
    site.mail.setters[LUCA, folder] = LUCA

    asyncio.run(site.mail.heard(LUCA, folder))

    assert site.granted() == {}
    assert site.folders.lists[folder] == {}


@pytest.mark.parametrize(
    ("granted", "folder", "target"),
    [("INBOX/A", "INBOX/A", "calendar"), ("INBOX/A", "INBOX/A", "sent"), ("sent", "sent", "Old")],
)
def test_rights_do_not_follow_into_or_out_of_another_folders_name(granted, folder, target):
    """A mail folder that is called `calendar` from now on shows nobody the calendar."""
    site = Site((granted, BOB, READ), folders=("INBOX", target))

    asyncio.run(site.mail.moved(LUCA, folder, target, LUCA))

    assert site.granted() == {(granted, BOB): READ}
    with pytest.raises(Refused):
        asyncio.run(site.mail.writer.move(LUCA, folder, target, actor="x"))


def test_who_set_nothing_new_is_not_named_for_what_comes_next():
    """The audit names whoever did it, or nobody."""
    site = Site()
    asyncio.run(site.mail.project(LUCA))
    site.mail.setters[LUCA, "INBOX/A"] = CARLA

    asyncio.run(site.mail.heard(LUCA, "INBOX/A"))

    assert site.mail.setters == {}


def test_a_dotless_inbox_is_no_inbox():
    """In capitals it would be."""
    name = "\N{LATIN SMALL LETTER DOTLESS I}nbox"
    site = Site((name, BOB, READ))

    assert effective(site.state, LUCA, "INBOX", BOB) == 0
    assert granting.existing(site.state, LUCA, "INBOX", BOB) == []
    assert events.place(name, LUCA, "Condivise") == (LUCA, name)
