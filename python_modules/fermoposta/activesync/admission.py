"""
Whether a device may have its command carried out, before anything of the mailbox is looked at.

In this order, so that each device hears first what matters most:

1. A wipe that was asked for: everything but Provision is told so, whatever else holds, since a
   device that is blocked must still hear of it (MS-ASPROV, section 3.1.5.1). One that can't do it,
   and was blocked for that, is told no more of it.
2. A device that was wiped or is blocked may do nothing.
3. A quarantined device may tell who it is, for whoever decides: Provision, and Settings with
   nothing but DeviceInformation. It does not get as far as a folder's name.
4. Policies: where the user's devices have any to keep, the device must have acknowledged just
   those, and say so by their key. Provision is how it gets there, and Settings with nothing but
   DeviceInformation goes before it at 12.1 and 14.0.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from fermoposta.activesync.status import Common
from fermoposta.activesync.store.model import Access, Wipe
from fermoposta.activesync.versions import VERSIONS

if TYPE_CHECKING:
    from fermoposta.activesync.people import DevicePolicy
    from fermoposta.activesync.request import Request
    from fermoposta.activesync.store.model import Device
    from fermoposta.activesync.wbxml import Element

_INTRODUCTION = {"Settings:DeviceInformation"}


def digest_of(policy: DevicePolicy) -> str:
    """Return what stands for *policy*: equal where the device has to do the same."""
    text = json.dumps(dict(policy.values), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def refusal(
    request: Request, body: Element | None, device: Device, policy: DevicePolicy | None
) -> Common | None:
    """Return why *device* may not have *request* carried out; None where it may."""
    provision = request.command == "Provision"
    if device.wipe in {Wipe.REQUESTED, Wipe.SENT} and not _in_vain(request, device):
        return None if provision else Common.WIPE_REQUESTED
    if device.access is Access.BLOCKED or device.wipe is Wipe.DONE:
        return Common.DEVICE_BLOCKED
    if provision or _introduces(request, body):
        return None
    if device.access is Access.QUARANTINED:
        return Common.DEVICE_BLOCKED
    return None if policy is None else _short_of(policy, request, device)


def _in_vain(request: Request, device: Device) -> bool:
    """Tell whether the wipe is one of the account alone, and the version has none."""
    blocked = device.access is Access.BLOCKED
    return blocked and device.wipe_account_only and request.version != VERSIONS[-1]


def _introduces(request: Request, body: Element | None) -> bool:
    """Tell whether the device only says who it is."""
    if request.command != "Settings" or body is None:
        return False
    return bool(body.elements) and {child.tag for child in body.elements} <= _INTRODUCTION


def _short_of(policy: DevicePolicy, request: Request, device: Device) -> Common | None:
    """Return what the device lacks of *policy*."""
    if not request.policy_key or not device.policy_key:
        return Common.NOT_PROVISIONED
    if request.policy_key != device.policy_key:
        return Common.INVALID_POLICY_KEY
    if device.policy_digest != digest_of(policy):
        return Common.POLICY_REFRESH
    return None
