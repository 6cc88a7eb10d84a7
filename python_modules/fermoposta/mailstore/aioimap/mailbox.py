"""A user's mailbox at Dovecot, by the user's own password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.mailstore.aioimap import listing, reading, watching, writing
from fermoposta.mailstore.aioimap.access import Access
from fermoposta.mailstore.aioimap.connection import SECONDS
from fermoposta.mailstore.aioimap.login import log_in, log_out
from fermoposta.mailstore.aioimap.pool import Pool

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
    from datetime import date, datetime

    from fermoposta.mailstore.aioimap.connection import Connection
    from fermoposta.mailstore.aioimap.login import Server
    from fermoposta.mailstore.mailbox import (
        Folder,
        Placed,
        Query,
        Snapshot,
        Stored,
        Summary,
    )
    from fermoposta.mailstore.uidset import UidSet

SHARED = "Condivise"
"""The folder below which everybody sees what others share, by their addresses."""
IDLE_SECONDS = 30
"""For so long a connection is kept that nobody needs at the moment."""


class ImapMailbox:
    """
    The mailbox of *address* at *server*; connections are opened as they are needed.

    Folders of others are below the folder *shared*; *seconds* is how long Dovecot may be silent.
    """

    __slots__ = (
        "_access",
        "_address",
        "_listing",
        "_password",
        "_pool",
        "_seconds",
        "_server",
        "_shared",
    )

    def __init__(
        self,
        server: Server,
        address: str,
        password: str,
        *,
        shared: str = SHARED,
        seconds: float = SECONDS,
    ) -> None:
        self._server = server
        self._address = address
        self._password = password
        self._shared = shared
        self._seconds = seconds
        self._pool = Pool(self._connect)
        self._access = Access(self._pool)
        self._listing = listing.Listing(self._access, shared)

    def __repr__(self) -> str:
        """Show whose it is, never the password."""
        return f"ImapMailbox({self._address!r})"

    @property
    def address(self) -> str:
        """Whose it is."""
        return self._address

    async def log_in(self) -> None:
        """Open a first connection. Raises LoginError where the password is wrong."""
        async with self._pool.lease():
            pass

    async def folders(self) -> list[Folder]:
        """Return all folders that the user sees."""
        return await self._listing.folders()

    async def status(self, folder: str) -> Folder:
        """Return what *folder* is like now."""
        return await self._listing.status(folder)

    async def rights(self, folder: str) -> frozenset[str]:
        """Return the letters of the user's rights."""
        return await listing.rights(self._access, folder)

    async def create(self, folder: str) -> Folder:
        """Make a folder, and those above it that lack."""
        await listing.create(self._access, self._shared, folder)
        return await self.status(folder)

    async def rename(self, folder: str, name: str) -> None:
        """Rename a folder with all that is below it."""
        await listing.rename(self._access, folder, name)

    async def delete(self, folder: str) -> None:
        """Delete a folder with its mail, but not what is below it."""
        await listing.delete(self._access, folder)

    async def snapshot(
        self, folder: str, *, since: date | None = None, changed_since: int = 0
    ) -> Snapshot:
        """Return what *folder* holds."""
        return await reading.snapshot(
            self._access, folder, since=since, changed_since=changed_since
        )

    async def summaries(
        self, folder: str, uids: Iterable[int], *, headers: Sequence[str] = ()
    ) -> dict[int, Summary]:
        """Return what is known of *uids*."""
        return await reading.summaries(self._access, folder, uids, headers)

    async def parts(
        self, folder: str, wanted: Mapping[int, Sequence[str]], *, limit: int | None = None
    ) -> dict[int, dict[str, bytes]]:
        """Return sections of messages without their transfer encoding."""
        return await reading.parts(self._access, folder, wanted, limit)

    def stream(
        self,
        folder: str,
        uid: int,
        section: str = "",
        *,
        start: int = 0,
        length: int | None = None,
        raw: bool = False,
    ) -> AsyncGenerator[bytes, None]:
        """Yield a section in pieces."""
        return reading.stream(
            self._access, folder, uid, section, start=start, length=length, raw=raw
        )

    async def append(
        self,
        folder: str,
        message: bytes,
        *,
        flags: Iterable[str] = (),
        received: datetime | None = None,
    ) -> Placed:
        """Put *message* into *folder*."""
        return await writing.append(self._access, folder, message, flags=flags, received=received)

    async def store(
        self,
        folder: str,
        uids: Iterable[int],
        *,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> dict[int, Stored]:
        """Change flags and keywords."""
        return await writing.store(self._access, folder, uids, add=add, remove=remove)

    async def move(self, folder: str, uids: Iterable[int], to: str) -> dict[int, Placed]:
        """Move messages."""
        return await writing.move(self._access, folder, uids, to)

    async def copy(self, folder: str, uids: Iterable[int], to: str) -> dict[int, Placed]:
        """Copy messages."""
        return await writing.copy(self._access, folder, uids, to)

    async def expunge(self, folder: str, uids: Iterable[int]) -> None:
        """Delete just these messages for good."""
        await writing.expunge(self._access, folder, uids)

    async def search(self, folder: str, query: Query) -> UidSet:
        """Return the messages that *query* fits."""
        return await reading.search(self._access, folder, query)

    def watch(self, folder: str) -> AsyncGenerator[None, None]:
        """Yield when watching has begun, then each time that something changed."""
        return watching.watch(self._connect, folder)

    async def close_idle(self, seconds: float = IDLE_SECONDS) -> None:
        """Log out where nothing was done for so many *seconds*; watching goes on."""
        await self._pool.close_idle(seconds)

    async def close(self) -> None:
        """Log out, after what is under way; watching ends by its own caller."""
        await self._pool.close()

    async def _connect(self) -> Connection:
        return await log_in(self._server, self._address, self._password, seconds=self._seconds)


async def connect(
    server: Server, address: str, password: str, *, shared: str = SHARED, seconds: float = SECONDS
) -> ImapMailbox:
    """Return the mailbox of *address*, logged in to. Raises LoginError, and UnavailableError."""
    mailbox = ImapMailbox(server, address, password, shared=shared, seconds=seconds)
    await mailbox.log_in()
    return mailbox


async def verify(server: Server, address: str, password: str, *, seconds: float = SECONDS) -> None:
    """Have Dovecot judge a password; raises LoginError where it is not the user's."""
    await log_out(await log_in(server, address, password, seconds=seconds))
