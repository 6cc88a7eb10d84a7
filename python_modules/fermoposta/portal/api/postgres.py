"""The tokens in PostgreSQL, as the role fermoposta_portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import RowMapping, text

from fermoposta.portal.api.tokens import Token
from fermoposta.portal.engine import engine_of

if TYPE_CHECKING:
    from datetime import datetime

_TOKENS = """
SELECT id, digest, owner, name, writes, companies, domains, made_at, expires_at, used_at
FROM portal.tokens WHERE expires_at > :now AND
"""
_ADD = """
INSERT INTO portal.tokens
    (id, digest, owner, name, writes, companies, domains, made_at, expires_at)
VALUES (:id, :digest, :owner, :name, :writes, :companies, :domains, :made_at, :expires_at)
"""
_USED = """
UPDATE portal.tokens SET used_at = :now
WHERE id = :id AND (used_at IS NULL OR used_at <= :since)
"""


class PostgresTokenStore:
    """Tokens survive a restart, and several portals may share them."""

    def __init__(self, url: str) -> None:
        self._engine = engine_of(url, most=2)

    def add(self, token: Token) -> None:
        """Keep *token*; those that have expired when it was made are dropped."""
        facts = {
            "id": token.id,
            "digest": token.digest,
            "owner": token.owner,
            "name": token.name,
            "writes": token.writes,
            "companies": list(token.companies),
            "domains": list(token.domains),
            "made_at": token.made_at,
            "expires_at": token.expires_at,
        }
        with self._engine.begin() as connection:
            connection.execute(
                text("DELETE FROM portal.tokens WHERE expires_at <= :made_at"),
                {"made_at": token.made_at},
            )
            connection.execute(text(_ADD), facts)

    def by_digest(self, digest: bytes, now: datetime) -> Token | None:
        """Return the token of *digest* unless it has expired."""
        found = self._find("digest = :digest", digest=digest, now=now)
        return found[0] if found else None

    def of(self, owner: str, now: datetime) -> tuple[Token, ...]:
        """Return the tokens of *owner* that have not expired, the newest first."""
        return self._find("owner = :owner ORDER BY made_at DESC, id DESC", owner=owner, now=now)

    def note_use(self, token_id: str, now: datetime, since: datetime) -> None:
        """Note that a token is used *now*, unless one was noted after *since*."""
        with self._engine.begin() as connection:
            connection.execute(text(_USED), {"id": token_id, "now": now, "since": since})

    def drop(self, owner: str, token_id: str) -> bool:
        """End a token of *owner*; tell whether it was there."""
        with self._engine.begin() as connection:
            done = connection.execute(
                text("DELETE FROM portal.tokens WHERE id = :id AND owner = :owner"),
                {"id": token_id, "owner": owner},
            )
            return bool(done.rowcount)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _find(self, condition: str, **facts: object) -> tuple[Token, ...]:
        with self._engine.connect() as connection:
            rows = connection.execute(text(_TOKENS + condition), facts).mappings()
            return tuple(map(_token, rows))


def _token(row: RowMapping) -> Token:
    facts: dict[str, Any] = dict(row)
    facts["companies"] = tuple(facts["companies"])
    facts["domains"] = tuple(facts["domains"])
    return Token(**facts)
