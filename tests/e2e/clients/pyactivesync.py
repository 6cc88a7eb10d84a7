"""
A foreign client of ActiveSync 16.1, `pyactivesync`, in front of the appliance.

It speaks HTTPS only, to the host and port that it is given. What it needs of a server: Provision
gives a policy key to everybody, also where there are no policies, and takes the acknowledgement
without the key's header. It repeats what may be repeated up to four times after a 5xx.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from pyactivesync import Client
from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from fermoposta_demo.appliance import Account, Appliance

SERVER = "mail.example.org"
SECONDS = 60


class Elsewhere(HTTPAdapter):
    """Finds a server at another address than its name says; the certificate is the name's."""

    def __init__(self, name: str) -> None:
        self._name = name
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        names = {"server_hostname": self._name, "assert_hostname": self._name}
        super().init_poolmanager(*arguments, **options, **names)


def foreign_client(
    appliance: Appliance, account: Account, *, device_id: str | None = None
) -> Client:
    """Return a client with a device id of its own; to be closed, or used by `with`."""
    client = Client(
        f"{appliance.host}:{appliance.ports['https']}",
        account.address,
        account.password or "",
        device_id=device_id or f"PY{secrets.token_hex(15).upper()}",
        timeout=SECONDS,
    )
    # It has no option for an authority of one's own, nor for a name that DNS does not know.
    session = client._transport.session
    session.verify = appliance.ca_file
    session.trust_env = False
    session.headers["Host"] = SERVER
    session.mount("https://", Elsewhere(SERVER))
    return client
