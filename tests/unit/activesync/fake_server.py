"""A server that answers what a test has told it, in that order, and keeps what it was asked."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from fermoposta.activesync.client import Client, Connection, Device
from fermoposta.activesync.request import parse
from fermoposta.activesync.wbxml import Element, decode, encode

ADA = "ada@example.org"
WBXML = {"Content-Type": "application/vnd.ms-sync.wbxml"}


@dataclass
class Server:
    answers: list = field(default_factory=list)
    requests: list = field(default_factory=list)
    """What the queries and headers say, as the gateway reads them."""
    bodies: list = field(default_factory=list)
    """Documents, or bytes where it is none."""
    raw: list = field(default_factory=list)

    def __call__(self, request):
        self.raw.append(request)
        if request.method == "POST":
            self._keep(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        if answer is None:
            return httpx.Response(200)
        return httpx.Response(200, headers=WBXML, content=encode(answer))

    def _keep(self, request):
        url = urlsplit(str(request.url))
        if not url.path.startswith("/Microsoft-Server-ActiveSync"):
            return
        self.requests.append(parse(url.query, request.headers, ["example.org"]))
        body = request.content
        kind = request.headers.get("Content-Type", "")
        self.bodies.append(decode(body) if kind in WBXML.values() else body)

    def connection(self, **options):
        return Connection(
            "mail.example.org",
            ADA,
            "Engine1843",
            transport=httpx.MockTransport(self),
            **options,
        )

    def client(self, version="14.1", **options):
        return Client(self.connection(**options), Device("PHONE1", "SP"), version)


def tree(tag, *children, **texts):
    """An element of one namespace: texts by name, then children."""
    space = tag.partition(":")[0]
    inside = [Element(f"{space}:{name}", str(text)) for name, text in texts.items()]
    return Element(tag, [*inside, *children])
