"""Folders: which there are, and what is done to them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from fermoposta.mailstore.aioimap import command, utf7
from fermoposta.mailstore.aioimap.parse import Counted, Listed, Rights
from fermoposta.mailstore.aioimap.values import number
from fermoposta.mailstore.mailbox import (
    Folder,
    FolderExistsError,
    FolderMissingError,
    ForbiddenError,
    MailboxError,
    RefusedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fermoposta.mailstore.aioimap.access import Access
    from fermoposta.mailstore.aioimap.connection import Connection
    from fermoposta.mailstore.aioimap.parse import Answer

INBOX = "INBOX"
"""Its name is alike in capitals and small letters (RFC 9051, section 5.1)."""
# X-GUID is Dovecot's own; 2.4.1 has no MAILBOXID (RFC 8474).
_ITEMS = b"(UIDVALIDITY HIGHESTMODSEQ MESSAGES UNSEEN X-GUID)"
_RETURN = b"RETURN (SPECIAL-USE STATUS %b)" % _ITEMS
_SPECIAL = {use.lower(): use for use in (r"\Drafts", r"\Sent", r"\Trash", r"\Junk", r"\Archive")}


def proper(folder: str) -> str:
    """Return the name of *folder* as it is told."""
    return INBOX if folder.upper() == INBOX else folder


class Listing:
    """
    The folders of one user; those of others are below the folder *shared*.

    Special uses are remembered: LIST tells them, and looks at every folder for it, where STATUS
    takes a moment. Dovecot gives them by name, so they stay with it.
    """

    __slots__ = ("_access", "_shared", "_special")

    def __init__(self, access: Access, shared: str) -> None:
        self._access = access
        self._shared = shared
        self._special: dict[str, str] | None = None

    async def folders(self) -> list[Folder]:
        """Return all folders."""
        answers = await self._access.ask(b'LIST "" "*" ' + _RETURN)
        found = _folders(answers.data, self._shared)
        self._special = {each.name: each.special for each in found if each.special}
        return found

    async def status(self, folder: str) -> Folder:
        """Return one folder; raises FolderMissingError."""
        name = command.folder(folder)
        if self._special is not None:
            with suppress(FolderMissingError, ForbiddenError, RefusedError):
                answers = await self._access.ask(b"STATUS %b %b" % (name, _ITEMS))
                for answer in answers.data:
                    if isinstance(answer, Counted):
                        listed = self._listed(answer.name)
                        return _folder(listed, answer, self._shared)
        # Not known yet, or there for what is below it alone.
        for found in await self.folders():
            if found.name == proper(folder):
                return found
        raise FolderMissingError(f"there is no folder {folder!r}")

    def _listed(self, wire: bytes) -> Listed:
        """Return what LIST would say of a folder."""
        use = (self._special or {}).get(proper(utf7.decode(wire)))
        return Listed(frozenset((use,) if use else ()), wire)


async def rights(access: Access, folder: str) -> frozenset[str]:
    """Return the user's rights in *folder*; raises FolderMissingError."""
    name = command.folder(folder)
    # MYRIGHTS alone gives every right in what is not there.
    answers = await access.ask(b'LIST "" ' + name, b"MYRIGHTS " + name)
    there = {utf7.decode(each.name) for each in answers.data if isinstance(each, Listed)}
    if proper(folder) not in there:
        raise FolderMissingError(f"there is no folder {folder!r}")
    letters = [each.letters for each in answers.data if isinstance(each, Rights)]
    return frozenset("".join(letters))


async def create(access: Access, shared: str, folder: str) -> None:
    """Make a folder, and those above it that lack; raises FolderExistsError."""
    above = _above(folder, shared)

    async def act(connection: Connection) -> None:
        for name in above:
            with suppress(MailboxError):  # what matters is said about the folder itself
                made = await connection.run(b"CREATE " + command.folder(name))
                made.check()
                await connection.run(b"SUBSCRIBE " + command.folder(name))
        await _make(connection, folder)
        (await connection.run(b"SUBSCRIBE " + command.folder(folder))).check()

    try:
        await access.change(act)
    finally:
        access.folders_changed()


async def rename(access: Access, folder: str, name: str) -> None:
    """Rename a folder with all below it, subscriptions too."""
    if proper(folder) == INBOX:
        # Dovecot would make another inbox, an empty one.
        raise RefusedError("the inbox can't be renamed")
    if proper(name) == INBOX:
        raise FolderExistsError("there is an inbox already")
    below = command.folder(f"{folder}/*")

    async def act(connection: Connection) -> None:
        listed = await connection.run(
            b'LIST (SUBSCRIBED) "" (%b %b)' % (command.folder(folder), below)
        )
        listed.check()
        (
            await connection.run(b"RENAME %b %b" % (command.folder(folder), command.folder(name)))
        ).check()
        subscribed = [utf7.decode(each.name) for each in listed.data if isinstance(each, Listed)]
        for old in subscribed:
            if old == folder or old.startswith(f"{folder}/"):
                new = name + old.removeprefix(folder)
                await connection.run(
                    b"UNSUBSCRIBE " + command.folder(old), b"SUBSCRIBE " + command.folder(new)
                )

    try:
        await access.change(act)
    finally:
        access.folders_changed()


async def delete(access: Access, folder: str) -> None:
    """Delete a folder; what is below it stays."""
    name = command.folder(folder)

    async def act(connection: Connection) -> None:
        (await connection.run(b"DELETE " + name)).check()
        await connection.run(b"UNSUBSCRIBE " + name)

    try:
        await access.change(act)
    finally:
        access.folders_changed()


async def _make(connection: Connection, folder: str) -> None:
    """Create a folder; Dovecot may not find it at once where others look at the same folders."""
    answers = await connection.run(b"CREATE " + command.folder(folder))
    (status,) = answers.results()
    if status.code == "NONEXISTENT":
        with suppress(FolderExistsError):  # it was made all the same
            (await connection.run(b"CREATE " + command.folder(folder))).check()
        return
    answers.check()


def owner(name: str, shared: str) -> str | None:
    """Return whose folder *name* is; None where it is the user's own."""
    if not name.startswith(f"{shared}/"):
        return None
    return name.removeprefix(f"{shared}/").partition("/")[0]


def _above(folder: str, shared: str) -> list[str]:
    """Return the folders above *folder*, outermost first, without those that are nobody's."""
    parts = folder.split("/")
    start = 3 if parts[0] == shared else 1
    return ["/".join(parts[:count]) for count in range(start, len(parts))]


def _folders(data: Iterable[Answer], shared: str) -> list[Folder]:
    counted: dict[bytes, Counted] = {}
    listed: dict[bytes, Listed] = {}
    for answer in data:
        if isinstance(answer, Counted):
            counted[answer.name] = answer
        elif isinstance(answer, Listed):
            listed[answer.name] = answer
    return [_folder(each, counted.get(name), shared) for name, each in listed.items()]


def _folder(listed: Listed, counted: Counted | None, shared: str) -> Folder:
    name = proper(utf7.decode(listed.name))
    attributes = {attribute.lower() for attribute in listed.attributes}
    special = next((use for low, use in _SPECIAL.items() if low in attributes), None)
    if counted is None:
        return Folder(name, "", 0, 0, special=special, owner=owner(name, shared), selectable=False)
    items = counted.items
    guid = items.get("X-GUID")
    return Folder(
        name,
        guid=guid.decode("ascii", "replace") if isinstance(guid, bytes) else str(guid or ""),
        uidvalidity=number(items.get("UIDVALIDITY")),
        modseq=number(items.get("HIGHESTMODSEQ")),
        messages=number(items.get("MESSAGES")),
        unseen=number(items.get("UNSEEN")),
        special=special,
        owner=owner(name, shared),
    )
