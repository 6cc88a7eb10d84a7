"""
Keys that say what a client has (SyncKey, MS-ASCMD, section 2.2.3.181.4).

``{uuid}N``: the uuid is new each time a client starts over, so a key from before that never fits by
chance; N counts the answers since. The section gives a key 64 characters at most.
"""

import re
from dataclasses import dataclass
from uuid import UUID

from fermoposta.activesync.state.errors import SyncKeyError

FIRST = "0"
"""What a client sends that has nothing yet."""

_KEY = re.compile(r"\{([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}([1-9][0-9]{0,17})")
_SHOWN = 64


@dataclass(frozen=True, slots=True)
class SyncKey:
    """The answer *number* of the synchronisation *uuid*."""

    uuid: UUID
    number: int

    def __str__(self) -> str:
        """Spell it as it is sent."""
        return f"{{{self.uuid}}}{self.number}"


def parse(text: str) -> SyncKey | None:
    """Return the key that *text* spells; None for the one that starts over."""
    if text == FIRST:
        return None
    if not (found := _KEY.fullmatch(text)):
        raise SyncKeyError(f"{text[:_SHOWN]!r} is no key of ours")
    return SyncKey(UUID(found[1]), int(found[2]))
