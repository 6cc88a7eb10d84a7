r"""
A mailbox as its user sees it: own folders, and those that others share. What each door builds on.

``aioimap`` reaches it at Dovecot with the user's own password, so that no rule about rights is kept
twice; ``memory_mailbox`` is its double. Names of folders are as people see them, parts separated by
``/``. Content is read in pieces, and never held twice.

* MailboxError            the base of all
  + UnavailableError      the store is away, or broke off: the same call may work later
  + LoginError            this is not the user's password, or the user is closed
  + FolderMissingError    there is no such folder for this user
  + FolderExistsError     there is one of this name already
  + ForbiddenError        the user lacks the right
  + MessageMissingError   the message is no longer there
  + QuotaError            the mailbox is full
  + RefusedError          the store says no, for a reason of its own
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
    from datetime import date, datetime

    from fermoposta.mailstore.uidset import UidSet

Nested: TypeAlias = "str | bytes | int | Sequence[Nested] | None"
"""A parenthesised list as a client of IMAP reads it."""


class MailboxError(Exception):
    """The store can't do what was asked; the message says why, without any content of mail."""


class UnavailableError(MailboxError):
    """The store is away, or broke off in the middle."""


class LoginError(MailboxError):
    """These are not credentials of an open user."""


class FolderMissingError(MailboxError):
    """There is no such folder for this user."""


class FolderExistsError(MailboxError):
    """A folder has this name already."""


class ForbiddenError(MailboxError):
    """The user lacks the right."""


class MessageMissingError(MailboxError):
    """The message is gone."""


class QuotaError(MailboxError):
    """The mailbox is full."""


class RefusedError(MailboxError):
    """The store says no; the message has its words."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the hierarchy (LIST … RETURN (SPECIAL-USE STATUS …), RFC 5819, RFC 6154)."""

    name: str
    guid: str
    """Stays when the folder is renamed; another when it is deleted and made anew."""
    uidvalidity: int
    modseq: int
    """HIGHESTMODSEQ: moves with each change in it."""
    messages: int = 0
    unseen: int = 0
    special: str | None = None
    r"""``\Drafts``, ``\Sent``, ``\Trash``, ``\Junk``, ``\Archive``; None for any other."""
    owner: str | None = None
    """Whose it is, where it is not the user's own."""
    selectable: bool = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    What a folder holds; *modseq* is read before the sets.

    So what changes meanwhile is told twice rather than never. What some program has marked as
    deleted, and not expunged yet, is not in it: no other program shows that.
    """

    uidvalidity: int
    modseq: int
    present: UidSet
    inside: UidSet
    """Of these, what arrived on the day *since* or later; *present* where there is none."""
    changed: Mapping[int, int] = field(default_factory=dict)
    """UID to MODSEQ, of what changed after what the caller knows."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known of a message without reading its text."""

    uid: int
    flags: frozenset[str]
    modseq: int
    received: datetime
    """INTERNALDATE, with its time zone."""
    size: int
    envelope: Nested
    """ENVELOPE as IMAP has it."""
    structure: Nested
    """BODYSTRUCTURE as IMAP has it."""
    headers: bytes = b""
    """The header fields that were asked for, as they stand there."""


@dataclass(frozen=True, slots=True)
class Stored:
    """MODSEQ of a message before and after its flags were changed."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a message was put (APPENDUID, COPYUID: RFC 4315)."""

    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Query:
    """What messages are looked for; all of it must hold."""

    words: tuple[str, ...] = ()
    """Each anywhere in the text or the header (TEXT)."""
    since: date | None = None
    """Received on this day or later (SINCE)."""
    before: date | None = None
    keywords: tuple[str, ...] = ()
    header: tuple[tuple[str, str], ...] = ()
    """Fields and what stands in them (HEADER)."""


class Mailbox(Protocol):
    """All that a user may do with mail; each call raises MailboxError."""

    @property
    def address(self) -> str:
        """Whose it is."""

    async def folders(self) -> list[Folder]:
        """Return all folders that the user sees, those that others share included."""

    async def status(self, folder: str) -> Folder:
        """Return what *folder* is like now."""

    async def rights(self, folder: str) -> frozenset[str]:
        """Return the letters of the user's rights (MYRIGHTS, RFC 4314)."""

    async def create(self, folder: str) -> Folder:
        """Make a folder, subscribed to; where parts above it lack, they are made too."""

    async def rename(self, folder: str, name: str) -> None:
        """Rename a folder with all that is below it."""

    async def delete(self, folder: str) -> None:
        """Delete a folder with its mail, but not what is below it."""

    async def snapshot(
        self, folder: str, *, since: date | None = None, changed_since: int = 0
    ) -> Snapshot:
        """Return what *folder* holds; *changed* is above *changed_since*, and empty at 0."""

    async def summaries(
        self, folder: str, uids: Iterable[int], *, headers: Sequence[str] = ()
    ) -> dict[int, Summary]:
        """Return what is known of *uids*, with these *headers*; who is gone is left out."""

    async def parts(
        self, folder: str, wanted: Mapping[int, Sequence[str]], *, limit: int | None = None
    ) -> dict[int, dict[str, bytes]]:
        """
        Return sections of messages without their transfer encoding (BINARY, RFC 3516).

        *wanted* is UID to sections, such as ``1.2``; of each section *limit* bytes at most. Where
        the encoding can't be undone the section comes as it stands there. Who is gone is left out.
        """

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
        """
        Yield a section in pieces of at most 256 kB; an empty one is the whole message.

        The whole message always comes as it is stored; a section without its transfer encoding
        unless *raw*. *start* and *length* are in bytes of what is yielded. Raises
        MessageMissingError.
        """

    async def append(
        self,
        folder: str,
        message: bytes,
        *,
        flags: Iterable[str] = (),
        received: datetime | None = None,
    ) -> Placed:
        """Put *message* into *folder*."""

    async def store(
        self,
        folder: str,
        uids: Iterable[int],
        *,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
    ) -> dict[int, Stored]:
        """Change flags and keywords; who is gone is left out."""

    async def move(self, folder: str, uids: Iterable[int], to: str) -> dict[int, Placed]:
        """Move messages (RFC 6851); who is gone is left out."""

    async def copy(self, folder: str, uids: Iterable[int], to: str) -> dict[int, Placed]:
        """Copy messages; who is gone is left out."""

    async def expunge(self, folder: str, uids: Iterable[int]) -> None:
        """Delete just these messages for good (UID EXPUNGE, RFC 4315)."""

    async def search(self, folder: str, query: Query) -> UidSet:
        """Return the messages of *folder* that *query* fits."""

    def watch(self, folder: str) -> AsyncGenerator[None, None]:
        """
        Yield once when watching has begun, then each time that something in *folder* changed.

        By a connection of its own, which Dovecot can put to sleep (IDLE, RFC 2177). Ends by
        UnavailableError where the store breaks off; the caller closes the iterator.
        """

    async def close_idle(self) -> None:
        """Let go of connections that nobody has needed for a while; watching goes on."""

    async def close(self) -> None:
        """Log out, after what is under way."""
