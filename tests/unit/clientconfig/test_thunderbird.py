"""Autoconfig, read back as Thunderbird reads it."""

from xml.etree import ElementTree as ET

from fermoposta.clientconfig import thunderbird
from fermoposta.clientconfig.facts import Site


def servers(site: Site) -> list[tuple[str | None, ...]]:
    root = ET.fromstring(thunderbird.document(site, "example.org"))  # noqa: S314 - our own document
    return [
        (
            server.get("type"),
            server.findtext("hostname"),
            server.findtext("port"),
            server.findtext("socketType"),
            server.findtext("username"),
        )
        for server in root.iterfind("emailProvider/*[@type]")
    ]


def test_thunderbird_learns_every_port_with_its_encryption(site: Site) -> None:
    """The first of each kind is the one that it takes, and none is without encryption."""
    host, user = "mail.example.org", "%EMAILADDRESS%"

    assert servers(site) == [
        ("imap", host, "993", "SSL", user),
        ("imap", host, "143", "STARTTLS", user),
        ("imap", host, "9993", "SSL", user),
        ("pop3", host, "995", "SSL", user),
        ("pop3", host, "110", "STARTTLS", user),
        ("smtp", host, "587", "STARTTLS", user),
        ("smtp", host, "465", "SSL", user),
    ]


def test_the_domain_is_the_one_that_was_asked_for(site: Site) -> None:
    """Thunderbird refuses a document without its domain."""
    root = ET.fromstring(thunderbird.document(site, "example.org"))  # noqa: S314 - our own document

    assert root.findtext("emailProvider/domain") == "example.org"
    assert root.findtext("calendar/serverURL") == (
        "https://mail.example.org/SOGo/dav/%EMAILADDRESS%/"
    )
