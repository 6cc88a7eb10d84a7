"""Programs that set themselves up, asking as they do."""

import plistlib
from xml.etree import ElementTree as ET

import pytest

OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
PHONES = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"


def question(address: str, schema: str = OUTLOOK) -> str:
    return (
        "<Autodiscover xmlns='http://schemas.microsoft.com/exchange/autodiscover/outlook"
        f"/requestschema/2006'><Request><EMailAddress>{address}</EMailAddress>"
        f"<AcceptableResponseSchema>{schema}</AcceptableResponseSchema></Request></Autodiscover>"
    )


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("autoconfig.example.org", "/mail/config-v1.1.xml"),
        ("autoconfig.example.org", "/mail/config-v1.1.xml?emailaddress=ada%40example.org"),
        ("example.org", "/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=x@example.org"),
    ],
)
def test_thunderbird_finds_its_settings(browser, host: str, path: str) -> None:
    """By the domain's own host, or by the address that it names."""
    browser.host = host

    response = browser.get(path)

    assert response.headers["content-type"] == "text/xml; charset=utf-8"
    root = ET.fromstring(response.content)  # noqa: S314 - our own document
    assert root.findtext("emailProvider/domain") == "example.org"


@pytest.mark.parametrize(
    "path",
    [
        "/mail/config-v1.1.xml?emailaddress=ada@elsewhere.example",
        "/mail/config-v1.1.xml?emailaddress=ada",
        "/mail/config-v1.1.xml",
        "/.well-known/mta-sts.txt",
        "/clients/mail.mobileconfig?address=ada@elsewhere.example",
    ],
)
def test_domains_of_others_get_nothing(browser, path: str) -> None:
    """We speak for our own domains only."""
    assert browser.get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"]
)
def test_outlook_finds_its_settings(browser, path: str) -> None:
    """However it writes the path."""
    response = browser.ask("POST", path, content=question("Ada@example.org"))

    root = ET.fromstring(response.content)  # noqa: S314 - our own document
    assert [e.text for e in root.iter(f"{{{OUTLOOK}}}LoginName")] == ["ada@example.org"] * 3
    assert {e.text for e in root.iter(f"{{{OUTLOOK}}}Server")} == {"mail.example.org"}


@pytest.mark.parametrize("address", ["ada@elsewhere.example", "ada"])
def test_outlook_is_told_in_its_own_way_that_there_is_nothing(browser, address: str) -> None:
    """Status 200 and code 500, as the protocol has it."""
    response = browser.ask("POST", "/autodiscover/autodiscover.xml", content=question(address))

    assert response.status_code == 200
    assert b"<ErrorCode>500</ErrorCode>" in response.content


def test_phones_find_where_they_synchronise(browser) -> None:
    """By the same question with the schema of ActiveSync."""
    asked = question("Ada@example.org", PHONES)

    response = browser.ask("POST", "/Autodiscover/Autodiscover.xml", content=asked)

    root = ET.fromstring(response.content)  # noqa: S314 - our own document
    (url,) = [e.text for e in root.iter(f"{{{PHONES}}}Url")]
    assert url == "https://mail.example.org/Microsoft-Server-ActiveSync"
    assert [e.text for e in root.iter(f"{{{PHONES}}}EMailAddress")] == ["ada@example.org"]


def test_phones_of_a_domain_that_has_moved_find_its_new_server(browser, settings) -> None:
    """Where only one user has, a stranger who asks learns nothing of it."""
    there = "https://eas.example.net/Microsoft-Server-ActiveSync"
    settings.eas_moved.update({"example.org": there, "eve@example.net": there})

    found = {
        address: browser.ask(
            "POST", "/Autodiscover/Autodiscover.xml", content=question(address, PHONES)
        ).text
        for address in ("ada@example.org", "eve@example.net")
    }

    assert there in found["ada@example.org"]
    assert there not in found["eve@example.net"]


def test_phones_of_others_are_told_that_there_is_nothing(browser) -> None:
    """In the protocol's own way."""
    asked = question("ada@elsewhere.example", PHONES)

    response = browser.ask("POST", "/autodiscover/autodiscover.xml", content=asked)

    assert response.status_code == 200
    assert b"<ErrorCode>500</ErrorCode>" in response.content


def test_discovery_does_not_say_who_exists(browser) -> None:
    """A made-up address gets what a real one gets."""
    for schema in (OUTLOOK, PHONES):
        real, made_up = (
            browser.ask(
                "POST",
                "/autodiscover/autodiscover.xml",
                content=question(f"{who}@example.org", schema),
            )
            for who in ("bob", "zoe")
        )
        assert made_up.text.replace("zoe", "bob") == real.text
    for path in ("/mail/config-v1.1.xml?emailaddress=", "/clients/mail.mobileconfig?address="):
        real, made_up = (browser.get(f"{path}{who}@example.org") for who in ("ada", "zoe"))
        assert real.status_code == made_up.status_code == 200


def test_json_says_where_the_xml_is(browser) -> None:
    """For AutodiscoverV1, and for nothing that we don't have."""
    path = "/autodiscover/autodiscover.json/v1.0/ada@example.org?Protocol="

    assert browser.get(f"{path}AutodiscoverV1").json()["Protocol"] == "AutodiscoverV1"
    assert browser.get(f"{path}EWS").status_code == 400


def test_apple_devices_get_a_profile(browser) -> None:
    """Served as what it is, so that the device offers to install it."""
    response = browser.get("/clients/mail.mobileconfig?address=ada%40example.org")

    assert response.headers["content-type"] == "application/x-apple-aspen-config"
    assert len(plistlib.loads(response.content)["PayloadContent"]) == 3


def test_the_mta_sts_policy_is_the_domains_own(browser) -> None:
    """At the policy host of a domain of ours, and nowhere else (RFC 8461, section 3.3)."""
    browser.host = "mta-sts.example.net"
    policy = browser.get("/.well-known/mta-sts.txt")
    browser.host = "mta-sts.elsewhere.example"

    assert policy.headers["content-type"].startswith("text/plain")
    assert "mx: mail.example.org\r\n" in policy.text
    assert browser.get("/.well-known/mta-sts.txt").status_code == 404
