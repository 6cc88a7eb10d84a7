"""The portal as an ASGI application."""

import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from fermoposta.activesync.store.model import Store as DeviceStore
from fermoposta.clientconfig.facts import site_of
from fermoposta.directory.store import StoreError
from fermoposta.portal import account, discovery, pages, web, webmail
from fermoposta.portal.access import SignInNeededError
from fermoposta.portal.admin import routes as admin
from fermoposta.portal.api import pages as token_pages
from fermoposta.portal.api import routes as api
from fermoposta.portal.api.tokens import TokenStore
from fermoposta.portal.book import Book
from fermoposta.portal.journal import Journal
from fermoposta.portal.keys.store import KeyStore
from fermoposta.portal.mine import routes as mine
from fermoposta.portal.mine.mailboxes import Mailboxes
from fermoposta.portal.passkeys import pages as passkey_pages
from fermoposta.portal.passkeys.desk import PasskeyDesk
from fermoposta.portal.passkeys.store import PasskeyStore
from fermoposta.portal.recovery import pages as recovery_pages
from fermoposta.portal.recovery.desk import RecoveryDesk
from fermoposta.portal.second import pages as second
from fermoposta.portal.second.store import FactorStore
from fermoposta.portal.store import PortalStore
from fermoposta.service.settings import Settings

_log = structlog.get_logger()
Lifespan = Callable[[Starlette], AbstractAsyncContextManager[Mapping[str, Any] | None]]


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    store: PortalStore,
    book: Book,
    *,
    tokens: TokenStore,
    keys: KeyStore,
    factors: FactorStore,
    passkeys: PasskeyStore,
    recovery: RecoveryDesk,
    mailboxes: Mailboxes,
    journal: Journal,
    devices: DeviceStore,
    clock: web.Clock = _now,
    lifespan: Any = None,  # noqa: ANN401 - Starlette's own type needs its type variables
) -> Starlette:
    """Return the portal over its own *store* and the directory's *book*."""
    app = Starlette(
        routes=[
            *discovery.ROUTES,
            *pages.ROUTES,
            *webmail.ROUTES,
            *second.ROUTES,
            *passkey_pages.ROUTES,
            *account.ROUTES,
            *mine.ROUTES,
            *recovery_pages.ROUTES,
            *admin.ROUTES,
            *api.ROUTES,
            *token_pages.ROUTES,
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        middleware=[
            Middleware(web.SafeHeaders, headers=web.safe_headers(settings.host)),
            Middleware(web.CaselessAutodiscover),
        ],
        exception_handlers={
            HTTPException: _refused,
            SignInNeededError: _sign_in_first,
            OperationalError: _database_away,
            StoreError: _database_away,
            Exception: _broken,
        },
        lifespan=lifespan,
    )
    app.state.portal = web.Portal(
        settings=settings,
        site=site_of(settings),
        store=store,
        book=book,
        tokens=tokens,
        keys=keys,
        factors=factors,
        passkeys=PasskeyDesk(settings.portal_host, settings.organisation, keys.secret, passkeys),
        recovery=recovery,
        mailboxes=mailboxes,
        journal=journal,
        devices=devices,
        clock=clock,
        environments=web.environments(),
    )
    return app


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    response = web.page(request, "error.html", status=status, error=status)
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response


async def _sign_in_first(_request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInNeededError)  # noqa: S101 - it is registered for no other
    return RedirectResponse(error.location, 303)


async def _database_away(request: Request, _error: Exception) -> Response:
    _log.error("database away", path=request.url.path)
    response = web.page(request, "error.html", status=503, error=503)
    response.headers["retry-after"] = "5"
    return response


async def _broken(request: Request, error: Exception) -> Response:
    # The place, not the values: a value could be a password.
    place = traceback.extract_tb(error.__traceback__)[-1]
    _log.error(
        "page failed",
        path=request.url.path,
        error=type(error).__name__,
        at=f"{Path(place.filename).name}:{place.lineno}",
    )
    response = web.page(request, "error.html", status=500, error=500)
    # This answer goes round the middleware.
    response.headers.update(web.safe_headers(web.portal_of(request).settings.host))
    return response
