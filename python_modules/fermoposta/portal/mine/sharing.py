"""Who may do what in the reader's folders, and who acts for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from fermoposta.directory.model import PROFILES, RIGHTS, Kind
from fermoposta.directory.model.records import DELEGATION_FOLDERS
from fermoposta.directory.model.rights import names_of, profile_of
from fermoposta.portal.agent import AwayError, RefusedError
from fermoposta.portal.mine.frame import Frame
from fermoposta.portal.mine.own import fixed
from fermoposta.portal.problems import said
from fermoposta.portal.web import form_of, language_of, portal_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from fermoposta.directory.model import Grant

GROUPWARE = ("calendar", "tasks", "contacts", "notes", "journal")


async def sharing(request: Request) -> Response:
    """Show who may do what in which folder."""
    return await _sharing(await Frame.of(request))


async def _sharing(
    frame: Frame, *, status: int = 200, wrong: dict[str, list[str]] | None = None
) -> Response:
    asked = frame.request.query_params
    grants = await run_in_threadpool(frame.own.grants)
    try:
        mail = await run_in_threadpool(
            portal_of(frame.request).mailboxes.folders, frame.person.address
        )
    except (AwayError, RefusedError):
        mail = ["INBOX"]
    search = asked.get("search", "")[:100]
    return frame.page(
        "sharing",
        status=status,
        grants=[_shown(each) for each in grants],
        folders=[*GROUPWARE, "/", *mail],
        folder=asked.get("folder", "calendar"),
        search=search,
        people=await run_in_threadpool(frame.own.colleagues, search),
        wrong=wrong or {},
    )


async def shared(request: Request) -> Response:
    """Give rights on a folder to one or several; without a profile it is no right yet (F086)."""
    frame = await Frame.of(request)
    form = await form_of(request, largest=64 * 1024, most=500)
    named = [name for name in form.getlist("right") if name in RIGHTS]
    profile = form.get("profile", "no_rights")
    rights: object = named if profile == "other" else profile
    grantees = form.getlist("grantee")
    if not grantees:
        words = said("name at least one", language_of(request))
        return await _sharing(frame, status=422, wrong={"grantee": [words]})
    wrong = await frame.wrong(
        lambda: frame.own.put_grants(form.get("folder", ""), grantees, rights)
    )
    return await _sharing(frame, status=422, wrong=wrong) if wrong else frame.back()


async def unshared(request: Request) -> Response:
    """Take somebody's rights on a folder away."""
    frame = await Frame.of(request)
    form = await form_of(request)
    rest = f"{form.get('grantee', '')} {form.get('folder', '')}"
    wrong = await frame.wrong(lambda: frame.own.take(Kind.GRANTS, rest))
    return await _sharing(frame, status=422, wrong=wrong) if wrong else frame.back()


def _shown(grant: Grant) -> tuple[Grant, str | None, list[str], bool]:
    """Return a grant with the name of its profile, those of its rights, and if it is fixed."""
    return grant, profile_of(grant.rights), names_of(grant.rights), fixed(grant)


async def delegates(request: Request) -> Response:
    """Show who may act for the reader (F100)."""
    return await _delegates(await Frame.of(request))


async def _delegates(
    frame: Frame, *, status: int = 200, wrong: dict[str, list[str]] | None = None
) -> Response:
    there = await run_in_threadpool(frame.own.delegations)
    search = frame.request.query_params.get("search", "")[:100]
    people = await run_in_threadpool(lambda: frame.own.colleagues(search, groups=False))
    known = {each.delegate for each in there}
    shown = [
        (each.delegate, {name: profile_of(mask) for name, mask in each.folders}, fixed(each))
        for each in there
    ]
    return frame.page(
        "delegates",
        status=status,
        delegates=shown,
        names=DELEGATION_FOLDERS,
        people=[each for each in people if each[0] not in known],
        search=search,
        wrong=wrong or {},
    )


async def delegated(request: Request) -> Response:
    """Have somebody act for the reader, with rights on each of the six folders (F101)."""
    frame = await Frame.of(request)
    form = await form_of(request)
    folders = {name: form[name] for name in DELEGATION_FOLDERS if form.get(name) in PROFILES}
    delegate = form.get("delegate", "")
    wrong = await frame.wrong(
        lambda: frame.own.put(Kind.DELEGATIONS, delegate, {"folders": folders})
    )
    return await _delegates(frame, status=422, wrong=wrong) if wrong else frame.back()


async def undelegated(request: Request) -> Response:
    """End it."""
    frame = await Frame.of(request)
    form = await form_of(request)
    delegate = form.get("delegate", "")
    wrong = await frame.wrong(lambda: frame.own.take(Kind.DELEGATIONS, delegate))
    return await _delegates(frame, status=422, wrong=wrong) if wrong else frame.back()
