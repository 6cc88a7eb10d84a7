"""What a server answers to Sync, and what it makes of the device's memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fermoposta.activesync.client.elements import check, needed, number, root
from fermoposta.activesync.client.errors import AnswerError, StatusError
from fermoposta.activesync.client.meanings import meaning
from fermoposta.activesync.client.operations import Add, Change, Delete

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fermoposta.activesync.client.client import Client
    from fermoposta.activesync.client.device import Collection
    from fermoposta.activesync.client.sync import Wanted
    from fermoposta.activesync.wbxml import Element

COMMAND = "Sync"
STATUS = "AirSync:Status"
START_AGAIN = 3
"""The SyncKey is not valid: the device asks for everything."""
GOOD = 1


@dataclass(frozen=True, slots=True)
class Failed:
    """What the server has not done of the device's own operations."""

    operation: str
    id: str
    """A ServerId, or the ClientId of something new."""
    status: int

    def __str__(self) -> str:
        """Say what, which and why."""
        return f"{self.operation} {self.id}: status {self.status}, {meaning(STATUS, self.status)}"


@dataclass(slots=True)
class Synced:
    """What came for one folder."""

    folder: str
    more: bool = False
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    soft_deleted: list[str] = field(default_factory=list)
    """Still there, but too old for the filter."""
    made: dict[str, str] = field(default_factory=dict)
    """ClientId to ServerId of what the device has added."""
    fetched: dict[str, Element] = field(default_factory=dict)
    """ServerId to ApplicationData of what was fetched."""
    responses: list[Element] = field(default_factory=list)
    """All that the server says about the device's own operations."""
    failed: list[Failed] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether nothing came."""
        came = (self.added, self.changed, self.deleted, self.soft_deleted, self.responses)
        return not any(came)


def take_in(client: Client, wanted: Sequence[Wanted], answer: Element | None) -> dict[str, Synced]:
    """
    Change the device's memory by *answer* to a request about *wanted*; return what came.

    All collections are taken in before the first one with a bad status is raised.
    """
    asked = {each.folder: each for each in wanted}
    if answer is None:
        _all_answered(client, asked, {})
        return {}
    answer = root(COMMAND, answer, "AirSync:Sync")
    check(COMMAND, answer, answer, STATUS, optional=True)
    found: dict[str, Synced] = {}
    bad: list[StatusError] = []
    for each in answer.find_all("AirSync:Collections"):
        for collection in each.find_all("AirSync:Collection"):
            try:
                came = _collection(client, asked, answer, collection)
            except StatusError as error:
                bad.append(error)
            else:
                found[came.folder] = came
    if bad:
        raise bad[0]
    _all_answered(client, asked, found)
    return found


def _all_answered(client: Client, asked: dict[str, Wanted], found: dict[str, Synced]) -> None:
    """Write down folders that the device did something to, and about which nothing was said."""
    for folder, each in asked.items():
        if each.operations and folder not in found:
            client.device.collection(folder).anomalies.append(
                f"collection {folder}: {len(each.operations)} operations without an answer"
            )


def _collection(
    client: Client, asked: dict[str, Wanted], answer: Element, element: Element
) -> Synced:
    folder = needed(COMMAND, element, "AirSync:CollectionId")
    known = client.device.collection(folder)
    try:
        check(COMMAND, answer, element, STATUS)
    except StatusError as error:
        if error.status == START_AGAIN:
            known.reset()
        raise
    came = Synced(folder, more=element.find("AirSync:MoreAvailable") is not None)
    _responses(known, element, came, _sent(asked.get(folder)))
    if (wanted := asked.get(folder)) is not None:
        _own(client, known, wanted, came)
    _commands(known, element, came)
    known.sync_key = needed(COMMAND, element, "AirSync:SyncKey")
    return came


def _sent(wanted: Wanted | None) -> frozenset[str]:
    """Return the ClientIds of drafts that go out at once: they need not become items."""
    operations = wanted.operations if wanted is not None else ()
    return frozenset(each.client_id for each in operations if isinstance(each, Add) and each.send)


def _responses(known: Collection, element: Element, came: Synced, sent: frozenset[str]) -> None:
    """Take in what the server says about the device's own operations."""
    found = element.find("AirSync:Responses")
    for response in found.elements if found is not None else ():
        came.responses.append(response)
        status = number(COMMAND, response, STATUS)
        match response.name:
            case "Add":
                name = needed(COMMAND, response, "AirSync:ClientId")
                if status == GOOD and name in sent and response.find("AirSync:ServerId") is None:
                    known.pending.pop(name, None)
                elif status == GOOD:
                    made = needed(COMMAND, response, "AirSync:ServerId")
                    came.made[name] = made
                    known.added(name, made)
                else:
                    known.pending.pop(name, None)
            case "Change" | "Delete" | "Fetch":
                name = needed(COMMAND, response, "AirSync:ServerId")
                data = response.find("AirSync:ApplicationData")
                if response.name == "Fetch" and data is not None:
                    came.fetched[name] = data
            case other:
                raise AnswerError(COMMAND, f"{other} among the responses")
        if status != GOOD:
            came.failed.append(Failed(response.name, name, status or 0))


def _own(client: Client, known: Collection, wanted: Wanted, came: Synced) -> None:
    """Do here what the server has done; no news is good news (MS-ASCMD, section 2.2.3.154)."""
    not_done = {(each.operation, each.id) for each in came.failed}
    for operation in wanted.operations:
        match operation:
            case Change(server_id, data, None) if ("Change", server_id) not in not_done:
                if data is not None:
                    # From 16.0 on an appointment's Change has only what is different.
                    partial = client.dotted >= (16, 0)
                    known.changed_here(server_id, data, partial=partial)
            case Delete(server_id, None) if ("Delete", server_id) not in not_done:
                known.items.pop(server_id, None)


def _commands(known: Collection, element: Element, came: Synced) -> None:
    """Take in what happened on the server."""
    found = element.find("AirSync:Commands")
    for command in found.elements if found is not None else ():
        name = needed(COMMAND, command, "AirSync:ServerId")
        match command.name:
            case "Add":
                known.add(name, _data(command))
                came.added.append(name)
            case "Change":
                known.change(name, _data(command))
                came.changed.append(name)
            case "Delete":
                known.remove(name)
                came.deleted.append(name)
            case "SoftDelete":
                known.remove(name)
                came.soft_deleted.append(name)
            case other:
                raise AnswerError(COMMAND, f"{other} among the commands")


def _data(command: Element) -> Element:
    data = command.find("AirSync:ApplicationData")
    if data is None:
        raise AnswerError(COMMAND, f"{command.name} without ApplicationData")
    return data
