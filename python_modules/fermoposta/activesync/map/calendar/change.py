"""
What a phone has changed, written to the series that is stored.

Up to 14.1 a device sends the series with all its exceptions (MS-ASCAL, section 2.2.2.23). From 16.0
it sends an occurrence by itself, with its InstanceId, and never a list.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, tzinfo
from typing import TYPE_CHECKING

import recurring_ical_events

from fermoposta.activesync.map import body, moments, recurrence
from fermoposta.activesync.map.calendar import attachments, parts, people, show, times
from fermoposta.activesync.map.calendar.aside import Files
from fermoposta.activesync.map.calendar.series import (
    EXCEPTIONS_MAX,
    Series,
    guarded,
    load,
    new,
    put,
)
from fermoposta.activesync.map.calendar.series import start_of as start_of_event
from fermoposta.activesync.map.calendar.show import View
from fermoposta.activesync.map.content import leaf, number, with_removed
from fermoposta.activesync.map.errors import MalformedError
from fermoposta.activesync.wbxml.element import Element
from fermoposta.activesync.wbxml.text import clean
from fermoposta.booking.props import prop

if TYPE_CHECKING:
    from collections.abc import Collection

    from icalendar import Event

    from fermoposta.activesync.map.calendar.attachments import Attached
    from fermoposta.activesync.map.owner import Owner

_INSTANCE = "AirSyncBase:InstanceId"
_NAMES_ITSELF = frozenset({"12.1", "14.0", "14.1"})
"""Versions in which a device chooses the UID of what it makes."""
_SEVERAL = "Calendar:Exceptions"
_NOT_TOLD = frozenset({"Calendar:DtStamp", _INSTANCE, "Calendar:ExceptionStartTime"})


@guarded()
def from_element(
    data: Element,
    version: str,
    owner: Owner,
    now: datetime,
    *,
    uid: str,
    existing: bytes | None = None,
    removes: Collection[str] = (),
    attached: Attached | None = None,
) -> bytes:
    """
    Return the series in *existing* with what *data* says, or a new one that is named *uid*.

    What *data* leaves out stays, but for the tags of *removes*. Up to 14.1 a device names a new
    series itself. Raises MapError where *data* can't be understood or not be stored.
    """
    files = Files()
    if existing is None:
        series, shown = new(uid, owner), Element(show.DATA)
        told_uid = (data.text_of("Calendar:UID") or "").strip()
        if told_uid and version in _NAMES_ITSELF:
            put(series.master, "UID", clean(told_uid)[: show.LONGEST_UID])
    else:
        series = load(files.take(existing), owner)
        shown = show.show(series, View(version, owner, body.plain, owner.zone), now)
    view = View(version, owner, body.plain, _zone(series, owner), attached, files)
    before = _written(series)
    told = _differences(with_removed(data, removes), shown)
    _update_series(series, told, view, now)
    return _result(series, view, before, existing, now=now)


@guarded()
def change_instance(
    data: Element,
    version: str,
    owner: Owner,
    now: datetime,
    *,
    instance: str,
    existing: bytes,
    attached: Attached | None = None,
) -> bytes:
    """Return the series in *existing* with what *data* says of the occurrence *instance*."""
    series, view, moment = _instance(version, owner, instance, existing, attached)
    before = _written(series)
    event = series.override(moment)
    if event is None:
        event = series.differ(moment)
        series.set_deleted(series.deleted() - {moment})
    shown = Element(show.DATA, show.parts(event, view).values())
    when = (event.start, event.end)
    _update(event, _differences(data, shown), view, now, recurs=False)
    if (event.start, event.end) != when:
        people.invite_anew(event, owner)
    return _result(series, view, before, existing, now=now, event=event)


@guarded()
def delete_instance(
    version: str, owner: Owner, now: datetime, *, instance: str, existing: bytes
) -> bytes:
    """Return the series in *existing* without the occurrence *instance*."""
    series, view, moment = _instance(version, owner, instance, existing)
    before = _written(series)
    if (event := series.override(moment)) is not None:
        series.drop(event)
    series.set_deleted(series.deleted() | {moment})
    return _result(series, view, before, existing, now=now)


def _instance(
    version: str, owner: Owner, instance: str, existing: bytes, attached: Attached | None = None
) -> tuple[Series, View, date]:
    files = Files()
    series = load(files.take(existing), owner)
    view = View(version, owner, body.plain, _zone(series, owner), attached, files)
    moment = _moment(series, view, _INSTANCE, instance)
    if series.override(moment) is None and not _takes_place(series, moment):
        raise MalformedError(_INSTANCE, "is no occurrence of the series")
    return series, view, moment


def _takes_place(series: Series, moment: date) -> bool:
    """Tell whether the rule of the series gives *moment*."""
    if not series.recurs:
        return False
    found = recurring_ical_events.of(series.calendar).at(series.local(moment))
    gone = moment in series.deleted()
    return gone or any(series.moment(start_of_event(each)) == moment for each in found)


def _update_series(series: Series, told: dict[str, Element], view: View, now: datetime) -> None:
    master = series.master
    recurred, when = series.recurs, _when(series)
    rule = told.get("Calendar:Recurrence")
    recurs = recurred if rule is None else bool(rule.elements)
    _update(master, told, view, now, recurs=recurs)
    start = start_of_event(master)
    zone = start.tzinfo if isinstance(start, datetime) else None
    series.zone = zone or view.owner.zone
    view = replace(view, zone=_zone(series, view.owner))
    other_rule = rule is not None and _set_rule(series, rule, view)
    start_only = not view.since("16.0")
    moved = when is not None and _moved(when, _when(series), start_only=start_only)
    if when is not None and (other_rule or _when(series) != when):
        people.invite_anew(master, view.owner)
    listed = told.get(_SEVERAL) if not view.since("16.0") else None
    if recurred and (other_rule or moved) and listed is None:
        series.drop_exceptions()
    if listed is not None and series.recurs:
        _set_exceptions(series, listed, view, now)


def _update(
    event: Event, told: dict[str, Element], view: View, now: datetime, *, recurs: bool
) -> None:
    times.apply(event, told, view, now, recurs=recurs)
    parts.apply(event, told, view)


def _set_rule(series: Series, told: Element, view: View) -> bool:
    """Write the rule that is *told*; tell whether it is another than before."""
    if not told.elements:
        was = series.recurs
        series.master.pop("RRULE", None)
        series.drop_exceptions()
        return was
    start = start_of_event(series.master)
    days = UTC if view.since("16.0") else view.zone
    found = recurrence.rule(recurrence.parse(told, start), days, all_day=series.all_day)
    current = prop(series.master, "RRULE")
    if current is not None:
        known = recurrence.pattern(current, start, view.zone)
        spelt = recurrence.rule(known, view.zone, all_day=series.all_day)
        if spelt.to_ical() == found.to_ical():  # type: ignore[no-untyped-call]
            return False
    put(series.master, "RRULE", found)
    return True


def _set_exceptions(series: Series, listed: Element, view: View, now: datetime) -> None:
    """Make the exceptions that are *listed* the only ones."""
    told = listed.find_all("Calendar:Exception")
    if len(told) > EXCEPTIONS_MAX:
        raise MalformedError(_SEVERAL, f"are more than {EXCEPTIONS_MAX}")
    shown = show.parts(series.master, view)
    gone: set[date] = set()
    kept: list[Event] = []
    for each in told:
        text = each.text_of("Calendar:ExceptionStartTime") or each.text_of(_INSTANCE) or ""
        moment = _moment(series, view, "Calendar:ExceptionStartTime", text)
        event = series.override(moment)
        if number(each, "Calendar:Deleted", 0, 255):
            if event is not None and str(event.get("STATUS", "")).upper() == "CANCELLED":
                kept.append(event)
            else:
                gone.add(moment)
            continue
        kept.append(_set_exception(series, event, moment, each, shown=shown, view=view, now=now))
    for event in list(series.overrides):
        if not any(event is each for each in kept):
            series.drop(event)
    if gone != series.deleted():
        series.set_deleted(gone)


def _set_exception(
    series: Series,
    event: Event | None,
    moment: date,
    told: Element,
    *,
    shown: dict[str, Element],
    view: View,
    now: datetime,
) -> Event:
    """Write an exception; what is no longer said of it is again as in the series."""
    if event is None:
        event = series.differ(moment)
    was = show.exception(event, view, moment, shown)
    changes = _differences(told, was)
    plain = series.local(moment)
    length = series.master.end - series.master.start
    whole = dict(shown)
    for tag, value in (("Calendar:StartTime", plain), ("Calendar:EndTime", plain + length)):
        whole[tag] = leaf(tag, view.moment(value))
    for child in was.elements:
        if told.find(child.tag) is None and child.tag not in _NOT_TOLD:
            changes[child.tag] = whole.get(child.tag, Element(child.tag))
    _update(event, changes, view, now, recurs=False)
    if changes or "DTSTAMP" not in event:
        put(event, "DTSTAMP", now.astimezone(UTC))
    return event


def _differences(data: Element, shown: Element) -> dict[str, Element]:
    """Return what *data* says that isn't *shown*, by its tag."""
    return {
        child.tag: child
        for child in data.elements
        if child.tag not in _NOT_TOLD and shown.find(child.tag) != child
    }


def _moment(series: Series, view: View, tag: str, text: str) -> date:
    """Return which occurrence *text* names."""
    moment = moments.parse(tag, text)
    return times.day(moment, view, view.zone) if series.all_day else moment


def _zone(series: Series, owner: Owner) -> tzinfo:
    has_times = "DTSTART" in series.master and not series.all_day
    return series.zone if has_times else owner.zone


def _when(series: Series) -> tuple[date, date] | None:
    master = series.master
    return (master.start, master.end) if "DTSTART" in master else None


def _moved(before: tuple[date, date], after: tuple[date, date] | None, *, start_only: bool) -> bool:
    """Tell whether the occurrences are others; from 16.0, also whether they end otherwise."""
    return after is None or before[0] != after[0] or (not start_only and before[1] != after[1])


def _written(series: Series) -> bytes:
    return bytes(series.calendar.to_ical())


def _result(
    series: Series,
    view: View,
    before: bytes,
    existing: bytes | None,
    *,
    now: datetime,
    event: Event | None = None,
) -> bytes:
    """
    Return the series with a note of when it was changed; where it wasn't, as it stands.

    What could not be read again isn't stored: the device would never get it back.
    """
    if existing is not None and _written(series) == before:
        return existing
    changed = series.master if event is None else event
    put(changed, "DTSTAMP", now.astimezone(UTC))
    put(changed, "LAST-MODIFIED", now.astimezone(UTC))
    content = series.content()
    load(content, view.owner)
    content = view.files.restore(content)
    most = None if view.attached is None else view.attached.most
    if most is not None and len(existing or b"") < len(content) > most:
        raise MalformedError(attachments.TAG, f"make an appointment of more than {most} bytes")
    return content
