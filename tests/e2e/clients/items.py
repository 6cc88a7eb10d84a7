"""Appointments, contacts, tasks and notes, as a phone writes and finds them."""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clients.waiting import wait_for
from fermoposta.activesync.client.elements import make, value
from fermoposta.activesync.client.operations import Add, Change, Delete, application_data
from fermoposta.activesync.client.options import PLAIN, Body, Options
from fermoposta.activesync.client.sync import Wanted

if TYPE_CHECKING:
    from clients.eas import Phone
    from fermoposta.activesync.client.operations import Operation
    from fermoposta.activesync.client.sync_answer import Synced
    from fermoposta.activesync.wbxml import Element

UTC_ZONE = base64.b64encode(bytes(172)).decode()
"""The time zone of a phone that leaves it at UTC."""
SECONDS = 60


def text_body(text: str) -> Element:
    """Return a body of plain text."""
    return make(
        "AirSyncBase:Body",
        value("AirSyncBase:Type", PLAIN),
        value("AirSyncBase:Data", text),
    )


def appointment(
    version: str,
    title: str,
    start: str,
    end: str,
    *extra: Element,
    place: str = "",
    reminder: int | None = None,
) -> Element:
    """Return an appointment from *start* to *end*, written as in ``20301104T080000Z``."""
    at_16 = version.startswith("16")
    location = make("AirSyncBase:Location", value("AirSyncBase:DisplayName", place))
    return application_data(
        [
            each
            for each in (
                value("Calendar:Timezone", UTC_ZONE),
                value("Calendar:AllDayEvent", 0),
                value("Calendar:BusyStatus", 2),
                None if at_16 else value("Calendar:DtStamp", "20260101T000000Z"),
                value("Calendar:EndTime", end),
                location if at_16 and place else value("Calendar:Location", place or None),
                value("Calendar:Reminder", reminder),
                value("Calendar:Sensitivity", 0),
                value("Calendar:Subject", title),
                value("Calendar:StartTime", start),
                value("Calendar:ClientUid" if at_16 else "Calendar:UID", title),
                value("Calendar:MeetingStatus", 0),
                *extra,
            )
            if each is not None
        ]
    )


@dataclass(frozen=True)
class Shelf:
    """A folder of a phone, and what is in it."""

    phone: Phone
    folder: str
    title_tag: str

    def sync(self, *operations: Operation) -> list[Synced]:
        """Bring the folder up to date, with changes of the phone's own."""
        options = (Options(bodies=(Body(type=PLAIN),)),)
        return self.phone.fetch(Wanted(folder=self.folder, operations=operations, options=options))

    def add(self, data: Element) -> str:
        """Make an item, which the server must take, and return its id."""
        name = self.phone.device.client_id()
        self.sync()
        [first, *_] = self.sync(Add(name, data))
        assert first.failed == [], [str(each) for each in first.failed]
        return first.made[name]

    def change(self, item: str, data: Element | None, *, instance: str | None = None) -> None:
        """Change an item, or an occurrence of it, which the server must take."""
        [first, *_] = self.sync(Change(item, data, instance))
        assert first.failed == [], [str(each) for each in first.failed]

    def delete(self, item: str, *, instance: str | None = None) -> None:
        """Delete an item, or an occurrence of it."""
        [first, *_] = self.sync(Delete(item, instance))
        assert first.failed == [], [str(each) for each in first.failed]

    def titled(self, title: str) -> dict[str, Element]:
        """Return what the phone has whose title contains *title*, without asking the server."""
        items = self.phone.device.collection(self.folder).items
        return {
            name: data
            for name, data in items.items()
            if title in (data.text_of(self.title_tag) or "")
        }

    def wait_for(self, title: str) -> tuple[str, Element]:
        """Return the one item whose title contains *title*, as soon as it has come."""

        def look() -> dict[str, Element]:
            self.sync()
            return self.titled(title)

        found = wait_for(f"{title} on {self.phone.account.address}'s phone", look, seconds=SECONDS)
        assert len(found) == 1, found
        return next(iter(found.items()))

    def wait_until_gone(self, title: str) -> None:
        """Wait until no item's title contains *title*."""

        def look() -> bool:
            self.sync()
            return not self.titled(title)

        wait_for(f"{title} to go", look, seconds=SECONDS)

    def clear(self, title: str) -> None:
        """Delete all whose title contains *title*."""
        self.sync()
        if found := self.titled(title):
            self.sync(*(Delete(name) for name in found))


def replaced(data: Element, *new: Element | None) -> Element:
    """Return *data* with other values of some properties."""
    kept = {each.tag: each for each in data.elements}
    kept |= {each.tag: each for each in new if each is not None}
    return application_data(list(kept.values()))


@dataclass(frozen=True)
class Zone:
    """The 172 bytes of Calendar:Timezone (MS-ASDTYPE, section 2.7.6), read here by themselves."""

    bias: int
    standard_name: str
    standard: tuple[int, ...]
    """Month, weekday from Sunday, which of the month (5 is the last), hour, minute; all 0: none."""
    daylight: tuple[int, ...]
    daylight_bias: int


def zone_of(data: Element) -> Zone:
    """Return the time zone of an appointment."""
    blob = base64.b64decode(data.text_of("Calendar:Timezone") or "")
    assert len(blob) == 172
    bias, name, standard, standard_bias, _, daylight, daylight_bias = struct.unpack(
        "<l64s16sl64s16sl", blob
    )
    assert standard_bias == 0
    dates = [struct.unpack("<8H", each)[1:6] for each in (standard, daylight)]
    return Zone(bias, name.decode("utf-16-le").rstrip("\0"), *dates, daylight_bias)
