"""
Move items between two folders of one class, and have the device know of it.

The device learns the new ids from the answer, so Sync tells it neither that the items have left nor
that they have come. That is noted last, when the answer itself is kept: a process that dies before
leaves a device that Sync tells everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import partial, reduce
from typing import TYPE_CHECKING, TypeAlias, cast

from fermoposta.activesync import known, serverid
from fermoposta.activesync.amend import amend
from fermoposta.activesync.options import Options
from fermoposta.activesync.sources.choose import source_of
from fermoposta.activesync.state.errors import StoredStateError
from fermoposta.activesync.state.mail import MailState
from fermoposta.mailstore.groupware import (
    ChangedError,
    DeniedError,
    InvalidError,
    Kind,
    ObjectMissingError,
)
from fermoposta.mailstore.mailbox import (
    FolderMissingError,
    ForbiddenError,
    QuotaError,
    RefusedError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.session import Session
    from fermoposta.activesync.state.tagged import TaggedState
    from fermoposta.mailstore.mailbox import Placed, Summary

    Note: TypeAlias = Callable[[], Awaitable[None]]
    """Notes what a device knows."""


class Status(IntEnum):
    """How a move went (MS-ASCMD, section 2.2.3.177.11)."""

    BAD_SOURCE = 1
    BAD_TARGET = 2
    DONE = 3
    SAME = 4
    FAILED = 5


@dataclass(slots=True)
class Move:
    """An item that a device wants moved; *status* and *target* say how it went."""

    source: str
    from_: str
    to: str
    status: Status = Status.FAILED
    target: str = ""


async def mail(
    session: Session, source: Folder, target: Folder, moves: Sequence[Move]
) -> Note | None:
    """Move mail, all at once; return what notes that the device knows."""
    uids: dict[int, Move] = {}
    for move in moves:
        uid = _uid(move, source)
        if uid is None or uid in uids:
            move.status = Status.BAD_SOURCE
        else:
            uids[uid] = move
    if not uids:
        return None
    try:
        before = await session.mail.summaries(source.path, uids)
        knew = await _known(session, source, before)
        placed = await session.mail.move(source.path, uids, target.path)
    except FolderMissingError:
        _all(uids.values(), Status.BAD_TARGET)
        return None
    except (ForbiddenError, QuotaError, RefusedError):
        _all(uids.values(), Status.FAILED)
        return None
    for uid, move in uids.items():
        move.status = Status.DONE if uid in placed else Status.BAD_SOURCE
        if uid in placed:
            move.target = serverid.join(target.id, str(placed[uid].uid))
    known_mails = {uid: before[uid] for uid in knew}
    return partial(_note_mail, session, source, target, placed, known_mails)


async def again(session: Session, source: Folder, target: Folder, moves: Sequence[Move]) -> None:
    """
    Note that the device learns only now where its mails went, which were moved before.

    Where one has left again since, Sync must say so.
    """
    old = [uid for each in moves if (uid := _uid(each, source)) is not None]
    new = [serverid.uid_of(serverid.split(each.target)[1]) for each in moves]

    def left(state: object) -> object:
        return reduce(MailState.removed, old, cast("MailState", state))

    def came(state: object) -> object:
        return reduce(MailState.received, new, cast("MailState", state))

    await amend(session, source_of(session, source, Options()), left)
    await amend(session, source_of(session, target, Options()), came)


async def _known(session: Session, source: Folder, mails: Mapping[int, Summary]) -> set[int]:
    """Return which of *mails* the device has as they are, whatever of Sync's answers it got."""
    try:
        had = await known.read(session, source.id, source_of(session, source, Options()).load)
    except StoredStateError:
        return set()
    if had.collection is None:
        return set()
    has = [
        cast("MailState", each.state)
        for each in (had.collection.base, had.collection.pending)
        if each is not None
    ]
    found = set()
    for uid, mail in mails.items():
        # Where only the last answer has the mail, the device has got that: it has named the mail.
        knows = [state.knows(uid, mail.modseq) for state in has if uid in state.sent]
        if knows and all(knows):
            found.add(uid)
    return found


async def objects(
    session: Session, source: Folder, target: Folder, moves: Sequence[Move]
) -> Note | None:
    """Move appointments, tasks or contacts, one by one; return what notes that it knows."""
    notes: list[Note] = []
    names = await session.groupware.matching(source.path, Kind(source.key.kind))
    by_id = {serverid.digest(name): name for name in names}
    for move in moves:
        try:
            folder, item = serverid.split(move.source)
        except serverid.ServerIdError:
            folder, item = "", ""
        name = by_id.get(item) if folder == source.id else None
        if name is None:
            move.status = Status.BAD_SOURCE
        else:
            move.status = await _object(session, source, target, name, notes)
            move.target = serverid.join(target.id, item) if move.status is Status.DONE else ""

    async def note() -> None:
        for each in notes:
            await each()

    return note


def _all(moves: Iterable[Move], status: Status) -> None:
    for move in moves:
        move.status = status


def _uid(move: Move, source: Folder) -> int | None:
    try:
        folder, item = serverid.split(move.source)
        return serverid.uid_of(item) if folder == source.id else None
    except serverid.ServerIdError:
        return None


async def _note_mail(
    session: Session,
    source: Folder,
    target: Folder,
    placed: Mapping[int, Placed],
    knew: Mapping[int, Summary],
) -> None:
    """Note where the mails *placed* are; of those that it *knew* the device has the flags too."""
    new = [each.uid for each in placed.values()]
    now = await session.mail.status(target.path)
    there = await session.mail.summaries(target.path, new)

    def left(state: object) -> object:
        has = cast("MailState", state)
        for uid in placed:
            has = has.removed(uid)
        return has

    def came(state: object) -> object:
        has = cast("MailState", state)
        if has.uidvalidity != now.uidvalidity:
            return has
        for old, each in placed.items():
            found = there.get(each.uid)
            if old in knew and found is not None and found.flags == knew[old].flags:
                has = has.added(each.uid, found.modseq)
            else:
                has = has.received(each.uid)
        return has

    await amend(session, source_of(session, source, Options()), left)
    await amend(session, source_of(session, target, Options()), came)


async def _object(
    session: Session, source: Folder, target: Folder, name: str, notes: list[Note]
) -> Status:
    groupware = session.groupware
    found = (await groupware.read(source.path, [name])).get(name)
    if found is None:
        return Status.BAD_SOURCE
    try:
        tag = await _put(session, target, name, found.content)
        await groupware.delete(source.path, name, etag=found.etag, silent=True)
    except (DeniedError, InvalidError, ChangedError, ObjectMissingError):
        return Status.FAILED

    async def note() -> None:
        await amend(session, source_of(session, source, Options()), partial(_left, name))
        await amend(session, source_of(session, target, Options()), partial(_came, name, tag))

    notes.append(note)
    return Status.DONE


def _left(name: str, state: object) -> object:
    return cast("TaggedState", state).without(name)


def _came(name: str, tag: str, state: object) -> object:
    return cast("TaggedState", state).having(name, tag)


async def _put(session: Session, target: Folder, name: str, content: bytes) -> str:
    """Put an object into *target*; what is there of an earlier try is the same one."""
    try:
        return await session.groupware.put(target.path, name, content, etag=None, silent=True)
    except ChangedError:
        found = (await session.groupware.read(target.path, [name])).get(name)
        if found is None:
            raise
        return found.etag
