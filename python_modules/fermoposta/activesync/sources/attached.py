"""How the files are called that a device has added (MS-ASAIRS, section 2.2.2.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from collections.abc import Iterable


def named(references: Iterable[tuple[str, str]]) -> Element | None:
    """Return what tells a device each FileReference by its ClientId; None where there is none."""
    listed = [
        Element(
            "AirSyncBase:Attachment",
            [
                Element("AirSyncBase:ClientId", client_id),
                Element("AirSyncBase:FileReference", reference),
            ],
        )
        for client_id, reference in references
        if client_id
    ]
    if not listed:
        return None
    return Element("AirSync:ApplicationData", [Element("AirSyncBase:Attachments", listed)])
