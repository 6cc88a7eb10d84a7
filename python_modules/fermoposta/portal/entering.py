"""What a browser gets once somebody has signed in, by whichever way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from fermoposta.portal.web import (
    LANGUAGE_COOKIE,
    REMEMBERED,
    SESSION_COOKIE,
    portal_of,
    set_cookie,
)

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from fermoposta.portal.signin import SignedIn


async def enter(request: Request, opened: SignedIn, target: str) -> Response:
    """Lead on to *target*, or home, in the session that was opened and the person's language."""
    store = portal_of(request).store
    language = await run_in_threadpool(store.language, opened.session.address)
    response = RedirectResponse(target or "/home", 303)
    set_cookie(response, SESSION_COOKIE, opened.token)
    if language is not None:
        set_cookie(response, LANGUAGE_COOKIE, language, max_age=REMEMBERED)
    return response
