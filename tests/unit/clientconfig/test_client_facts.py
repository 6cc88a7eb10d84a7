"""Addresses, domains and the one host, as client set-up knows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fermoposta.clientconfig.facts import (
    Site,
    domain_of,
    normalised_address,
    normalised_domain,
    site_of,
)
from fermoposta.service.settings import Settings


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Ada@Example.ORG", "ada@example.org"),
        ("  ada.l+x@example.org ", "ada.l+x@example.org"),
        ("ada@perché.example", "ada@xn--perch-fsa.example"),
    ],
)
def test_an_address_is_found_however_it_is_written(written: str, stored: str) -> None:
    """Case, spaces around and accents in the domain do not matter."""
    assert normalised_address(written) == stored


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@localhost",
        "a b@example.org",
        "ada@-x.org",
        "ada..l@example.org",
        "ada@example.org\nBcc: x",
        "ada@exa mple.org",
        f"{'a' * 65}@example.org",
        f"ada@{'x' * 64}.org",
        "ada@[192.0.2.1]",
        "<ada@example.org>",
        'ada@example.org"',
    ],
)
def test_what_is_no_address_is_none(written: str) -> None:
    """Nothing else gets into a document, a log line or a query."""
    assert normalised_address(written) is None
    assert domain_of(written) is None


@given(st.text(max_size=80))
def test_any_text_is_answered(text: str) -> None:
    """Whatever a stranger sends: a domain or none, never an error."""
    for address in (text, f"{text}@example.org", f"ada@{text}"):
        domain = domain_of(address)
        assert domain is None or normalised_domain(domain) == domain


@pytest.mark.feature("F014")
def test_one_host_serves_everything(site: Site) -> None:
    """Incoming, outgoing and webmail have the same host name."""
    assert site.host == "mail.example.org"
    assert site.webmail_url == "https://mail.example.org/SOGo/"


def test_clients_are_not_told_of_what_is_switched_off() -> None:
    """No POP3 and no second port where the site has none."""
    site = site_of(
        Settings(
            host="mail.example.org",
            portal_host="portal.example.org",
            pop3=False,
            imaps_alternate_port=None,
        )
    )

    assert site.pop3 == ()
    assert [endpoint.port for endpoint in site.imap] == [993, 143]
