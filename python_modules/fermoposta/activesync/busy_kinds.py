"""
When somebody is busy and how much so, from the lines of events that `feed.busy` lets out.

The kinds are those of RFC 5545, section 3.2.9, as `Busy` has them. What an event says of itself
comes in several ways; the one that leaves the time free counts most:

* free         TRANSP:TRANSPARENT, STATUS:CANCELLED, Outlook's FREE, or the owner has declined
* unavailable  Outlook's OOF
* tentative    Outlook's TENTATIVE, STATUS:TENTATIVE, or the owner has not said yes
* busy         all others; days without a time too, where they don't say otherwise

A day without a time begins at midnight in the site's zone.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import recurring_ical_events
from icalendar import Event

from fermoposta.booking.calendar import BROKEN, Unreadable, moment, read
from fermoposta.booking.props import prop, props
from fermoposta.mailstore.groupware import Busy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

_BEGIN = "BEGIN:VEVENT\r\n"


def busy(events: Iterable[str], zone: ZoneInfo, start: datetime, end: datetime) -> list[Busy]:
    """
    Return when the owner of *events* is busy between *start* and *end*, in order.

    Raises Unreadable where one of them can't be worked out.
    """
    found = [time for each in events for time in _times(each, zone, start, end)]
    return sorted(found, key=lambda time: (time.start, time.end))


def _times(text: str, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Busy]:
    # An object has one UID, which nobody need know; but nothing is read without one.
    calendar = read(text.replace(_BEGIN, f"{_BEGIN}UID:0\r\n").encode(), zone)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: list[Any] = recurring_ical_events.of(calendar).between(start, end)
            for event in found:
                kind = _kind(event) if isinstance(event, Event) else None
                begins, ends = moment(event.start, zone), moment(event.end, zone)
                if kind is not None and begins < ends and begins < end and ends > start:
                    yield Busy(begins, ends, kind)
    except BROKEN as error:
        raise Unreadable(f"the recurrence can't be worked out: {error}") from error


def _kind(event: Event) -> str | None:
    """Return how much of the time *event* takes; None where it leaves it free."""
    status, answers = _word(event, "STATUS"), {str(each).upper() for each in _answers(event)}
    shown = _word(event, "X-MICROSOFT-CDO-BUSYSTATUS")
    if shown == "TENTATIVE" and "ACCEPTED" in answers:
        # Outlook's invitations come so, and say what the time is to be once they are accepted.
        shown = _word(event, "X-MICROSOFT-CDO-INTENDEDSTATUS") or shown
    if _word(event, "TRANSP") == "TRANSPARENT" or status == "CANCELLED" or shown == "FREE":
        return None
    if "DECLINED" in answers:
        return None
    if shown == "OOF":
        return "BUSY-UNAVAILABLE"
    if "TENTATIVE" in {shown, status} or answers & {"TENTATIVE", "NEEDS-ACTION"}:
        return "BUSY-TENTATIVE"
    return "BUSY"


def _word(event: Event, name: str) -> str:
    return str(prop(event, name) or "").upper()


def _answers(event: Event) -> list[Any]:
    return props(event, "X-PARTSTAT")
