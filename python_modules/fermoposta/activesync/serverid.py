"""
What names an item to a device (ServerId, MS-ASCMD, section 2.2.3.166).

``folder:item``: the folder's id, and a UID of IMAP or a digest of an object's name. The section
gives it 64 characters at most. An appointment's instance has an id of its own at 16 (InstanceId),
which is no part of this one.
"""

from __future__ import annotations

import hashlib
import re

_ID = re.compile(r"([0-9a-z]{1,16}):([0-9a-f]{1,40})")
_SHOWN = 64


class ServerIdError(ValueError):
    """A text is no id of ours."""


def join(folder: str, item: str) -> str:
    """Return the id of *item* in *folder*."""
    return f"{folder}:{item}"


def split(text: str) -> tuple[str, str]:
    """Return folder and item of the id that *text* is; raises ServerIdError."""
    found = _ID.fullmatch(text)
    if not found:
        raise ServerIdError(f"{text[:_SHOWN]!r} names no item")
    return found[1], found[2]


def uid_of(item: str) -> int:
    """Return the UID that names a mail; raises ServerIdError."""
    if not item.isdigit() or not 0 < int(item) <= 0xFFFF_FFFF:
        raise ServerIdError(f"{item[:_SHOWN]!r} names no mail")
    return int(item)


def digest(name: str) -> str:
    """Return what stands for the object *name*; 80 bits, so that none of a folder meets another."""
    return hashlib.sha256(name.encode()).hexdigest()[:20]


_FILE = re.compile(r"([0-9a-z]{1,16}):([0-9a-f]{1,40}):([0-9]{1,4}(?:\.[0-9]{1,4}){0,60})")


def file_reference(folder: str, item: str, section: str) -> str:
    """Return what names an attachment (FileReference, MS-ASAIRS, section 2.2.2.24)."""
    return f"{folder}:{item}:{section}"


def split_file(text: str) -> tuple[str, str, str]:
    """Return folder, item and section of the attachment that *text* names."""
    found = _FILE.fullmatch(text)
    if not found:
        raise ServerIdError(f"{text[:_SHOWN]!r} names no attachment")
    return found[1], found[2], found[3]
