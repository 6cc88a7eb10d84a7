"""The tool with which a host keeps its own certificate (role `tls`)."""

import datetime as dt
import importlib.machinery
import importlib.util
import stat
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature

TOOL = Path(__file__).parents[2] / "roles/tls/files/fermoposta-own-ca"
NAMES = ["mail.example.org", "portal.example.org", "127.0.0.1"]


@pytest.fixture(scope="module")
def tool():
    """Load the tool as a module: its name on the host has no suffix."""
    loader = importlib.machinery.SourceFileLoader("own_ca", str(TOOL))
    spec = importlib.util.spec_from_loader("own_ca", loader)
    module = importlib.util.module_from_spec(spec)
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = written
    return module


@pytest.fixture
def run(tool, tmp_path, monkeypatch, capsys):
    """Run the tool on an empty directory; the answer is what it printed."""

    def run(*names: str) -> str:
        arguments = ["--names", ",".join(names)] if names else []
        monkeypatch.setattr(sys, "argv", ["fermoposta-own-ca", str(tmp_path), *arguments])
        tool.main()
        return capsys.readouterr().out

    return run


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_the_certificate_leads_to_the_authority_and_names_every_host(run, tmp_path, tool):
    """A client that trusts ca.pem trusts the host under each of its names."""
    run(*NAMES)

    server, authority = (certificate(tmp_path / name) for name in ("fullchain.pem", "ca.pem"))

    server.verify_directly_issued_by(authority)
    assert tool.names_of(server) == NAMES


def test_another_authority_does_not_vouch_for_it(run, tmp_path):
    """Two hosts of one name are not each other."""
    run(*NAMES)
    server = certificate(tmp_path / "fullchain.pem")
    for name in ("own-ca.key", "ca.pem"):
        (tmp_path / name).unlink()
    run(*NAMES)

    with pytest.raises((InvalidSignature, ValueError)):
        server.verify_directly_issued_by(certificate(tmp_path / "ca.pem"))


def test_nobody_else_reads_the_keys(run, tmp_path):
    """A key is its owner's from the first moment."""
    run(*NAMES)

    modes = {
        name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("key.pem", "own-ca.key")
    }
    assert modes == {"key.pem": 0o600, "own-ca.key": 0o600}


def test_a_certificate_that_is_good_is_left_alone(run, tmp_path):
    """The timer runs daily, and daemons are reloaded only for a reason."""
    assert "issued" in run(*NAMES)
    before = (tmp_path / "fullchain.pem").read_bytes()

    assert run(*NAMES) == ""
    assert run() == ""
    assert (tmp_path / "fullchain.pem").read_bytes() == before


def test_a_new_name_is_a_reason_for_a_new_certificate(run, tmp_path, tool):
    """A domain that is added is named, and the key stays."""
    run(*NAMES)
    key = (tmp_path / "key.pem").read_bytes()

    assert "issued" in run(*NAMES, "autoconfig.example.com")
    assert "autoconfig.example.com" in tool.names_of(certificate(tmp_path / "fullchain.pem"))
    assert (tmp_path / "key.pem").read_bytes() == key


@pytest.mark.parametrize(("days", "renewed"), [(32, False), (29, True), (1, True)])
def test_it_is_renewed_in_its_last_month(run, tmp_path, tool, monkeypatch, days, renewed):
    """The timer renews it before it runs out, for the names that it has."""
    monkeypatch.setattr(tool, "SERVER_DAYS", days)
    run(*NAMES)
    monkeypatch.setattr(tool, "SERVER_DAYS", 397)

    assert ("issued" in run()) is renewed
    assert tool.names_of(certificate(tmp_path / "fullchain.pem")) == NAMES


def test_browsers_take_it(run, tmp_path):
    """They refuse a server's certificate of more than 398 days, and one that may sign others."""
    run(*NAMES)
    server = certificate(tmp_path / "fullchain.pem")

    assert server.not_valid_after_utc - server.not_valid_before_utc <= dt.timedelta(days=398)
    assert not server.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_without_names_a_first_certificate_is_refused(run):
    """The timer alone can't know what the host is called."""
    with pytest.raises(SystemExit):
        run()
