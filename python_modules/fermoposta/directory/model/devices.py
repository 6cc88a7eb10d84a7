"""What phones and tablets must do before they may synchronise, and which may at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from fermoposta.directory.model.kinds import Kind, Owner

ACCESS = ("allow", "quarantine", "block")
"""What happens to a device: it synchronises, waits for an administrator's word, or is refused."""
BLUETOOTH = {"forbidden": 0, "hands_free": 1, "allowed": 2}
MAIL_AGES = {"all": 0, "1_day": 1, "3_days": 2, "1_week": 3, "2_weeks": 4, "1_month": 5}
CALENDAR_AGES = {"all": 0, "2_weeks": 4, "1_month": 5, "3_months": 6, "6_months": 7}
NEGOTIATIONS = {"none": 0, "strong": 1, "any": 2}
"""Words and the numbers that devices know them by (MS-ASPROV, section 2.2.2)."""


@dataclass(frozen=True, slots=True)
class DevicePolicy:
    """
    What devices of some users must do (MS-ASPROV, section 2.2.2.28).

    It is for the users and the members of groups in *applies_to*, and for everybody of *company*
    whom no other policy is for. Of two that are equally near the one with the lower *position*
    holds, then the first by name. Numbers are None where nothing is demanded.
    """

    kind: ClassVar[Kind] = Kind.DEVICE_POLICIES

    name: str
    company: str | None = None
    applies_to: tuple[str, ...] = ()
    position: int = 0
    allow_non_provisionable: bool = False
    refresh_hours: int | None = None
    password_required: bool = False
    password_alphanumeric: bool = False
    password_simple: bool = True
    password_minimum_length: int | None = None
    password_complex_characters: int | None = None
    password_failed_attempts: int | None = None
    password_expires_days: int | None = None
    password_history: int | None = None
    password_recovery: bool = False
    lock_after_seconds: int | None = None
    device_encryption: bool = False
    storage_card: bool = True
    storage_card_encryption: bool = False
    camera: bool = True
    wifi: bool = True
    bluetooth: str = "allowed"
    infrared: bool = True
    internet_sharing: bool = True
    remote_desktop: bool = True
    desktop_sync: bool = True
    text_messaging: bool = True
    browser: bool = True
    consumer_mail: bool = True
    other_mail: bool = True
    unsigned_applications: bool = True
    unsigned_installers: bool = True
    html_mail: bool = True
    attachments_allowed: bool = True
    max_attachment_bytes: int | None = None
    mail_age: str = "all"
    calendar_age: str = "all"
    max_text_kb: int | None = None
    max_html_kb: int | None = None
    manual_sync_when_roaming: bool = False
    smime_signed: bool = False
    smime_encrypted: bool = False
    smime_soft_certificates: bool = True
    smime_negotiation: str = "any"
    managed_by: Owner = field(default=Owner.INVENTORY, compare=False)

    @property
    def key(self) -> str:
        """Return what names the record among its kind."""
        return self.name


@dataclass(frozen=True, slots=True)
class DeviceAccess:
    """
    Which devices may synchronise that never did before; *scope* is a company, or a user's address.

    *models* and *types* say it by what a device calls itself, in lower case; for all others
    *unknown* holds. What is said of a user is said in the place of what is said of the company.
    """

    kind: ClassVar[Kind] = Kind.DEVICE_ACCESS

    scope: str
    unknown: str = "allow"
    types: tuple[tuple[str, str], ...] = ()
    models: tuple[tuple[str, str], ...] = ()
    managed_by: Owner = field(default=Owner.INVENTORY, compare=False)

    @property
    def key(self) -> str:
        """Return what names the record among its kind."""
        return self.scope
