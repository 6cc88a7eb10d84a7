"""
One collection of a Sync: what the client has changed, and what it is told.

The client's changes are made first, so that it isn't told of them. What it is told, and what was
answered to it, is kept before the answer leaves: whether the answer arrives is known only when the
client comes again (``state.generations``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING
from uuid import uuid4

import structlog

from fermoposta.activesync import known as known_
from fermoposta.activesync import serverid
from fermoposta.activesync.options import Options
from fermoposta.activesync.sources.base import NOT_THERE, Done, Rendered, Status
from fermoposta.activesync.sources.choose import source_of
from fermoposta.activesync.state import synckey
from fermoposta.activesync.state.errors import (
    ResyncNeededError,
    StoredStateError,
    SyncKeyError,
)
from fermoposta.activesync.state.generations import Turn, receive
from fermoposta.activesync.state.items import Kind, Response
from fermoposta.activesync.store.model import Failure
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fermoposta.activesync.commands.sync.asked import Change, Wanted
    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.known import Known
    from fermoposta.activesync.session import Session
    from fermoposta.activesync.sources.base import Source
    from fermoposta.activesync.state.generations import Collection
    from fermoposta.activesync.state.items import Item

STATUS_OK, STATUS_KEY, STATUS_PROTOCOL, STATUS_MISSING, STATUS_HIERARCHY = 1, 3, 4, 8, 12
"""Status of a collection (MS-ASCMD, section 2.2.3.177.17)."""

_AT_ONCE = 50
"""Items that are read before it is seen whether they fit."""

_log = structlog.get_logger()


@dataclass(slots=True)
class Room:
    """How much of the answer is left for the collections that come."""

    items: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Result:
    """What one collection is answered; *silent* says that there is nothing to say."""

    element: Element
    folder: Folder | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class _Answered:
    """What was answered to one change."""

    change: Change
    status: int
    server_id: str | None = None
    data: Element | None = None

    def element(self) -> Element | None:
        """Return the response; None where none is due: only Adds and failures have one."""
        kind = self.change.kind
        if kind is Kind.ADD:
            return Element("AirSync:Add", self._children("AirSync:ClientId"))
        if kind is None:
            return Element("AirSync:Fetch", self._children("AirSync:ServerId"))
        if self.status == Status.DONE and self.data is None:
            return None
        return Element(f"AirSync:{kind}", self._children("AirSync:ServerId"))

    def _children(self, named: str) -> Iterator[Element]:
        yield Element(named, self.change.id)
        if self.change.kind is Kind.ADD and self.server_id is not None:
            yield Element("AirSync:ServerId", self.server_id)
        if self.change.instance is not None and self.change.kind is not Kind.ADD:
            yield Element("AirSyncBase:InstanceId", self.change.instance)
        yield Element("AirSync:Status", str(self.status))
        if self.data is not None:
            yield self.data


async def process(session: Session, wanted: Wanted, room: Room) -> Result:
    """Return what *wanted* is answered; raises what the stores raise."""
    if wanted.wrong:
        _log.info("sync refused", device=session.device.id, why=wanted.wrong)
        return _failed(session, wanted, None, STATUS_PROTOCOL)
    folder = (await session.hub.tree()).get(wanted.id)
    if folder is None:
        folder = (await session.hub.tree(fresh=True)).get(wanted.id)
    if folder is None:
        return _failed(session, wanted, None, STATUS_MISSING)
    try:
        return await _Process(session, wanted, folder, room).run()
    except NOT_THERE:
        session.hub.forget_tree()
        return _failed(session, wanted, folder, STATUS_HIERARCHY)
    except (SyncKeyError, ResyncNeededError, StoredStateError) as error:
        _log.info(
            "sync starts over",
            user=session.device.user,
            device=session.device.id,
            folder=wanted.id,
            why=str(error),
        )
        return _failed(session, wanted, folder, STATUS_KEY)


class _Process:
    """One collection while it is worked on."""

    def __init__(self, session: Session, wanted: Wanted, folder: Folder, room: Room) -> None:
        self.session, self.wanted, self.folder, self.room = session, wanted, folder, room
        self.source: Source = source_of(session, folder, wanted.options or Options())

    async def run(self) -> Result:
        """Return what the collection is answered."""
        known = await self._known()
        turn, collection = receive(
            known.collection, self._key(known), fresh=uuid4(), empty=self.source.empty()
        )
        known = replace(known, collection=collection)
        if turn is Turn.FIRST:
            await known_.keep(self.session, self.folder.id, known, self.source.dump)
            await self.session.store.clear_failures(
                self.session.device.user, self.session.device.id, self.folder.id
            )
            return self._result(str(collection.key))
        if turn is Turn.AGAIN and collection.pending is not None:
            return await self._again(known, collection)
        return await self._next(known, collection)

    async def _known(self) -> Known:
        """Return what is known, with what the request says of options; choose the source by it."""
        wanted = self.wanted
        try:
            known = await known_.read(self.session, self.folder.id, self.source.load)
        except StoredStateError:
            if wanted.key != synckey.FIRST:
                raise
            known = await known_.options_of(self.session, self.folder.id)
        if wanted.key == synckey.FIRST:
            known = replace(known, removes=())
        known = replace(
            known,
            options=wanted.options or known.options,
            removes=known.removes if wanted.removes is None else wanted.removes,
        )
        self.source = source_of(self.session, self.folder, known.options, known.removes)
        return known

    def _key(self, known: Known) -> str:
        if self.wanted.key or known.collection is None:
            return self.wanted.key or synckey.FIRST
        return str(known.collection.key)

    async def _next(self, known: Known, collection: Collection[object]) -> Result:
        """Answer a client that has got all that it was sent."""
        base = collection.base
        if base is None:
            raise StoredStateError("a collection without what the client has")
        answered, state = await self._make(self.wanted.changes, base.state)
        rendered: list[Rendered] = []
        items: tuple[Item, ...] = ()
        more = False
        if self.wanted.get_changes and not await self._is_silent(answered, state):
            difference = await self.source.difference(state)
            rendered, count = await self._some(iter(difference))
            if not count and len(difference) and not answered:
                # The collections before it have filled the answer.
                return self._result(str(collection.key), more=True)
            state, more = self.source.taken(difference, count, rendered)
            items = tuple(islice(difference, count))
        if not answered and not items:
            # The client learns nothing, so it comes again with the key that it has.
            if state != base.state or self.wanted.options is not None:
                same = replace(collection, base=replace(base, state=state))
                known = replace(known, collection=same)
                await known_.keep(self.session, self.folder.id, known, self.source.dump)
            return self._result(str(collection.key), silent=True)
        if answered:
            # The user's other devices may wait for just this.
            self.session.hub.touched(self.folder.path)
        responses = [each for each in map(self._response, answered) if each is not None]
        collection = collection.answering(state, items, more=more, responses=responses)
        known = replace(known, collection=collection)
        await known_.keep(self.session, self.folder.id, known, self.source.dump)
        await self._note(rendered, items)
        return self._result(str(collection.key), rendered, answered, more=more)

    async def _again(self, known: Known, collection: Collection[object]) -> Result:
        """Answer a client that did not get the last answer: the same once more, read afresh."""
        pending = collection.pending
        if pending is None:
            raise StoredStateError("nothing to be repeated")
        await self.source.check(pending.state)
        answered: list[_Answered] = []
        made: list[_Answered] = []
        state = pending.state
        unseen = {
            self.source.server_id(item.id): item.id
            for item in pending.items
            if item.kind is Kind.CHANGE
        }
        for change in self.wanted.changes:
            before = change.kind and pending.response_to(change.kind, change.id, change.digest)
            if before:
                answered.append(await self._before(change, before))
                continue
            if change.id in unseen:
                # It was made before the client knew that somebody else has changed the item.
                state = self.source.unseen(state, unseen[change.id])
            if change.kind is Kind.ADD and change.id in pending.server_ids:
                some, state = await self._edited(change, pending.server_ids[change.id], state)
            else:
                some, state = await self._make([change], state)
            made += some
        responses = [each for each in map(self._response, made) if each is not None]
        if responses or state != pending.state:
            pending = replace(pending, state=state).responding(responses)
            collection = replace(collection, pending=pending)
            known = replace(known, collection=collection)
            await known_.keep(self.session, self.folder.id, known, self.source.dump)
        rendered = [each async for each in self.source.render(pending.items)]
        return self._result(str(collection.key), rendered, [*answered, *made], more=pending.more)

    async def _is_silent(self, answered: Sequence[_Answered], state: object) -> bool:
        return not answered and await self.source.unchanged(state)

    async def _some(self, items: Iterator[Item]) -> tuple[list[Rendered], int]:
        """Return the first items that fit into the answer, and how many of the list they are."""
        window = min(self.wanted.window, self.session.limits.window_most, self.room.items)
        rendered: list[Rendered] = []
        count = 0
        while count < window and self.room.bytes > 0:
            some = list(islice(items, min(_AT_ONCE, window - count)))
            if not some:
                break
            places = {(each.kind, each.id): at for at, each in enumerate(some, 1)}
            taken = 0
            async for each in self.source.render(some):
                if self.room.bytes - each.size < 0 and (rendered or count):
                    self.room.bytes = 0
                    break
                rendered.append(each)
                self.room.bytes -= each.size
                taken = places[each.item.kind, each.item.id]
            else:
                taken = len(some)
            count += taken
        self.room.items -= count
        return rendered, count

    # --- The client's changes

    async def _make(
        self, changes: Iterable[Change], state: object
    ) -> tuple[list[_Answered], object]:
        """Make *changes*; return what is answered, and what the client has then."""
        answered = []
        for change in changes:
            if change.kind is None:
                answered.append(await self._fetch(change, state))
                continue
            done = await self._one(change, state)
            state = done.state
            server_id = None if done.item is None else self.source.server_id(done.item)
            answered.append(_Answered(change, int(done.status), server_id, done.data))
        return answered, state

    async def _before(self, change: Change, before: Response) -> _Answered:
        """Return what was answered to *change*, with what the client must be told of its item."""
        item = self._item(before.server_id or change.id)
        told = None
        if before.status == Status.DONE and change.data is not None and item is not None:
            told = await self.source.again(item, change.data)
        return _Answered(change, before.status, before.server_id, told)

    async def _edited(
        self, change: Change, server_id: str, state: object
    ) -> tuple[list[_Answered], object]:
        """
        Add what is there already, as *server_id*: it was edited before it was sent again.

        The client learns its id now. What of the edit could not be made it is told afterwards.
        """
        if self.source.replaces:
            return await self._make([change], state)
        done = await self._one(replace(change, kind=Kind.CHANGE, id=server_id), state)
        if done.status == Status.MISSING:  # somebody has deleted it meanwhile
            return await self._make([change], state)
        return [_Answered(change, int(Status.DONE), server_id, done.data)], done.state

    async def _one(self, change: Change, state: object) -> Done:
        source = self.source
        if change.kind is Kind.ADD and change.data is not None:
            return await source.add(state, f"{self.folder.id} {change.id}", change.data)
        item = self._item(change.id)
        if item is None:
            return Done(Status.MISSING, state)
        if change.kind is Kind.CHANGE and change.data is not None:
            return await source.change(state, item, change.data, instance=change.instance)
        return await source.delete(
            state, item, to_trash=self.wanted.to_trash, instance=change.instance
        )

    async def _fetch(self, change: Change, state: object) -> _Answered:
        item = self._item(change.id)
        found = None if item is None else await self.source.fetch(state, item)
        if found is None or found.data is None:
            return _Answered(change, int(Status.MISSING))
        return _Answered(change, int(Status.DONE), data=found.data)

    def _item(self, server_id: str) -> str | None:
        try:
            folder, item = serverid.split(server_id)
        except serverid.ServerIdError:
            return None
        return item if folder == self.folder.id else None

    def _response(self, answered: _Answered) -> Response | None:
        kind = answered.change.kind
        if kind is None:
            return None
        return Response(
            kind, answered.change.id, answered.change.digest, answered.status, answered.server_id
        )

    # --- The answer

    def _result(
        self,
        key: str,
        rendered: Sequence[Rendered] = (),
        answered: Sequence[_Answered] = (),
        *,
        more: bool = False,
        silent: bool = False,
    ) -> Result:
        commands = [self._command(each) for each in rendered if _is_sent(each)]
        responses = [found for each in answered if (found := each.element()) is not None]
        children = [
            *_class(self.session, self.folder),
            Element("AirSync:SyncKey", key),
            Element("AirSync:CollectionId", self.folder.id),
            Element("AirSync:Status", str(STATUS_OK)),
            *([Element("AirSync:MoreAvailable")] if more else []),
            *([Element("AirSync:Commands", commands)] if commands else []),
            *([Element("AirSync:Responses", responses)] if responses else []),
        ]
        return Result(Element("AirSync:Collection", children), self.folder, silent)

    def _command(self, rendered: Rendered) -> Element:
        named = Element("AirSync:ServerId", self.source.server_id(rendered.item.id))
        data = [] if rendered.data is None else [rendered.data]
        return Element(f"AirSync:{rendered.item.kind}", [named, *data])

    async def _note(self, rendered: Sequence[Rendered], items: Sequence[Item]) -> None:
        """Note what was left out, so that somebody can be told, and forget what is gone."""
        device = self.session.device
        left_out = {each.item.id: each.reason for each in rendered if each.reason}
        for item, reason in left_out.items():
            await self.session.store.note_failure(
                Failure(device.user, device.id, self.folder.id, item, reason, self.session.clock())
            )
        gone = [each.id for each in items if each.kind is not Kind.ADD and each.id not in left_out]
        if gone:
            await self.session.store.clear_failures(device.user, device.id, self.folder.id, gone)


def _is_sent(rendered: Rendered) -> bool:
    return rendered.data is not None or rendered.item.kind in {Kind.DELETE, Kind.SOFT_DELETE}


def _class(session: Session, folder: Folder | None) -> Iterator[Element]:
    """Yield the class of what is in *folder*: at 12.1 an answer says it, from 14.0 it may not."""
    if session.version == "12.1" and folder is not None:
        yield Element("AirSync:Class", folder.class_)


def _failed(session: Session, wanted: Wanted, folder: Folder | None, status: int) -> Result:
    key = synckey.FIRST if status == STATUS_KEY else wanted.key or synckey.FIRST
    children = [
        *_class(session, folder),
        Element("AirSync:SyncKey", key),
        Element("AirSync:CollectionId", wanted.id),
        Element("AirSync:Status", str(status)),
    ]
    return Result(Element("AirSync:Collection", children), folder)
