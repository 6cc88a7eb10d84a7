"""
What lies in people's quarantines: whose mail went there, which, why, and out with it.

The overview is the journal's, which is asked once and opens no mailbox; a mailbox is opened where
somebody looks into it. Administrators look after nobody's who administers more than they do.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from fermoposta.portal.access import administrator
from fermoposta.portal.admin.frame import with_query
from fermoposta.portal.admin.sheets import SHEETS
from fermoposta.portal.administration import Desk, ForbiddenError, NotThereError
from fermoposta.portal.agent import AwayError, RefusedError
from fermoposta.portal.i18n import marked as _
from fermoposta.portal.problems import said
from fermoposta.portal.web import form_of, language_of, page, portal_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from fermoposta.portal.access import Administrator
    from fermoposta.portal.journal import Filed

FOLDER = "Quarantena"
PATH = "/admin/quarantine"
SPANS = {"24": _("1 day"), "168": _("7 days"), "720": _("30 days")}
MOST = 200
"""Messages that are shown of a mailbox; the agent tells of no more."""
_log = structlog.get_logger()


async def shown(request: Request) -> Response:
    """Show whose mail went there; with *mailbox*, what lies there."""
    asks = await administrator(request)
    mailbox = request.query_params.get("mailbox", "").strip().lower()
    return await _mailbox(request, asks, mailbox) if mailbox else await _overview(request, asks)


async def _overview(request: Request, asks: Administrator) -> Response:
    portal, query = portal_of(request), request.query_params
    hours = query.get("hours", "168")
    hours = hours if hours in SPANS else "168"
    text = query.get("text", "")[:200].strip()
    found: Sequence[Filed] = ()
    away = False
    try:
        since = portal.clock() - timedelta(hours=int(hours))
        found = await run_in_threadpool(portal.journal.filed, FOLDER, since)
    except (AwayError, RefusedError) as error:
        _log.warning("the journal can't be asked", error=str(error))
        away = True
    return page(
        request,
        "admin/quarantines.html",
        status=503 if away else 200,
        person=asks.person,
        sheets=SHEETS,
        here=PATH,
        found=[
            each
            for each in found
            if asks.scope.covers(each.mailbox) and text.casefold() in each.mailbox
        ],
        hours=hours,
        spans=SPANS,
        text=text,
        away=away,
    )


async def _mailbox(
    request: Request, asks: Administrator, mailbox: str, *, status: int = 200
) -> Response:
    address = await _looked_after(request, asks, mailbox)
    away = False
    try:
        held = await run_in_threadpool(portal_of(request).mailboxes.quarantined, address)
    except (AwayError, RefusedError) as error:
        _log.warning("mailbox away", address=address, error=str(error))
        held, away, status = [], True, 503
    language = language_of(request)
    return page(
        request,
        "admin/quarantine.html",
        status=status,
        person=asks.person,
        sheets=SHEETS,
        here=PATH,
        mailbox=address,
        held=[(each, said(each.why, language)) for each in held],
        done=request.query_params.get("done", ""),
        away=away,
        most=MOST,
    )


async def done(request: Request) -> Response:
    """Move what was chosen to the inbox of its owner, or delete it."""
    asks = await administrator(request)
    form = await form_of(request, largest=64 * 1024, most=MOST + 20)
    address = await _looked_after(request, asks, form.get("mailbox", ""))
    mailboxes, ids, deed = portal_of(request).mailboxes, form.getlist("id"), form.get("do", "")
    deeds = {"release": mailboxes.release, "discard": mailboxes.discard}
    if deed not in deeds:
        raise HTTPException(400)
    try:
        moved = await run_in_threadpool(deeds[deed], address, ids) if ids else 0
    except (AwayError, RefusedError):
        return await _mailbox(request, asks, address, status=503)
    actor = asks.person.address
    _log.info("quarantine", address=address, actor=actor, did=deed, messages=moved)
    return RedirectResponse(with_query(PATH, mailbox=address, done=str(moved)), 303)


async def _looked_after(request: Request, asks: Administrator, mailbox: str) -> str:
    """Return the address of a user whom *asks* may look after; raises 404 and 403."""
    desk = Desk.of(portal_of(request).book, asks)
    try:
        user = await run_in_threadpool(desk.look_after, mailbox)
    except NotThereError as error:
        raise HTTPException(404) from error
    except ForbiddenError as error:
        raise HTTPException(403) from error
    return user.address
