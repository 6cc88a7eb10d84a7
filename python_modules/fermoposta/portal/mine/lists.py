"""Distribution lists of one's own: in the address book, for webmail and programs alike (F062)."""

from __future__ import annotations

from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from fermoposta.directory.problem import Problem
from fermoposta.inventory import values
from fermoposta.mailstore.lists import DistributionList, Member
from fermoposta.portal.agent import AwayError, RefusedError
from fermoposta.portal.mine.frame import Frame
from fermoposta.portal.problems import by_field, said
from fermoposta.portal.web import form_of, language_of, portal_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

MOST = 500
"""Members of a list."""
_LARGEST = 128 * 1024
_name = values.text(100)
_called = values.text(200)
_log = structlog.get_logger()


async def listed(request: Request) -> Response:
    """List the lists, by name."""
    frame = await Frame.of(request)
    found, away = await _lists(frame)
    return frame.page("lists", status=503 if away else 200, lists=found, away=away)


async def blank(request: Request) -> Response:
    """Ask for a new list."""
    return await _form(await Frame.of(request), None)


async def shown(request: Request) -> Response:
    """Show a list with its members, to change it."""
    frame = await Frame.of(request)
    return await _form(frame, await _there(frame))


async def saved(request: Request) -> Response:
    """Keep the list, or say what is wrong with it."""
    frame = await Frame.of(request)
    form = await form_of(request, largest=_LARGEST, most=MOST + 20)
    old = await _there(frame) if request.query_params.get("id") else None
    problems: list[Problem] = []
    typed = form.get("members", "")
    name = _name(form.get("name", "").strip(), "name", problems)
    known = {each.address: each.card for each in old.members} if old else {}
    members = _members([*typed.splitlines(), *form.getlist("pick")], known, problems)
    if not members and not problems:
        problems.append(Problem("members", "is an empty list", "name at least one"))
    if len(members) > MOST:
        problems.append(Problem("members", f"names more than {MOST}", "make a group of them"))
    wrong = by_field(problems, language_of(request))
    if not wrong:
        wanted = DistributionList(
            old.id if old else "", str(name), tuple(members), form.get("etag", "") if old else ""
        )
        mailboxes = portal_of(request).mailboxes
        try:
            await run_in_threadpool(mailboxes.keep_list, frame.person.address, wanted)
        except RefusedError as error:
            wrong = {"name": [said(str(error), language_of(request))]}
        except AwayError as error:
            _log.warning("mailbox away", address=frame.person.address, error=str(error))
            raise HTTPException(503) from error
    if wrong:
        lines = "\n".join([*typed.splitlines(), *form.getlist("pick")])
        return await _form(frame, old, name=form.get("name", ""), members=lines, wrong=wrong)
    return RedirectResponse("/settings/lists?done=1", 303)


async def removed(request: Request) -> Response:
    """Take a list away; who was on it stays in the address book."""
    frame = await Frame.of(request)
    form = await form_of(request)
    mailboxes = portal_of(request).mailboxes
    try:
        await run_in_threadpool(mailboxes.remove_list, frame.person.address, form.get("id", ""))
    except RefusedError as error:
        raise HTTPException(404) from error
    except AwayError as error:
        raise HTTPException(503) from error
    return RedirectResponse("/settings/lists?done=1", 303)


def _members(lines: list[str], known: dict[str, str], problems: list[Problem]) -> list[Member]:
    """Return who stands in *lines*, each once; what is no address is noted."""
    found: dict[str, Member] = {}
    for line in filter(str.strip, lines):
        called, given = parseaddr(line.strip())
        address = values.address(given or line.strip(), "members", problems)
        if called and not isinstance(_called(called, "members", problems), str):
            continue
        if isinstance(address, str) and address not in found:
            # A double quote has no place in a parameter (RFC 6350, section 3.3).
            found[address] = Member(address, called.replace('"', "'"), known.get(address, ""))
    return list(found.values())


async def _lists(frame: Frame) -> tuple[list[DistributionList], bool]:
    mailboxes = portal_of(frame.request).mailboxes
    try:
        return await run_in_threadpool(mailboxes.lists, frame.person.address), False
    except (AwayError, RefusedError) as error:
        _log.warning("mailbox away", address=frame.person.address, error=str(error))
        return [], True


async def _there(frame: Frame) -> DistributionList:
    found, away = await _lists(frame)
    wanted = frame.request.query_params.get("id", "")
    for each in found:
        if each.id == wanted:
            return each
    raise HTTPException(503 if away else 404)


async def _form(
    frame: Frame,
    there: DistributionList | None,
    *,
    name: str | None = None,
    members: str | None = None,
    wrong: dict[str, list[str]] | None = None,
) -> Response:
    lines = [formataddr((each.name, each.address)) for each in there.members] if there else []
    search = frame.request.query_params.get("search", "")[:100]
    return frame.page(
        "list",
        status=422 if wrong else 200,
        there=there,
        called=name if name is not None else there.name if there else "",
        members=members if members is not None else "\n".join(lines),
        search=search,
        people=[
            (formataddr((called, address)), called, address)
            for address, called in await run_in_threadpool(frame.own.colleagues, search)
        ],
        wrong=wrong or {},
    )
