"""
Rights on mail folders: from the directory to Dovecot's lists, and back where clients set them.

What was set last is remembered. Whatever Dovecot holds otherwise was set by a client: it becomes a
grant of the directory, or is put back where the directory can't take it. A folder that is not
known yet has the list of the folder above it, as Dovecot copied it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from fermoposta.agent.sharing.book import Book, Noted
from fermoposta.agent.sharing.grants import ANOTHER, Refused, valid
from fermoposta.directory.rights import (
    INBOX,
    Rights,
    levels_of_mail,
    means_another,
    rights_as_of,
)
from fermoposta.mailstore.acl import Acl, expected, mask_of
from fermoposta.mailstore.doveadm import DoveadmError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fermoposta.agent.sharing.grants import Writer
    from fermoposta.directory.model import State
    from fermoposta.mailstore.acl import Folders

LIST_SECONDS = 1.1
_REPLACED_SECONDS = 600
_NOBODY = "user=nobody"
_GONE = ("NOTFOUND", "NOUSER")
_log = structlog.get_logger()


@dataclass(slots=True)
class Mail:
    """The mail folders of everybody."""

    folders: Folders
    book: Book
    writer: Writer
    current: Callable[[], State]
    setters: dict[tuple[str, str], str] = field(default_factory=dict)
    """Who was heard of last to set rights, by owner and folder."""
    touched: dict[str, float] = field(default_factory=dict)
    """In whose mailboxes something was set, or moved, and when, until `refresh_lists`."""
    replaced: dict[tuple[str, str], tuple[float, Acl]] = field(default_factory=dict)
    """What stood on a folder before its list was set, and when that was, for a while."""
    _rights: Callable[[str], Rights] = field(init=False)

    def __post_init__(self) -> None:
        """Have the directory gone through once for many mailboxes."""
        self._rights = rights_as_of(self.current)

    async def project(self, owner: str, *, verify: bool = False) -> set[str]:
        """
        Bring the rights in the mailbox of *owner* to what the directory says.

        With *verify* every folder is looked at for what clients set unheard. Returns who sees the
        mailbox from now on and did not before. Raises DoveadmError, psycopg.Error, StoreError.
        """
        state = self.current()
        mailbox_id = id_of(state, owner)
        if mailbox_id is None:
            return set()
        known = await self._known(mailbox_id)
        there = sorted(await self.folders.of(owner))
        await self.book.forget(mailbox_id, known.keys() - there)
        for folder in there:
            if verify or folder not in known:
                await self.read_back(owner, folder, known)
        rights = self._rights(owner)
        former = await self.book.former_groups()
        seers = set()
        for folder in there:
            wanted = expected(rights, folder, former)
            await self._set(owner, mailbox_id, folder, known.get(folder, Noted()), wanted)
            seers |= {person for person in rights.people() if _sees(rights, folder, person)}
        return await self.book.seen_by(owner, seers)

    async def heard(self, owner: str, folder: str) -> set[str]:
        """Take in what was set on *folder* by IMAP, and project; returns as `project` does."""
        mailbox_id = id_of(self.current(), owner)
        if mailbox_id is None:
            return set()
        await self.read_back(owner, folder, await self._known(mailbox_id))
        return await self.project(owner)

    async def moved(self, owner: str, folder: str, target: str, who: str) -> set[str]:
        """Follow a folder that was renamed with the rights that it has."""
        self.touched[owner] = time.monotonic()
        mailbox_id = id_of(self.current(), owner)
        if mailbox_id is None:
            return set()
        for name, noted in (await self._known(mailbox_id)).items():
            if f"{name}/".startswith(f"{folder}/"):
                await self.book.keep(mailbox_id, target + name.removeprefix(folder), noted)
                await self.book.forget(mailbox_id, [name])
        try:
            await self.writer.move(owner, folder, target, actor=f"imap:{who}")
        except Refused as refused:
            _log.warning("rights could not follow", mailbox=owner, reason=str(refused))
        return await self.project(owner)

    async def _known(self, mailbox_id: str) -> dict[str, Noted]:
        """Return what is noted of mail folders; a name that begins with a slash is none."""
        noted = await self.book.folders(mailbox_id)
        return {name: each for name, each in noted.items() if not name.startswith("/")}

    async def refresh_lists(self) -> None:
        """
        Have Dovecot write anew which folders others see at all, a second after the last change.

        Sessions keep this list and tell a new one by the second in which it was written: who looked
        within the second of a change would miss the rest of it.
        """
        limit = time.monotonic() - LIST_SECONDS
        old = time.monotonic() - _REPLACED_SECONDS
        for place in [place for place, (at, _) in self.replaced.items() if at <= old]:
            del self.replaced[place]
        for owner in [owner for owner, at in self.touched.items() if at <= limit]:
            del self.touched[owner]
            await self.folders.set(owner, INBOX, _NOBODY, "")
            await self.folders.set(owner, INBOX, _NOBODY, None)

    async def read_back(self, owner: str, folder: str, known: dict[str, Noted]) -> None:
        """Make what a client set on *folder* the directory's; put into *known* what is there."""
        try:
            actual = await self.folders.get(owner, folder)
        except DoveadmError as error:
            if error.reason in _GONE:
                return
            raise
        nearest = next((level for level in levels_of_mail(folder) if level in known), folder)
        given = known.get(nearest, Noted()).differing(actual)
        if nearest != folder and (owner, nearest) in self.replaced:  # it may be a copy of that
            _, copied = self.replaced[owner, nearest]
            given = {who: line for who, line in given.items() if line != copied.get(who)}
        if given:
            await self._take(owner, folder, given, await self._setter(owner, folder))
        else:  # the next one there is somebody else's
            self.setters.pop((owner, folder), None)
        known[folder] = Noted(actual)
        mailbox_id = id_of(self.current(), owner)
        if mailbox_id is not None:
            await self.book.keep(mailbox_id, folder, known[folder])

    async def _setter(self, owner: str, folder: str) -> str:
        """Return who set rights there; Dovecot may tell of it a moment after it is done."""
        for _ in range(20):
            if who := self.setters.pop((owner, folder), None):
                return who
            await asyncio.sleep(0.1)
        return "unknown"

    async def _take(
        self, owner: str, folder: str, given: Mapping[str, str | None], who: str
    ) -> None:
        state = self.current()
        grantees = {grantee_of(identifier): letters for identifier, letters in given.items()}
        reasons = valid(state, owner, grantees)
        if means_another(folder):
            reasons = dict.fromkeys(grantees, ANOTHER)
        for grantee, letters in grantees.items():
            reason = reasons.get(grantee)
            if reason is None:
                try:
                    mask = self._meant(owner, folder, grantee, letters)
                    await self.writer.write(owner, folder, {grantee: mask}, actor=f"imap:{who}")
                except Refused as refused:
                    reason = str(refused)
            log = _log.bind(mailbox=owner, folder=folder, grantee=grantee, by=who)
            if reason is None:
                log.info("rights set by a client", letters=letters)
            else:
                log.warning("rights of a client put back", letters=letters, reason=reason)

    def _meant(self, owner: str, folder: str, grantee: str, letters: str | None) -> int | None:
        """Return the mask for *letters*; a line that was taken out takes away what is inherited."""
        if letters is not None:
            return mask_of(letters)
        rights = self._rights(owner)
        inherited = rights.on(levels_of_mail(folder)[1:], frozenset({grantee}))
        return 0 if inherited else None

    async def _set(
        self, owner: str, mailbox_id: str, folder: str, noted: Noted, wanted: Acl
    ) -> None:
        if noted.acl == wanted and not noted.meant:
            return
        await self.book.keep(mailbox_id, folder, Noted(noted.acl, wanted))
        begun = noted.meant.keys()
        try:
            for identifier in sorted(noted.acl.keys() | wanted.keys() | begun):
                letters = wanted.get(identifier)
                if identifier in begun or noted.acl.get(identifier) != letters:
                    await self.folders.set(owner, folder, identifier, letters)
        except DoveadmError as error:
            if error.reason in _GONE:
                return
            raise
        await self.book.keep(mailbox_id, folder, Noted(wanted))
        self.replaced[owner, folder] = (time.monotonic(), noted.acl)
        self.touched[owner] = time.monotonic()
        _log.info("rights projected", mailbox=owner, folder=folder, lines=len(wanted))


def grantee_of(identifier: str) -> str:
    """Return the address behind Dovecot's *identifier*, or the identifier where it is none."""
    kind, equals, address = identifier.partition("=")
    return address.lower() if equals and kind in ("user", "group") else identifier


def id_of(state: State, owner: str) -> str | None:
    """Return the id of the mailbox of *owner*, None where there is none."""
    box = state.users.get(owner) or state.resources.get(owner)
    return box.mailbox_id if box else None


def _sees(rights: Rights, folder: str, person: str) -> bool:
    return bool(rights.on(levels_of_mail(folder), rights.names_of(person)) & 0x400)
