"""Which device may have its command carried out, and what the others are told."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fermoposta.activesync.admission import digest_of, refusal
from fermoposta.activesync.people import DevicePolicy
from fermoposta.activesync.request import Request
from fermoposta.activesync.status import Common
from fermoposta.activesync.store.model import Access, Device, Wipe
from fermoposta.activesync.wbxml import Element

NOW = datetime(2026, 1, 2, tzinfo=UTC)
POLICY = DevicePolicy({"DevicePasswordEnabled": "1"})
DEVICE = Device(
    user="ada@example.org",
    id="D1",
    type="phone",
    access=Access.ALLOWED,
    first_seen=NOW,
    last_seen=NOW,
)
PROVISIONED = replace(DEVICE, policy_key=7, policy_digest=digest_of(POLICY))
INTRODUCTION = Element("Settings:Settings", [Element("Settings:DeviceInformation", "x")])
OUT_OF_OFFICE = Element("Settings:Settings", [Element("Settings:Oof", "x")])
BOTH = Element("Settings:Settings", [*INTRODUCTION.elements, *OUT_OF_OFFICE.elements])


def asks(command: str, key: int | None = None, version: str = "14.1") -> Request:
    return Request(
        command=command, version=version, device_id="D1", device_type="phone", policy_key=key
    )


def test_a_device_from_which_nothing_is_demanded_may_do_everything() -> None:
    """Without policies no key is looked at."""
    for key in (None, 0, 5):
        assert refusal(asks("Sync", key), None, DEVICE, None) is None


@pytest.mark.parametrize(
    ("device", "key", "told"),
    [
        (DEVICE, None, Common.NOT_PROVISIONED),
        (DEVICE, 7, Common.NOT_PROVISIONED),
        (PROVISIONED, None, Common.NOT_PROVISIONED),
        (PROVISIONED, 0, Common.NOT_PROVISIONED),
        (PROVISIONED, 8, Common.INVALID_POLICY_KEY),
        (replace(PROVISIONED, policy_digest="older"), 7, Common.POLICY_REFRESH),
        (PROVISIONED, 7, None),
    ],
)
def test_policies_come_before_everything(device: Device, key: int | None, told: object) -> None:
    """Only who has acknowledged today's policies, and says so, gets in; Provision leads there."""
    for command in ("Sync", "FolderSync", "Ping", "Settings"):
        assert refusal(asks(command, key), None, device, POLICY) is told
    assert refusal(asks("Provision", key), None, device, POLICY) is None


def test_a_device_says_what_it_is_before_it_has_policies() -> None:
    """And does nothing else in the same breath."""
    assert refusal(asks("Settings"), INTRODUCTION, DEVICE, POLICY) is None
    for body in (OUT_OF_OFFICE, BOTH, Element("Settings:Settings"), None):
        assert refusal(asks("Settings"), body, DEVICE, POLICY) is Common.NOT_PROVISIONED


def test_a_quarantined_device_is_told_nothing_of_the_mailbox() -> None:
    """It may say what it is, so that somebody can decide."""
    device = replace(PROVISIONED, access=Access.QUARANTINED)

    assert refusal(asks("Provision"), None, device, POLICY) is None
    assert refusal(asks("Settings"), INTRODUCTION, device, None) is None
    for command, body in (("FolderSync", None), ("Settings", BOTH), ("Search", None)):
        assert refusal(asks(command, 7), body, device, POLICY) is Common.DEVICE_BLOCKED


@pytest.mark.parametrize(
    "device",
    [replace(PROVISIONED, access=Access.BLOCKED), replace(PROVISIONED, wipe=Wipe.DONE)],
)
def test_a_blocked_device_may_do_nothing(device: Device) -> None:
    """Neither may one that was wiped, whatever stands beside it."""
    for command, body in (("Provision", None), ("Settings", INTRODUCTION), ("Sync", None)):
        assert refusal(asks(command, 7), body, device, POLICY) is Common.DEVICE_BLOCKED


@pytest.mark.parametrize("wipe", [Wipe.REQUESTED, Wipe.SENT])
@pytest.mark.parametrize("access", list(Access))
def test_a_device_hears_of_its_wipe_whatever_else_holds(wipe: Wipe, access: Access) -> None:
    """Blocked or not: everything says so until it asks Provision."""
    device = replace(PROVISIONED, wipe=wipe, access=access)

    assert refusal(asks("Sync", 7), None, device, POLICY) is Common.WIPE_REQUESTED
    assert refusal(asks("Settings"), INTRODUCTION, device, None) is Common.WIPE_REQUESTED
    assert refusal(asks("Provision"), None, device, POLICY) is None


def test_who_cannot_wipe_the_account_alone_is_blocked_instead() -> None:
    """Below 16.1 nothing is asked of it any more; with 16.1 it still hears of it."""
    device = replace(DEVICE, wipe=Wipe.REQUESTED, wipe_account_only=True, access=Access.BLOCKED)

    assert refusal(asks("Sync"), None, device, None) is Common.DEVICE_BLOCKED
    assert refusal(asks("Sync", version="16.1"), None, device, None) is Common.WIPE_REQUESTED
