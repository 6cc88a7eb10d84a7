from __future__ import annotations

from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[3] / "docs/install.md").read_text()


@pytest.mark.feature("F210")
def test_the_order_of_a_move() -> None:
    """A move goes: service, administrator, mailboxes, domain, clients, import."""
    steps = [
        "Provision the host",
        "Create the administrator",
        "Recreate the mailboxes",
        "Transfer the domain",
        "Configure the clients",
        "Import the old mail",
    ]

    places = [TEXT.index(step) for step in steps]

    assert places == sorted(places)


@pytest.mark.feature("F211")
def test_the_dns_window() -> None:
    """The reader learns that mail reaches the old service for up to 48 hours."""
    assert "up to 48 hours, mail may still reach the old service" in TEXT


@pytest.mark.feature("F037")
@pytest.mark.parametrize("port", ["993", "9993", "995", "587", "465", "443", "25", "143", "110"])
def test_ports_are_listed(port: str) -> None:
    """Who checks a firewall finds the port of each protocol, and is told to try elsewhere."""
    assert port in TEXT
    assert "try from another network" in TEXT


@pytest.mark.feature("F017")
def test_encryption_is_advised() -> None:
    """Client instructions ask for encryption and name it for each protocol."""
    table = TEXT.partition("## 6.")[2].partition("##")[0]

    assert "always with encryption" in table
    assert table.count("SSL/TLS") >= 3
