"""
Calendars, tasks and address books: a folder whose objects have versions.

A device that changes what somebody else has changed meanwhile loses, or wins, as it asked
(Conflict). What the store refuses the device is sent again as it is there.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, ClassVar, cast

import structlog

from fermoposta.activesync import serverid
from fermoposta.activesync.map import body, calendar, contacts, tasks
from fermoposta.activesync.map.calendar import Attached, attachments
from fermoposta.activesync.map.errors import MapError
from fermoposta.activesync.options import SERVER_WINS
from fermoposta.activesync.sources.attached import named
from fermoposta.activesync.sources.base import Done, Rendered, Status
from fermoposta.activesync.sources.versioned import VersionedSource
from fermoposta.activesync.state import tagged
from fermoposta.activesync.state.items import Item, Kind
from fermoposta.activesync.state.tagged import Listing, TaggedState
from fermoposta.activesync.state.window import later
from fermoposta.mailstore.groupware import (
    ChangedError,
    CollectionMissingError,
    DeniedError,
    InvalidError,
    ObjectMissingError,
    TokenError,
)
from fermoposta.mailstore.groupware import Kind as Component

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence

    from fermoposta.activesync.map.calendar.attachments import Attachment
    from fermoposta.activesync.sources.base import Difference
    from fermoposta.activesync.wbxml import Element
    from fermoposta.mailstore.groupware import Object

    _Change = Callable[[bytes], bytes]

_log = structlog.get_logger()
_AT_ONCE = 50
_TRIES = 3
"""How often a change is made anew where somebody was quicker."""
_DAYS = {4: 14, 5: 31, 6: 92, 7: 184}
"""Days for each FilterType of appointments (MS-ASCMD, section 2.2.3.68.2)."""
_TO_DO = 8
"""The FilterType of tasks that are to be done."""


@dataclass(frozen=True, slots=True)
class ObjectSource(VersionedSource):
    """A collection; *removes* are tags that the device never leaves out."""

    removes: Collection[str] = ()

    @abstractmethod
    def show(self, content: bytes, item: str) -> Element:
        """Return the object with the id *item* as ApplicationData; raises MapError."""

    @abstractmethod
    def make(self, data: Element, uid: str, existing: bytes | None, item: str) -> bytes:
        """Return the object that *data* makes, of *existing* where there is one."""

    def told(self, data: Element, item: str) -> Element | None:
        """Return what of *data*, which was stored, the client must be told at once."""
        del data, item
        return None

    suffix: ClassVar[str] = ".ics"
    component: ClassVar[Component] = Component.EVENTS

    async def unchanged(self, state: object) -> bool:
        """
        Tell whether nothing has changed but what the client knows.

        The collection's own tag does not move with every change, so it isn't asked.
        """
        has = cast("TaggedState", state)
        if not has.complete or has.since != self.since:
            return False
        try:
            changes = await self.session.groupware.changes(self.folder.path, has.tag)
        except TokenError:
            return False
        known = all(has.items.get(name) == tag for name, tag in changes.changed.items())
        return known and not changes.removed & has.items.keys()

    async def _token(self, has: TaggedState) -> str:
        changes = self.session.groupware.changes
        try:
            return (await changes(self.folder.path, has.tag or None)).token
        except TokenError:
            return (await changes(self.folder.path)).token

    async def difference(self, state: object) -> Difference:
        """Return what a client with *state* is to be told."""
        has = cast("TaggedState", state)
        token = await self._token(has)
        matching = self.session.groupware.matching
        path, since = self.folder.path, self.since
        start = None if since is None else datetime.combine(since, time(), UTC)
        items = await matching(path, self.component, since=start)
        outside: frozenset[str] = frozenset()
        if since is not None and any(name not in items for name in has.items):
            outside = frozenset(await matching(path, self.component)) - frozenset(items)
        return tagged.difference(has, Listing(token, items, outside, since))

    async def render(self, items: Sequence[Item]) -> AsyncIterator[Rendered]:
        """Yield *items* as they are sent, in their order."""
        for at in range(0, len(items), _AT_ONCE):
            some = items[at : at + _AT_ONCE]
            names = [each.id for each in some if each.kind in {Kind.ADD, Kind.CHANGE}]
            found = await self._objects(names) if names else {}
            for item in some:
                if item.kind in {Kind.DELETE, Kind.SOFT_DELETE}:
                    yield Rendered(item, size=50)
                elif item.id in found:
                    yield self._rendered(item, found[item.id])
                # Else it went away meanwhile, and the next answer says so.
            await asyncio.sleep(0)  # mapping is work: others get their turn

    async def names(self) -> Iterable[str]:
        """Return what all objects of the kind are called."""
        return await self.session.groupware.matching(self.folder.path, self.component)

    async def named(self, name: str) -> Rendered:
        """Return one object, without data where it is gone."""
        item = Item(Kind.ADD, name)
        found = (await self._objects([name])).get(name)
        return Rendered(item) if found is None else self._rendered(item, found)

    async def add(self, state: object, client_id: str, data: Element) -> Done:
        """Put a new object there; the name comes of *client_id*, so that none is made twice."""
        has = cast("TaggedState", state)
        uid = serverid.digest(f"{self.session.device.id} {client_id}")
        name = f"{uid}{self.suffix}"
        item = serverid.digest(name)
        if not self.folder.writable:
            return Done(Status.CANNOT, has)
        try:
            content = self.make(data, uid, None, item)
            tag = await self._put(name, content, None)
        except (MapError, DeniedError, InvalidError) as error:
            self._refuse("add", error)
            return Done(Status.CANNOT, has)
        except ChangedError:
            # It is there of an earlier try that was broken off, and may have been edited since,
            # here or there: the client is sent what is there.
            found = (await self._objects([name])).get(name)
            if found is None:
                return Done(Status.CANNOT, has)
            state = has.having(name, found.etag).doubting(name)
            return Done(Status.DONE, state, name, self.told(data, item))
        return Done(Status.DONE, has.having(name, tag), name, self.told(data, item))

    async def change(
        self, state: object, item: str, data: Element, *, instance: str | None = None
    ) -> Done:
        """Change an object, or one instance of a series."""

        def changed(existing: bytes) -> bytes:
            if instance is not None:
                return self.change_instance(data, instance, existing, item)
            return self.make(data, "", existing, item)

        done = await self._changed(cast("TaggedState", state), item, changed)
        if done.status != Status.DONE:
            return done
        return replace(done, data=self.told(data, item))

    async def again(self, item: str, data: Element) -> Element | None:
        """Return what the client must be told of what it has made."""
        return self.told(data, item)

    async def delete(
        self, state: object, item: str, *, to_trash: bool, instance: str | None = None
    ) -> Done:
        """Delete an object, or one instance of a series; deleted ones can be restored anyway."""
        del to_trash
        has = cast("TaggedState", state)
        if instance is not None:
            return await self._changed(
                has, item, lambda existing: self.delete_instance(instance, existing)
            )
        name = await self.find(has, item)
        if name is None:
            return Done(Status.MISSING, has)
        try:
            await self.session.groupware.delete(self.folder.path, name, silent=self.silent)
        except (ObjectMissingError, CollectionMissingError):
            return Done(Status.DONE, has.without(name))
        except (DeniedError, InvalidError, ChangedError) as error:
            self._refuse("delete", error)
            # It is still there: the client, which has deleted it, is sent it again.
            return Done(Status.CANNOT, has.missing(name))
        return Done(Status.DONE, has.without(name))

    def _refuse(self, what: str, error: Exception) -> None:
        """Log that a device's wish is not met; of its content no more than the place."""
        place = error.place if isinstance(error, MapError) else ""
        _log.info(
            "item refused",
            user=self.session.device.user,
            device=self.session.device.id,
            folder=self.folder.id,
            what=what,
            why=f"{type(error).__name__} {place}".strip(),
        )

    def change_instance(self, data: Element, instance: str, existing: bytes, item: str) -> bytes:
        """Return the series with one instance changed; what is no series has none."""
        raise NotImplementedError

    def delete_instance(self, instance: str, existing: bytes) -> bytes:
        """Return the series without one instance."""
        raise NotImplementedError

    @property
    def silent(self) -> bool:
        """Whether the device writes to the people in it by itself."""
        return False

    async def _changed(self, has: TaggedState, item: str, change: _Change) -> Done:
        """Make *change* of the object; anew where somebody is quicker than that."""
        name = await self.find(has, item)
        if name is None:
            return Done(Status.MISSING, has)
        for _ in range(_TRIES):
            found = (await self._objects([name])).get(name)
            if found is None:
                return Done(Status.MISSING, has)
            done = await self._attempt(has, found, change)
            if done is not None:
                return done
        return self._lost(has, name)

    async def _attempt(self, has: TaggedState, found: Object, change: _Change) -> Done | None:
        """Return how it went; None where somebody changed *found* at the same time."""
        name = found.name
        if has.items.get(name) not in {found.etag, None} and self.options.conflict == SERVER_WINS:
            return self._lost(has, name)
        refused = Done(Status.CANNOT, has.doubting(name))
        if not self.folder.writable:
            return refused
        try:
            content = change(found.content)
            same = content == found.content
            tag = found.etag if same else await self._put(name, content, found.etag)
        except ChangedError:
            return None
        except (MapError, NotImplementedError, DeniedError, InvalidError) as error:
            self._refuse("change", error)
            return refused
        return Done(Status.DONE, has.having(name, tag))

    def _lost(self, has: TaggedState, name: str) -> Done:
        return Done(Status.CONFLICT, has.doubting(name))

    async def _put(self, name: str, content: bytes, etag: str | None) -> str:
        return await self.session.groupware.put(
            self.folder.path, name, content, etag=etag, silent=self.silent
        )

    async def _objects(self, names: Sequence[str]) -> dict[str, Object]:
        return await self.session.groupware.read(self.folder.path, names)

    def _rendered(self, item: Item, found: Object) -> Rendered:
        limit = self.session.limits.item_bytes
        if len(found.content) > limit:
            reason = f"{len(found.content)} bytes are more than a device is sent, {limit}"
            return Rendered(item, None, reason, found.etag)
        try:
            data = self.show(found.content, serverid.digest(found.name))
        except MapError as error:
            return Rendered(item, None, str(error), found.etag)
        return Rendered(item, data, tag=found.etag, size=len(found.content) + 500)

    def _note(self, text: str) -> Element | None:
        return body.plain(text, self.options.text_limit)

    @property
    def since(self) -> date | None:
        """The first day of the filter window; contacts have none, open tasks the end of days."""
        if self.component is Component.CONTACTS:
            return None
        if self.component is Component.TASKS and self.options.filter_type == _TO_DO:
            return date.max
        days = _DAYS.get(self.options.filter_type)
        wanted = None if days is None else self.session.clock().date() - timedelta(days=days)
        limit = self.session.device.resync_since
        return later(wanted, None if limit is None else limit.date())


class CalendarSource(ObjectSource):
    """Appointments."""

    component = Component.EVENTS

    def show(self, content: bytes, item: str) -> Element:
        """Return an appointment as ApplicationData."""
        session = self.session
        return calendar.to_element(
            content,
            session.version,
            session.owner,
            session.clock(),
            self._note,
            attached=self._attached(item),
        )

    def make(self, data: Element, uid: str, existing: bytes | None, item: str) -> bytes:
        """Return the appointment that *data* makes."""
        session = self.session
        return calendar.from_element(
            data,
            session.version,
            session.owner,
            session.clock(),
            uid=uid,
            existing=existing,
            removes=self.removes,
            attached=self._attached(item),
        )

    def change_instance(self, data: Element, instance: str, existing: bytes, item: str) -> bytes:
        """Return the series with one instance changed."""
        session = self.session
        return calendar.change_instance(
            data,
            session.version,
            session.owner,
            session.clock(),
            instance=instance,
            existing=existing,
            attached=self._attached(item),
        )

    def delete_instance(self, instance: str, existing: bytes) -> bytes:
        """Return the series without one instance."""
        session = self.session
        return calendar.delete_instance(
            session.version,
            session.owner,
            session.clock(),
            instance=instance,
            existing=existing,
        )

    def told(self, data: Element, item: str) -> Element | None:
        """Return how the files are called that *data* adds."""
        if self.session.version < attachments.SINCE:
            return None
        reference = self._attached(item).reference
        return named((client_id, reference(key)) for client_id, key in attachments.added_keys(data))

    async def file(self, item: str, key: str) -> Attachment | None:
        """Return a file of the appointment *item*; None where one of them isn't there."""
        name = await self.find(self.empty(), item)
        found = None if name is None else (await self._objects([name])).get(name)
        if found is None:
            return None
        try:
            return attachments.find(found.content, key, self.session.owner)
        except MapError:
            return None

    def _attached(self, item: str) -> Attached:
        folder, most = self.folder.id, self.session.limits.item_bytes
        return Attached(lambda key: serverid.file_reference(folder, item, key), most)

    @property
    def silent(self) -> bool:
        """Up to 14.1 devices send invitations themselves; from 16.0 on the server does."""
        return self.session.version < "16.0"


class TaskSource(ObjectSource):
    """Tasks."""

    component = Component.TASKS

    def show(self, content: bytes, item: str) -> Element:
        """Return a task as ApplicationData."""
        del item
        session = self.session
        return tasks.to_element(content, session.version, session.owner, self._note)

    def make(self, data: Element, uid: str, existing: bytes | None, item: str) -> bytes:
        """Return the task that *data* makes."""
        del item
        session = self.session
        return tasks.from_element(
            data,
            session.version,
            session.owner,
            session.clock(),
            uid=uid,
            existing=existing,
            removes=self.removes,
        )


class ContactSource(ObjectSource):
    """Contacts."""

    component = Component.CONTACTS
    suffix = ".vcf"

    def show(self, content: bytes, item: str) -> Element:
        """Return a contact as ApplicationData."""
        del item
        return contacts.to_element(content, self._note)

    def make(self, data: Element, uid: str, existing: bytes | None, item: str) -> bytes:
        """Return the contact that *data* makes."""
        del item
        session = self.session
        return contacts.from_element(
            data,
            session.clock(),
            session.owner.zone,
            uid=uid,
            existing=existing,
            removes=self.removes,
        )
