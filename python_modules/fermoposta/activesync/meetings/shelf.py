"""
Where a meeting is in the user's calendars.

The webmail's server calls an object as its maker did, and that of a guest as the organiser's: most
are called by their UID. What isn't found so is looked for in what there is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.activesync import serverid
from fermoposta.activesync.folders import Type
from fermoposta.activesync.meetings.answer import NotInvitedError
from fermoposta.mailstore.groupware import Kind

if TYPE_CHECKING:
    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.session import Session
    from fermoposta.mailstore.groupware import Object

_SAFE = re.compile(r"[A-Za-z0-9_@{}-][A-Za-z0-9._@{}-]{0,190}")
_AT_ONCE = 100
_UID = re.compile(rb"^UID(?:;[^:\r\n]*)?:(.*(?:\r?\n[ \t].*)*)", re.MULTILINE | re.IGNORECASE)
_FOLD = re.compile(rb"\r?\n[ \t]")
_ESCAPED = re.compile(rb"\\([\\;,])")


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, and the object in it; None where there is none yet."""

    folder: Folder
    name: str
    object: Object | None = None

    @property
    def content(self) -> bytes:
        """The appointment; empty where there is none."""
        return b"" if self.object is None else self.object.content

    @property
    def id(self) -> str:
        """The ServerId of the appointment."""
        return serverid.join(self.folder.id, serverid.digest(self.name))


async def of_uid(session: Session, uid: str) -> Place:
    """Return where the meeting *uid* is, or is to be put."""
    tree = await session.hub.tree()
    own = [each for each in tree if each.key.kind == Kind.EVENTS and each.owner is None]
    default = tree.of_type(Type.CALENDAR)
    if default is None:
        raise NotInvitedError("the user has no calendar")
    name = f"{uid}.ics" if _SAFE.fullmatch(uid) else f"{serverid.digest(uid)}.ics"
    for folder in sorted(own, key=lambda each: each is not default):
        found = (await session.groupware.read(folder.path, [name])).get(name)
        if found is not None and _has(found, uid):
            return Place(folder, name, found)
    for folder in sorted(own, key=lambda each: each is not default):
        found = await _sought(session, folder, uid)
        if found is not None:
            return Place(folder, found.name, found)
    return Place(default, name)


async def of_item(session: Session, folder: Folder, item: str) -> Place | None:
    """Return the appointment that *item* names in *folder*; None where it is gone."""
    names = await session.groupware.matching(folder.path, Kind.EVENTS)
    name = next((each for each in names if serverid.digest(each) == item), None)
    found = await session.groupware.read(folder.path, [name]) if name else {}
    return Place(folder, name, found[name]) if name in found and name else None


async def _sought(session: Session, folder: Folder, uid: str) -> Object | None:
    names = sorted(await session.groupware.matching(folder.path, Kind.EVENTS))
    for at in range(0, len(names), _AT_ONCE):
        there = await session.groupware.read(folder.path, names[at : at + _AT_ONCE])
        found = next((each for each in there.values() if _has(each, uid)), None)
        if found is not None:
            return found
    return None


def _has(one: Object, uid: str) -> bool:
    """Tell whether *one* is the meeting *uid*, without reading all of it."""
    return any(
        _ESCAPED.sub(rb"\1", _FOLD.sub(b"", each)).strip() == uid.encode(errors="replace")
        for each in _UID.findall(one.content)
    )
