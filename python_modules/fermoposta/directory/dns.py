"""
The DNS records of a mail domain, by which the world sends to it, believes it, and finds its ports.

A site's name servers are its own: records are printed, as a table or a zone file, not published.

* KeyFileError          a DKIM key can't be read
"""

import base64
import hashlib
import ipaddress
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TTL = 3600
"""Seconds that resolvers may keep our records."""

_STRING = 255
"""Octets of the longest character-string (RFC 1035, section 3.3)."""


class KeyFileError(Exception):
    """The DKIM key in *path* can't be read; *reason* says why."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What the records say of the host; *addresses* are those at which the world reaches it."""

    name: str
    portal: str
    addresses: tuple[str, ...] = ()
    pop3: bool = True
    mta_sts_mode: str = "testing"
    mta_sts_max_age: int = 604800


@dataclass(frozen=True, slots=True, order=True)
class DnsRecord:
    """
    One record: an absolute *name* without its dot, and *data* as a zone file writes it.

    The data of a TXT record is its text; a zone file has it quoted and split.
    """

    name: str
    type: str
    data: str
    purpose: str

    @property
    def zone_data(self) -> str:
        """Return the data as it stands in a zone file."""
        return quoted(self.data) if self.type == "TXT" else self.data


def quoted(text: str) -> str:
    """Return *text* as character-strings of at most 255 octets (RFC 1035, section 3.3.14)."""
    raw = text.encode("ascii")
    pieces = [raw[start : start + _STRING] for start in range(0, len(raw), _STRING)] or [b""]
    escaped = (piece.decode().replace("\\", r"\\").replace('"', r"\"") for piece in pieces)
    return " ".join(f'"{piece}"' for piece in escaped)


def domain_records(
    domain: str, host: Host, *, selector: str = "mail", dkim_key: str | None = None
) -> list[DnsRecord]:
    """
    List the records of the mail domain *domain*, whose mail *host* takes and sends.

    *dkim_key* is the base64 of the public key, as `public_key` returns it; without one the list
    has no DKIM record. SPF ends in ``~all``: a receiver that refuses at SPF alone would refuse what
    a mailing list sends on although its signature holds; DMARC's policy decides instead.
    """
    records = [
        DnsRecord(domain, "MX", f"10 {host.name}.", "mail goes to this host"),
        DnsRecord(domain, "TXT", "v=spf1 mx ~all", "SPF (RFC 7208)"),
        *_dkim(domain, selector, dkim_key),
        DnsRecord(
            f"_dmarc.{domain}",
            "TXT",
            f"v=DMARC1; p=quarantine; rua=mailto:postmaster@{domain}",
            "DMARC (RFC 7489)",
        ),
        DnsRecord(
            f"_smtp._tls.{domain}",
            "TXT",
            f"v=TLSRPTv1; rua=mailto:postmaster@{domain}",
            "TLS reports (RFC 8460)",
        ),
        *_mta_sts(domain, host),
        DnsRecord(f"autoconfig.{domain}", "CNAME", f"{host.name}.", "Thunderbird's set-up"),
        DnsRecord(f"autodiscover.{domain}", "CNAME", f"{host.name}.", "Outlook's set-up"),
        *_services(domain, host),
    ]
    inside = [r for r in host_records(host) if r.name == domain or r.name.endswith(f".{domain}")]
    # A domain that is the host's own name has its SPF record already, and may have one only.
    return records + [r for r in inside if (r.name, r.type) != (domain, "TXT")]


def host_records(host: Host) -> list[DnsRecord]:
    """List the records of the host's own names, those of the reverse zone included."""
    records = []
    for address in map(ipaddress.ip_address, host.addresses):
        kind = "A" if address.version == 4 else "AAAA"
        records.append(DnsRecord(host.name, kind, str(address), "the host"))
        if host.portal != host.name:
            records.append(DnsRecord(host.portal, kind, str(address), "the portal"))
    records.append(DnsRecord(host.name, "TXT", "v=spf1 a -all", "SPF of HELO (RFC 7208, 2.3)"))
    reverse = [ipaddress.ip_address(address).reverse_pointer for address in host.addresses]
    purpose = "set where the address is from"
    return records + [DnsRecord(name, "PTR", f"{host.name}.", purpose) for name in reverse]


def zone(domain: str, records: list[DnsRecord]) -> str:
    """Return *records* as lines to put into the zone file of *domain* (RFC 1035, section 5)."""
    lines = [f"; Mail records of {domain}", f"$ORIGIN {domain}.", f"$TTL {TTL}"]
    width = max((len(_relative(record.name, domain)) for record in records), default=0)
    for record in records:
        name = _relative(record.name, domain).ljust(width)
        lines.append(f"{name} IN {record.type:<5} {record.zone_data} ; {record.purpose}")
    return "\n".join(lines) + "\n"


def policy_id(host: Host) -> str:
    """Return the id of the MTA-STS policy, another one for each content (RFC 8461, section 3.1)."""
    content = f"{host.name} {host.mta_sts_mode} {host.mta_sts_max_age}"
    return hashlib.sha256(content.encode()).hexdigest()[:20]


def public_key(path: Path) -> str:
    """
    Return the public part of the DKIM key in *path*, in base64 (RFC 6376, section 3.6.1).

    *path* holds a private or a public key in PEM. The key is read by openssl from its standard
    input, so no copy of it is made. Raises KeyFileError.
    """
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise KeyFileError(path, error.strerror or "can't be read") from error
    public = b"BEGIN PUBLIC KEY" in pem
    command = ["openssl", "pkey", "-pubout", "-outform", "DER", *(["-pubin"] if public else [])]
    try:
        made = subprocess.run(command, input=pem, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise KeyFileError(path, "openssl is not installed") from error
    if made.returncode:
        raise KeyFileError(path, "is no key in PEM")
    der = made.stdout
    # RFC 8463, section 4.2: Ed25519 publishes the bare 32 octets, not the SubjectPublicKeyInfo.
    return base64.b64encode(der[-32:] if len(der) == 44 else der).decode()


def _dkim(domain: str, selector: str, key: str | None) -> Iterator[DnsRecord]:
    if key is not None:
        kind = "ed25519" if len(base64.b64decode(key)) == 32 else "rsa"
        text = f"v=DKIM1; k={kind}; p={key}"
        yield DnsRecord(f"{selector}._domainkey.{domain}", "TXT", text, "DKIM (RFC 6376)")


def _mta_sts(domain: str, host: Host) -> Iterator[DnsRecord]:
    if host.mta_sts_mode != "none":
        text = f"v=STSv1; id={policy_id(host)}"
        yield DnsRecord(f"_mta-sts.{domain}", "TXT", text, "MTA-STS (RFC 8461)")
        yield DnsRecord(f"mta-sts.{domain}", "CNAME", f"{host.name}.", "where its policy is")


def _services(domain: str, host: Host) -> Iterator[DnsRecord]:
    """
    Yield where clients find each service, implicit TLS first (RFC 8314, section 5.1).

    A service that isn't offered has the target ``.`` (RFC 2782).
    """
    offered = (
        ("submissions", 0, 465, "RFC 8314"),
        ("submission", 10, 587, "RFC 6186"),
        ("imaps", 0, 993, "RFC 6186"),
        ("imap", 10, 143, "RFC 6186"),
        ("pop3s", 20 if host.pop3 else 0, 995 if host.pop3 else 0, "RFC 6186"),
        ("pop3", 30 if host.pop3 else 0, 110 if host.pop3 else 0, "RFC 6186"),
        ("sieve", 0, 4190, "RFC 5804"),
        ("caldavs", 0, 443, "RFC 6764"),
        ("carddavs", 0, 443, "RFC 6764"),
        ("caldav", 0, 0, "RFC 6764"),
        ("carddav", 0, 0, "RFC 6764"),
        ("autodiscover", 0, 443, "Outlook's set-up"),
    )
    for service, priority, port, source in offered:
        target = f"{host.name}." if port else "."
        data = f"{priority} {1 if port else 0} {port} {target}"
        purpose = source if port else f"{source}: not offered"
        yield DnsRecord(f"_{service}._tcp.{domain}", "SRV", data, purpose)
    for service in ("caldavs", "carddavs"):
        yield DnsRecord(
            f"_{service}._tcp.{domain}", "TXT", "path=/SOGo/dav/", "RFC 6764, section 4"
        )


def _relative(name: str, origin: str) -> str:
    if name == origin:
        return "@"
    return name.removesuffix(f".{origin}") if name.endswith(f".{origin}") else f"{name}."
