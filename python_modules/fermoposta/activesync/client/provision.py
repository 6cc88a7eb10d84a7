"""Provision: take the policies and say that they are applied, or that the device is wiped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from fermoposta.activesync.client import settings
from fermoposta.activesync.client.elements import check, make, needed, root, value
from fermoposta.activesync.client.errors import AnswerError

if TYPE_CHECKING:
    from fermoposta.activesync.client.client import Client
    from fermoposta.activesync.wbxml import Element

COMMAND = "Provision"
ROOT = "Provision:Provision"
POLICY_TYPE = "MS-EAS-Provisioning-WBXML"
NO_POLICY = 2
"""Of a Policy: there is none for this user (MS-ASPROV, section 2.2.2.54.1)."""
APPLIED = 1
_POLICY = ("Provision:Policies", "Provision:Policy")


class Wipe(Enum):
    """What a device is told to delete; the value is the tag."""

    DEVICE = "Provision:RemoteWipe"
    ACCOUNT = "Provision:AccountOnlyRemoteWipe"


@dataclass(frozen=True, slots=True)
class Offer:
    """What the server says to a device that asks for policies."""

    key: int | None
    """The temporary key with which they are acknowledged; None where there are none."""
    policies: Element | None
    """``Provision:EASProvisionDoc``."""
    wipe: Wipe | None


def ask(client: Client) -> Offer:
    """Return what the server wants (MS-ASPROV, section 3.1.5.1.1)."""
    described = client.dotted >= (14, 1)  # before, Settings tells what the device is
    document = make(
        ROOT,
        settings.information() if described else None,
        _policies(value("Provision:PolicyType", POLICY_TYPE)),
    )
    answer = root(COMMAND, client.ask(COMMAND, document), ROOT)
    check(COMMAND, answer, answer, "Provision:Status")
    wipe = next((each for each in Wipe if answer.find(each.value) is not None), None)
    policy = answer.find(*_POLICY)
    if policy is None:
        return Offer(None, None, wipe)
    status = check(
        COMMAND, answer, policy, "Provision:Status", good={APPLIED, NO_POLICY}, optional=True
    )
    if status == NO_POLICY:
        return Offer(None, None, wipe)
    document_found = policy.find("Provision:Data", "Provision:EASProvisionDoc")
    return Offer(_key(policy), document_found, wipe)


def acknowledge(client: Client, key: int, status: int = APPLIED) -> int:
    """Say what the device made of the policies, and return the key that counts from then on."""
    document = make(
        ROOT,
        _policies(
            value("Provision:PolicyType", POLICY_TYPE),
            value("Provision:PolicyKey", key),
            value("Provision:Status", status),
        ),
    )
    client.device.policy_key = key
    answer = root(COMMAND, client.ask(COMMAND, document), ROOT)
    check(COMMAND, answer, answer, "Provision:Status")
    policy = answer.find(*_POLICY)
    if policy is None:
        raise AnswerError(COMMAND, "no policy in the answer to an acknowledgement")
    check(COMMAND, answer, policy, "Provision:Status", optional=True)
    client.device.policy_key = _key(policy)
    return client.device.policy_key


def acknowledge_wipe(client: Client, wipe: Wipe, status: int = APPLIED) -> None:
    """Say that everything is deleted, which a real device does first."""
    namespaced = f"{ROOT.partition(':')[0]}:Status"
    document = make(ROOT, make(wipe.value, value(namespaced, status)))
    answer = root(COMMAND, client.ask(COMMAND, document), ROOT)
    check(COMMAND, answer, answer, "Provision:Status")


def provision(client: Client) -> Offer:
    """Take and acknowledge the policies, if there are any; a wipe is left to the caller."""
    client.device.policy_key = 0
    offer = ask(client)
    if offer.wipe is None and offer.key is not None:
        acknowledge(client, offer.key)
    return offer


def _policies(*children: Element | None) -> Element:
    return make("Provision:Policies", make("Provision:Policy", *children))


def _key(policy: Element) -> int:
    text = needed(COMMAND, policy, "Provision:PolicyKey")
    if not (text.isascii() and text.isdigit()):
        raise AnswerError(COMMAND, f"the policy key is {text[:40]!r} and no number")
    return int(text)
