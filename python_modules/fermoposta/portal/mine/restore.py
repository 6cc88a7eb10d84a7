"""What was deleted, and comes back: F199 to F205."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from fermoposta.portal.agent import AwayError, RefusedError
from fermoposta.portal.mine.frame import Frame
from fermoposta.portal.problems import said
from fermoposta.portal.web import form_of, language_of, portal_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


MOST = 2000
"""Items that are listed; the agent tells of no more."""
_log = structlog.get_logger()


async def deleted(request: Request) -> Response:
    """List what was deleted, from one folder or all (F200, F205)."""
    return await _deleted(await Frame.of(request))


async def _deleted(frame: Frame, *, status: int = 200, wrong: str = "") -> Response:
    mailboxes, found, away = portal_of(frame.request).mailboxes, [], False
    try:
        found = await run_in_threadpool(mailboxes.deleted, frame.person.address, None)
    except (AwayError, RefusedError) as error:
        _log.warning("mailbox away", address=frame.person.address, error=str(error))
        status, away = 503, True
    folder = frame.request.query_params.get("folder", "")
    shown = [each for each in found if _concerns(each.kind, each.folder, folder)]
    return frame.page(
        "restore",
        status=status,
        found=shown,
        folder=folder,
        folders=sorted({each.folder for each in found}),
        away=away,
        wrong=wrong,
        total=len(found),
        most=MOST,
    )


def _concerns(kind: str, at: str, folder: str) -> bool:
    """Tell whether what was at *at* was in *folder*, or is a folder at or below it."""
    return not folder or at == folder or (kind == "folder" and at.startswith(f"{folder}/"))


async def restored(request: Request) -> Response:
    """Restore what was chosen, or everything that the list shows (F201)."""
    frame = await Frame.of(request)
    form = await form_of(request, largest=512 * 1024, most=MOST + 20)
    mailboxes, folder = portal_of(request).mailboxes, form.get("folder", "")
    address, language = frame.person.address, language_of(request)
    try:
        ids = form.getlist("id")
        if form.get("all") == "1":
            found = await run_in_threadpool(mailboxes.deleted, address, None)
            ids = [each.id for each in found if _concerns(each.kind, each.folder, folder)]
        if ids:
            await run_in_threadpool(mailboxes.restore, address, ids)
    except RefusedError as error:
        return await _deleted(frame, status=422, wrong=said(str(error), language))
    except AwayError:
        return await _deleted(frame)
    return RedirectResponse("/settings/restore?done=1", 303)
