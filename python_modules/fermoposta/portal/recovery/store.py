"""What is remembered of recoveries: how often somebody tried, and the links that were sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Link:
    """
    A link that was sent. Of its token only *digest*, the SHA-256, is kept.

    *credential* is a digest of the password hash at that time: another password ends the link.
    *invited* is who has never had one, or shall have another by an administrator's word.
    """

    digest: bytes = field(repr=False)
    address: str
    credential: bytes = field(repr=False)
    expires_at: datetime
    invited: bool = False


class RecoveryStore(Protocol):
    """Every method is one transaction."""

    def secret(self) -> str:
        """Return what decoys are made from; the same for ever, and nobody else's."""

    def tries(self, subject: str, at: datetime, since: datetime) -> int:
        """Write down a try at *subject*, and return how many there were after *since*."""

    def keep(self, link: Link) -> None:
        """Keep *link*; those that have expired are dropped."""

    def link(self, digest: bytes, now: datetime) -> Link | None:
        """Return the link of *digest* unless it has expired."""

    def drop_links(self, address: str) -> None:
        """End all links of *address*."""
