from __future__ import annotations

import base64
import http.client
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import Message

    from fermoposta_demo.appliance import Account, Appliance

SECONDS = 60
WEBMAIL = "https://mail.example.org/SOGo"


@dataclass(frozen=True)
class Answer:
    """What a web server said."""

    status: int
    headers: Message
    body: str


@dataclass(frozen=True)
class Web:
    """An HTTP client that finds every host of the appliance by its name, and trusts its CA only."""

    appliance: Appliance

    def ask(
        self,
        method: str,
        url: str,
        *,
        account: Account | None = None,
        body: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request; the port of the URL is the one that is published for its scheme."""
        scheme, _, rest = url.partition("://")
        name, _, path = rest.partition("/")
        fields = dict(headers or {})
        if account is not None:
            login = f"{account.address}:{account.password}".encode()
            fields["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
        client = http.client.HTTPConnection(name, timeout=SECONDS)
        client.sock = self._connect(scheme, name)
        try:
            client.request(method, f"/{path}", body.encode() if body else None, fields)
            answer = client.getresponse()
            return Answer(answer.status, answer.headers, answer.read().decode(errors="replace"))
        finally:
            client.close()

    def _connect(self, scheme: str, name: str) -> socket.socket:
        address = (self.appliance.host, self.appliance.ports[scheme])
        plain = socket.create_connection(address, SECONDS)
        if scheme == "http":
            return plain
        context = ssl.create_default_context(cafile=self.appliance.ca_file)
        return context.wrap_socket(plain, server_hostname=name)
