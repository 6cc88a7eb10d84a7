"""
What becomes of an item when some of it changes (MS-ASCMD, section 2.2.3.24).

A property that a Change doesn't name is gone, with these exceptions: of mail, where a Change has
flags and categories alone; bodies, pictures and exceptions; and what a device said that it does not
know (`Supported`, section 2.2.3.178). From 16.0 on all that a device leaves out of an appointment
stays as it is (MS-ASCAL, section 3.1.5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from collections.abc import Collection

KEPT = frozenset(
    {
        "AirSyncBase:Body",
        "AirSyncBase:NativeBodyType",
        "AirSyncBase:Data",
        "Calendar:Exceptions",
        "Contacts:Picture",
    }
)
"""Left out, they stay; Notes:Subject does too."""
_MAIL = frozenset({"Email", "Email2"})
_GHOSTS = frozenset({"Contacts", "Contacts2", "Calendar", "Tasks"})
"""Namespaces whose tags a device may say that it supports."""


def merge(
    old: Element,
    new: Element,
    *,
    partial: bool = False,
    supported: Collection[str] | None = None,
) -> Element:
    """
    Return the ApplicationData that *new* makes of *old*.

    With *partial* all that is left out stays; of the tags that are not *supported* it does anyhow.
    """
    named = {child.tag for child in new.elements}
    everything = partial or _is_mail(old)
    kept = [
        child
        for child in old.elements
        if child.tag not in named and (everything or _stays(child, supported))
    ]
    return Element(old.tag, [*kept, *new.elements])


def _is_mail(item: Element) -> bool:
    return any(child.namespace in _MAIL for child in item.elements)


def _stays(child: Element, supported: Collection[str] | None) -> bool:
    if child.tag in KEPT or child.tag == "Notes:Subject":
        return True
    return supported is not None and child.namespace in _GHOSTS and child.tag not in supported
