"""The pages for who has lost a password; nobody is signed in on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from fermoposta.clientconfig.facts import normalised_address
from fermoposta.portal.problems import said
from fermoposta.portal.recovery.desk import DAY, TooManyError, Way, WeakError, WrongError
from fermoposta.portal.recovery.invitation import path_of
from fermoposta.portal.web import beside, client_of, form_of, language_of, page, portal_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from fermoposta.portal.recovery.desk import Offer
    from fermoposta.portal.web import Fields

MOST_ANSWERS = 10


async def asked(request: Request) -> Response:
    """Ask whose password is lost (F186)."""
    return page(
        request,
        "recovery/address.html",
        address=request.query_params.get("address", "")[:320],
        wrong=False,
    )


async def next_step(request: Request) -> Response:
    """Offer the ways that there are for the address, or go the one that was chosen (F187)."""
    fields = await form_of(request)
    typed = fields.get("address", "").strip()[:320]
    address = normalised_address(typed)
    if address is None:
        return page(request, "recovery/address.html", status=422, address=typed, wrong=True)
    offer = await run_in_threadpool(
        portal_of(request).recovery.offer, address, language_of(request)
    )
    way = fields.get("way", "")
    if way not in offer.ways:
        return _show(request, "ways", address, offer)
    try:
        if way == Way.EMAIL:
            return await _email(request, address)
        if way == Way.SMS:
            return await _sms(request, address, fields, offer)
        return await _questions(request, address, fields, offer)
    except TooManyError:
        limited = _show(request, "ways", address, offer, status=429, wrong="limited")
        limited.headers["retry-after"] = str(int(DAY.total_seconds()))
        return limited


def _show(
    request: Request,
    name: str,
    address: str,
    offer: Offer,
    *,
    status: int = 200,
    wrong: str = "",
) -> Response:
    return page(
        request, f"recovery/{name}.html", status=status, address=address, offer=offer, wrong=wrong
    )


async def _email(request: Request, address: str) -> Response:
    portal = portal_of(request)
    send = await run_in_threadpool(
        portal.recovery.send_link,
        address,
        client_of(request),
        portal.clock(),
        links(request),
    )
    return _told(request, Way.EMAIL, send)


def links(request: Request) -> Callable[[str], str]:
    """
    Return what makes a link of a token.

    Never by the name that the request has: whoever asks may have put in their own.
    """
    base = beside(request, f"https://{portal_of(request).settings.portal_host}")
    return lambda token: f"{base}{path_of(token)}"


async def _sms(request: Request, address: str, fields: Fields, offer: Offer) -> Response:
    if "number" not in fields:
        return _show(request, "sms", address, offer)
    portal = portal_of(request)
    number = fields["number"][:40]
    send = await run_in_threadpool(
        portal.recovery.send_text, address, number, client_of(request), portal.clock()
    )
    return _told(request, Way.SMS, send)


async def _questions(request: Request, address: str, fields: Fields, offer: Offer) -> Response:
    if "answer" not in fields:
        return _show(request, "questions", address, offer)
    portal = portal_of(request)
    answers = [each[:200] for each in fields.getlist("answer")[:MOST_ANSWERS]]
    try:
        password = await run_in_threadpool(
            portal.recovery.answer, address, answers, client_of(request), portal.clock()
        )
    except WrongError:
        return _show(request, "questions", address, offer, status=422, wrong="answers")
    return page(request, "recovery/new.html", password=password, address=address)


def _told(request: Request, way: Way, send: Callable[[], None]) -> Response:
    """Answer first, and then do it: how long that takes tells nobody whether there was anything."""
    response = page(request, "recovery/sent.html", way=way)
    response.background = BackgroundTask(run_in_threadpool, send)
    return response


async def opened(request: Request) -> Response:
    """Show the page to which the link leads: “Change your password” (F188)."""
    token = request.query_params.get("token", "")[:200]
    return await _choose(request, token, 200, [])


async def chosen(request: Request) -> Response:
    """Take the password that was chosen; only now the old one ends (F194)."""
    fields = await form_of(request)
    portal, token = portal_of(request), fields.get("token", "")[:200]
    password = fields.get("password", "")
    if password != fields.get("again", ""):
        return await _choose(request, token, 422, ["The two entries are not the same."])
    try:
        link = await run_in_threadpool(portal.recovery.complete, token, password, portal.clock())
    except WeakError as error:
        return await _choose(request, token, 422, list(error.reasons))
    except WrongError:
        return await _choose(request, "", 410, [])
    response = page(request, "recovery/done.html", address=link.address, invited=link.invited)
    user = portal.book.state().users.get(link.address)
    if link.invited or user is None:
        return response
    response.background = BackgroundTask(
        run_in_threadpool, portal.recovery.tell_changed, user, portal.clock()
    )
    return response


async def _choose(request: Request, token: str, status: int, reasons: list[str]) -> Response:
    portal, language = portal_of(request), language_of(request)
    link = await run_in_threadpool(portal.recovery.linked, token, portal.clock())
    return page(
        request,
        "recovery/choose.html",
        status=status if link else 410,
        token=token,
        address=link.address if link else "",
        invited=link is not None and link.invited,
        wrong=[said(each, language) for each in reasons],
    )


ROUTES = [
    Route("/forgot", asked),
    Route("/forgot", next_step, methods=["POST"]),
    Route("/reset", opened),
    Route("/reset", chosen, methods=["POST"]),
]
