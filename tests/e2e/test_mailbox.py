from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from clients.waiting import wait_for
from tests.unit.mailstore.mailbox_contract import FLAGGED, SIMPLE, MailboxContract, plain, throwaway

from fermoposta.mailstore.aioimap import ImapMailbox, Server, connect, verify
from fermoposta.mailstore.mailbox import (
    FolderExistsError,
    FolderMissingError,
    LoginError,
    Mailbox,
    MailboxError,
)

if TYPE_CHECKING:
    from clients.shell import Shell
    from tests.unit.mailstore.mailbox_contract import Act, Opened, Quiet

    from fermoposta_demo.appliance import Account, Appliance


@pytest.fixture(scope="module")
def dovecot(appliance: Appliance) -> Server:
    """Dovecot by IMAP over TLS."""
    context = ssl.create_default_context(cafile=appliance.ca_file)
    return Server(appliance.host, appliance.ports["imaps"], context)


@pytest.fixture
def opened(dovecot: Server, bob: Account) -> Opened:
    """Hand Bob's mailbox and a folder to a function; the folder goes in the end."""

    def run(act: Act) -> None:
        async def work() -> None:
            mailbox = await connect(dovecot, bob.address, bob.password)
            folder = (await mailbox.create(throwaway())).name
            try:
                await act(mailbox, folder)
            finally:
                await mailbox.close()
                await clean(folder)

        async def clean(folder: str) -> None:
            mailbox = await connect(dovecot, bob.address, bob.password)
            async with asyncio.timeout(30):
                # Where rights are being looked at meanwhile, Dovecot keeps a folder for a moment.
                while below := [
                    each.name
                    for each in await mailbox.folders()
                    if each.name == folder or each.name.startswith(f"{folder}/")
                ]:
                    for name in sorted(below, reverse=True):
                        with suppress(FolderMissingError):
                            await mailbox.delete(name)
            await mailbox.close()

        asyncio.run(work())

    return run


@pytest.fixture
def quiet(shell: Shell) -> Quiet:
    """
    Wait until nothing is indexed any more.

    Dovecot may make a folder anew, empty, that is renamed while its new messages are indexed.
    """
    listed = ("doveadm", "indexer", "list")
    return lambda: wait_for("the index", lambda: len(shell.run(*listed).splitlines()) == 1 or None)


class TestImapMailbox(MailboxContract):
    """Promises what its double does, with Dovecot behind it."""

    @pytest.fixture
    def opened(self, opened: Opened) -> Opened:
        return opened

    @pytest.fixture
    def quiet(self, quiet: Quiet) -> Quiet:
        return quiet

    @pytest.fixture
    def foreign(self, ada: Account) -> str:
        return f"Condivise/{ada.address}/INBOX"


def test_only_the_password_opens_a_mailbox(dovecot: Server, bob: Account) -> None:
    """The right one is taken; a wrong one, none and one with a NUL are refused alike."""

    async def act() -> None:
        await verify(dovecot, bob.address, bob.password)
        for wrong in (f"{bob.password}x", "", f"{bob.password}\0"):
            with pytest.raises(LoginError):
                await verify(dovecot, bob.address, wrong)

    asyncio.run(act())


def test_what_another_session_did_is_seen(
    dovecot: Server, bob: Account, opened: Opened, quiet: Quiet
) -> None:
    """A folder that stays selected hides neither new mail nor a change, nor another folder."""

    async def act(mailbox: Mailbox, folder: str) -> None:
        other = await connect(dovecot, bob.address, bob.password)
        try:
            here = (await mailbox.create(f"{folder}/here")).name
            one = (await mailbox.append(here, SIMPLE)).uid
            assert set(await mailbox.summaries(here, [one])) == {one}

            two = (await other.append(here, plain("two"))).uid
            await other.store(here, [one], add=[FLAGGED])
            found = await mailbox.summaries(here, [one, two])
            assert set(found) == {one, two}
            assert FLAGGED in found[one].flags
            assert (await mailbox.status(here)) == (await other.status(here))

            quiet()
            await other.rename(here, f"{folder}/there")
            with pytest.raises(FolderMissingError):
                await mailbox.status(here)
            with pytest.raises(MailboxError):
                await mailbox.snapshot(here)
            anew = await other.create(here)
            assert (await mailbox.status(here)).guid == anew.guid
            assert not (await mailbox.snapshot(here)).present
        finally:
            await other.close()

    opened(act)


def test_a_renamed_folder_is_not_taken_for_the_new_one(
    dovecot: Server, bob: Account, opened: Opened
) -> None:
    """Mail that another session moved away by renaming is not read under its old name."""

    async def act(mailbox: Mailbox, folder: str) -> None:
        other = await connect(dovecot, bob.address, bob.password)
        try:
            here = (await mailbox.create(f"{folder}/here")).name
            uid = (await mailbox.append(here, SIMPLE)).uid
            assert await mailbox.summaries(here, [uid])
            await other.rename(here, f"{folder}/there")
            # The session that has it selected may have left an empty folder there already.
            with suppress(FolderExistsError):
                await other.create(here)
            assert await mailbox.summaries(here, [uid]) == {}
            assert await mailbox.store(here, [uid], add=[FLAGGED]) == {}
        finally:
            await other.close()

    opened(act)


def test_a_deleted_folder_does_not_end_the_mailbox(
    dovecot: Server, bob: Account, opened: Opened
) -> None:
    """Dovecot hangs up where another session deletes the folder; the next call works."""

    async def act(mailbox: Mailbox, folder: str) -> None:
        other = await connect(dovecot, bob.address, bob.password)
        try:
            here = (await mailbox.create(f"{folder}/here")).name
            await mailbox.append(here, SIMPLE)
            await mailbox.snapshot(here)
            await other.delete(here)
            with pytest.raises(FolderMissingError):
                await mailbox.summaries(here, [1])
            assert await mailbox.append(folder, SIMPLE)
        finally:
            await other.close()

    opened(act)


def test_two_who_store_at_once_miss_nothing(dovecot: Server, bob: Account, opened: Opened) -> None:
    """No change of another lies unseen between what MODSEQ was before and after."""

    async def act(mailbox: Mailbox, folder: str) -> None:
        other = await connect(dovecot, bob.address, bob.password)
        try:
            uid = (await mailbox.append(folder, SIMPLE)).uid
            known = (await mailbox.summaries(folder, [uid]))[uid]

            async def store(who: Mailbox, name: str) -> list[tuple[int, int]]:
                steps = []
                for number in range(20):
                    done = await who.store(folder, [uid], add=[f"{name}{number}"])
                    steps.append((done[uid].before, done[uid].after))
                return steps

            mine, theirs = await asyncio.gather(store(mailbox, "m"), store(other, "t"))
            last = (await mailbox.summaries(folder, [uid]))[uid]
            assert last.flags == {f"{who}{n}" for who in "mt" for n in range(20)}
            for before, after in mine:
                assert known.modseq <= before
                assert not [1 for _, there in theirs if before < there < after]
        finally:
            await other.close()

    opened(act)


def test_idle_connections_are_closed_and_opened_again(dovecot: Server, bob: Account) -> None:
    """The mailbox goes on after its connections have been closed."""

    async def act() -> None:
        mailbox = ImapMailbox(dovecot, bob.address, bob.password)
        before = await mailbox.status("INBOX")
        await mailbox.close_idle(0)
        assert await mailbox.status("INBOX") == before
        await mailbox.close()

    asyncio.run(act())
