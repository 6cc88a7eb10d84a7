"""
Sync: what is new in folders, on both sides (MS-ASCMD, section 2.2.1.21).

A test that loses an answer takes the parts of it: `document`, `Client.ask`, `take_in`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fermoposta.activesync.client.device import FIRST
from fermoposta.activesync.client.elements import make, value
from fermoposta.activesync.client.errors import AnswerError
from fermoposta.activesync.client.operations import Add
from fermoposta.activesync.client.sync_answer import Synced, take_in
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fermoposta.activesync.client.client import Client
    from fermoposta.activesync.client.operations import Operation
    from fermoposta.activesync.client.options import Options

COMMAND = "Sync"
ROUNDS = 10_000
"""Requests after which a folder that always has more is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked about one folder."""

    folder: str
    operations: tuple[Operation, ...] = ()
    options: tuple[Options, ...] = ()
    """One; two where a folder has items of two classes."""
    window: int | None = None
    get_changes: bool | None = None
    """None leaves it to the server: yes, but for the first request."""
    deletes_as_moves: bool | None = None
    conversations: bool | None = None
    supported: tuple[str, ...] | None = None
    """Tags that the device knows, of contacts and appointments; told with the first key only."""

    def element(self, sync_key: str) -> Element:
        """Return the ``AirSync:Collection``; its children stand in the schema's order."""
        supported = None
        if self.supported is not None and sync_key == FIRST:
            supported = make("AirSync:Supported", *(Element(tag) for tag in self.supported))
        commands = None
        if self.operations:
            commands = make("AirSync:Commands", *(each.element() for each in self.operations))
        return make(
            "AirSync:Collection",
            value("AirSync:SyncKey", sync_key),
            value("AirSync:CollectionId", self.folder),
            supported,
            value("AirSync:DeletesAsMoves", _number(self.deletes_as_moves)),
            value("AirSync:GetChanges", _number(self.get_changes)),
            value("AirSync:WindowSize", self.window),
            value("AirSync:ConversationMode", _number(self.conversations)),
            *(each.element() for each in self.options),
            commands,
        )


def sync(
    client: Client,
    *wanted: Wanted,
    wait: int | None = None,
    heartbeat: int | None = None,
    window: int | None = None,
    partial: bool = False,
) -> dict[str, Synced]:
    """
    Ask once about each of *wanted* and return what came, by folder; empty where nothing is new.

    *wait*, in minutes, or *heartbeat*, in seconds, has the server wait for something to happen.
    With *partial* it remembers the rest of an earlier request. Raises ClientError; what a server
    refuses of single items is not raised, but stands in `Synced.failed`.
    """
    asked = document(client, wanted, wait=wait, heartbeat=heartbeat, window=window, partial=partial)
    waiting = 60 * wait if wait is not None else heartbeat or 0
    return take_in(client, wanted, client.ask(COMMAND, asked, waiting=waiting))


def again(client: Client, *wanted: Wanted, waiting: float = 0) -> dict[str, Synced]:
    """Repeat the request before by an empty one (section 2.2.1.21); *wanted* says what it was."""
    return take_in(client, wanted, client.ask(COMMAND, None, waiting=waiting))


def document(
    client: Client,
    wanted: Sequence[Wanted],
    *,
    wait: int | None = None,
    heartbeat: int | None = None,
    window: int | None = None,
    partial: bool = False,
) -> Element:
    """Return the request, and remember what is being added in it."""
    collections = []
    for each in wanted:
        collection = client.device.collection(each.folder)
        if each.supported is not None and collection.sync_key == FIRST:
            collection.supported = frozenset(each.supported)
        for operation in each.operations:
            if isinstance(operation, Add):
                collection.pending[operation.client_id] = operation.data
        collections.append(each.element(collection.sync_key))
    return make(
        "AirSync:Sync",
        make("AirSync:Collections", *collections) if collections else None,
        value("AirSync:Wait", wait),
        value("AirSync:HeartbeatInterval", heartbeat),
        value("AirSync:WindowSize", window),
        Element("AirSync:Partial") if partial else None,
    )


def begin(client: Client, wanted: Wanted) -> None:
    """Get a folder's first key, which comes without items."""
    client.device.collection(wanted.folder).reset()
    sync(client, replace(wanted, operations=(), get_changes=None))
    if client.device.collection(wanted.folder).sync_key == FIRST:
        raise AnswerError(COMMAND, f"the server gave no key for collection {wanted.folder}")


def sync_all(client: Client, wanted: Wanted) -> list[Synced]:
    """Ask about a folder until nothing more is new, and return what came each time."""
    if client.device.collection(wanted.folder).sync_key == FIRST:
        begin(client, wanted)
    rounds: list[Synced] = []
    while not rounds or rounds[-1].more:
        if len(rounds) == ROUNDS:
            raise AnswerError(COMMAND, f"there is always more in collection {wanted.folder}")
        answered = sync(client, wanted).get(wanted.folder)
        if answered is None:
            break
        rounds.append(answered)
        wanted = replace(wanted, operations=())  # they are done
    return rounds


def _number(wanted: bool | None) -> int | None:
    return None if wanted is None else int(wanted)
