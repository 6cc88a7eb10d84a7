"""
The way back: a state as the mapping that an inventory holds.

Fields that are as they would be anyway are left out. Loading what comes out, on top of the
directory that it came from, changes nothing.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING

from fermoposta.directory.model import Kind, SecurityQuestion, State, User
from fermoposta.directory.public import (
    actions_value,
    condition_value,
    rights_value,
    role_value,
)
from fermoposta.inventory.contents import DIGEST
from fermoposta.inventory.fields import ATTRIBUTES, FORMS

if TYPE_CHECKING:
    from fermoposta.directory.model import MessageRule, Record

_SECRET = frozenset({"password", "password_hash", "security_questions"})
_NOTHING: tuple[object, ...] = (None, "", ())


def export(state: State, *, hashes: bool = False) -> dict[str, dict[str, object]]:
    """
    Return *state* as the values of an inventory's files, by top-level key, in order.

    Whoever owns a record, it is there. With *hashes*, password hashes and the hashed answers of
    security questions are too: keep such an export as safe as the passwords.
    """
    made: dict[str, dict[str, object]] = {}
    for kind in FORMS:
        records = state.of(kind)
        if records:
            made[f"mail_{kind}"] = {
                key: form_value(record, hashes=hashes) for key, record in sorted(records.items())
            }
    nested: dict[Kind, dict[str, object]] = {
        Kind.DELEGATIONS: _delegations(state),
        Kind.GRANTS: _grants(state),
        Kind.ALLOWED_DOMAINS: {
            key: list(each.allowed) for key, each in sorted(state.allowed_domains.items())
        },
        Kind.JUNK_RULES: _junk_rules(state),
        Kind.MESSAGE_RULES: _rules(state),
        Kind.PICTURES: {
            key: f"{DIGEST}{each.digest}" for key, each in sorted(state.pictures.items())
        },
        Kind.CERTIFICATES: _certificates(state),
    }
    made.update({f"mail_{kind}": values for kind, values in nested.items() if values})
    return made


def form_value(
    record: Record, *, hashes: bool = False, defaults: bool = False
) -> dict[str, object]:
    """
    Return *record*, whose kind has a form, as an inventory writes it below its key.

    With *defaults*, values are there too that are as they would be anyway, if they say anything.
    """
    usual = {each.name: each.default for each in fields(record)}
    made: dict[str, object] = {}
    for name in FORMS[record.kind].fields:
        if name in _SECRET:
            continue
        attribute = ATTRIBUTES.get((record.kind, name), name)
        value = getattr(record, attribute)
        if value != usual[attribute] or (defaults and value not in _NOTHING):
            made[name] = _plain(name, value, record)
    if hashes and isinstance(record, User):
        if record.password_hash:
            made["password_hash"] = record.password_hash
        if record.security_questions:
            made["security_questions"] = [_question(each) for each in record.security_questions]
    return made


def _plain(name: str, value: object, record: Record) -> object:
    if isinstance(record, User) and name == "role":
        return role_value(record.role)
    if record.kind is Kind.DEVICE_ACCESS and isinstance(value, tuple):
        return dict(value)
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _question(each: SecurityQuestion) -> dict[str, object]:
    return {"question": each.question, "answer_hash": each.answer_hash}


def _delegations(state: State) -> dict[str, object]:
    made: dict[str, dict[str, object]] = {}
    for _, each in sorted(state.delegations.items()):
        folders = {name: rights_value(mask) for name, mask in each.folders}
        made.setdefault(each.mailbox, {})[each.delegate] = folders
    return dict(made)


def _grants(state: State) -> dict[str, object]:
    made: dict[str, dict[str, dict[str, object]]] = {}
    for _, each in sorted(state.grants.items()):
        folders = made.setdefault(each.mailbox, {})
        folders.setdefault(each.folder, {})[each.grantee] = rights_value(each.rights)
    return dict(made)


def _junk_rules(state: State) -> dict[str, object]:
    made: dict[str, dict[str, object]] = {}
    for _, each in sorted(state.junk_rules.items()):
        made.setdefault(each.scope, {})[each.sender] = each.action
    return dict(made)


def _certificates(state: State) -> dict[str, object]:
    made: dict[str, list[str]] = {}
    for _, each in sorted(state.certificates.items()):
        made.setdefault(each.address, []).append(f"{DIGEST}{each.digest}")
    return dict(made)


def _rules(state: State) -> dict[str, object]:
    made: dict[str, dict[str, object]] = {}
    for _, each in sorted(state.rules.items()):
        made.setdefault(each.mailbox, {})[each.name] = rule_value(each)
    return dict(made)


def rule_value(rule: MessageRule) -> dict[str, object]:
    """Return *rule* as an inventory writes it, below its mailbox and its name."""
    made: dict[str, object] = {}
    if not rule.enabled:
        made["enabled"] = False
    if rule.position:
        made["position"] = rule.position
    if rule.match != "all":
        made["match"] = rule.match
    if rule.conditions:
        made["conditions"] = [condition_value(each) for each in rule.conditions]
    return {**made, "actions": actions_value(rule.actions)}
