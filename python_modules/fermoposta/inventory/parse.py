"""
From what was read to records, or to every problem at once.

* InventoryError         something is wrong; `problems` says everything that is
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from typing import TYPE_CHECKING

from fermoposta.directory.check import check
from fermoposta.directory.model import (
    ALL_KINDS,
    Alias,
    AllowedDomains,
    Certificate,
    Company,
    Delegation,
    DeviceAccess,
    DevicePolicy,
    Domain,
    Grant,
    Group,
    JunkRule,
    Kind,
    OutOfOffice,
    Picture,
    Record,
    Resource,
    SendAs,
    State,
    User,
)
from fermoposta.directory.model.records import DELEGATION_FOLDERS, JUNK_ACTIONS
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.inventory import contents, mail_rules, values
from fermoposta.inventory.fields import ATTRIBUTES, FORMS, read_fields
from fermoposta.inventory.load import PREFIX, Raw
from fermoposta.inventory.values import BAD, Problems, meant, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    Reader = Callable[[object, str, Problems], object]
    Fields = dict[str, object]


class InventoryError(ProblemsError):
    """What was declared cannot be; *problems* holds every reason."""


def parse(raw: Raw, *, base: State | None = None, kinds: Collection[Kind] = ALL_KINDS) -> State:
    """
    Return the state that *raw* declares.

    With *base*, only *kinds* are taken from *raw*, and what they refer to is looked for in
    *base* too: that is how one kind alone is declared. Raises InventoryError.
    """
    problems = list(raw.problems)
    parsed = _Parsed(problems)
    known = {f"{PREFIX}{kind}": kind for kind in kinds}
    problems.extend(
        Problem(name, "no such part of an inventory", meant(name, known))
        for name in raw.data
        if name not in known
    )
    for name, kind in known.items():
        if name in raw.data:
            parsed.folder = raw.files[name].parent if name in raw.files else None
            _READERS[kind](parsed, name, raw.data[name])
    state = base.with_kinds(kinds, parsed.state) if base is not None else parsed.state
    problems.extend(check(state))
    if problems:
        raise InventoryError(raw.located(problems))
    return state


def read_kind(kind: Kind, given: object) -> list[Record]:
    """
    Return the records that *given* is in the place of ``mail_<kind>``; raises InventoryError.

    What they refer to is not looked for: whoever plans with them checks that.
    """
    problems: Problems = []
    parsed = _Parsed(problems)
    _READERS[kind](parsed, f"{PREFIX}{kind}", given)
    if problems:
        raise InventoryError(problems)
    return list(parsed.state.of(kind).values())


@dataclass(slots=True)
class _Parsed:
    """The records so far, and what is wrong so far; *folder* is that of the file being read."""

    problems: Problems
    state: State = field(default_factory=State)
    folder: Path | None = None

    def put(self, record: Record, path: str) -> None:
        """Take in *record*, unless its key stood there before in another spelling."""
        key = record.key
        if key in self.state.of(record.kind):
            self.problems.append(
                Problem(path, f"is {key} again, in another spelling", "keep one of the two")
            )
            return
        self.state.of(record.kind)[key] = record


def _entries(
    parsed: _Parsed, path: str, given: object, read_key: Reader
) -> Iterator[tuple[str, str, object]]:
    """Go through a mapping: path, key in its stored form, value."""
    if given is None:
        return
    if not isinstance(given, dict):
        remedy = "write a mapping, one key for each"
        parsed.problems.append(Problem(path, f"is {type_name(given)}, not a mapping", remedy))
        return
    for name, value in given.items():
        below = f"{path}.{name}"
        key = read_key(name, below, parsed.problems)
        if isinstance(key, str):
            yield below, key, value


def _of_form(
    kind: Kind, read_key: Reader, make: Callable[[str, Fields], Record]
) -> Callable[[_Parsed, str, object], None]:
    form = FORMS[kind]

    def read(parsed: _Parsed, path: str, given: object) -> None:
        for below, key, value in _entries(parsed, path, given, read_key):
            fields = read_fields(form, value, below, parsed.problems)
            if kind is Kind.DEVICE_POLICIES and not (
                isinstance(value, dict) and value.keys() - fields.keys()
            ):
                _refuse_idle(fields, below, parsed.problems)
            if kind is Kind.USERS:
                _settle_password(fields, below, parsed.problems)
                if isinstance(value, dict) and "redirect_to" in value.keys() - fields.keys():
                    fields.pop("local_delivery", None)  # the one problem is enough
            named = {ATTRIBUTES.get((kind, name), name): each for name, each in fields.items()}
            parsed.put(make(key, named), below)

    return read


def _settle_password(fields: Fields, path: str, problems: Problems) -> None:
    """Let a hash that was given as a password be what it is; two of them are one too many."""
    given = fields.get("password")
    if given is not None and "password_hash" in fields:
        problems.append(Problem(path, "has password and password_hash", "keep one of the two"))
    if isinstance(given, str):
        fields["password_hash"] = fields.pop("password")


_UNDEMANDING = {each.name: each.default for each in fields_of(DevicePolicy)}


def _refuse_idle(fields: Fields, path: str, problems: Problems) -> None:
    """Note what no device would do: demands on a password that need not be there, and such."""
    for name, value in fields.items():
        about = name.startswith("password_") or name == "lock_after_seconds"
        if about and not fields.get("password_required") and value != _UNDEMANDING[name]:
            remedy = "add password_required: true, or take it out"
            problems.append(Problem(f"{path}.{name}", "is about a password that none need", remedy))
    if "max_attachment_bytes" in fields and fields.get("attachments_allowed") is False:
        remedy = "take it out, or attachments_allowed"
        what = "limits attachments, of which there are none"
        problems.append(Problem(f"{path}.max_attachment_bytes", what, remedy))


def _company_key(value: object, path: str, problems: Problems) -> object:
    name = values.text(63)(value, path, problems)
    if isinstance(name, str) and not name.replace("-", "").replace("_", "").isalnum():
        problems.append(
            Problem(path, "is no key of a company", "use letters, digits, hyphens, underscores")
        )
        return BAD
    return name


def _company(key: str, fields: Fields) -> Record:
    return Company(key, str(fields.get("name", key)))


def _domain(key: str, fields: Fields) -> Record:
    fields.setdefault("company", "")
    return Domain(key, **fields)  # type: ignore[arg-type]


def _user(key: str, fields: Fields) -> Record:
    fields.setdefault("name", key)
    return User(key, **fields)  # type: ignore[arg-type]


def _resource(key: str, fields: Fields) -> Record:
    fields.setdefault("name", key)
    return Resource(key, **fields)  # type: ignore[arg-type]


def _alias(key: str, fields: Fields) -> Record:
    return Alias(key, fields.get("destinations", ()))  # type: ignore[arg-type]


def _group(key: str, fields: Fields) -> Record:
    fields.setdefault("name", key)
    fields.setdefault("members", ())
    return Group(key, **fields)  # type: ignore[arg-type]


def _send_as(key: str, fields: Fields) -> Record:
    return SendAs(key, fields.get("senders", ()))  # type: ignore[arg-type]


def _delegations(parsed: _Parsed, path: str, given: object) -> None:
    for below, mailbox, delegates in _entries(parsed, path, given, values.own_address):
        for deeper, delegate, folders in _entries(parsed, below, delegates, values.own_address):
            masks: dict[str, int] = {}
            for at, name, rights in _entries(parsed, deeper, folders, _folder_name):
                mask = values.rights(rights, at, parsed.problems)
                if isinstance(mask, int):
                    masks[name] = mask
            ordered = tuple((name, masks[name]) for name in DELEGATION_FOLDERS if name in masks)
            parsed.put(Delegation(mailbox, delegate, ordered), deeper)


_folder_name = values.choice(DELEGATION_FOLDERS)


def _grants(parsed: _Parsed, path: str, given: object) -> None:
    for below, mailbox, folders in _entries(parsed, path, given, values.own_address):
        for deeper, folder, grantees in _entries(parsed, below, folders, values.folder):
            for at, grantee, rights in _entries(parsed, deeper, grantees, values.address):
                mask = values.rights(rights, at, parsed.problems)
                if isinstance(mask, int):
                    parsed.put(Grant(mailbox, folder, grantee, mask), at)


def _allowed_domains(parsed: _Parsed, path: str, given: object) -> None:
    read = values.many(values.domain)
    for below, domain, allowed in _entries(parsed, path, given, values.domain):
        domains = read(allowed, below, parsed.problems)
        parsed.put(AllowedDomains(domain, domains if isinstance(domains, tuple) else ()), below)


def _scope(value: object, path: str, problems: Problems) -> object:
    read = values.own_address if isinstance(value, str) and "@" in value else values.domain
    return read(value, path, problems)


_action = values.choice(JUNK_ACTIONS)


def _junk_rules(parsed: _Parsed, path: str, given: object) -> None:
    for below, scope, rules in _entries(parsed, path, given, _scope):
        for deeper, sender, action in _entries(parsed, below, rules, values.sender):
            meaning = _action(action, deeper, parsed.problems)
            if isinstance(meaning, str):
                parsed.put(JunkRule(scope, sender, meaning), deeper)


def _out_of_office(key: str, fields: Fields) -> Record:
    fields.setdefault("text", "")
    return OutOfOffice(key, **fields)  # type: ignore[arg-type]


_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}")


def _policy_name(value: object, path: str, problems: Problems) -> object:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    problems.append(
        Problem(path, "is no name of a policy", "use letters, digits, hyphens, underscores")
    )
    return BAD


def _device_policy(key: str, fields: Fields) -> Record:
    return DevicePolicy(key, **fields)  # type: ignore[arg-type]


def _company_or_user(value: object, path: str, problems: Problems) -> object:
    read = values.own_address if isinstance(value, str) and "@" in value else _company_key
    return read(value, path, problems)


def _device_access(key: str, fields: Fields) -> Record:
    return DeviceAccess(key, **fields)  # type: ignore[arg-type]


def _rules(parsed: _Parsed, path: str, given: object) -> None:
    for below, mailbox, rules in _entries(parsed, path, given, values.own_address):
        for deeper, name, rule in _entries(parsed, below, rules, mail_rules.name):
            fields = read_fields(mail_rules.RULE, rule, deeper, parsed.problems)
            parsed.put(mail_rules.rule(mailbox, name, fields), deeper)


def _pictures(parsed: _Parsed, path: str, given: object) -> None:
    for below, address, value in _entries(parsed, path, given, values.own_address):
        read = contents.picture(value, below, parsed.problems, parsed.folder)
        if isinstance(read, contents.Content):
            parsed.put(Picture(address, read.digest, read.content), below)


def _certificates(parsed: _Parsed, path: str, given: object) -> None:
    for below, address, listed in _entries(parsed, path, given, values.own_address):
        if not isinstance(listed, list | tuple):
            remedy = "write a list of files, with a hyphen before each"
            what = f"is {type_name(listed)}, not a list"
            parsed.problems.append(Problem(below, what, remedy))
            continue
        for position, value in enumerate(listed):
            at = f"{below}[{position}]"
            read = contents.certificate(value, at, parsed.problems, parsed.folder)
            if not isinstance(read, contents.Content):
                continue
            found = Certificate(address, read.digest, read.content)
            if found.key in parsed.state.certificates:
                what = "is the same certificate as another one of the list"
                parsed.problems.append(Problem(at, what, "keep one of the two"))
            else:
                parsed.state.put(found)


_READERS: dict[Kind, Callable[[_Parsed, str, object], None]] = {
    Kind.COMPANIES: _of_form(Kind.COMPANIES, _company_key, _company),
    Kind.DOMAINS: _of_form(Kind.DOMAINS, values.domain, _domain),
    Kind.USERS: _of_form(Kind.USERS, values.own_address, _user),
    Kind.RESOURCES: _of_form(Kind.RESOURCES, values.own_address, _resource),
    Kind.ALIASES: _of_form(Kind.ALIASES, values.own_address, _alias),
    Kind.GROUPS: _of_form(Kind.GROUPS, values.own_address, _group),
    Kind.SEND_AS: _of_form(Kind.SEND_AS, values.own_address, _send_as),
    Kind.DELEGATIONS: _delegations,
    Kind.GRANTS: _grants,
    Kind.ALLOWED_DOMAINS: _allowed_domains,
    Kind.JUNK_RULES: _junk_rules,
    Kind.MESSAGE_RULES: _rules,
    Kind.OUT_OF_OFFICE: _of_form(Kind.OUT_OF_OFFICE, values.own_address, _out_of_office),
    Kind.DEVICE_POLICIES: _of_form(Kind.DEVICE_POLICIES, _policy_name, _device_policy),
    Kind.DEVICE_ACCESS: _of_form(Kind.DEVICE_ACCESS, _company_or_user, _device_access),
    Kind.PICTURES: _pictures,
    Kind.CERTIFICATES: _certificates,
}
