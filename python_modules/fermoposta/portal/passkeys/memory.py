"""What is remembered of passkeys, in memory: for tests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from fermoposta.portal.passkeys.store import Passkey


@dataclass
class MemoryPasskeyStore:
    """Answers as the PostgreSQL store does."""

    there: dict[bytes, Passkey] = field(default_factory=dict)
    spent: dict[bytes, datetime] = field(default_factory=dict)

    def passkey(self, credential: bytes) -> Passkey | None:
        """Return the one of that id."""
        return self.there.get(credential)

    def passkeys(self, address: str) -> tuple[Passkey, ...]:
        """Return those of *address*, the newest first."""
        found = [each for each in self.there.values() if each.address == address]
        return tuple(sorted(found, key=lambda each: (each.created_at, each.id), reverse=True))

    def add_passkey(self, passkey: Passkey) -> bool:
        """Keep *passkey*; False, and nothing is done, where there is one of its id."""
        if passkey.id in self.there:
            return False
        self.there[passkey.id] = passkey
        return True

    def remove_passkey(self, address: str, credential: bytes) -> bool:
        """Forget one of *address*; return whether there was such a one."""
        known = self.there.get(credential)
        if known is None or known.address != address:
            return False
        del self.there[credential]
        return True

    def remove_passkeys(self, address: str) -> int:
        """Forget all of *address*; return how many there were."""
        return sum(self.remove_passkey(address, each.id) for each in self.passkeys(address))

    def note_use(self, credential: bytes, sign_count: int, at: datetime) -> None:
        """Write down that it was used."""
        known = self.there[credential]
        self.there[credential] = replace(known, sign_count=sign_count, used_at=at)

    def spend(self, challenge: bytes, until: datetime, now: datetime) -> bool:
        """Take *challenge*, a digest, which nobody may *until* then again; False where it was."""
        self.spent = {known: ends for known, ends in self.spent.items() if ends > now}
        if challenge in self.spent:
            return False
        self.spent[challenge] = until
        return True
