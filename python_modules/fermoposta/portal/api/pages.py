"""The page where administrators make tokens for their programs, and end them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from fermoposta.inventory import values
from fermoposta.portal.access import Administrator, administrator
from fermoposta.portal.admin.sheets import SHEETS
from fermoposta.portal.api import tokens
from fermoposta.portal.web import form_of, page, portal_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from fermoposta.portal.access import Scope

_log = structlog.get_logger()
_name = values.text(60)
DAYS = "90"
"""How long a token lasts where nobody says otherwise."""


async def listed(request: Request) -> Response:
    """Show the tokens that the reader has made."""
    return await _page(request, await administrator(request))


async def made(request: Request) -> Response:
    """Make a token and show it, this once."""
    asks = await administrator(request)
    fields = await form_of(request)
    name = _name(fields.get("name", ""), "name", [])
    days = fields.get("days", "")
    chosen = _chosen(fields.get("scope", ""), asks.scope)
    wrong = {
        field
        for field, right in (
            ("name", isinstance(name, str)),
            ("days", re.fullmatch("[0-9]{1,3}", days) and 1 <= int(days) <= tokens.LONGEST_DAYS),
            ("scope", chosen is not None),
        )
        if not right
    }
    if wrong or chosen is None:
        return await _page(request, asks, status=422, fields=dict(fields), wrong=wrong)
    portal = portal_of(request)
    token, secret = await run_in_threadpool(
        tokens.make,
        portal.tokens,
        asks.person.address,
        str(name),
        writes="writes" in fields,
        days=int(days),
        now=portal.clock(),
        companies=chosen[0],
        domains=chosen[1],
    )
    _log.info("token made", owner=token.owner, token=token.id, name=token.name)
    return await _page(request, asks, status=201, secret=secret)


async def ended(request: Request) -> Response:
    """End a token of the reader's."""
    asks = await administrator(request)
    await form_of(request)
    owner, token = asks.person.address, request.path_params["token"]
    if not re.fullmatch("[0-9a-f]{32}", token):
        raise HTTPException(404)
    if not await run_in_threadpool(portal_of(request).tokens.drop, owner, token):
        raise HTTPException(404)
    _log.info("token ended", owner=owner, token=token)
    return RedirectResponse("/tokens", 303)


async def _page(
    request: Request,
    asks: Administrator,
    *,
    status: int = 200,
    fields: dict[str, str] | None = None,
    wrong: set[str] | None = None,
    secret: str = "",
) -> Response:
    portal = portal_of(request)
    return page(
        request,
        "api/tokens.html",
        status=status,
        person=asks.person,
        tokens=await run_in_threadpool(portal.tokens.of, asks.person.address, portal.clock()),
        reach=[*sorted(asks.scope.companies), *sorted(asks.scope.domains)],
        fields={"name": "", "days": DAYS, "scope": "", "writes": "", **(fields or {})},
        wrong=wrong or set(),
        secret=secret,
        longest=tokens.LONGEST_DAYS,
        sheets=SHEETS,
        here="/tokens",
    )


def _chosen(text: str, scope: Scope) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return the companies and domains that *text* names; None where one is not in *scope*."""
    companies: dict[str, None] = {}
    domains: dict[str, None] = {}
    for word in re.split(r"[\s,;]+", text.strip()):
        if word in scope.companies:
            companies[word] = None
        elif word.lower() in scope.domains:
            domains[word.lower()] = None
        elif word:
            return None
    return tuple(companies), tuple(domains)


ROUTES = [
    Route("/tokens", listed),
    Route("/tokens", made, methods=["POST"]),
    Route("/tokens/{token:str}/end", ended, methods=["POST"]),
]
