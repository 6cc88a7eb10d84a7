"""MoveItems, ItemOperations and GetAttachment (MS-ASCMD, sections 2.2.1.12, 2.2.1.10, 2.2.1.8)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.activesync.client.elements import check, flag, make, needed, number, root, value
from fermoposta.activesync.client.errors import AnswerError
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fermoposta.activesync.client.client import Client
    from fermoposta.activesync.client.connection import Reply
    from fermoposta.activesync.client.options import Body

OPERATIONS = "ItemOperations"
OPERATIONS_ROOT = "ItemOperations:ItemOperations"
MOVE = "MoveItems"
MOVED = 3
"""MoveItems has no other success (section 2.2.3.177.10)."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How the move of one item ended; *new_id* where it is now."""

    old_id: str
    status: int
    new_id: str | None

    @property
    def done(self) -> bool:
        """Whether it is in the other folder."""
        return self.status == MOVED


@dataclass(frozen=True, slots=True)
class Fetched:
    """An item, or an attachment: its properties, and its content where it has one."""

    properties: Element
    content: bytes | None
    total: int | None
    """Bytes of the whole, where a range was asked for."""


def move_items(client: Client, moves: Sequence[tuple[str, str, str]]) -> list[Moved]:
    """
    Move items, each an id with its folder and the one to move to.

    What was moved leaves the device's memory, and comes into that of the other folder.
    """
    entries = [
        make(
            "Move:Move",
            value("Move:SrcMsgId", item),
            value("Move:SrcFldId", source),
            value("Move:DstFldId", target),
        )
        for item, source, target in moves
    ]
    answer = root(MOVE, client.ask(MOVE, make("Move:MoveItems", *entries)), "Move:MoveItems")
    if answer.find("Move:Response") is None:
        check(MOVE, answer, answer, "Move:Status", good={MOVED})
    moved = [
        Moved(
            needed(MOVE, each, "Move:SrcMsgId"),
            number(MOVE, each, "Move:Status") or 0,
            each.text_of("Move:DstMsgId"),
        )
        for each in answer.find_all("Move:Response")
    ]
    places = {item: (source, target) for item, source, target in moves}
    for each in moved:
        if each.old_id not in places:
            raise AnswerError(MOVE, f"{each.old_id} was not asked for")
        if each.done:
            _remember(client, each, *places[each.old_id])
    return moved


def _remember(client: Client, moved: Moved, source: str, target: str) -> None:
    """Keep the item where it is now, if the device has that folder; no Add is to come for it."""
    data = client.device.collection(source).items.pop(moved.old_id, None)
    known = client.device.collections.get(target)
    if data is not None and known is not None and moved.new_id is not None:
        known.add(moved.new_id, data)


def fetch_item(
    client: Client,
    folder: str,
    item: str,
    *,
    bodies: Sequence[Body] = (),
    mime_support: int | None = None,
    byte_range: tuple[int, int] | None = None,
    parts: bool = False,
) -> Fetched:
    """Return an item as a whole; with *parts* the answer comes in several."""
    what = (value("AirSync:CollectionId", folder), value("AirSync:ServerId", item))
    options = _options(bodies, mime_support, byte_range)
    return _fetch(client, what, options, parts=parts)


def fetch_found(client: Client, long_id: str, *, bodies: Sequence[Body] = ()) -> Fetched:
    """Return an item that a search has found."""
    what = (value("Search:LongId", long_id),)
    return _fetch(client, what, _options(bodies, None, None), parts=False)


def fetch_attachment(
    client: Client,
    reference: str,
    *,
    byte_range: tuple[int, int] | None = None,
    parts: bool = False,
) -> Fetched:
    """Return an attachment, or the bytes of it from the first to the last of *byte_range*."""
    what = (value("AirSyncBase:FileReference", reference),)
    return _fetch(client, what, _options((), None, byte_range), parts=parts)


def get_attachment(client: Client, name: str) -> tuple[bytes, str | None]:
    """Return an attachment and its type as 12.1 has it: nothing else in the answer."""
    return client.connection.fetch(client.request("GetAttachment", attachment_name=name))


def empty_folder(client: Client, folder: str, *, sub_folders: bool = False) -> None:
    """Delete all items of a folder; its folders only with *sub_folders*."""
    document = make(
        "ItemOperations:EmptyFolderContents",
        value("AirSync:CollectionId", folder),
        make("ItemOperations:Options", Element("ItemOperations:DeleteSubFolders"))
        if sub_folders
        else None,
    )
    _operate(client, document)


def move_conversation(
    client: Client, conversation: bytes, folder: str, *, always: bool = False
) -> None:
    """Move a conversation to a folder; *always* also what will come of it, from 14.0 on."""
    document = make(
        "ItemOperations:Move",
        value("ItemOperations:ConversationId", conversation),
        value("ItemOperations:DstFldId", folder),
        make("ItemOperations:Options", flag("ItemOperations:MoveAlways", always))
        if always
        else None,
    )
    _operate(client, document)


def _operate(client: Client, document: Element) -> None:
    """Have an operation done that has an answer of its own name."""
    asked = make(OPERATIONS_ROOT, document)
    answer = root(OPERATIONS, client.ask(OPERATIONS, asked), OPERATIONS_ROOT)
    _response(answer, document.tag)


def _options(
    bodies: Sequence[Body], mime_support: int | None, byte_range: tuple[int, int] | None
) -> Element | None:
    inside = [
        value("AirSync:MIMESupport", mime_support),
        *(body.element() for body in bodies),
        value("ItemOperations:Range", _range(byte_range)),
    ]
    return make("ItemOperations:Options", *inside) if any(inside) else None


def _range(byte_range: tuple[int, int] | None) -> str | None:
    return None if byte_range is None else f"{byte_range[0]}-{byte_range[1]}"


def _fetch(
    client: Client, what: Sequence[Element | None], options: Element | None, *, parts: bool
) -> Fetched:
    asked = make(
        OPERATIONS_ROOT,
        make(
            "ItemOperations:Fetch",
            value("ItemOperations:Store", "Mailbox"),
            *what,
            options,
        ),
    )
    if parts:
        reply = client.ask_parts(OPERATIONS, asked)
    else:
        reply = client.connection.ask(client.request(OPERATIONS), asked)
    answer = root(OPERATIONS, reply.document, OPERATIONS_ROOT)
    response = _response(answer, "ItemOperations:Fetch")
    properties = response.find("ItemOperations:Properties")
    if properties is None:
        raise AnswerError(OPERATIONS, "a Fetch without Properties")
    return Fetched(
        properties,
        _content(properties, reply),
        number(OPERATIONS, properties, "ItemOperations:Total"),
    )


def _response(answer: Element, tag: str) -> Element:
    """Return the first response named *tag*, if it says that all is well."""
    check(OPERATIONS, answer, answer, "ItemOperations:Status")
    found = answer.find("ItemOperations:Response", tag)
    if found is None:
        raise AnswerError(OPERATIONS, f"no {tag} in the answer")
    check(OPERATIONS, answer, found, "ItemOperations:Status")
    return found


def _content(properties: Element, reply: Reply) -> bytes | None:
    """Return what was fetched: of another part, of the data in base64, or of the body's."""
    for place in (properties, *properties.find_all("AirSyncBase:Body")):
        part = number(OPERATIONS, place, "ItemOperations:Part")
        if part is not None:
            if not 0 < part < len(reply.parts):
                raise AnswerError(OPERATIONS, f"part {part} of {len(reply.parts)}")
            return reply.parts[part]
    data = properties.find("ItemOperations:Data")
    if data is not None:
        try:
            return base64.b64decode(data.data, validate=True)
        except binascii.Error as error:
            raise AnswerError(OPERATIONS, "the data is no base64") from error
    body = properties.find("AirSyncBase:Body", "AirSyncBase:Data")
    return None if body is None else body.data
