"""What is done to devices, by their owners and by administrators."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from fermoposta.activesync.store.model import Access, StoreError, Wipe

if TYPE_CHECKING:
    from fermoposta.activesync.store.model import Device, Store
    from fermoposta.portal.book import Book


class Deed(StrEnum):
    """What may be done to a device."""

    RESYNC = "resync"
    WIPE = "wipe"
    WIPE_ACCOUNT = "wipe-account"
    CANCEL = "cancel-wipe"
    FORGET = "forget"
    ALLOW = "allow"
    BLOCK = "block"
    QUARANTINE = "quarantine"


OWNERS = frozenset({Deed.RESYNC, Deed.WIPE, Deed.WIPE_ACCOUNT, Deed.CANCEL})
"""What owners may do; who may synchronise at all, administrators decide."""
_ACCESS = {
    Deed.ALLOW: Access.ALLOWED,
    Deed.BLOCK: Access.BLOCKED,
    Deed.QUARANTINE: Access.QUARANTINED,
}


class RefusedError(Exception):
    """It can't be done to this device; the message says why."""


def deeds(device: Device, allowed: frozenset[Deed]) -> list[Deed]:
    """Return what may be done to *device* as it is, of what is *allowed*."""
    waiting = device.wipe in (Wipe.REQUESTED, Wipe.SENT)
    return [each for each in Deed if each in allowed and _fits(each, device, waiting=waiting)]


def _fits(deed: Deed, device: Device, *, waiting: bool) -> bool:
    if deed in _ACCESS:
        return device.access is not _ACCESS[deed]
    if deed is Deed.CANCEL:
        return waiting
    if deed in (Deed.WIPE, Deed.WIPE_ACCOUNT) and waiting:
        return False
    return deed is not Deed.WIPE_ACCOUNT or device.erases_account_alone


async def found(store: Store, user: str, device: str) -> Device:
    """Return the device; raises 404, and 503 where the database is away."""
    try:
        there = await store.devices(user)
    except StoreError as error:
        raise HTTPException(503) from error
    for each in there:
        if each.id == device:
            return each
    raise HTTPException(404)


async def carry_out(
    deed: Deed, device: Device, store: Store, book: Book, *, actor: str, allowed: frozenset[Deed]
) -> None:
    """Do it, after it is in the audit; raises RefusedError, and 503 where the database is away."""
    if deed not in deeds(device, allowed):
        raise RefusedError("this can't be done to the device as it is")
    try:
        await run_in_threadpool(
            book.store.witness, device.user, f"{deed} device", {"device": device.id}, actor=actor
        )
        await _do(deed, device, store, actor)
    except StoreError as error:
        raise HTTPException(503) from error


async def _do(deed: Deed, device: Device, store: Store, actor: str) -> None:
    user, id_ = device.user, device.id
    match deed:
        case Deed.RESYNC:
            await store.change_device(user, id_, resync_since=None)
            await store.forget(user, id_)
        case Deed.FORGET:
            await store.forget_device(user, id_)
        case Deed.WIPE | Deed.WIPE_ACCOUNT:
            await store.change_device(
                user,
                id_,
                wipe=Wipe.REQUESTED,
                wipe_account_only=deed is Deed.WIPE_ACCOUNT,
                wiped_by=actor,
            )
        case Deed.CANCEL:
            await store.change_device(
                user, id_, wipe=Wipe.NONE, wipe_account_only=False, wiped_by=""
            )
        case _:
            changes: dict[str, object] = {"access": _ACCESS[deed]}
            if deed is Deed.ALLOW and device.wipe is Wipe.DONE:
                # It has nothing any more: it starts over, with its policies too.
                await store.forget(user, id_)
                changes |= {"wipe": Wipe.NONE, "wiped_by": "", "policy_key": 0}
            await store.change_device(user, id_, **changes)
