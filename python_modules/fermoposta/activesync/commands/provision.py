"""
Provision (MS-ASPROV): the policies that a device must keep, and the wipe of a lost one.

Policies go in two phases. The device asks and is offered them with a key of their own; it
acknowledges that key, and gets the one to send with each request from then on. Whoever asks has
none: until the acknowledgement no request of it with an older key is good.

Where nothing is demanded the device is offered a document that allows all. Status 2, "there is no
policy", makes some clients give up, and a device whose policies were lifted would keep the last
ones: so every document says all that there is to say.

A wipe goes before anything else. Only 16.1 knows a wipe of the account alone. A device of a lower
version, told to wipe itself, would lose its owner's photographs: it is blocked instead, and wiped
should it come with 16.1.
"""

from __future__ import annotations

import secrets
from enum import IntEnum
from typing import TYPE_CHECKING

from fermoposta.activesync.admission import digest_of
from fermoposta.activesync.commands import settings
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.map.content import leaf
from fermoposta.activesync.people import DevicePolicy
from fermoposta.activesync.session import Answer
from fermoposta.activesync.status import Common
from fermoposta.activesync.store.model import Access, Wipe
from fermoposta.activesync.versions import VERSIONS
from fermoposta.activesync.wbxml import Element

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fermoposta.activesync.session import Asked, Session

POLICY_TYPE = "MS-EAS-Provisioning-WBXML"
SUCCESS, MALFORMED, SERVER_ERROR = 1, 2, 3
LARGEST_KEY = 0xFFFF_FFFF
_NOT_FULLY, _EXTERNALLY = 139, 145
"""DeviceNotFullyProvisionable and ExternallyManagedDevicesNotAllowed (MS-ASCMD, section 2.2.2)."""
_FORBIDDEN = 403


class PolicyStatus(IntEnum):
    """How a policy goes (section 2.2.2.54.1)."""

    SUCCESS = 1
    UNKNOWN_TYPE = 3
    CORRUPT = 4
    WRONG_KEY = 5


APPLIED, PARTLY, NOT_APPLIED, EXTERNAL = "1", "2", "3", "4"
"""What a device says that it did (section 2.2.2.54.1)."""

PERMISSIVE = {
    "DevicePasswordEnabled": "0",
    "AlphanumericDevicePasswordRequired": "0",
    "PasswordRecoveryEnabled": "0",
    "RequireStorageCardEncryption": "0",
    "AttachmentsEnabled": "1",
    "MinDevicePasswordLength": "",
    "MaxInactivityTimeDeviceLock": "",
    "MaxDevicePasswordFailedAttempts": "",
    "MaxAttachmentSize": "",
    "AllowSimpleDevicePassword": "1",
    "DevicePasswordExpiration": "",
    "DevicePasswordHistory": "0",
    "AllowStorageCard": "1",
    "AllowCamera": "1",
    "RequireDeviceEncryption": "0",
    "AllowUnsignedApplications": "1",
    "AllowUnsignedInstallationPackages": "1",
    "MinDevicePasswordComplexCharacters": "1",
    "AllowWiFi": "1",
    "AllowTextMessaging": "1",
    "AllowPOPIMAPEmail": "1",
    "AllowBluetooth": "2",
    "AllowIrDA": "1",
    "RequireManualSyncWhenRoaming": "0",
    "AllowDesktopSync": "1",
    "MaxCalendarAgeFilter": "0",
    "AllowHTMLEmail": "1",
    "MaxEmailAgeFilter": "0",
    "MaxEmailBodyTruncationSize": "-1",
    "MaxEmailHTMLBodyTruncationSize": "-1",
    "RequireSignedSMIMEMessages": "0",
    "RequireEncryptedSMIMEMessages": "0",
    "RequireSignedSMIMEAlgorithm": "0",
    "RequireEncryptionSMIMEAlgorithm": "0",
    "AllowSMIMEEncryptionAlgorithmNegotiation": "2",
    "AllowSMIMESoftCerts": "1",
    "AllowBrowser": "1",
    "AllowConsumerEmail": "1",
    "AllowRemoteDesktop": "1",
    "AllowInternetSharing": "1",
    "UnapprovedInROMApplicationList": "",
    "ApprovedApplicationList": "",
}
"""All elements of EASProvisionDoc in the schema's order, as they are where nothing is demanded."""
_WIPES = ("Provision:RemoteWipe", "Provision:AccountOnlyRemoteWipe")
"""Of all that is on the device, and of the account alone."""
_LISTS = {
    "UnapprovedInROMApplicationList": "ApplicationName",
    "ApprovedApplicationList": "Hash",
}
"""Elements with others in them: their values have a line for each."""


async def handle(session: Session, asked: Asked) -> Answer:
    """Answer Provision; raises CommandError."""
    root = asked.element
    if root is None:
        raise CommandError(MALFORMED, "Provision without a document")
    if session.device.wipe in {Wipe.REQUESTED, Wipe.SENT}:
        return await _wipe(session, root)
    if any(root.find(tag) is not None for tag in _WIPES):
        raise CommandError(MALFORMED, "a wipe is acknowledged that nobody wanted")
    found: list[Element] = []
    information = root.find("Settings:DeviceInformation")
    if information is not None and _since_14_1(session.version):
        status = await settings.save_information(session, information)
        found.append(Element(information.tag, [leaf("Settings:Status", status)]))
    found.append(_status(SUCCESS))
    policies = root.find("Provision:Policies")
    if policies is None:
        return _answer(found)
    asked_for = policies.find_all("Provision:Policy")
    if len(asked_for) != 1:
        raise CommandError(MALFORMED, f"{len(asked_for)} policies instead of one")
    answered = await _policy(session, asked_for[0])
    if isinstance(answered, Answer):
        return answered
    return _answer([*found, Element(policies.tag, [answered])])


def document(values: Mapping[str, str]) -> Element:
    """Return the document that demands *values*, and nothing else. Raises KeyError."""
    unknown = values.keys() - PERMISSIVE.keys()
    if unknown:
        raise KeyError(min(unknown))
    return Element("Provision:EASProvisionDoc", _settings({**PERMISSIVE, **values}))


def _settings(values: Mapping[str, str]) -> Iterator[Element]:
    for name in PERMISSIVE:
        value = values[name]
        if name in _LISTS:
            lines = filter(None, map(str.strip, value.splitlines()))
            yield Element(
                f"Provision:{name}", [leaf(f"Provision:{_LISTS[name]}", each) for each in lines]
            )
        else:
            yield leaf(f"Provision:{name}", value)


async def _policy(session: Session, asked: Element) -> Element | Answer:
    """Answer *asked*: by the policies, or by the key where they are acknowledged."""
    kind = (asked.text_of("Provision:PolicyType") or "").strip()
    if not kind:
        raise CommandError(MALFORMED, "a policy without a PolicyType")
    if kind != POLICY_TYPE:
        return _policy_answer(kind, PolicyStatus.UNKNOWN_TYPE)
    key = asked.text_of("Provision:PolicyKey")
    said = asked.text_of("Provision:Status")
    policy = await session.people.device_policy(session.owner.address)
    if key is None and said is None:
        return await _offered(session, policy)
    return await _acknowledged(session, policy, (key or "").strip(), (said or "").strip())


async def _offered(session: Session, policy: DevicePolicy | None) -> Element:
    demanded = policy or DevicePolicy()
    try:
        data = Element("Provision:Data", [document(demanded.values)])
    except KeyError:
        return _policy_answer(POLICY_TYPE, PolicyStatus.CORRUPT)
    key = _new_key()
    # What it is offered now it will acknowledge, whatever is demanded by then: the digest says
    # which policies these were.
    await _change(session, offered_key=key, policy_key=0, policy_digest=digest_of(demanded))
    return _policy_answer(POLICY_TYPE, PolicyStatus.SUCCESS, key, data)


async def _acknowledged(
    session: Session, policy: DevicePolicy | None, key: str, said: str
) -> Element | Answer:
    if said not in {APPLIED, PARTLY, NOT_APPLIED, EXTERNAL}:
        raise CommandError(MALFORMED, "an acknowledgement without a Status from 1 to 4")
    offered = session.device.offered_key
    if not offered or key != str(offered):
        return _policy_answer(POLICY_TYPE, PolicyStatus.WRONG_KEY)
    strict = policy is not None and not policy.allow_non_provisionable
    if strict and said in {NOT_APPLIED, EXTERNAL}:
        return _not_complied(session.version, _NOT_FULLY if said == NOT_APPLIED else _EXTERNALLY)
    final = _new_key()
    await _change(session, policy_key=final, offered_key=0)
    return _policy_answer(POLICY_TYPE, PolicyStatus.SUCCESS, final)


def _not_complied(version: str, status: int) -> Answer:
    """Return what tells a device that it must do better; 12.1 has HTTP's 403 for it."""
    return Answer(status=_FORBIDDEN) if version == "12.1" else _answer([_status(status)])


async def _wipe(session: Session, root: Element) -> Answer:
    """Tell the device to wipe itself, or note that it did."""
    device = session.device
    only = device.wipe_account_only
    if only and session.version != VERSIONS[-1]:
        await _change(session, access=Access.BLOCKED)
        raise CommandError(Common.DEVICE_BLOCKED, "only 16.1 can wipe the account alone")
    tag = _WIPES[only]
    done = (root.text_of(tag, "Provision:Status") or "").strip()
    if device.wipe is Wipe.SENT and done == "1":
        await _change(session, wipe=Wipe.DONE, access=Access.BLOCKED, policy_key=0, offered_key=0)
        return _answer([_status(SUCCESS)])
    failed = device.wipe is Wipe.SENT and root.find(tag) is not None
    if device.wipe is Wipe.REQUESTED:
        await _change(session, wipe=Wipe.SENT)
    return _answer([_status(MALFORMED if failed else SUCCESS), Element(tag)])


async def _change(session: Session, **fields: object) -> None:
    """Change what is kept of the device; raises CommandError where it was just forgotten."""
    device = session.device
    if await session.store.change_device(device.user, device.id, **fields) is None:
        raise CommandError(SERVER_ERROR, "the device was forgotten meanwhile")


def _new_key() -> int:
    """Return a key of 32 bits that is not 0 (section 2.2.2.42)."""
    return secrets.randbelow(LARGEST_KEY) + 1


def _policy_answer(
    kind: str, status: PolicyStatus, key: int | None = None, data: Element | None = None
) -> Element:
    found = [leaf("Provision:PolicyType", kind), leaf("Provision:Status", status)]
    if key is not None:
        found.append(leaf("Provision:PolicyKey", key))
    return Element("Provision:Policy", found if data is None else [*found, data])


def _answer(children: list[Element]) -> Answer:
    return Answer(Element("Provision:Provision", children))


def _status(status: int) -> Element:
    return leaf("Provision:Status", status)


def _since_14_1(version: str) -> bool:
    return VERSIONS.index(version) >= VERSIONS.index("14.1")
