"""Who asks, as the web server in front of our services has written it down."""

import ipaddress

UNKNOWN = "unknown"


def client_of(told: str) -> str:
    """Return the address that *told*, the header X-Real-IP, holds; nobody but nginx sets it."""
    try:
        return str(ipaddress.ip_address(told))
    except ValueError:
        return UNKNOWN


def network_of(client: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 that a host chooses from."""
    try:
        ip = ipaddress.ip_address(client)
    except ValueError:
        return UNKNOWN
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, 64), strict=False).network_address)
