"""What must be true in the end of all that chaos has touched."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Entry:
    """What must be true of a mail; None is what nobody can know."""

    folder: str | None
    read: bool | None = False
    flagged: bool | None = False
    categories: frozenset[str] | None = frozenset()
    text: str | None = None
    alive: bool | None = True

    def unsure(self, *, fatal: bool = False) -> None:
        """Note that a disturbance came between; *fatal* where it could have been deleted."""
        self.folder = self.read = self.flagged = self.categories = self.text = None
        if fatal and self.alive:
            self.alive = None


@dataclass
class Known:
    """What must be true of an appointment, a task, a contact or a note."""

    kind: int
    version: int | None
    alive: bool | None = True


@dataclass
class Book:
    """What must be true in the end."""

    mails: dict[str, Entry] = field(default_factory=dict)
    things: dict[str, Known] = field(default_factory=dict)
    sent: dict[str, bool] = field(default_factory=dict)
    """Subjects that were sent; whether that was disturbed, so that it may have gone out twice."""
