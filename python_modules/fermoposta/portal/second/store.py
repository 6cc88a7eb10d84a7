"""What is remembered of second factors, and of who has given the first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Factor:
    """
    Somebody's factor. *secret* is in base32, and known to their app as well.

    *confirmed* says whether a first code has shown that the app has it; *codes* is how many are
    left for when the app is lost.
    """

    address: str
    secret: str = field(repr=False)
    confirmed: bool = False
    codes: int = 0


@dataclass(frozen=True, slots=True)
class Half:
    """
    Somebody who has given the right password, and has to give a code.

    The cookie's value is not kept, only *digest*; *credential* is that of the session to come.
    """

    digest: bytes = field(repr=False)
    address: str
    credential: bytes = field(repr=False)
    expires_at: datetime


class FactorStore(Protocol):
    """Every method is one transaction."""

    def factor(self, address: str) -> Factor | None:
        """Return the factor of *address*, confirmed or not."""

    def begin(self, address: str, secret: str) -> bool:
        """Keep *secret*, not confirmed yet; False, and nothing is done, over a confirmed one."""

    def confirm(self, address: str, step: int, codes: Collection[bytes]) -> bool:
        """Let the factor count from now on; *codes* are digests. False where it does already."""

    def spend_step(self, address: str, step: int) -> bool:
        """Take the code of a time step; False where that or a later one was taken already."""

    def spend_code(self, address: str, digest: bytes) -> bool:
        """Take one of the codes for when the app is lost; False where it is none."""

    def remove(self, address: str) -> bool:
        """Forget the factor of *address*; return whether there was one."""

    def keep_half(self, half: Half) -> None:
        """Keep *half*; those that have expired are dropped."""

    def half(self, digest: bytes, now: datetime) -> Half | None:
        """Return the one of *digest* unless it has expired."""

    def drop_half(self, digest: bytes) -> None:
        """Forget it; one that is not there is no error."""
