"""What is remembered of passkeys. Of each the public half is kept, which opens nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Passkey:
    """
    One of somebody's passkeys; *id* is the credential's.

    *sign_count* is what the device has counted last (WebAuthn Level 3, section 6.1.1): one that
    comes with less is a copy. Most devices say 0, always.
    """

    id: bytes
    address: str
    name: str
    public_key: bytes = field(repr=False)
    sign_count: int
    created_at: datetime
    used_at: datetime | None = None


class PasskeyStore(Protocol):
    """Every method is one transaction."""

    def passkey(self, credential: bytes) -> Passkey | None:
        """Return the one of that id."""

    def passkeys(self, address: str) -> tuple[Passkey, ...]:
        """Return those of *address*, the newest first."""

    def add_passkey(self, passkey: Passkey) -> bool:
        """Keep *passkey*; False, and nothing is done, where there is one of its id."""

    def remove_passkey(self, address: str, credential: bytes) -> bool:
        """Forget one of *address*; return whether there was such a one."""

    def remove_passkeys(self, address: str) -> int:
        """Forget all of *address*; return how many there were."""

    def note_use(self, credential: bytes, sign_count: int, at: datetime) -> None:
        """Write down that it was used."""

    def spend(self, challenge: bytes, until: datetime, now: datetime) -> bool:
        """Take *challenge*, a digest, which nobody may *until* then again; False where it was."""
