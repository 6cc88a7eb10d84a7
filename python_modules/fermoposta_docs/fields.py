"""
What each field of an inventory means, in a sentence, and what an editor may check of it.

Which fields there are, which are required and their defaults come from the code; a test fails where
one has no sentence here.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from fermoposta.directory.model import (
    PROFILES,
    RIGHTS,
    Alias,
    Company,
    Domain,
    Group,
    Kind,
    OutOfOffice,
    Resource,
    SendAs,
    User,
)
from fermoposta.directory.model.mail_rules import (
    ANSWER_DAYS_MAX,
    AUDIENCES,
    CONDITION_FIELDS,
    RULE_MATCHES,
)
from fermoposta.directory.model.records import (
    DELEGATION_FOLDERS,
    GROUP_SENDERS,
    JUNK_ACTIONS,
    LANGUAGES,
    QUOTA_MB_MAX,
    QUOTA_MB_MIN,
    RESOURCE_KINDS,
    ROLE_NAMES,
)
from fermoposta.inventory.fields import ATTRIBUTES, FORMS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
SWITCH: Schema = {"type": "boolean"}
ADDRESS: Schema = {"type": "string", "pattern": "^[^@\\s]+@[^@\\s]+$"}
DOMAIN: Schema = {"type": "string", "pattern": "^[^@\\s]+\\.[^@\\s]+$"}
ADDRESSES: Schema = {"type": "array", "items": ADDRESS, "uniqueItems": True}
DOMAINS: Schema = {"type": "array", "items": DOMAIN, "uniqueItems": True}
QUOTA: Schema = {"type": "integer", "minimum": QUOTA_MB_MIN, "maximum": QUOTA_MB_MAX}
LANGUAGE: Schema = {"enum": list(LANGUAGES)}
DAY: Schema = {"type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"}
SECRET: Schema = {"type": "string", "minLength": 1}
RIGHTS_SCHEMA: Schema = {
    "anyOf": [
        {"enum": list(PROFILES)},
        {"type": "array", "items": {"enum": list(RIGHTS)}, "uniqueItems": True},
        {"type": "integer"},
    ]
}
ROLE: Schema = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"enum": list(ROLE_NAMES)},
        "companies": {"type": "array", "items": TEXT},
        "domains": DOMAINS,
    },
}
QUESTIONS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["question"],
        "additionalProperties": False,
        "properties": {"question": TEXT, "answer": SECRET, "answer_hash": SECRET},
    },
}

_RECORDS: Mapping[Kind, type] = {
    Kind.COMPANIES: Company,
    Kind.DOMAINS: Domain,
    Kind.USERS: User,
    Kind.RESOURCES: Resource,
    Kind.ALIASES: Alias,
    Kind.GROUPS: Group,
    Kind.SEND_AS: SendAs,
    Kind.OUT_OF_OFFICE: OutOfOffice,
}

_MEANINGS: Mapping[Kind, Mapping[str, tuple[Schema, str]]] = {
    Kind.COMPANIES: {"name": (TEXT, "The company's name, as administrators see it.")},
    Kind.DOMAINS: {
        "company": (TEXT, "Key of the company that owns it."),
        "catch_all": (
            ADDRESS,
            "Address that takes mail to addresses that don't exist; such mail is refused without.",
        ),
        "dkim_selector": (TEXT, "Selector of its DKIM key (RFC 6376)."),
        "description": ({"type": "string"}, "A remark for administrators."),
    },
    Kind.USERS: {
        "name": (TEXT, "The name that others see."),
        "given_name": (TEXT, "Given name, for address books."),
        "family_name": (TEXT, "Family name, for address books."),
        "password": (
            SECRET,
            (
                "At least 8 characters with a digit, an upper- and a lower-case letter; or a hash "
                "in Dovecot's notation, `{ARGON2ID}…`. Used when the user is made. Vault it."
            ),
        ),
        "password_hash": (SECRET, "A hash in Dovecot's notation, instead of `password`."),
        "quota_mb": (QUOTA, "Size of the mailbox in MB: 100 (100 MB) to 25600 (25 GB)."),
        "language": (LANGUAGE, "Language of the folders' names and of the portal."),
        "antivirus": (SWITCH, "Whether infected mail goes to Quarantena."),
        "antispam": (SWITCH, "Whether spam goes to Quarantena."),
        "local_delivery": (
            SWITCH,
            "Whether mail is delivered to the mailbox; `false` needs `redirect_to`.",
        ),
        "redirect_to": (ADDRESSES, "Addresses to which all mail is redirected, unchanged."),
        "restrict_sending": (
            SWITCH,
            "Whether the user may write to the own and to allowed domains only.",
        ),
        "restrict_receiving": (
            SWITCH,
            "Whether the user receives from the own and from allowed domains only.",
        ),
        "self_service_reset": (SWITCH, "Whether a forgotten password may be set anew."),
        "recipients_per_hour": (
            {"type": "integer", "minimum": 1, "maximum": 1_000_000},
            "To how many recipients the user may write in an hour; the site's limit if left out.",
        ),
        "mobile": (TEXT, "Number for new passwords by SMS, `+39…`. The user's own if left out."),
        "recovery_address": (
            ADDRESS,
            "Address for links to a new password. The user's own if left out.",
        ),
        "security_questions": (
            QUESTIONS,
            "Questions, each with `answer` or `answer_hash`. The user's own if left out.",
        ),
        "role": (
            ROLE,
            (
                "What the user administers: `name` is `administrator` or `mail_administrator`, and "
                "`companies`, `domains` or both say of what."
            ),
        ),
    },
    Kind.RESOURCES: {
        "name": (TEXT, "The name that others see."),
        "kind": ({"enum": list(RESOURCE_KINDS)}, "A room, a thing, or a group of them."),
        "multiple_bookings": (
            {"type": "integer", "minimum": 0, "maximum": 1000},
            "How many bookings may overlap; 0 is without a limit.",
        ),
        "quota_mb": (QUOTA, "Size of its mailbox in MB, 100 to 25600."),
        "language": (LANGUAGE, "Language of its answers."),
    },
    Kind.ALIASES: {
        "destinations": (
            {**ADDRESSES, "minItems": 1},
            "Addresses, here or elsewhere, that its mail goes to.",
        )
    },
    Kind.GROUPS: {
        "name": (TEXT, "The name that others see."),
        "members": (ADDRESSES, "Addresses of its members."),
        "senders": (
            {"anyOf": [{"enum": list(GROUP_SENDERS)}, ADDRESSES]},
            "Who may write to it: `anyone`, `company`, `members`, or a list of addresses.",
        ),
    },
    Kind.SEND_AS: {"senders": ({**ADDRESSES, "minItems": 1}, "Addresses of the users who may.")},
    Kind.OUT_OF_OFFICE: {
        "text": (TEXT, "The answer."),
        "subject": ({"type": "string"}, "Its subject; that of the message answered if left out."),
        "from": (DAY, "First day, by the host's clock; at once if left out."),
        "until": (DAY, "Last day; without an end if left out."),
        "days": (
            {"type": "integer", "minimum": 1, "maximum": ANSWER_DAYS_MAX},
            "In how many days a sender is answered once.",
        ),
        "audience": (
            {"enum": list(AUDIENCES)},
            "Who is answered: `everybody`, or only senders of the `company`.",
        ),
        "enabled": (SWITCH, "Whether it answers."),
    },
}


@dataclass(frozen=True, slots=True)
class FieldDoc:
    """A field as the documents show it; *default* is None where it has none or is required."""

    name: str
    required: bool
    default: object
    meaning: str
    schema: Schema


def fields_of(kind: Kind) -> list[FieldDoc]:
    """List the fields of *kind*, in the order of the code."""
    form, meanings = FORMS[kind], _MEANINGS[kind]
    defaults = {each.name: each.default for each in fields(_RECORDS[kind])}
    return [
        FieldDoc(
            name,
            name in form.required,
            _plain(defaults.get(ATTRIBUTES.get((kind, name), name), MISSING)),
            meanings[name][1],
            meanings[name][0],
        )
        for name in form.fields
    ]


def _plain(default: object) -> object:
    if default is MISSING or default == "":
        return None
    return list(default) if isinstance(default, tuple) else default


def nested(levels: int, leaf: Schema, *, names: list[str] | None = None) -> Schema:
    """Return the schema of mappings in mappings, *levels* deep; *names* are the innermost keys."""
    schema: Schema = {"type": "object", "additionalProperties": leaf}
    if names:
        keys = dict.fromkeys(names, leaf)
        schema = {"type": "object", "additionalProperties": False, "properties": keys}
    for _ in range(levels - 1):
        schema = {"type": "object", "additionalProperties": schema}
    return schema


_TESTS: Schema = {
    "contains": TEXT,
    "is": {"anyOf": [TEXT, SWITCH]},
    "over": {"type": "integer", "minimum": 1},
    "under": {"type": "integer", "minimum": 1},
}
_TARGETS: Schema = {**ADDRESSES, "minItems": 1, "maxItems": 10}
RULE: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["actions"],
    "properties": {
        "enabled": SWITCH,
        "match": {"enum": list(RULE_MATCHES)},
        "position": {"type": "integer", "minimum": 0, "maximum": 10_000},
        "conditions": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["field"],
                "properties": {"field": {"enum": list(CONDITION_FIELDS)}, "name": TEXT, **_TESTS},
            },
        },
        "actions": {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "properties": {
                "forward": _TARGETS,
                "redirect": _TARGETS,
                "mark": {"type": "array", "items": TEXT, "minItems": 1},
                "copy": TEXT,
                "move": TEXT,
                "discard": SWITCH,
                "stop": SWITCH,
            },
        },
    },
}


POLICIES: Mapping[Kind, tuple[str, Schema]] = {
    Kind.DELEGATIONS: (
        "Mailbox → delegate → folder (" + ", ".join(f"`{n}`" for n in DELEGATION_FOLDERS) + ") → "
        "rights. The delegate sends on behalf of the mailbox, and the recipient sees both.",
        nested(3, RIGHTS_SCHEMA, names=list(DELEGATION_FOLDERS)),
    ),
    Kind.GRANTS: (
        (
            "Mailbox → folder (`/` is the whole mailbox) → user or group → rights. A folder "
            "without rights of its own for somebody has those of the nearest folder above that "
            "has some."
        ),
        nested(3, RIGHTS_SCHEMA),
    ),
    Kind.ALLOWED_DOMAINS: (
        "Domain → the other domains with which its restricted users may exchange mail.",
        nested(1, DOMAINS),
    ),
    Kind.JUNK_RULES: (
        (
            "Domain (an administrator's rules) or address (a user's own) → envelope sender, an "
            "address or `@domain` → `allow` or `block`. A user's rule wins over an "
            "administrator's; an infected message is never allowed."
        ),
        nested(2, {"enum": list(JUNK_ACTIONS)}),
    ),
    Kind.MESSAGE_RULES: (
        (
            "Mailbox → name of a rule → `conditions` (of which `match: all`, the default, or `any` "
            "must hold; none is every message), `actions`, `position` and `enabled`. What each "
            "does stands in [operate/rules.md](operate/rules.md)."
        ),
        nested(2, RULE),
    ),
}
"""The kinds that are mappings all the way down."""
