"""Where the pages below /admin are."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse
from starlette.routing import Route

from fermoposta.portal.access import administrator
from fermoposta.portal.admin import audit, devices, edit, health, lists, many, quarantine, trace
from fermoposta.portal.admin.sheets import SHEETS
from fermoposta.portal.store import Used
from fermoposta.portal.web import page, portal_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


async def start(request: Request) -> Response:
    """Lead to the users: they are what most come for."""
    await administrator(request)
    return RedirectResponse("/admin/users", 303)


async def domains(request: Request) -> Response:
    """List the domains with what there is in them (F116, F222)."""
    asks = await administrator(request)
    store = portal_of(request).store
    found = await run_in_threadpool(store.administered, asks.person.address)
    used = await run_in_threadpool(store.used_in, [each.name for each in found])
    return page(
        request,
        "admin/domains.html",
        person=asks.person,
        domains=found,
        usage=defaultdict(Used, used),
        sheets=SHEETS,
        here="/admin/domains",
    )


async def moved(_request: Request) -> Response:
    """Lead who kept the old address to where the domains are now."""
    return RedirectResponse("/admin/domains", 301)


ROUTES = [
    Route("/domains", moved),
    Route("/admin", start),
    Route("/admin/domains", domains),
    Route("/admin/audit", audit.listed),
    Route("/admin/health", health.shown),
    Route("/admin/trace", trace.shown),
    Route("/admin/quarantine", quarantine.shown),
    Route("/admin/quarantine", quarantine.done, methods=["POST"]),
    Route("/admin/devices", devices.listed),
    Route("/admin/devices", devices.done, methods=["POST"]),
    Route("/admin/{slug}", lists.listed),
    Route("/admin/{slug}/new", edit.blank),
    Route("/admin/{slug}/new", edit.made, methods=["POST"]),
    Route("/admin/{slug}/edit", edit.shown),
    Route("/admin/{slug}/edit", edit.changed, methods=["POST"]),
    Route("/admin/{slug}/invite", edit.invited, methods=["POST"]),
    Route("/admin/{slug}/second-factor", edit.second_factor_removed, methods=["POST"]),
    Route("/admin/{slug}/delete", edit.asked),
    Route("/admin/{slug}/delete", edit.gone, methods=["POST"]),
    Route("/admin/{slug}/change", many.chosen),
    Route("/admin/{slug}/change", many.set_for_all, methods=["POST"]),
    Route("/admin/{slug}/export.csv", many.exported),
    Route("/admin/{slug}/import", many.offered),
    Route("/admin/{slug}/import", many.imported, methods=["POST"]),
]
