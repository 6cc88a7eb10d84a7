"""A mail folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from fermoposta.activesync import serverid
from fermoposta.activesync.map import meeting
from fermoposta.activesync.map.errors import MapError
from fermoposta.activesync.map.mail import categories, message
from fermoposta.activesync.sources import reading
from fermoposta.activesync.sources.base import Done, Rendered, Status
from fermoposta.activesync.state import mail as state_of_mail
from fermoposta.activesync.state import window
from fermoposta.activesync.state.items import Item, Kind
from fermoposta.activesync.state.mail import MailState, Snapshot
from fermoposta.mailstore.mailbox import (
    FolderMissingError,
    ForbiddenError,
    QuotaError,
    RefusedError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import date

    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.options import Options
    from fermoposta.activesync.session import Session
    from fermoposta.activesync.sources.base import Difference
    from fermoposta.activesync.state.stored import Json
    from fermoposta.activesync.wbxml import Element
    from fermoposta.mailstore.mailbox import Folder as MailFolder

FLAGGED, SEEN = "\\Flagged", "\\Seen"


@dataclass(frozen=True, slots=True)
class MailSource:
    """A mail folder, for a device that has *options*."""

    session: Session
    folder: Folder
    options: Options

    @property
    def replaces(self) -> bool:
        """No: an item stays the same one."""
        return False

    def empty(self) -> object:
        """Return the state of a client that has nothing."""
        return MailState()

    def load(self, value: object) -> object:
        """Return the state that was kept; raises StoredStateError."""
        return state_of_mail.load(value)

    def dump(self, state: object) -> Json:
        """Return what is kept of *state*."""
        return state_of_mail.dump(cast("MailState", state))

    async def unchanged(self, state: object) -> bool:
        """Tell by STATUS alone whether there is nothing to tell."""
        has = cast("MailState", state)
        now = await self._status()
        return has.unchanged(now.uidvalidity, now.modseq, self._since)

    async def check(self, state: object) -> None:
        """Raise ResyncNeededError where UIDs no longer mean what they did."""
        now = await self._status()
        state_of_mail.ensure_same(cast("MailState", state), now.uidvalidity, now.modseq)

    async def _status(self) -> MailFolder:
        """Return what the folder is like; raises FolderMissingError where another has its name."""
        now = await self.session.mail.status(self.folder.path)
        if now.guid != self.folder.key.key:
            raise FolderMissingError(f"{self.folder.path} is another folder now")
        return now

    async def difference(self, state: object) -> Difference:
        """Return what a client with *state* is to be told; raises ResyncNeededError."""
        has = cast("MailState", state)
        known = 0 if has.uidvalidity is None else has.modseq
        found = await self.session.mail.snapshot(
            self.folder.path, since=self._since, changed_since=known
        )
        return state_of_mail.difference(
            has,
            Snapshot(
                found.uidvalidity,
                found.modseq,
                found.present,
                found.inside,
                found.changed,
                self._since,
            ),
        )

    def taken(
        self, difference: Difference, count: int, rendered: Sequence[Rendered]
    ) -> tuple[object, bool]:
        """Return what a client has after the first *count* items, and whether there are more."""
        del rendered  # what was newer when it was read is told again, see state.mail
        answer = cast("state_of_mail.Difference", difference).first(count)
        return answer.state, answer.more

    async def render(self, items: Sequence[Item]) -> AsyncIterator[Rendered]:
        """Yield *items* as they are sent; of a change the flags, of what is gone its name."""
        whole = [int(each.id) for each in items if each.kind is Kind.ADD]
        changed = [int(each.id) for each in items if each.kind is Kind.CHANGE]
        flags = await self.session.mail.summaries(self.folder.path, changed) if changed else {}
        read = self._read(whole)
        waiting: reading.Read | None = None
        for item in items:
            if item.kind is Kind.ADD:
                waiting = waiting or await anext(read, None)
                if waiting is not None and waiting.uid == int(item.id):
                    yield Rendered(item, waiting.data, waiting.reason, size=waiting.size)
                    waiting = None
                # Else it went away since the list was made, and the next answer says so.
            elif item.kind is Kind.CHANGE:
                if (found := flags.get(int(item.id))) is not None:
                    data = message.changes(found.flags, self.session.version)
                    yield Rendered(item, data, size=200)
            else:
                yield Rendered(item, size=50)

    def server_id(self, item: str) -> str:
        """Return the ServerId of a UID."""
        return serverid.join(self.folder.id, item)

    def unseen(self, state: object, item: str) -> object:
        """Return *state*: flags are set one by one, so that no change undoes another."""
        del item
        return state

    async def again(self, item: str, data: Element) -> Element | None:
        """Return nothing: what a client has made it knows."""
        del item, data
        return None

    async def find(self, state: object, item: str) -> str | None:
        """Return the UID, where it is one."""
        del state
        return item if item.isdigit() else None

    async def fetch(self, state: object, item: str) -> Rendered:
        """Return one mail; without data where it is gone."""
        del state
        found = Item(Kind.ADD, item)
        async for each in self._read([serverid.uid_of(item)]):
            return Rendered(found, each.data, each.reason, size=each.size)
        return Rendered(found, None, "")

    async def add(self, state: object, client_id: str, data: Element) -> Done:
        """Refuse: mail comes by SendMail; drafts have a source of their own."""
        del client_id, data
        return Done(Status.CANNOT, state)

    async def change(
        self, state: object, item: str, data: Element, *, instance: str | None = None
    ) -> Done:
        """Change flags and categories; of a mail nothing else ever changes."""
        del instance
        has = cast("MailState", state)
        uid = serverid.uid_of(item)
        add, remove = await self._flags(uid, data)
        if not add and not remove:
            return Done(Status.DONE, has)
        try:
            stored = await self.session.mail.store(self.folder.path, [uid], add=add, remove=remove)
        except (ForbiddenError, RefusedError):
            return Done(Status.CANNOT, has)
        if uid not in stored:
            return Done(Status.MISSING, has)
        return Done(Status.DONE, has.applied(uid, stored[uid].before, stored[uid].after))

    async def delete(
        self, state: object, item: str, *, to_trash: bool, instance: str | None = None
    ) -> Done:
        """Move a mail to the trash, or delete it for good where it is there already."""
        del instance
        has = cast("MailState", state)
        uid = serverid.uid_of(item)
        mail = self.session.mail
        if not await mail.summaries(self.folder.path, [uid]):
            # Somebody was quicker, or this is asked again: it is as the client wants it.
            return Done(Status.DONE if uid in has.sent else Status.MISSING, has.removed(uid))
        trash = (await self.session.hub.tree()).trash if to_trash else None
        try:
            if trash is not None and trash.id != self.folder.id:
                await mail.move(self.folder.path, [uid], trash.path)
            else:
                await mail.expunge(self.folder.path, [uid])
        except (ForbiddenError, RefusedError, QuotaError):
            # It is still there: the client, which has deleted it, is sent it again.
            return Done(Status.CANNOT, has.removed(uid))
        return Done(Status.DONE, has.removed(uid))

    async def _flags(self, uid: int, data: Element) -> tuple[set[str], set[str]]:
        """Return which flags are to be set, and which cleared."""
        add: set[str] = set()
        remove: set[str] = set()
        read = data.text_of("Email:Read")
        if read is not None and read.strip() in {"0", "1"}:
            (add if read.strip() == "1" else remove).add(SEEN)
        flag = data.find("Email:Flag")
        if flag is not None:
            # Section 2.2.2.76: 2 is active; 1 is done, and IMAP has no flag for that.
            active = (flag.text_of("Email:Status") or "").strip() == "2"
            (add if active else remove).add(FLAGGED)
        told = data.find("Email:Categories")
        if told is not None:
            wanted = {categories.keyword_of(each.text) for each in told.find_all("Email:Category")}
            found = (await self.session.mail.summaries(self.folder.path, [uid])).get(uid)
            flags = frozenset() if found is None else found.flags
            has = {each for each in flags if categories.is_category(each)}
            add |= wanted - has
            remove |= has - wanted
        return add, remove

    def _read(self, uids: Sequence[int]) -> AsyncIterator[reading.Read]:
        session = self.session
        form = reading.Form(self.options, session.version, session.limits.item_bytes, self._meeting)
        return reading.mails(session.mail, self.folder, uids, form)

    def _meeting(self, content: bytes, method: str) -> tuple[Element | None, str]:
        """Return an invitation as a phone is told of it; what can't be read is mail like any."""
        session = self.session
        try:
            told = meeting.meeting_request(
                content, session.version, session.owner, session.clock(), method=method
            )
        except MapError:
            return None, ""
        return told, meeting.partstat(content, session.owner)

    @property
    def _since(self) -> date | None:
        return since_of(self.session, self.options)


def since_of(session: Session, options: Options) -> date | None:
    """Return the first day of which a device is sent mail; None where it wants all."""
    limit = session.device.resync_since
    wanted = window.since(options.filter_type, session.clock().date())
    return window.later(wanted, None if limit is None else limit.date())
