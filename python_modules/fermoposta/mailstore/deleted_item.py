"""
What can be restored, as it is listed, and what can go wrong.

* RestoreError       what was deleted can't be listed or restored now; nothing is lost
  + OverQuotaError   the mailbox is too full for it
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class RestoreError(Exception):
    """What was deleted can't be listed or restored as asked."""


class OverQuotaError(RestoreError):
    """The mailbox is too full for what would come back."""


class Kind(StrEnum):
    """What was deleted."""

    MAIL = "mail"
    FOLDER = "folder"
    EVENT = "event"
    TASK = "task"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedItem:
    """
    One thing that can be restored, up to *until*; *size* is in bytes.

    *folder* is where it was: a mail folder, or ``Calendar/…`` or ``Contacts/…`` with the name that
    the owner gave it. A folder's own *name* is the last part of it. *received* is None where it has
    no meaning.
    """

    id: str
    kind: Kind
    folder: str
    name: str
    sender: str = ""
    size: int = 0
    received: datetime | None = None
    deleted_at: datetime
    until: datetime | None = None
