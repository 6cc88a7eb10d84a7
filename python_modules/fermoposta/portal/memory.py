"""A portal store in memory, over a directory in memory: for tests, and to look at pages."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import datetime

from fermoposta.directory.audit import AuditEntry
from fermoposta.directory.model import Kind, Role, State
from fermoposta.directory.store import Store
from fermoposta.portal.store import Attempts, DomainSummary, Finding, Person, Session, Used


@dataclass
class MemoryPortalStore:
    """Answers as the PostgreSQL store does, out of *directory*."""

    directory: Store
    sessions: dict[bytes, Session] = field(default_factory=dict)
    attempts: list[tuple[str, str, datetime]] = field(default_factory=list)
    usage: dict[str, Used] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    languages: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> State:
        """The directory as it is now."""
        return self.directory.state()

    def hosts(self, domain: str) -> bool:
        """Tell whether *domain* is one of ours."""
        return domain in self.state.domains

    def credential(self, address: str) -> str | None:
        """Return the password hash of the open user *address*, None where there is none."""
        user = self.state.users.get(address)
        return user.password_hash if user else None

    def person(self, address: str) -> Person | None:
        """Return the open user *address*, None where there is none."""
        user = self.state.users.get(address)
        if user is None:
            return None
        company = self.state.company_of(address)
        return Person(
            address=user.address,
            name=user.name,
            company=self.state.companies[company].name if company else "",
            language=user.language,
            quota_mb=user.quota_mb,
            antivirus=user.antivirus,
            antispam=user.antispam,
            local_delivery=user.local_delivery,
            redirect_to=user.redirect_to,
            role=user.role.name if user.role else None,
        )

    def administered(self, address: str) -> tuple[DomainSummary, ...]:
        """Return the domains that *address* may administer, by name; none for a plain user."""
        user = self.state.users.get(address)
        if user is None or user.role is None:
            return ()
        names = sorted(self.state.domains)
        return tuple(self._summary(name) for name in names if self._rules(user.role, name))

    def used(self, address: str) -> Used:
        """Return what there is in the mailbox *address*."""
        return self.usage.get(address, Used())

    def used_in(self, domains: Collection[str]) -> Mapping[str, Used]:
        """Return what there is in each of *domains*; of one without mailboxes nothing."""
        found: dict[str, Used] = {}
        for address in (*self.state.users, *self.state.resources):
            domain = address.rpartition("@")[2]
            if domain in domains:
                one, all_ = astuple(self.used(address)), astuple(found.get(domain, Used()))
                found[domain] = Used(*map(sum, zip(one, all_, strict=True)))
        return found

    def audited(
        self, domains: Collection[str], *, limit: int, before: int | None = None
    ) -> Sequence[AuditEntry]:
        """Return what was changed in *domains*, the latest first; with *before* from there on."""
        found = [
            each
            for each in reversed(self.directory.audit())
            if each.key.split(" ")[0].rpartition("@")[2] in domains
            and (before is None or each.id < before)
        ]
        return found[:limit]

    def health(self) -> Sequence[Finding]:
        """Return what the doctor found when it last looked; nothing where it never has."""
        return self.findings

    def note_attempt(self, address: str, client: str, at: datetime, since: datetime) -> Attempts:
        """Write down an attempt and count those after *since*; older ones are forgotten."""
        self.attempts = [a for a in self.attempts if a[2] > since]
        self.attempts.append((address, client, at))
        return Attempts(
            by_pair=sum(a[:2] == (address, client) for a in self.attempts),
            by_client=sum(a[1] == client for a in self.attempts),
            by_address=sum(a[0] == address for a in self.attempts),
        )

    def forgive(self, address: str, client: str) -> None:
        """Forget the attempts of *client* at *address*, which ended well."""
        self.attempts = [a for a in self.attempts if a[:2] != (address, client)]

    def language(self, address: str) -> str | None:
        """Return in which language *address* wants the pages, None where they never said."""
        return self.languages.get(address)

    def set_language(self, address: str, language: str) -> None:
        """Remember in which language *address* wants the pages."""
        self.languages[address] = language

    def add_session(self, session: Session) -> None:
        """Keep *session*; those that have expired are dropped."""
        self.sessions[session.digest] = session

    def session(self, digest: bytes, now: datetime) -> Session | None:
        """Return the session of *digest* unless it has expired."""
        session = self.sessions.get(digest)
        return session if session and session.expires_at > now else None

    def drop_session(self, digest: bytes) -> None:
        """End a session; one that is not there is no error."""
        self.sessions.pop(digest, None)

    def _rules(self, role: Role, domain: str) -> bool:
        return domain in role.domains or self.state.domains[domain].company in role.companies

    def _summary(self, name: str) -> DomainSummary:
        def within(kind: Kind) -> int:
            return sum(address.endswith(f"@{name}") for address in self.state.of(kind))

        return DomainSummary(
            name=name,
            company=self.state.companies[self.state.domains[name].company].name,
            users=within(Kind.USERS),
            aliases=within(Kind.ALIASES),
            groups=within(Kind.GROUPS),
            resources=within(Kind.RESOURCES),
        )
