"""What is remembered of second factors, in memory: for tests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from fermoposta.portal.second.store import Factor

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from fermoposta.portal.second.store import Half


@dataclass
class MemoryFactorStore:
    """Answers as the PostgreSQL store does."""

    factors: dict[str, Factor] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    codes: dict[str, set[bytes]] = field(default_factory=dict)
    halves: dict[bytes, Half] = field(default_factory=dict)

    def factor(self, address: str) -> Factor | None:
        """Return the factor of *address*, confirmed or not."""
        known = self.factors.get(address)
        return known and replace(known, codes=len(self.codes.get(address, ())))

    def begin(self, address: str, secret: str) -> bool:
        """Keep *secret*, not confirmed yet; False, and nothing is done, over a confirmed one."""
        if address in self.factors and self.factors[address].confirmed:
            return False
        self.factors[address] = Factor(address, secret)
        return True

    def confirm(self, address: str, step: int, codes: Collection[bytes]) -> bool:
        """Let the factor count from now on; *codes* are digests. False where it does already."""
        known = self.factors.get(address)
        if known is None or known.confirmed:
            return False
        self.factors[address] = replace(known, confirmed=True)
        self.steps[address], self.codes[address] = step, set(codes)
        return True

    def spend_step(self, address: str, step: int) -> bool:
        """Take the code of a time step; False where that or a later one was taken already."""
        if self.steps.get(address, step) >= step:
            return False
        self.steps[address] = step
        return True

    def spend_code(self, address: str, digest: bytes) -> bool:
        """Take one of the codes for when the app is lost; False where it is none."""
        known = self.codes.get(address, set())
        if digest not in known:
            return False
        known.remove(digest)
        return True

    def remove(self, address: str) -> bool:
        """Forget the factor of *address*; return whether there was one."""
        self.codes.pop(address, None)
        self.steps.pop(address, None)
        return self.factors.pop(address, None) is not None

    def keep_half(self, half: Half) -> None:
        """Keep *half*; those that have expired are dropped."""
        self.halves[half.digest] = half

    def half(self, digest: bytes, now: datetime) -> Half | None:
        """Return the one of *digest* unless it has expired."""
        half = self.halves.get(digest)
        return half if half is not None and half.expires_at > now else None

    def drop_half(self, digest: bytes) -> None:
        """Forget it; one that is not there is no error."""
        self.halves.pop(digest, None)
