"""The last screen of `make up`: everything that a visitor needs, on one page."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fermoposta_demo.appliance import Appliance

_SECURITY = {
    "smtp": "mail from other servers",
    "submission": "STARTTLS, log-in",
    "submissions": "TLS, log-in",
    "imap": "STARTTLS, log-in",
    "imaps": "TLS, log-in",
    "imaps_alt": "TLS, log-in",
    "pop3": "STARTTLS, log-in",
    "pop3s": "TLS, log-in",
    "sieve": "STARTTLS, log-in",
    "http": "redirects to HTTPS",
    "https": "webmail, calendars, portal",
    "mapi": "reserved for Outlook",
}


def render(appliance: Appliance, *, seconds: float) -> str:
    """Return the page as text of at most 100 columns."""
    names = "mail.example.org portal.example.org autoconfig.example.org"
    https = appliance.ports["https"]
    ca_file = os.path.relpath(appliance.ca_file)
    lines = [
        f"Fermoposta runs in the container {appliance.container} (took {seconds:.0f} s).",
        "",
        "  Service       Port on 127.0.0.1   How",
        *(
            f"  {service:<13} {port:<19} {_SECURITY[service]}"
            for service, port in appliance.ports.items()
        ),
        "",
        "  Web",
        *(f"  {name:<13} {url}" for name, url in appliance.urls.items()),
        "",
        "  Log-in                            Password              Role",
        *(
            f"  {account.address:<33} {account.password or '(does not log in)':<21} {account.role}"
            for account in appliance.accounts
        ),
        "",
        "  Names   Let this machine find the host: add to /etc/hosts",
        f"            {appliance.host} {names}",
        f"          or tell curl: --resolve mail.example.org:{https}:{appliance.host}",
        f"  Trust   The demo has its own CA: {ca_file}",
        f"            curl --cacert {ca_file} --user USER imaps://127.0.0.1:{appliance.ports['imaps']}/",
        "          Browsers: import it under Settings > Certificates > Authorities.",
        "  Scripts Everything above is in .demo/demo.json. `make down` removes the host.",
    ]
    return "\n".join(lines)
