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
    DeviceAccess,
    DevicePolicy,
    Domain,
    Group,
    Kind,
    OutOfOffice,
    Resource,
    SendAs,
    User,
)
from fermoposta.directory.model.devices import (
    ACCESS,
    BLUETOOTH,
    CALENDAR_AGES,
    MAIL_AGES,
    NEGOTIATIONS,
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
WHEN: Schema = {
    "type": "string",
    "pattern": "^\\d{4}-\\d{2}-\\d{2}([T ]\\d{2}:\\d{2}(:\\d{2})? ?(Z|[+-]\\d{2}:?\\d{2}))?$",
}
DEVICES: Schema = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {"enum": list(ACCESS)},
}
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
    Kind.DEVICE_POLICIES: DevicePolicy,
    Kind.DEVICE_ACCESS: DeviceAccess,
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
        "require_app_passwords": (
            SWITCH,
            "Whether programs need passwords of their own; the mailbox's opens portal and webmail.",
        ),
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
        "external": (
            TEXT,
            "The answer to senders outside of the company's domains; the same one if left out.",
        ),
        "subject": ({"type": "string"}, "Its subject; that of the message answered if left out."),
        "from": (
            WHEN,
            (
                "First day, by the host's clock, or a moment with its zone, as "
                "`2026-08-03T18:00+02:00`; at once if left out."
            ),
        ),
        "until": (
            WHEN,
            "Last day, which counts whole, or the moment at which it ends; no end if left out.",
        ),
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
    Kind.DEVICE_POLICIES: {
        "company": (
            TEXT,
            "Key of the company whose people it is for, where no policy is nearer to them.",
        ),
        "applies_to": (
            {**ADDRESSES, "minItems": 1},
            (
                "Addresses of users and groups that it is for: a user's own policy holds before a "
                "group's, a group's before the company's."
            ),
        ),
        "position": (
            {"type": "integer", "minimum": 0, "maximum": 10000},
            (
                "Of two that are equally near the one with the lower position holds, then the "
                "first by name."
            ),
        ),
        "allow_non_provisionable": (
            SWITCH,
            "Whether devices that know no policies may synchronise too.",
        ),
        "refresh_hours": (
            {"type": "integer", "minimum": 1, "maximum": 8760},
            (
                "After how many hours a device must fetch its policy anew; only when it changes if "
                "left out."
            ),
        ),
        "password_required": (SWITCH, "Whether the device must be locked by a password or PIN."),
        "password_alphanumeric": (SWITCH, "Whether it must hold letters and digits."),
        "password_simple": (SWITCH, "Whether it may be as simple as `1111` or `1234`."),
        "password_minimum_length": (
            {"type": "integer", "minimum": 1, "maximum": 16},
            "How many characters it must have at least, 1 to 16.",
        ),
        "password_complex_characters": (
            {"type": "integer", "minimum": 1, "maximum": 4},
            "How many of upper case, lower case, digits and symbols it must hold, 1 to 4.",
        ),
        "password_failed_attempts": (
            {"type": "integer", "minimum": 4, "maximum": 16},
            "After how many wrong passwords the device wipes itself, 4 to 16.",
        ),
        "password_expires_days": (
            {"type": "integer", "minimum": 1, "maximum": 730},
            "After how many days it must be changed.",
        ),
        "password_history": (
            {"type": "integer", "minimum": 1, "maximum": 50},
            "How many former passwords can't be taken again.",
        ),
        "password_recovery": (
            SWITCH,
            "Whether the device may leave a recovery password with the server.",
        ),
        "lock_after_seconds": (
            {"type": "integer", "minimum": 1, "maximum": 9998},
            "After how many seconds without use the device locks itself.",
        ),
        "device_encryption": (SWITCH, "Whether the device must be encrypted."),
        "storage_card": (SWITCH, "Whether a storage card may be used."),
        "storage_card_encryption": (SWITCH, "Whether the storage card must be encrypted."),
        "camera": (SWITCH, "Whether the camera may be used."),
        "wifi": (SWITCH, "Whether Wi-Fi may be used."),
        "bluetooth": (
            {"enum": list(BLUETOOTH)},
            "Whether Bluetooth may be used: `allowed`, for `hands_free` sets only, or `forbidden`.",
        ),
        "infrared": (SWITCH, "Whether infrared may be used."),
        "internet_sharing": (SWITCH, "Whether the device may share its connection."),
        "remote_desktop": (SWITCH, "Whether the device may open remote desktops."),
        "desktop_sync": (SWITCH, "Whether the device may synchronise with a computer by cable."),
        "text_messaging": (SWITCH, "Whether text messages may be used."),
        "browser": (SWITCH, "Whether the browser may be used."),
        "consumer_mail": (SWITCH, "Whether private mail accounts may be set up."),
        "other_mail": (SWITCH, "Whether accounts of POP3 and IMAP may be set up."),
        "unsigned_applications": (SWITCH, "Whether applications without a signature may run."),
        "unsigned_installers": (
            SWITCH,
            "Whether installation packages without a signature may be run.",
        ),
        "html_mail": (SWITCH, "Whether mail may be fetched as HTML."),
        "attachments_allowed": (SWITCH, "Whether attachments may be fetched."),
        "max_attachment_bytes": (
            {"type": "integer", "minimum": 1, "maximum": 2147483647},
            "Size of the largest attachment that may be fetched, in bytes.",
        ),
        "mail_age": (
            {"enum": list(MAIL_AGES)},
            (
                "How far back mail is at most synchronised: `all`, `1_day`, `3_days`, `1_week`, "
                "`2_weeks`, `1_month`."
            ),
        ),
        "calendar_age": (
            {"enum": list(CALENDAR_AGES)},
            (
                "How far back appointments are at most synchronised: `all`, `2_weeks`, `1_month`, "
                "`3_months`, `6_months`."
            ),
        ),
        "max_text_kb": (
            {"type": "integer", "minimum": 1, "maximum": 1048576},
            "How much of a plain message is fetched at most, in KB.",
        ),
        "max_html_kb": (
            {"type": "integer", "minimum": 1, "maximum": 1048576},
            "How much of an HTML message is fetched at most, in KB.",
        ),
        "manual_sync_when_roaming": (
            SWITCH,
            "Whether the device synchronises by hand only, while roaming.",
        ),
        "smime_signed": (SWITCH, "Whether what is sent must be signed (S/MIME)."),
        "smime_encrypted": (SWITCH, "Whether what is sent must be encrypted (S/MIME)."),
        "smime_soft_certificates": (SWITCH, "Whether S/MIME certificates may be kept as files."),
        "smime_negotiation": (
            {"enum": list(NEGOTIATIONS)},
            (
                "What the device may encrypt by if a recipient can't read the algorithm: `none`, a "
                "`strong` one, or `any`."
            ),
        ),
    },
    Kind.DEVICE_ACCESS: {
        "unknown": (
            {"enum": list(ACCESS)},
            (
                "What happens to a device never seen before: `allow`, `quarantine` until an "
                "administrator allows it, or `block`."
            ),
        ),
        "types": (
            DEVICES,
            "The same by the type that a device says it is, as `iPhone`; capitals don't matter.",
        ),
        "models": (
            DEVICES,
            "The same by the model that it says it is, which goes before the type.",
        ),
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
    Kind.PICTURES: (
        (
            "User → picture that the address book shows, a JPEG or PNG of at most 100 kB: a file "
            "beside this one, `base64:` and its contents, or `sha256:` and the digest of the one "
            "that the directory holds already."
        ),
        nested(1, TEXT),
    ),
    Kind.CERTIFICATES: (
        (
            "User → certificates by which others encrypt mail to the user (S/MIME), in PEM or DER, "
            "one in each file: files beside this one, `base64:…` or `sha256:…`."
        ),
        nested(1, {"type": "array", "items": TEXT, "uniqueItems": True}),
    ),
}
"""The kinds that are mappings all the way down."""
