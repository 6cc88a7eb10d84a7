"""Asks a server over HTTPS, and judges the answer as far as no command need be known."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import httpx

from fermoposta.activesync import multipart
from fermoposta.activesync.client import build
from fermoposta.activesync.client.errors import AnswerError, HttpError, UnreachableError
from fermoposta.activesync.wbxml import DecodeError, Element, Limits, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

    from fermoposta.activesync.request.model import Request

PATH = "/Microsoft-Server-ActiveSync"
WBXML = "application/vnd.ms-sync.wbxml"
_WBXML = frozenset({WBXML, "application/vnd.ms-sync"})
"""Both spellings stand in MS-ASHTTP, section 2.2.2.1.2.3."""
MIME = "message/rfc822"
SECONDS = 60.0
"""How long an answer may take; a command that waits adds its own time."""
ANSWER = Limits(total=512 * 1024 * 1024, text=256 * 1024 * 1024, parts=10_000_000)
"""What an answer may cost: we have asked for it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer, as they went over the wire but for the password."""

    command: str
    version: str
    query: str
    request_type: str | None
    request: bytes
    status: int
    answer_type: str | None
    answer: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: a document, None where it was empty; the parts behind it where it has some."""

    document: Element | None
    parts: tuple[bytes, ...] = ()
    """The first is the document itself, so that ItemOperations:Part is the index."""


class Connection:
    """
    A way to the ActiveSync of *server*, ``mail.example.org`` or ``mail.example.org:8443``.

    It trusts the authorities of *ca*, a file or a context that many connections share, or the
    system's. *connect_to* is where the name is looked for
    instead of DNS: a host and a port. *record* gets every exchange. One thread at a time.
    """

    def __init__(
        self,
        server: str,
        user: str,
        password: str,
        *,
        ca: Path | str | ssl.SSLContext | None = None,
        connect_to: tuple[str, int] | None = None,
        path: str = PATH,
        packed: bool = False,
        record: Callable[[Exchange], None] | None = None,
        transport: httpx.BaseTransport | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self.server = server
        self.user = user
        self.packed = packed
        self.record = record
        self._path = path
        self._seconds = seconds
        self._name = urlsplit(f"//{server}").hostname or server
        host, port = connect_to or (self._name, urlsplit(f"//{server}").port or 443)
        self._base = f"https://{f'[{host}]' if ':' in host else host}:{port}"
        self._client = httpx.Client(
            auth=httpx.BasicAuth(user, password),
            headers={"Host": server, "User-Agent": "Fermoposta/1", "Accept": "*/*"},
            verify=True if transport else _trusting(ca),
            transport=transport,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        """Return itself, to be closed at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up."""
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def options(self) -> httpx.Headers:
        """Return the headers that tell versions and commands (MS-ASHTTP, section 2.2.2.2)."""
        answer = self.http("OPTIONS", "OPTIONS", self._path)
        if answer.status_code != 200:
            raise HttpError("OPTIONS", answer.status_code, answer.headers)
        return answer.headers

    def ask(
        self,
        request: Request,
        body: Element | bytes | None,
        *,
        waiting: float = 0,
        content_type: str | None = None,
    ) -> Reply:
        """
        Return the answer to *request*, whose *body* is a document, or bytes of *content_type*.

        *waiting* is for how many seconds more the server may keep it. Raises ClientError.
        """
        answer, _ = self._post(request, body, waiting, content_type)
        command = request.command
        if not answer.content:
            return Reply(None)
        kind = _type_of(answer)
        if kind == multipart.CONTENT_TYPE:
            try:
                parts = multipart.decode(answer.content)
            except multipart.MultipartError as error:
                raise AnswerError(command, f"its parts can't be told: {error}") from error
            return Reply(_decoded(command, parts[0]), parts)
        if kind not in _WBXML:
            raise AnswerError(command, f"the answer is {kind or 'of no type'} instead of {WBXML}")
        return Reply(_decoded(command, answer.content))

    def fetch(self, request: Request) -> tuple[bytes, str | None]:
        """Return an answer that is no document, and its type: GetAttachment's, of 12.1."""
        answer, kind = self._post(request, None, 0, None)
        return answer.content, kind

    def _post(
        self,
        request: Request,
        body: Element | bytes | None,
        waiting: float,
        content_type: str | None,
    ) -> tuple[httpx.Response, str | None]:
        """Send a request whose answer has HTTP status 200."""
        query = build.packed(request) if self.packed else build.plain(request)
        headers = build.headers(request, with_query=not self.packed)
        content = encode(body) if isinstance(body, Element) else body or b""
        if body is not None:
            headers["Content-Type"] = content_type or WBXML
        answer = self.http(
            request.command,
            "POST",
            f"{self._path}?{query}",
            content=content,
            headers=headers,
            waiting=waiting,
        )
        kind = _type_of(answer)
        if self.record is not None:
            self.record(
                Exchange(
                    command=request.command,
                    version=request.version,
                    query=query,
                    request_type=headers.get("Content-Type"),
                    request=content,
                    status=answer.status_code,
                    answer_type=kind,
                    answer=answer.content,
                )
            )
        if answer.status_code != 200:
            raise HttpError(request.command, answer.status_code, answer.headers)
        return answer, kind

    def http(
        self,
        command: str,
        method: str,
        path: str,
        *,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        waiting: float = 0,
        anonymous: bool = False,
    ) -> httpx.Response:
        """
        Return the answer to one HTTP request, whatever its status. Raises UnreachableError.

        *anonymous* keeps the password back.
        """
        try:
            return self._client.request(
                method,
                f"{self._base}{path}",
                content=content,
                headers=headers,
                auth=None if anonymous else httpx.USE_CLIENT_DEFAULT,
                timeout=httpx.Timeout(self._seconds, read=self._seconds + waiting),
                extensions={"sni_hostname": self._name},
            )
        except httpx.HTTPError as error:
            where = f"{self.server} can't be asked"
            raise UnreachableError(command, f"{where}: {error or type(error).__name__}") from error


def _trusting(ca: Path | str | ssl.SSLContext | None) -> ssl.SSLContext:
    if isinstance(ca, ssl.SSLContext):
        return ca
    return ssl.create_default_context(cafile=None if ca is None else str(ca))


def _type_of(answer: httpx.Response) -> str | None:
    kind: str = answer.headers.get("Content-Type", "")
    return kind.partition(";")[0].strip().lower() or None


def _decoded(command: str, data: bytes) -> Element:
    try:
        return decode(data, ANSWER)
    except DecodeError as error:
        raise AnswerError(command, f"the answer is no ActiveSync document: {error}") from error
