"""The doors for people: front page, client set-up, sign in and out, home."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from fermoposta.clientconfig.facts import domain_of, normalised_address
from fermoposta.clientconfig.instructions import guides
from fermoposta.portal import signin
from fermoposta.portal.access import reader, signed_in
from fermoposta.portal.digest import digest_of
from fermoposta.portal.entering import enter
from fermoposta.portal.passkeys.pages import sign_in_page
from fermoposta.portal.second import pages as second
from fermoposta.portal.web import (
    SESSION_COOKIE,
    client_of,
    drop_cookie,
    form_of,
    language_of,
    own_path,
    page,
    portal_of,
)


async def front(request: Request) -> Response:
    """Show what there is, and the ways in."""
    return page(request, "front.html", person=await reader(request))


async def clients(request: Request) -> Response:
    """Show how to set up a client, with the reader's own address filled in."""
    portal, person = portal_of(request), await reader(request)
    asked = request.query_params.get("address", person.address if person else "").strip()
    address, problem = normalised_address(asked), ""
    if asked and not address:
        problem = "form"
    elif address and not await run_in_threadpool(portal.store.hosts, domain_of(address) or ""):
        address, problem = None, "domain"
    return page(
        request,
        "clients.html",
        person=person,
        asked=asked,
        address=address,
        problem=problem,
        guides=guides(portal.site, address, language_of(request)) if address else (),
    )


async def sign_in_form(request: Request) -> Response:
    """Ask for address and password; who is signed in already goes home."""
    if await reader(request):
        return RedirectResponse("/home", 303)
    return await sign_in_page(request, target=own_path(request.query_params.get("next", "")))


async def sign_in(request: Request) -> Response:
    """Open a session, or say that the credentials are wrong, and not which of them."""
    portal, fields = portal_of(request), await form_of(request)
    address, target = fields.get("address", "")[:320], own_path(fields.get("next", ""))
    client = client_of(request)

    def first() -> tuple[str, bytes, bool]:
        """Return who it is, with the credential, and whether a code is asked for."""
        password = fields.get("password", "")
        known, stored = signin.verify(portal.store, address, password, client, portal.clock())
        factor = portal.factors.factor(known)
        return known, digest_of(stored), factor is not None and factor.confirmed

    try:
        known, credential, code = await run_in_threadpool(first)
    except signin.RefusedError:
        return await sign_in_page(
            request, status=401, address=address, problem="refused", target=target
        )
    except signin.TooManyError:
        return await sign_in_page(
            request, status=429, address=address, problem="limited", target=target
        )
    if code:
        return await second.ask_for_code(request, known, credential, target)
    opened = await run_in_threadpool(
        signin.open_session,
        portal.store,
        known,
        credential,
        client,
        now=portal.clock(),
        hours=portal.settings.session_hours,
    )
    return await enter(request, opened, target)


async def sign_out(request: Request) -> Response:
    """End the session, here and in the browser."""
    await form_of(request)
    token = request.cookies.get(SESSION_COOKIE, "")
    await run_in_threadpool(portal_of(request).store.drop_session, digest_of(token))
    response = RedirectResponse("/", 303)
    drop_cookie(response, SESSION_COOKIE)
    return response


async def home(request: Request) -> Response:
    """Show who the reader is, what they may administer, and their own mailbox."""
    person = await signed_in(request)
    store = portal_of(request).store
    administered = await run_in_threadpool(store.administered, person.address)
    used = await run_in_threadpool(store.used, person.address)
    return page(request, "home.html", person=person, domains=administered, used=used)


async def well(_request: Request) -> Response:
    """Say that the portal answers; the database is not asked."""
    return PlainTextResponse("ok\n")


ROUTES = [
    Route("/", front),
    Route("/clients", clients),
    Route("/login", sign_in_form),
    Route("/login", sign_in, methods=["POST"]),
    Route("/logout", sign_out, methods=["POST"]),
    Route("/home", home),
    Route("/healthz", well),
]
