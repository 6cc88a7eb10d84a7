from __future__ import annotations

import csv
import re
import statistics
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from clients.mail import token

from fermoposta_demo.paths import BUILD

if TYPE_CHECKING:
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account, Appliance

OUR_UNITS = ["fermoposta-jobs", "fermoposta-portal"]
EXPOSURE = 2.0
READABLE = """
select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'v', 'm')
  and has_table_privilege('{role}', c.oid, 'select')
  and has_schema_privilege('{role}', n.oid, 'usage')
  and n.nspname not in ('pg_catalog', 'information_schema', '{role}')
"""
TLS_SERVICES = ["https", "imaps", "pop3s", "submissions", "smtp", "submission", "imap", "pop3"]
# What testssl.sh calls a service where TLS starts after a greeting.
STARTTLS = {"smtp": "smtp", "submission": "smtp", "imap": "imap", "pop3": "pop3"}
GOOD = {"OK", "INFO", "LOW", "WARN"}
# Said of our own CA and of this machine, not of how the service speaks TLS.
NOT_OURS = re.compile(r"^(cert_chain_of_trust|cert_trust|DNS_CAArecord|scanTime|OCSP|cert_.*revoc)")


def failed_imap(mail: Mail, address: str) -> tuple[str, float]:
    """Return what IMAP says to a wrong log-in, and how long it takes."""
    with mail.imap_connect() as client:
        started = time.monotonic()
        with pytest.raises(client.Error) as refused:
            client.login(address, token())
        return str(refused.value), time.monotonic() - started


def failed_smtp(mail: Mail, address: str) -> tuple[str, float]:
    """Return what submission says to a wrong log-in, and how long it takes."""
    with mail.submission() as client:
        client.ehlo()
        started = time.monotonic()
        with pytest.raises(Exception, match="535") as refused:
            client.login(address, token())
        return str(refused.value), time.monotonic() - started


@pytest.mark.parametrize("service", ["imap", "smtp"])
def test_log_in_does_not_tell_who_exists(mail: Mail, ada: Account, service: str) -> None:
    """Nobody and somebody with a wrong password hear the same words after the same time."""
    attempt = failed_imap if service == "imap" else failed_smtp
    known = [attempt(mail, ada.address) for _ in range(3)]
    unknown = [attempt(mail, f"{token()}@example.org") for _ in range(3)]
    closed = [attempt(mail, "info@example.org") for _ in range(3)]

    assert {words for words, _ in known} == {words for words, _ in unknown + closed}
    middle = statistics.median(seconds for _, seconds in known)
    for others in (unknown, closed):
        assert abs(statistics.median(seconds for _, seconds in others) - middle) < 0.5


@pytest.mark.parametrize("command", ["VRFY", "EXPN"])
@pytest.mark.parametrize("service", ["submission"])
def test_smtp_does_not_list_addresses(mail: Mail, command: str, service: str) -> None:
    """VRFY and EXPN say the same of everybody."""
    with mail.submission(service=service) as client:
        client.ehlo()
        known = client.docmd(command, "ada@example.org")[0]
        unknown = client.docmd(command, f"{token()}@example.org")[0]

    assert known == unknown


@pytest.mark.parametrize("service", TLS_SERVICES)
def test_tls_is_graded_well(appliance: Appliance, service: str) -> None:
    """Debian's TLS scanner finds no weakness: no old protocol, no weak cipher, no known attack."""
    report = BUILD / "e2e" / f"tls-{service}.csv"
    report.unlink(missing_ok=True)
    starttls = ["--starttls", STARTTLS[service]] if service in STARTTLS else []
    command = ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none"]
    target = f"{appliance.host}:{appliance.ports[service]}"
    done = subprocess.run(
        [*command, "--protocols", "--std", "--server-defaults", "--vulnerable",
         "--csvfile", str(report), "--add-ca", appliance.ca_file, *starttls, target],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert report.exists(), done.stdout + done.stderr
    with report.open() as file:
        findings = list(csv.DictReader(file))

    bad = [
        f"{found['id']}: {found['severity']} {found['finding']}"
        for found in findings
        if found["severity"] not in GOOD and not NOT_OURS.match(found["id"])
    ]
    assert not bad, "\n".join(bad)
    offered = {f["id"]: f["finding"] for f in findings}
    assert offered["TLS1_2"].startswith("offered")
    assert offered["TLS1_3"].startswith("offered")
    assert offered["TLS1"].startswith("not offered")
    assert offered["TLS1_1"].startswith("not offered")


@pytest.mark.parametrize("unit", OUR_UNITS)
def test_our_units_are_confined(shell: Shell, unit: str) -> None:
    """systemd's own judgement of our services is at most 2.0."""
    text = shell.run("systemd-analyze", "security", "--no-pager", f"{unit}.service")

    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", text)
    assert found is not None, text
    assert float(found[1]) <= EXPOSURE, text


def test_no_secret_in_the_process_list(shell: Shell, users: list[Account]) -> None:
    """No command line and no environment of a service carries a password or a hash."""
    script = """
import pathlib
for name in ("cmdline", "environ"):
    for path in pathlib.Path("/proc").glob("[0-9]*/" + name):
        try:
            print(path.read_bytes().replace(b"\\0", b" ").decode("utf-8", "replace"))
        except OSError:
            pass
"""
    text = shell.python(script)

    assert "argon2" not in text.lower()
    for account in users:
        assert (account.password or "-") not in text


def test_no_secret_in_the_journal(shell: Shell, users: list[Account]) -> None:
    """The journal holds neither passwords nor hashes, the converge's own lines included."""
    text = shell.run("journalctl", "--boot", "--no-pager", "--output=cat")

    assert "$argon2" not in text
    for account in users:
        assert (account.password or "-") not in text


def test_secret_files_are_not_for_everybody(shell: Shell) -> None:
    """Keys and configurations with secrets are readable by their services only."""
    found = shell.run(
        "find", "/etc/fermoposta", "/var/lib/rspamd/dkim", "-type", "f",
        "(", "-name", "*.key", "-o", "-name", "*key.pem", "-o", "-name", "*.yml", ")",
        "-perm", "/o=r",
    )  # fmt: skip

    assert found == ""


@pytest.mark.parametrize("role", ["postfix", "dovecot", "sogo"])
def test_a_daemon_reads_its_own_views_only(shell: Shell, role: str) -> None:
    """A daemon's database role can read nothing but the schema of its own name."""
    rows = shell.sql(READABLE.format(role=role))

    assert rows == []
