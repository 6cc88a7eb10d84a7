"""
The folders of a user as devices see them (FolderSync, MS-ASCMD, section 2.2.1.5).

Mail folders come from the mailbox, calendars, tasks and address books from the groupware. What
others share stands below one folder of its own, a branch for each of them. Notes are a mail folder
in Apple's format. The company's address book is a folder too, which nobody can change.

An id stays with its folder however it is renamed, and is never given to another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

from fermoposta.activesync.store.model import FolderKey
from fermoposta.mailstore.groupware import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fermoposta.activesync.store.model import Store
    from fermoposta.mailstore.groupware import Collection
    from fermoposta.mailstore.mailbox import Folder as MailFolder

ROOT = "0"
"""The parent of what has none."""
MAIL, NOTES, PEOPLE, SHARED = "mail", "notes", "people", "shared"
"""Kinds of FolderKey besides those of groupware.Kind."""
NOTES_FOLDER = "Notes"
"""Where Apple's programs keep notes in a mailbox."""


class Type(IntEnum):
    """What a folder is for (section 2.2.3.186.3)."""

    GENERIC = 1
    INBOX = 2
    DRAFTS = 3
    DELETED = 4
    SENT = 5
    TASKS = 7
    CALENDAR = 8
    CONTACTS = 9
    NOTES = 10
    USER_MAIL = 12
    USER_CALENDAR = 13
    USER_CONTACTS = 14
    USER_TASKS = 15
    USER_NOTES = 17

    @property
    def class_(self) -> str:
        """The class of what is in it (section 2.2.3.27.5)."""
        return _CLASSES.get(self, "Email")

    @property
    def default(self) -> bool:
        """Whether every user has one, which can neither be renamed nor deleted."""
        return Type.INBOX <= self <= Type.NOTES


_CLASSES = {
    Type.CALENDAR: "Calendar",
    Type.USER_CALENDAR: "Calendar",
    Type.CONTACTS: "Contacts",
    Type.USER_CONTACTS: "Contacts",
    Type.TASKS: "Tasks",
    Type.USER_TASKS: "Tasks",
    Type.NOTES: "Notes",
    Type.USER_NOTES: "Notes",
}

_SPECIAL = {"\\Drafts": Type.DRAFTS, "\\Sent": Type.SENT, "\\Trash": Type.DELETED}
_DEFAULTS = {
    Kind.EVENTS: Type.CALENDAR,
    Kind.TASKS: Type.TASKS,
    Kind.CONTACTS: Type.CONTACTS,
}
_OTHERS = {
    Kind.EVENTS: Type.USER_CALENDAR,
    Kind.TASKS: Type.USER_TASKS,
    Kind.CONTACTS: Type.USER_CONTACTS,
}

_NAMES = {
    "en": {
        "inbox": "Inbox",
        "shared": "Shared",
        Kind.EVENTS: "Calendar",
        Kind.TASKS: "Tasks",
        Kind.CONTACTS: "Contacts",
        NOTES: "Notes",
        PEOPLE: "Company address book",
    },
    "it": {
        "inbox": "Posta in arrivo",
        "shared": "Condivisi",
        Kind.EVENTS: "Calendario",
        Kind.TASKS: "Attività",
        Kind.CONTACTS: "Contatti",
        NOTES: "Note",
        PEOPLE: "Rubrica aziendale",
    },
}


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as devices know it, and where it is."""

    id: str
    parent: str
    name: str
    type: Type
    key: FolderKey
    path: str = ""
    """The name of the mail folder, or the path of the collection."""
    owner: str | None = None
    """Who shares it, where it is not the user's own."""
    writable: bool = True
    origin: str = ""
    """What its owner knows a collection by."""

    @property
    def class_(self) -> str:
        """The class of what is in it."""
        return self.type.class_

    @property
    def is_mail(self) -> bool:
        """Whether it holds mail."""
        return self.key.kind == MAIL and bool(self.path)


class Tree:
    """All folders of a user, parents before what is below them."""

    def __init__(self, folders: Iterable[Folder]) -> None:
        self.folders = tuple(folders)
        self._by_id = {folder.id: folder for folder in self.folders}

    def __iter__(self) -> Iterator[Folder]:
        """Yield the folders."""
        return iter(self.folders)

    def get(self, folder: str) -> Folder | None:
        """Return the folder of this id."""
        return self._by_id.get(folder)

    def of_type(self, type_: Type) -> Folder | None:
        """Return the first folder of *type_*."""
        return next((each for each in self.folders if each.type is type_), None)

    @property
    def trash(self) -> Folder | None:
        """Where deleted mail goes."""
        return self.of_type(Type.DELETED)

    def at(self, kind: str, path: str) -> Folder | None:
        """Return the folder of *kind* that is at *path*."""
        return next(
            (each for each in self.folders if each.key.kind == kind and each.path == path), None
        )


@dataclass(frozen=True, slots=True)
class _Found:
    key: FolderKey
    parent: FolderKey | None
    name: str
    type: Type
    path: str = ""
    owner: str | None = None
    writable: bool = True
    origin: str = ""


async def tree_of(
    store: Store,
    user: str,
    language: str,
    mail: Sequence[MailFolder],
    collections: Sequence[Collection],
) -> Tree:
    """Return the tree of *user*'s folders, each with its id."""
    found = [*_of_mail(mail, language), *_of_groupware(collections, language)]
    found += _of_ours(language)
    found = [*_branches(found, language), *found]
    ids = await store.folder_ids(user, [each.key for each in found])
    folders = [
        Folder(
            ids[each.key],
            ROOT if each.parent is None else ids[each.parent],
            each.name,
            each.type,
            each.key,
            each.path,
            each.owner,
            each.writable,
            each.origin,
        )
        for each in found
    ]
    return Tree(_told_apart(folders))


def _of_mail(folders: Sequence[MailFolder], language: str) -> Iterator[_Found]:
    """Yield the mail folders; a level that holds none is left out of the names below it."""
    keys = {each.name: FolderKey(MAIL, each.guid) for each in folders if each.selectable}
    taken: set[Type] = set()
    for each in sorted(folders, key=lambda folder: folder.name.split("/")):
        if not each.selectable or (each.owner is None and each.name == NOTES_FOLDER):
            continue
        parent, name = _parent(each, keys)
        type_ = Type.USER_MAIL
        if each.owner is None:
            type_ = Type.INBOX if each.name == "INBOX" else _SPECIAL.get(each.special or "", type_)
        if type_ is Type.INBOX or (each.owner is not None and name == "INBOX"):
            name = _NAMES[language]["inbox"]
        if type_ in taken:
            type_ = Type.USER_MAIL
        taken |= {type_} if type_.default else set()
        yield _Found(keys[each.name], parent, name, type_, each.name, each.owner)


def _parent(folder: MailFolder, keys: dict[str, FolderKey]) -> tuple[FolderKey | None, str]:
    """Return the nearest folder above *folder*, and the name below that."""
    parts = folder.name.split("/")
    for at in range(len(parts) - 1, 0, -1):
        above = keys.get("/".join(parts[:at]))
        if above is not None:
            return above, "/".join(parts[at:])
    if folder.owner is None:
        return None, folder.name
    # What stands before it is the branch of its owner, which has a folder of its own here.
    at = next((i for i, part in enumerate(parts) if part == folder.owner), 0)
    return FolderKey(SHARED, folder.owner), "/".join(parts[at + 1 :]) or "INBOX"


def _of_groupware(collections: Sequence[Collection], language: str) -> Iterator[_Found]:
    for kind in Kind:
        for each in sorted(collections, key=lambda one: (not one.default, one.name)):
            if kind not in each.kinds:
                continue
            own = each.owner is None
            default = own and each.default
            yield _Found(
                FolderKey(kind, each.path),
                None if own else FolderKey(SHARED, each.owner or ""),
                _NAMES[language][kind] if default else each.name,
                _DEFAULTS[kind] if default else _OTHERS[kind],
                each.path,
                each.owner,
                each.writable,
                each.origin or each.path,
            )


def _of_ours(language: str) -> Iterator[_Found]:
    """Yield what no server lists: notes, which may have no folder yet, and the address book."""
    names = _NAMES[language]
    yield _Found(FolderKey(NOTES, ""), None, names[NOTES], Type.NOTES, NOTES_FOLDER)
    yield _Found(FolderKey(PEOPLE, ""), None, names[PEOPLE], Type.USER_CONTACTS, writable=False)


def _branches(found: Sequence[_Found], language: str) -> Iterator[_Found]:
    """Yield the folder for all that is shared, and in it one for each who shares."""
    owners = sorted({each.owner for each in found if each.owner is not None})
    if owners:
        root = FolderKey(SHARED, "")
        yield _Found(root, None, _NAMES[language]["shared"], Type.USER_MAIL, writable=False)
        for owner in owners:
            key = FolderKey(SHARED, owner)
            yield _Found(key, root, owner, Type.USER_MAIL, owner=owner, writable=False)


def _told_apart(folders: Sequence[Folder]) -> Iterator[Folder]:
    """Yield *folders*; of those with one name below one parent the later ones get a number."""
    taken: set[tuple[str, str]] = set()
    for folder in folders:
        name, number = folder.name, 1
        while (folder.parent, name.casefold()) in taken:
            number += 1
            name = f"{folder.name} ({number})"
        taken.add((folder.parent, name.casefold()))
        yield folder if name == folder.name else replace(folder, name=name)
