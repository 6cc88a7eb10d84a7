"""Readers of message rules: conditions, actions, and the rule that is made of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fermoposta.directory.model import Actions, Condition, MessageRule
from fermoposta.directory.model.mail_rules import CONDITION_FIELDS, RULE_MATCHES
from fermoposta.directory.problem import Problem
from fermoposta.inventory import values
from fermoposta.inventory.fields import Form, read_fields
from fermoposta.inventory.values import BAD, Problems, quoted, type_name

if TYPE_CHECKING:
    from collections.abc import Mapping

SIZE_MAX = 2**31 - 1
"""Bytes; larger than any message that is taken."""
TARGETS_MAX = 10
"""How many addresses one rule may forward or redirect to: it is no mailing list."""
_HEADER = re.compile(r"[!-9;-~]{1,76}")
_MARK = re.compile(r"[A-Za-z$_][A-Za-z0-9$_.-]{0,49}")
_TEXT_TESTS = ("contains", "is")
_SIZE_TESTS = ("over", "under")


def _as_given(value: object, _path: str, _problems: Problems) -> object:
    return value


def _header(value: object, path: str, problems: Problems) -> object:
    """Read the name of a header (RFC 5322, section 2.2)."""
    if isinstance(value, str) and _HEADER.fullmatch(value):
        return value
    problems.append(Problem(path, "is no header's name", "write it like List-Id, without colon"))
    return BAD


_CONDITION = Form(
    {
        "field": values.choice(CONDITION_FIELDS),
        "name": _header,
        **dict.fromkeys((*_TEXT_TESTS, *_SIZE_TESTS), _as_given),
    },
    ("field",),
)
_text = values.text(500)
_size = values.number(1, SIZE_MAX, f"give bytes, 1 to {SIZE_MAX}")


def condition(value: object, path: str, problems: Problems) -> object:
    """Read one condition: a field, and one test of it."""
    before = len(problems)
    made = read_fields(_CONDITION, value, path, problems)
    if len(problems) > before:
        return BAD
    field = str(made.pop("field"))
    name = str(made.pop("name", ""))
    if bool(name) != (field == "header"):
        remedy = "name the header" if field == "header" else "leave it out, or say field: header"
        problems.append(Problem(f"{path}.name", f"does not go with {field}", remedy))
        return BAD
    tests = {"size": _SIZE_TESTS, "has_attachment": ("is",)}.get(field, _TEXT_TESTS)
    if len(made) != 1 or next(iter(made)) not in tests:
        said = " and ".join(made) or "nothing"
        remedy = f"compare it with {' or '.join(tests)}"
        problems.append(Problem(path, f"compares {field} with {said}", remedy))
        return BAD
    ((test, given),) = made.items()
    readers = {"size": _size, "has_attachment": values.switch}
    read = readers.get(field, _text)(given, f"{path}.{test}", problems)
    return BAD if read is BAD else Condition(field, test, read, name)  # type: ignore[arg-type]


def _mark(value: object, path: str, problems: Problems) -> object:
    """Read ``read``, ``flagged`` or a keyword (RFC 9051, section 2.3.2)."""
    if isinstance(value, str) and _MARK.fullmatch(value):
        return value
    said = quoted(value) if isinstance(value, str) else type_name(value)
    remedy = "write read, flagged, or a word of letters, digits and hyphens"
    problems.append(Problem(path, f"{said} is no mark", remedy))
    return BAD


def _folder(value: object, path: str, problems: Problems) -> object:
    if value == "/":
        problems.append(Problem(path, "is the whole mailbox", "name a folder"))
        return BAD
    return values.folder(value, path, problems)


def _targets(value: object, path: str, problems: Problems) -> object:
    read = values.many(values.address, least=1)(value, path, problems)
    if isinstance(read, tuple) and len(read) > TARGETS_MAX:
        problems.append(Problem(path, f"names more than {TARGETS_MAX}", "make a group of them"))
        return BAD
    return read


_ACTIONS = Form(
    {
        "forward": _targets,
        "redirect": _targets,
        "mark": values.many(_mark, least=1),
        "copy": _folder,
        "move": _folder,
        "discard": values.switch,
        "stop": values.switch,
    }
)


def actions(value: object, path: str, problems: Problems) -> object:
    """Read what a rule does: something, and not two things that exclude each other."""
    before = len(problems)
    made = read_fields(_ACTIONS, value, path, problems)
    if len(problems) > before:
        return BAD
    read = Actions(**made)  # type: ignore[arg-type]
    if read == Actions():
        problems.append(Problem(path, "does nothing", f"say one of {', '.join(_ACTIONS.fields)}"))
    elif read.discard and (read.move or read.copy):
        problems.append(Problem(path, "discards and keeps", "leave out discard, or move and copy"))
    else:
        return read
    return BAD


RULE = Form(
    {
        "enabled": values.switch,
        "match": values.choice(RULE_MATCHES),
        "position": values.number(0, 10_000, "give 0 to 10000"),
        "conditions": values.many(condition),
        "actions": actions,
    },
    ("actions",),
)

name = values.text(100)
"""Reads the name of a rule."""


def rule(mailbox: str, key: str, fields: Mapping[str, Any]) -> MessageRule:
    """Make the rule *key* of *mailbox* of what was read of it."""
    return MessageRule(mailbox, key, **fields)
