"""
The records that the directory is made of.

Equality is about what was declared: who owns a record, its mailbox and its secrets do not count
(the planner looks at those by rules of their own).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from fermoposta.directory.model.devices import DeviceAccess, DevicePolicy
from fermoposta.directory.model.kinds import Kind, Owner
from fermoposta.directory.model.mail_rules import MessageRule, OutOfOffice
from fermoposta.directory.model.portraits import Certificate, Picture

if TYPE_CHECKING:
    from datetime import datetime

    from fermoposta.directory.model.secret import Opaque, Secret

QUOTA_MB_MIN = 100
QUOTA_MB_MAX = 25_600
QUOTA_MB_DEFAULT = 10_240
RESOURCE_QUOTA_MB = 1_024
LANGUAGES = ("it", "en")
DKIM_SELECTOR = "mail"
GROUP_SENDERS = ("anyone", "company", "members")
RESOURCE_KINDS = ("location", "thing", "group")
ADMINISTRATOR = "administrator"
"""The role that gives roles to others; a mail administrator looks after addresses."""
ROLE_NAMES = (ADMINISTRATOR, "mail_administrator")
JUNK_ACTIONS = ("allow", "block")
DELEGATION_FOLDERS = ("calendar", "tasks", "inbox", "contacts", "notes", "journal")
"""The folders of a delegation (F101)."""


@dataclass(frozen=True, slots=True)
class Company:
    """An organisation that owns domains; the unit of tenancy."""

    kind: ClassVar[Kind] = Kind.COMPANIES

    key: str
    name: str
    managed_by: Owner = field(default=Owner.INVENTORY, compare=False)


@dataclass(frozen=True, slots=True)
class Domain:
    """A mail domain, in its ASCII form, which belongs to one company."""

    kind: ClassVar[Kind] = Kind.DOMAINS

    name: str
    company: str
    catch_all: str | None = None
    dkim_selector: str = DKIM_SELECTOR
    description: str = ""
    managed_by: Owner = field(default=Owner.INVENTORY, compare=False)

    @property
    def key(self) -> str:
        """Return what names the record among its kind."""
        return self.name


@dataclass(frozen=True, slots=True)
class Role:
    """What a user may administer in the portal: companies, or single domains (F122, F123)."""

    name: str
    companies: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SecurityQuestion:
    """A question that the user can answer to get a new password (F192)."""

    question: str
    answer: Secret | Opaque | None = field(default=None, repr=False, compare=False)
    answer_hash: str | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class User:
    """
    A person with a mailbox, who logs in with the address.

    *mobile*, *recovery_address*, *security_questions* and *require_app_passwords*, whether the
    password opens portal and webmail only, are the user's own to change where the declaration
    leaves them out (None). *recipients_per_hour* None is the site's default.
    """

    kind: ClassVar[Kind] = Kind.USERS

    address: str
    name: str
    given_name: str = ""
    family_name: str = ""
    quota_mb: int = QUOTA_MB_DEFAULT
    language: str = "it"
    antivirus: bool = True
    antispam: bool = True
    local_delivery: bool = True
    redirect_to: tuple[str, ...] = ()
    restrict_sending: bool = False
    restrict_receiving: bool = False
    self_service_reset: bool = True
    recipients_per_hour: int | None = None
    role: Role | None = None
    mobile: str | None = field(default=None, compare=False)
    recovery_address: str | None = field(default=None, compare=False)
    require_app_passwords: bool | None = field(default=None, compare=False)
    security_questions: tuple[SecurityQuestion, ...] | None = field(default=None, compare=False)
    password: Secret | Opaque | None = field(default=None, repr=False, compare=False)
    password_hash: str | None = field(default=None, repr=False, compare=False)
    managed_by: Owner = field(default=Owner.INVENTORY, compare=False)
    mailbox_id: str | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        """Return what names the record among its kind."""
        return self.address


@dataclass(frozen=True, slots=True)
class Resource:
    """
    A room, a car, a tool: booked by inviting it (F161).

    *multiple_bookings* is how many bookings may overlap; 0 is without a limit.
    """

    kind: ClassVar[Kind] = Kind.RESOURCES

    address: str
    name: str
    resource_kind: str = "location"
    multiple_bookings: int = 1
    quota_mb: int = RESOURCE_QUOTA_MB
    language: str = "it"
    managed_by: Owner = field(default=Owner.INVENTORY, compare=False)
    mailbox_id: str | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        """Return what names the record among its kind."""
        return self.address


@dataclass(frozen=True, slots=True)
class Alias:
    """An address that nobody sees in an address book and that leads to others (F152)."""

    kind: ClassVar[Kind] = Kind.ALIASES

    address: str
    destinations: tuple[str, ...]
    managed_by: Owner = field(default=Owner.INVENTORY, compare=False)

    @property
    def key(self) -> str:
        """Return what names the record among its kind."""
        return self.address


@dataclass(frozen=True, slots=True)
class Group:
    """
    An address in the address book that reaches its members (F156), and can be given rights.

    *senders* says who may write to it: one of `GROUP_SENDERS`, or a tuple of addresses.
    """

    kind: ClassVar[Kind] = Kind.GROUPS

    address: str
    name: str
    members: tuple[str, ...]
    senders: str | tuple[str, ...] = "anyone"
    managed_by: Owner = field(default=Owner.INVENTORY, compare=False)

    @property
    def key(self) -> str:
        """Return what names the record among its kind."""
        return self.address


@dataclass(frozen=True, slots=True)
class SendAs:
    """Who may send as an address without a trace of it at the recipient (F104, F105)."""

    kind: ClassVar[Kind] = Kind.SEND_AS

    address: str
    senders: tuple[str, ...]
    managed_by: Owner = field(default=Owner.INVENTORY, compare=False)

    @property
    def key(self) -> str:
        """Return what names the record among its kind."""
        return self.address


@dataclass(frozen=True, slots=True)
class Delegation:
    """
    Who may send on behalf of a mailbox, and with which rights on its six folders (F101).

    *folders* holds (name, mask) in the order of `DELEGATION_FOLDERS`.
    """

    kind: ClassVar[Kind] = Kind.DELEGATIONS

    mailbox: str
    delegate: str
    folders: tuple[tuple[str, int], ...] = ()
    managed_by: Owner = field(default=Owner.INVENTORY, compare=False)

    @property
    def key(self) -> str:
        """Return what names the record among its kind."""
        return f"{self.mailbox} {self.delegate}"


@dataclass(frozen=True, slots=True)
class Grant:
    """The rights of a user or group on a folder of somebody's mailbox; ``/`` is its root."""

    kind: ClassVar[Kind] = Kind.GRANTS

    mailbox: str
    folder: str
    grantee: str
    rights: int
    managed_by: Owner = field(default=Owner.INVENTORY, compare=False)

    @property
    def key(self) -> str:
        """Return what names the record among its kind."""
        return f"{self.mailbox} {self.grantee} {self.folder}"


@dataclass(frozen=True, slots=True)
class AllowedDomains:
    """The domains with which the restricted users of a domain may exchange mail (F145)."""

    kind: ClassVar[Kind] = Kind.ALLOWED_DOMAINS

    domain: str
    allowed: tuple[str, ...]
    managed_by: Owner = field(default=Owner.INVENTORY, compare=False)

    @property
    def key(self) -> str:
        """Return what names the record among its kind."""
        return self.domain


@dataclass(frozen=True, slots=True)
class JunkRule:
    """
    What happens to mail of an envelope sender, an address or ``@domain`` (F169, F170).

    *scope* is a domain for an administrator's rule, an address for a user's own.
    """

    kind: ClassVar[Kind] = Kind.JUNK_RULES

    scope: str
    sender: str
    action: str
    managed_by: Owner = field(default=Owner.INVENTORY, compare=False)

    @property
    def key(self) -> str:
        """Return what names the record among its kind."""
        return f"{self.scope} {self.sender}"


@dataclass(frozen=True, slots=True)
class ClosedMailbox:
    """The mailbox of a user or resource that is gone; it is kept for a while."""

    mailbox_id: str
    address: str
    kind: Kind
    closed_at: datetime
    password_hash: str | None = field(default=None, repr=False, compare=False)


Record = (
    Company
    | Domain
    | User
    | Resource
    | Alias
    | Group
    | SendAs
    | Delegation
    | Grant
    | AllowedDomains
    | JunkRule
    | MessageRule
    | OutOfOffice
    | DevicePolicy
    | DeviceAccess
    | Picture
    | Certificate
)
