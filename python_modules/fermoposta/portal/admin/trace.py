"""
Where is a mail, and why: what the host's journal says of it, and what the rules say now.

Administrators see mails that are from or to their domains. Of one from elsewhere that goes to
others too, they see what became of it at their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from starlette.concurrency import run_in_threadpool

from fermoposta.directory.decide import Facts, decide, policy_of
from fermoposta.directory.route import Router, Sender, base_of
from fermoposta.inventory.names import NameProblem, address_form
from fermoposta.portal.access import administrator
from fermoposta.portal.admin.sheets import SHEETS
from fermoposta.portal.agent import AwayError, RefusedError
from fermoposta.portal.i18n import marked as _
from fermoposta.portal.web import page, portal_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from fermoposta.directory.decide import Reason
    from fermoposta.directory.model import State
    from fermoposta.portal.access import Scope
    from fermoposta.portal.journal import Mail
    from fermoposta.service.settings import Settings

HOURS = {"1": _("1 hour"), "24": _("1 day"), "168": _("7 days"), "720": _("30 days")}
KINDS = {
    "came": _("Came in"),
    "judged": _("Judged by the filter"),
    "sent": _("Handed over"),
    "deferred": _("Put off, will be tried again"),
    "bounced": _("Sent back"),
    "expired": _("Given up after too long"),
    "stored": _("Put into the folder"),
    "forwarded": _("Sent on to"),
    "refused": _("Refused"),
}
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a mail would land by the rules of now; *folder* is None elsewhere than here."""

    path: tuple[str, ...]
    folder: str | None = None
    reasons: tuple[Reason, ...] = ()
    refusal: str = ""


async def shown(request: Request) -> Response:
    """Ask for what to look for, and show what is found."""
    asks = await administrator(request)
    portal, query = portal_of(request), request.query_params
    typed = {name: query.get(name, "").strip()[:500] for name in ("sender", "recipient", "message")}
    hours = query.get("hours", "24")
    hours = hours if hours in HOURS else "24"
    found: Sequence[Mail] = ()
    away = False
    wrong = set()
    for name in ("sender", "recipient"):
        if typed[name] and _address(typed[name]) is None:
            wrong.add(name)
    if any(typed.values()) and not wrong:
        try:
            found = await run_in_threadpool(
                portal.journal.mails,
                message=typed["message"].strip("<> "),
                sender=_address(typed["sender"]) or "",
                recipient=_address(typed["recipient"]) or "",
                since=portal.clock() - timedelta(hours=int(hours)),
            )
        except (AwayError, RefusedError) as error:
            _log.warning("the journal can't be asked", error=str(error))
            away = True
    landings: list[Landing] = []
    recipient = _address(typed["recipient"]) if not wrong else None
    if recipient and asks.scope.covers(recipient):
        sender = _address(typed["sender"]) or ""
        landings = await run_in_threadpool(
            landings_of, asks.state, portal.settings, sender, recipient
        )
    return page(
        request,
        "admin/trace.html",
        status=503 if away else 422 if wrong else 200,
        person=asks.person,
        sheets=SHEETS,
        here="/admin/trace",
        typed=typed,
        hours=hours,
        spans=HOURS,
        kinds=KINDS,
        mails=list(within(found, asks.scope)),
        asked=any(typed.values()) and not wrong,
        away=away,
        wrong=wrong,
        landings=landings,
    )


def within(mails: Iterable[Mail], scope: Scope) -> Iterable[Mail]:
    """Yield of *mails* what is the business of who administers *scope*."""
    for mail in mails:
        if scope.covers(mail.sender) or (mail.login and scope.covers(mail.login)):
            yield mail
            continue
        own = tuple(each for each in mail.recipients if scope.covers(each))
        if own:
            steps = tuple(each for each in mail.steps if not each.of or scope.covers(each.of))
            yield replace(mail, recipients=own, steps=steps)


def landings_of(state: State, settings: Settings, sender: str, recipient: str) -> list[Landing]:
    """Return where a clean mail from *sender*, "" for anybody, to *recipient* would land now."""
    router = Router(
        state, hosts=(settings.host, "localhost"), postmaster=settings.postmaster_address
    )
    ours = sender in state.users
    who = Sender(sender, login=sender if ours else None, trusted=ours)
    routes = router.route(who, recipient)
    found = []
    for delivery in routes.deliveries:
        mailbox = base_of(delivery.address)
        if mailbox in state.users or mailbox in state.resources:
            decision = decide(Facts(sender), policy_of(state, mailbox))
            found.append(Landing(delivery.path, decision.folder, tuple(decision.reasons)))
        else:
            found.append(Landing(delivery.path))
    refused = [Landing(each.path, refusal=f"{each.code} {each.text}") for each in routes.refusals]
    return [*found, *refused]


def _address(text: str) -> str | None:
    if not text:
        return None
    try:
        return address_form(text.strip(" <>"))
    except NameProblem:
        return None
