"""Whether the host and the DNS of one's domains are well, as `fermoposta doctor` last found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from fermoposta.portal.access import administrator
from fermoposta.portal.admin.sheets import SHEETS
from fermoposta.portal.i18n import marked as _
from fermoposta.portal.problems import said
from fermoposta.portal.web import language_of, page, portal_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from fermoposta.portal.access import Administrator
    from fermoposta.portal.store import Finding

PARTS = {
    "dns": _("DNS of your domains"),
    "unit": _("Services"),
    "port": _("Ports"),
    "certificate": _("Certificate"),
    "backup": _("Backups"),
    "database": _("Directory database"),
    "queue": _("Mail that waits"),
    "disk": _("Space on the disks"),
    "clock": _("Clock"),
}
OUTCOMES = {"bad": _("Bad"), "could not tell": _("Could not tell"), "good": _("Good")}
"""In the order in which they are shown."""


async def shown(request: Request) -> Response:
    """Show what is within the reader's reach, what is bad first."""
    asks = await administrator(request)
    language = language_of(request)
    found = await run_in_threadpool(portal_of(request).store.health)
    mine = [each for each in found if concerns(each, asks)]
    order = list(OUTCOMES)
    parts = {
        part: sorted(
            (each for each in mine if each.part == part),
            key=lambda each: (order.index(each.outcome), each.subject),
        )
        for part in PARTS
    }
    return page(
        request,
        "admin/health.html",
        person=asks.person,
        sheets=SHEETS,
        here="/admin/health",
        parts={part: there for part, there in parts.items() if there},
        titles=PARTS,
        outcomes=OUTCOMES,
        counts={name: sum(each.outcome == name for each in mine) for name in OUTCOMES},
        at=mine[0].at if mine else None,
        said=lambda sentence: said(sentence, language),
    )


def concerns(finding: Finding, asks: Administrator) -> bool:
    """
    Tell whether *finding* is the reader's business.

    What is of a domain concerns those who look after it; what is of the host, those who give roles.
    """
    if finding.part != "dns":
        return asks.names_administrators
    labels = finding.subject.split(".")
    return any(".".join(labels[start:]) in asks.scope.domains for start in range(len(labels)))
