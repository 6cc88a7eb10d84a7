"""Whose mail it is: what Postfix knows of the client, made into a `Sender`."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from fermoposta.directory.route import Router, Sender, base_of
from fermoposta.service.settings import Settings

_ROUTE = re.compile(r"(<?)@[^:\"]*:")
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_WRITTEN = re.compile(
    rf"<?(?:[^\s\"\\()<>@,;:\[\]]+(?:@[^\s\"\\()<>@,;]+)?|{_QUOTED}@[^\s\"\\()<>@,;]+)>?"
)
_QUOTED_LOCAL = re.compile(_QUOTED)
_QUOTED_PAIR = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Site:
    """What the policy must know of the site besides its directory."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks that may send without a log-in."""
    recipients_per_hour: int = 500

    def relays_for(self, client: str) -> bool:
        """Tell whether the address *client* lies in one of the networks."""
        try:
            address = ip_address(client)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.networks)


def site_of(settings: Settings) -> Site:
    """Return what *settings* say; raises ValueError where a network is none."""
    networks = tuple(ip_network(network, strict=False) for network in settings.relay_networks)
    return Site(networks, settings.recipients_per_hour)


def sender_of(router: Router, site: Site, *, client: str, login: str, envelope: str) -> Sender:
    """
    Say who sends through a port where anybody may knock.

    A network may send without a log-in in the name of hosted domains only, as smtpd has it.
    """
    address = plain(envelope)
    if login:
        return Sender(address, login=base_of(login.lower()), trusted=True)
    return Sender(address, trusted=site.relays_for(client) and router.hosted(address))


def plain(address: str) -> str:
    """
    Return an address of SMTP in lower case, without brackets and quotes.

    Postfix takes away the dot behind a domain: it must not look like another domain to us.
    """
    bare = address.strip().removeprefix("<").removesuffix(">")
    local, at, domain = bare.rpartition("@")
    if _QUOTED_LOCAL.fullmatch(local):
        local = _QUOTED_PAIR.sub(r"\1", local[1:-1])
    return f"{local}{at}{domain.removesuffix('.')}".lower()


def without_route(path: str) -> str:
    """Return what SMTP gave without hosts on the way, as Postfix does (RFC 5321, appendix C)."""
    return _ROUTE.sub(r"\1", path, count=1) if path.startswith(("<@", "@")) else path


def understood(path: str) -> bool:
    """
    Tell whether `plain` reads what SMTP gave as Postfix does.

    Postfix also takes comments, quotes around a part of a name, and the like; nobody writes them.
    """
    return _WRITTEN.fullmatch(path.strip()) is not None
