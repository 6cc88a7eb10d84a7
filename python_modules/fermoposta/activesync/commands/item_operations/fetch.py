"""Fetch: an item, or an attachment or a part of it (MS-ASCMD, section 2.2.3.67.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fermoposta.activesync import multipart, options, serverid, spool
from fermoposta.activesync.commands.item_operations.status import OperationError, Status
from fermoposta.activesync.map.mail import bodystructure
from fermoposta.activesync.map.mail.errors import MailError
from fermoposta.activesync.session import Answer
from fermoposta.activesync.sources.base import NOT_THERE
from fermoposta.activesync.sources.choose import source_of
from fermoposta.activesync.sources.objects import CalendarSource
from fermoposta.activesync.spool import Spool
from fermoposta.activesync.wbxml import Element, encode
from fermoposta.mailstore.mailbox import MessageMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fermoposta.activesync.folders import Folder
    from fermoposta.activesync.map.mail.bodystructure import Part
    from fermoposta.activesync.session import Session

_RANGE = re.compile("([0-9]{1,10})-([0-9]{1,10})")


@dataclass(slots=True)
class Contents:
    """What is sent beside the document, or inside of it in base64."""

    as_parts: bool
    spools: dict[str, Spool] = field(default_factory=dict)

    def place(self, content: Spool) -> Element:
        """Return the element that stands for *content*."""
        if self.as_parts:
            self.spools[str(len(self.spools))] = content
            return Element("ItemOperations:Part", str(len(self.spools)))
        mark = spool.new_mark()
        self.spools[mark] = content
        return Element("ItemOperations:Data", mark)

    def text(self, data: bytes) -> Element:
        """Return the element for the text of a body that is sent as a part."""
        content = Spool()
        content.put(data)
        self.spools[str(len(self.spools))] = content
        return Element("ItemOperations:Part", str(len(self.spools)))

    def answer(self, document: Element) -> Answer:
        """Return the answer that holds *document* and the contents."""
        if self.as_parts:
            first = encode(document)
            spools = list(self.spools.values())
            head = multipart.head([len(first), *(each.size for each in spools)])
            return Answer(
                headers={"content-type": multipart.CONTENT_TYPE},
                pieces=spool.as_parts(head, first, spools),
            )
        if self.spools:
            return Answer(
                headers={"content-type": "application/vnd.ms-sync.wbxml"},
                pieces=spool.in_base64(document, self.spools),
            )
        return Answer(document)

    def close(self) -> None:
        """Let go of the contents of an answer that is not sent."""
        for each in self.spools.values():
            each.close()


async def fetch(session: Session, asked: Element, contents: Contents) -> Element:
    """Return the ``Fetch`` of the answer."""
    named = [Element(each.tag, each.text) for each in asked.elements if each.tag in _NAMES]
    store = (asked.text_of("ItemOperations:Store") or "").strip().lower()
    if store != "mailbox":
        return _answer(Status.STORE, named)
    try:
        properties, folder = await _properties(session, asked, contents)
        class_ = []
        if folder is not None and asked.find("AirSyncBase:FileReference") is None:
            class_ = [Element("AirSync:Class", folder.class_)]
        return _answer(
            Status.OK, [*named, *class_, Element("ItemOperations:Properties", properties)]
        )
    except OperationError as error:
        return _answer(error.status, named)


_NAMES = (
    "AirSync:CollectionId",
    "AirSync:ServerId",
    "Search:LongId",
    "AirSyncBase:FileReference",
)


def _answer(status: Status, children: Sequence[Element]) -> Element:
    said = Element("ItemOperations:Status", str(int(status)))
    return Element("ItemOperations:Fetch", [said, *children])


async def _properties(
    session: Session, asked: Element, contents: Contents
) -> tuple[list[Element], Folder | None]:
    wanted = asked.find("ItemOperations:Options") or Element("ItemOperations:Options")
    try:
        reference = asked.text_of("AirSyncBase:FileReference")
        if reference is not None:
            return await _attachment(session, reference.strip(), wanted, contents), None
        id_ = (asked.text_of("AirSync:ServerId") or asked.text_of("Search:LongId") or "").strip()
        if not id_:
            raise OperationError(Status.PROTOCOL)
        folder_id, item = serverid.split(id_)
        folder = (await session.hub.tree()).get(folder_id)
        if folder is None or asked.text_of("AirSync:CollectionId") not in {None, folder_id}:
            raise OperationError(Status.MISSING)
        found = await _item(session, folder, item, wanted)
    except serverid.ServerIdError as error:
        broken = Status.ATTACHMENT if reference is not None else Status.MISSING
        raise OperationError(broken) from error
    except NOT_THERE as error:
        raise OperationError(Status.MISSING) from error
    children = list(_chosen(found, wanted))
    if contents.as_parts:
        children = [_with_part(each, contents) for each in children]
    return children, folder


async def _item(session: Session, folder: Folder, item: str, wanted: Element) -> Element:
    try:
        said = options.parse([wanted])
    except options.OptionsError as error:
        raise OperationError(Status.PROTOCOL) from error
    source = source_of(session, folder, said)
    found = await source.fetch(source.empty(), item)
    if found.data is None:
        raise OperationError(Status.FAILED if found.reason else Status.MISSING)
    return found.data


def _chosen(data: Element, wanted: Element) -> Iterator[Element]:
    """Yield the properties that were asked for (Schema), or all; a body that was asked for too."""
    schema = wanted.find("ItemOperations:Schema")
    if schema is None:
        yield from data.elements
        return
    tags = {each.tag for each in schema.elements}
    if wanted.find("AirSyncBase:BodyPreference") is not None:
        tags.add("AirSyncBase:Body")
    yield from (each for each in data.elements if each.tag in tags)


def _with_part(element: Element, contents: Contents) -> Element:
    """Return a body whose text is a part of its own; any other element as it is."""
    data = element.find("AirSyncBase:Data")
    if element.tag != "AirSyncBase:Body" or data is None:
        return element
    part = contents.text(data.data)
    return Element(element.tag, [part if each is data else each for each in element.elements])


async def _attachment(
    session: Session, reference: str, wanted: Element, contents: Contents
) -> list[Element]:
    folder_id, item, section = serverid.split_file(reference)
    folder = (await session.hub.tree()).get(folder_id)
    if folder is None:
        raise OperationError(Status.ATTACHMENT)
    first_last = _range(wanted)
    if folder.is_mail:
        content, part = await attachment(session, folder, item, section, first_last)
        type_ = part.type
    else:
        content, type_ = await _of_appointment(session, folder, item, section, first_last)
    ranged = []
    if first_last is not None:
        first, last = first_last
        if first >= content.total:
            content.close()
            raise OperationError(Status.RANGE)
        shown = f"{first}-{min(last, content.total - 1)}"
        ranged = [
            Element("ItemOperations:Range", shown),
            Element("ItemOperations:Total", str(content.total)),
        ]
    return [Element("AirSyncBase:ContentType", type_), *ranged, contents.place(content)]


async def attachment(
    session: Session, folder: Folder, item: str, section: str, range_: tuple[int, int] | None
) -> tuple[Spool, Part]:
    """Return an attachment's content, and what it is; raises OperationError."""
    uid = serverid.uid_of(item)
    summary = (await session.mail.summaries(folder.path, [uid])).get(uid)
    if summary is None:
        raise OperationError(Status.ATTACHMENT)
    try:
        structure = bodystructure.parse(summary.structure)
    except MailError as error:
        raise OperationError(Status.ATTACHMENT) from error
    part = next((each for each in structure.walk() if each.section == section), None)
    if part is None or part.main == "multipart":
        raise OperationError(Status.ATTACHMENT)
    content = Spool()
    first, last = range_ or (0, None)
    try:
        await content.fill(session.mail.stream(folder.path, uid, section), first, last)
    except MessageMissingError as error:
        content.close()
        raise OperationError(Status.ATTACHMENT) from error
    except BaseException:
        content.close()
        raise
    return content, part


async def _of_appointment(
    session: Session, folder: Folder, item: str, key: str, range_: tuple[int, int] | None
) -> tuple[Spool, str]:
    """Return the content of a file on an appointment, and its type; raises OperationError."""
    source = source_of(session, folder, options.Options())
    found = await source.file(item, key) if isinstance(source, CalendarSource) else None
    if found is None:
        raise OperationError(Status.ATTACHMENT)
    content = Spool()
    content.put(found.file.content, *(range_ or ()))
    return content, found.type


def _range(wanted: Element) -> tuple[int, int] | None:
    text = wanted.text_of("ItemOperations:Range")
    if text is None:
        return None
    found = _RANGE.fullmatch(text.strip())
    if not found or int(found[2]) < int(found[1]):
        raise OperationError(Status.RANGE)
    return int(found[1]), int(found[2])
