"""
That a mail goes out once, however often a device sends it.

A device that gets no answer sends the same again, under the same name. What became of the mail is
kept with the device: first that it is about to be handed over, then that it was.

* It was handed over: it is not sent again, and the device is told so.
* It is being handed over by this process: the second request waits for the first.
* It was about to be when the process died: nobody knows. It is sent again, under the Message-ID
  that it had before, unless a copy of it lies in the Sent folder already. A mail that its writer
  believes sent and nobody ever gets is worse than one that comes twice, and of two that have the
  same Message-ID most programs show one.

What is handed over was taken by Postfix, in whose queue it outlives this process.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from fermoposta.activesync.store.model import OvertakenError, StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fermoposta.activesync.session import Session
    from fermoposta.activesync.state.stored import Json

KEPT = ".sent"
KEPT_MOST = 200
"""Mails of which it is remembered; a device sends again within minutes."""
_ATTEMPTS = 5
_BEGUN, _SENT = 0, 1
_log = structlog.get_logger()
_under_way: dict[tuple[str, str, str], asyncio.Task[None]] = {}
"""A user's devices all meet in one process."""


@dataclass(frozen=True, slots=True)
class Mail:
    """
    How a mail is sent, and what is done when it is.

    What *send* raises comes through, and the mail may be sent again under its name. *there* tells
    whether a mail of which nobody knows was sent after all.
    """

    send: Callable[[], Awaitable[None]]
    file: Callable[[], Awaitable[None]]
    there: Callable[[], Awaitable[bool]]


async def once(session: Session, name: str, mail: Mail) -> bool:
    """
    Send the *mail* that is called *name* unless it was sent before; tell whether it was sent now.

    It goes on when the request is given up.
    """
    key = (session.owner.address, session.device.id, name)
    other = _under_way.get(key)
    if other is not None:
        await asyncio.shield(other)
        return False
    known = await _noted(session, name)
    if known == _SENT:
        return False
    if (other := _under_way.get(key)) is not None:
        await asyncio.shield(other)
        return False
    task = asyncio.ensure_future(_send(session, name, mail, begun=known == _BEGUN))
    _under_way[key] = task
    task.add_done_callback(lambda done: _ended(key, done))
    await asyncio.shield(task)
    return True


async def was_sent(session: Session, name: str) -> bool:
    """Tell whether the mail that is called *name* was handed over before."""
    return await _noted(session, name) == _SENT


def _ended(key: tuple[str, str, str], task: asyncio.Task[None]) -> None:
    _under_way.pop(key, None)
    if not task.cancelled() and task.exception() is not None:
        # Whoever asked may have gone, and nobody else would hear of it.
        _log.info("a mail was not sent", reason=type(task.exception()).__name__)


async def _send(session: Session, name: str, mail: Mail, *, begun: bool) -> None:
    if begun and await mail.there():
        await _tried(session, name, _SENT)
        return
    await _note(session, name, _BEGUN)
    try:
        await mail.send()
    except Exception:
        await _tried(session, name, None)
        raise
    # Before anything else that can fail: from here on nothing sends it again.
    await _tried(session, name, _SENT)
    await mail.file()


async def _tried(session: Session, name: str, what: int | None) -> None:
    """Note *what* became of it; whatever hinders that changes nothing of it."""
    try:
        await _note(session, name, what)
    except StoreError as error:
        _log.warning("it is not noted whether a mail was sent", reason=type(error).__name__)


async def _noted(session: Session, name: str) -> int | None:
    kept = await session.store.kept(session.owner.address, session.device.id, KEPT)
    return dict(_pairs(kept.value)).get(name)


async def _note(session: Session, name: str, what: int | None) -> None:
    """Keep *what* became of the mail *name*; None forgets it."""
    for attempt in range(1, _ATTEMPTS + 1):
        kept = await session.store.kept(session.owner.address, session.device.id, KEPT)
        pairs = [each for each in _pairs(kept.value) if each[0] != name]
        if what is not None:
            pairs.append((name, what))
        value: Json = [[each, said] for each, said in pairs[-KEPT_MOST:]]
        try:
            await session.store.keep(
                session.owner.address, session.device.id, KEPT, value, kept.revision
            )
        except OvertakenError:
            if attempt == _ATTEMPTS:
                raise
        else:
            return


def _pairs(value: Json) -> list[tuple[str, int]]:
    """Return name and what became of it; what is no such pair was not kept by us."""
    if not isinstance(value, list):
        return []
    return [
        (each[0], each[1])
        for each in value
        if isinstance(each, list)
        and len(each) == 2
        and isinstance(each[0], str)
        and isinstance(each[1], int)
    ]
