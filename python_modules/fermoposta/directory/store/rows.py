"""Records as rows of the tables, and back. Columns stand in the order in which rows hold them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, cast

from fermoposta.directory.device_policies import elements, settings
from fermoposta.directory.model import (
    Actions,
    Alias,
    AllowedDomains,
    Certificate,
    Company,
    Condition,
    Delegation,
    DeviceAccess,
    DevicePolicy,
    Domain,
    Grant,
    Group,
    JunkRule,
    Kind,
    MessageRule,
    OutOfOffice,
    Owner,
    Picture,
    Record,
    Resource,
    Role,
    SecurityQuestion,
    SendAs,
    User,
)
from fermoposta.directory.public import actions_value, role_value

if TYPE_CHECKING:
    from collections.abc import Callable

Row = tuple[Any, ...]

_OWNERS = {owner.value: owner for owner in Owner}


def _owned(row: Row) -> Row:
    """Return *row*, which ends with the owner, with the owner as records hold it."""
    return (*row[:-1], _OWNERS[row[-1]])


@dataclass(frozen=True, slots=True)
class Table:
    """
    Where the records of a kind lie.

    *write* makes a row of a record, *read* a record of a row; the first *keys* columns name it.
    """

    name: str
    columns: tuple[str, ...]
    write: Callable[[Any], Row]
    read: Callable[[Row], Record]
    keys: int = 1

    def key_of(self, record: Record) -> Row:
        """Return what names *record* in the table."""
        return self.write(record)[: self.keys]


def _questions_out(user: User) -> str | None:
    if user.security_questions is None:
        return None
    return json.dumps(
        [{"question": q.question, "answer_hash": q.answer_hash} for q in user.security_questions]
    )


def _questions_in(value: list[dict[str, str]] | None) -> tuple[SecurityQuestion, ...] | None:
    if value is None:
        return None
    return tuple(SecurityQuestion(q["question"], None, q["answer_hash"]) for q in value)


def _role_in(value: dict[str, Any] | None) -> Role | None:
    if value is None:
        return None
    return Role(value["name"], tuple(value.get("companies", ())), tuple(value.get("domains", ())))


def _user_out(user: User) -> Row:
    return (
        user.address,
        user.name,
        user.given_name,
        user.family_name,
        user.quota_mb,
        user.language,
        user.antivirus,
        user.antispam,
        user.local_delivery,
        list(user.redirect_to),
        user.restrict_sending,
        user.restrict_receiving,
        user.self_service_reset,
        user.recipients_per_hour,
        json.dumps(role_value(user.role)) if user.role else None,
        user.mobile,
        user.recovery_address,
        user.require_app_passwords,
        _questions_out(user),
        user.password_hash,
        user.managed_by.value,
        user.mailbox_id,
    )


def _user_in(row: Row) -> User:
    values: list[Any] = list(row[:19])
    values[9] = tuple(row[9])
    values[14] = _role_in(row[14])
    values[18] = _questions_in(row[18])
    values += [None, row[19], _OWNERS[row[20]], row[21]]
    return User(*values)


def _group_out(group: Group) -> Row:
    word = group.senders if isinstance(group.senders, str) else None
    listed = [] if word is not None else list(group.senders)
    members = list(group.members)
    return (group.address, group.name, members, word, listed, group.managed_by.value)


def _group_in(row: Row) -> Group:
    senders = row[3] if row[3] is not None else tuple(row[4])
    return Group(row[0], row[1], tuple(row[2]), senders, _OWNERS[row[5]])


def _delegation_out(each: Delegation) -> Row:
    folders = json.dumps([list(pair) for pair in each.folders])
    return (each.mailbox, each.delegate, folders, each.managed_by.value)


def _delegation_in(row: Row) -> Delegation:
    folders = tuple((name, mask) for name, mask in cast("list[list[Any]]", row[2]))
    return Delegation(row[0], row[1], folders, _OWNERS[row[3]])


def _rule_out(rule: MessageRule) -> Row:
    conditions = [[each.field, each.test, each.value, each.name] for each in rule.conditions]
    return (
        rule.mailbox,
        rule.name,
        json.dumps(conditions),
        json.dumps(actions_value(rule.actions)),
        rule.match,
        rule.position,
        rule.enabled,
        rule.managed_by.value,
    )


def _rule_in(row: Row) -> MessageRule:
    conditions = tuple(Condition(*each) for each in cast("list[list[Any]]", row[2]))
    actions: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in cast("dict[str, Any]", row[3]).items()
    }
    return MessageRule(
        row[0], row[1], conditions, Actions(**actions), row[4], row[5], row[6], _OWNERS[row[7]]
    )


def _answer_out(each: OutOfOffice) -> Row:
    return (
        each.mailbox,
        each.text,
        each.subject,
        *_when_out(each.starts),
        *_when_out(each.ends),
        each.days,
        each.audience,
        each.enabled,
        each.external,
        each.managed_by.value,
    )


def _answer_in(row: Row) -> OutOfOffice:
    starts, ends = _when_in(row[3], row[4]), _when_in(row[5], row[6])
    return OutOfOffice(
        row[0], row[1], row[2], starts, ends, row[7], row[8], row[9], row[10], _OWNERS[row[11]]
    )


def _when_out(when: date | None) -> tuple[date | None, datetime | None]:
    """Return the day and the moment, of which one is there at most."""
    return (None, when) if isinstance(when, datetime) else (when, None)


def _when_in(day: date | None, moment: datetime | None) -> date | None:
    return day if moment is None else moment.astimezone(UTC)


def _device_policy_out(each: DevicePolicy) -> Row:
    return (
        each.name,
        each.company,
        list(each.applies_to),
        each.position,
        json.dumps(elements(each)),
        each.allow_non_provisionable,
        each.refresh_hours,
        each.managed_by.value,
    )


def _device_policy_in(row: Row) -> DevicePolicy:
    told: dict[str, Any] = settings(cast("dict[str, str]", row[4]))
    return DevicePolicy(
        row[0],
        row[1],
        tuple(row[2]),
        row[3],
        allow_non_provisionable=row[5],
        refresh_hours=row[6],
        managed_by=_OWNERS[row[7]],
        **told,
    )


def _device_access_out(each: DeviceAccess) -> Row:
    types, models = json.dumps(dict(each.types)), json.dumps(dict(each.models))
    return (each.scope, each.unknown, types, models, each.managed_by.value)


def _device_access_in(row: Row) -> DeviceAccess:
    # As JSON an object has no order of its own; here they are in that of their names.
    types, models = (tuple(sorted(cast("dict[str, str]", each).items())) for each in row[2:4])
    return DeviceAccess(row[0], row[1], types, models, _OWNERS[row[4]])


def _content_out(each: Picture | Certificate) -> Row:
    return (each.address, each.digest, each.content, each.managed_by.value)


TABLES: dict[Kind, Table] = {
    Kind.COMPANIES: Table(
        "companies",
        ("key", "name", "managed_by"),
        lambda each: (each.key, each.name, each.managed_by.value),
        lambda row: Company(row[0], row[1], _OWNERS[row[2]]),
    ),
    Kind.DOMAINS: Table(
        "domains",
        ("name", "company", "catch_all", "dkim_selector", "description", "managed_by"),
        lambda each: (
            each.name,
            each.company,
            each.catch_all,
            each.dkim_selector,
            each.description,
            each.managed_by.value,
        ),
        lambda row: Domain(*_owned(row)),
    ),
    Kind.USERS: Table(
        "users",
        (
            "address",
            "name",
            "given_name",
            "family_name",
            "quota_mb",
            "language",
            "antivirus",
            "antispam",
            "local_delivery",
            "redirect_to",
            "restrict_sending",
            "restrict_receiving",
            "self_service_reset",
            "recipients_per_hour",
            "role",
            "mobile",
            "recovery_address",
            "require_app_passwords",
            "security_questions",
            "password_hash",
            "managed_by",
            "mailbox_id",
        ),
        _user_out,
        _user_in,
    ),
    Kind.RESOURCES: Table(
        "resources",
        (
            "address",
            "name",
            "resource_kind",
            "multiple_bookings",
            "quota_mb",
            "language",
            "managed_by",
            "mailbox_id",
        ),
        lambda each: (
            each.address,
            each.name,
            each.resource_kind,
            each.multiple_bookings,
            each.quota_mb,
            each.language,
            each.managed_by.value,
            each.mailbox_id,
        ),
        lambda row: Resource(*(*_owned(row[:7]), row[7])),
    ),
    Kind.ALIASES: Table(
        "aliases",
        ("address", "destinations", "managed_by"),
        lambda each: (each.address, list(each.destinations), each.managed_by.value),
        lambda row: Alias(row[0], tuple(row[1]), _OWNERS[row[2]]),
    ),
    Kind.GROUPS: Table(
        "groups",
        ("address", "name", "members", "senders", "allowed_senders", "managed_by"),
        _group_out,
        _group_in,
    ),
    Kind.SEND_AS: Table(
        "send_as",
        ("address", "senders", "managed_by"),
        lambda each: (each.address, list(each.senders), each.managed_by.value),
        lambda row: SendAs(row[0], tuple(row[1]), _OWNERS[row[2]]),
    ),
    Kind.DELEGATIONS: Table(
        "delegations",
        ("mailbox", "delegate", "folders", "managed_by"),
        _delegation_out,
        _delegation_in,
        keys=2,
    ),
    Kind.GRANTS: Table(
        "grants",
        ("mailbox", "folder", "grantee", "rights", "managed_by"),
        lambda each: (
            each.mailbox,
            each.folder,
            each.grantee,
            each.rights,
            each.managed_by.value,
        ),
        lambda row: Grant(*_owned(row)),
        keys=3,
    ),
    Kind.ALLOWED_DOMAINS: Table(
        "allowed_domains",
        ("domain", "allowed", "managed_by"),
        lambda each: (each.domain, list(each.allowed), each.managed_by.value),
        lambda row: AllowedDomains(row[0], tuple(row[1]), _OWNERS[row[2]]),
    ),
    Kind.JUNK_RULES: Table(
        "junk_rules",
        ("scope", "sender", "action", "managed_by"),
        lambda each: (each.scope, each.sender, each.action, each.managed_by.value),
        lambda row: JunkRule(row[0], row[1], row[2], _OWNERS[row[3]]),
        keys=2,
    ),
    Kind.MESSAGE_RULES: Table(
        "message_rules",
        (
            "mailbox",
            "name",
            "conditions",
            "actions",
            "match",
            "position",
            "enabled",
            "managed_by",
        ),
        _rule_out,
        _rule_in,
        keys=2,
    ),
    Kind.OUT_OF_OFFICE: Table(
        "out_of_office",
        (
            "mailbox",
            "text",
            "subject",
            "starts",
            "starts_at",
            "ends",
            "ends_at",
            "days",
            "audience",
            "enabled",
            "external",
            "managed_by",
        ),
        _answer_out,
        _answer_in,
    ),
    Kind.DEVICE_POLICIES: Table(
        "device_policies",
        (
            "name",
            "company",
            "applies_to",
            "position",
            "elements",
            "allow_non_provisionable",
            "refresh_hours",
            "managed_by",
        ),
        _device_policy_out,
        _device_policy_in,
    ),
    Kind.DEVICE_ACCESS: Table(
        "device_access",
        ("scope", "unknown", "types", "models", "managed_by"),
        _device_access_out,
        _device_access_in,
    ),
    Kind.PICTURES: Table(
        "pictures",
        ("address", "digest", "content", "managed_by"),
        _content_out,
        lambda row: Picture(*_owned(row)),
    ),
    Kind.CERTIFICATES: Table(
        "certificates",
        ("address", "digest", "content", "managed_by"),
        _content_out,
        lambda row: Certificate(*_owned(row)),
        keys=2,
    ),
}
