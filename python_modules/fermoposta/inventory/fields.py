"""
The fields of each kind, as an inventory writes them: name → reader.

`describe` hands them to whoever prints them (documentation, module options).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.directory.model import Kind, Role, SecurityQuestion
from fermoposta.directory.model.devices import (
    ACCESS,
    BLUETOOTH,
    CALENDAR_AGES,
    MAIL_AGES,
    NEGOTIATIONS,
)
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


def access(value: object, path: str, problems: Problems) -> object:
    """Read what devices call themselves, and what happens to them."""
    if not isinstance(value, dict) or not value:
        what = "is empty" if value == {} else f"is {type_name(value)}, not a mapping"
        problems.append(Problem(path, what, "write a mapping such as iPhone: allow"))
        return BAD
    made: dict[str, str] = {}
    for name, word in value.items():
        below = join(path, str(name))
        key = values.text(100)(name, below, problems)
        read = values.choice(ACCESS)(word, below, problems)
        if not isinstance(key, str) or not isinstance(read, str):
            continue
        if key.lower() in made:
            problems.append(
                Problem(below, "stands there in another spelling too", "keep one of the two")
            )
        made[key.lower()] = read
    return tuple(sorted(made.items()))


def _count(low: int, high: int, what: str) -> Reader:
    remedy = f"give {low} to {high} {what}, or leave it out to demand nothing"
    return values.number(low, high, remedy)


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
            "require_app_passwords": values.switch,
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
            "external": values.block(10_000),
            "subject": values.text(200, empty=True),
            "from": values.moment,
            "until": values.moment,
            "days": values.number(1, ANSWER_DAYS_MAX, f"give 1 to {ANSWER_DAYS_MAX}"),
            "audience": values.choice(AUDIENCES),
            "enabled": values.switch,
        },
        ("text",),
    ),
    Kind.DEVICE_POLICIES: Form(
        {
            "company": values.text(63),
            "applies_to": values.many(values.own_address, least=1),
            "position": values.number(0, 10_000, "give 0 to 10000"),
            "allow_non_provisionable": values.switch,
            "refresh_hours": _count(1, 8_760, "hours"),
            "password_required": values.switch,
            "password_alphanumeric": values.switch,
            "password_simple": values.switch,
            "password_minimum_length": _count(1, 16, "characters"),
            "password_complex_characters": _count(1, 4, "kinds of characters"),
            "password_failed_attempts": _count(4, 16, "attempts"),
            "password_expires_days": _count(1, 730, "days"),
            "password_history": _count(1, 50, "passwords"),
            "password_recovery": values.switch,
            "lock_after_seconds": _count(1, 9_998, "seconds"),
            "device_encryption": values.switch,
            "storage_card": values.switch,
            "storage_card_encryption": values.switch,
            "camera": values.switch,
            "wifi": values.switch,
            "bluetooth": values.choice(BLUETOOTH),
            "infrared": values.switch,
            "internet_sharing": values.switch,
            "remote_desktop": values.switch,
            "desktop_sync": values.switch,
            "text_messaging": values.switch,
            "browser": values.switch,
            "consumer_mail": values.switch,
            "other_mail": values.switch,
            "unsigned_applications": values.switch,
            "unsigned_installers": values.switch,
            "html_mail": values.switch,
            "attachments_allowed": values.switch,
            "max_attachment_bytes": _count(1, 2**31 - 1, "bytes"),
            "mail_age": values.choice(MAIL_AGES),
            "calendar_age": values.choice(CALENDAR_AGES),
            "max_text_kb": _count(1, 1_048_576, "KB"),
            "max_html_kb": _count(1, 1_048_576, "KB"),
            "manual_sync_when_roaming": values.switch,
            "smime_signed": values.switch,
            "smime_encrypted": values.switch,
            "smime_soft_certificates": values.switch,
            "smime_negotiation": values.choice(NEGOTIATIONS),
        }
    ),
    Kind.DEVICE_ACCESS: Form(
        {
            "unknown": values.choice(ACCESS),
            "types": access,
            "models": access,
        }
    ),
}
"""The kinds whose records are a mapping of fields below their key."""

ATTRIBUTES: Mapping[tuple[Kind, str], str] = {
    (Kind.RESOURCES, "kind"): "resource_kind",
    (Kind.OUT_OF_OFFICE, "from"): "starts",
    (Kind.OUT_OF_OFFICE, "until"): "ends",
}
"""What a record calls a field that an inventory calls otherwise."""
