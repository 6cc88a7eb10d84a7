"""
What programs of an administrator authenticate with.

A token is shown once, when it is made; its SHA-256 digest is kept. It reaches what was chosen when
it was made, and of that what its owner administers at the time: never more than the owner.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from fermoposta.directory.model import Role
from fermoposta.portal.access import Scope
from fermoposta.portal.administration import Desk
from fermoposta.portal.digest import digest_of

if TYPE_CHECKING:
    from datetime import datetime

    from fermoposta.portal.book import Book

PREFIX = "fp_"
"""Lets a token that lies somewhere be recognised as one."""
LONGEST_DAYS = 366
NOTED_EVERY = timedelta(minutes=1)
"""How exactly the last use is known."""


@dataclass(frozen=True, slots=True)
class Token:
    """
    A token, but for its secret.

    Where neither *companies* nor *domains* are chosen it reaches all that *owner* administers.
    """

    id: str
    digest: bytes = field(repr=False)
    owner: str
    name: str
    writes: bool
    made_at: datetime
    expires_at: datetime
    companies: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    used_at: datetime | None = None


class TokenStore(Protocol):
    """Where tokens are kept. Every method is one transaction."""

    def add(self, token: Token) -> None:
        """Keep *token*; those that have expired when it was made are dropped."""

    def by_digest(self, digest: bytes, now: datetime) -> Token | None:
        """Return the token of *digest* unless it has expired."""

    def of(self, owner: str, now: datetime) -> tuple[Token, ...]:
        """Return the tokens of *owner* that have not expired, the newest first."""

    def note_use(self, token_id: str, now: datetime, since: datetime) -> None:
        """Note that a token is used *now*, unless one was noted after *since*."""

    def drop(self, owner: str, token_id: str) -> bool:
        """End a token of *owner*; tell whether it was there."""


class RefusedError(Exception):
    """This is no token of ours, or none any more. Says no more, on purpose."""


def make(
    store: TokenStore,
    owner: str,
    name: str,
    *,
    writes: bool,
    days: int,
    now: datetime,
    companies: tuple[str, ...] = (),
    domains: tuple[str, ...] = (),
) -> tuple[Token, str]:
    """Keep a new token of *owner* and return it with its secret, which nobody can read again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    made = Token(
        id=uuid4().hex,
        digest=digest_of(secret),
        owner=owner,
        name=name,
        writes=writes,
        made_at=now,
        expires_at=now + timedelta(days=days),
        companies=companies,
        domains=domains,
    )
    store.add(made)
    return made, secret


def desk_of(store: TokenStore, book: Book, secret: str, now: datetime) -> tuple[Desk, Token]:
    """
    Return the desk that *secret* opens, and its token; raises RefusedError.

    The token of somebody who is gone or administers nothing any more ends for good.
    """
    token = store.by_digest(digest_of(secret), now) if secret.startswith(PREFIX) else None
    if token is None:
        raise RefusedError
    state = book.state()
    user = state.users.get(token.owner)
    own = Scope.of(state, None if user is None else user.role)
    if user is None or user.role is None or not own:
        store.drop(token.owner, token.id)
        raise RefusedError
    if token.companies or token.domains:
        chosen = Scope.of(state, Role(user.role.name, token.companies, token.domains))
        own = Scope(own.domains & chosen.domains, own.companies & chosen.companies)
    store.note_use(token.id, now, now - NOTED_EVERY)
    return Desk(book, token.owner, user.role, own, via=f"token {token.name}"), token
