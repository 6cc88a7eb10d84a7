"""Giving the code after the password; and setting the second factor up, and off."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import structlog
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse
from starlette.routing import Route

from fermoposta.portal import signin
from fermoposta.portal.access import not_current, signed_in
from fermoposta.portal.digest import digest_of
from fermoposta.portal.entering import enter
from fermoposta.portal.i18n import marked as _
from fermoposta.portal.passkeys.pages import sign_in_page
from fermoposta.portal.problems import said
from fermoposta.portal.second import desk
from fermoposta.portal.second.store import Half
from fermoposta.portal.web import (
    client_of,
    drop_cookie,
    form_of,
    language_of,
    own_path,
    page,
    portal_of,
    set_cookie,
)

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

HALF_COOKIE = "__Host-fermoposta-half"
HALF_LASTS = timedelta(minutes=10)
"""How long somebody may take to find their phone."""
_CODE_PAGE = "second/code.html"
_log = structlog.get_logger()


async def ask_for_code(request: Request, address: str, credential: bytes, target: str) -> Response:
    """Lead who has given the password of *address* on to where the code is asked for."""
    portal, token = portal_of(request), secrets.token_urlsafe(32)
    half = Half(digest_of(token), address, credential, portal.clock() + HALF_LASTS)
    await run_in_threadpool(portal.factors.keep_half, half)
    query = f"?{urlencode({'next': target})}" if target else ""
    response = RedirectResponse(f"/login/code{query}", 303)
    set_cookie(response, HALF_COOKIE, token, max_age=int(HALF_LASTS.total_seconds()))
    return response


async def code_form(request: Request) -> Response:
    """Ask for the code."""
    if await _half(request) is None:
        return RedirectResponse("/login", 303)
    target = own_path(request.query_params.get("next", ""))
    return await sign_in_page(request, name=_CODE_PAGE, target=target)


async def code_given(request: Request) -> Response:
    """Open the session, or say that the code is wrong."""
    portal, fields = portal_of(request), await form_of(request)
    target = own_path(fields.get("next", ""))
    half = await _half(request)
    if half is None:
        return RedirectResponse("/login", 303)
    client = client_of(request)

    def attempt() -> signin.SignedIn:
        now = portal.clock()
        signin.count_code(portal.store, half.address, client, now)
        factor = portal.factors.factor(half.address)
        code = fields.get("code", "")
        asked = factor if factor is not None and factor.confirmed else None
        if asked is not None and not desk.passes(portal.factors, asked, code, now):
            _log.warning("login refused", address=half.address, client=client)
            raise signin.RefusedError
        # Without one, an administrator has just taken it away: the password was right.
        portal.factors.drop_half(half.digest)
        hours = portal.settings.session_hours
        return signin.open_session(
            portal.store, half.address, half.credential, client, now=now, hours=hours
        )

    try:
        opened = await run_in_threadpool(attempt)
    except signin.RefusedError:
        return await sign_in_page(
            request, name=_CODE_PAGE, status=401, problem="refused", target=target
        )
    except signin.TooManyError:
        return await sign_in_page(
            request, name=_CODE_PAGE, status=429, problem="limited", target=target
        )
    response = await enter(request, opened, target)
    drop_cookie(response, HALF_COOKIE)
    return response


async def _half(request: Request) -> Half | None:
    portal, token = portal_of(request), request.cookies.get(HALF_COOKIE, "")
    if not token:
        return None
    digest = digest_of(token)
    half = await run_in_threadpool(portal.factors.half, digest, portal.clock())
    if half is None:
        return None
    stored = await run_in_threadpool(portal.store.credential, half.address)
    fits = stored is not None and digest_of(stored) == half.credential
    return half if fits else None


async def shown(request: Request) -> Response:
    """Show whether there is a second factor, and offer to set one up or take it away."""
    return await _page(request)


async def begun(request: Request) -> Response:
    """Make a secret for an app, after the password."""
    person = await signed_in(request)
    fields = await form_of(request)
    problem = await not_current(request, person.address, fields.get("current", ""))
    if problem:
        return await _page(request, status=422, wrong={"current": problem})
    portal = portal_of(request)
    await run_in_threadpool(portal.factors.begin, person.address, desk.new_secret())
    return RedirectResponse("/account/second", 303)


async def confirmed(request: Request) -> Response:
    """Let it count, once a code shows that the app has it; show the codes for when it is lost."""
    person = await signed_in(request)
    fields = await form_of(request)
    portal = portal_of(request)
    factor = await run_in_threadpool(portal.factors.factor, person.address)
    if factor is None or factor.confirmed:
        return RedirectResponse("/account/second", 303)
    step = desk.step_of(factor.secret, fields.get("code", ""), portal.clock())
    if step is None:
        wrong = {"code": _("This is not the code that the app shows now.")}
        return await _page(request, status=422, wrong=wrong)
    codes = desk.new_codes()
    digests = [desk.digest_of_code(code) for code in codes]
    if not await run_in_threadpool(portal.factors.confirm, person.address, step, digests):
        return RedirectResponse("/account/second", 303)
    _log.info("second factor set", address=person.address)
    return await _page(request, codes=codes)


async def removed(request: Request) -> Response:
    """Take it away, after the password."""
    person = await signed_in(request)
    fields = await form_of(request)
    problem = await not_current(request, person.address, fields.get("current", ""))
    if problem:
        return await _page(request, status=422, wrong={"current": problem})
    await run_in_threadpool(portal_of(request).factors.remove, person.address)
    _log.info("second factor removed", address=person.address)
    return RedirectResponse("/account/second", 303)


async def _page(
    request: Request,
    *,
    status: int = 200,
    wrong: dict[str, str] | None = None,
    codes: list[str] | None = None,
) -> Response:
    person = await signed_in(request)
    portal, language = portal_of(request), language_of(request)
    factor = await run_in_threadpool(portal.factors.factor, person.address)
    waits = factor is not None and not factor.confirmed
    return page(
        request,
        "second/account.html",
        status=status,
        person=person,
        factor=factor,
        codes=codes or [],
        picture=Markup(desk.picture(factor.secret, person.address, portal.site.organisation))  # noqa: S704 - made of an address and a secret of ours
        if factor is not None and waits
        else "",
        wrong={name: [said(words, language)] for name, words in (wrong or {}).items()},
    )


ROUTES = [
    Route("/login/code", code_form),
    Route("/login/code", code_given, methods=["POST"]),
    Route("/account/second", shown),
    Route("/account/second", begun, methods=["POST"]),
    Route("/account/second/confirm", confirmed, methods=["POST"]),
    Route("/account/second/remove", removed, methods=["POST"]),
]
