"""
What an answer does to the calendar, and what is said to the organiser. Pure.

* NotInvitedError        nobody asks the user to come, or no longer: says why
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from icalendar import Calendar, vCalAddress

from fermoposta.activesync.map import moments
from fermoposta.activesync.map.calendar import people
from fermoposta.activesync.map.calendar.series import load, put
from fermoposta.activesync.map.errors import MapError
from fermoposta.activesync.meetings.instances import moment_of, occurrence
from fermoposta.booking import record
from fermoposta.booking.calendar import BROKEN, Unreadable, events, read, received
from fermoposta.booking.props import prop, props

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from icalendar import Event

    from fermoposta.activesync.map.owner import Owner

_BUSY, _INTENDED = "X-MICROSOFT-CDO-BUSYSTATUS", "X-MICROSOFT-CDO-INTENDEDSTATUS"
_REPLY_TIME = "X-MICROSOFT-CDO-REPLYTIME"


class NotInvitedError(ValueError):
    """There is nothing that the user could answer."""


class Response(IntEnum):
    """What the user says (UserResponse, MS-ASCMD, section 2.2.3.194)."""

    ACCEPTED = 1
    TENTATIVE = 2
    DECLINED = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be stored, None for nothing any more, and of what the organiser is told."""

    content: bytes | None
    calendar: Calendar
    """In which the zones of *events* are told."""
    events: tuple[Event, ...]
    """With the answer in them: the series, or the occurrences that the answer is about."""

    @property
    def uid(self) -> str:
        """Names the meeting, wherever it is."""
        return str(self.events[0]["UID"])


def uid_of(content: bytes, owner: Owner) -> str:
    """Return the UID of an invitation. Raises NotInvitedError where it can't be read."""
    return str(_message(content, owner)[1][0]["UID"])


def of_mail(
    content: bytes,
    owner: Owner,
    response: Response,
    now: datetime,
    *,
    method: str = "",
    stored: bytes | None = None,
) -> Outcome:
    """
    Return what *response* to the invitation *content* does to what is *stored* of the meeting.

    What is stored counts where it is as new: the webmail's server puts invitations of its own users
    there itself. *method* is what the mail says beside the content. Raises NotInvitedError.
    """
    message, parts = _message(content, owner)
    said = str(message.get("METHOD", "") or method).strip().upper()
    if said != "REQUEST":
        raise NotInvitedError(f"it is no invitation: {said[:20] or 'no method'}")
    message.pop("METHOD", None)
    there = _stored(stored, owner)
    if there is not None and not _same_organiser(parts[0], there):
        raise NotInvitedError("under its UID there is an appointment that its sender has not made")
    try:
        whole = record.master(message)
        if whole is None:
            return _instances(message, parts, there, owner=owner, response=response, now=now)
        base = message if there is None else _newer(whole, message, there)
        return _whole(base, owner, response, now)
    except (*BROKEN, MapError) as error:
        raise NotInvitedError(f"it can't be worked with: {error}") from error


def of_appointment(
    content: bytes,
    owner: Owner,
    response: Response,
    now: datetime,
    *,
    instance: datetime | None = None,
) -> Outcome:
    """
    Return what *response* does to the meeting *content* in the user's calendar.

    Raises NotInvitedError, InstanceError or NotRecurringError.
    """
    try:
        series = load(content, owner)
    except MapError as error:
        raise NotInvitedError(str(error)) from error
    _asked([series.master], owner)
    if instance is None:
        return _whole(series.calendar, owner, response, now)
    moment = moment_of(series, instance)
    event = occurrence(series, moment)
    _say(event, owner, response, now)
    if response is Response.DECLINED:
        told = deepcopy(event)
        series.drop(event)
        series.set_deleted({*series.deleted(), moment})
        return Outcome(series.content(), series.calendar, (told,))
    return Outcome(series.content(), series.calendar, (event,))


def _message(content: bytes, owner: Owner) -> tuple[Calendar, list[Event]]:
    try:
        message = received(content, owner.zone)
    except Unreadable as error:
        raise NotInvitedError(str(error)) from error
    parts = events(message)
    if not parts or len({str(each["UID"]) for each in parts}) > 1:
        raise NotInvitedError("it holds no event, or several")
    _asked(parts, owner)
    return message, parts


def _asked(parts: Iterable[Event], owner: Owner) -> None:
    """Raise NotInvitedError where it is nobody's meeting, the user's own, or called off."""
    for event in parts:
        if not people.received(event, owner):
            raise NotInvitedError("the user has called the meeting, or nobody has")
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            raise NotInvitedError("the meeting is called off")


def _stored(content: bytes | None, owner: Owner) -> Calendar | None:
    """Return what is stored; what nobody can read is replaced."""
    if content is None:
        return None
    try:
        found = read(content, owner.zone)
    except Unreadable:
        return None
    return found if events(found) else None


def _same_organiser(part: Event, stored: Calendar) -> bool:
    """
    Tell whether what is stored is the same person's meeting.

    A UID is known to whoever has seen the meeting: it must not be enough to replace it.
    """
    known = {people.address(each).lower() for each in map(people.organiser, events(stored)) if each}
    chief = people.organiser(part)
    return chief is not None and known == {people.address(chief).lower()}


def _newer(whole: Event, message: Calendar, stored: Calendar) -> Calendar:
    """Return *stored* unless *message*, in which *whole* stands, is a newer version of it."""
    before = record.master(stored)
    if before is None:
        return message
    if record.version(before) >= record.version(whole):
        return stored
    if not any(each.name == "VALARM" for each in whole.subcomponents):
        # How the user wants to be reminded is no business of the organiser's.
        for each in before.subcomponents:
            if each.name == "VALARM":
                whole.add_component(each)
    return message


def _whole(base: Calendar, owner: Owner, response: Response, now: datetime) -> Outcome:
    base.pop("METHOD", None)
    found = events(base)
    _asked(found[:1], owner)
    for event in found:
        if event is found[0] or _mine(event, owner) is not None:
            _say(event, owner, response, now)
    base.add_missing_timezones()
    content = None if response is Response.DECLINED else bytes(base.to_ical())
    return Outcome(content, base, (found[0],))


def _instances(
    message: Calendar,
    parts: list[Event],
    stored: Calendar | None,
    *,
    owner: Owner,
    response: Response,
    now: datetime,
) -> Outcome:
    """Answer for single occurrences, whether or not the user knows the series."""
    asked = {record.instance(each, owner.zone) for each in parts}
    base = message
    if stored is not None:
        news = [each for each in parts if not _known(stored, each, owner)]
        base = record.replaced(stored, news, owner.zone) if news else stored
    answered = [each for each in events(base) if record.instance(each, owner.zone) in asked]
    for event in answered:
        _say(event, owner, response, now)
    told = tuple(deepcopy(each) for each in answered)
    if response is not Response.DECLINED:
        base.add_missing_timezones()
        return Outcome(bytes(base.to_ical()), base, told)
    left = [each for each in base.subcomponents if not any(each is one for one in answered)]
    base.subcomponents = left
    series = record.master(base)
    if series is not None:
        for event in answered:
            series.add("EXDATE", [prop(event, "RECURRENCE-ID").dt])
    content = bytes(base.to_ical()) if events(base) else None
    return Outcome(content, base, told)


def _known(stored: Calendar, part: Event, owner: Owner) -> bool:
    """Tell whether *stored* has this occurrence in a version that is as new."""
    when = record.instance(part, owner.zone)
    return any(
        record.instance(each, owner.zone) == when and record.version(each) >= record.version(part)
        for each in events(stored)
    )


def _mine(event: Event, owner: Owner) -> vCalAddress | None:
    """Return the user among those who are asked."""
    for each in props(event, "ATTENDEE"):
        address = people.address(each)
        local, _, domain = address.rpartition("@")
        if owner.is_at(address) or owner.is_at(f"{local.partition('+')[0]}@{domain}"):
            guest: vCalAddress = each
            return guest
    return None


def attendee(event: Event, owner: Owner) -> vCalAddress:
    """Return the user among those who are asked; whom a list has invited is added to them."""
    found = _mine(event, owner)
    if found is None:
        found = vCalAddress(f"mailto:{owner.address}")
        if owner.name:
            found.params["CN"] = owner.name
        event.add("ATTENDEE", found, encode=False)
    return found


def _say(event: Event, owner: Owner, response: Response, now: datetime) -> None:
    """Write the answer to *event*."""
    guest = attendee(event, owner)
    guest.params["PARTSTAT"] = response.name
    guest.params.pop("RSVP", None)
    put(event, _REPLY_TIME, moments.compact(now))
    if response is Response.TENTATIVE:
        put(event, _BUSY, "TENTATIVE")
    elif intended := str(event.get(_INTENDED, "")):
        put(event, _BUSY, intended)
    elif str(event.get(_BUSY, "")).upper() == "TENTATIVE":
        put(event, _BUSY, "BUSY")
