"""
Points in time in a document (MS-ASDTYPE, sections 2.3 and 2.7.2).

Calendar items have ``20261109T080000Z``, all else ``2026-11-09T08:00:00.000Z``. Either is read
anywhere, as devices mix them up.
"""

import re
from datetime import UTC, datetime

from fermoposta.activesync.map.errors import MalformedError, quoted

_MOMENT = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})T([0-9]{2}):?([0-9]{2}):?([0-9]{2})(?:\.[0-9]{1,9})?Z?"
)
_YEARS = range(1601, 4501)
"""As Windows has them; what is outside overflows when it is brought to another zone."""


def compact(moment: datetime) -> str:
    """Return *moment* as calendar items have it."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def dashed(moment: datetime) -> str:
    """Return *moment* as contacts and tasks have it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}"


def parse(place: str, text: str) -> datetime:
    """Return the moment that *text* is; *place* is the tag for the error."""
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        raise MalformedError(place, f"{quoted(text)} is no point in time")
    try:
        moment = datetime(*map(int, found.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError as error:
        raise MalformedError(place, f"{quoted(text)} is no day or no hour") from error
    if moment.year not in _YEARS:
        raise MalformedError(place, f"{quoted(text)} is in no year that a calendar has")
    return moment
