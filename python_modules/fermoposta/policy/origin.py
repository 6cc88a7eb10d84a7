"""Whose mail it is: what Postfix knows of the client, made into a `Sender`."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from fermoposta.directory.route import Router, Sender, base_of
from fermoposta.service.settings import Settings


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
    """Return an address of SMTP in lower case, without brackets, and quotes that it needs not."""
    bare = address.strip().removeprefix("<").removesuffix(">")
    local, at, domain = bare.rpartition("@")
    if len(local) > 2 and local.startswith('"') and local.endswith('"'):
        local = local[1:-1].replace("\\", "")
    return f"{local}{at}{domain}".lower()
