"""Apple's configuration profiles."""

import plistlib
from typing import Any

from fermoposta.clientconfig import apple
from fermoposta.clientconfig.facts import Site

ADA = "ada@example.org"


def payload(site: Site, kind: str) -> dict[str, Any]:
    profile = plistlib.loads(apple.document(site, ADA))
    return next(part for part in profile["PayloadContent"] if part["PayloadType"] == kind)


def test_mail_is_set_up_with_encryption(site: Site) -> None:
    """The one host, the whole address, TLS both ways."""
    mail = payload(site, "com.apple.mail.managed")

    assert mail["IncomingMailServerHostName"] == mail["OutgoingMailServerHostName"]
    assert (mail["IncomingMailServerPortNumber"], mail["IncomingMailServerUseSSL"]) == (993, True)
    assert (mail["OutgoingMailServerPortNumber"], mail["OutgoingMailServerUseSSL"]) == (587, True)
    assert mail["IncomingMailServerUsername"] == mail["OutgoingMailServerUsername"] == ADA


def test_calendars_and_contacts_come_along(site: Site) -> None:
    """One profile, three accounts."""
    for name in ("CalDAV", "CardDAV"):
        dav = payload(site, f"com.apple.{name.lower()}.account")
        assert dav[f"{name}PrincipalURL"] == f"/SOGo/dav/{ADA}/"
        assert dav[f"{name}UseSSL"] is True


def test_a_profile_replaces_the_one_before(site: Site) -> None:
    """The same address has the same UUIDs for ever, and no two payloads share one."""
    profile = plistlib.loads(apple.document(site, ADA))
    uuids = [part["PayloadUUID"] for part in (profile, *profile["PayloadContent"])]

    assert len(set(uuids)) == 4
    assert profile["PayloadUUID"] == "22FC1D5E-669E-55E8-9B49-D3FF0A5B6041"
    assert apple.document(site, "bob@example.org") != apple.document(site, ADA)


def test_there_is_no_password_in_it(site: Site) -> None:
    """A profile may lie around in the downloads."""
    assert b"<key>IncomingPassword</key>" not in apple.document(site, ADA)
