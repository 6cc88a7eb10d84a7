"""What a source is: folders, and in each of them items that can be read one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime


class Kind(StrEnum):
    """What an item is, and so where it belongs."""

    MAIL = "mail"
    EVENT = "event"
    """An appointment, or a task: one object of a calendar with all its exceptions (iCalendar)."""
    CONTACT = "contact"
    """A vCard."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of a source, by the parts of its name from the top."""

    path: tuple[str, ...]
    kind: Kind = Kind.MAIL
    use: str = ""
    r"""Its special use, such as ``\Sent`` (RFC 6154), where the source says one."""
    id: str = ""
    """Stays the same as long as its items' keys mean the same, such as a UIDVALIDITY."""

    @property
    def name(self) -> str:
        """Return its name for people and for the journal; several kinds may be in one folder."""
        name = "/".join(self.path)
        return name if self.kind is Kind.MAIL else f"{name} ({self.kind})"


@dataclass(frozen=True, slots=True)
class Item:
    """One item; *key* names it in its folder for ever."""

    key: str
    content: bytes
    flags: frozenset[str] = frozenset()
    at: datetime | None = None
    """When it arrived, where the source knows."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An item that the source itself can't give; *raw* is as much of it as there is."""

    key: str
    reason: str
    raw: bytes = b""


class Source(Protocol):
    """Where things are now. Every call may raise ImportStoppedError."""

    @property
    def id(self) -> str:
        """What is imported, for people and for the journal; without a password."""

    def folders(self) -> Iterator[Folder]:
        """Yield what there is; nothing is read of it yet."""

    def items(self, folder: Folder, done: Collection[str]) -> Iterator[Item | Unreadable]:
        """Yield the items of *folder* but for those whose keys are in *done*."""

    def close(self) -> None:
        """Let go of connections and files."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a source is wanted, and where it goes."""

    folders: tuple[str, ...] = ()
    """Names of folders, with those below them; all where nothing is said."""
    without: tuple[str, ...] = ()
    under: str = ""
    """A folder below which all mail goes; empty is where it was."""
    calendar: str = ""
    """The calendar's name; empty is the one that everybody has."""
    book: str = ""
    """The address book's name; empty is the one that everybody has."""
    unwanted_uses: frozenset[str] = field(
        default_factory=lambda: frozenset({"\\All", "\\Flagged", "\\Important"})
    )
    """Folders that only show what is in others."""

    def has(self, folder: Folder) -> bool:
        """Tell whether *folder* is to be imported."""
        if folder.use in self.unwanted_uses:
            return False
        name = "/".join(folder.path)
        if any(_is_in(name, each) for each in self.without):
            return False
        return not self.folders or any(_is_in(name, each) for each in self.folders)


def _is_in(name: str, folder: str) -> bool:
    return name.casefold() == folder.casefold() or name.casefold().startswith(
        f"{folder.casefold()}/"
    )
