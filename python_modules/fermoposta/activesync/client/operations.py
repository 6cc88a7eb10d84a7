"""What a device does to the items of a folder, as commands within Sync."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from fermoposta.activesync.client.elements import flag, make, value
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from collections.abc import Sequence

DATA = "AirSync:ApplicationData"


def application_data(properties: Sequence[Element]) -> Element:
    """Return an item of *properties*."""
    return Element(DATA, properties)


@dataclass(frozen=True, slots=True)
class Add:
    """A new item; *send* is for drafts that go out at once, from 16.0 on."""

    client_id: str
    data: Element
    item_class: str | None = None
    send: bool = False

    def element(self) -> Element:
        """Return the command."""
        return make(
            "AirSync:Add",
            value("AirSync:Class", self.item_class),
            value("AirSync:ClientId", self.client_id),
            flag("Email2:Send", self.send),
            self.data,
        )


@dataclass(frozen=True, slots=True)
class Change:
    """Other properties of an item, or of the occurrence *instance* of a series (from 16.0 on)."""

    server_id: str
    data: Element | None
    instance: str | None = None
    send: bool = False

    def element(self) -> Element:
        """Return the command."""
        return make(
            "AirSync:Change",
            value("AirSync:ServerId", self.server_id),
            value("AirSyncBase:InstanceId", self.instance),
            flag("Email2:Send", self.send),
            self.data,
        )


@dataclass(frozen=True, slots=True)
class Delete:
    """An item that is gone, or an occurrence of a series."""

    server_id: str
    instance: str | None = None

    def element(self) -> Element:
        """Return the command."""
        return make(
            "AirSync:Delete",
            value("AirSync:ServerId", self.server_id),
            value("AirSyncBase:InstanceId", self.instance),
        )


@dataclass(frozen=True, slots=True)
class Fetch:
    """An item that is wanted as a whole."""

    server_id: str

    def element(self) -> Element:
        """Return the command."""
        return make("AirSync:Fetch", value("AirSync:ServerId", self.server_id))


Operation: TypeAlias = Add | Change | Delete | Fetch
