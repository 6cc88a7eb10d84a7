"""Message rules: what is done with mail that comes, also while no client is on (F051 to F056)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from fermoposta.directory.model import Kind, MessageRule
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.inventory.export import rule_value
from fermoposta.portal.admin.inputs import words
from fermoposta.portal.agent import AwayError, RefusedError
from fermoposta.portal.mine.frame import Frame
from fermoposta.portal.mine.own import fixed
from fermoposta.portal.web import form_of, portal_of
from fermoposta.portal.words import FIELD_WORDS, TEST_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from fermoposta.portal.web import Fields

    Row = tuple[str, str, str, str]
    """Field, name of the header, test and value of a condition, as they stand in the form."""

_LISTS = ("forward", "redirect", "mark")
_FOLDERS = ("copy", "move")
_SWITCHES = ("discard", "stop")
ROWS = 3
"""Conditions that there is room for in a new rule; each Save makes room for one more."""
MOST_ROWS = 20
_YES = ("yes", "on", "true", "sì", "si", "1", "")


async def listed(request: Request) -> Response:
    """List the rules in the order in which they are tried."""
    return await _list(await Frame.of(request))


async def _list(
    frame: Frame, *, status: int = 200, wrong: dict[str, list[str]] | None = None
) -> Response:
    rules = await run_in_threadpool(_ordered, frame)
    return frame.page(
        "rules", status=status, rules=[(each, fixed(each)) for each in rules], wrong=wrong or {}
    )


async def blank(request: Request) -> Response:
    """Ask for a new rule."""
    return await _form(await Frame.of(request), None, name="", rows=(), actions={}, match="all")


async def shown(request: Request) -> Response:
    """Show a rule with its conditions and actions, to change them."""
    frame = await Frame.of(request)
    rule = await _rule(frame)
    value = rule_value(rule)
    return await _form(
        frame,
        rule,
        name=rule.name,
        rows=_rows(value.get("conditions", [])),
        actions=_inputs(value.get("actions", {})),
        match=rule.match,
    )


async def saved(request: Request) -> Response:
    """Keep the rule; it acts once it was applied (F051)."""
    frame = await Frame.of(request)
    form = await form_of(request, largest=64 * 1024, most=200)
    old = await _rule(frame) if request.query_params.get("name") else None
    name = old.name if old else form.get("name", "").strip()
    rows = _given(form)
    actions = {verb: form.get(verb, "") for verb in (*_LISTS, *_FOLDERS, *_SWITCHES)}
    match = "any" if form.get("match") == "any" else "all"
    if form.get("do") == "more":
        return await _form(
            frame, old, name=name, rows=rows, actions=actions, match=match, more=len(rows) + 2
        )
    there = await run_in_threadpool(_ordered, frame)
    fields = {
        "enabled": form.get("do") == "apply" or (old is not None and old.enabled),
        "match": match,
        "position": old.position if old else max((each.position for each in there), default=-1) + 1,
        "conditions": [_condition(row) for row in rows],
        "actions": _actions(actions),
    }

    def change() -> None:
        if old is None and any(each.name == name for each in there):
            raise ProblemsError([Problem("key", "is there already", "choose another name")])
        frame.own.put(Kind.MESSAGE_RULES, name, fields)

    wrong = await frame.wrong(change) if name else await frame.wrong(_nameless)
    if wrong:
        return await _form(
            frame,
            old,
            name=name,
            rows=rows,
            actions=actions,
            match=match,
            status=422,
            wrong=wrong,
        )
    return RedirectResponse("/settings/rules?done=1", 303)


async def changed(request: Request) -> Response:
    """Switch a rule on or off, try it sooner or later, or take it away."""
    frame = await Frame.of(request)
    form = await form_of(request)
    name, do = form.get("name", ""), form.get("do", "")
    rules = await run_in_threadpool(_ordered, frame)
    rule = next((each for each in rules if each.name == name), None)
    if rule is None:
        raise HTTPException(404)
    if do == "remove":
        wrong = await frame.wrong(lambda: frame.own.take(Kind.MESSAGE_RULES, name))
    elif do in {"on", "off"}:
        wrong = await frame.wrong(lambda: frame.own.put_rules([replace(rule, enabled=do == "on")]))
    else:
        wrong = await frame.wrong(lambda: frame.own.put_rules(_moved(rules, rule, do)))
    return await _list(frame, status=422, wrong=wrong) if wrong else frame.back()


def _nameless() -> None:
    raise ProblemsError([Problem("key", "is empty", "write text")])


def _ordered(frame: Frame) -> list[MessageRule]:
    return sorted(frame.own.message_rules(), key=lambda rule: (rule.position, rule.name))


def _moved(rules: Sequence[MessageRule], rule: MessageRule, do: str) -> list[MessageRule]:
    """Return those whose position is another one once *rule* is one ``up`` or ``down``."""
    order = list(rules)
    at = order.index(rule)
    to = min(max(at + {"up": -1, "down": 1}.get(do, 0), 0), len(order) - 1)
    order.insert(to, order.pop(at))
    placed = [replace(each, position=number) for number, each in enumerate(order)]
    return [each for each, old in zip(placed, order, strict=True) if each != old]


async def _rule(frame: Frame) -> MessageRule:
    name = frame.request.query_params.get("name", "")
    for each in await run_in_threadpool(frame.own.message_rules):
        if each.name == name:
            return each
    raise HTTPException(404)


async def _form(
    frame: Frame,
    rule: MessageRule | None,
    *,
    name: str,
    rows: Sequence[Row],
    actions: Mapping[str, str],
    match: str,
    status: int = 200,
    wrong: dict[str, list[str]] | None = None,
    more: int = 0,
) -> Response:
    try:
        folders = await run_in_threadpool(
            portal_of(frame.request).mailboxes.folders, frame.person.address
        )
    except (AwayError, RefusedError):
        folders = ["INBOX"]
    room = min(max(more, ROWS, len(rows) + 1), MOST_ROWS)
    return frame.page(
        "rule",
        status=status,
        rule=rule,
        called=name,
        rows=[*rows, *[("from", "", "contains", "")] * room][:room],
        actions={verb: actions.get(verb, "") for verb in (*_LISTS, *_FOLDERS, *_SWITCHES)},
        match=match,
        folders=folders,
        fields=FIELD_WORDS,
        tests=TEST_WORDS,
        fixed=rule is not None and fixed(rule),
        target=f"/settings/rules/edit?name={quote(rule.name)}" if rule else "/settings/rules/new",
        wrong=wrong or {},
    )


def _given(form: Fields) -> list[Row]:
    """Return the conditions that something was said of."""
    columns = [form.getlist(f"condition.{part}") for part in ("field", "name", "test", "value")]
    rows = list(zip(*columns, strict=False))[:MOST_ROWS]
    return [
        (field, name.strip(), test, value)
        for field, name, test, value in rows
        if value.strip() or field == "has_attachment"
    ]


def _condition(row: Row) -> dict[str, object]:
    """Return a condition as an inventory writes it; its readers say what is wrong with it."""
    field, name, test, text = row
    value: object = text
    if field == "has_attachment":
        test, value = "is", text.strip().lower() in _YES
    elif field == "size" and text.strip().isdecimal():
        value = int(text) * 1024
    made: dict[str, object] = {"field": field, test: value}
    return made | ({"name": name} if name and field == "header" else {})


def _rows(conditions: object) -> list[Row]:
    """Return conditions as they stand in the form."""
    rows: list[Row] = []
    for each in conditions if isinstance(conditions, list) else []:
        test = next(name for name in TEST_WORDS if name in each)
        value = each[test]
        if each["field"] == "size":
            value = value // 1024
        elif each["field"] == "has_attachment":
            value = "yes" if value else "no"
        rows.append((each["field"], each.get("name", ""), test, str(value)))
    return rows


def _actions(inputs: Mapping[str, str]) -> dict[str, object]:
    """Return what the rule does as an inventory writes it."""
    made: dict[str, object] = {verb: words(inputs[verb]) for verb in _LISTS if inputs[verb].strip()}
    made |= {verb: inputs[verb].strip() for verb in _FOLDERS if inputs[verb].strip()}
    made |= {verb: True for verb in _SWITCHES if inputs[verb] == "on"}
    return made


def _inputs(actions: object) -> dict[str, str]:
    """Return actions as they stand in the form."""
    there = actions if isinstance(actions, dict) else {}
    made = {verb: "\n".join(there.get(verb, [])) for verb in _LISTS}
    made |= {verb: there.get(verb) or "" for verb in _FOLDERS}
    return made | {verb: "on" if there.get(verb) else "" for verb in _SWITCHES}
