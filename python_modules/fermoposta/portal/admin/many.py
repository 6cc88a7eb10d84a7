"""Many records at once: to a spreadsheet and back, or a few fields set for all that are chosen."""

from __future__ import annotations

import csv
import io
from functools import partial
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response

from fermoposta.portal.admin.edit import MOST_GONE
from fermoposta.portal.admin.frame import Frame, RefusedError, with_query
from fermoposta.portal.admin.inputs import fields_of, inputs_of, names_of
from fermoposta.portal.administration import Query
from fermoposta.portal.i18n import marked as _
from fermoposta.portal.i18n import translations
from fermoposta.portal.web import form_of, language_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from fermoposta.directory.steps import Step
    from fermoposta.portal.admin.sheets import Sheet
    from fermoposta.portal.administration import Entry

LARGEST = 8 * 1024 * 1024
"""Bytes of the largest file that is read: some ten thousand users."""
SHOWN = 200
"""How many changes are shown before they are made."""
MOST_PASSWORDS = 300
"""Each is hashed, which is meant to be dear: more would take longer than a browser waits."""
_AT_ONCE = 1000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def exported(request: Request) -> Response:
    """Send what the list shows as CSV; passwords and what only the user knows are not in it."""
    frame = await Frame.of(request)
    asked = request.query_params
    domain = asked.get("domain", "")
    entries: list[Entry] = []
    while True:
        query = Query(
            text=asked.get("text", "")[:200].strip(),
            domain=domain if domain in frame.asks.scope.domains else None,
            offset=len(entries),
            limit=_AT_ONCE,
        )
        found = await frame.ask(partial(frame.desk.find, frame.sheet.kind, query))
        entries += found.entries
        if not found.entries or len(entries) >= found.total:
            break
    text = written(frame.sheet, entries, ";" if language_of(request) == "it" else ",")
    return Response(
        text.encode("utf-8-sig"),  # by its mark spreadsheets know the encoding
        headers={
            "content-disposition": f'attachment; filename="{frame.sheet.slug}.csv"',
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        },
        media_type="text/csv; charset=utf-8",
    )


async def offered(request: Request) -> Response:
    """Ask for a file, or for its lines."""
    return _import_page(await Frame.of(request))


async def imported(request: Request) -> Response:
    """Show what a file would change; change it, all or nothing, once that was confirmed."""
    frame = await Frame.of(request)
    form = await form_of(request, largest=LARGEST)
    text = next((each for each in (*form.getlist("file"), form.get("csv", "")) if each), "")
    words = translations(language_of(request))
    if not text.strip():
        return _import_page(frame, wrong={"csv": [words.gettext(_("There is nothing in it."))]})
    try:
        patches = read(frame.sheet, text, words.gettext)
        if form.get("step") == "do":
            await frame.ask(lambda: frame.desk.merge_many(frame.sheet.kind, patches))
            return RedirectResponse(with_query(frame.path, done="imported"), 303)
        outcome = await frame.ask(
            lambda: frame.desk.merge_many(frame.sheet.kind, patches, dry_run=True)
        )
    except RefusedError as error:
        return _import_page(frame, text, status=error.status, wrong=error.wrong)
    return _import_page(frame, text, steps=outcome.steps)


async def chosen(request: Request) -> Response:
    """Ask what to set for all that are chosen."""
    frame = await Frame.of(request)
    keys = request.query_params.getlist("key")[:MOST_GONE]
    await frame.ask(lambda: [frame.desk.get(frame.sheet.kind, key) for key in keys])
    return _change_page(frame, keys, {})


async def set_for_all(request: Request) -> Response:
    """Set it, for all or for none."""
    frame = await Frame.of(request)
    form = await form_of(request, largest=LARGEST, most=MOST_GONE + 50)
    keys = form.getlist("key")[:MOST_GONE]
    inputs = {name: form.get(name, "") for name in frame.sheet.bulk if form.get(name)}
    patch = fields_of(frame.sheet, inputs)
    if not patch:
        return _change_page(frame, keys, inputs)
    patches = dict.fromkeys(keys, patch)
    try:
        await frame.ask(lambda: [frame.desk.get(frame.sheet.kind, key) for key in keys])
        await frame.ask(lambda: frame.desk.merge_many(frame.sheet.kind, patches))
    except RefusedError as error:
        return _change_page(frame, keys, inputs, error)
    return RedirectResponse(with_query(frame.path, done="saved"), 303)


def columns(sheet: Sheet) -> list[str]:
    """Return the names of the columns."""
    return ["key", *(name for each in sheet.fields for name in names_of(each))]


def written(sheet: Sheet, entries: list[Entry], delimiter: str) -> str:
    """Return *entries* as CSV (RFC 4180), so that no cell is a formula to a spreadsheet."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns(sheet), delimiter=delimiter)
    writer.writeheader()
    for entry in entries:
        row = {"key": entry.key, **inputs_of(sheet, entry.fields)}
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


def read(
    sheet: Sheet, text: str, translate: Callable[[str], str] = str
) -> dict[str, Mapping[str, object]]:
    """
    Return what each line sets, by key; a cell that is empty sets nothing.

    Raises RefusedError where a line has no key, one comes twice, or a column is unknown.
    """
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    known = columns(sheet)
    made: dict[str, Mapping[str, object]] = {}
    wrong: list[str] = []
    try:
        rows = csv.DictReader(io.StringIO(text), delimiter=delimiter, strict=True)
        names = [name.strip() for name in rows.fieldnames or ()]
        rows.fieldnames = names
        unknown = [name for name in names if name not in known]
        if unknown or "key" not in names:
            said = translate(_("The first line must name the columns; there are: %(known)s."))
            raise RefusedError(422, {"csv": [said % {"known": ", ".join(known)}]})
        for row in rows:
            cells = {name: _plain(value) for name, value in row.items() if name and value}
            if not cells and None not in row:
                continue
            key = cells.pop("key", "").strip()
            if None in row or not key or key in made:
                said = translate(_("Line %(n)s has no key of its own, or too many cells."))
                wrong.append(said % {"n": rows.line_num})
                continue
            made[key] = fields_of(sheet, cells)
    except csv.Error as error:
        said = translate(_("This is no CSV file: %(reason)s."))
        raise RefusedError(422, {"csv": [said % {"reason": error}]}) from error
    if not made and not wrong:
        wrong.append(translate(_("There is nothing in it.")))
    if sum("password" in fields for fields in made.values()) > MOST_PASSWORDS:
        said = translate(_("No more than %(n)s passwords can be set at once."))
        wrong.append(said % {"n": MOST_PASSWORDS})
    if wrong:
        raise RefusedError(422, {"csv": wrong})
    return made


def _cell(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value


def _plain(value: str) -> str:
    return value[1:] if value[:1] == "'" and value[1:].startswith(_FORMULA) else value


def _import_page(
    frame: Frame,
    text: str = "",
    *,
    status: int = 200,
    steps: tuple[Step, ...] | None = None,
    wrong: Mapping[str, list[str]] | None = None,
) -> Response:
    # The lines of a file with passwords go back to who sent them, over the same connection.
    return frame.page(
        "import.html",
        status=422 if wrong and status == 200 else status,
        text=text,
        steps=None if steps is None else steps[:SHOWN],
        total=len(steps or ()),
        counts={} if steps is None else _counts(steps),
        wrong=wrong or {},
        columns=columns(frame.sheet),
    )


def _counts(steps: tuple[Step, ...]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for step in steps:
        counts[step.action.value] = counts.get(step.action.value, 0) + 1
    return counts


def _change_page(
    frame: Frame, keys: list[str], inputs: Mapping[str, str], error: RefusedError | None = None
) -> Response:
    if not keys or len(keys) > MOST_GONE or not frame.sheet.bulk:
        return RedirectResponse(frame.path, 303)
    return frame.page(
        "change.html",
        status=error.status if error else 200,
        keys=keys,
        inputs=inputs,
        fields=[frame.sheet.field(name) for name in frame.sheet.bulk],
        wrong=error.wrong if error else {},
    )
