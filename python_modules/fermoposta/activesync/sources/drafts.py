"""
The folder of drafts, in which devices write mail from 16.0 on (MS-ASCMD, section 2.2.3.153).

A mail never changes where it is kept: who edits a draft puts another in its place, under another
id, and the device is told so in the same answer. Each message names the change that has made it,
and what was changed, so that a change whose answer got lost is found to be made; where the draft
was edited once more before it is sent again, it takes the place of what the lost change made.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, cast

from fermoposta.activesync import serverid
from fermoposta.activesync.compose.letter import address_of, message_id
from fermoposta.activesync.compose.once import was_sent
from fermoposta.activesync.compose.outbox import post
from fermoposta.activesync.digest import digest_of
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.map.errors import MapError
from fermoposta.activesync.map.mail import bodystructure, draft
from fermoposta.activesync.map.mail.contents import contents
from fermoposta.activesync.map.mail.errors import MailError
from fermoposta.activesync.sources.attached import named
from fermoposta.activesync.sources.base import Done, Status
from fermoposta.activesync.sources.mail import MailSource
from fermoposta.mailstore.mailbox import (
    ForbiddenError,
    MessageMissingError,
    Query,
    QuotaError,
    RefusedError,
)

if TYPE_CHECKING:
    from fermoposta.activesync.map.mail.draft import Draft
    from fermoposta.activesync.state.mail import MailState
    from fermoposta.activesync.wbxml import Element
    from fermoposta.mailstore.mailbox import Summary

SEND = "Email2:Send"
"""Stands among the data where the mail is to go out."""
_FLAGS = {"Email:Read", "Email:Flag", "Email:Categories"}


class DraftSource(MailSource):
    """The user's drafts."""

    __slots__ = ()

    @property
    def replaces(self) -> bool:
        """Yes: a mail never changes, another takes its place."""
        return True

    async def add(self, state: object, client_id: str, data: Element) -> Done:
        """Keep a new draft, or send it."""
        has = cast("MailState", state)
        name = self._name(client_id, data)
        earlier = await self._earlier(client_id)
        try:
            written = draft.changed(draft.Draft(), data)
            if data.find(SEND) is not None:
                return await self._send(has, written, name, earlier)
            uid = await self._put(written, name, earlier)
            for each in earlier - {uid}:
                has = has.removed(each)
        except (MapError, QuotaError, ForbiddenError, RefusedError) as error:
            return Done(_refusal(error), has)
        found = (await self.session.mail.summaries(self.folder.path, [uid])).get(uid)
        if found is None:
            return Done(Status.DONE, has.added(uid, 0), str(uid))
        told = self._told(found, written)
        return Done(Status.DONE, has.added(uid, found.modseq), str(uid), told)

    async def change(
        self, state: object, item: str, data: Element, *, instance: str | None = None
    ) -> Done:
        """Put another draft in the place of this one, or send it."""
        if {each.tag for each in data.elements} <= _FLAGS:
            return await MailSource.change(self, state, item, data, instance=instance)
        has = cast("MailState", state)
        uid = serverid.uid_of(item)
        name = self._name(item, data)
        earlier = await self._earlier(item)
        try:
            # Of an earlier try the draft may have gone, and another be in its place.
            source = uid if await self._is_there(uid) else max(earlier, default=uid)
            message = b"".join(
                [piece async for piece in self.session.mail.stream(self.folder.path, source)]
            )
            removed = await self._removed(source, data)
            written = draft.changed(draft.read(message), data, removed)
            if data.find(SEND) is not None:
                return await self._send(has, written, name, {uid, *earlier})
            await self._put(written, name, {uid, *earlier})
        except MessageMissingError:
            sent = data.find(SEND) is not None and await was_sent(self.session, name)
            return Done(Status.DONE if sent else Status.MISSING, has)
        except (MapError, QuotaError, ForbiddenError, RefusedError) as error:
            return Done(_refusal(error), has)
        # The client still has the old one: that it is gone, and which has come, is told at once.
        return Done(Status.DONE, has)

    async def again(self, item: str, data: Element) -> Element | None:
        """Return how the attachments are called that *data* has added to a new draft."""
        uid = serverid.uid_of(item)
        found = (await self.session.mail.summaries(self.folder.path, [uid])).get(uid)
        try:
            return None if found is None else self._told(found, draft.changed(draft.Draft(), data))
        except MapError:
            return None

    async def delete(
        self, state: object, item: str, *, to_trash: bool, instance: str | None = None
    ) -> Done:
        """Delete a draft, and what has taken its place without the client knowing."""
        for each in await self._earlier(item):
            await MailSource.delete(self, state, str(each), to_trash=to_trash)
        return await MailSource.delete(self, state, item, to_trash=to_trash, instance=instance)

    async def _send(self, has: MailState, written: Draft, name: str, old: set[int]) -> Done:
        """Send a draft, in the place of the messages *old*."""
        try:
            await post(self.session, self._message(written, name), name=name, save=True)
        except CommandError as error:
            return Done(error.status, has)
        if old:
            await self.session.mail.expunge(self.folder.path, old)
        return Done(Status.DONE, has)

    async def _put(self, written: Draft, name: str, old: set[int]) -> int:
        """Put a draft in the place of *old*; return where it is, maybe of an earlier try."""
        mail, path = self.session.mail, self.folder.path
        there = await mail.search(path, Query(header=((draft.CHANGE, name),)))
        uid = max(there, default=0)
        if not uid:
            flags = ["\\Draft", "\\Seen"]
            uid = (await mail.append(path, self._message(written, name), flags=flags)).uid
        if old - {uid}:
            await mail.expunge(path, old - {uid})
        return uid

    async def _earlier(self, item: str) -> set[int]:
        """Return what earlier tries have made of *item*, a ClientId or a UID."""
        query = Query(header=((draft.CHANGE, self._item_name(item)),))
        return set(await self.session.mail.search(self.folder.path, query))

    async def _is_there(self, uid: int) -> bool:
        return uid in await self.session.mail.summaries(self.folder.path, [uid])

    def _message(self, written: Draft, name: str) -> bytes:
        session = self.session
        return draft.message_of(
            written,
            sender=address_of(session.owner),
            now=session.clock(),
            message_id=message_id(session.owner, name),
            change=name,
        )

    def _name(self, item: str, data: Element) -> str:
        """Return what names the change: the same for the same wish, and for no other."""
        wish = f"{self.session.device.id} {self.folder.id} {item} {digest_of(data)}"
        return self._item_name(item) + hashlib.sha256(wish.encode()).hexdigest()[:20]

    def _item_name(self, item: str) -> str:
        """Return how the names of all changes of *item* by this device begin."""
        wish = f"{self.session.device.id} {self.folder.id} {item}"
        return hashlib.sha256(wish.encode()).hexdigest()[:20] + "-"

    async def _removed(self, uid: int, data: Element) -> list[int]:
        """Return the places of the attachments that *data* takes away."""
        gone = set(draft.removed_references(data))
        if not gone:
            return []
        found = (await self.session.mail.summaries(self.folder.path, [uid])).get(uid)
        if found is None:
            raise MessageMissingError("the draft is gone")
        return [at for at, each in enumerate(self._references(found)) if each in gone]

    def _references(self, found: Summary) -> list[str]:
        try:
            files = contents(bodystructure.parse(found.structure)).attachments
        except MailError:
            return []
        return [
            serverid.file_reference(self.folder.id, str(found.uid), each.section) for each in files
        ]

    def _told(self, found: Summary, written: Draft) -> Element | None:
        """Return how the attachments that the device has added are called from now on."""
        references = self._references(found)
        return named(
            (file.client_id, reference)
            for file, reference in zip(written.files, references, strict=False)
        )


def _refusal(error: Exception) -> Status:
    return Status.FULL if isinstance(error, QuotaError) else Status.CANNOT
