"""Devices in the portal, for their owners and for administrators."""

from __future__ import annotations

import pytest

from fermoposta.activesync.store.model import Access, Wipe

ADA, BOB, EVE = "ada@example.org", "bob@example.org", "eve@example.net"


@pytest.fixture
def phones(browser, devices, clock):
    """Bob has two, of which one speaks the newest protocol; somebody elsewhere has one."""

    async def meet() -> None:
        await devices.meet(BOB, "PHONE1", "iPhone", now=clock(), version="16.1")
        await devices.meet(BOB, "OLD1", "WP8", now=clock(), version="14.1")
        await devices.meet("zoe@example.com", "ZOES", "iPhone", now=clock())

    browser._runner.run(meet())

    def of(device: str, user: str = BOB):
        async def read():
            return {each.id: each for each in await devices.devices(user)}.get(device)

        return browser._runner.run(read())

    return of


def settings(browser, do: str, device: str, **more: str):
    return browser.send("/settings/devices", page="/settings/devices", do=do, device=device, **more)


def desk(browser, do: str, device: str, user: str = BOB):
    fields = {"do": do, "device": device, "user": user}
    return browser.send("/admin/devices", page="/admin/devices", **fields)


def test_owners_see_and_erase_their_own(browser, phones, book) -> None:
    """The account alone where the device can do so; it can be taken back; all is in the audit."""
    browser.sign_in(BOB)
    page = browser.get("/settings/devices").text
    assert "PHONE1" in page
    assert "ZOES" not in page
    assert page.count('value="wipe-account"') == 1

    assert settings(browser, "wipe", "OLD1").status_code == 303
    assert phones("OLD1").wipe is Wipe.REQUESTED
    assert settings(browser, "cancel-wipe", "OLD1").status_code == 303
    assert phones("OLD1").wipe is Wipe.NONE
    assert settings(browser, "wipe-account", "PHONE1").status_code == 303
    assert phones("PHONE1").wipe_account_only
    assert settings(browser, "resync", "OLD1").status_code == 303

    said = [(each.actor, each.action) for each in book.store.audit()]
    assert (BOB, "wipe device") in said


@pytest.mark.parametrize("do", ["allow", "block", "quarantine", "forget", "nonsense", ""])
def test_owners_don_t_decide_who_may(browser, phones, do: str) -> None:
    """Nor do they wipe what can't be, or what is another's."""
    browser.sign_in(BOB)

    assert settings(browser, do, "PHONE1").status_code == 422
    assert phones("PHONE1").access is Access.ALLOWED
    assert settings(browser, "wipe-account", "OLD1").status_code == 422
    assert settings(browser, "wipe", "ZOES").status_code == 404
    assert settings(browser, "wipe", "ZOES", user="zoe@example.com").status_code == 404
    assert phones("ZOES", "zoe@example.com").wipe is Wipe.NONE


def test_administrators_look_after_those_within_their_scope(browser, phones) -> None:
    """They block, allow and forget; others' devices are none."""
    browser.sign_in(ADA)
    page = browser.get("/admin/devices?text=phone").text
    assert "PHONE1" in page
    assert "OLD1" not in page
    assert "ZOES" not in browser.get("/admin/devices").text

    assert desk(browser, "block", "PHONE1").status_code == 303
    assert phones("PHONE1").access is Access.BLOCKED
    assert desk(browser, "block", "PHONE1").status_code == 422
    assert desk(browser, "allow", "PHONE1").status_code == 303
    assert desk(browser, "forget", "OLD1").status_code == 303
    assert phones("OLD1") is None
    assert desk(browser, "block", "ZOES", "zoe@example.com").status_code == 404
    assert desk(browser, "block", "NONE").status_code == 404


def test_users_administer_no_devices(browser, phones) -> None:
    """The page is refused."""
    browser.sign_in(BOB)

    assert browser.get("/admin/devices").status_code == 403
    fields = {"do": "block", "device": "PHONE1", "user": BOB}
    assert browser.send("/admin/devices", page="/home", **fields).status_code == 403
