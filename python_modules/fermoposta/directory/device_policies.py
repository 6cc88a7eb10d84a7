"""
What holds for the devices of a user: the policy that is nearest, and which devices may come.

Pure. What a database shows the gateway is chosen by views to the same (0009_devices.sql).
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from fermoposta.directory.model import DevicePolicy
from fermoposta.directory.model.devices import (
    BLUETOOTH,
    CALENDAR_AGES,
    MAIL_AGES,
    NEGOTIATIONS,
)
from fermoposta.directory.rights import Membership

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fermoposta.directory.model import State

ELEMENTS: Mapping[str, str] = {
    "password_required": "DevicePasswordEnabled",
    "password_alphanumeric": "AlphanumericDevicePasswordRequired",
    "password_recovery": "PasswordRecoveryEnabled",
    "storage_card_encryption": "RequireStorageCardEncryption",
    "attachments_allowed": "AttachmentsEnabled",
    "password_minimum_length": "MinDevicePasswordLength",
    "lock_after_seconds": "MaxInactivityTimeDeviceLock",
    "password_failed_attempts": "MaxDevicePasswordFailedAttempts",
    "max_attachment_bytes": "MaxAttachmentSize",
    "password_simple": "AllowSimpleDevicePassword",
    "password_expires_days": "DevicePasswordExpiration",
    "password_history": "DevicePasswordHistory",
    "storage_card": "AllowStorageCard",
    "camera": "AllowCamera",
    "device_encryption": "RequireDeviceEncryption",
    "unsigned_applications": "AllowUnsignedApplications",
    "unsigned_installers": "AllowUnsignedInstallationPackages",
    "password_complex_characters": "MinDevicePasswordComplexCharacters",
    "wifi": "AllowWiFi",
    "text_messaging": "AllowTextMessaging",
    "other_mail": "AllowPOPIMAPEmail",
    "bluetooth": "AllowBluetooth",
    "infrared": "AllowIrDA",
    "manual_sync_when_roaming": "RequireManualSyncWhenRoaming",
    "desktop_sync": "AllowDesktopSync",
    "calendar_age": "MaxCalendarAgeFilter",
    "html_mail": "AllowHTMLEmail",
    "mail_age": "MaxEmailAgeFilter",
    "max_text_kb": "MaxEmailBodyTruncationSize",
    "max_html_kb": "MaxEmailHTMLBodyTruncationSize",
    "smime_signed": "RequireSignedSMIMEMessages",
    "smime_encrypted": "RequireEncryptedSMIMEMessages",
    "smime_negotiation": "AllowSMIMEEncryptionAlgorithmNegotiation",
    "smime_soft_certificates": "AllowSMIMESoftCerts",
    "browser": "AllowBrowser",
    "consumer_mail": "AllowConsumerEmail",
    "remote_desktop": "AllowRemoteDesktop",
    "internet_sharing": "AllowInternetSharing",
}
"""What devices call a setting, in the order of MS-ASWBXML, section 2.1.2.1.15."""
WORDS: Mapping[str, Mapping[str, int]] = {
    "bluetooth": BLUETOOTH,
    "mail_age": MAIL_AGES,
    "calendar_age": CALENDAR_AGES,
    "smime_negotiation": NEGOTIATIONS,
}
"""The settings that are words here and numbers to devices."""
_DEFAULTS = {each.name: each.default for each in fields(DevicePolicy) if each.name in ELEMENTS}


def elements(policy: DevicePolicy) -> dict[str, str]:
    """Return what a device is told, by element of EASProvisionDoc; what is not demanded is left."""
    told: dict[str, str] = {}
    for name, element in ELEMENTS.items():
        value = getattr(policy, name)
        if name in WORDS:
            told[element] = str(WORDS[name][value])
        elif value is not None:
            told[element] = str(int(value))
    return told


def settings(told: Mapping[str, str]) -> dict[str, bool | int | str]:
    """Return the settings that are *told* as `elements` tells them; those not there are left."""
    found: dict[str, bool | int | str] = {}
    for name, element in ELEMENTS.items():
        if element not in told:
            continue
        number = int(told[element])
        if name in WORDS:
            found[name] = {code: word for word, code in WORDS[name].items()}[number]
        else:
            found[name] = bool(number) if isinstance(_DEFAULTS[name], bool) else number
    return found


def policy_for(state: State, user: str) -> DevicePolicy | None:
    """
    Return the policy that the devices of *user* must follow; None where nothing is demanded.

    The nearest one: one that names the user, else one that names a group of the same company that
    the user is in, by way of other groups too, else one for the company.
    """
    company = state.company_of(user)
    if user not in state.users or company is None:
        return None
    groups = {
        group
        for group in Membership(state).groups_of(user)
        if group in state.groups and state.company_of(group) == company
    }
    near: list[tuple[int, int, str]] = []
    for policy in state.device_policies.values():
        if user in policy.applies_to:
            near.append((1, policy.position, policy.name))
        elif not groups.isdisjoint(policy.applies_to):
            near.append((2, policy.position, policy.name))
        elif policy.company == company:
            near.append((3, policy.position, policy.name))
    return state.device_policies[min(near)[2]] if near else None


def access_for(state: State, user: str, type_: str, model: str = "") -> str:
    """
    Return what happens to a device of *user* that was never seen: one of ``ACCESS``.

    *type_* and *model* are what it calls itself; the model is the nearer of the two.
    """
    said = state.device_access.get(user) or state.device_access.get(state.company_of(user) or "")
    if said is None:
        return "allow"
    by_type = dict(said.types).get(type_.lower(), said.unknown)
    return dict(said.models).get(model.lower(), by_type)
