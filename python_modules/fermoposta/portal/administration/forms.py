"""
Records one by one: their keys and fields, in the form that an inventory has them in.

Nothing is read here by rules of its own: keys and values go through the inventory's readers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.directory.model import (
    AllowedDomains,
    Delegation,
    DeviceAccess,
    DevicePolicy,
    Grant,
    Group,
    JunkRule,
    Kind,
    MessageRule,
    OutOfOffice,
    Resource,
    User,
)
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.directory.public import rights_value
from fermoposta.inventory import mail_rules, values
from fermoposta.inventory.export import form_value, rule_value
from fermoposta.inventory.fields import FORMS, Form, read_fields
from fermoposta.inventory.parse import read_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fermoposta.directory.model import Record
    from fermoposta.inventory.values import Problems

    Reader = Callable[[object, str, Problems], object]

KEY = "key"
"""The path of a problem with the name of a record, or with the record as a whole."""


def _as_given(value: object, _path: str, _problems: Problems) -> object:
    return value


def _scope(value: object, path: str, problems: Problems) -> object:
    """Read a company's key or somebody's address; the inventory's reader sees to the former."""
    read = values.own_address if isinstance(value, str) and "@" in value else values.text(63)
    return read(value, path, problems)


@dataclass(frozen=True, slots=True)
class Shape:
    """
    How an inventory has the records of a kind: below which names, as which fields.

    *names* read the parts of a key, which blanks separate; the inventory nests them in the order
    *nesting*. Where it has a single value below the last of them, *single* is how we call it.
    """

    names: tuple[Reader, ...]
    form: Form
    single: str | None = None
    nesting: tuple[int, ...] = (0,)


def _one(field: str) -> Form:
    return Form({field: _as_given}, (field,))


SHAPES: Mapping[Kind, Shape] = {
    Kind.COMPANIES: Shape((values.text(63),), FORMS[Kind.COMPANIES]),
    Kind.DOMAINS: Shape((values.domain,), FORMS[Kind.DOMAINS]),
    Kind.USERS: Shape((values.own_address,), FORMS[Kind.USERS]),
    Kind.RESOURCES: Shape((values.own_address,), FORMS[Kind.RESOURCES]),
    Kind.ALIASES: Shape((values.own_address,), FORMS[Kind.ALIASES]),
    Kind.GROUPS: Shape((values.own_address,), FORMS[Kind.GROUPS]),
    Kind.SEND_AS: Shape((values.own_address,), FORMS[Kind.SEND_AS]),
    Kind.DELEGATIONS: Shape(
        (values.own_address, values.own_address), _one("folders"), "folders", (0, 1)
    ),
    Kind.GRANTS: Shape(
        (values.own_address, values.address, values.folder), _one("rights"), "rights", (0, 2, 1)
    ),
    Kind.ALLOWED_DOMAINS: Shape((values.domain,), _one("allowed"), "allowed"),
    Kind.JUNK_RULES: Shape((values.domain, values.sender), _one("action"), "action", (0, 1)),
    Kind.MESSAGE_RULES: Shape(
        (values.own_address, mail_rules.name), mail_rules.RULE, nesting=(0, 1)
    ),
    Kind.OUT_OF_OFFICE: Shape((values.own_address,), FORMS[Kind.OUT_OF_OFFICE]),
    Kind.DEVICE_POLICIES: Shape((values.text(63),), FORMS[Kind.DEVICE_POLICIES]),
    Kind.DEVICE_ACCESS: Shape((_scope,), FORMS[Kind.DEVICE_ACCESS]),
}
"""What may be administered. Of junk rules it is the domains': people's own are theirs."""


def key_of(kind: Kind, key: str) -> str:
    """Return *key* as it is stored; raises ProblemsError."""
    return " ".join(_names(kind, key))


def _names(kind: Kind, key: str) -> list[str]:
    readers = SHAPES[kind].names
    parts = key.strip().split(" ", len(readers) - 1)
    problems: Problems = []
    if len(parts) != len(readers):
        what = f"is {len(parts)} of the {len(readers)} parts of such a key"
        raise ProblemsError([Problem(KEY, what, "separate them by a blank")])
    read = [reader(part, KEY, problems) for reader, part in zip(readers, parts, strict=True)]
    if problems:
        raise ProblemsError(problems)
    return [str(each) for each in read]


def read(kind: Kind, key: str, fields: object) -> Record:
    """Return the record that *key* and *fields* are; raises ProblemsError, by field."""
    shape, names = SHAPES[kind], _names(kind, key)
    if shape.single is None:
        given, problems = fields, _lacking(shape, fields)
    else:
        given, problems = _single(shape, fields), []
    for at in reversed(shape.nesting):
        given = {names[at]: given}
    at_key = path_of(kind, " ".join(names))
    said = {f"has no {name}" for name in shape.form.required}
    try:
        made = read_kind(kind, given)
    except ProblemsError as error:
        problems.extend(
            placed(each, at_key, shape, whole=shape.single or KEY)
            for each in error.problems
            if each.path != at_key or each.message not in said
        )
    if problems:
        raise ProblemsError(problems)
    return made[0]


def _lacking(shape: Shape, fields: object) -> Problems:
    """Name the fields that are not given: the inventory's reader only says so of the record."""
    there = {} if fields is None else fields
    if not isinstance(there, dict):
        return []
    lacking = [name for name in shape.form.required if name not in there]
    return [Problem(name, "is not given", f"add {name}") for name in lacking]


def _single(shape: Shape, fields: object) -> object:
    """Return the one field that there is; raises ProblemsError."""
    field, problems = str(shape.single), list[Problem]()
    given = read_fields(shape.form, fields, "", problems).get(field)
    if problems:
        raise ProblemsError(
            Problem(each.path.lstrip(".") or field, each.message, each.remedy) for each in problems
        )
    return given


def path_of(kind: Kind, key: str) -> str:
    """Return under which path an inventory has the record of *key*."""
    shape = SHAPES[kind]
    parts = key.split(" ", len(shape.names) - 1)
    return ".".join((f"mail_{kind}", *(parts[at] for at in shape.nesting)))


def placed(
    problem: Problem, at_key: str, shape: Shape, *, whole: str = KEY, strict: bool = False
) -> Problem:
    """
    Return *problem* by field, where it is about the record at *at_key*; else as it is.

    *whole* is what a problem with all of it is put down to. With *strict* it must be a field that
    there is: among others' problems there may be one with ``ada@example.org.uk``.
    """
    rest = problem.path.removeprefix(at_key)
    if problem.path == at_key:
        place = whole
    elif problem.path.startswith(at_key) and rest[0] in ".[":
        place = f"{shape.single}{rest}" if shape.single else rest.lstrip(".")
        if strict and re.split(r"[.\[]", place)[0] not in shape.form.fields:
            return problem
    elif len(shape.names) > 1 and at_key.startswith(f"{problem.path}."):
        place = KEY
    else:
        return problem
    return Problem(place, problem.message, problem.remedy)


def fields_of(record: Record) -> dict[str, object]:
    """Return the fields of *record*, without secrets, those that are as usual too."""
    match record:
        case JunkRule():
            return {"action": record.action}
        case AllowedDomains():
            return {"allowed": list(record.allowed)}
        case Delegation():
            return {"folders": {name: rights_value(mask) for name, mask in record.folders}}
        case Grant():
            return {"rights": rights_value(record.rights)}
        case MessageRule():
            return {"position": record.position, "enabled": record.enabled, **rule_value(record)}
        case _:
            return form_value(record, defaults=True)


_BLANK: Mapping[Kind, Record] = {
    Kind.USERS: User("new@example.org", ""),
    Kind.RESOURCES: Resource("new@example.org", ""),
    Kind.GROUPS: Group("new@example.org", "", ()),
    Kind.OUT_OF_OFFICE: OutOfOffice("new@example.org", ""),
    Kind.DEVICE_POLICIES: DevicePolicy("new"),
    Kind.DEVICE_ACCESS: DeviceAccess("new"),
}


def usual(kind: Kind) -> dict[str, object]:
    """Return the fields of a record that nothing is said of."""
    blank = _BLANK.get(kind)
    return {} if blank is None else fields_of(blank)


def merged(there: Mapping[str, object], patch: Mapping[str, object]) -> dict[str, object]:
    """Return *there* with *patch* merged into it (RFC 7396, section 2)."""
    made = dict(there)
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        elif isinstance(value, dict):
            below = made.get(name)
            made[name] = merged(below if isinstance(below, dict) else {}, value)
        else:
            made[name] = value
    return made
