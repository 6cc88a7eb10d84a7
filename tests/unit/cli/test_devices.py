import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from fermoposta.activesync.store.memory import MemoryStore
from fermoposta.activesync.store.model import (
    Access,
    Failure,
    FolderKey,
    Kept,
    StoreAwayError,
    Wipe,
)
from fermoposta.cli import main
from fermoposta.cli.context import Context
from fermoposta.cli.devices import since_of
from fermoposta.directory.problem import ProblemsError

ADA, BOB = "ada@example.org", "bob@example.org"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Site:
    """A host on which two phones of Ada's and one of Bob's were seen."""

    def __init__(self, host):
        self.host = host
        self.store = MemoryStore()
        asyncio.run(self._fill())

    async def _fill(self):
        seen = NOW - timedelta(hours=1)
        for minutes, (user, device, type_) in enumerate(
            [(BOB, "B1", "Android"), (ADA, "A2", "Outlook"), (ADA, "A1", "iPhone")]
        ):
            now = seen + timedelta(minutes=minutes)
            await self.store.meet(user, device, type_, now=now, version="16.1", user_agent="X/1")
        await self.store.change_device(
            ADA, "A1", last_synced=seen, information={"Model": "iPhone17,1", "OS": "iOS 26"}
        )
        await self.store.folder_ids(ADA, [FolderKey("mail", "5a1b"), FolderKey("notes", "")])
        for name in ("1", "2", ".folders"):
            await self.store.keep(ADA, "A1", name, name, 0)
        await self.store.note_failure(Failure(ADA, "A1", "1", "77", "larger than 50 MB", seen))

    def run(self, *arguments, typed=""):
        context = Context(
            opener=lambda: self.host.store,
            device_opener=lambda: self.store,
            machine=self.host.machine,
        )
        command = ["--config", str(self.host.config), "devices", *map(str, arguments)]
        result = CliRunner().invoke(main, command, input=typed, obj=context)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def device(self, user=ADA, device="A1"):
        return next(each for each in asyncio.run(self.store.devices(user)) if each.id == device)

    def change(self, **fields):
        asyncio.run(self.store.change_device(ADA, "A1", **fields))

    def kept(self, name):
        return asyncio.run(self.store.kept(ADA, "A1", name))

    @property
    def audited(self):
        return [
            (entry.action, entry.key, entry.after)
            for entry in self.host.store.audit()
            if entry.kind == "mailbox"
        ]


@pytest.fixture
def site(inhabited):
    return Site(inhabited)


def test_devices_are_listed_with_what_matters(site):
    """Those seen last first: whose, what, access, last sync, wipe, and how many items failed."""
    site.change(wipe=Wipe.REQUESTED, wipe_account_only=True)

    lines = site.run("list").stdout.splitlines()

    assert [line.split()[1] for line in lines] == ["device", "A1", "A2", "B1"]
    assert lines[1].split("  ")[0] == ADA
    for told in ("iPhone17,1", "16.1", "allowed", "2026-11-23 11:00", "requested (account)", "1"):
        assert told in lines[1]
    assert "never" in lines[3]
    assert [line.split()[1] for line in site.run("list", BOB).stdout.splitlines()[1:]] == ["B1"]


def test_a_list_for_programs_says_the_same(site):
    """As one JSON document."""
    found = {each["device"]: each for each in _json(site.run("list", "--json"))}

    assert found["A1"]["failures"] == 1
    assert found["B1"]["failures"] == 0
    assert found["A1"]["last_synced"] == "2026-11-23T11:00:00+00:00"
    assert found["A1"]["information"]["OS"] == "iOS 26"


@pytest.mark.feature("F220")
def test_a_device_is_shown_with_what_it_was_not_sent(site):
    """Each item with folder and reason, so that somebody can find it."""
    shown = site.run("show", ADA, "A1").stdout
    told = _json(site.run("show", ADA, "A1", "--json"))

    assert "larger than 50 MB" in shown
    assert "iOS 26" in shown
    assert told["failures"][0]["item"] == "77"
    assert told["folders"][0] == {"id": "1", "kind": "mail", "key": "5a1b"}


@pytest.mark.parametrize(
    ("command", "access"),
    [
        ("allow", Access.ALLOWED),
        ("block", Access.BLOCKED),
        ("quarantine", Access.QUARANTINED),
    ],
)
def test_access_is_given_and_taken(site, command, access):
    """Of this device only, and it is in the audit who did so."""
    site.change(access=Access.QUARANTINED if command != "quarantine" else Access.ALLOWED)

    answer = site.run(command, ADA, "A1")

    assert answer.exit_code == 0
    assert site.device().access is access
    assert site.device(ADA, "A2").access is Access.ALLOWED
    assert site.audited == [(f"{command} device", ADA, '{"device":"A1"}')]


@pytest.mark.parametrize(("command", "account"), [("wipe", False), ("wipe-account", True)])
def test_a_wipe_is_asked_for(site, command, account):
    """When it is meant; the device does it when it comes next."""
    no = site.run(command, ADA, "A1", typed="n\n")
    before = site.device()
    yes = site.run(command, ADA, "A1", typed="y\n")

    assert no.exit_code == 1
    assert before.wipe is Wipe.NONE
    assert yes.exit_code == 0
    device = site.device()
    assert (device.wipe, device.wipe_account_only) == (Wipe.REQUESTED, account)
    assert device.wiped_by.startswith("cli:")
    assert len(site.audited) == 1


def test_an_account_is_wiped_by_who_can(site):
    """A device that would erase everything is not told to."""
    site.change(version="14.1")

    answer = site.run("wipe-account", "--yes", ADA, "A1")

    assert answer.exit_code == 3
    assert "version 14.1" in answer.stderr
    assert site.device().wipe is Wipe.NONE
    assert site.audited == []


@pytest.mark.parametrize("wipe", [Wipe.REQUESTED, Wipe.SENT])
def test_a_wipe_is_taken_back(site, wipe):
    """While it isn't known to be done."""
    site.change(wipe=wipe, wipe_account_only=True, wiped_by="cli:root")

    answer = _json(site.run("cancel-wipe", "--json", ADA, "A1"))

    assert answer["device"]["wipe"] == "none"
    assert not site.device().wipe_account_only


@pytest.mark.parametrize(("wipe", "told"), [(Wipe.NONE, "is not being"), (Wipe.DONE, "was wiped")])
def test_a_wipe_that_is_none_is_not_taken_back(site, wipe, told):
    """The command says how it is."""
    site.change(wipe=wipe)

    answer = site.run("cancel-wipe", ADA, "A1")

    assert answer.exit_code == 3
    assert told in answer.stderr
    assert site.device().wipe is wipe


def test_a_wiped_device_that_is_allowed_starts_anew(site):
    """With its policies, and without what it had."""
    site.change(wipe=Wipe.DONE, access=Access.BLOCKED, policy_key=7)

    site.run("allow", ADA, "A1")

    device = site.device()
    assert (device.wipe, device.access, device.policy_key) == (Wipe.NONE, Access.ALLOWED, 0)
    assert site.kept("1").revision == 0


def test_a_wipe_is_not_undone_by_allowing(site):
    """One that isn't done yet holds on."""
    site.change(wipe=Wipe.REQUESTED)

    site.run("allow", ADA, "A1")

    assert site.device().wipe is Wipe.REQUESTED


def test_everything_is_downloaded_again_for_a_period(site):
    """What the device has is forgotten; it is sent nothing older."""
    answer = site.run("resync", "--since", "6m", ADA, "A1")

    assert answer.exit_code == 0
    assert site.device().resync_since == datetime(2026, 5, 23, 12, tzinfo=UTC)
    assert [site.kept(name).revision for name in ("1", "2", ".folders")] == [0, 0, 0]
    site.run("resync", ADA, "A1")
    assert site.device().resync_since is None


def test_a_folder_is_downloaded_again(site):
    """The others stay; a period is for all."""
    answer = site.run("resync", "--folder", "2", ADA, "A1")

    assert answer.exit_code == 0
    assert site.kept("2") == Kept(None, 0)
    assert site.kept("1").value == "1"
    assert site.run("resync", "--folder", "2", "--since", "6m", ADA, "A1").exit_code == 2
    unknown = site.run("resync", "--folder", "99", ADA, "A1")
    assert unknown.exit_code == 3
    assert "no such folder" in unknown.stderr
    assert site.kept("1").value == "1"


def test_a_forgotten_device_is_gone(site):
    """When it is meant."""
    assert site.run("forget", ADA, "A1", typed="n\n").exit_code == 1
    assert site.device().id == "A1"
    assert "forgotten" in site.run("forget", "--yes", ADA, "A1").stdout
    assert [each.id for each in asyncio.run(site.store.devices(ADA))] == ["A2"]
    assert site.audited == [("forget device", ADA, '{"device":"A1"}')]


@pytest.mark.parametrize("command", ["show", "allow", "block", "resync", "cancel-wipe"])
def test_another_users_device_is_none_of_this_ones(site, command):
    """The command says where to look, and leaves no trace in the audit."""
    answer = site.run(command, BOB, "A1")

    assert answer.exit_code == 3
    assert f"fermoposta devices list {BOB}" in answer.stderr
    assert site.audited == []


def test_a_database_that_is_away_is_said_to_be(site):
    """As for every other command."""

    async def away(_user=None):
        raise StoreAwayError("the database can't be used: no such socket")

    site.store.devices = away
    answer = site.run("list")

    assert answer.exit_code == 5
    assert "no such socket" in answer.stderr


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("30d", datetime(2026, 10, 24, 12, tzinfo=UTC)),
        ("2w", datetime(2026, 11, 9, 12, tzinfo=UTC)),
        ("1Y", datetime(2025, 11, 23, 12, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_a_period_is_read(text, since):
    assert since_of(text, NOW) == since


@pytest.mark.parametrize("text", ["", "6", "m", "0d", "-1d", "2027-01-01", "2026-13-01", "9999y"])
def test_what_is_no_period_is_said(text):
    """With what would be one."""
    with pytest.raises(ProblemsError, match="write a period"):
        since_of(text, NOW)


def _json(result):
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)
