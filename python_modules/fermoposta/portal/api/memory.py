"""A token store in memory: for tests, and to look at pages."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from fermoposta.portal.api.tokens import Token


@dataclass
class MemoryTokenStore:
    """Answers as the PostgreSQL store does."""

    tokens: dict[str, Token] = field(default_factory=dict)

    def add(self, token: Token) -> None:
        """Keep *token*; those that have expired when it was made are dropped."""
        kept = [each for each in self.tokens.values() if each.expires_at > token.made_at]
        self.tokens = {each.id: each for each in (*kept, token)}

    def by_digest(self, digest: bytes, now: datetime) -> Token | None:
        """Return the token of *digest* unless it has expired."""
        lasting = (each for each in self.tokens.values() if each.expires_at > now)
        return next((each for each in lasting if each.digest == digest), None)

    def of(self, owner: str, now: datetime) -> tuple[Token, ...]:
        """Return the tokens of *owner* that have not expired, the newest first."""
        own = [each for each in self.tokens.values() if each.owner == owner]
        lasting = [each for each in own if each.expires_at > now]
        return tuple(sorted(lasting, key=lambda each: (each.made_at, each.id), reverse=True))

    def note_use(self, token_id: str, now: datetime, since: datetime) -> None:
        """Note that a token is used *now*, unless one was noted after *since*."""
        token = self.tokens.get(token_id)
        if token is not None and (token.used_at is None or token.used_at <= since):
            self.tokens[token_id] = replace(token, used_at=now)

    def drop(self, owner: str, token_id: str) -> bool:
        """End a token of *owner*; tell whether it was there."""
        token = self.tokens.get(token_id)
        if token is None or token.owner != owner:
            return False
        del self.tokens[token_id]
        return True
