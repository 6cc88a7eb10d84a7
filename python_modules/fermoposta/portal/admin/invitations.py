"""A user who is made here chooses the password: no administrator knows it, or has to tell it."""

from __future__ import annotations

from smtplib import SMTPException
from typing import TYPE_CHECKING

import structlog
from starlette.concurrency import run_in_threadpool

from fermoposta.directory.model import Kind
from fermoposta.inventory import values
from fermoposta.portal.admin.frame import RefusedError
from fermoposta.portal.problems import by_field
from fermoposta.portal.recovery.pages import links
from fermoposta.portal.web import language_of, portal_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fermoposta.directory.problem import Problem
    from fermoposta.portal.admin.frame import Frame

_log = structlog.get_logger()


def invitee(frame: Frame, inputs: Mapping[str, str], *, needed: bool = False) -> str:
    """Return where an invitation shall go, "" where none has to; raises RefusedError."""
    text = inputs.get("invite", "").strip()
    if frame.sheet.kind is not Kind.USERS or not (text or needed):
        return ""
    problems: list[Problem] = []
    address = values.address(text, "invite", problems)
    if problems:
        raise RefusedError(422, by_field(problems, language_of(frame.request)))
    return str(address)


async def invite(frame: Frame, address: str, to: str) -> str:
    """Invite the user *address*; return what the list then says."""
    portal, request = portal_of(frame.request), frame.request
    user = (await run_in_threadpool(portal.book.state)).users[address]
    try:
        await run_in_threadpool(portal.recovery.invite, user, to, portal.clock(), links(request))
    except (OSError, SMTPException) as error:
        _log.error("mail not sent", address=address, error=type(error).__name__)
        return "not-invited"
    _log.info("invited", address=address, to=to, actor=frame.asks.person.address)
    return "invited"
