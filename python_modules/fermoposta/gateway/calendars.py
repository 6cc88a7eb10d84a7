"""News of calendars and address books, from the webmail's database to who waits for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import structlog

from fermoposta.activesync.store.model import StoreError
from fermoposta.mailstore import groupware_feed
from fermoposta.mailstore.groupware import GroupwareError
from fermoposta.mailstore.mailbox import MailboxError
from fermoposta.service import log
from fermoposta.service.pause import pause_after

if TYPE_CHECKING:
    from fermoposta.activesync.push import Hub
    from fermoposta.gateway.sessions import Sessions

_log = structlog.get_logger()


async def follow(conninfo: str, sessions: Sessions) -> None:
    """Tell all hubs of what changes, until cancelled; a database that is away is waited for."""
    failures = 0
    while True:
        try:
            async with groupware_feed.listen(conninfo) as told:
                failures = 0
                for hub in sessions.hubs:
                    await _look_again(hub)
                async for touched in told:
                    for hub in sessions.hubs:
                        hub.touched_by(touched.owner, touched.path)
        except (psycopg.Error, OSError) as error:
            failures += 1
            pause = pause_after(failures)
            _log.warning("calendars lost", error=log.line_of(error), pause=int(pause))
            await asyncio.sleep(pause)


async def _look_again(hub: Hub) -> None:
    """Have the devices that wait look for what nobody told while the database was away."""
    if hub.idle:
        return
    hub.touched_by(hub.user, None)
    try:
        tree = await hub.tree()
    except (MailboxError, GroupwareError, StoreError):
        return  # whoever asks next is told the same
    for folder in tree:
        if not folder.is_mail and folder.path:
            hub.touched(folder.path)
