"""
Rights on a folder: a mask of bits, five of which have a name of their own.

The masks are those of Kopano's ``ECACL.h``, so that imports and clients agree on them.
"""

from __future__ import annotations

from types import MappingProxyType

RIGHTS = MappingProxyType(
    {
        "visible": 0x400,
        "read": 0x1,
        "create": 0x2,
        "edit_own": 0x8,
        "edit_all": 0x20,
        "delete_own": 0x10,
        "delete_all": 0x40,
        "create_subfolders": 0x80,
        "set_permissions": 0x100,
    }
)
"""The bits by name."""

PROFILES = MappingProxyType(
    {
        "no_rights": 0x400,
        "read_only": 0x401,
        "secretary": 0x47B,
        "full_control": 0x4FB,
        "owner": 0x5FB,
    }
)
"""The five profiles by name (F070 to F074); every other mask is shown as "Other" (F075)."""

EVERY_RIGHT = 0x5FB

_PROFILE_OF = {mask: name for name, mask in PROFILES.items()}


def whole(mask: int) -> int:
    """Return *mask* with "own" wherever it holds "all": who may edit all may edit their own."""
    if mask & RIGHTS["edit_all"]:
        mask |= RIGHTS["edit_own"]
    if mask & RIGHTS["delete_all"]:
        mask |= RIGHTS["delete_own"]
    return mask


def profile_of(mask: int) -> str | None:
    """Return the name of the profile that *mask* is, None where it is "Other"."""
    return _PROFILE_OF.get(mask)


def names_of(mask: int) -> list[str]:
    """List the rights in *mask* by name; "own" is not said beside "all"."""
    names = [name for name, bit in RIGHTS.items() if mask & bit]
    for verb in ("edit", "delete"):
        if f"{verb}_all" in names:
            names.remove(f"{verb}_own")
    return names
