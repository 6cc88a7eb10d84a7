"""
Answer invitations (MeetingResponse, MS-ASCMD, section 2.2.1.11).

The answer is written to the user's calendar, the organiser is told, and the invitation goes to the
trash: in that order, and whatever breaks between, the same request does the rest. A declined
meeting leaves the calendar.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from fermoposta.activesync import serverid
from fermoposta.activesync.compose.asked import digest
from fermoposta.activesync.compose.outbox import post
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.folders import Type
from fermoposta.activesync.map import moments
from fermoposta.activesync.map.content import leaf
from fermoposta.activesync.map.mail import bodystructure
from fermoposta.activesync.map.mail.charsets import text_of
from fermoposta.activesync.map.mail.contents import contents
from fermoposta.activesync.map.mail.errors import MailError
from fermoposta.activesync.meetings import answer, remembered, reply, shelf
from fermoposta.activesync.meetings.answer import NotInvitedError
from fermoposta.activesync.meetings.asked import Request, read
from fermoposta.activesync.meetings.instances import InstanceError, NotRecurringError
from fermoposta.activesync.meetings.status import Status
from fermoposta.activesync.serverid import ServerIdError
from fermoposta.activesync.session import Answer
from fermoposta.activesync.wbxml import Element
from fermoposta.booking.calendar import BYTES_MAX
from fermoposta.mailstore.groupware import ChangedError, GroupwareError, Kind, ObjectMissingError
from fermoposta.mailstore.mailbox import LoginError, MailboxError, MessageMissingError

if TYPE_CHECKING:
    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.meetings.answer import Outcome
    from fermoposta.activesync.meetings.remembered import Remembered
    from fermoposta.activesync.meetings.shelf import Place
    from fermoposta.activesync.session import Asked, Session

REQUESTS_MAX = 100
_ATTEMPTS = 5
_log = structlog.get_logger()


async def handle(session: Session, asked: Asked) -> Answer:
    """Answer each invitation that is named, and say of each how it went."""
    requests = () if asked.element is None else asked.element.find_all("MeetingResponse:Request")
    if not requests or len(requests) > REQUESTS_MAX:
        raise CommandError(Status.INVALID_XML, f"{len(requests)} requests")
    results = [await _result(session, each) for each in requests]
    return Answer(Element("MeetingResponse:MeetingResponse", results))


async def _result(session: Session, element: Element) -> Element:
    """Return the Result of one request, its children in the order of the schema."""
    status, calendar_id, request = Status.SUCCESS, "", None
    try:
        request = read(session, element)
        calendar_id = await _answered(session, request)
    except CommandError as error:
        status = Status(error.status) if error.status in set(Status) else Status.MAILBOX_ERROR
        _log.info("an invitation is not answered", device=session.device.id, reason=error.why)
    except LoginError:
        raise
    except (MailboxError, GroupwareError) as error:
        calendar = isinstance(error, GroupwareError)
        status = Status.CALENDAR_ERROR if calendar else Status.MAILBOX_ERROR
        reason = type(error).__name__
        _log.warning("an invitation is not answered", device=session.device.id, reason=reason)
    said = element.text_of("MeetingResponse:RequestId") or element.text_of("Search:LongId") or ""
    children = [leaf("MeetingResponse:RequestId", said[:64])] if said else []
    children.append(leaf("MeetingResponse:Status", int(status)))
    if calendar_id:
        children.append(leaf("MeetingResponse:CalendarId", calendar_id))
    if request is not None and request.instance and session.version in {"16.0", "16.1"}:
        children.append(leaf("MeetingResponse:InstanceId", moments.dashed(request.instance)))
    return Element("MeetingResponse:Result", children)


async def _answered(session: Session, request: Request) -> str:
    """Do what *request* asks, and return the id of the appointment, "" where there is none."""
    folder = (await session.hub.tree()).get(request.folder)
    if folder is None or folder.owner is not None:
        raise CommandError(Status.INVALID, "it is in no folder of the user's own")
    if not folder.is_mail and (folder.key.kind != Kind.EVENTS or session.version == "12.1"):
        raise CommandError(Status.INVALID, "the folder holds no invitations")
    begun = await remembered.begin(session, request.place, request.said)
    try:
        work = _of_mail if folder.is_mail else _of_appointment
        calendar_id = await work(session, request, folder, begun)
    except NotRecurringError as error:
        raise CommandError(Status.NOT_RECURRING, str(error)) from error
    except (NotInvitedError, InstanceError, ServerIdError) as error:
        raise CommandError(Status.INVALID, str(error)) from error
    await remembered.finish(session, begun, calendar_id)
    return calendar_id


# --- An invitation in the mail


async def _of_mail(session: Session, request: Request, folder: Folder, begun: Remembered) -> str:
    if request.instance is not None:
        raise CommandError(Status.INVALID, "InstanceId names no part of a mail")
    uid = serverid.uid_of(serverid.split(request.item)[1])
    try:
        content, method = await _invitation(session, folder, uid)
    except MessageMissingError as error:
        if begun.done:
            return begun.calendar_id
        raise CommandError(Status.INVALID, str(error)) from error
    meeting = await asyncio.to_thread(answer.uid_of, content, session.owner)
    now = session.clock()
    for attempt in range(1, _ATTEMPTS + 1):
        place = await shelf.of_uid(session, meeting)
        outcome = await asyncio.to_thread(
            answer.of_mail,
            content,
            session.owner,
            request.response,
            now,
            method=method,
            stored=place.content or None,
        )
        if await _stored(session, place, outcome, last=attempt == _ATTEMPTS):
            break
    await _tell(session, request, outcome, begun)
    await _put_away(session, folder, uid)
    return "" if outcome.content is None else place.id


async def _invitation(session: Session, folder: Folder, uid: int) -> tuple[bytes, str]:
    """Return the calendar data of a mail, in UTF-8, and the method that its header names."""
    known = (await session.mail.summaries(folder.path, [uid])).get(uid)
    if known is None:
        raise MessageMissingError("the invitation is gone")
    try:
        part = contents(bodystructure.parse(known.structure)).calendar
    except MailError as error:
        raise NotInvitedError(str(error)) from error
    if part is None:
        raise NotInvitedError("the mail holds no invitation")
    read = await session.mail.parts(folder.path, {uid: [part.section]}, limit=BYTES_MAX + 1)
    if uid not in read:
        raise MessageMissingError("the invitation is gone")
    text = text_of(read[uid].get(part.section, b""), part.params.get("charset", "utf-8"))
    return text.encode(), part.params.get("method", "")


async def _put_away(session: Session, folder: Folder, uid: int) -> None:
    """Move the invitation to the trash; the meeting is answered, whatever hinders that."""
    trash = (await session.hub.tree()).of_type(Type.DELETED)
    if trash is None or trash.id == folder.id:
        return
    try:
        await session.mail.move(folder.path, [uid], trash.path)
    except MailboxError as error:
        _log.warning("an answered invitation stays", reason=type(error).__name__)
    else:
        session.hub.touched(folder.path)
        session.hub.touched(trash.path)


# --- A meeting in the calendar


async def _of_appointment(
    session: Session, request: Request, folder: Folder, begun: Remembered
) -> str:
    item = serverid.split(request.item)[1]
    now = session.clock()
    for attempt in range(1, _ATTEMPTS + 1):
        place = await shelf.of_item(session, folder, item)
        if place is None:
            if begun.done:
                return begun.calendar_id
            raise CommandError(Status.INVALID, "the appointment is gone")
        outcome = await asyncio.to_thread(
            answer.of_appointment,
            place.content,
            session.owner,
            request.response,
            now,
            instance=request.instance,
        )
        if await _stored(session, place, outcome, last=attempt == _ATTEMPTS):
            break
    await _tell(session, request, outcome, begun)
    declined = request.response is answer.Response.DECLINED
    return "" if declined else serverid.join(folder.id, item)


# --- Both


async def _stored(session: Session, place: Place, outcome: Outcome, *, last: bool) -> bool:
    """Store the outcome; tell whether it was, or has to be worked out anew."""
    there, path = place.object, place.folder.path
    etag = None if there is None else there.etag
    try:
        if outcome.content is not None:
            await session.groupware.put(path, place.name, outcome.content, etag=etag, silent=True)
        elif there is not None:
            await session.groupware.delete(path, place.name, etag=etag, silent=True)
        else:
            return True
    except ObjectMissingError:
        if outcome.content is None:
            return True
        if last:
            raise
        return False
    except ChangedError:
        if last:
            raise
        return False
    session.hub.touched(path)
    return True


async def _tell(session: Session, request: Request, outcome: Outcome, begun: Remembered) -> None:
    """Tell the organiser, once for each answer and version of the meeting."""
    to = reply.organiser_of(outcome)
    if request.reply is None or not to:
        return
    # Not DTSTAMP: the server writes its own when it stores the meeting.
    version = str(outcome.events[0].get("SEQUENCE", 0))
    name = digest(
        session.owner.address, begun.item, begun.said, str(begun.number), outcome.uid, version
    )
    mime = reply.mail(
        outcome,
        session.owner,
        request.response,
        request.reply,
        language=session.language,
        now=session.clock(),
    )
    await post(session, mime, name=name, save=True)
