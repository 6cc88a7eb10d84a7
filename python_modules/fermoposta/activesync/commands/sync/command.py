"""The command as a whole: several collections, answered at once or when something happens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fermoposta.activesync import synced
from fermoposta.activesync.commands.sync import asked as asked_
from fermoposta.activesync.commands.sync.collection import Result, Room, process
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.push import Pause, now
from fermoposta.activesync.session import Answer
from fermoposta.activesync.state import stored
from fermoposta.activesync.state.errors import StoredStateError
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fermoposta.activesync.commands.sync.asked import Request, Wanted
    from fermoposta.activesync.session import Asked, Session
    from fermoposta.activesync.state.stored import Json

REMEMBERED = ".sync"
"""The name of the last whole request among what is kept of a device."""
VERSION = 1
_RESEND = 13
_WAIT_OUT_OF_RANGE = 14
_TOO_MANY = 15


async def handle(session: Session, asked: Asked) -> Answer:
    """Answer Sync; an empty answer says that nothing has changed anywhere."""
    wanted = await _whole(session, asked)
    if wanted.out_of_range or wanted.wait > session.limits.heartbeat_most:
        return _limit(session, wanted)
    if len(wanted.collections) > session.limits.folders_most:
        limit = Element("AirSync:Limit", str(session.limits.folders_most))
        return Answer(Element("AirSync:Sync", [_status(_TOO_MANY), limit]))
    await _remember(session, wanted)
    if session.resumed is None:
        session.hub.supersede(session.device.id)
    results, pause = await _work(session, wanted)
    await synced.note(session)
    if all(result.silent for result in results):
        # Section 2.2.1.21: an answer without a body; the client's keys stay as they are.
        return Answer(pause=pause)
    said = [result.element for result in results if not result.silent]
    return Answer(Element("AirSync:Sync", [Element("AirSync:Collections", said)]))


async def _work(session: Session, wanted: Request) -> tuple[Sequence[Result], Pause | None]:
    """Return what each collection is answered, and what is waited for if that is nothing."""
    if not wanted.wait:
        return await _process(session, wanted, wanted.collections), None
    hub, resumed = session.hub, session.resumed
    folders = await hub.named(each.id for each in wanted.collections)
    until = now() + wanted.wait if resumed is None else resumed.until
    async with hub.watching(folders):
        mark = hub.mark
        looked_at: Iterable[Wanted] = wanted.collections
        if resumed is not None:
            touched = {folder.id for folder in hub.since(resumed.mark, folders)}
            looked_at = [each for each in wanted.collections if each.id in touched]
        results = await _process(session, wanted, looked_at)
    return results, Pause(hub, session.device.id, mark, tuple(folders), until)


async def _process(
    session: Session, wanted: Request, collections: Iterable[Wanted]
) -> list[Result]:
    limits = session.limits
    room = Room(min(wanted.window or limits.window_most, limits.window_most), limits.answer_bytes)
    return [await process(session, each, room) for each in collections]


async def _whole(session: Session, asked: Asked) -> Request:
    """Return the request, with what the client has left out because it said so before."""
    if asked.element is None:
        return await _remembered(session)
    wanted = asked_.parse(asked.element)
    if wanted.partial:
        before = await _remembered(session)
        named = {each.id for each in wanted.collections}
        others = tuple(each for each in before.collections if each.id not in named)
        return replace(
            wanted,
            collections=(*wanted.collections, *others),
            wait=wanted.wait or before.wait,
            window=wanted.window or before.window,
        )
    if not wanted.collections:
        raise CommandError(asked_.PROTOCOL_ERROR, "no collections")
    return wanted


async def _remember(session: Session, wanted: Request) -> None:
    """Keep the request without what it changes and without its keys, if it is another now."""
    value: Json = {
        "version": VERSION,
        "wait": wanted.wait,
        "window": wanted.window,
        "collections": [
            [each.id, each.window, each.get_changes, each.to_trash] for each in wanted.collections
        ],
    }
    device = session.device
    kept = await session.store.kept(device.user, device.id, REMEMBERED)
    if kept.value != value:
        await session.store.keep(device.user, device.id, REMEMBERED, value, kept.revision)


async def _remembered(session: Session) -> Request:
    kept = await session.store.kept(session.device.user, session.device.id, REMEMBERED)
    if kept.value is None:
        raise CommandError(_RESEND, "no request is remembered")
    try:
        found = stored.fields(kept.value, VERSION)
        window = found.get("window")
        return asked_.Request(
            tuple(
                asked_.Wanted(
                    stored.text(id_),
                    "",
                    stored.number(size),
                    stored.flag(get_changes),
                    stored.flag(to_trash),
                )
                for id_, size, get_changes, to_trash in stored.rows(found.get("collections"), 4)
            ),
            stored.number(found.get("wait")),
            None if window is None else stored.number(window),
        )
    except StoredStateError as error:
        raise CommandError(_RESEND, str(error)) from error


def _limit(session: Session, wanted: Request) -> Answer:
    """Tell the nearest wait that is allowed, in the unit that the client has used."""
    limits = session.limits
    seconds = limits.heartbeat_least if wanted.out_of_range else limits.heartbeat_most
    if wanted.wait_minutes:
        seconds = min(max(seconds // 60, 1), asked_.WAIT_MOST)
    limit = Element("AirSync:Limit", str(seconds))
    return Answer(Element("AirSync:Sync", [limit, _status(_WAIT_OUT_OF_RANGE)]))


def _status(status: int) -> Element:
    return Element("AirSync:Status", str(status))
