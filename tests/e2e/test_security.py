from __future__ import annotations

import csv
import json
import re
import secrets
import statistics
import subprocess
from typing import TYPE_CHECKING

import pytest
from clients.mail import token

from fermoposta_demo.paths import BUILD

if TYPE_CHECKING:
    from clients.mail import Mail
    from clients.shell import Shell

    from fermoposta_demo.appliance import Account, Appliance

OUR_UNITS = [
    "fermoposta-agent",
    "fermoposta-gateway@1",
    "fermoposta-jobs",
    "fermoposta-portal",
    "fermoposta-policy",
]
EXPOSURE = 2.0
READABLE = """
select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'v', 'm')
  and has_table_privilege('{role}', c.oid, 'select')
  and has_schema_privilege('{role}', n.oid, 'usage')
  and n.nspname not in ('pg_catalog', 'information_schema', '{role}')
"""
TLS_SERVICES = ["https", "imaps", "pop3s", "submissions", "smtp", "submission"]
# On the host, from another loopback address each time: who fails often waits longer.
GUESS = r"""
import base64, json, socket, ssl, sys, time
service, name, source = sys.argv[1:]
port = {"imap": 993, "smtp": 465}[service]
plain = socket.create_connection(("127.0.0.1", port), 60, (source, 0))
stream = ssl._create_unverified_context().wrap_socket(plain).makefile("rwb", buffering=0)

def answer(last):
    while not (line := stream.readline()).startswith(last):
        if not line:
            raise SystemExit("hung up")
    return line.decode()

token = base64.b64encode(f"\0{name}\0Wrong2026x".encode()).decode()
if service == "imap":
    answer(b"* OK")
    command, last = f"a AUTHENTICATE PLAIN {token}", b"a "
else:
    answer(b"220 ")
    stream.write(b"EHLO client.test\r\n")
    answer(b"250 ")
    command, last = f"AUTH PLAIN {token}", (b"5", b"4", b"2")
started = time.monotonic()
stream.write(f"{command}\r\n".encode())
print(json.dumps([answer(last), time.monotonic() - started]))
"""
# What testssl.sh calls a service where TLS starts after a greeting.
STARTTLS = {"smtp": "smtp", "submission": "smtp"}
GOOD = {"OK", "INFO", "LOW", "WARN"}
# Said of our own CA and of this machine, not of how the service speaks TLS.
NOT_OURS = re.compile(
    r"^(service$|cert_chain_of_trust|cert_trust|DNS_CAArecord|scanTime|OCSP|cert_.*revoc)"
)


def guess(shell: Shell, service: str, name: str) -> tuple[str, float]:
    """Try a wrong password, and return what the server says after how many seconds."""
    source = f"127.{secrets.randbelow(250) + 1}.{secrets.randbelow(250)}.{secrets.randbelow(250)}"
    answer, seconds = json.loads(shell.python(GUESS, service, name, source))
    return answer, seconds


@pytest.mark.parametrize("service", ["imap", "smtp"])
def test_log_in_does_not_tell_who_exists(shell: Shell, ada: Account, service: str) -> None:
    """Nobody and somebody with a wrong password hear the same words after the same time."""
    known = [guess(shell, service, ada.address) for _ in range(5)]
    unknown = [guess(shell, service, f"{token()}@example.org") for _ in range(5)]
    alias = [guess(shell, service, "info@example.org") for _ in range(5)]

    assert len({words for words, _ in known + unknown + alias}) == 1
    middle = statistics.median(seconds for _, seconds in known)
    for others in (unknown, alias):
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
    target = f"mail.example.org:{appliance.ports[service]}"
    done = subprocess.run(
        [*command, "--protocols", "--std", "--server-defaults", "--vulnerable",
         "--csvfile", str(report), "--add-ca", appliance.ca_file,
         "--ip", appliance.host, *starttls, target],
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
