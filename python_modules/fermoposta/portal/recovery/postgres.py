"""What is remembered of recoveries, in PostgreSQL, as the role fermoposta_portal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from fermoposta.portal.engine import engine_of
from fermoposta.portal.recovery.store import Link

if TYPE_CHECKING:
    from datetime import datetime

_KEEP = """
INSERT INTO portal.recovery_links (digest, address, credential, expires_at, invited)
VALUES (:digest, :address, :credential, :expires_at, :invited)
"""
_LINK = """
SELECT digest, address, credential, expires_at, invited FROM portal.recovery_links
WHERE digest = :digest AND expires_at > :now
"""
_TRY = "INSERT INTO portal.recovery_tries (subject, at) VALUES (:subject, :at)"
_COUNT = "SELECT count(*) FROM portal.recovery_tries WHERE subject = :subject AND at > :since"


class PostgresRecoveryStore:
    """Tries and links survive a restart, and several portals may share them."""

    def __init__(self, url: str) -> None:
        self._engine = engine_of(url, most=2)

    def secret(self) -> str:
        """Return what decoys are made from; the same for ever, and nobody else's."""
        with self._engine.connect() as connection:
            return str(connection.execute(text("SELECT secret FROM portal.recovery")).scalar_one())

    def tries(self, subject: str, at: datetime, since: datetime) -> int:
        """Write down a try at *subject*, and return how many there were after *since*."""
        facts = {"subject": subject, "at": at, "since": since}
        with self._engine.begin() as connection:
            # Whoever counts over a day keeps what whoever counts over an hour no longer needs.
            connection.execute(
                text("DELETE FROM portal.recovery_tries WHERE at < :at - interval '2 days'"), facts
            )
            connection.execute(text(_TRY), facts)
        with self._engine.connect() as connection:
            return int(connection.execute(text(_COUNT), facts).scalar_one())

    def keep(self, link: Link) -> None:
        """Keep *link*; those that have expired are dropped."""
        with self._engine.begin() as connection:
            connection.execute(text("DELETE FROM portal.recovery_links WHERE expires_at <= now()"))
            connection.execute(
                text(_KEEP),
                {
                    "digest": link.digest,
                    "address": link.address,
                    "credential": link.credential,
                    "expires_at": link.expires_at,
                    "invited": link.invited,
                },
            )

    def link(self, digest: bytes, now: datetime) -> Link | None:
        """Return the link of *digest* unless it has expired."""
        with self._engine.connect() as connection:
            found = connection.execute(text(_LINK), {"digest": digest, "now": now}).mappings()
            row = found.one_or_none()
            return Link(**row) if row else None

    def drop_links(self, address: str) -> None:
        """End all links of *address*."""
        with self._engine.begin() as connection:
            statement = "DELETE FROM portal.recovery_links WHERE address = :address"
            connection.execute(text(statement), {"address": address})

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()
