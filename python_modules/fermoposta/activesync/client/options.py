"""What a device wants of the items of a folder: how old, how long, in which form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.activesync.client.elements import make, value

if TYPE_CHECKING:
    from fermoposta.activesync.wbxml import Element

PLAIN, HTML, RTF, MIME = 1, 2, 3, 4
"""Types of bodies (MS-ASAIRS, section 2.2.2.41.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A form in which the device likes bodies (MS-ASAIRS, section 2.2.2.12)."""

    type: int = HTML
    truncation: int | None = None
    """Bytes, or characters, after which a body may be cut."""
    all_or_none: bool = False
    preview: int | None = None
    """Characters of a preview, from 14.0 on."""

    def element(self, tag: str = "AirSyncBase:BodyPreference") -> Element:
        """Return it as *tag*, which for parts of conversations is BodyPartPreference."""
        return make(
            tag,
            value("AirSyncBase:Type", self.type),
            value("AirSyncBase:TruncationSize", self.truncation),
            value("AirSyncBase:AllOrNone", 1 if self.all_or_none else None),
            value("AirSyncBase:Preview", self.preview),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of a collection in Sync (MS-ASCMD, section 2.2.3.125.5)."""

    filter: int | None = None
    """How far back: 0 is all, 1 to 7 are a day to six months, 8 are open tasks."""
    item_class: str | None = None
    bodies: tuple[Body, ...] = ()
    body_part: Body | None = None
    conflict: int | None = None
    """0: the device wins, 1: the server does."""
    mime_support: int | None = None
    """0: never MIME, 1: only of S/MIME, 2: of all mail."""
    mime_truncation: int | None = None
    max_items: int | None = None
    """Of a folder of recent contacts."""

    def element(self) -> Element:
        """Return the ``AirSync:Options``."""
        part = self.body_part
        return make(
            "AirSync:Options",
            value("AirSync:FilterType", self.filter),
            value("AirSync:Class", self.item_class),
            *(body.element() for body in self.bodies),
            part.element("AirSyncBase:BodyPartPreference") if part else None,
            value("AirSync:Conflict", self.conflict),
            value("AirSync:MIMESupport", self.mime_support),
            value("AirSync:MIMETruncation", self.mime_truncation),
            value("AirSync:MaxItems", self.max_items),
        )
