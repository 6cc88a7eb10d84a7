"""The command as a whole: several operations, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync.commands.item_operations.empty import empty
from fermoposta.activesync.commands.item_operations.fetch import Contents, fetch
from fermoposta.activesync.commands.item_operations.move import Moves
from fermoposta.activesync.commands.item_operations.status import Status
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from fermoposta.activesync.session import Answer, Asked, Session

_FETCH, _EMPTY, _MOVE = (
    f"ItemOperations:{each}" for each in ("Fetch", "EmptyFolderContents", "Move")
)
_OPERATIONS = {_FETCH, _EMPTY, _MOVE}
_MOST = 500
"""Operations of one request."""


async def handle(session: Session, asked: Asked) -> Answer:
    """Answer ItemOperations."""
    element = asked.element
    operations = () if element is None else element.elements
    if not operations or len(operations) > _MOST:
        raise CommandError(Status.PROTOCOL, "no operations, or too many")
    for each in operations:
        # Nothing is done for what isn't named, nor for what is named beside it.
        known = each.tag in _OPERATIONS and (each.tag != _MOVE or session.version >= "14.0")
        if not known:
            raise CommandError(Status.PROTOCOL, f"{each.tag} is no operation")
    contents, moves = Contents(session.request.accept_multipart), Moves(session)
    try:
        answers = [await _answer(session, each, contents, moves) for each in operations]
    except BaseException:
        contents.close()
        raise
    return contents.answer(
        Element(
            "ItemOperations:ItemOperations",
            [
                Element("ItemOperations:Status", str(int(Status.OK))),
                Element("ItemOperations:Response", answers),
            ],
        )
    )


async def _answer(session: Session, asked: Element, contents: Contents, moves: Moves) -> Element:
    if asked.tag == _FETCH:
        return await fetch(session, asked, contents)
    if asked.tag == _EMPTY:
        return await empty(session, asked)
    return await moves.move(asked)
