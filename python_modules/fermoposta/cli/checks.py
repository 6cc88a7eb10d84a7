"""What the doctor looks at: each check yields findings that are good, bad, or could not be told."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from fermoposta.cli.context import Context
from fermoposta.cli.machine import Machine
from fermoposta.directory import dns
from fermoposta.directory.model import State
from fermoposta.directory.schema import SchemaError
from fermoposta.directory.store import StoreError
from fermoposta.service.settings import Settings

UNITS = (
    "postgresql@17-main",
    "postfix",
    "postsrsd",
    "dovecot",
    "rspamd",
    "valkey-server",
    "clamav-daemon",
    "sogo",
    "sogo-web",
    "memcached",
    "nginx",
    "nftables",
    "fail2ban",
    "fermoposta-jobs",
    "fermoposta-portal",
    "fermoposta-gateway@1",
    "fermoposta-policy",
    "fermoposta-agent",
)
PORTS = {
    25: "SMTP",
    465: "submission, TLS",
    587: "submission",
    143: "IMAP",
    993: "IMAP, TLS",
    4190: "ManageSieve",
    80: "HTTP",
    443: "HTTPS",
}
CERTIFICATE = Path("/etc/fermoposta/tls/fullchain.pem")
CERTIFICATE_DAYS = 14
"""Days before its end at which a certificate should have been renewed."""
QUEUE_LENGTH = 100
"""Messages in the queue above which something doesn't move."""
QUEUE_AGE = 4 * 3600
"""Seconds after which a message that still waits is worth a look."""
FREE_FRACTION = 0.1
DATABASE_SECONDS = 2.0
BACKUP_AGE = timedelta(hours=30)
"""Since a backup, or its proof, of which there is one every night."""


class Outcome(StrEnum):
    """What came of a check."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "could not tell"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, what came of it, and what to do where it isn't good."""

    check: str
    subject: str
    outcome: Outcome
    message: str
    remedy: str = ""


def units(machine: Machine) -> Iterator[Finding]:
    """Look whether the services run."""
    answer = machine.ask("systemctl", "is-active", *UNITS)
    states = answer.output.split() if answer else []
    if len(states) != len(UNITS):
        yield Finding("unit", "systemd", Outcome.UNKNOWN, "systemctl does not answer")
        return
    for unit, state in zip(UNITS, states, strict=True):
        good = state == "active"
        remedy = "" if good else f"see journalctl -u {unit}"
        yield Finding("unit", unit, Outcome.GOOD if good else Outcome.BAD, state, remedy)


def ports(machine: Machine, settings: Settings) -> Iterator[Finding]:
    """Look whether something listens at each port."""
    wanted = dict(PORTS)
    if settings.pop3:
        wanted |= {110: "POP3", 995: "POP3, TLS"}
    if settings.imaps_alternate_port:
        wanted[settings.imaps_alternate_port] = "IMAP, TLS, second port"
    for port, what in sorted(wanted.items()):
        good = machine.listens(port)
        message = what if good else f"nothing listens ({what})"
        remedy = "" if good else f"see which unit should: ss -ltnp 'sport = :{port}'"
        outcome = Outcome.GOOD if good else Outcome.BAD
        yield Finding("port", str(port), outcome, message, remedy)


def certificate(machine: Machine, settings: Settings) -> Iterator[Finding]:
    """Look whether the certificate is in time, and for the host's names."""
    answer = machine.ask(
        "openssl", "x509", "-in", str(CERTIFICATE), "-noout", "-enddate", "-ext", "subjectAltName"
    )
    found = re.search(r"notAfter=(.+?) GMT", answer.output) if answer else None
    if answer is None or found is None:
        message = "can't be read" if answer else "openssl is not installed"
        yield Finding("certificate", str(CERTIFICATE), Outcome.UNKNOWN, message)
        return
    end = datetime.strptime(" ".join(found[1].split()), "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    days = (end - machine.now()).days
    good = days >= CERTIFICATE_DAYS
    outcome = Outcome.GOOD if good else Outcome.BAD
    message = f"ends in {days} days" if days >= 0 else f"ended {-days} days ago"
    remedy = "" if good else "renew it: see docs/operate/certificates.md"
    yield Finding("certificate", "time", outcome, message, remedy)
    names = re.findall(r"DNS:([^,\s]+)", answer.output)
    for name in dict.fromkeys((settings.host, settings.portal_host)):
        covered = name in names or f"*.{name.partition('.')[2]}" in names
        message = "is in it" if covered else f"is not in it; there are {', '.join(names)}"
        outcome = Outcome.GOOD if covered else Outcome.BAD
        remedy = "" if covered else "add it to tls_names and run site.yml"
        yield Finding("certificate", name, outcome, message, remedy)


def database(context: Context) -> tuple[list[Finding], State | None]:
    """Look whether the directory can be read; return its state too."""
    start = context.machine.monotonic()
    try:
        has, needs = context.machine.schema(context.dsn)
        if has != needs:
            message = f"is at {has or 'nothing'}, not at {needs}"
            remedy = "run `fermoposta migrate`"
            return [Finding("database", "schema", Outcome.BAD, message, remedy)], None
        state = context.state()
    except (StoreError, SchemaError) as error:
        remedy = "see systemctl status postgresql@17-main"
        return [Finding("database", "directory", Outcome.BAD, str(error), remedy)], None
    seconds = context.machine.monotonic() - start
    good = seconds <= DATABASE_SECONDS
    outcome = Outcome.GOOD if good else Outcome.BAD
    message = f"{len(state.users)} users read in {seconds:.2f} s"
    remedy = "" if good else "see pg_stat_activity for what keeps it"
    current = Finding("database", "schema", Outcome.GOOD, f"is at {has}")
    return [current, Finding("database", "directory", outcome, message, remedy)], state


def queue(machine: Machine) -> Iterator[Finding]:
    """Look whether mail moves."""
    answer = machine.ask("postqueue", "-j")
    if answer is None or answer.code:
        yield Finding("queue", "postfix", Outcome.UNKNOWN, "postqueue does not answer")
        return
    arrivals = [json.loads(line)["arrival_time"] for line in answer.output.splitlines() if line]
    age = machine.now().timestamp() - min(arrivals) if arrivals else 0
    good = len(arrivals) <= QUEUE_LENGTH and age <= QUEUE_AGE
    message = f"{len(arrivals)} messages"
    if arrivals:
        message += f", the oldest {age / 3600:.1f} h old"
    remedy = "" if good else "see postqueue -p for the reasons"
    yield Finding("queue", "postfix", Outcome.GOOD if good else Outcome.BAD, message, remedy)


def disks(machine: Machine, settings: Settings) -> Iterator[Finding]:
    """Look whether there is room for mail, for the database, for logs."""
    for path in dict.fromkeys((settings.vmail_dir, settings.state_dir, Path("/var"))):
        free = machine.free_fraction(path)
        if free is None:
            yield Finding("disk", str(path), Outcome.UNKNOWN, "is not there")
            continue
        good = free >= FREE_FRACTION
        outcome = Outcome.GOOD if good else Outcome.BAD
        remedy = "" if good else "enlarge it, or see what grows: du -xh --max-depth 2"
        yield Finding("disk", str(path), outcome, f"{free:.0%} free", remedy)


def backups(machine: Machine, folder: Path) -> Iterator[Finding]:
    """Look whether there is a backup of the last day in *folder*, and whether a drill proved it."""
    yield _of_backups(machine, folder / "last-backup.json", "last", "systemctl start mail-backup")
    yield _of_backups(machine, folder / "last-drill.json", "drill", "systemctl start mail-drill")


def _of_backups(machine: Machine, path: Path, subject: str, command: str) -> Finding:
    text = machine.text(path)
    try:
        found = json.loads(text) if text is not None else None
        at = datetime.fromisoformat(found["finished"]) if found else None
    except (ValueError, KeyError, TypeError):
        return Finding("backup", subject, Outcome.UNKNOWN, f"{path} can't be read", command)
    if found is None or at is None:
        return Finding("backup", subject, Outcome.UNKNOWN, "there was none yet", command)
    if found.get("outcome", "good") != "good":
        message = f"{found['differences']} differences in the backup {found['backup']}"
        remedy = f"see {path}; take another backup, and look at the disk that it lies on"
        return Finding("backup", subject, Outcome.BAD, message, remedy)
    age = machine.now() - at
    outcome = Outcome.GOOD if age <= BACKUP_AGE else Outcome.BAD
    remedy = "" if outcome is Outcome.GOOD else f"journalctl -u {command.rsplit(maxsplit=1)[-1]}"
    return Finding("backup", subject, outcome, f"{age.total_seconds() / 3600:.0f} h ago", remedy)


def clock(machine: Machine) -> Iterator[Finding]:
    """Look whether the clock is right: signatures and certificates depend on it."""
    answer = machine.ask("timedatectl", "show", "--property=NTPSynchronized", "--value")
    said = answer.output.strip() if answer else ""
    if said not in ("yes", "no"):
        yield Finding("clock", "ntp", Outcome.UNKNOWN, "timedatectl does not answer")
    elif said == "yes":
        yield Finding("clock", "ntp", Outcome.GOOD, "is synchronised")
    elif (virtual := machine.ask("systemd-detect-virt", "--container")) and virtual.code == 0:
        yield Finding("clock", "ntp", Outcome.UNKNOWN, "a container has its host's clock")
    else:
        remedy = "see timedatectl timesync-status"
        yield Finding("clock", "ntp", Outcome.BAD, "is not synchronised", remedy)


def domains(machine: Machine, settings: Settings, state: State) -> Iterator[Finding]:
    """Look whether the world's DNS leads each domain's mail to us, and vouches for what we send."""
    for domain in state.domains.values():
        yield _record(machine, domain.name, "MX", lambda said: said.endswith(f" {settings.host}"))
        yield _record(machine, domain.name, "TXT", lambda said: said.startswith("v=spf1"), "SPF")
        name = f"{domain.dkim_selector}._domainkey.{domain.name}"
        try:
            path = settings.dkim_dir / f"{domain.name}.{domain.dkim_selector}.key"
            key = dns.public_key(path)
        except dns.KeyFileError as error:
            yield Finding("dns", name, Outcome.UNKNOWN, str(error), "run `fermoposta compile`")
        else:
            yield _record(machine, name, "TXT", _holds(f"p={key}"), "DKIM")
        name = f"_dmarc.{domain.name}"
        yield _record(machine, name, "TXT", lambda said: said.startswith("v=DMARC1"), "DMARC")


def _holds(part: str) -> Callable[[str], bool]:
    return lambda said: part in said.replace(" ", "")


def _record(
    machine: Machine, name: str, kind: str, fits: Callable[[str], bool], what: str = ""
) -> Finding:
    """Look for a record of *kind* that *fits*."""
    what = what or kind
    said = machine.resolve(name, kind)
    if said is None:
        return Finding("dns", name, Outcome.UNKNOWN, f"{what}: no name server answers")
    if any(map(fits, said)):
        return Finding("dns", name, Outcome.GOOD, f"{what} is as it should be")
    message = f"{what} is {'another' if said and kind == 'MX' else 'missing'}"
    return Finding("dns", name, Outcome.BAD, message, "publish what `fermoposta dns` prints")
