"""Tell one wish of a device from another by what it says."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fermoposta.activesync.wbxml import Element


def digest_of(element: Element) -> str:
    """Return what is the same for the same wish, and for no other."""
    digest = hashlib.sha256()
    for each in element.walk():
        own = each.data
        digest.update(f"{each.tag} {len(each.children)} {len(own)} ".encode())
        digest.update(own)
    return digest.hexdigest()[:24]
