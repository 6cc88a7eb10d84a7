"""Where chaos happens: what differs between stores in memory and a real host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from datetime import date, datetime

    from fermoposta.activesync.client import Client


@dataclass(frozen=True)
class Message:
    """A mail as it lies on the server."""

    uid: int
    subject: str
    flags: frozenset[str]
    received: date
    text: str = ""


@dataclass(frozen=True)
class Thing:
    """An appointment, task or contact as it lies on the server."""

    name: str
    etag: str
    content: bytes


class World(Protocol):
    """Where chaos happens, to the account of *address*; *today* is the server's."""

    address: str
    word: str
    """How all words of this chaos begin."""
    today: date

    def phone(self, version: str, id_: str) -> Client:
        """Return a phone; two of one id are the same phone, which asks twice at once."""

    def lose_next(self) -> None:
        """Have the next answer to a phone get lost."""

    def disturb(self, chance: random.Random) -> None:
        """Have something behind the gateway break, or the gateway be killed, soon."""

    def mend(self) -> bool:
        """Have all work again; tell whether something broke since the last time."""

    def pause(self) -> None:
        """Wait as a phone does before it asks again."""

    def restart(self) -> None:
        """Restart the gateway while it has nothing to do."""

    def sent(self) -> list[tuple[str, str]]:
        """Return Message-ID and subject of all that went out, as often as it did."""

    # --- The mail program

    def folders(self) -> list[str]:
        """Return the names of the user's own folders."""

    def make_folder(self, name: str) -> None: ...

    def rename_folder(self, name: str, to: str) -> None: ...

    def delete_folder(self, name: str) -> None: ...

    def mails(self, folder: str, *, texts: bool = False) -> list[Message]:
        """Return what is in a folder; with *texts* what is written in it too."""

    def put_mail(self, folder: str, message: bytes, received: datetime | None) -> None: ...

    def flag(self, folder: str, uid: int, add: Sequence[str], remove: Sequence[str]) -> None: ...

    def move(self, folder: str, uid: int, to: str) -> None: ...

    def expunge(self, folder: str, uid: int) -> None: ...

    # --- The DAV client

    def things(self, kind: int) -> list[Thing]: ...

    def put_thing(self, kind: int, name: str, content: bytes, etag: str | None) -> None: ...

    def drop_thing(self, kind: int, name: str) -> None: ...
