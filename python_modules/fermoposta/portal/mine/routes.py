"""Where the pages below /settings are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from fermoposta.portal.mine import (
    devices,
    incoming,
    lists,
    passwords,
    restore,
    rules,
    sharing,
    sign_ins,
)
from fermoposta.portal.mine.frame import Frame

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


async def overview(request: Request) -> Response:
    """Show what there is to look after."""
    frame = await Frame.of(request)
    return frame.page("overview")


ROUTES = [
    Route("/settings", overview),
    Route("/settings/rules", rules.listed),
    Route("/settings/rules/change", rules.changed, methods=["POST"]),
    Route("/settings/rules/new", rules.blank),
    Route("/settings/rules/new", rules.saved, methods=["POST"]),
    Route("/settings/rules/edit", rules.shown),
    Route("/settings/rules/edit", rules.saved, methods=["POST"]),
    Route("/settings/restore", restore.deleted),
    Route("/settings/restore", restore.restored, methods=["POST"]),
    Route("/settings/sharing", sharing.sharing),
    Route("/settings/sharing", sharing.shared, methods=["POST"]),
    Route("/settings/sharing/end", sharing.unshared, methods=["POST"]),
    Route("/settings/delegates", sharing.delegates),
    Route("/settings/delegates", sharing.delegated, methods=["POST"]),
    Route("/settings/delegates/end", sharing.undelegated, methods=["POST"]),
    Route("/settings/lists", lists.listed),
    Route("/settings/lists/new", lists.blank),
    Route("/settings/lists/new", lists.saved, methods=["POST"]),
    Route("/settings/lists/edit", lists.shown),
    Route("/settings/lists/edit", lists.saved, methods=["POST"]),
    Route("/settings/lists/end", lists.removed, methods=["POST"]),
    Route("/settings/junk", incoming.junk),
    Route("/settings/junk", incoming.junk_set, methods=["POST"]),
    Route("/settings/junk/end", incoming.junk_ended, methods=["POST"]),
    Route("/settings/devices", devices.listed),
    Route("/settings/devices", devices.done, methods=["POST"]),
    Route("/settings/passwords", passwords.listed),
    Route("/settings/passwords", passwords.made, methods=["POST"]),
    Route("/settings/passwords/only", passwords.required, methods=["POST"]),
    Route("/settings/passwords/revoke", passwords.revoked, methods=["POST"]),
    Route("/settings/sign-ins", sign_ins.listed),
    Route("/settings/out-of-office", incoming.away),
    Route("/settings/out-of-office", incoming.away_set, methods=["POST"]),
]
