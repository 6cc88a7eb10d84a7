from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

import pytest
from clients.mail import token
from clients.network import TRUSTED, UNTRUSTED, more_addresses, send_from

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.outside import Outside
    from clients.shell import Shell

    from fermoposta_demo.appliance import Appliance

# The forms by which relays have been fooled: routes, percent hacks, bang paths, quoted parts, our
# own literal.
FORMS = [
    ("relay@spammer.test", "victim@outside.test"),
    ("ada@example.org", "victim@outside.test"),
    ("", "victim@outside.test"),
    ("relay@spammer.test", "victim%outside.test@example.org"),
    ("relay@spammer.test", "victim%outside.test"),
    ("relay@spammer.test", "outside.test!victim"),
    ("relay@spammer.test", "outside.test!victim@example.org"),
    ("relay@spammer.test", '"victim@outside.test"'),
    ("relay@spammer.test", '"victim@outside.test"@example.org'),
    ("relay@spammer.test", "@example.org:victim@outside.test"),
    ("relay@spammer.test", "victim@outside.test@example.org"),
    ("relay@spammer.test", "victim%outside.test@[127.0.0.1]"),
    ("relay@[127.0.0.1]", "victim@outside.test"),
    ("root@mail.example.org", "victim@outside.test"),
    ("relay@spammer.test", "victim@[10.255.255.1]"),
]


@pytest.fixture(scope="module")
def addresses(appliance: Appliance) -> Iterator[str]:
    with more_addresses(appliance) as target:
        yield target


@pytest.mark.parametrize(("sender", "to"), FORMS)
def test_no_open_relay(appliance: Appliance, sender: str, to: str) -> None:
    """A stranger reaches nobody outside through this server, however the address is written."""
    with smtplib.SMTP(
        appliance.host, appliance.ports["smtp"], "relay.spammer.test", timeout=60
    ) as client:
        client.ehlo()
        code, answer = client.mail(sender)
        if code == 250:
            code, answer = client.docmd("RCPT", f"TO:<{to}>")

    assert 500 <= code < 600, answer


@pytest.mark.feature("F010")
def test_the_local_network_relays(shell: Shell, addresses: str, outside: Outside) -> None:
    """A printer in a listed network sends to the outside without TLS and without a log-in."""
    subject = token()

    taken = send_from(shell, TRUSTED, addresses, sender="ada@example.org", subject=subject)

    assert taken == "taken"
    assert outside.wait_for(subject).recipients == ["friend@outside.test"]


@pytest.mark.feature("F010", "F009")
def test_other_networks_do_not(shell: Shell, addresses: str) -> None:
    """The same connection from an address that is not listed is refused."""
    answer = send_from(shell, UNTRUSTED, addresses, sender="ada@example.org", subject=token())

    assert answer.startswith("refused 5")


@pytest.mark.feature("F010")
def test_the_local_network_forges_nothing(shell: Shell, addresses: str) -> None:
    """A listed network sends in the name of hosted domains only."""
    answer = send_from(shell, TRUSTED, addresses, sender="ceo@outside.test", subject=token())

    assert answer.startswith("refused 5")
