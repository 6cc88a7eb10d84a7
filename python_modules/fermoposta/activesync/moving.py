"""
Move items between two folders of one class, and have the device know of it.

The device learns the new ids from the answer, so Sync tells it neither that the items have left nor
that they have come.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import TYPE_CHECKING, cast

from fermoposta.activesync import serverid
from fermoposta.activesync.amend import amend
from fermoposta.activesync.options import Options
from fermoposta.activesync.sources.choose import source_of
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
    from collections.abc import Iterable, Mapping, Sequence

    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.session import Session
    from fermoposta.activesync.state.mail import MailState
    from fermoposta.activesync.state.tagged import TaggedState
    from fermoposta.mailstore.mailbox import Placed


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


async def mail(session: Session, source: Folder, target: Folder, moves: Sequence[Move]) -> None:
    """Move mail, all at once."""
    uids: dict[int, Move] = {}
    for move in moves:
        uid = _uid(move, source)
        if uid is None or uid in uids:
            move.status = Status.BAD_SOURCE
        else:
            uids[uid] = move
    if not uids:
        return
    try:
        placed = await session.mail.move(source.path, uids, target.path)
    except FolderMissingError:
        _all(uids.values(), Status.BAD_TARGET)
        return
    except (ForbiddenError, QuotaError, RefusedError):
        _all(uids.values(), Status.FAILED)
        return
    for uid, move in uids.items():
        move.status = Status.DONE if uid in placed else Status.BAD_SOURCE
        if uid in placed:
            move.target = serverid.join(target.id, str(placed[uid].uid))
    await _tell_of_mail(session, source, target, placed)


async def objects(session: Session, source: Folder, target: Folder, moves: Sequence[Move]) -> None:
    """Move appointments, tasks or contacts, one by one."""
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
            move.status = await _object(session, source, target, name)
            move.target = serverid.join(target.id, item) if move.status is Status.DONE else ""


def _all(moves: Iterable[Move], status: Status) -> None:
    for move in moves:
        move.status = status


def _uid(move: Move, source: Folder) -> int | None:
    try:
        folder, item = serverid.split(move.source)
        return serverid.uid_of(item) if folder == source.id else None
    except serverid.ServerIdError:
        return None


async def _tell_of_mail(
    session: Session, source: Folder, target: Folder, placed: Mapping[int, Placed]
) -> None:
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
        for uid in new:
            has = has.added(uid, there[uid].modseq if uid in there else now.modseq)
        return has

    await amend(session, source_of(session, source, Options()), left)
    await amend(session, source_of(session, target, Options()), came)


async def _object(session: Session, source: Folder, target: Folder, name: str) -> Status:
    groupware = session.groupware
    found = (await groupware.read(source.path, [name])).get(name)
    if found is None:
        return Status.BAD_SOURCE
    try:
        tag = await _put(session, target, name, found.content)
        await groupware.delete(source.path, name, etag=found.etag, silent=True)
    except (DeniedError, InvalidError, ChangedError, ObjectMissingError):
        return Status.FAILED
    await amend(session, source_of(session, source, Options()), partial(_left, name))
    await amend(session, source_of(session, target, Options()), partial(_came, name, tag))
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
