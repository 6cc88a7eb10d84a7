"""What is remembered of keys, in PostgreSQL, as the role fermoposta_portal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from fermoposta.portal.engine import engine_of
from fermoposta.portal.keys.store import AppPassword, Ticket

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_KEEP = """
INSERT INTO portal.webmail_tickets (digest, session, state, expires_at)
SELECT :digest, session.digest, :state, :expires_at FROM portal.sessions AS session
WHERE session.digest = :session
"""
_TAKE = """
DELETE FROM portal.webmail_tickets WHERE digest = :digest
RETURNING digest, session, state, expires_at
"""
_OPEN = """
INSERT INTO portal.webmail_sessions (digest, session, secret)
SELECT :digest, session.digest, :secret FROM portal.sessions AS session
WHERE session.digest = :session
"""
_ADD = """
INSERT INTO portal.app_passwords (address, name, secret, protocols, created_at)
VALUES (:address, :name, :secret, :protocols, :at)
"""
_GROUPWARE = """
INSERT INTO portal.groupware_keys (address, secret) VALUES (:address, :secret)
ON CONFLICT (address) DO NOTHING
"""
_USE = """
UPDATE portal.app_passwords SET used_at = :at, used_from = :client
WHERE secret = :secret AND address = :address AND :protocol = ANY (protocols)
"""
_LIST = """
SELECT id, name, protocols, created_at, used_at, used_from FROM portal.app_passwords
WHERE address = :address ORDER BY id DESC
"""


class PostgresKeyStore:
    """Dovecot asks the same tables."""

    def __init__(self, url: str) -> None:
        self._engine = engine_of(url, most=5)
        self._secret: str | None = None

    def keep_ticket(self, ticket: Ticket) -> None:
        """Keep *ticket*; those that have expired are dropped."""
        with self._engine.begin() as connection:
            connection.execute(text("DELETE FROM portal.webmail_tickets WHERE expires_at <= now()"))
            connection.execute(
                text(_KEEP),
                {
                    "digest": ticket.digest,
                    "session": ticket.session,
                    "state": ticket.state,
                    "expires_at": ticket.expires_at,
                },
            )

    def take_ticket(self, digest: bytes, now: datetime) -> Ticket | None:
        """Return the ticket of *digest* unless it has expired, and forget it."""
        with self._engine.begin() as connection:
            row = connection.execute(text(_TAKE), {"digest": digest}).mappings().one_or_none()
        return Ticket(**row) if row and row["expires_at"] > now else None

    def open_webmail(self, digest: bytes, session: bytes, secret: bytes) -> None:
        """Remember that the webmail's cookie of *digest* stands for the portal's *session*."""
        with self._engine.begin() as connection:
            facts = {"digest": digest, "session": session, "secret": secret}
            connection.execute(text(_OPEN), facts)

    def webmail_session(self, digest: bytes) -> bytes | None:
        """Return the portal's session that the webmail's cookie of *digest* stands for."""
        query = text("SELECT session FROM portal.webmail_sessions WHERE digest = :digest")
        with self._engine.connect() as connection:
            session: bytes | None = connection.execute(query, {"digest": digest}).scalar()
        return bytes(session) if session is not None else None

    def add_app_password(
        self, address: str, name: str, protocols: Sequence[str], secret: bytes, at: datetime
    ) -> None:
        """Let *secret*, a digest, open the mailbox *address* by *protocols*."""
        with self._engine.begin() as connection:
            connection.execute(
                text(_ADD),
                {
                    "address": address,
                    "name": name,
                    "secret": secret,
                    "protocols": list(protocols),
                    "at": at,
                },
            )

    def secret(self) -> str:
        """Return what the keys of calendars are made from; the same for ever, and nobody else's."""
        if self._secret is None:
            with self._engine.connect() as connection:
                query = text("SELECT secret FROM portal.keys_secret")
                self._secret = str(connection.execute(query).scalar_one())
        return self._secret

    def keep_groupware_key(self, address: str, secret: bytes) -> None:
        """Let *secret*, a digest, open the calendars and the mailbox of *address* on this host."""
        with self._engine.begin() as connection:
            connection.execute(text(_GROUPWARE), {"address": address, "secret": secret})

    def use_app_password(
        self, address: str, secret: bytes, protocol: str, client: str, at: datetime
    ) -> bool:
        """Tell whether *secret* opens the mailbox of *address* by *protocol*; note where it was."""
        facts = {"secret": secret, "address": address, "protocol": protocol}
        with self._engine.begin() as connection:
            done = connection.execute(text(_USE), {**facts, "client": client, "at": at})
        return done.rowcount == 1

    def app_passwords(self, address: str) -> tuple[AppPassword, ...]:
        """Return those of *address*, the newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(text(_LIST), {"address": address}).mappings().all()
        return tuple(AppPassword(**{**row, "protocols": tuple(row["protocols"])}) for row in rows)

    def revoke_app_password(self, address: str, number: int) -> bool:
        """Revoke one of *address*; return whether there was such a one."""
        statement = "DELETE FROM portal.app_passwords WHERE address = :address AND id = :id"
        with self._engine.begin() as connection:
            done = connection.execute(text(statement), {"address": address, "id": number})
        return done.rowcount == 1

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()
