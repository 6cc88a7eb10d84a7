"""Answer or forward what the server has (SmartReply, SmartForward; MS-ASCMD, 2.2.1.19 and 20)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from fermoposta.activesync.compose import outbox, source
from fermoposta.activesync.compose.amend import amended
from fermoposta.activesync.compose.asked import read
from fermoposta.activesync.compose.forwardees import addressed
from fermoposta.activesync.compose.letter import LetterError
from fermoposta.activesync.compose.once import was_sent
from fermoposta.activesync.compose.send import name_of, sent
from fermoposta.activesync.compose.status import Status
from fermoposta.activesync.errors import CommandError

if TYPE_CHECKING:
    from fermoposta.activesync.compose.asked import Compose
    from fermoposta.activesync.session import Answer, Asked, Session

_AT_ONCE = 4
_few = asyncio.Semaphore(_AT_ONCE)
"""So many originals are held at once, whoever asks; each may be as large as a request."""


async def smart(session: Session, asked: Asked, *, reply: bool) -> Answer:
    """Send a reply, or else a forward, and mark the original so."""
    compose = read(session, asked)
    if compose.source is None:
        raise CommandError(Status.INVALID_XML, "Source is missing")
    name = name_of(session, compose)
    if name and await was_sent(session, name):
        # The original may have been moved since.
        return sent(session, new=False)
    found = await source.find(session, compose.source)
    whole = compose.replace and bool(compose.mime)
    if whole:
        new = await outbox.post(session, compose.mime, name=name, save=compose.save)
    else:
        async with _few:
            new = await _with_original(session, compose, found, name, reply=reply)
    await source.mark(session, found, source.ANSWERED if reply else source.FORWARDED)
    return sent(session, new=new)


async def _with_original(
    session: Session, compose: Compose, found: source.Source, name: str, *, reply: bool
) -> bool:
    most = session.limits.request_bytes - len(compose.mime)
    original = await source.original(session, found, most)
    if compose.forwardees and not reply:
        message = addressed(compose, dict(original.heading).get("subject", ""), session.language)
        compose = replace(compose, mime=message)
    try:
        message = await outbox.aside(
            len(compose.mime) + sum(map(len, original.files)),
            lambda: amended(compose.mime, original, session.language, reply=reply),
        )
    except LetterError as error:
        raise CommandError(Status.INVALID_MIME, str(error)) from error
    return await outbox.post(session, message, name=name, save=compose.save)
