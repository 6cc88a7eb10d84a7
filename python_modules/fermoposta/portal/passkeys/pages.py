"""Signing in with a passkey; and making passkeys, and taking them away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse
from starlette.routing import Route

from fermoposta.inventory import values
from fermoposta.portal import signin
from fermoposta.portal.access import not_current, signed_in
from fermoposta.portal.digest import digest_of
from fermoposta.portal.entering import enter
from fermoposta.portal.i18n import marked as _
from fermoposta.portal.passkeys.desk import MOST, NotPasskeyError
from fermoposta.portal.problems import by_field, said
from fermoposta.portal.recovery import letters
from fermoposta.portal.web import (
    beside,
    client_of,
    form_of,
    language_of,
    own_path,
    page,
    portal_of,
)

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from fermoposta.directory.problem import Problem

PATH = "/account/passkeys"
_LARGEST = 32 * 1024
_log = structlog.get_logger()
_name = values.text(60)


def _origin(request: Request) -> str:
    """Return where our pages are for a browser; never by the name that the request has."""
    return beside(request, f"https://{portal_of(request).settings.portal_host}")


async def sign_in(request: Request) -> Response:
    """Open a session for whose passkey it is; which of all that can be wrong is, nobody learns."""
    portal, fields = portal_of(request), await form_of(request, largest=_LARGEST)
    target, client = own_path(fields.get("next", "")), client_of(request)
    now = portal.clock()

    def attempt() -> signin.SignedIn:
        signin.count_client(portal.store, client, now)
        passkey = portal.passkeys.believe(fields.get("credential", ""), _origin(request), now)
        stored = portal.store.credential(passkey.address)
        if stored is None:
            raise NotPasskeyError("the user is closed")
        return signin.open_session(
            portal.store,
            passkey.address,
            digest_of(stored),
            client,
            now=now,
            hours=portal.settings.session_hours,
        )

    try:
        opened = await run_in_threadpool(attempt)
    except NotPasskeyError as error:
        _log.warning("login refused", way="passkey", client=client, reason=str(error))
        return await sign_in_page(request, status=401, problem="passkey", target=target)
    except signin.TooManyError:
        return await sign_in_page(request, status=429, problem="limited", target=target)
    return await enter(request, opened, target)


async def sign_in_page(
    request: Request,
    *,
    status: int = 200,
    address: str = "",
    problem: str = "",
    target: str = "",
    name: str = "sign_in.html",
) -> Response:
    """Ask for address and password, or, by another *name*, for a code; or for a passkey."""
    portal = portal_of(request)
    response = page(
        request,
        name,
        status=status,
        scripts=True,
        address=address,
        problem=problem,
        target=target,
        passkey=await run_in_threadpool(portal.passkeys.sign_in_options, portal.clock()),
    )
    if status == 429:
        response.headers["retry-after"] = str(int(signin.WINDOW.total_seconds()))
    return response


async def listed(request: Request) -> Response:
    """List them, and offer to make one."""
    return await _page(request)


async def begun(request: Request) -> Response:
    """Take a name and the password, and ask the browser for a passkey."""
    person = await signed_in(request)
    fields = await form_of(request)
    portal, language = portal_of(request), language_of(request)
    problems: list[Problem] = []
    name = _name(fields.get("name", "").strip(), "name", problems)
    wrong = by_field(problems, language)
    there = await run_in_threadpool(portal.passkeys.store.passkeys, person.address)
    if len(there) >= MOST:
        wrong["name"] = [
            said(_("There are too many; remove one that is no longer used."), language)
        ]
    if problem := await not_current(request, person.address, fields.get("current", "")):
        wrong["current"] = [said(problem, language)]
    if wrong or not isinstance(name, str):
        return await _page(request, status=422, wrong=wrong, typed=fields.get("name", ""))
    options = await run_in_threadpool(
        portal.passkeys.creation_options, person, there, portal.clock()
    )
    return await _page(request, typed=name, options=options)


async def made(request: Request) -> Response:
    """Keep what the browser made, and tell the owner by mail."""
    person = await signed_in(request)
    fields = await form_of(request, largest=_LARGEST)
    portal, language, now = portal_of(request), language_of(request), portal_of(request).clock()
    problems: list[Problem] = []
    name = _name(fields.get("name", "").strip(), "name", problems)
    if not isinstance(name, str):
        return await _page(request, status=422, wrong=by_field(problems, language))
    try:
        await run_in_threadpool(
            portal.passkeys.add,
            person.address,
            name,
            fields.get("credential", ""),
            _origin(request),
            now,
        )
    except NotPasskeyError as error:
        _log.warning("passkey refused", address=person.address, reason=str(error))
        wrong = {"passkey": [said(_("This can't be used. Please begin anew."), language)]}
        return await _page(request, status=422, wrong=wrong)
    _log.info("passkey added", address=person.address, name=name)
    response = RedirectResponse(f"{PATH}?done=1", 303)
    user = portal.book.state().users[person.address]
    response.background = BackgroundTask(
        run_in_threadpool,
        portal.recovery.tell,
        user,
        letters.PASSKEY_SUBJECT,
        letters.PASSKEY_TEXT,
        now,
    )
    return response


async def removed(request: Request) -> Response:
    """Take one away. Who signed in with it stays signed in, as after any other way."""
    person = await signed_in(request)
    fields = await form_of(request)
    try:
        credential = bytes.fromhex(fields.get("passkey", ""))
    except ValueError:
        credential = b""
    store = portal_of(request).passkeys.store
    if await run_in_threadpool(store.remove_passkey, person.address, credential):
        _log.info("passkey removed", address=person.address)
    return RedirectResponse(f"{PATH}?done=1", 303)


async def _page(
    request: Request,
    *,
    status: int = 200,
    wrong: dict[str, list[str]] | None = None,
    typed: str = "",
    options: str = "",
) -> Response:
    person = await signed_in(request)
    store = portal_of(request).passkeys.store
    return page(
        request,
        "passkeys/account.html",
        status=status,
        person=person,
        scripts=True,
        passkeys=await run_in_threadpool(store.passkeys, person.address),
        wrong=wrong or {},
        typed=typed,
        options=options,
        done=request.query_params.get("done") == "1" and request.method == "GET",
    )


ROUTES = [
    Route("/login/passkey", sign_in, methods=["POST"]),
    Route(PATH, listed),
    Route(PATH, begun, methods=["POST"]),
    Route(f"{PATH}/add", made, methods=["POST"]),
    Route(f"{PATH}/remove", removed, methods=["POST"]),
]
