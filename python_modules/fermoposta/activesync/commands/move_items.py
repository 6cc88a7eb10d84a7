"""
MoveItems: move items between folders of one class (MS-ASCMD, section 2.2.1.12).

The device learns the new ids here, so Sync tells it neither that the items have left nor that they
have come. What was moved is remembered for a while: a device that did not get the answer asks for
the same again, and is answered the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync import moving
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.moving import Move, Status
from fermoposta.activesync.session import Answer
from fermoposta.activesync.state import stored
from fermoposta.activesync.state.errors import StoredStateError
from fermoposta.activesync.store.model import OvertakenError
from fermoposta.activesync.wbxml import Element
from fermoposta.mailstore.groupware import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.moving import Note
    from fermoposta.activesync.session import Asked, Session
    from fermoposta.activesync.state.stored import Json

MALFORMED = 103
REMEMBERED = ".moves"
VERSION = 1
_REMEMBERED_MOST = 500
_MOVES_MOST = 5_000
_KINDS = {Kind.EVENTS, Kind.TASKS, Kind.CONTACTS}


async def handle(session: Session, asked: Asked) -> Answer:
    """Answer MoveItems."""
    moves = _parse(asked.element)
    tree = await session.hub.tree(fresh=True)  # another program may have renamed a folder
    by_folders: dict[tuple[str, str], list[Move]] = {}
    for move in moves:
        by_folders.setdefault((move.from_, move.to), []).append(move)
    notes: list[Note] = []
    for (from_, to), some in by_folders.items():
        note = await _between(session, tree.get(from_), tree.get(to), some)
        notes += [note] if note else []
    remembered = await _remembered(session)
    again: dict[tuple[str, str], list[Move]] = {}
    for move in moves:
        target = remembered.get((move.source, move.to))
        if move.status == Status.BAD_SOURCE and target is not None:
            move.status, move.target = Status.DONE, target
            again.setdefault((move.from_, move.to), []).append(move)
    await _remember(session, moves)
    for note in notes:
        await note()
    for (from_, to), some in again.items():
        there, here = tree.get(from_), tree.get(to)
        if there is not None and here is not None and there.is_mail and here.is_mail:
            await moving.again(session, there, here, some)
    return Answer(Element("Move:MoveItems", [_response(move) for move in moves]))


async def _between(
    session: Session, source: Folder | None, target: Folder | None, moves: Sequence[Move]
) -> Note | None:
    """Move; return what notes afterwards that the device knows."""
    status = None
    note: Note | None = None
    if source is None or not source.path:
        status = Status.BAD_SOURCE
    elif target is None or not target.path or target.class_ != source.class_:
        status = Status.BAD_TARGET
    elif source.id == target.id:
        status = Status.SAME
    elif source.is_mail and target.is_mail:
        note = await moving.mail(session, source, target, moves)
    elif source.key.kind in _KINDS and target.key.kind == source.key.kind:
        note = await moving.objects(session, source, target, moves)
    else:
        status = Status.BAD_TARGET
    if status is not None:
        for move in moves:
            move.status = status
    return note


def _parse(element: Element | None) -> list[Move]:
    moves: Sequence[Element] = () if element is None else element.find_all("Move:Move")
    if not moves or len(moves) > _MOVES_MOST:
        raise CommandError(MALFORMED, "no moves, or too many")
    found = []
    for each in moves:
        named = [
            (each.text_of(f"Move:{tag}") or "").strip()
            for tag in ("SrcMsgId", "SrcFldId", "DstFldId")
        ]
        if not all(named):
            raise CommandError(MALFORMED, "a move without its three ids")
        source, from_, to = named
        found.append(Move(source, from_, to))
    return found


def _response(move: Move) -> Element:
    return Element(
        "Move:Response",
        [
            Element("Move:SrcMsgId", move.source),
            Element("Move:Status", str(int(move.status))),
            *([Element("Move:DstMsgId", move.target)] if move.target else []),
        ],
    )


async def _remembered(session: Session) -> dict[tuple[str, str], str]:
    kept = await session.store.kept(session.device.user, session.device.id, REMEMBERED)
    return _load(kept.value)


def _load(value: object) -> dict[tuple[str, str], str]:
    try:
        found = stored.fields(value, VERSION)
        return {
            (stored.text(source), stored.text(to)): stored.text(target)
            for source, to, target in stored.rows(found.get("moves"), 3)
        }
    except StoredStateError:
        return {}


async def _remember(session: Session, moves: Sequence[Move]) -> None:
    """Keep where the last items went; it's for lost answers only, so the oldest may go."""
    done = {(move.source, move.to): move.target for move in moves if move.status == Status.DONE}
    if not done:
        return
    device = session.device
    for _ in range(3):
        kept = await session.store.kept(device.user, device.id, REMEMBERED)
        all_ = {**_load(kept.value), **done}
        last = list(all_.items())[-_REMEMBERED_MOST:]
        value: Json = {
            "version": VERSION,
            "moves": [[source, to, target] for (source, to), target in last],
        }
        try:
            await session.store.keep(device.user, device.id, REMEMBERED, value, kept.revision)
        except OvertakenError:
            continue
        return
