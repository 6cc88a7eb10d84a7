"""
Who a message says that it is from (RFC 5322, section 3.6.2).

* AuthorError            From can't be understood in one way only
"""

import re
from collections.abc import Sequence
from email.errors import MessageDefect, ObsoleteHeaderDefect
from email.headerregistry import AddressHeader, HeaderRegistry
from typing import cast

LONGEST = 8_192
"""Characters of a From that we look at; far more than people write."""

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]+@[^\s@<>()\[\],;:\\\"]+")
_header = HeaderRegistry()


class AuthorError(Exception):
    """From can't be understood in one way only; the sentence says why."""


def authors_of(values: Sequence[str]) -> tuple[str, ...]:
    """
    Return the addresses in From, of which *values* are all that the message has.

    Nothing where there is no From. Raises AuthorError where clients could read it differently: who
    wrote it must not depend on that.
    """
    if not values:
        return ()
    if len(values) > 1:
        raise AuthorError("The message has more than one From")
    unfolded = re.sub(r"\r?\n", "", values[0])
    value = unfolded.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if len(value) > LONGEST:
        raise AuthorError("The message's From is too long")
    return _addresses(value)


def _addresses(value: str) -> tuple[str, ...]:
    try:
        made = _header("from", value)
    except (ValueError, IndexError, RecursionError) as error:  # what the parser stumbles over
        raise AuthorError("The message's From is malformed") from error
    if any(map(_matters, made.defects)):
        raise AuthorError("The message's From is malformed")
    header = cast("AddressHeader", made)
    if any(group.display_name is not None for group in header.groups):
        raise AuthorError("The message's From names a group instead of an address")
    found = tuple(address.addr_spec for address in header.addresses)
    if not found:
        raise AuthorError("The message's From is empty")
    if not all(_ADDRESS.fullmatch(address) for address in found):
        raise AuthorError("The message's From holds something that is no address")
    return found


def _matters(defect: MessageDefect) -> bool:
    """Tell whether *defect* is more than an old way to write a name."""
    return not isinstance(defect, ObsoleteHeaderDefect)
