"""
FolderCreate, FolderUpdate, FolderDelete (MS-ASCMD, sections 2.2.1.3, 2.2.1.6, 2.2.1.4).

Each carries the key of FolderSync, and is answered with the next one. A client that did not get the
answer repeats its request, and is answered the same once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.activesync import folders, hierarchy
from fermoposta.activesync.digest import digest_of
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.folders import ROOT, Type
from fermoposta.activesync.session import Answer
from fermoposta.activesync.state.errors import SyncKeyError
from fermoposta.activesync.state.generations import Turn
from fermoposta.activesync.state.items import Kind as Change
from fermoposta.activesync.state.items import Response
from fermoposta.activesync.wbxml import Element
from fermoposta.mailstore.groupware import (
    ChangedError,
    CollectionMissingError,
    DeniedError,
    InvalidError,
    Kind,
)
from fermoposta.mailstore.mailbox import (
    FolderExistsError,
    FolderMissingError,
    ForbiddenError,
    QuotaError,
    RefusedError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fermoposta.activesync.folders import Folder, Tree
    from fermoposta.activesync.session import Asked, Session

OK, EXISTS, SPECIAL, MISSING, NO_PARENT, SERVER, BAD_KEY, MALFORMED = 1, 2, 3, 4, 5, 6, 9, 10
"""Status (MS-ASCMD, sections 2.2.3.177.2, 2.2.3.177.3 and 2.2.3.177.5)."""
_LONGEST_NAME = 256
_MAIL_TYPES = {Type.GENERIC, Type.USER_MAIL}
_KINDS = {
    Type.USER_CALENDAR: Kind.EVENTS,
    Type.USER_TASKS: Kind.TASKS,
    Type.USER_CONTACTS: Kind.CONTACTS,
}


@dataclass(frozen=True, slots=True)
class _Request:
    session: Session
    element: Element
    tree: Tree

    def text(self, name: str) -> str:
        """Return the text of a field that must be there."""
        found = (self.element.text_of(f"FolderHierarchy:{name}") or "").strip()
        if not found:
            raise CommandError(MALFORMED, f"no {name}")
        return found

    def name(self) -> str:
        """Return the name that the folder shall have."""
        name = self.text("DisplayName")
        if len(name) > _LONGEST_NAME or not name.isprintable() or "/" in name:
            raise CommandError(MALFORMED, "a name that no folder can have")
        return name

    def parent(self) -> Folder | None:
        """Return what the folder shall stand below; None for nothing."""
        id_ = self.text("ParentId")
        found = self.tree.get(id_)
        if id_ != ROOT and found is None:
            raise CommandError(NO_PARENT, "no such parent")
        return found


async def create(session: Session, asked: Asked) -> Answer:
    """Answer FolderCreate."""
    return await _run(session, asked, "FolderCreate", _create)


async def update(session: Session, asked: Asked) -> Answer:
    """Answer FolderUpdate."""
    return await _run(session, asked, "FolderUpdate", _update)


async def delete(session: Session, asked: Asked) -> Answer:
    """Answer FolderDelete."""
    return await _run(session, asked, "FolderDelete", _delete)


async def _run(
    session: Session,
    asked: Asked,
    command: str,
    change: Callable[[_Request], Awaitable[tuple[str, str]]],
) -> Answer:
    element = asked.element
    root = f"FolderHierarchy:{command}"
    if element is None or element.tag != root:
        raise CommandError(MALFORMED, f"no {command}")
    key = (element.text_of("FolderHierarchy:SyncKey") or "").strip()
    if not key:
        raise CommandError(MALFORMED, "no SyncKey")
    known = await hierarchy.read(session)
    try:
        turn, collection = hierarchy.received(known, key)
    except SyncKeyError as error:
        raise CommandError(BAD_KEY, str(error)) from error
    if turn is Turn.FIRST:
        raise CommandError(BAD_KEY, "SyncKey 0: FolderSync comes first")
    digest = digest_of(element)
    if turn is Turn.AGAIN and collection.pending is not None:
        before = collection.pending.response_to(Change.ADD, command, digest)
        if before is not None:
            return _answer(root, str(collection.key), before.server_id or "")
    request = _Request(session, element, await session.hub.tree(fresh=True))
    created, touched = await change(request)
    session.hub.forget_tree()
    now = hierarchy.state_of(await session.hub.tree(fresh=True), session.version)
    if command == "FolderCreate":
        created = touched = _id_at(await session.hub.tree(), created)
    # Of what else has changed meanwhile the device is told by FolderSync.
    state = {**hierarchy.base_of(collection)}
    state.pop(touched, None)
    if touched in now:
        state[touched] = now[touched]
    response = Response(Change.ADD, command, digest, OK, created)
    answered = await hierarchy.answering(session, known, collection, state, [response])
    return _answer(root, answered, created if command == "FolderCreate" else "")


def _answer(root: str, key: str, created: str) -> Answer:
    children = [
        Element("FolderHierarchy:Status", str(OK)),
        Element("FolderHierarchy:SyncKey", key),
        *([Element("FolderHierarchy:ServerId", created)] if created else []),
    ]
    return Answer(Element(root, children))


async def _create(request: _Request) -> tuple[str, str]:
    """Make the folder; return where it is."""
    name, parent = request.name(), request.parent()
    try:
        type_ = Type(int(request.text("Type")))
    except ValueError as error:
        raise CommandError(MALFORMED, "a type that no folder has") from error
    groupware = request.session.groupware
    try:
        if type_ in _KINDS:
            if any(
                each.type.class_ == type_.class_ and each.owner is None and each.name == name
                for each in request.tree
            ):
                raise CommandError(EXISTS, "the name is taken")
            return (await groupware.create(name, _KINDS[type_])).path, ""
        if type_ not in _MAIL_TYPES:
            raise CommandError(MALFORMED, "a type that clients can't make")
        path = _below(parent, name)
        await request.session.mail.create(path)
    except (FolderExistsError, ChangedError) as error:
        raise CommandError(EXISTS, "the name is taken") from error
    except (ForbiddenError, DeniedError, QuotaError, RefusedError, InvalidError) as error:
        raise CommandError(SPECIAL, type(error).__name__) from error
    return path, ""


async def _update(request: _Request) -> tuple[str, str]:
    """Rename or move the folder."""
    folder = _changeable(request, EXISTS)
    name, parent = request.name(), request.parent()
    session = request.session
    try:
        if folder.is_mail:
            if parent is not None and _is_in(request.tree, parent, folder):
                raise CommandError(NO_PARENT, "a folder below itself")
            path = _below(parent, name)
            if path != folder.path:
                await session.mail.rename(folder.path, path)
        else:
            await session.groupware.rename(folder.path, name)
    except (FolderExistsError, ChangedError) as error:
        raise CommandError(EXISTS, "the name is taken") from error
    except (FolderMissingError, CollectionMissingError) as error:
        raise CommandError(MISSING, "the folder is gone") from error
    except (ForbiddenError, DeniedError, RefusedError, QuotaError, InvalidError) as error:
        raise CommandError(EXISTS, type(error).__name__) from error
    return "", folder.id


async def _delete(request: _Request) -> tuple[str, str]:
    """Delete the folder with all that is in it; a restore still brings it back."""
    folder = _changeable(request, SPECIAL)
    session = request.session
    try:
        if folder.is_mail:
            below = [each for each in request.tree if _is_in(request.tree, each, folder)]
            if any(each.type.default for each in below):
                raise CommandError(SPECIAL, "a folder that everybody has is in it")
            for each in sorted(below, key=lambda one: -len(one.path)):
                await session.mail.delete(each.path)
        else:
            await session.groupware.remove(folder.path)
    except (FolderMissingError, CollectionMissingError) as error:
        raise CommandError(MISSING, "the folder is gone") from error
    except (ForbiddenError, DeniedError, RefusedError, InvalidError) as error:
        raise CommandError(SPECIAL, type(error).__name__) from error
    return "", folder.id


def _changeable(request: _Request, refusal: int) -> Folder:
    """Return the folder that is named, where a client may rename and delete it."""
    folder = request.tree.get(request.text("ServerId"))
    if folder is None:
        raise CommandError(MISSING, "no such folder")
    fixed = folder.type.default or folder.key.kind in {folders.SHARED, folders.PEOPLE}
    if fixed or (folder.owner is not None and not folder.is_mail):
        raise CommandError(refusal, "a folder that stays as it is")
    return folder


def _is_in(tree: Tree, folder: Folder, above: Folder) -> bool:
    """Whether *folder* is *above* or below it."""
    at: Folder | None = folder
    while at is not None:
        if at.id == above.id:
            return True
        at = tree.get(at.parent)
    return False


def _below(parent: Folder | None, name: str) -> str:
    if parent is None:
        return name
    if not parent.is_mail:
        raise CommandError(NO_PARENT, "no mail folder")
    return f"{parent.path}/{name}"


def _id_at(tree: Tree, path: str) -> str:
    found = next((each for each in tree if each.path == path), None)
    if found is None:
        raise CommandError(SERVER, "the folder that was made is not there")
    return found.id
