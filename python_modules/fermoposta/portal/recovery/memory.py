"""What is remembered of recoveries, in memory: for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from fermoposta.portal.recovery.store import Link


@dataclass
class MemoryRecoveryStore:
    """Answers as the PostgreSQL store does."""

    noted: list[tuple[str, datetime]] = field(default_factory=list)
    links: dict[bytes, Link] = field(default_factory=dict)

    def secret(self) -> str:
        """Return what decoys are made from; the same for ever, and nobody else's."""
        return "a secret of a store that is in memory"

    def tries(self, subject: str, at: datetime, since: datetime) -> int:
        """Write down a try at *subject*, and return how many there were after *since*."""
        self.noted.append((subject, at))
        return sum(known == subject and when > since for known, when in self.noted)

    def keep(self, link: Link) -> None:
        """Keep *link*; those that have expired are dropped."""
        self.links[link.digest] = link

    def link(self, digest: bytes, now: datetime) -> Link | None:
        """Return the link of *digest* unless it has expired."""
        link = self.links.get(digest)
        return link if link is not None and link.expires_at > now else None

    def drop_links(self, address: str) -> None:
        """End all links of *address*."""
        self.links = {at: each for at, each in self.links.items() if each.address != address}
