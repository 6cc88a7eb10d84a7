"""Notes: a mail folder of messages in Apple's format, which is made when the first note comes."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from fermoposta.activesync import serverid
from fermoposta.activesync.folders import NOTES_FOLDER
from fermoposta.activesync.map import body, note
from fermoposta.activesync.map.errors import MapError
from fermoposta.activesync.map.mail import bodystructure, categories, charsets, envelope
from fermoposta.activesync.map.mail.contents import contents
from fermoposta.activesync.map.mail.errors import MailError
from fermoposta.activesync.sources.base import Done, Rendered, Status
from fermoposta.activesync.sources.reading import fields
from fermoposta.activesync.sources.versioned import VersionedSource
from fermoposta.activesync.state import tagged
from fermoposta.activesync.state.items import Item, Kind
from fermoposta.activesync.state.tagged import Listing, TaggedState
from fermoposta.mailstore.mailbox import (
    FolderExistsError,
    FolderMissingError,
    ForbiddenError,
    Query,
    QuotaError,
    RefusedError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from fermoposta.activesync.map.note import Note
    from fermoposta.activesync.sources.base import Difference
    from fermoposta.activesync.wbxml import Element
    from fermoposta.mailstore.mailbox import Summary

_LONGEST = 1024**2
"""Bytes of one note."""


class NoteSource(VersionedSource):
    """The notes of a mailbox; an item is called as its header says."""

    __slots__ = ()

    async def tag(self) -> str:
        """Return what is another after each change in the folder."""
        try:
            now = await self.session.mail.status(NOTES_FOLDER)
        except FolderMissingError:
            return "none"
        return f"{now.uidvalidity}.{now.modseq}"

    async def unchanged(self, state: object) -> bool:
        """Tell by the folder's tag alone whether there is nothing to tell."""
        return cast("TaggedState", state).unchanged(await self.tag(), None)

    async def difference(self, state: object) -> Difference:
        """Return what a client with *state* is to be told."""
        tag = await self.tag()
        items = {name: _version(found) for name, found in (await self._notes()).items()}
        return tagged.difference(cast("TaggedState", state), Listing(tag, items))

    async def render(self, items: Sequence[Item]) -> AsyncIterator[Rendered]:
        """Yield *items* as they are sent, in their order."""
        there = await self._notes()
        for item in items:
            if item.kind in {Kind.DELETE, Kind.SOFT_DELETE}:
                yield Rendered(item, size=50)
            elif item.id in there:
                yield await self._rendered(item, there[item.id])

    async def names(self) -> Iterable[str]:
        """Return what all notes are called."""
        return await self._notes()

    async def named(self, name: str) -> Rendered:
        """Return one note, without data where it is gone."""
        item = Item(Kind.ADD, name)
        found = (await self._notes()).get(name)
        return Rendered(item) if found is None else await self._rendered(item, found)

    async def add(self, state: object, client_id: str, data: Element) -> Done:
        """Put a new note there; its name comes of *client_id*, so that none is made twice."""
        has = cast("TaggedState", state)
        name = serverid.digest(f"{self.session.device.id} {client_id}").upper()
        there = await self._notes()
        if name in there:
            # Of an earlier try that was broken off; whoever has edited it since, the client is
            # sent what is there.
            known = has.having(name, _version(there[name]))
            return Done(Status.DONE, known.doubting(name), name)
        return await self._put(has, note.from_element(data, self.session.clock(), uuid=name))

    async def change(
        self, state: object, item: str, data: Element, *, instance: str | None = None
    ) -> Done:
        """Put another message in the place of the note's."""
        del instance
        has = cast("TaggedState", state)
        name = await self.find(has, item)
        found = None if name is None else (await self._notes()).get(name)
        if name is None or found is None:
            return Done(Status.MISSING, has)
        await self._tidy(name, found.uid)
        if has.items.get(name) not in {_version(found), None} and self.options.conflict:
            return Done(Status.CONFLICT, has.doubting(name))
        try:
            kept = await self._note(name, found)
        except (MailError, MapError):
            return Done(Status.CANNOT, has.doubting(name))
        changed = note.from_element(data, self.session.clock(), uuid=name, existing=kept)
        done = await self._put(has, changed)
        if done.status == Status.DONE:
            await self.session.mail.expunge(NOTES_FOLDER, [found.uid])
        return done

    async def delete(
        self, state: object, item: str, *, to_trash: bool, instance: str | None = None
    ) -> Done:
        """Move a note to the trash, or delete it for good."""
        del instance
        has = cast("TaggedState", state)
        name = await self.find(has, item)
        found = None if name is None else (await self._notes()).get(name)
        if name is None:
            return Done(Status.MISSING, has)
        if found is None:  # somebody was quicker: it is as the client wants it
            return Done(Status.DONE, has.without(name))
        await self._tidy(name, found.uid)
        trash = (await self.session.hub.tree()).trash if to_trash else None
        try:
            if trash is not None:
                await self.session.mail.move(NOTES_FOLDER, [found.uid], trash.path)
            else:
                await self.session.mail.expunge(NOTES_FOLDER, [found.uid])
        except (ForbiddenError, RefusedError, QuotaError):
            return Done(Status.CANNOT, has.missing(name))
        return Done(Status.DONE, has.without(name))

    async def _put(self, has: TaggedState, made: Note) -> Done:
        mail = self.session.mail
        flags = {"\\Seen", *note.keywords_of(made)}
        try:
            message = note.message_of(made, self.session.owner.address)
            try:
                placed = await mail.append(NOTES_FOLDER, message, flags=flags)
            except FolderMissingError:
                with suppress(FolderExistsError):  # another device was quicker
                    await mail.create(NOTES_FOLDER)
                placed = await mail.append(NOTES_FOLDER, message, flags=flags)
        except QuotaError:
            return Done(Status.FULL, has)
        except (ForbiddenError, RefusedError):
            return Done(Status.CANNOT, has)
        found = (await mail.summaries(NOTES_FOLDER, [placed.uid])).get(placed.uid)
        version = tagged.UNKNOWN if found is None else _version(found)
        return Done(Status.DONE, has.having(made.uuid, version), made.uuid)

    async def _tidy(self, name: str, uid: int) -> None:
        """Delete older messages of a note: a change of it was broken off before it did that."""
        mail = self.session.mail
        there = await mail.search(NOTES_FOLDER, Query(header=((note.UUID, name),)))
        if older := [each for each in there if each < uid]:
            await mail.expunge(NOTES_FOLDER, older)

    async def _notes(self) -> dict[str, Summary]:
        """Return all notes by their names; of two messages for one note the newer one."""
        mail = self.session.mail
        try:
            present = (await mail.snapshot(NOTES_FOLDER)).present
        except FolderMissingError:
            return {}
        found = await mail.summaries(NOTES_FOLDER, present, headers=(note.UUID,))
        return {_name(found[uid]): found[uid] for uid in sorted(found)}

    async def _rendered(self, item: Item, found: Summary) -> Rendered:
        try:
            kept = await self._note(item.id, found)
        except MailError as error:
            return Rendered(item, None, str(error))
        data = note.to_element(kept, lambda text: body.plain(text, self.options.text_limit))
        return Rendered(item, data, size=found.size)

    async def _note(self, name: str, found: Summary) -> Note:
        """Return the note that a message keeps; raises MailError."""
        parts = contents(bodystructure.parse(found.structure))
        part = parts.html or parts.plain
        text = ""
        if part is not None:
            wanted = {found.uid: [part.section]}
            read = await self.session.mail.parts(NOTES_FOLDER, wanted, limit=_LONGEST)
            data = read.get(found.uid, {}).get(part.section, b"")
            said = charsets.text_of(data, part.params.get("charset", ""))
            text = note.text_of(said, is_html=part is parts.html)
        return note.Note(
            name,
            envelope.parse(found.envelope).subject,
            text,
            found.received,
            tuple(categories.of_keywords(found.flags)),
        )


def _name(found: Summary) -> str:
    told = fields(found.headers).get(note.UUID.lower(), "").strip()
    return told[:100] or f"uid-{found.uid}"


def _version(found: Summary) -> str:
    """Return what is another after each change: another message, or other categories."""
    kept = " ".join(categories.of_keywords(found.flags))
    return f"{found.uid}.{hashlib.sha256(kept.encode()).hexdigest()[:8]}"
