"""Ping: wait until something happens in folders (MS-ASCMD, section 2.2.1.13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync.client.elements import check, make, number, root, value
from fermoposta.activesync.client.errors import AnswerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fermoposta.activesync.client.client import Client
    from fermoposta.activesync.client.errors import StatusError

COMMAND = "Ping"
NOTHING, CHANGED = 1, 2


def ping(
    client: Client,
    folders: Iterable[tuple[str, str]] | None,
    heartbeat: int | None,
    *,
    waiting: float | None = None,
) -> tuple[str, ...]:
    """
    Wait *heartbeat* seconds at most; return the ids of folders that changed, none in good time.

    *folders* are ids with their class (``Email``, ``Calendar``, ``Contacts``, ``Tasks``,
    ``Notes``). What is None is what an earlier Ping of the device said; *waiting* then says how
    many seconds that was. Raises StatusError; `bound` tells what a status 5 or 6 comes with.
    """
    document = None
    if folders is not None or heartbeat is not None:
        document = make(
            "Ping:Ping",
            value("Ping:HeartbeatInterval", heartbeat),
            None
            if folders is None
            else make(
                "Ping:Folders",
                *(
                    make("Ping:Folder", value("Ping:Id", name), value("Ping:Class", kind))
                    for name, kind in folders
                ),
            ),
        )
    seconds = waiting if waiting is not None else heartbeat or 0
    answer = root(COMMAND, client.ask(COMMAND, document, waiting=seconds), "Ping:Ping")
    status = check(COMMAND, answer, answer, "Ping:Status", good={NOTHING, CHANGED})
    found = answer.find("Ping:Folders")
    changed = tuple(
        each.text for each in (found.find_all("Ping:Folder") if found is not None else ())
    )
    if (status == CHANGED) != bool(changed):
        raise AnswerError(COMMAND, f"status {status} with {len(changed)} folders")
    return changed


def bound(error: StatusError) -> int | None:
    """Return the heartbeat, or how many folders, the server would have taken instead."""
    for tag in ("Ping:HeartbeatInterval", "Ping:MaxFolders"):
        if (found := number(COMMAND, error.answer, tag)) is not None:
            return found
    return None
