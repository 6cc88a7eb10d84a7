"""
Decide what an iTIP message does to the calendar of a resource, and what it is answered.

The order of arrival decides: what is booked stays booked until its organizer moves or cancels it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from icalendar import Event

from fermoposta.booking import record
from fermoposta.booking.calendar import (
    BROKEN,
    Span,
    Stored,
    Unreadable,
    conflicts,
    endless,
    events,
    mailto,
    moment,
    read,
    received,
    spans,
)
from fermoposta.booking.props import prop
from fermoposta.booking.reply import Reply, attendees, itip, plain
from fermoposta.booking.words import Reason, text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from zoneinfo import ZoneInfo

    from icalendar import Calendar

HORIZON = timedelta(days=2 * 365)
"""How far a series is looked at, from now or from its start."""
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,255}@[A-Za-z0-9.-]{1,255}")


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource: *addresses* are all that lead to it, *zone* is for times that name none."""

    address: str
    addresses: frozenset[str]
    name: str
    language: str
    multiple_bookings: int
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What to do, and *note*, a word for the log.

    *content* is to be stored in place of *stored*; None leaves the calendar as it is.
    """

    note: str
    content: bytes | None = None
    stored: Stored | None = None
    uid: str = ""
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """All that a decision is made from."""

    message: Calendar
    resource: Resource
    others: tuple[Calendar, ...]
    stored: Stored | None
    booked: Calendar | None
    writers: frozenset[str]
    now: datetime
    language: str

    @property
    def parts(self) -> list[Event]:
        """The events of the message, the series itself first."""
        return events(self.message)

    @property
    def whole(self) -> Event | None:
        """The series itself, or the single event; None where it is about instances only."""
        return record.master(self.message)

    @property
    def organizer(self) -> str:
        """Who is answered."""
        return mailto(self.parts[0].get("ORGANIZER", ""))

    @property
    def vouched_for(self) -> bool:
        """Whether who is answered wrote the message; else it may be anybody's words."""
        return self.organizer in self.writers


def answer(
    content: bytes,
    resource: Resource,
    calendar: Sequence[Stored],
    *,
    writers: Collection[str],
    now: datetime,
    language: str | None = None,
) -> Outcome:
    """
    Return what the message *content*, written by *writers*, does to *calendar*.

    *language* is the organizer's, where it is known.
    """
    try:
        message = received(content, resource.zone)
        found = _case(message, resource, calendar, frozenset(writers), now=now, language=language)
        if isinstance(found, str):
            return Outcome(found)
        outcome = _cancelled(found) if _method(message) == "CANCEL" else _requested(found)
        return replace(outcome, uid=str(found.parts[0]["UID"]))
    except BROKEN as error:
        return Outcome("unreadable", reply=Reply(False, Reason("unreadable", detail=str(error))))


def taken_back(content: bytes, zone: ZoneInfo) -> bytes:
    """Return what is left of the booking *content* where it turns out not to fit."""
    booking = read(content, zone)
    last = record.master(booking) or events(booking)[0]
    left: bytes = record.tombstone(booking, last, "DECLINED").to_ical()
    return left


def _method(message: Calendar) -> str:
    return str(message.get("METHOD", "")).upper()


def _case(
    message: Calendar,
    resource: Resource,
    calendar: Sequence[Stored],
    writers: frozenset[str],
    *,
    now: datetime,
    language: str | None,
) -> Case | str:
    """Return what there is to decide, or why nothing is."""
    parts = events(message)
    if _method(message) not in {"REQUEST", "CANCEL", "ADD"}:
        return f"no invitation: {_method(message) or 'no method'}"
    if not parts:
        return "no event"
    uids = {str(each["UID"]) for each in parts}
    if len(uids) > 1:
        raise Unreadable("it holds several events")
    organizer = mailto(parts[0].get("ORGANIZER", ""))
    if not _ADDRESS.fullmatch(organizer):
        raise Unreadable("it names no organizer who can be answered")
    if sum("RECURRENCE-ID" not in each for each in parts) > 1:
        raise Unreadable("it holds the same event twice")
    if plain(organizer) in resource.addresses:
        return "its own"
    invited = [mailto(each) for part in parts for each in attendees(part)]
    if not any(plain(each) in resource.addresses for each in invited) and (
        invited or _method(message) != "CANCEL"
    ):
        return "not addressed"
    if _method(message) == "REQUEST":
        message = _for(message, resource)
    stored, booked, others = _sorted(calendar, uids.pop(), resource.zone)
    chosen = language or resource.language
    return Case(message, resource, others, stored, booked, writers, now, chosen)


def _for(message: Calendar, resource: Resource) -> Calendar:
    """Return what of *message* the resource is asked for: there may be others for an instance."""
    asked, elsewhere = type(message)(), []
    asked.update(message)
    for each in message.subcomponents:
        if isinstance(each, Event) and _is_for_others(each, resource):
            elsewhere.append(each)
        else:
            asked.add_component(each)
    series = record.master(asked)
    if series is not None:
        for each in elsewhere:
            series.add("EXDATE", [prop(each, "RECURRENCE-ID").dt])
    return asked


def _is_for_others(event: Event, resource: Resource) -> bool:
    invited = [plain(mailto(each)) for each in attendees(event)]
    return bool(invited) and not resource.addresses & set(invited)


def _sorted(
    calendar: Sequence[Stored], uid: str, zone: ZoneInfo
) -> tuple[Stored | None, Calendar | None, tuple[Calendar, ...]]:
    """Return the object with *uid*, and all the others that can be read."""
    stored, booked, others = None, None, []
    for each in calendar:
        try:
            content = read(each.content, zone)
        except Unreadable:
            # Nothing can be said about when it takes place: it keeps nobody out.
            continue
        if any(str(event["UID"]) == uid for event in events(content)):
            stored, booked = each, content
        else:
            others.append(content)
    return stored, booked, tuple(others)


def _untouched(case: Case) -> str | None:
    """Say why this message may not touch what is booked under its UID; None where it may."""
    if case.booked is None:
        return None
    if not record.is_ours(case.booked):
        return "kept by the webmail"
    allowed = record.may_change(case.booked)
    if case.organizer not in allowed or not case.writers or not case.writers <= allowed:
        return "not from the organizer"
    return None


def _cancelled(case: Case) -> Outcome:
    if case.booked is None:
        return Outcome("not booked")
    if why := _untouched(case):
        return Outcome(why)
    if record.state(case.booked) == "CANCELLED":
        return Outcome("cancelled before")
    if case.whole is None:
        return _instances_cancelled(case, case.booked)
    before = record.master(case.booked) or events(case.booked)[0]
    if record.version(case.whole) < record.version(before):
        return Outcome("older")
    return _storing(case, "cancelled", record.tombstone(case.booked, case.whole, "CANCELLED"))


def _instances_cancelled(case: Case, booked: Calendar) -> Outcome:
    zone = case.resource.zone
    news = [each for each in case.parts if _is_news(booked, each, zone, cancelling=True)]
    if not news:
        return Outcome("older")
    single = [each for each in news if not record.is_ranged(each)]
    changed = record.without(booked, single, zone, "CANCELLED") if single else booked
    for each in news:
        if record.is_ranged(each):
            changed = record.ended(changed, each, zone)
    return _storing(case, "instance cancelled", changed)


def _is_news(booked: Calendar, part: Event, zone: ZoneInfo, *, cancelling: bool = False) -> bool:
    """Tell whether an exception of a series is newer than what is known of that instance."""
    when = record.instance(part, zone)
    assert when is not None  # noqa: S101 - the caller looked
    mine = record.version(part)
    gone, why = record.dropped(booked, when) or (None, "")
    if gone is not None and mine <= gone:
        # The answer to what was declined may have been lost.
        return mine == gone and why == "DECLINED" and not cancelling
    for each in events(booked):
        if record.instance(each, zone) == when:
            known = record.version(each)
            return mine > known or (cancelling and mine == known)
    series = record.master(booked)
    return series is None or mine[0] >= record.version(series)[0]


def _storing(case: Case, note: str, content: Calendar, reply: Reply | None = None) -> Outcome:
    return Outcome(note, content.to_ical(), stored=case.stored, reply=reply)


def _requested(case: Case) -> Outcome:
    if _method(case.message) == "ADD":
        reason = Reason("unsupported")
        return Outcome("unsupported", reply=_reply(case, reason, accepted=False))
    if why := _untouched(case):
        return Outcome(why)
    if case.booked is None or record.state(case.booked) != "BOOKED":
        return _renewed(case)
    return _series(case, case.booked) if case.whole is not None else _instances(case, case.booked)


def _renewed(case: Case) -> Outcome:
    """Decide on what is not booked now, and perhaps was."""
    if case.booked is not None:
        before, mine = events(case.booked)[0], max(map(record.version, case.parts))
        cancelled = record.state(case.booked) == "CANCELLED"
        if mine < record.version(before) or (cancelled and mine == record.version(before)):
            return Outcome("older")
    wanted = record.booked(case.message, case.parts, case.writers)
    return _weighed(case, wanted, given_up=None)


def _series(case: Case, booked: Calendar) -> Outcome:
    """Decide on a new version of a whole event that is booked."""
    assert case.whole is not None  # noqa: S101 - the caller looked
    before = record.master(booked)
    if before is not None:
        if record.version(case.whole) < record.version(before):
            return Outcome("older")
        if record.version(case.whole) == record.version(before):
            return Outcome("answered before", reply=_confirmed(case, booked))
    wanted = record.booked(case.message, case.parts, case.writers | _booked_by(booked))
    wanted = record.carried_over(booked, wanted, case.resource.zone)
    given_up = record.tombstone(booked, case.whole, "DECLINED")
    return _weighed(case, wanted, given_up=given_up)


def _instances(case: Case, booked: Calendar) -> Outcome:
    """Decide on new versions of single instances of what is booked."""
    zone = case.resource.zone
    news = [each for each in case.parts if _is_news(booked, each, zone)]
    if not news:
        known = [each for each in case.parts if _is_known(booked, each, zone)]
        reply = _confirmed(case, booked) if len(known) == len(case.parts) else None
        return Outcome("answered before" if reply else "older", reply=reply)
    writers = case.writers | _booked_by(booked)
    new = events(record.booked(case.message, news, writers))
    given_up = record.without(booked, news, zone, "DECLINED")
    return _weighed(case, record.replaced(booked, new, zone), given_up=given_up)


def _is_known(booked: Calendar, part: Event, zone: ZoneInfo) -> bool:
    when, mine = record.instance(part, zone), record.version(part)
    return any(
        record.instance(each, zone) == when and record.version(each) == mine
        for each in events(booked)
    )


def _booked_by(booked: Calendar) -> frozenset[str]:
    return record.may_change(booked)


def _weighed(case: Case, wanted: Calendar, *, given_up: Calendar | None) -> Outcome:
    """Book *wanted* where it fits; otherwise leave *given_up*, the time that is no longer asked."""
    zone, owner = case.resource.zone, case.resource.addresses
    until = _until(case)
    wanted = record.spelled_out(wanted, zone, until)
    if not spans(_opaque(case.message), frozenset(), zone, since=case.now, until=until):
        reply = _reply(case, Reason("past"), accepted=False)
        if given_up is None or not _frees(case, given_up, until):
            return Outcome("past", reply=reply)
        return _storing(case, "past", given_up, reply)
    own = spans(wanted, owner, zone, since=case.now, until=until)
    others = list(_others(case, own, until))
    busy = tuple(conflicts(own, others, case.resource.multiple_bookings))
    if not busy:
        seen_until = until if endless(wanted, until, zone) else None
        reply = _reply(case, Reason("free", until=seen_until), accepted=True)
        return _storing(case, "accepted", wanted, reply)
    reply = _reply(case, Reason("busy", busy=busy), accepted=False)
    if given_up is None:
        return Outcome("declined", reply=reply)
    return _storing(case, "declined", given_up, reply)


def _frees(case: Case, given_up: Calendar, until: datetime) -> bool:
    """Tell whether *given_up* leaves time to others that is booked now."""
    assert case.booked is not None  # noqa: S101 - else there is nothing to give up
    zone, owner = case.resource.zone, case.resource.addresses
    before, after = (
        spans(each, owner, zone, since=case.now, until=until) for each in (case.booked, given_up)
    )
    return before != after


def _until(case: Case) -> datetime:
    """Return up to when bookings are compared."""
    starts = [moment(prop(each, "DTSTART").dt, case.resource.zone) for each in case.parts]
    return max(case.now, *starts) + HORIZON


def _others(case: Case, own: Sequence[Span], until: datetime) -> Iterator[Span]:
    """List the bookings of others from the first to the last of *own*, up to *until*."""
    zone, owner = case.resource.zone, case.resource.addresses
    since = min((each.start for each in own), default=case.now)
    until = min(until, max((each.end for each in own), default=case.now))
    for each in case.others:
        try:
            yield from spans(each, owner, zone, since=since, until=until)
        except Unreadable:
            continue


def _opaque(message: Calendar) -> Calendar:
    """Return a copy of *message* in which everything takes time, to see when it takes place."""
    shown = type(message)()
    for each in message.subcomponents:
        shown.add_component(each.copy(recursive=True))
    for event in events(shown):
        event.pop("TRANSP", None)
        event.pop("STATUS", None)
        # An exception alone has no series around it.
    return shown


def _confirmed(case: Case, booked: Calendar) -> Reply:
    until = _until(case)
    seen_until = until if endless(booked, until, case.resource.zone) else None
    return _reply(case, Reason("free", until=seen_until), accepted=True)


def _reply(case: Case, reason: Reason, *, accepted: bool) -> Reply:
    resource = case.resource
    comment = text(reason, name=resource.name, language=case.language, zone=resource.zone)
    calendar = itip(
        case.message,
        resource.addresses,
        name=resource.name,
        accepted=accepted,
        now=case.now,
        comment=comment,
        bare=not case.vouched_for,
    )
    summary = str(case.parts[0].get("SUMMARY", "")) if case.vouched_for else ""
    return Reply(accepted, reason, to=case.organizer, summary=summary, calendar=calendar)
