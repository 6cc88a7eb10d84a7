"""
One sign-on with the webmail: who is signed in here is let in there, and out of both at once.

The webmail is at a host of its own, where our cookie is not sent. A browser that comes to it
without a session is given a state and sent here; whoever is signed in gets a ticket for that state,
and with it, back at the webmail's host, a cookie there. For each request the web server asks what
that cookie stands for, and tells the webmail who it is, and with what to open the mailbox.

The paths below `/portal` are served at the webmail's host (docs/decisions/0037).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from fermoposta.clientconfig.facts import normalised_address
from fermoposta.portal import signin
from fermoposta.portal.access import signed_in
from fermoposta.portal.digest import digest_of
from fermoposta.portal.keys import app_passwords
from fermoposta.portal.keys.store import Ticket
from fermoposta.portal.web import (
    SESSION_COOKIE,
    beside,
    client_of,
    drop_cookie,
    own_path,
    page,
    portal_of,
    set_cookie,
)

if TYPE_CHECKING:
    from starlette.requests import Request

    from fermoposta.portal.store import Session

WEBMAIL_COOKIE = "__Host-fermoposta-webmail"
STATE_COOKIE = "__Host-fermoposta-state"
STATE_LASTS = timedelta(minutes=30)
"""How long somebody may take to sign in."""
TICKET_LASTS = timedelta(seconds=60)
_STATE = re.compile(r"[0-9a-f]{64}")
_log = structlog.get_logger()


def mail_secret(token: str) -> str:
    """Return what the webmail opens the mailbox with, made from the cookie, which we don't keep."""
    made = hmac.digest(token.encode(), b"fermoposta mailbox", hashlib.sha256)
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


async def start(request: Request) -> Response:
    """At the webmail: give a browser without a session a state, and send it to sign in."""
    target = own_path(request.headers.get("x-wanted", ""))
    # Several windows that come back at once have one state between them.
    known, _, _ = request.cookies.get(STATE_COOKIE, "").partition(":")
    state = known if len(known) == 43 else secrets.token_urlsafe(32)
    digest = digest_of(state).hex()
    response = RedirectResponse(f"{_portal(request)}/webmail?state={digest}", 302)
    value = f"{state}:{quote(target, safe='')}"
    set_cookie(response, STATE_COOKIE, value, max_age=int(STATE_LASTS.total_seconds()))
    response.headers["cache-control"] = "no-store"
    return response


async def hand_over(request: Request) -> Response:
    """At the portal: give who is signed in a ticket, and send them back with it."""
    await signed_in(request)
    portal, state = portal_of(request), request.query_params.get("state", "")
    if not _STATE.fullmatch(state):
        return RedirectResponse(_webmail(request), 303)
    ticket = secrets.token_urlsafe(32)
    kept = Ticket(
        digest=digest_of(ticket),
        session=digest_of(request.cookies[SESSION_COOKIE]),
        state=bytes.fromhex(state),
        expires_at=portal.clock() + TICKET_LASTS,
    )
    await run_in_threadpool(portal.keys.keep_ticket, kept)
    response = RedirectResponse(f"{_webmail_host(request)}/portal/enter?ticket={ticket}", 303)
    response.headers["cache-control"] = "no-store"
    return response


async def enter(request: Request) -> Response:
    """At the webmail: take the ticket, if it is for this browser, and let it in."""
    portal = portal_of(request)
    digest = digest_of(request.query_params.get("ticket", ""))
    ticket = await run_in_threadpool(portal.keys.take_ticket, digest, portal.clock())
    state, _, target = request.cookies.get(STATE_COOKIE, "").partition(":")
    if ticket is None or not hmac.compare_digest(ticket.state, digest_of(state)):
        if await run_in_threadpool(_session, request, request.cookies.get(WEBMAIL_COOKIE, "")):
            return RedirectResponse("/SOGo/", 303)  # somebody went back to the page before
        _log.warning("webmail ticket refused", known=ticket is not None)
        return RedirectResponse(f"{_portal(request)}/webmail/again", 303)
    token = secrets.token_urlsafe(32)
    secret = digest_of(mail_secret(token))
    await run_in_threadpool(portal.keys.open_webmail, digest_of(token), ticket.session, secret)
    response = RedirectResponse(_wanted(unquote(target)), 303)
    set_cookie(response, WEBMAIL_COOKIE, token)
    response.headers["cache-control"] = "no-store"
    return response


async def again(request: Request) -> Response:
    """At the portal: say why somebody did not get in."""
    return page(request, "no_ticket.html", status=400)


async def whose(request: Request) -> Response:
    """
    Tell the web server who the cookie stands for, and what opens the mailbox: for its own ears.

    It answers 401 where nobody is signed in. No page leads here, and the web server passes nobody
    on to it.
    """
    token = request.cookies.get(WEBMAIL_COOKIE, "")
    session = await run_in_threadpool(_session, request, token)
    if session is None:
        return Response(status_code=401)
    headers = {
        "x-webmail-user": session.address,
        "x-webmail-authorization": _log_in(session.address, mail_secret(token)),
        "cache-control": "no-store",
    }
    return Response(status_code=204, headers=headers)


async def program(request: Request) -> Response:
    """
    Tell the web server whether a program of somebody's came with a password of its own.

    The answer is with what it is sent on to the webmail's server then. It is asked for each request
    with a log-in, and so looks at nothing that can't be one. Where it says nothing, the webmail's
    server looks whether it is the mailbox's password.
    """
    portal, kind = portal_of(request), request.path_params["kind"]
    address, password = _basic(request.headers.get("authorization", ""))
    nobody = Response(status_code=204, headers={"cache-control": "no-store"})
    if kind not in {"dav", "eas"} or not app_passwords.SHAPE.fullmatch(password):
        return nobody

    def opens() -> bool:
        digest = digest_of(password)
        closed = portal.store.credential(address) is None
        return not closed and portal.keys.use_app_password(
            address, digest, kind, client_of(request), portal.clock()
        )

    if await run_in_threadpool(opens):
        key = app_passwords.groupware_key(await run_in_threadpool(portal.keys.secret), address)
        nobody.headers["x-webmail-user"] = address
        nobody.headers["x-webmail-authorization"] = _log_in(address, key)
    return nobody


def _log_in(address: str, secret: str) -> str:
    """Return the header that logs somebody in (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{address}:{secret}'.encode()).decode()}"


def _basic(header: str) -> tuple[str, str]:
    """Return log-in and password (RFC 7617); empty where there are none."""
    scheme, _, coded = header.partition(" ")
    try:
        login, _, password = base64.b64decode(coded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return (normalised_address(login) or "", password) if scheme.lower() == "basic" else ("", "")


async def leave(request: Request) -> Response:
    """At the webmail: sign out of both."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise HTTPException(403)
    token = request.cookies.get(WEBMAIL_COOKIE, "")
    session = await run_in_threadpool(_session, request, token)
    if session is not None:
        await run_in_threadpool(portal_of(request).store.drop_session, session.digest)
    response = RedirectResponse(f"{_portal(request)}/", 303)
    drop_cookie(response, WEBMAIL_COOKIE)
    return response


def _session(request: Request, token: str) -> Session | None:
    if not token:
        return None
    portal = portal_of(request)
    digest = portal.keys.webmail_session(digest_of(token))
    return None if digest is None else signin.lasting(portal.store, digest, portal.clock())


def _wanted(target: str) -> str:
    """Return where to go on in the webmail: where somebody wanted to, or its first page."""
    return target if re.fullmatch(r"/SOGo/so/[!-~]{0,900}", target) else "/SOGo/"


def _webmail(request: Request) -> str:
    return beside(request, portal_of(request).site.webmail_url)


def _webmail_host(request: Request) -> str:
    return _webmail(request).removesuffix("/").removesuffix("/SOGo")


def _portal(request: Request) -> str:
    return beside(request, f"https://{portal_of(request).settings.portal_host}")


ROUTES = [
    Route("/webmail", hand_over),
    Route("/webmail/again", again),
    Route("/portal/start", start),
    Route("/portal/enter", enter),
    Route("/portal/whose", whose),
    Route("/portal/program/{kind:str}", program),
    Route("/portal/leave", leave),
]
