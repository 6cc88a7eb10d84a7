"""
The portal's store in PostgreSQL, as the role fermoposta_portal.

The role selects from the views of the schema ``portal`` and writes its tables. The directory it
reads and changes by `fermoposta.portal.book`, never from here.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from fermoposta.directory.audit import AuditEntry
from fermoposta.portal.engine import engine_of
from fermoposta.portal.store import Attempts, DomainSummary, Finding, Person, Session, Used

_PERSON = """
SELECT address, name, company, language, quota_mb, antivirus, antispam, local_delivery,
       redirect_to, role
FROM portal.people WHERE address = :address
"""
_ADMINISTERED = """
SELECT name, company, users, aliases, groups, resources
FROM portal.administered WHERE administrator = :address ORDER BY name
"""
_USED = """
SELECT mail, calendars, contacts, other FROM portal.usage WHERE address = :address
"""
_USED_IN = """
SELECT domain, sum(mail)::bigint AS mail, sum(calendars)::bigint AS calendars,
       sum(contacts)::bigint AS contacts, sum(other)::bigint AS other
FROM portal.usage WHERE domain = ANY(:domains) GROUP BY domain
"""
_AUDITED = """
SELECT id, at, actor, action, kind, key, before, after, hash FROM directory.audit
WHERE substring(split_part(key, ' ', 1) FROM '[^@]*$') = ANY(:domains)
    AND (CAST(:before AS bigint) IS NULL OR id < :before)
ORDER BY id DESC LIMIT :limit
"""
_HEALTH = """
SELECT part, subject, outcome, message, remedy, at FROM portal.health ORDER BY part, subject
"""
_COUNT = """
SELECT count(*) FILTER (WHERE address = :address AND client = :client) AS by_pair,
       count(*) FILTER (WHERE client = :client) AS by_client,
       count(*) FILTER (WHERE address = :address) AS by_address
FROM portal.attempts WHERE at > :since AND (address = :address OR client = :client)
"""
_ADD_ATTEMPT = """
INSERT INTO portal.attempts (address, client, at) VALUES (:address, :client, :at)
"""
_ADD_SESSION = """
INSERT INTO portal.sessions (digest, address, credential, expires_at)
VALUES (:digest, :address, :credential, :expires_at)
"""
_SET_LANGUAGE = """
INSERT INTO portal.languages (address, language) VALUES (:address, :language)
ON CONFLICT (address) DO UPDATE SET language = EXCLUDED.language
"""


class PostgresPortalStore:
    """Sessions and attempts survive a restart, and several portals may share them."""

    def __init__(self, url: str) -> None:
        self._engine = engine_of(url, most=5)

    def hosts(self, domain: str) -> bool:
        """Tell whether *domain* is one of ours."""
        return self._one("SELECT 1 FROM portal.domains WHERE name = :name", name=domain) is not None

    def credential(self, address: str) -> str | None:
        """Return the password hash of the open user *address*, None where there is none."""
        found = self._one(
            "SELECT password FROM portal.credentials WHERE address = :address", address=address
        )
        return found["password"] if found else None

    def person(self, address: str) -> Person | None:
        """Return the open user *address*, None where there is none."""
        found = self._one(_PERSON, address=address)
        return Person(**{**found, "redirect_to": tuple(found["redirect_to"])}) if found else None

    def administered(self, address: str) -> tuple[DomainSummary, ...]:
        """Return the domains that *address* may administer, by name; none for a plain user."""
        with self._engine.connect() as connection:
            rows = connection.execute(text(_ADMINISTERED), {"address": address}).mappings()
            return tuple(DomainSummary(**row) for row in rows)

    def used(self, address: str) -> Used:
        """Return what there is in the mailbox *address*."""
        return Used(**(self._one(_USED, address=address) or {}))

    def used_in(self, domains: Collection[str]) -> Mapping[str, Used]:
        """Return what there is in each of *domains*; of one without mailboxes nothing."""
        with self._engine.connect() as connection:
            rows = connection.execute(text(_USED_IN), {"domains": list(domains)}).mappings()
            return {
                row["domain"]: Used(row["mail"], row["calendars"], row["contacts"], row["other"])
                for row in rows
            }

    def audited(
        self, domains: Collection[str], *, limit: int, before: int | None = None
    ) -> Sequence[AuditEntry]:
        """Return what was changed in *domains*, the latest first; with *before* from there on."""
        facts = {"domains": list(domains), "limit": limit, "before": before}
        with self._engine.connect() as connection:
            rows = connection.execute(text(_AUDITED), facts)
            return [AuditEntry(row[0], row[1].astimezone(UTC), *row[2:]) for row in rows]

    def health(self) -> Sequence[Finding]:
        """Return what the doctor found when it last looked; nothing where it never has."""
        with self._engine.connect() as connection:
            return [Finding(**row) for row in connection.execute(text(_HEALTH)).mappings()]

    def note_attempt(self, address: str, client: str, at: datetime, since: datetime) -> Attempts:
        """Write down an attempt and count those after *since*; older ones are forgotten."""
        facts = {"address": address, "client": client, "at": at, "since": since}
        with self._engine.begin() as connection:
            connection.execute(text("DELETE FROM portal.attempts WHERE at <= :since"), facts)
            connection.execute(text(_ADD_ATTEMPT), facts)
        with self._engine.connect() as connection:
            return Attempts(**connection.execute(text(_COUNT), facts).mappings().one())

    def forgive(self, address: str, client: str) -> None:
        """Forget the attempts of *client* at *address*, which ended well."""
        self._do(
            "DELETE FROM portal.attempts WHERE address = :address AND client = :client",
            address=address,
            client=client,
        )

    def language(self, address: str) -> str | None:
        """Return in which language *address* wants the pages, None where they never said."""
        query = "SELECT language FROM portal.languages WHERE address = :address"
        found = self._one(query, address=address)
        return found["language"] if found else None

    def set_language(self, address: str, language: str) -> None:
        """Remember in which language *address* wants the pages."""
        self._do(_SET_LANGUAGE, address=address, language=language)

    def add_session(self, session: Session) -> None:
        """Keep *session*; those that have expired are dropped."""
        self._do("DELETE FROM portal.sessions WHERE expires_at <= now()")
        self._do(
            _ADD_SESSION,
            digest=session.digest,
            address=session.address,
            credential=session.credential,
            expires_at=session.expires_at,
        )

    def session(self, digest: bytes, now: datetime) -> Session | None:
        """Return the session of *digest* unless it has expired."""
        found = self._one(
            "SELECT digest, address, credential, expires_at FROM portal.sessions"
            " WHERE digest = :digest AND expires_at > :now",
            digest=digest,
            now=now,
        )
        return Session(**found) if found else None

    def drop_session(self, digest: bytes) -> None:
        """End a session; one that is not there is no error."""
        self._do("DELETE FROM portal.sessions WHERE digest = :digest", digest=digest)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _one(self, query: str, **facts: object) -> dict[str, Any] | None:
        with self._engine.connect() as connection:
            found = connection.execute(text(query), facts).mappings().one_or_none()
            return {**found} if found else None

    def _do(self, statement: str, **facts: object) -> None:
        with self._engine.begin() as connection:
            connection.execute(text(statement), facts)
