"""Requests to the webmail's server as one user, and what its answers mean where it refuses."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import httpx

from fermoposta.mailstore.groupware import (
    AwayError,
    ChangedError,
    CollectionMissingError,
    DeniedError,
    GroupwareError,
    InvalidError,
    ObjectMissingError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 30
# A process of SOGo serves one connection, and waits at it while it is kept.
_CONNECTIONS = httpx.Limits(max_connections=32, max_keepalive_connections=0)
_CLOSE = {"Connection": "close"}
# Such a process ends when it has grown too large, whoever has just come to it.
_CUT = (httpx.ReadError, httpx.RemoteProtocolError)
_READS = {"PROPFIND", "REPORT"}
_LONGEST_NAME = 255  # SOGo's column for it
_PATH = re.compile(r"(Calendar|Contacts)/([^/\x00-\x1f\x7f]{1,255})")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f/]")
# What XML 1.0 has no place for (section 2.2). SOGo passes on what a client once put into a note.
_NO_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_ERRORS: dict[int, type[GroupwareError]] = {
    400: InvalidError,
    401: DeniedError,
    403: DeniedError,
    404: ObjectMissingError,
    409: ChangedError,
    412: ChangedError,
    413: InvalidError,
    415: InvalidError,
    422: InvalidError,
}


def shared_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """
    Return a client for all users of a process; whoever makes it closes it.

    It keeps nothing of one user for another: passwords go with each request, and no cookie is kept.
    """
    return httpx.AsyncClient(
        timeout=_SECONDS,
        limits=_CONNECTIONS,
        trust_env=False,
        headers=_CLOSE,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        transport=transport,
    )


@dataclass(frozen=True, slots=True)
class Wire:
    """
    How one user's requests reach the server.

    *url* is that of the server, with SOGo's name and without ``/dav``; *quiet* that of the instance
    which writes to nobody.
    """

    address: str
    account: httpx.BasicAuth
    url: str
    quiet: str
    client: httpx.AsyncClient

    def home(self, below: str = "") -> str:
        """Return the path of the user's own tree, or of what is *below* it and quoted."""
        return f"/dav/{quote(self.address, safe='@')}/{below}"

    def folder(self, path: str) -> str:
        """Return where the collection *path* is; raise CollectionMissingError if it names none."""
        match = _PATH.fullmatch(path)
        if match is None or match[2] in {".", ".."}:
            raise CollectionMissingError(f"{path!r} names no calendar and no address book")
        return self.home(f"{match[1]}/{quote(match[2], safe='')}/")

    def object(self, path: str, name: str) -> str:
        """Return where the object *name* is; raise InvalidError if no object can have that name."""
        if not is_name(name):
            raise InvalidError(f"{name[:40]!r} can't be the name of an object")
        return f"{self.folder(path)}{quote(name, safe='')}"

    def href(self, place: str) -> str:
        """Return *place* as the server writes it."""
        return f"{urlsplit(self.url).path.rstrip('/')}{place}"

    async def ask(
        self,
        method: str,
        place: str,
        body: bytes | str = b"",
        *,
        headers: Mapping[str, str] | None = None,
        silent: bool = False,
    ) -> httpx.Response:
        """Send one request; raise GroupwareError with the server's words where it refuses."""
        kind = {"Content-Type": "text/xml; charset=utf-8"} if body else {}
        request = self.client.build_request(
            method,
            f"{self.quiet if silent else self.url}{place}",
            content=body,
            headers=kind | dict(headers or {}),
        )
        try:
            try:
                answer = await self.client.send(request, auth=self.account)
            except _CUT:
                if method not in _READS:
                    raise
                answer = await self.client.send(request, auth=self.account)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise AwayError(f"the calendar server is away: {type(error).__name__}") from error
        if not answer.is_success:
            found = _ERRORS.get(answer.status_code, AwayError)
            raise found(f"{method} {place}: {answer.status_code} {_words(answer)}".rstrip())
        return answer

    async def tree(
        self, method: str, place: str, body: str, *, headers: Mapping[str, str] | None = None
    ) -> ET.Element:
        """Send one request whose answer is XML, and return that."""
        answer = await self.ask(method, place, body, headers=headers)
        return parsed(answer.content)


def is_name(name: str) -> bool:
    """Tell whether *name* is that of an object: one part of a path, and no step in it."""
    return (
        0 < len(name) <= _LONGEST_NAME
        and name not in {".", ".."}
        and _UNPRINTABLE.search(name) is None
    )


def parsed(content: bytes) -> ET.Element:
    """Read XML of the server; raise AwayError where it is none, or declares entities."""
    text = _NO_XML.sub(b"", content)
    if b"<!DOCTYPE" in text[:1000]:
        raise AwayError("the calendar server answers with a document type, which nobody reads")
    try:
        return ET.fromstring(text)  # noqa: S314 - our own server's, and without a document type
    except ET.ParseError as error:
        raise AwayError(f"the calendar server answers what is no XML: {error}") from error


def _words(answer: httpx.Response) -> str:
    """Return what the server says of itself; its errors repeat no content."""
    plain = re.sub(r"<[^>]*>", " ", answer.text)
    return " ".join(plain.split())[:200]
