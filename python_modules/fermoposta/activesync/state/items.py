"""What an answer tells a client of the server's items (MS-ASCMD, section 2.2.3.32)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What happened to an item; spelt as the element that says so."""

    ADD = "Add"
    CHANGE = "Change"
    DELETE = "Delete"
    SOFT_DELETE = "SoftDelete"
    """It is still there, but outside of what the client asked for (SoftDelete)."""


@dataclass(frozen=True, slots=True)
class Item:
    """One change, of the item *id*: a UID in a mail folder, else an id of the collection's."""

    kind: Kind
    id: str


@dataclass(frozen=True, slots=True)
class Response:
    """What was answered to a client's own change, kept until the client has it."""

    kind: Kind
    id: str
    """The ClientId of an Add; of anything else the ServerId."""
    digest: str
    """Of what the client wanted, so that a repeated id with other content is told apart."""
    status: int
    server_id: str | None = None
    """Where an Add went; None where it went nowhere."""
