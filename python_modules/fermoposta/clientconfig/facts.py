"""The facts that all documents are made of: one host, its ports, and how they are encrypted."""

import re
from dataclasses import dataclass
from enum import StrEnum

from fermoposta.service.settings import Settings


class Security(StrEnum):
    """How a connection becomes encrypted."""

    TLS = "SSL/TLS"
    STARTTLS = "STARTTLS"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A port that a client may use, and how it is encrypted there."""

    protocol: str
    port: int
    security: Security


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a client must know of the service; each list has the recommended port first."""

    host: str
    organisation: str
    webmail_url: str
    imap: tuple[Endpoint, ...]
    pop3: tuple[Endpoint, ...]
    submission: tuple[Endpoint, ...]

    @property
    def dav_port(self) -> int:
        """Return the port of CalDAV and CardDAV."""
        return 443

    @property
    def activesync_url(self) -> str:
        """Return where devices synchronise."""
        return f"https://{self.host}/Microsoft-Server-ActiveSync"

    def dav_path(self, address: str) -> str:
        """Return the principal of *address* for CalDAV and CardDAV (RFC 3744, section 2)."""
        return f"/SOGo/dav/{address}/"


def site_of(settings: Settings) -> Site:
    """Return what clients may know of the site that *settings* describe."""
    imap = [
        Endpoint("imap", 993, Security.TLS),
        Endpoint("imap", 143, Security.STARTTLS),
    ]
    if settings.imaps_alternate_port is not None:
        imap.append(Endpoint("imap", settings.imaps_alternate_port, Security.TLS))
    pop3 = (Endpoint("pop3", 995, Security.TLS), Endpoint("pop3", 110, Security.STARTTLS))
    return Site(
        host=settings.host,
        organisation=settings.organisation,
        webmail_url=settings.webmail_url,
        imap=tuple(imap),
        pop3=pop3 if settings.pop3 else (),
        submission=(
            Endpoint("smtp", 587, Security.STARTTLS),
            Endpoint("smtp", 465, Security.TLS),
        ),
    )


# A dot-atom and a host name (RFC 5321, section 4.1.2); quoted local parts exist on paper only.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


def domain_of(address: str) -> str | None:
    """Return the domain of *address* as the directory writes it; None where it is no address.

    Upper case becomes lower case and letters beyond ASCII become an A-label (RFC 5890).
    """
    local, at, domain = address.strip().rpartition("@")
    if not at or len(local) > 64 or not _LOCAL.fullmatch(local):
        return None
    return normalised_domain(domain)


def normalised_domain(name: str) -> str | None:
    """Return *name* as the directory writes domains; None where it is no domain."""
    try:
        ascii_name = name.strip().rstrip(".").lower().encode("idna").decode("ascii")
    except UnicodeError:
        return None
    labels = ascii_name.split(".")
    fits = len(labels) > 1 and len(ascii_name) <= 253 and all(map(_LABEL.fullmatch, labels))
    return ascii_name if fits else None


def normalised_address(address: str) -> str | None:
    """Return *address* as the directory writes it; None where it is none."""
    domain = domain_of(address)
    return None if domain is None else f"{address.strip().rpartition('@')[0].lower()}@{domain}"
