"""Records as plain values, without secrets: for diffs, for JSON, for the audit."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING

from fermoposta.directory.model import (
    Actions,
    Condition,
    Delegation,
    DeviceAccess,
    Grant,
    MessageRule,
    Record,
    Resource,
    Role,
    User,
    names_of,
    profile_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_HIDDEN = frozenset(
    {
        "password",
        "password_hash",
        "security_questions",
        "role",
        "rights",
        "folders",
        "mailbox_id",
        "conditions",
        "actions",
        "types",
        "models",
        "content",
    }
)
_shown_fields: dict[type, tuple[str, ...]] = {}


def rights_value(mask: int) -> str | list[str]:
    """Return *mask* as an inventory writes it: a profile's name, or the list of the rights."""
    return profile_of(mask) or names_of(mask)


def role_value(role: Role | None) -> dict[str, object] | None:
    """Return *role* as an inventory writes it."""
    if role is None:
        return None
    value: dict[str, object] = {"name": role.name}
    if role.companies:
        value["companies"] = list(role.companies)
    if role.domains:
        value["domains"] = list(role.domains)
    return value


def condition_value(condition: Condition) -> dict[str, object]:
    """Return *condition* as an inventory writes it."""
    named = {"name": condition.name} if condition.name else {}
    return {"field": condition.field, **named, condition.test: condition.value}


def actions_value(actions: Actions) -> dict[str, object]:
    """Return *actions* as an inventory writes them."""
    values = {each.name: getattr(actions, each.name) for each in fields(actions)}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if value
    }


def _of_user(user: User, shown: dict[str, object]) -> None:
    shown["role"] = role_value(user.role)
    if user.security_questions:
        shown["security_questions"] = [each.question for each in user.security_questions]


def _of_grant(grant: Grant, shown: dict[str, object]) -> None:
    shown["rights"] = rights_value(grant.rights)


def _of_delegation(delegation: Delegation, shown: dict[str, object]) -> None:
    shown["folders"] = {name: rights_value(mask) for name, mask in delegation.folders}


def _of_rule(rule: MessageRule, shown: dict[str, object]) -> None:
    shown["conditions"] = [condition_value(each) for each in rule.conditions]
    shown["actions"] = actions_value(rule.actions)


def _of_device_access(access: DeviceAccess, shown: dict[str, object]) -> None:
    shown["types"] = dict(access.types)
    shown["models"] = dict(access.models)


_MORE: dict[type, Callable[..., None]] = {
    User: _of_user,
    Grant: _of_grant,
    Delegation: _of_delegation,
    MessageRule: _of_rule,
    DeviceAccess: _of_device_access,
}


def public(record: Record | None) -> dict[str, object]:
    """Return *record* as values of JSON, without secrets; empty where there is none."""
    if record is None:
        return {}
    cls = type(record)
    names = _shown_fields.get(cls)
    if names is None:
        names = tuple(name for name in cls.__dataclass_fields__ if name not in _HIDDEN)
        _shown_fields[cls] = names
    shown: dict[str, object] = {}
    for name in names:
        value = getattr(record, name)
        if isinstance(value, tuple):
            value = list(value)
        elif isinstance(value, date):
            value = value.isoformat()
        shown[name] = value
    if more := _MORE.get(cls):
        more(record, shown)
    if isinstance(record, User | Resource) and record.mailbox_id:
        shown["mailbox_id"] = record.mailbox_id
    return shown


def public_pair(
    before: Record | None, after: Record | None
) -> tuple[dict[str, object], dict[str, object]]:
    """Return both as values of JSON; a password that changes is said to, not shown."""
    old, new = public(before), public(after)
    if isinstance(after, User):
        stored = before.password_hash if isinstance(before, User) else None
        if after.password is not None or after.password_hash != stored:
            new["password"] = "(new)"  # noqa: S105 - says that there is one
            if before is not None:
                old["password"] = "(old)" if stored else None
    return old, new
