from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.unit.mailstore.mailbox_contract import SEEN, SIMPLE, MailboxContract, throwaway

from fermoposta.mailstore.mailbox import QuotaError, UnavailableError
from fermoposta.mailstore.memory_mailbox import MemoryMailbox, MemoryStore

if TYPE_CHECKING:
    from tests.unit.mailstore.mailbox_contract import Act, Opened

ADA, BOB = "ada@example.org", "bob@example.org"


class TestMemoryMailbox(MailboxContract):
    """Promises to be what a mailbox at Dovecot is."""

    @pytest.fixture
    def opened(self) -> Opened:
        store = MemoryStore()

        def run(act: Act) -> None:
            async def work() -> None:
                await store.mailbox(ADA).append("INBOX", SIMPLE)
                store.share(ADA, "INBOX", BOB, "lr")
                mailbox = store.mailbox(BOB)
                await act(mailbox, (await mailbox.create(throwaway())).name)

            asyncio.run(work())

        return run

    @pytest.fixture
    def foreign(self) -> str:
        return f"Condivise/{ADA}/INBOX"


def with_mailbox(act) -> None:
    async def work() -> None:
        store = MemoryStore()
        await act(store, store.mailbox(ADA))

    asyncio.run(work())


def test_a_full_mailbox_takes_nothing():
    """What doesn't fit is refused, and what fits is taken."""

    async def act(store: MemoryStore, mailbox: MemoryMailbox) -> None:
        store.quota[ADA] = len(SIMPLE) + 10
        await mailbox.append("INBOX", SIMPLE)
        with pytest.raises(QuotaError):
            await mailbox.append("INBOX", SIMPLE)
        assert len((await mailbox.snapshot("INBOX")).present) == 1

    with_mailbox(act)


def test_a_store_that_is_away_cuts_off_who_watches():
    """Calls raise while it is away and work again afterwards."""

    async def act(store: MemoryStore, mailbox: MemoryMailbox) -> None:
        watching = mailbox.watch("INBOX")
        await anext(watching)
        store.away = True
        with pytest.raises(UnavailableError):
            await anext(watching)
        with pytest.raises(UnavailableError):
            await mailbox.folders()
        store.away = False
        assert await mailbox.folders()

    with_mailbox(act)


def test_rights_that_are_taken_away_count_at_once():
    """Who may mark as read may not flag; without the right to look up the folder is not there."""

    async def act(store: MemoryStore, mailbox: MemoryMailbox) -> None:
        uid = (await mailbox.append("INBOX", SIMPLE)).uid
        store.share(ADA, "INBOX", BOB, "lrs")
        bob, name = store.mailbox(BOB), f"Condivise/{ADA}/INBOX"
        assert set(await bob.store(name, [uid], add=[SEEN])) == {uid}
        with pytest.raises(Exception, match="lacks a right"):
            await bob.store(name, [uid], add=[r"\Flagged"])
        store.share(ADA, "INBOX", BOB, "")
        assert name not in {each.name for each in await bob.folders()}

    with_mailbox(act)
