"""
Who signed in to the reader's mailbox, by what and from where; and whether a new program got in.

The host's journal knows: what it forgets is not here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from starlette.concurrency import run_in_threadpool

from fermoposta.portal.agent import AwayError, RefusedError
from fermoposta.portal.i18n import marked as _
from fermoposta.portal.mine.frame import Frame
from fermoposta.portal.web import portal_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from fermoposta.portal.journal import Login

DAYS = 14
JUST_NOW = timedelta(minutes=15)
"""What is newer belongs to the set-up that somebody comes from."""
PROTOCOLS = {
    "portal": _("Webmail and customer area"),
    "imap": _("Mail program (IMAP)"),
    "pop3": _("Mail program (POP3)"),
    "smtp": _("Sending (SMTP)"),
    "phone": _("Phone (ActiveSync)"),
    "managesieve": _("Message filters (ManageSieve)"),
}
TESTED = ("imap", "smtp")
"""What a mail program does that is set up in full."""
_log = structlog.get_logger()


async def listed(request: Request) -> Response:
    """List the sign-ins, and say what came of those of the last minutes."""
    frame = await Frame.of(request)
    portal, found, away = portal_of(request), [], False
    now = portal.clock()
    try:
        found = list(
            await run_in_threadpool(
                portal.journal.logins, frame.person.address, now - timedelta(days=DAYS)
            )
        )
    except (AwayError, RefusedError) as error:
        _log.warning("the journal can't be asked", error=str(error))
        away = True
    recent = [each for each in found if each.last >= now - JUST_NOW]
    return frame.page(
        "sign_ins",
        status=503 if away else 200,
        found=found,
        away=away,
        days=DAYS,
        protocols=PROTOCOLS,
        tested={protocol: outcome(recent, protocol) for protocol in TESTED},
    )


def outcome(recent: Sequence[Login], protocol: str) -> Login | None:
    """Return the latest of *recent* by *protocol*, None where there was none."""
    return max(
        (each for each in recent if each.protocol == protocol),
        key=lambda each: each.last,
        default=None,
    )
