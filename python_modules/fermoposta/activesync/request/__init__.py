"""
What a request says beside its body: the query and three headers (MS-ASHTTP, section 2.2.1.1).

Whoever is logged in is not decided here: that the user of the query is the one who has shown a
password is the caller's to compare, by address.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fermoposta.activesync.request import headers as http
from fermoposta.activesync.request import packed, plain
from fermoposta.activesync.request.address import address_of
from fermoposta.activesync.request.errors import RequestError
from fermoposta.activesync.request.model import Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Request", "RequestError", "address_of", "parse"]

LONGEST = 8_192
"""Characters of a query; nginx takes no longer request line either."""


def parse(query: str, headers: Mapping[str, str], hosted: Sequence[str]) -> Request:
    """
    Return what *query*, as it stands behind the ``?``, and *headers* say.

    The user becomes an address of the domains *hosted*. Raises RequestError, and nothing else.
    """
    if not query or len(query) > LONGEST:
        raise RequestError(
            "query", query, "is empty or too long", f"send 1 to {LONGEST} characters"
        )
    said = http.read(headers)
    read = plain.read if _is_plain(query) else packed.read
    request = read(query, said)
    if request.user is None:
        return request
    return replace(request, user=address_of(request.user, hosted))


def _is_plain(query: str) -> bool:
    """Tell a plain query by what no base64 holds: a ``=`` that is not at its end, or a ``&``."""
    return "&" in query or "=" in query.rstrip("=")
