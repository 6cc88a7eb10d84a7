"""Fetch what is answered or forwarded (Source, MS-ASCMD, section 2.2.3.173)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from fermoposta.activesync import serverid
from fermoposta.activesync.compose.original import Original, of_event, of_mail
from fermoposta.activesync.compose.outbox import aside
from fermoposta.activesync.compose.status import Status
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.map.calendar.series import load
from fermoposta.activesync.map.errors import MapError
from fermoposta.activesync.meetings.instances import (
    InstanceError,
    NotRecurringError,
    alone,
    moment_of,
    occurrence,
)
from fermoposta.activesync.serverid import ServerIdError
from fermoposta.booking.calendar import BROKEN
from fermoposta.mailstore.groupware import CollectionMissingError, DeniedError, Kind
from fermoposta.mailstore.mailbox import (
    FolderMissingError,
    ForbiddenError,
    MailboxError,
    MessageMissingError,
)

if TYPE_CHECKING:
    from datetime import datetime

    from icalendar import Calendar, Event

    from fermoposta.activesync.compose.asked import SourceId
    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.session import Session

ANSWERED, FORWARDED = "\\Answered", "$Forwarded"
_GONE = (FolderMissingError, ForbiddenError, MessageMissingError)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Source:
    """Where an item is: a mail of *folder* by its UID, or an appointment by what names it."""

    folder: Folder
    item: str
    instance: datetime | None = None

    @property
    def is_mail(self) -> bool:
        """Whether it is a mail."""
        return self.folder.is_mail


async def find(session: Session, named: SourceId) -> Source:
    """Return where the item *named* is to be found; whether it is there is not looked at."""
    try:
        folder_id, item = serverid.split(named.item)
    except ServerIdError as error:
        raise CommandError(Status.ITEM_NOT_FOUND, str(error)) from error
    folder = (await session.hub.tree()).get(folder_id)
    if folder is None or not (folder.is_mail or folder.key.kind == Kind.EVENTS):
        raise CommandError(Status.ITEM_NOT_FOUND, "Source is in no folder of mail or appointments")
    return Source(folder, item, named.instance)


async def original(session: Session, source: Source, most: int) -> Original:
    """Return what a new mail takes along, which may be *most* octets. Raises CommandError."""
    if source.is_mail:
        return await _mail(session, source, most)
    return await _event(session, source)


async def mark(session: Session, source: Source, flag: str) -> None:
    """Note what was done with the mail; the new one is on its way whether that works or not."""
    if not source.is_mail:
        return
    try:
        await session.mail.store(source.folder.path, [serverid.uid_of(source.item)], add=[flag])
    except (MailboxError, ServerIdError) as error:
        _log.info("a mail is not marked", flag=flag, reason=type(error).__name__)


async def _mail(session: Session, source: Source, most: int) -> Original:
    path = source.folder.path
    try:
        uid = serverid.uid_of(source.item)
        known = (await session.mail.summaries(path, [uid])).get(uid)
        if known is None:
            raise MessageMissingError(f"{uid} is gone")
        if known.size > most:
            raise CommandError(Status.TOO_LARGE, f"the original has {known.size} octets")
        message = b"".join([piece async for piece in session.mail.stream(path, uid)])
    except (*_GONE, ServerIdError) as error:
        raise CommandError(Status.ITEM_NOT_FOUND, str(error)) from error
    return await aside(len(message), lambda: of_mail(message, session.owner))


async def _event(session: Session, source: Source) -> Original:
    path = source.folder.path
    try:
        names = await session.groupware.matching(path, Kind.EVENTS)
        name = next((each for each in names if serverid.digest(each) == source.item), None)
        found = await session.groupware.read(path, [name]) if name else {}
    except (CollectionMissingError, DeniedError) as error:
        raise CommandError(Status.ITEM_NOT_FOUND, str(error)) from error
    if name is None or name not in found:
        raise CommandError(Status.ITEM_NOT_FOUND, "the appointment is gone")
    try:
        return await asyncio.to_thread(_told, session, source, found[name].content)
    except NotRecurringError as error:
        raise CommandError(Status.NOT_RECURRING, str(error)) from error
    except InstanceError as error:
        raise CommandError(Status.ITEM_NOT_FOUND, str(error)) from error
    except (MapError, *BROKEN) as error:
        raise CommandError(Status.ITEM_NOT_FOUND, f"it can't be read: {error}") from error


def _told(session: Session, source: Source, content: bytes) -> Original:
    return of_event(*_shown(session, source, content), session.owner)


def _shown(session: Session, source: Source, content: bytes) -> tuple[Calendar, Event]:
    """Return what is forwarded, without what is the user's own: reminders."""
    series = load(content, session.owner)
    event, calendar = series.master, series.calendar
    if source.instance is not None:
        event = occurrence(series, moment_of(series, source.instance))
        calendar = alone(series, event)
    calendar.pop("METHOD", None)
    meeting = "ATTENDEE" in event and "ORGANIZER" in event
    calendar.add("METHOD", "REQUEST" if meeting else "PUBLISH")
    for each in (series.master, *series.overrides, event):
        each.subcomponents = [one for one in each.subcomponents if one.name != "VALARM"]
    return calendar, event
