"""What SendMail, SmartReply and SmartForward are asked (MS-ASCMD, sections 2.2.1.17, 19 and 20)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.activesync.compose.status import Status
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.map import body, moments
from fermoposta.activesync.map.errors import MalformedError

if TYPE_CHECKING:
    from datetime import datetime

    from fermoposta.activesync.session import Asked, Session
    from fermoposta.activesync.wbxml import Element

_LONGEST_CLIENT_ID = 40
_FORWARDEES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class SourceId:
    """Which item is answered or forwarded, and which instance of it."""

    item: str
    """Its ServerId, which a LongId of ours is too."""
    instance: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compose:
    """A mail, and what is to be done with it."""

    mime: bytes
    """Empty where a forward to *forwardees* has no mail of its own."""
    client_id: str
    """Names the mail: what comes under the same name again is the same one."""
    save: bool
    source: SourceId | None = None
    replace: bool = False
    """Whether *mime* is the whole mail, original and all."""
    forwardees: tuple[tuple[str, str], ...] = ()
    """Name and address of each whom an appointment is forwarded to."""
    text: str = ""
    """What is said beside a forward that has no mail."""


def read(session: Session, asked: Asked) -> Compose:
    """Return what *asked* asks for. Raises CommandError."""
    if session.version == "12.1":
        return _plain(session, asked)
    element = asked.element
    if element is None:
        raise CommandError(Status.INVALID_XML, "there is no document")
    client_id = (element.text_of("ComposeMail:ClientId") or "").strip()
    if not client_id or len(client_id) > _LONGEST_CLIENT_ID:
        raise CommandError(Status.INVALID_XML, "ClientId is missing, or too long")
    _account(session, element)
    mime = element.find("ComposeMail:Mime")
    forwardees = tuple(_forwardees(session, element))
    if mime is None and not forwardees:
        raise CommandError(Status.INVALID_XML, "Mime is missing")
    data = b"" if mime is None else mime.data
    if not data.strip() and not forwardees:
        raise CommandError(Status.INVALID_MIME, "Mime is empty")
    return Compose(
        mime=data,
        client_id=client_id,
        save=element.find("ComposeMail:SaveInSentItems") is not None,
        source=_source(element),
        replace=element.find("ComposeMail:ReplaceMime") is not None,
        forwardees=forwardees,
        text=_text(element),
    )


def digest(*texts: str) -> str:
    """Return what stands for *texts* in what is kept, and in a Message-ID."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:40]


def _plain(session: Session, asked: Asked) -> Compose:
    """
    Return what 12.1 asks, by the query alone.

    It has no ClientId: the octets are the name, if they have a Message-ID that makes them unlike
    what the same person writes another time. Else it is empty, and each is a mail of its own.
    """
    request = session.request
    if not asked.raw.strip():
        raise CommandError(Status.INVALID_MIME, "there is no mail")
    source = None
    item = request.long_id or request.item_id
    if item:
        instance = _moment(request.occurrence) if request.occurrence else None
        source = SourceId(item, instance)
    named = b"message-id:" in asked.raw[:65_536].lower()
    return Compose(
        mime=asked.raw,
        client_id=hashlib.sha256(asked.raw).hexdigest() if named else "",
        save=request.save_in_sent,
        source=source,
    )


def _account(session: Session, element: Element) -> None:
    """Refuse to send from another account than the one that there is (section 2.2.3.3.1)."""
    said = (element.text_of("ComposeMail:AccountId") or "").strip()
    if said and not session.owner.is_at(said):
        raise CommandError(Status.INVALID_ACCOUNT, "AccountId names none of the user's accounts")


def _source(element: Element) -> SourceId | None:
    source = element.find("ComposeMail:Source")
    if source is None:
        return None
    said = {
        name: (source.text_of(f"ComposeMail:{name}") or "").strip()
        for name in ("FolderId", "ItemId", "LongId", "InstanceId")
    }
    if said["LongId"] and (said["FolderId"] or said["ItemId"]):
        raise CommandError(Status.INVALID_COMBINATION_OF_IDS, "LongId beside FolderId or ItemId")
    item = said["LongId"] or said["ItemId"]
    if not item:
        raise CommandError(Status.INVALID_XML, "Source names no item")
    return SourceId(item, _moment(said["InstanceId"]) if said["InstanceId"] else None)


def _moment(text: str) -> datetime:
    try:
        return moments.parse("InstanceId", text)
    except MalformedError as error:
        raise CommandError(Status.INVALID_DATE, str(error)) from error


def _forwardees(session: Session, element: Element) -> list[tuple[str, str]]:
    """Return whom an appointment is forwarded to; versions before 16.0 don't know the element."""
    listed = element.find("ComposeMail:Forwardees")
    if listed is None or session.version in {"14.0", "14.1"}:
        return []
    found = [
        (
            " ".join((each.text_of("ComposeMail:ForwardeeName") or "").split()),
            (each.text_of("ComposeMail:ForwardeeEmail") or "").strip(),
        )
        for each in listed.find_all("ComposeMail:Forwardee")
    ]
    if len(found) > _FORWARDEES_MAX or not all(address for _, address in found):
        raise CommandError(Status.INVALID_XML, "a Forwardee has no address, or there are too many")
    return found


def _text(element: Element) -> str:
    said = element.find("AirSyncBase:Body")
    return "" if said is None else (body.text_of(said) or "")
