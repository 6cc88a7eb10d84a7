"""
What is answered while the user is away (Oof, MS-ASCMD, section 2.2.3.122), out and in.

The protocol has three audiences, the directory two: who is a stranger to the user can't be told
where mail arrives, so known and unknown senders elsewhere hear the same or nothing. Exchange wants
their texts to be the same, too. A device that wants only those whom the user knows to hear it, and
says so, has nobody elsewhere hear it: it is what is asked for strangers, and they are the more.

A text is stored as it is. One that comes as HTML is stored as the text in it, since that is what is
sent; a device that wants HTML gets the text as HTML.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING

from fermoposta.activesync.map import moments
from fermoposta.activesync.map.content import leaf
from fermoposta.activesync.map.errors import MalformedError
from fermoposta.activesync.map.mail import plaintext
from fermoposta.activesync.wbxml.element import Element

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fermoposta.activesync.people import OutOfOffice

INTERNAL = "Settings:AppliesToInternal"
KNOWN = "Settings:AppliesToExternalKnown"
UNKNOWN = "Settings:AppliesToExternalUnknown"
AUDIENCES = (INTERNAL, KNOWN, UNKNOWN)
OFF, ON, BETWEEN = "0", "1", "2"
"""OofState (section 2.2.3.124)."""
_BODY_TYPES = {"text", "html"}
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_FOREVER = datetime(2099, 12, 31, tzinfo=UTC)
"""A device must be told both ends or none: these stand for one that is open."""


class OofStatus(IntEnum):
    """Why what a device says can't be taken (section 2.2.3.177.15)."""

    MALFORMED = 2
    INVALID = 5
    CONFLICTING = 6


class OofError(Exception):
    """What a device says can't be taken, by *status*."""

    def __init__(self, status: OofStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


def body_type(text: str | None) -> str:
    """Return the format that a device names, as it spells it; raises OofError."""
    found = (text or "").strip()
    if not found:
        raise OofError(OofStatus.MALFORMED, "no BodyType")
    if found.lower() not in _BODY_TYPES:
        raise OofError(OofStatus.INVALID, "a BodyType other than Text and HTML")
    return found


def shown(said: OutOfOffice, wanted: str, now: datetime) -> Element:
    """Return ``Get`` with all that was *said*, its texts in the format *wanted*."""
    return Element("Settings:Get", [*_when(said, now), *_messages(said, wanted)])


def heard(said: OutOfOffice, told: Element) -> OutOfOffice:
    """Return what holds after *told*, a ``Set``; what it leaves out stays. Raises OofError."""
    start, end = _times(told)
    state = told.text_of("Settings:OofState")
    if state is not None:
        state = state.strip()
        if state not in {OFF, ON, BETWEEN}:
            raise OofError(OofStatus.INVALID, "an OofState other than 0, 1 and 2")
        said = replace(said, enabled=state != OFF)
        if state != BETWEEN:
            said = replace(said, start=None, end=None)
    if start is not None and end is not None and state in {None, BETWEEN}:
        said = replace(
            said,
            start=None if start == _EVER else start,
            end=None if end == _FOREVER else end,
        )
    texts = _texts(told)
    if INTERNAL in texts:
        said = replace(said, internal=texts[INTERNAL])
    known, unknown = texts.get(KNOWN), texts.get(UNKNOWN)
    if known and unknown and known != unknown:
        raise OofError(OofStatus.CONFLICTING, "different texts for known and unknown senders")
    if unknown is not None:
        said = replace(said, external=unknown)
    elif known is not None:
        said = replace(said, external=known)
    return said


def _when(said: OutOfOffice, now: datetime) -> Iterator[Element]:
    """Yield whether it is on, and between which times."""
    if not said.enabled:
        yield leaf("Settings:OofState", OFF)
    elif said.end is None and (said.start is None or said.start <= now):
        yield leaf("Settings:OofState", ON)
    else:
        yield leaf("Settings:OofState", BETWEEN)
        yield leaf("Settings:StartTime", moments.dashed(said.start or _EVER))
        yield leaf("Settings:EndTime", moments.dashed(said.end or _FOREVER))


def _messages(said: OutOfOffice, wanted: str) -> Iterator[Element]:
    """Yield a message for each audience, also where it is told nothing (section 2.2.3.123)."""
    for audience in AUDIENCES:
        text = said.internal if audience == INTERNAL else said.external
        found = [Element(audience), leaf("Settings:Enabled", int(bool(text)))]
        if text:
            as_html = wanted.lower() == "html"
            found += [
                leaf("Settings:ReplyMessage", plaintext.to_html(text) if as_html else text),
                leaf("Settings:BodyType", wanted),
            ]
        yield Element("Settings:OofMessage", found)


def _times(told: Element) -> tuple[datetime | None, datetime | None]:
    start, end = told.text_of("Settings:StartTime"), told.text_of("Settings:EndTime")
    if start is None and end is None:
        return None, None
    if start is None or end is None:
        raise OofError(OofStatus.MALFORMED, "one of StartTime and EndTime without the other")
    try:
        times = moments.parse("StartTime", start), moments.parse("EndTime", end)
    except MalformedError as error:
        raise OofError(OofStatus.INVALID, str(error)) from error
    if times[1] <= times[0]:
        raise OofError(OofStatus.CONFLICTING, "an EndTime that is not after StartTime")
    return times


def _texts(told: Element) -> dict[str, str]:
    """Return what each audience that *told* names is told; "" where it is nothing."""
    texts: dict[str, str] = {}
    for message in told.find_all("Settings:OofMessage"):
        audiences = [each for each in AUDIENCES if message.find(each) is not None]
        if not audiences:
            raise OofError(OofStatus.MALFORMED, "an OofMessage for nobody")
        text = _text(message)
        for audience in audiences:
            if audience in texts:
                raise OofError(OofStatus.CONFLICTING, "two OofMessages for one audience")
            texts[audience] = text
    return texts


def _text(message: Element) -> str:
    text = message.text_of("Settings:ReplyMessage")
    said = message.text_of("Settings:BodyType")
    kind = "" if said is None and text is None else body_type(said).lower()
    if (message.text_of("Settings:Enabled") or "").strip() != "1" or text is None:
        return ""
    if kind == "html":
        text = plaintext.of_html(text)
    return text.replace("\r\n", "\n")
