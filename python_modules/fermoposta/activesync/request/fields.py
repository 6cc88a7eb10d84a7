"""The fields that plain and base64 queries have in common, and what may stand in them."""

import re

from fermoposta.activesync.request.errors import RequestError
from fermoposta.activesync.versions import VERSIONS

LARGEST_KEY = 0xFFFF_FFFF
"""A policy key is an unsigned number of 4 bytes (MS-ASPROV, section 2.2.2.42)."""

# MS-ASHTTP, section 2.2.1.1.1.2.3, has 32 letters and digits; devices are known that put a hyphen
# or a dot into it. What separates values anywhere is still refused, as the section demands.
_DEVICE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
LONGEST = 1_024
"""Characters of any other value; a base64 query holds 255 bytes."""


def device_id(value: str) -> str:
    """Return *value* where it can name a device."""
    if not _DEVICE_ID.fullmatch(value):
        raise RequestError(
            "DeviceId", value, "names no device", "send 1 to 32 letters and digits, always the same"
        )
    return value


def text(place: str, value: str) -> str:
    """Return *value* where it is text of one line."""
    if not value or len(value) > LONGEST or not value.isprintable():
        raise RequestError(
            place,
            value,
            "is no value",
            f"send 1 to {LONGEST} characters without control characters",
        )
    return value


def version(place: str, value: str) -> str:
    """Return *value* where it is a version that we know."""
    if value not in VERSIONS:
        raise RequestError(
            place, value, "is no version of the protocol here", f"speak {', '.join(VERSIONS)}"
        )
    return value


def policy_key(place: str, value: str) -> int:
    """Return *value* where it is a policy key."""
    if not re.fullmatch("[0-9]{1,10}", value) or int(value) > LARGEST_KEY:
        raise RequestError(place, value, "is no policy key", "send the number that Provision gave")
    return int(value)


def flag(place: str, value: str) -> bool:
    """Return whether *value* says yes."""
    if value.upper() not in {"T", "F"}:
        raise RequestError(place, value, "is neither yes nor no", "send T or F")
    return value.upper() == "T"
