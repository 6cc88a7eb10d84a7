"""One answer that a device gives (Request of MeetingResponse, MS-ASCMD, section 2.2.3.150.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.activesync import serverid
from fermoposta.activesync.compose.asked import digest
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.map import body, moments
from fermoposta.activesync.map.errors import MalformedError
from fermoposta.activesync.meetings.answer import Response
from fermoposta.activesync.meetings.reply import Said
from fermoposta.activesync.meetings.status import Status
from fermoposta.activesync.serverid import ServerIdError

if TYPE_CHECKING:
    from datetime import datetime

    from fermoposta.activesync.session import Session
    from fermoposta.activesync.wbxml import Element

_RESPONSES = {str(each.value): each for each in Response}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is answered, what, and what is told beside it."""

    item: str
    """The ServerId of a mail or an appointment."""
    response: Response
    instance: datetime | None = None
    reply: Said | None = None
    """None where the organiser hears nothing from us."""

    @property
    def folder(self) -> str:
        """The id of the folder that the item is in."""
        return serverid.split(self.item)[0]

    @property
    def place(self) -> str:
        """What is answered: an item, or an occurrence of it."""
        return digest(self.item, "" if self.instance is None else self.instance.isoformat())

    @property
    def said(self) -> str:
        """What is answered to it, word for word."""
        return digest(self.response.name, repr(self.reply))


def read(session: Session, element: Element) -> Request:
    """Return what *element* asks. Raises CommandError with the status of this one answer."""
    response = _RESPONSES.get((element.text_of("MeetingResponse:UserResponse") or "").strip())
    if response is None:
        raise CommandError(Status.INVALID, "UserResponse is none")
    instance = _instance(session, element)
    return Request(
        item=_item(element),
        response=response,
        instance=instance,
        reply=_reply(session, element),
    )


def _item(element: Element) -> str:
    folder = (element.text_of("MeetingResponse:CollectionId") or "").strip()
    item = (element.text_of("MeetingResponse:RequestId") or "").strip()
    long_id = (element.text_of("Search:LongId") or "").strip()
    if long_id and (folder or item):
        raise CommandError(Status.INVALID_COMBINATION_OF_IDS, "LongId beside other ids")
    try:
        found = serverid.split(long_id or item)[0]
    except ServerIdError as error:
        raise CommandError(Status.INVALID, str(error)) from error
    if folder and folder != found:
        raise CommandError(Status.INVALID, "RequestId is in another folder than CollectionId")
    return long_id or item


def _instance(session: Session, element: Element) -> datetime | None:
    text = (element.text_of("MeetingResponse:InstanceId") or "").strip()
    if element.find("MeetingResponse:InstanceId") is None:
        return None
    if session.version in {"12.1", "14.0"} or not text:
        raise CommandError(Status.INVALID, "InstanceId is empty, or not known to this version")
    return _moment("InstanceId", text)


def _reply(session: Session, element: Element) -> Said | None:
    """Return what the organiser is told; versions before 16.0 do that by SendMail."""
    found = element.find("MeetingResponse:SendResponse")
    if found is None or session.version not in {"16.0", "16.1"}:
        return None
    told = found.find("AirSyncBase:Body")
    comment = "" if told is None else (body.text_of(told) or "")
    if session.version == "16.0":
        return Said(comment)
    start, end = (
        (found.text_of(f"MeetingResponse:Proposed{each}Time") or "").strip()
        for each in ("Start", "End")
    )
    if not start and not end:
        return Said(comment)
    begins, ends = _moment("ProposedStartTime", start), _moment("ProposedEndTime", end)
    if ends < begins:
        raise CommandError(Status.INVALID, "the proposed time ends before it begins")
    return Said(comment, (begins, ends))


def _moment(place: str, text: str) -> datetime:
    try:
        return moments.parse(place, text)
    except MalformedError as error:
        raise CommandError(Status.INVALID_DATE, str(error)) from error
