"""
The fields of each kind, as an inventory writes them: name → reader.

`describe` hands them to whoever prints them (documentation, module options).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.directory.model import Kind, Role, SecurityQuestion
from fermoposta.directory.model.mail_rules import ANSWER_DAYS_MAX, AUDIENCES
from fermoposta.directory.model.records import (
    GROUP_SENDERS,
    LANGUAGES,
    QUOTA_MB_MAX,
    QUOTA_MB_MIN,
    RESOURCE_KINDS,
    ROLE_NAMES,
)
from fermoposta.directory.problem import Problem
from fermoposta.inventory import values
from fermoposta.inventory.values import BAD, Problems, meant, type_name
from fermoposta.inventory.yaml_events import join

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Reader = Callable[[object, str, Problems], object]


@dataclass(frozen=True, slots=True)
class Form:
    """What a mapping may hold, and what it must."""

    fields: Mapping[str, Reader]
    required: tuple[str, ...] = ()


def read_fields(form: Form, given: object, path: str, problems: Problems) -> dict[str, object]:
    """Read the mapping *given* by *form*; what is wrong is noted and left out of the result."""
    if given is None:
        given = {}
    if not isinstance(given, dict):
        remedy = f"write a mapping with {', '.join(form.required or form.fields)}"
        problems.append(Problem(path, f"is {type_name(given)}, not a mapping", remedy))
        return {}
    made: dict[str, object] = {}
    for name, value in given.items():
        reader = form.fields.get(name)
        if reader is None:
            problems.append(
                Problem(join(path, str(name)), "no such field", meant(str(name), form.fields))
            )
            continue
        read = reader(value, f"{path}.{name}", problems)
        if read is not BAD:
            made[name] = read
    for name in form.required:
        if name not in given:
            problems.append(Problem(path, f"has no {name}", f"add {name}"))
    return made


_ROLE = Form(
    {
        "name": values.choice(ROLE_NAMES),
        "companies": values.many(values.text(63)),
        "domains": values.many(values.domain),
    },
    ("name",),
)


def role(value: object, path: str, problems: Problems) -> object:
    """Read what a user administers: companies, domains, or both; but something."""
    before = len(problems)
    made = read_fields(_ROLE, value, path, problems)
    if len(problems) > before:
        return BAD
    if not made.get("companies") and not made.get("domains"):
        problems.append(Problem(path, "administers nothing", "name companies or domains"))
        return BAD
    return Role(**made)  # type: ignore[arg-type]


_QUESTION = Form(
    {
        "question": values.text(200),
        "answer": values.secret,
        "answer_hash": values.password_hash,
    },
    ("question",),
)


def question(value: object, path: str, problems: Problems) -> object:
    """Read a security question with its answer, plain or hashed (F192)."""
    before = len(problems)
    made = read_fields(_QUESTION, value, path, problems)
    if len(problems) > before:
        return BAD
    if ("answer" in made) == ("answer_hash" in made):
        what = "two answers" if "answer" in made else "no answer"
        problems.append(Problem(path, f"has {what}", "give answer or answer_hash"))
        return BAD
    return SecurityQuestion(**made)  # type: ignore[arg-type]


def senders(value: object, path: str, problems: Problems) -> object:
    """Read who may write to a group: a word, or a list of addresses (F159)."""
    if isinstance(value, list | tuple):
        return values.many(values.address)(value, path, problems)
    return values.choice(GROUP_SENDERS)(value, path, problems)


def _quota(value: object, path: str, problems: Problems) -> object:
    remedy = f"give {QUOTA_MB_MIN} (100 MB) to {QUOTA_MB_MAX} (25 GB), a whole number of MB"
    return values.number(QUOTA_MB_MIN, QUOTA_MB_MAX, remedy)(value, path, problems)


_PERSON = values.text(200)

FORMS: Mapping[Kind, Form] = {
    Kind.COMPANIES: Form({"name": values.text(200)}, ("name",)),
    Kind.DOMAINS: Form(
        {
            "company": values.text(63),
            "catch_all": values.address,
            "dkim_selector": values.selector,
            "description": values.text(500, empty=True),
        },
        ("company",),
    ),
    Kind.USERS: Form(
        {
            "name": _PERSON,
            "given_name": _PERSON,
            "family_name": _PERSON,
            "password": values.password,
            "password_hash": values.password_hash,
            "quota_mb": _quota,
            "language": values.choice(LANGUAGES),
            "antivirus": values.switch,
            "antispam": values.switch,
            "local_delivery": values.switch,
            "redirect_to": values.many(values.address),
            "restrict_sending": values.switch,
            "restrict_receiving": values.switch,
            "self_service_reset": values.switch,
            "recipients_per_hour": values.number(
                1, 1_000_000, "give 1 to 1000000, or leave it out for the site's limit"
            ),
            "mobile": values.mobile,
            "recovery_address": values.address,
            "security_questions": values.many(question),
            "role": role,
        },
        ("name",),
    ),
    Kind.RESOURCES: Form(
        {
            "name": _PERSON,
            "kind": values.choice(RESOURCE_KINDS),
            "multiple_bookings": values.number(0, 1000, "give 0 (no limit) to 1000"),
            "quota_mb": _quota,
            "language": values.choice(LANGUAGES),
        },
        ("name",),
    ),
    Kind.ALIASES: Form({"destinations": values.many(values.address, least=1)}, ("destinations",)),
    Kind.GROUPS: Form(
        {"name": _PERSON, "members": values.many(values.address), "senders": senders},
        ("name", "members"),
    ),
    Kind.SEND_AS: Form({"senders": values.many(values.own_address, least=1)}, ("senders",)),
    Kind.OUT_OF_OFFICE: Form(
        {
            "text": values.block(10_000),
            "subject": values.text(200, empty=True),
            "from": values.day,
            "until": values.day,
            "days": values.number(1, ANSWER_DAYS_MAX, f"give 1 to {ANSWER_DAYS_MAX}"),
            "audience": values.choice(AUDIENCES),
            "enabled": values.switch,
        },
        ("text",),
    ),
}
"""The kinds whose records are a mapping of fields below their key."""

ATTRIBUTES: Mapping[tuple[Kind, str], str] = {
    (Kind.RESOURCES, "kind"): "resource_kind",
    (Kind.OUT_OF_OFFICE, "from"): "starts",
    (Kind.OUT_OF_OFFICE, "until"): "ends",
}
"""What a record calls a field that an inventory calls otherwise."""
