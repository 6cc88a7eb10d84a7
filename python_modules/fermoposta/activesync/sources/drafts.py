"""
The folder of drafts, in which devices write mail from 16.0 on (MS-ASCMD, section 2.2.3.153).

A mail never changes where it is kept: who edits a draft puts another in its place, under another
id, and the device is told so in the same answer. Each message names the change that has made it,
so that a change whose answer got lost is found to be made.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, cast

from fermoposta.activesync import serverid
from fermoposta.activesync.compose.letter import address_of, message_id
from fermoposta.activesync.compose.outbox import post
from fermoposta.activesync.digest import digest_of
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.map.errors import MapError
from fermoposta.activesync.map.mail import bodystructure, draft
from fermoposta.activesync.map.mail.contents import contents
from fermoposta.activesync.map.mail.errors import MailError
from fermoposta.activesync.sources.base import Done, Status
from fermoposta.activesync.sources.mail import MailSource
from fermoposta.activesync.wbxml import Element
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
    from fermoposta.mailstore.mailbox import Summary

SEND = "Email2:Send"
"""Stands among the data where the mail is to go out."""
_FLAGS = {"Email:Read", "Email:Flag", "Email:Categories"}


class DraftSource(MailSource):
    """The user's drafts."""

    __slots__ = ()

    async def add(self, state: object, client_id: str, data: Element) -> Done:
        """Keep a new draft, or send it."""
        has = cast("MailState", state)
        name = self._name(client_id, data)
        try:
            written = draft.changed(draft.Draft(), data)
            if data.find(SEND) is not None:
                return await self._send(has, written, name, None)
            uid = await self._put(written, name)
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
        mail, path = self.session.mail, self.folder.path
        try:
            message = b"".join([piece async for piece in mail.stream(path, uid)])
            removed = await self._removed(uid, data)
            written = draft.changed(draft.read(message), data, removed)
            if data.find(SEND) is not None:
                return await self._send(has, written, name, uid)
            await self._put(written, name)
            await mail.expunge(path, [uid])
        except MessageMissingError:
            return Done(Status.MISSING, has)
        except (MapError, QuotaError, ForbiddenError, RefusedError) as error:
            return Done(_refusal(error), has)
        # The client still has the old one: that it is gone, and which has come, is told at once.
        return Done(Status.DONE, has)

    async def _send(self, has: MailState, written: Draft, name: str, uid: int | None) -> Done:
        try:
            await post(self.session, self._message(written, name), name=name, save=True)
        except CommandError as error:
            return Done(error.status, has)
        if uid is not None:
            await self.session.mail.expunge(self.folder.path, [uid])
        return Done(Status.DONE, has)

    async def _put(self, written: Draft, name: str) -> int:
        """Return where the draft is, which may be there of an earlier try."""
        mail, path = self.session.mail, self.folder.path
        there = await mail.search(path, Query(header=((draft.CHANGE, name),)))
        if there:
            return max(there)
        placed = await mail.append(path, self._message(written, name), flags=["\\Draft", "\\Seen"])
        return placed.uid

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
        return hashlib.sha256(wish.encode()).hexdigest()[:32]

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
        named = [
            Element(
                "AirSyncBase:Attachment",
                [
                    Element("AirSyncBase:ClientId", file.client_id),
                    Element("AirSyncBase:FileReference", reference),
                ],
            )
            for file, reference in zip(written.files, self._references(found), strict=False)
            if file.client_id
        ]
        if not named:
            return None
        listed = Element("AirSyncBase:Attachments", named)
        return Element("AirSync:ApplicationData", [listed])


def _refusal(error: Exception) -> Status:
    return Status.FULL if isinstance(error, QuotaError) else Status.CANNOT
