"""What the portal asks of the directory, and what it remembers by itself: sessions and attempts.

The portal never reads a table of people: it asks for one person, or for what one administers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from fermoposta.directory.audit import AuditEntry


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in, as far as they may know it of themselves."""

    address: str
    name: str
    company: str
    language: str
    quota_mb: int
    antivirus: bool
    antispam: bool
    local_delivery: bool
    redirect_to: tuple[str, ...] = ()
    role: str | None = None


@dataclass(frozen=True, slots=True)
class DomainSummary:
    """A domain that somebody administers, and how much there is in it."""

    name: str
    company: str
    users: int
    aliases: int
    groups: int
    resources: int


@dataclass(frozen=True, slots=True)
class Used:
    """What there is now, in bytes: of one mailbox, or of all in a domain."""

    mail: int = 0
    calendars: int = 0
    contacts: int = 0
    other: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.mail + self.calendars + self.contacts + self.other


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the host's doctor looked at; *outcome* is good, bad, or could not tell."""

    part: str
    subject: str
    outcome: str
    message: str
    remedy: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. The cookie's value is not kept, only *digest*, its SHA-256.

    *credential* is a digest of the password hash that was right at sign-in: a session ends when the
    password changes.
    """

    digest: bytes = field(repr=False)
    address: str
    credential: bytes = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Attempts:
    """How many sign-ins were tried within the window, the present one among them."""

    by_pair: int
    by_client: int
    by_address: int


class PortalStore(Protocol):
    """The directory and the portal's own memory. Every method is one transaction."""

    def hosts(self, domain: str) -> bool:
        """Tell whether *domain* is one of ours."""

    def credential(self, address: str) -> str | None:
        """Return the password hash of the open user *address*, None where there is none."""

    def person(self, address: str) -> Person | None:
        """Return the open user *address*, None where there is none."""

    def administered(self, address: str) -> tuple[DomainSummary, ...]:
        """Return the domains that *address* may administer, by name; none for a plain user."""

    def used(self, address: str) -> Used:
        """Return what there is in the mailbox *address*."""

    def used_in(self, domains: Collection[str]) -> Mapping[str, Used]:
        """Return what there is in each of *domains*; of one without mailboxes nothing."""

    def audited(
        self, domains: Collection[str], *, limit: int, before: int | None = None
    ) -> Sequence[AuditEntry]:
        """Return what was changed in *domains*, the latest first; with *before* from there on."""

    def health(self) -> Sequence[Finding]:
        """Return what the doctor found when it last looked; nothing where it never has."""

    def note_attempt(self, address: str, client: str, at: datetime, since: datetime) -> Attempts:
        """Write down an attempt and count those after *since*; older ones are forgotten."""

    def forgive(self, address: str, client: str) -> None:
        """Forget the attempts of *client* at *address*, which ended well."""

    def language(self, address: str) -> str | None:
        """Return in which language *address* wants the pages, None where they never said."""

    def set_language(self, address: str, language: str) -> None:
        """Remember in which language *address* wants the pages."""

    def add_session(self, session: Session) -> None:
        """Keep *session*; those that have expired are dropped."""

    def session(self, digest: bytes, now: datetime) -> Session | None:
        """Return the session of *digest* unless it has expired."""

    def drop_session(self, digest: bytes) -> None:
        """End a session; one that is not there is no error."""
