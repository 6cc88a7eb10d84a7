"""
Passwords of programs: made here, shown once, each good for what it was made for.

One is five groups of four from an alphabet of 32, a hundred bits, so that a plain digest of it is
as good as a slow one: nobody tries them all.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from fermoposta.portal.typed import ALPHABET, in_groups

SHAPE = re.compile(rf"(?:[{ALPHABET}]{{4}}-){{4}}[{ALPHABET}]{{4}}")
MOST = 50
"""How many somebody may have."""
USES = {
    "read": ("imap", "pop3"),
    "send": ("smtp",),
    "filters": ("sieve",),
    "groupware": ("dav",),
    "phone": ("eas",),
}
"""What one can be made for, and by which protocols it then opens the mailbox."""


def generate() -> str:
    """Return a new one."""
    return in_groups(5, 4)


def groupware_key(secret: str, address: str) -> str:
    """Return by what the webmail's server knows *address*, made from the host's *secret*."""
    made = hmac.digest(secret.encode(), f"groupware {address}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def uses_of(protocols: tuple[str, ...]) -> tuple[str, ...]:
    """Return what one that is good for *protocols* was made for."""
    return tuple(use for use, needed in USES.items() if set(needed) <= set(protocols))
