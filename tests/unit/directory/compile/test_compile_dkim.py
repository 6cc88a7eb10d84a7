"""DKIM keys."""

import subprocess
from pathlib import Path

import pytest

from fermoposta.directory.compile import dkim
from fermoposta.directory.compile.dkim import KeyGenerationError, compile_keys
from fermoposta.directory.compile.files import Change
from fermoposta.directory.dns import public_key
from fermoposta.directory.model import Domain

DOMAIN = Domain("example.org", "acme")


def test_each_domain_gets_a_key_that_can_be_published(tmp_path: Path) -> None:
    """RSA with 2048 bits, readable by the filter's group and by nobody else."""
    change, _ = compile_keys([DOMAIN], tmp_path)

    assert str(change) == f"created {tmp_path}/example.org.mail.key"
    assert change.path.stat().st_mode & 0o777 == 0o640
    assert len(public_key(change.path)) == 392


def test_a_key_is_never_made_twice(tmp_path: Path) -> None:
    """The world knows the first one."""
    change, _ = compile_keys([DOMAIN], tmp_path)
    before = change.path.read_bytes()

    assert list(compile_keys([DOMAIN], tmp_path)) == []
    assert change.path.read_bytes() == before


def test_a_key_outlives_its_domain(tmp_path: Path) -> None:
    """A domain that comes back finds its DNS record still right."""
    key, selectors = compile_keys([DOMAIN], tmp_path)

    assert list(compile_keys([], tmp_path)) == [Change("updated", selectors.path)]
    assert key.path.exists()


def test_another_selector_is_another_key(tmp_path: Path) -> None:
    """So that a key can be changed without a gap."""
    names = {
        change.path.name
        for selector in ("mail", "mail2")
        for change in compile_keys(
            [Domain("example.org", "acme", dkim_selector=selector)], tmp_path
        )
    }

    assert names == {"example.org.mail.key", "example.org.mail2.key", "selectors.map"}
    assert (tmp_path / "selectors.map").read_text() == "example.org mail2\n"


def test_no_key_is_better_than_half_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where openssl fails nothing is left behind."""

    def fail(*command: object, **_: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess(command, 1, b"", b"no entropy")

    monkeypatch.setattr(dkim.subprocess, "run", fail)

    with pytest.raises(KeyGenerationError, match="no entropy"):
        list(compile_keys([DOMAIN], tmp_path))
    assert list(tmp_path.iterdir()) == []
