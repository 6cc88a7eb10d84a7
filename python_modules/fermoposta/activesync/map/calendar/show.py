"""
A series as the ApplicationData of a version (MS-ASCAL, section 2.2.2).

* 12.1 has no Attendees in exceptions, and nothing of answers;
* 14.0 has ResponseType, AppointmentReplyTime, ResponseRequested, DisallowNewTimeProposal;
* 14.1 has FirstDayOfWeek, and a Reminder may be empty;
* 16.0 has places as objects, days without a zone, InstanceId instead of ExceptionStartTime, and
  Attachments.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, tzinfo
from typing import TYPE_CHECKING

from fermoposta.activesync.map import body, moments, recurrence, timezone
from fermoposta.activesync.map.calendar import alarms, attachments, people
from fermoposta.activesync.map.calendar.aside import Files
from fermoposta.activesync.map.calendar.series import Series, guarded, load, start_of
from fermoposta.activesync.map.content import leaf
from fermoposta.activesync.map.errors import InexpressibleError, MalformedError
from fermoposta.activesync.versions import VERSIONS
from fermoposta.activesync.wbxml.element import Element
from fermoposta.booking.props import prop, props

if TYPE_CHECKING:
    from icalendar import Component, Event

    from fermoposta.activesync.map.body import Renderer
    from fermoposta.activesync.map.calendar.attachments import Attached
    from fermoposta.activesync.map.owner import Owner

DATA = "AirSync:ApplicationData"
LONGEST_UID = 300
BUSY = {"FREE": 0, "TENTATIVE": 1, "BUSY": 2, "OOF": 3}
"""The words of Outlook's property; "working elsewhere" no phone knows, there TRANSP decides."""
SENSITIVITY = {"PUBLIC": 0, "X-PERSONAL": 1, "PRIVATE": 2, "CONFIDENTIAL": 3}
_PRIVATE = 2
_CATEGORIES_MAX = 300
_MAY_BE_EMPTY = frozenset(
    {
        "AirSyncBase:Location",
        "Calendar:Attendees",
        "Calendar:Categories",
        "Calendar:Location",
        "Calendar:Subject",
        body.TAG,
    }
)


@dataclass(frozen=True, slots=True)
class View:
    """What a device is shown: in which version, by whom, and in which zone days begin."""

    version: str
    owner: Owner
    render: Renderer
    zone: tzinfo
    attached: Attached | None = None
    """How it is told of files; without that, of none."""
    files: Files = field(default_factory=Files)

    def since(self, version: str) -> bool:
        """Tell whether the device speaks *version* or a later one."""
        return VERSIONS.index(self.version) >= VERSIONS.index(version)

    def moment(self, value: date) -> str:
        """Return a time, or the midnight with which a day begins."""
        if isinstance(value, datetime):
            return moments.compact(value)
        if self.since("16.0"):
            return f"{value:%Y%m%d}T000000Z"
        return moments.compact(datetime.combine(value, time(), tzinfo=self.zone))


@guarded()
def to_element(
    content: bytes,
    version: str,
    owner: Owner,
    now: datetime,
    render: Renderer = body.plain,
    *,
    attached: Attached | None = None,
) -> Element:
    """
    Return the series in *content* for a device that speaks *version*.

    Its time zone has the rules of *now* where it still comes. Raises MapError where it can't be
    read, or a phone can't be told of it.
    """
    files = Files()
    series = load(files.take(content), owner)
    return show(series, View(version, owner, render, owner.zone, attached, files), now)


def show(series: Series, view: View, now: datetime) -> Element:
    """Return *series* as ApplicationData."""
    view = replace(view, zone=view.owner.zone if series.all_day else series.zone)
    shown = parts(series.master, view)
    return Element(
        DATA,
        [
            *_zone(series, view, now),
            *shown.values(),
            *_of_the_whole(series.master, view),
            *_recurrence(series, view),
            *_exceptions(series, view, shown),
        ],
    )


def parts(event: Event, view: View) -> dict[str, Element]:
    """Return what a series and its exceptions have in common, by its tag."""
    found: list[Element | None] = [
        leaf("Calendar:DtStamp", moments.compact(_stamp(event))),
        leaf("Calendar:StartTime", view.moment(event.start)),
        _text("Calendar:Subject", event.get("SUMMARY")),
        place(event, view),
        leaf("Calendar:EndTime", view.moment(event.end)),
        _body(event, view),
        leaf("Calendar:Sensitivity", sensitivity(event)),
        leaf("Calendar:BusyStatus", busy_status(event)),
        leaf("Calendar:AllDayEvent", int(not isinstance(start_of(event), datetime))),
        _reminder(event, view),
        leaf("Calendar:MeetingStatus", people.meeting_status(event, view.owner)),
        people.attendees(event),
        _categories(event),
        attachments.element(event, view),
    ]
    if view.since("14.0"):
        found.append(leaf("Calendar:ResponseType", people.response_type(event, view.owner)))
        found.append(_reply_time(event))
    return {each.tag: each for each in found if each is not None}


def key(view: View, moment: date) -> Element:
    """Return what names an occurrence: when it was to be."""
    tag = "AirSyncBase:InstanceId" if view.since("16.0") else "Calendar:ExceptionStartTime"
    return leaf(tag, view.moment(moment))


def sensitivity(event: Component) -> int:
    """Return how private it is; what isn't known is private (RFC 5545, section 3.8.1.3)."""
    return SENSITIVITY.get(str(event.get("CLASS", "PUBLIC")).upper(), _PRIVATE)


def busy_status(event: Event) -> int:
    """Return whether the time is taken."""
    if str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        return BUSY["FREE"]
    said = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper()
    if said in BUSY:
        return BUSY[said]
    tentative = str(event.get("STATUS", "")).upper() == "TENTATIVE"
    return BUSY["TENTATIVE"] if tentative else BUSY["BUSY"]


def place(event: Event, view: View) -> Element | None:
    """Return where it takes place."""
    name = str(event.get("LOCATION", ""))
    if not view.since("16.0"):
        return _text("Calendar:Location", name)
    geo = prop(event, "GEO")
    inside = [_text("AirSyncBase:DisplayName", name)]
    if geo is not None and hasattr(geo, "latitude"):
        inside += [
            leaf("AirSyncBase:Latitude", f"{geo.latitude}"),
            leaf("AirSyncBase:Longitude", f"{geo.longitude}"),
        ]
    found = [each for each in inside if each is not None]
    return Element("AirSyncBase:Location", found) if found else None


def categories(event: Component) -> list[str]:
    """Return the categories, each once."""
    found = [str(each) for listed in props(event, "CATEGORIES") for each in listed.cats]
    return list(dict.fromkeys(filter(None, found)))[:_CATEGORIES_MAX]


def _zone(series: Series, view: View, now: datetime) -> list[Element]:
    if series.all_day and view.since("16.0"):
        return []
    start = start_of(series.master)
    zone, on = view.zone, start
    if series.recurs:
        on = max(date(start.year, start.month, start.day), now.date())
    elif zone is UTC or str(zone) in {"UTC", "Etc/UTC"}:
        zone = view.owner.zone
    return [leaf("Calendar:Timezone", timezone.encode(zone, on))]


def _of_the_whole(event: Event, view: View) -> list[Element]:
    """Return what an exception has not."""
    uid = str(event["UID"])
    if len(uid) > LONGEST_UID:
        raise InexpressibleError("UID", f"has more than {LONGEST_UID} characters")
    found = [leaf("Calendar:UID", uid)]
    status = people.meeting_status(event, view.owner)
    chief = people.organiser(event)
    if chief is not None:
        found.append(leaf("Calendar:OrganizerName", people.name(chief)))
        found.append(leaf("Calendar:OrganizerEmail", people.address(chief)))
    elif status:
        found.append(leaf("Calendar:OrganizerName", view.owner.name or view.owner.address))
        found.append(leaf("Calendar:OrganizerEmail", view.owner.address))
    if view.since("14.0"):
        closed = str(event.get("X-MICROSOFT-DISALLOW-COUNTER", "")).upper() == "TRUE"
        found.append(leaf("Calendar:DisallowNewTimeProposal", int(closed)))
        if status:
            asks = people.asks_for_response(event)
            found.append(leaf("Calendar:ResponseRequested", int(asks)))
    return found


def _recurrence(series: Series, view: View) -> list[Element]:
    rule = prop(series.master, "RRULE")
    if rule is None:
        return []
    found = recurrence.pattern(rule, start_of(series.master), view.zone)
    if series.all_day and view.since("16.0") and isinstance(until := _one_until(rule), date):
        literal = datetime(until.year, until.month, until.day, tzinfo=UTC)
        found = replace(found, until=literal)
    return [recurrence.element(found, "Calendar", view.version)]


def _one_until(rule: dict[str, list[date]]) -> date | None:
    values = rule.get("UNTIL") or []
    return values[0] if values else None


def _local_day(series: Series) -> date:
    return start_of(series.master)


def _exceptions(series: Series, view: View, shown: dict[str, Element]) -> list[Element]:
    gone = series.deleted() if series.recurs else set()
    found: dict[str, Element] = {}
    for moment in gone:
        found[str(moment)] = _gone(view, moment)
    for override in series.overrides:
        moment = series.original(override)
        cancelled = str(override.get("STATUS", "")).upper() == "CANCELLED"
        if cancelled and not people.meeting_status(override, view.owner):
            found[str(moment)] = _gone(view, moment)
        else:
            found[str(moment)] = exception(override, view, moment, shown)
    ordered = [found[name] for name in sorted(found)]
    return [Element("Calendar:Exceptions", ordered)] if ordered else []


def exception(override: Event, view: View, moment: date, shown: dict[str, Element]) -> Element:
    """Return what of *override* differs from the series, which is *shown*."""
    mine = parts(override, view)
    always = {"Calendar:StartTime", "Calendar:EndTime"}
    inside = [each for tag, each in mine.items() if tag in always or each != shown.get(tag)]
    lacking = [tag for tag in shown if tag not in mine and _can_be_empty(tag, view)]
    inside += [body.none() if tag == body.TAG else Element(tag) for tag in lacking]
    if not view.since("14.0"):
        inside = [each for each in inside if each.tag != "Calendar:Attendees"]
    return Element("Calendar:Exception", [key(view, moment), *inside])


def _can_be_empty(tag: str, view: View) -> bool:
    """Tell whether an exception can say that it lacks what the series has."""
    if tag == "Calendar:Reminder":
        return view.since("14.1")
    return tag in _MAY_BE_EMPTY


def _gone(view: View, moment: date) -> Element:
    return Element("Calendar:Exception", [leaf("Calendar:Deleted", 1), key(view, moment)])


def _stamp(event: Event) -> datetime:
    """Return when it was written; the start where a program has left that out."""
    for name in ("DTSTAMP", "LAST-MODIFIED", "CREATED", "DTSTART"):
        value = getattr(prop(event, name), "dt", None)
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
    day = start_of(event)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _body(event: Event, view: View) -> Element | None:
    text = event.get("DESCRIPTION")
    return view.render(str(text)) if text else None


def _reminder(event: Event, view: View) -> Element | None:
    value = alarms.minutes(event, view.zone)
    return None if value is None else leaf("Calendar:Reminder", value)


def _categories(event: Event) -> Element | None:
    found = [leaf("Calendar:Category", each) for each in categories(event)]
    return Element("Calendar:Categories", found) if found else None


def _reply_time(event: Event) -> Element | None:
    """Return when the owner has answered, where Outlook has left word of it."""
    said = event.get("X-MICROSOFT-CDO-REPLYTIME")
    if not said:
        return None
    try:
        when = moments.parse("X-MICROSOFT-CDO-REPLYTIME", str(said))
    except MalformedError:
        return None
    return leaf("Calendar:AppointmentReplyTime", moments.compact(when))


def _text(tag: str, value: object) -> Element | None:
    return leaf(tag, str(value)) if value else None
