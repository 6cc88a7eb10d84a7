"""The devices of everybody within the scope: let them in, keep them out, wipe them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from fermoposta.activesync.store.model import StoreError
from fermoposta.portal.access import administrator
from fermoposta.portal.admin.frame import with_query
from fermoposta.portal.admin.sheets import SHEETS
from fermoposta.portal.devices import Deed, RefusedError, carry_out, deeds, found
from fermoposta.portal.problems import said
from fermoposta.portal.web import form_of, language_of, page, portal_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from fermoposta.portal.access import Administrator

SIZE = 50
ALL = frozenset(Deed)


async def listed(request: Request) -> Response:
    """List the devices, those seen last first; searched by user, device and model."""
    return await _list(request, await administrator(request))


async def _list(
    request: Request, asks: Administrator, *, status: int = 200, wrong: str = ""
) -> Response:
    try:
        there = await portal_of(request).devices.devices(None)
    except StoreError as error:
        raise HTTPException(503) from error
    text = request.query_params.get("text", "")[:200].strip()
    wanted = text.casefold()
    shown = [
        each
        for each in there
        if asks.scope.covers(each.user)
        and wanted
        in f"{each.user} {each.id} {each.type} {each.information.get('Model', '')}".casefold()
    ]
    number = request.query_params.get("page", "1")
    at = max(int(number), 1) if number.isascii() and number.isdigit() and len(number) < 7 else 1
    return page(
        request,
        "admin/devices.html",
        status=status,
        person=asks.person,
        sheets=SHEETS,
        here="/admin/devices",
        devices=[(each, deeds(each, ALL)) for each in shown[(at - 1) * SIZE : at * SIZE]],
        total=len(shown),
        text=text,
        previous=with_query("/admin/devices", text=text, page=str(at - 1)) if at > 1 else "",
        following=with_query("/admin/devices", text=text, page=str(at + 1))
        if at * SIZE < len(shown)
        else "",
        done=request.query_params.get("done") == "1" and not wrong,
        wrong=wrong,
    )


async def done(request: Request) -> Response:
    """Do to a device what was confirmed; one outside of the scope is none."""
    asks = await administrator(request)
    form = await form_of(request)
    portal, user = portal_of(request), form.get("user", "")
    if not asks.scope.covers(user):
        raise HTTPException(404)
    device = await found(portal.devices, user, form.get("device", ""))
    try:
        await carry_out(
            Deed(form.get("do", "")),
            device,
            portal.devices,
            portal.book,
            actor=asks.person.address,
            allowed=ALL,
        )
    except (ValueError, RefusedError):
        words = said("this can't be done to the device as it is", language_of(request))
        return await _list(request, asks, status=422, wrong=words)
    return RedirectResponse(with_query("/admin/devices", text=user, done="1"), 303)
