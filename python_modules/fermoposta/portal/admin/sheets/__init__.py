"""
What a page shows of each kind: its words, its columns, and the controls of its fields.

A test holds the fields to those that an inventory has, so that none is forgotten here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.directory.model import Kind
from fermoposta.portal.admin.sheets import addresses, devices, mailboxes
from fermoposta.portal.admin.sheets.shape import Control, Field, Key, Part, Section, Sheet

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NOT_SHOWN", "SHEETS", "Control", "Field", "Key", "Part", "Section", "Sheet"]

NOT_SHOWN: Mapping[tuple[Kind, str], str] = {
    (Kind.USERS, "password_hash"): "the form asks for a password, and hashes it",
    (Kind.USERS, "security_questions"): "only the user knows the answers",
}
"""Fields that no page asks for, and why."""

SHEETS: tuple[Sheet, ...] = (
    addresses.USERS,
    addresses.ALIASES,
    addresses.GROUPS,
    addresses.RESOURCES,
    addresses.SEND_AS,
    addresses.ALLOWED_DOMAINS,
    addresses.JUNK_RULES,
    mailboxes.DELEGATIONS,
    mailboxes.GRANTS,
    mailboxes.MESSAGE_RULES,
    mailboxes.OUT_OF_OFFICE,
    devices.POLICIES,
    devices.ACCESS,
)
