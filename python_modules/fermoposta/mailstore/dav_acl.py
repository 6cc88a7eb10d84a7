"""
Rights on calendars, address books and to-dos as SOGo holds them: masks to and from its roles.

| right of the directory | on a calendar | on an address book |
|---|---|---|
| read | ``PublicViewer``, ``ConfidentialViewer``, ``PrivateDAndTViewer`` | ``ObjectViewer`` |
| read and edit all | ``PublicModifier``, ``ConfidentialModifier`` | ``ObjectEditor`` too |
| create | ``ObjectCreator`` | ``ObjectCreator`` |
| read and delete all | ``ObjectEraser`` | ``ObjectEraser`` |

Nothing is given without "visible". Who may delete something can move it among what is their own,
and read it there, so that nobody deletes what they can't read. What SOGo can't say is rounded
down: "own" is none, only the owner sets rights, and there are no folders in folders. What the owner
calls private is shown as busy time; in the webmail the owner can open it, and close what is
confidential, to each grantee: that choice is kept as long as it gives no more than the directory
does for the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.directory.model.rights import RIGHTS, whole

if TYPE_CHECKING:
    from collections.abc import Collection

CLASSES = ("Public", "Confidential", "Private")
_LEVELS = ("", "DAndTViewer", "Viewer", "Responder", "Modifier")
NOTHING = "None"
"""Somebody who is on the list and has no role."""


def calendar_roles(mask: int, held: Collection[str] = ()) -> frozenset[str]:
    """Return the roles for *mask* on a calendar of somebody who *held* these."""
    if not _may(mask, "visible"):
        return frozenset()
    top = 0
    if _may(mask, "read"):
        top = _LEVELS.index("Modifier" if _may(mask, "edit_all") else "Viewer")
    found = {f"Public{_LEVELS[top]}"} if top else set()
    for name, usual in (("Confidential", top), ("Private", min(top, 1))):
        chosen = _level(name, held)
        listed = _level("Public", held) > 0
        level = chosen if listed and chosen <= top else usual
        if level:
            found.add(f"{name}{_LEVELS[level]}")
    return _with_items(found, mask, held)


def contacts_roles(mask: int, held: Collection[str] = ()) -> frozenset[str]:
    """Return the roles for *mask* on an address book."""
    if not _may(mask, "visible"):
        return frozenset()
    found = set()
    if _may(mask, "read"):
        found.add("ObjectViewer")
        if _may(mask, "edit_all"):
            found.add("ObjectEditor")
    return _with_items(found, mask, held)


def mask_of(roles: Collection[str]) -> int:
    """Return the mask that *roles* give in full, on a calendar or an address book."""
    mask = RIGHTS["visible"]
    level = _level("Public", roles)
    if level >= _LEVELS.index("Viewer") or "ObjectViewer" in roles:
        mask |= RIGHTS["read"]
        if level == _LEVELS.index("Modifier") or "ObjectEditor" in roles:
            mask |= RIGHTS["edit_all"]
    if "ObjectCreator" in roles:
        mask |= RIGHTS["create"]
    if "ObjectEraser" in roles:
        mask |= RIGHTS["delete_all"]
    return whole(mask)


def _with_items(found: set[str], mask: int, held: Collection[str]) -> frozenset[str]:
    if _may(mask, "create"):
        found.add("ObjectCreator")
    if _may(mask, "delete_all") and _may(mask, "read"):
        found.add("ObjectEraser")
    if not found and NOTHING in held:
        found.add(NOTHING)
    return frozenset(found)


def _level(name: str, roles: Collection[str]) -> int:
    return max(
        (at for at, level in enumerate(_LEVELS) if level and name + level in roles), default=0
    )


def _may(mask: int, right: str) -> bool:
    return bool(mask & RIGHTS[right])
