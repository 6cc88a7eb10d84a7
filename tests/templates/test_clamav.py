"""What the virus scanner reads, read as it does: a name and a value on each line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROLES = Path(__file__).parents[2] / "roles"
# Written in two parts, so that no scanner takes this file for infected.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def settings(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split(" ", 1) for line in lines)


@pytest.fixture
def clamd(render):
    return lambda **variables: settings(render("clamav", "clamd.conf.j2", **variables))


def test_listens_on_a_socket_alone(clamd):
    """Nothing on the network can hand files to the scanner."""
    conf = clamd()

    assert conf["LocalSocket"] == "/run/clamav/clamd.ctl"
    assert not any(name.startswith("TCP") for name in conf)


def test_scans_whatever_the_smtp_server_takes(clamd):
    """A message that is too large to be scanned would pass unchecked."""
    postfix = yaml.safe_load((ROLES / "postfix/defaults/main.yml").read_text())
    limit = int(re.match(r"\d+", clamd()["StreamMaxLength"]).group()) * 1024 * 1024

    assert limit > postfix["postfix_message_size_limit"]


def test_the_test_pattern_is_known_without_the_internet():
    """The signature that the role brings finds the EICAR file (68 bytes) wherever it stands."""
    name, target, offset, pattern = (ROLES / "clamav/files/fermoposta.ndb").read_text().split(":")

    assert len(EICAR) == 68
    assert bytes.fromhex(pattern) == EICAR
    assert (target, offset) == ("0", "*")
    assert "EICAR" in name


def test_signatures_come_from_the_operators_mirror(render):
    text = render("clamav", "freshclam.conf.j2", clamav_mirrors=["mirror.example.org"])

    assert settings(text)["DatabaseMirror"] == "mirror.example.org"
