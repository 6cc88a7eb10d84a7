"""Links by which somebody chooses the first password, or another one."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from fermoposta.portal.digest import digest_of
from fermoposta.portal.recovery.store import Link

if TYPE_CHECKING:
    from datetime import datetime

    from fermoposta.directory.model import User
    from fermoposta.portal.recovery.store import RecoveryStore

LASTS = timedelta(days=7)


def invitation(store: RecoveryStore, user: User, now: datetime) -> str:
    """Return the token of a link for *user*, which *store* remembers while it lasts."""
    token = secrets.token_urlsafe(32)
    link = Link(digest_of(token), user.address, credential_of(user), now + LASTS, invited=True)
    store.keep(link)
    return token


def path_of(token: str) -> str:
    """Return where in the portal the link of *token* leads."""
    return f"/reset?token={quote(token)}"


def credential_of(user: User) -> bytes:
    """Return what a link is bound to: with another password it is over."""
    return digest_of(user.password_hash or "")
