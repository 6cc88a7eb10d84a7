"""What every request and answer goes through: who asks, in which language, and the safe headers."""

import hmac
import re
import secrets
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import ImmutableMultiDict, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fermoposta.clientconfig.facts import Site
from fermoposta.portal import i18n
from fermoposta.portal.book import Book
from fermoposta.portal.store import Person, PortalStore
from fermoposta.service import client_address
from fermoposta.service.settings import Settings

if TYPE_CHECKING:
    from fermoposta.activesync.store.model import Store as DeviceStore
    from fermoposta.portal.api.tokens import TokenStore
    from fermoposta.portal.journal import Journal
    from fermoposta.portal.keys.store import KeyStore
    from fermoposta.portal.mine.mailboxes import Mailboxes
    from fermoposta.portal.passkeys.desk import PasskeyDesk
    from fermoposta.portal.recovery.desk import RecoveryDesk
    from fermoposta.portal.second.store import FactorStore

SESSION_COOKIE = "__Host-fermoposta"
FORM_COOKIE = "__Host-fermoposta-form"
LANGUAGE_COOKIE = "__Host-fermoposta-language"
REMEMBERED = 31_536_000
"""Seconds for which a browser remembers a language: a year."""
LARGEST_FORM = 8192
"""Bytes of the largest form that is read, where a page doesn't ask for more."""
Fields = ImmutableMultiDict[str, str]
"""What a form says: the last of a name by ``[]``, all by ``getlist``."""


def safe_headers(webmail_host: str, *, scripts: bool = False) -> dict[str, str]:
    """
    Return what stands on every answer; what is the same for all its sites the web server adds.

    No script runs, or with *scripts* our own files only; nothing comes from elsewhere, and nobody
    frames our pages. A sign-in may lead on to the webmail, which browsers hold a form's target to.
    """
    own_scripts = "script-src 'self'; " if scripts else ""
    return {
        "content-security-policy": (
            f"default-src 'none'; {own_scripts}style-src 'self'; img-src 'self'; "
            f"form-action 'self' https://{webmail_host}:*; base-uri 'none'; frame-ancestors 'none'"
        ),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }


class Clock(Protocol):
    """Tells what time it is, in UTC."""

    def __call__(self) -> datetime:
        """Return the time."""


@dataclass(frozen=True, slots=True)
class Portal:
    """What the pages stand on; lives in the application's state."""

    settings: Settings
    site: Site
    store: PortalStore
    book: Book
    tokens: "TokenStore"
    keys: "KeyStore"
    factors: "FactorStore"
    passkeys: "PasskeyDesk"
    recovery: "RecoveryDesk"
    mailboxes: "Mailboxes"
    journal: "Journal"
    devices: "DeviceStore"
    clock: Clock
    environments: Mapping[str, Environment]


def portal_of(request: Request) -> Portal:
    """Return what the pages stand on."""
    portal: Portal = request.app.state.portal
    return portal


def environments() -> dict[str, Environment]:
    """Return a template environment for each language."""
    made = {}
    for language in i18n.LANGUAGES:
        environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        environment.install_gettext_translations(  # type: ignore[attr-defined]
            i18n.translations(language), newstyle=True
        )
        made[language] = environment
    return made


def language_of(request: Request) -> str:
    """Return the language of the page that answers *request*."""
    return i18n.choose(
        request.query_params.get("lang"),
        request.cookies.get(LANGUAGE_COOKIE),
        request.headers.get("accept-language", ""),
        portal_of(request).settings.language,
    )


def client_of(request: Request) -> str:
    """Return the client's address as nginx, the only one at our socket, wrote it down."""
    return client_address.client_of(request.headers.get("x-real-ip", ""))


def page(
    request: Request,
    name: str,
    *,
    status: int = 200,
    person: Person | None = None,
    scripts: bool = False,
    **facts: object,
) -> HTMLResponse:
    """Render the template *name* in the reader's language; few pages need *scripts*."""
    portal, language = portal_of(request), language_of(request)
    token = request.cookies.get(FORM_COOKIE, "")
    fresh = len(token) < 32
    token = secrets.token_urlsafe(32) if fresh else token
    body = (
        portal.environments[language]
        .get_template(name)
        .render(
            language=language,
            languages=i18n.LANGUAGES,
            path=request.url.path,
            site=portal.site,
            webmail_url=beside(request, portal.site.webmail_url),
            person=person,
            form_token=token,
            **facts,
        )
    )
    response = HTMLResponse(body, status, {"cache-control": "no-store", "vary": "accept-language"})
    if scripts:
        response.headers.update(safe_headers(portal.settings.host, scripts=True))
    if fresh:
        set_cookie(response, FORM_COOKIE, token)
    if request.query_params.get("lang") in i18n.LANGUAGES:
        set_cookie(response, LANGUAGE_COOKIE, language, max_age=REMEMBERED)
    return response


def beside(request: Request, url: str) -> str:
    """Return *url* with the port that the reader used: a demo's ports are not the usual ones."""
    port = request.url.port
    parts = urlsplit(url)
    return url if port in (None, 443) else parts._replace(netloc=f"{parts.netloc}:{port}").geturl()


def own_path(target: str) -> str:
    """Return *target* where it is a path of ours, to go on to; empty where it leads elsewhere."""
    own = re.fullmatch(r"/(?![/\\])[!-~]{0,1000}", target)
    return target if own and "\\" not in target else ""


def set_cookie(response: Response, name: str, value: str, max_age: int | None = None) -> None:
    """Set a cookie that scripts and plain HTTP never see; *max_age* is in seconds."""
    response.set_cookie(
        name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="lax"
    )


def drop_cookie(response: Response, name: str) -> None:
    """Have the browser forget a cookie that `set_cookie` set."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")


async def form_of(request: Request, *, largest: int = LARGEST_FORM, most: int = 50) -> Fields:
    """
    Return the fields of a form that came from one of our pages; raise HTTPException otherwise.

    The form's token must be the one in the cookie, which other sites can neither read nor set
    (its name begins with ``__Host-``). No more than *largest* bytes and *most* fields are read.
    A name may come more than once; a file is a field too, with its text.
    """
    body = await body_of(request, largest)
    try:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            pairs = await _parts(request, body, most)
        else:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=most)
    except (ValueError, MultiPartException) as error:
        raise HTTPException(400) from error
    fields = Fields(pairs)
    cookie, token = request.cookies.get(FORM_COOKIE, ""), fields.get("form_token", "")
    own = hmac.compare_digest(cookie.encode(), token.encode())
    if not cookie or not own or request.headers.get("sec-fetch-site") == "cross-site":
        raise HTTPException(403)
    return Fields([pair for pair in pairs if pair[0] != "form_token"])


async def _parts(request: Request, body: bytes, most: int) -> list[tuple[str, str]]:
    """Read a form with files (RFC 7578)."""

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(request.headers, stream(), max_files=2, max_fields=most)
    pairs = []
    for name, value in (await parser.parse()).multi_items():
        if isinstance(value, str):
            pairs.append((name, value))
        else:
            pairs.append((name, _text(await value.read())))
            await value.close()
    return pairs


def _text(written: bytes) -> str:
    """Return what a file says: UTF-8, or what spreadsheets on Windows write."""
    try:
        return written.decode("utf-8-sig")
    except UnicodeDecodeError:
        return written.decode("cp1252", errors="replace")


async def body_of(request: Request, largest: int) -> bytes:
    """Return the body; raise HTTPException above *largest* bytes without reading on."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise HTTPException(413)
    return bytes(body)


class CaselessAutodiscover:
    """Find autodiscover however a client writes it: ``/Autodiscover/AutoDiscover.xml``."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with a path in lower case if it is for autodiscover."""
        path = scope.get("path", "").lower()
        caseless = path.startswith("/autodiscover/")
        await self.app({**scope, "path": path} if caseless else scope, receive, send)


class SafeHeaders:
    """Put the safe headers on every answer, errors included."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self.app = app
        self.headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with more headers."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_safely if scope["type"] == "http" else send)
