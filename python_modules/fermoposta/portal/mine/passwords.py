"""
Passwords of programs: one for each phone, printer or program, good for what it is made for.

The mailbox's own password makes one: who finds a browser signed in takes nothing away. What is made
is shown once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from fermoposta.directory.plan import require_app_passwords
from fermoposta.inventory import values
from fermoposta.portal.access import not_current
from fermoposta.portal.digest import digest_of
from fermoposta.portal.i18n import marked as _
from fermoposta.portal.keys import app_passwords
from fermoposta.portal.mine.frame import Frame
from fermoposta.portal.problems import by_field, said
from fermoposta.portal.web import form_of, language_of, portal_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from fermoposta.directory.problem import Problem
    from fermoposta.portal.keys.store import KeyStore

USE_WORDS = {
    "read": _("Read mail (IMAP, POP3)"),
    "send": _("Send mail (SMTP)"),
    "filters": _("Message filters (ManageSieve)"),
    "groupware": _("Calendars and contacts (CalDAV, CardDAV)"),
    "phone": _("Phones and tablets (ActiveSync)"),
}
_log = structlog.get_logger()
_name = values.text(60)


async def listed(request: Request) -> Response:
    """List them, the newest first, and offer to make one."""
    return await _list(await Frame.of(request))


async def made(request: Request) -> Response:
    """Make one and show it, this once."""
    frame = await Frame.of(request)
    form = await form_of(request)
    portal, language, address = portal_of(request), language_of(request), frame.person.address
    problems: list[Problem] = []
    name = _name(form.get("name", "").strip(), "name", problems)
    uses = [use for use in app_passwords.USES if use in form.getlist("use")]
    wrong = by_field(problems, language)
    if not uses:
        wrong["use"] = [said(_("Choose at least one."), language)]
    there = await run_in_threadpool(portal.keys.app_passwords, address)
    if len(there) >= app_passwords.MOST:
        full = _("There are too many; revoke one that is no longer used.")
        wrong["name"] = [said(full, language)]
    if problem := await not_current(request, address, form.get("current", "")):
        wrong["current"] = [said(problem, language)]
    if wrong or not isinstance(name, str):
        return await _list(frame, status=422, wrong=wrong, typed=form.get("name", ""), chosen=uses)
    password = app_passwords.generate()
    protocols = tuple(each for use in uses for each in app_passwords.USES[use])
    if {"dav", "eas"} & set(protocols):
        await run_in_threadpool(_keep_groupware_key, portal.keys, address)
    await run_in_threadpool(
        portal.keys.add_app_password,
        address,
        name,
        protocols,
        digest_of(password),
        portal.clock(),
    )
    _log.info("password of a program made", address=address, name=name, protocols=protocols)
    return await _list(frame, status=201, password=password)


def _keep_groupware_key(keys: KeyStore, address: str) -> None:
    key = app_passwords.groupware_key(keys.secret(), address)
    keys.keep_groupware_key(address, digest_of(key))


async def required(request: Request) -> Response:
    """Let the mailbox's password open portal and webmail only, or everything again."""
    frame = await Frame.of(request)
    form = await form_of(request)
    portal, address = portal_of(request), frame.person.address
    if problem := await not_current(request, address, form.get("current", "")):
        return await _list(frame, status=422, wrong={"only": [said(problem, language_of(request))]})
    on = form.get("required") == "on"
    await run_in_threadpool(
        portal.book.change,
        lambda state: require_app_passwords(state, address, required=on),
        actor=address,
    )
    _log.info("passwords of programs required", address=address, required=on)
    return frame.back()


async def revoked(request: Request) -> Response:
    """Revoke one of the reader's."""
    frame = await Frame.of(request)
    form = await form_of(request)
    number = form.get("password", "")
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise HTTPException(404)
    keys = portal_of(request).keys
    if not await run_in_threadpool(keys.revoke_app_password, frame.person.address, int(number)):
        raise HTTPException(404)
    _log.info("password of a program revoked", address=frame.person.address, number=int(number))
    return frame.back()


async def _list(
    frame: Frame,
    *,
    status: int = 200,
    wrong: dict[str, list[str]] | None = None,
    typed: str = "",
    chosen: list[str] | None = None,
    password: str = "",
) -> Response:
    portal = portal_of(frame.request)
    keys = portal.keys
    user = (await run_in_threadpool(portal.book.state)).users[frame.person.address]
    there = await run_in_threadpool(keys.app_passwords, frame.person.address)
    return frame.page(
        "passwords",
        status=status,
        passwords=[(each, app_passwords.uses_of(each.protocols)) for each in there],
        uses=USE_WORDS,
        wrong=wrong or {},
        typed=typed,
        chosen=["read", "send"] if chosen is None else chosen,
        password=password,
        required=bool(user.require_app_passwords),
    )
