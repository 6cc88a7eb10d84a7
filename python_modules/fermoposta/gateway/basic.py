"""The user and password of HTTP's Basic authentication (RFC 7617)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

LONGEST = 2_048
"""Characters of the header; neither names nor passwords come near it."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client sends to say whose mailbox it wants."""

    login: str
    password: str = field(repr=False)


def read(header: str) -> Credentials | None:
    """
    Return what the header ``Authorization`` says; None where it is not Basic, or is malformed.

    The answer's ``charset`` asks for UTF-8. Clients that don't look send Latin-1; what is no UTF-8
    is read as that.
    """
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "basic" or len(header) > LONGEST:
        return None
    try:
        pair = base64.b64decode(token.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    try:
        text = pair.decode("utf-8")
    except UnicodeDecodeError:
        text = pair.decode("latin-1")
    login, colon, password = text.partition(":")
    if not colon or not login or not password or "\0" in text:
        return None
    return Credentials(login, password)
