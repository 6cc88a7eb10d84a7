"""Who changed what within the scope, and when."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from fermoposta.portal.access import administrator
from fermoposta.portal.admin.sheets import SHEETS
from fermoposta.portal.web import page, portal_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from fermoposta.directory.audit import AuditEntry

SIZE = 100
LONGEST = 200
"""Characters of a value that are shown."""


async def listed(request: Request) -> Response:
    """List the changes, the latest first."""
    asks = await administrator(request)
    asked = request.query_params.get("before", "")
    before = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 16 else None
    found = await run_in_threadpool(
        lambda: portal_of(request).store.audited(asks.scope.domains, limit=SIZE + 1, before=before)
    )
    return page(
        request,
        "admin/audit.html",
        person=asks.person,
        sheets=SHEETS,
        here="/admin/audit",
        entries=[(each, changes(each)) for each in found[:SIZE]],
        older=found[SIZE - 1].id if len(found) > SIZE else None,
    )


def changes(entry: AuditEntry) -> list[tuple[str, str, str]]:
    """Return the fields that differ, with what they were and what they are."""
    old, new = _fields(entry.before), _fields(entry.after)
    return [
        (name, _short(old.get(name)), _short(new.get(name)))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _fields(text: str) -> dict[str, object]:
    try:
        read = json.loads(text) if text else {}
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _short(value: object) -> str:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
