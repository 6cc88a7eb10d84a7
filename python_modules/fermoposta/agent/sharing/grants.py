"""What clients set: written into the directory as the portal's, under the client's name."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from fermoposta.directory import granting
from fermoposta.directory.model import Owner, State
from fermoposta.directory.rights import means_another
from fermoposta.directory.steps import PlanError
from fermoposta.directory.store import StaleError, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fermoposta.directory.steps import Plan

_TRIES = 20
_PAUSE_SECONDS = 0.25
ANOTHER = "the folder has a name that means another one in the directory"
_log = structlog.get_logger()


class Refused(Exception):  # noqa: N818 - it is an answer, no error
    """The directory does not take what a client set; the message says why."""


class Writer:
    """Writes into *store*, grants above all; *current* is the directory as it is followed."""

    def __init__(self, store: Store, current: Callable[[], State]) -> None:
        self._store = store
        self._current = current

    async def write(
        self, mailbox: str, folder: str, masks: Mapping[str, int | None], *, actor: str
    ) -> None:
        """
        Give each grantee in *masks* these rights on *folder*, None for no grant of their own.

        The directory that is followed has them when this returns. Raises Refused, or StoreError.
        """
        await self.apply(lambda state: granting.give(state, mailbox, folder, masks), actor)

    async def move(self, mailbox: str, folder: str, target: str, *, actor: str) -> None:
        """
        Let the portal's grants on *folder*, and below it, follow it to *target*.

        Raises Refused, or StoreError.
        """
        if means_another(folder) or means_another(target):
            raise Refused(ANOTHER)
        for grant in granting.below(self._current(), mailbox, folder):
            if grant.managed_by is Owner.INVENTORY:
                _log.warning("a folder with declared rights was renamed", grant=grant.key)
        await self.apply(lambda state: granting.move(state, mailbox, folder, target), actor)

    async def apply(self, planned: Callable[[State], Plan], actor: str) -> None:
        """
        Carry out what *planned* makes of the directory, anew where somebody else was quicker.

        The directory that is followed has it when this returns. Raises Refused, or StoreError.
        """
        for _ in range(_TRIES):
            try:
                made = planned(self._current())
            except PlanError as error:
                raise Refused("; ".join(map(str, error.problems))) from error
            if not made:
                return
            try:
                revision = await asyncio.to_thread(self._store.apply, made, actor=actor)
            except StaleError:  # somebody else wrote: what they wrote is on its way to us
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            await self._followed_to(revision)
            return
        raise StaleError("the directory changed all the time")

    async def _followed_to(self, revision: int) -> None:
        for _ in range(_TRIES):
            if self._current().revision >= revision:
                return
            await asyncio.sleep(_PAUSE_SECONDS)


def valid(state: State, mailbox: str, grantees: Iterable[str]) -> dict[str, str]:
    """Say of which *grantees* rights in *mailbox* can't be: the reason by grantee."""
    reasons = {}
    for grantee in grantees:
        if grantee == mailbox:
            reasons[grantee] = "the owner has every right"
        elif grantee not in state.users and grantee not in state.groups:
            reasons[grantee] = "there is no such user or group"
        elif state.company_of(grantee) != state.company_of(mailbox):
            reasons[grantee] = "is of another company"
    return reasons
