"""
Ping: tell when something has changed in one of the folders (MS-ASCMD, section 2.2.1.13).

Nothing is sent but the folders' ids; what a device then asks for is up to it. A folder has changed
where Sync would tell something, by the filter that the device has asked for there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fermoposta.activesync import hierarchy, known
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.options import Options
from fermoposta.activesync.push import Pause, now
from fermoposta.activesync.session import Answer
from fermoposta.activesync.sources.base import NOT_THERE
from fermoposta.activesync.sources.choose import source_of
from fermoposta.activesync.state import stored
from fermoposta.activesync.state.errors import ResyncNeededError, StoredStateError
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.session import Asked, Session
    from fermoposta.activesync.state.stored import Json

REMEMBERED = ".ping"
"""The name of the last parameters among what is kept of a device."""
VERSION = 1
EXPIRED, CHANGES, PARAMETERS, MALFORMED, HEARTBEAT, TOO_MANY, HIERARCHY = 1, 2, 3, 4, 5, 6, 7
"""Status (section 2.2.3.177.12)."""


@dataclass(frozen=True, slots=True)
class _Parameters:
    heartbeat: int | None
    folders: tuple[str, ...] | None


async def handle(session: Session, asked: Asked) -> Answer:
    """Answer Ping with what has changed, or with nothing once time is over."""
    heartbeat, ids = await _parameters(session, asked.element)
    limits = session.limits
    if not limits.heartbeat_least <= heartbeat <= limits.heartbeat_most:
        nearest = min(max(heartbeat, limits.heartbeat_least), limits.heartbeat_most)
        return _answer(HEARTBEAT, Element("Ping:HeartbeatInterval", str(nearest)))
    if len(ids) > limits.folders_most:
        return _answer(TOO_MANY, Element("Ping:MaxFolders", str(limits.folders_most)))
    hub, resumed = session.hub, session.resumed
    if resumed is None:
        hub.supersede(session.device.id)
    folders = await hub.named(ids, fresh=resumed is None)
    tree_changed = resumed is None or hub.tree_changed(resumed.mark)
    if len(folders) < len(ids) or (tree_changed and await _is_other(session)):
        return _answer(HIERARCHY)
    until = now() + heartbeat if resumed is None else resumed.until
    async with hub.watching(folders):
        mark = hub.mark
        looked_at = folders if resumed is None else hub.since(resumed.mark, folders)
        changed = [each for each in looked_at if await _has_news(session, each)]
    if changed:
        listed = [Element("Ping:Folder", each.id) for each in changed]
        return _answer(CHANGES, Element("Ping:Folders", listed))
    pause = Pause(hub, session.device.id, mark, tuple(folders), until)
    return replace(_answer(EXPIRED), pause=pause)


async def _is_other(session: Session) -> bool:
    """Whether the tree is another one than the device knows."""
    told = (await hierarchy.read(session)).newest
    return told is not None and told != hierarchy.state_of(
        await session.hub.tree(), session.version
    )


async def _has_news(session: Session, folder: Folder) -> bool:
    """Whether Sync would tell something of *folder*."""
    try:
        had = await known.read(session, folder.id, source_of(session, folder, Options()).load)
        state = had.newest
        if state is None:
            return True
        source = source_of(session, folder, had.options, had.removes)
        if await source.unchanged(state):
            return False
        return len(await source.difference(state)) > 0
    except (ResyncNeededError, StoredStateError, *NOT_THERE):
        return True  # what is wrong Sync says


async def _parameters(session: Session, element: Element | None) -> tuple[int, tuple[str, ...]]:
    """Return heartbeat and folders: what is left out is as the device said it last."""
    said = _Parameters(None, None) if element is None else _parse(element)
    device = session.device
    kept = await session.store.kept(device.user, device.id, REMEMBERED)
    before = _load(kept.value)
    heartbeat = before.heartbeat if said.heartbeat is None else said.heartbeat
    folders = before.folders if said.folders is None else said.folders
    if heartbeat is None or not folders:
        raise CommandError(PARAMETERS, "neither said now nor before")
    value: Json = {"version": VERSION, "heartbeat": heartbeat, "folders": list(folders)}
    if value != kept.value:
        await session.store.keep(device.user, device.id, REMEMBERED, value, kept.revision)
    return heartbeat, folders


def _parse(element: Element) -> _Parameters:
    if element.tag != "Ping:Ping":
        raise CommandError(MALFORMED, f"{element.tag} instead of Ping")
    text = (element.text_of("Ping:HeartbeatInterval") or "").strip()
    if text and (not text.isascii() or not text.isdecimal() or len(text) > 9):
        raise CommandError(MALFORMED, "a heartbeat that is no number")
    listed = element.find("Ping:Folders")
    folders = None
    if listed is not None:
        folders = tuple((each.text_of("Ping:Id") or "").strip() for each in listed.elements)
        if any(each.tag != "Ping:Folder" for each in listed.elements) or "" in folders:
            raise CommandError(MALFORMED, "a folder without an id")
    return _Parameters(int(text) if text else None, folders)


def _load(value: object) -> _Parameters:
    try:
        found = stored.fields(value, VERSION)
        return _Parameters(
            stored.number(found.get("heartbeat")), stored.texts(found.get("folders"))
        )
    except StoredStateError:
        return _Parameters(None, None)


def _answer(status: int, *more: Element) -> Answer:
    return Answer(Element("Ping:Ping", [Element("Ping:Status", str(status)), *more]))
