"""Lists of what there is: searched, sorted, and page by page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fermoposta.portal.admin.frame import Frame, RefusedError, with_query
from fermoposta.portal.administration import Query

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

SIZE = 50
"""Entries on a page."""
DONE = ("saved", "removed", "imported", "invited", "not-invited")


async def listed(request: Request) -> Response:
    """Show a page of the list that is asked for."""
    frame = await Frame.of(request)
    asked = request.query_params
    number = asked.get("page", "1")
    at = int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 1
    order = asked.get("sort", "key")
    domain = asked.get("domain", "")
    query = Query(
        text=asked.get("text", "")[:200].strip(),
        domain=domain if domain in frame.asks.scope.domains else None,
        sort=order.removeprefix("-"),
        descending=order.startswith("-"),
        offset=(max(at, 1) - 1) * SIZE,
        limit=SIZE,
    )
    try:
        found = await frame.ask(lambda: frame.desk.find(frame.sheet.kind, query))
    except RefusedError:  # an order that there is not
        query, order = replace(query, sort="key", descending=False), "key"
        found = await frame.ask(lambda: frame.desk.find(frame.sheet.kind, query))
    kept = {
        "text": query.text,
        "domain": query.domain or "",
        "sort": "" if order == "key" else order,
    }

    def link(**more: str) -> str:
        return with_query(frame.path, **{**kept, **more})

    sortable = {
        name: link(sort=f"-{name}" if order == name else name)
        for name in ("key", *frame.sheet.columns)
        if name not in ("role", "folders", "rights", "types")
    }
    last = max((found.total + SIZE - 1) // SIZE, 1)
    return frame.page(
        "list.html",
        found=found,
        query=query,
        order=order,
        sortable=sortable,
        number=at,
        last=last,
        previous=link(page=str(at - 1)) if at > 1 else "",
        following=link(page=str(at + 1)) if at < last else "",
        export=with_query(f"{frame.path}/export.csv", text=query.text, domain=query.domain or ""),
        done=asked.get("done") if asked.get("done") in DONE else "",
    )
