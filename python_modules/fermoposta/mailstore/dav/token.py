"""
How changes are told apart: a second of SOGo's clock, and what was seen after it.

SOGo's own token is the second of the newest change, and it answers with what changed in later
seconds. A change that is written in the same second, or whose transaction ends later than another's
of a later second, would be lost. So ours stays `MARGIN` seconds behind, with a digest of all
that the server tells after that second. Where that is the same again, nothing changed; where it is
not, all of it is reported, and callers must bear to be told of an object whose ETag they know.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.mailstore.groupware import TokenError

if TYPE_CHECKING:
    from fermoposta.mailstore.dav.answers import Synced

MARGIN = 10
"""Seconds; SOGo takes the time of a change at the start of a transaction of milliseconds."""
_FORM = re.compile(r"1:([0-9a-f]{8}):(\d{1,10}):([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Token:
    """What `place` had up to *second*, and the digest of what it had since."""

    place: str
    second: int
    digest: str

    @classmethod
    def read(cls, text: str, place: str) -> Token:
        """Read a token; raise TokenError where it isn't one of *place*."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise TokenError("this is no token of ours; read all anew")
        if match[1] != _mark(place):
            raise TokenError("the token is another collection's; read all anew")
        return cls(place, int(match[2]), match[3])

    def __str__(self) -> str:
        """Return what `read` takes."""
        return f"1:{_mark(self.place)}:{self.second}:{self.digest}"


def digest(seen: Synced) -> str:
    """Return the same for the same changes, in whatever order they are told."""
    lines = [f"{name}\0{etag}" for name, etag in sorted(seen.changed.items())]
    text = "\n".join([*lines, "", *sorted(seen.removed)])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def second_before(seen: Synced) -> int:
    """Return from when on to ask the next time."""
    return max(0, seen.token - MARGIN)


def _mark(place: str) -> str:
    return hashlib.blake2b(place.encode(), digest_size=4).hexdigest()
