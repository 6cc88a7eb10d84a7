"""FolderSync, FolderCreate, FolderUpdate, FolderDelete (MS-ASCMD, sections 2.2.1.2 to 2.2.1.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync.client.device import FIRST, TOP, Folder
from fermoposta.activesync.client.elements import check, make, needed, number, root, value
from fermoposta.activesync.client.errors import AnswerError, StatusError

if TYPE_CHECKING:
    from fermoposta.activesync.client.client import Client
    from fermoposta.activesync.wbxml import Element

START_AGAIN = 9
"""The SyncKey is not valid: the device asks for everything."""

INBOX, DRAFTS, TRASH, SENT, OUTBOX = 2, 3, 4, 5, 6
TASKS, CALENDAR, CONTACTS, NOTES = 7, 8, 9, 10
USER_MAIL = 12
USER_CALENDAR, USER_CONTACTS, USER_TASKS, USER_NOTES = 13, 14, 15, 17
"""Types of folders (section 2.2.3.186.3)."""


def folder_sync(client: Client) -> tuple[str, ...]:
    """Bring the folders up to date and return the ids of those that changed."""
    device, command = client.device, "FolderSync"
    before = device.folder_key
    answer = _ask(client, command, value("FolderHierarchy:SyncKey", before))
    key = needed(command, answer, "FolderHierarchy:SyncKey")
    changes = answer.find("FolderHierarchy:Changes")
    found = changes.elements if changes is not None else ()
    entries = [each for each in found if each.name != "Count"]
    count = None
    if changes is not None:
        count = number(command, changes, "FolderHierarchy:Count")
    if count is not None and count != len(entries):
        device.odd_folders.append(f"FolderSync says {count} changes and has {len(entries)}")
    if before == FIRST:
        device.reset_folders()
    changed = tuple(_apply(client, each) for each in entries)
    device.folder_key = key
    device.note_orphans()
    return changed


def create(client: Client, name: str, *, parent: str = TOP, kind: int = USER_MAIL) -> Folder:
    """Make a folder and return it."""
    answer = _ask(
        client,
        "FolderCreate",
        value("FolderHierarchy:SyncKey", client.device.folder_key),
        value("FolderHierarchy:ParentId", parent),
        value("FolderHierarchy:DisplayName", name),
        value("FolderHierarchy:Type", kind),
    )
    made = Folder(needed("FolderCreate", answer, "FolderHierarchy:ServerId"), parent, name, kind)
    client.device.folder_key = needed("FolderCreate", answer, "FolderHierarchy:SyncKey")
    client.device.add_folder(made)
    return made


def update(client: Client, folder: Folder, *, name: str, parent: str | None = None) -> Folder:
    """Give a folder another name, or put it into another."""
    moved = Folder(folder.id, folder.parent if parent is None else parent, name, folder.type)
    answer = _ask(
        client,
        "FolderUpdate",
        value("FolderHierarchy:SyncKey", client.device.folder_key),
        value("FolderHierarchy:ServerId", moved.id),
        value("FolderHierarchy:ParentId", moved.parent),
        value("FolderHierarchy:DisplayName", moved.name),
    )
    client.device.folder_key = needed("FolderUpdate", answer, "FolderHierarchy:SyncKey")
    client.device.update_folder(moved)
    return moved


def delete(client: Client, folder_id: str) -> None:
    """Delete a folder and all that is in it."""
    answer = _ask(
        client,
        "FolderDelete",
        value("FolderHierarchy:SyncKey", client.device.folder_key),
        value("FolderHierarchy:ServerId", folder_id),
    )
    client.device.folder_key = needed("FolderDelete", answer, "FolderHierarchy:SyncKey")
    client.device.remove_folder(folder_id)


def _ask(client: Client, command: str, *children: Element | None) -> Element:
    """Return the answer whose status is good; a key that is not valid makes the device forget."""
    tag = f"FolderHierarchy:{command}"
    answer = root(command, client.ask(command, make(tag, *children)), tag)
    try:
        check(command, answer, answer, "FolderHierarchy:Status")
    except StatusError as error:
        if error.status == START_AGAIN:
            client.device.reset_folders()
        raise
    return answer


def _apply(client: Client, change: Element) -> str:
    command = "FolderSync"
    folder_id = needed(command, change, "FolderHierarchy:ServerId")
    match change.name:
        case "Add":
            client.device.add_folder(_folder(change, folder_id))
        case "Update":
            client.device.update_folder(_folder(change, folder_id))
        case "Delete":
            client.device.remove_folder(folder_id)
        case other:
            raise AnswerError(command, f"{other} among the changes of folders")
    return folder_id


def _folder(change: Element, folder_id: str) -> Folder:
    command = "FolderSync"
    return Folder(
        folder_id,
        needed(command, change, "FolderHierarchy:ParentId"),
        needed(command, change, "FolderHierarchy:DisplayName"),
        number(command, change, "FolderHierarchy:Type") or 1,
    )
