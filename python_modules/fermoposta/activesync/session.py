"""What a command stands on: who asks with which device, and the stores behind the gateway."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from datetime import datetime

    from fermoposta.activesync.map.owner import Owner
    from fermoposta.activesync.people import People
    from fermoposta.activesync.push import Hub, Pause
    from fermoposta.activesync.request import Request
    from fermoposta.activesync.store.model import Device, Store
    from fermoposta.activesync.wbxml import Element
    from fermoposta.mailstore.groupware import Groupware
    from fermoposta.mailstore.mailbox import Mailbox


class SubmissionError(Exception):
    """The mail was not taken; *temporary* says whether the same may be taken later."""

    def __init__(self, reply: str, *, temporary: bool) -> None:
        super().__init__(reply)
        self.temporary = temporary


class Submission(Protocol):
    """Hands mail to Postfix as the user, whose door decides who may send as whom."""

    async def submit(self, sender: str, recipients: Sequence[str], message: bytes) -> None:
        """Send *message*, of the envelope's *sender*; raises SubmissionError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a device may ask for; see the settings of the same names."""

    heartbeat_least: int = 60
    """Seconds of Ping and of a Sync that waits."""
    heartbeat_most: int = 3540
    folders_most: int = 300
    """Folders that a Ping or a Sync may watch."""
    window_most: int = 512
    answer_bytes: int = 2 * 1024**2
    """Of items in one answer to Sync."""
    item_bytes: int = 50 * 1024**2
    """A larger item is left out and named."""
    request_bytes: int = 70 * 1024**2


@dataclass(frozen=True, slots=True)
class Asked:
    """The body of a request: a document, or what else came (mail as it is, at 12.1)."""

    element: Element | None
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a device is answered: a document, or pieces of something else."""

    element: Element | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: AsyncIterator[bytes] | None = None
    """The body where it is no document; its type stands in *headers*."""
    pause: Pause | None = None
    """What is to be waited for before this is answered; if there is news, the command runs anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One request of one device."""

    request: Request
    owner: Owner
    language: str
    """``it`` or ``en``: of names and texts that the user reads."""
    device: Device
    mail: Mailbox
    groupware: Groupware
    store: Store
    people: People
    submission: Submission
    hub: Hub
    limits: Limits
    clock: Callable[[], datetime]
    resumed: Pause | None = None
    """The waiting that has just ended by news, where the command has run before."""

    @property
    def version(self) -> str:
        """The version of the protocol that the device speaks."""
        return self.request.version
