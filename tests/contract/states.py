"""A small directory in which there is one of everything, and how tests write into a store."""

from __future__ import annotations

from base64 import b64encode
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from fermoposta.directory.model import ALL_KINDS, State
from fermoposta.directory.plan import plan
from fermoposta.inventory import load, parse

if TYPE_CHECKING:
    from fermoposta.directory.store import Store

HASH = (
    "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA"
    "$Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"
)

PNG = b"\x89PNG\r\n\x1a\n and pixels"
DER = b"\x30\x0b\x30\x09 not much"
"""A picture and a certificate by their looks, which is all that the directory knows of them."""

EVERYTHING: dict[str, Any] = {
    "mail_companies": {"acme": {"name": "Acme S.p.A."}, "other": {"name": "Other"}},
    "mail_domains": {
        "example.org": {"company": "acme"},
        "example.net": {"company": "acme", "catch_all": "ada@example.org"},
        "other.example": {"company": "other", "dkim_selector": "s1", "description": "Theirs"},
    },
    "mail_users": {
        "ada@example.org": {
            "name": "Ada Lovelace",
            "password_hash": HASH,
            "quota_mb": 100,
            "language": "en",
            "role": {"name": "administrator", "companies": ["acme"]},
            "security_questions": [{"question": "First machine?", "answer_hash": HASH}],
            "mobile": "+393331234567",
            "recovery_address": "ada@elsewhere.example",
        },
        "bob@example.org": {
            "name": "Bob Frankston",
            "given_name": "Robert",
            "family_name": "Frankston",
            "password_hash": HASH,
            "redirect_to": ["bob@elsewhere.example", "team@example.org"],
        },
        "eve@example.net": {
            "name": "Eve",
            "local_delivery": False,
            "redirect_to": ["eve@elsewhere.example"],
            "antivirus": False,
            "antispam": False,
            "restrict_sending": True,
            "restrict_receiving": True,
            "recipients_per_hour": 20,
            "self_service_reset": False,
            "require_app_passwords": True,
        },
        "zoe@other.example": {"name": "Zoe", "password_hash": HASH},
    },
    "mail_resources": {
        "room1@example.org": {"name": "Sala Verde", "kind": "location", "multiple_bookings": 2},
        "room2@example.net": {"name": "Sala Blu"},
    },
    "mail_aliases": {"sales@example.org": {"destinations": ["ada@example.org", "x@far.example"]}},
    "mail_groups": {
        "team@example.org": {"name": "The team", "members": ["ada@example.org"]},
        "board@example.org": {
            "name": "The board",
            "members": ["ada@example.org", "bob@example.org"],
            "senders": ["ada@example.org"],
        },
    },
    "mail_send_as": {"sales@example.org": {"senders": ["bob@example.org"]}},
    "mail_delegations": {
        "ada@example.org": {"bob@example.org": {"calendar": "secretary", "inbox": "read_only"}}
    },
    "mail_grants": {
        "ada@example.org": {
            "INBOX/Projects": {"bob@example.org": "secretary", "team@example.org": ["visible"]},
            "/": {"bob@example.org": 0x401},
        }
    },
    "mail_allowed_domains": {"example.org": ["partner.example"]},
    "mail_junk_rules": {
        "example.org": {"@spam.example": "block", "x@good.example": "allow"},
        "ada@example.org": {"@good.example": "allow"},
    },
    "mail_rules": {
        "ada@example.org": {
            "Fatture di Bob": {
                "match": "any",
                "position": 3,
                "conditions": [
                    {"field": "from", "is": "bob@example.org"},
                    {"field": "header", "name": "X-Shop", "contains": 'a "quoted" \\ thing'},
                    {"field": "size", "over": 1048576},
                    {"field": "has_attachment", "is": True},
                ],
                "actions": {
                    "forward": ["x@far.example", "y@far.example"],
                    "mark": ["flagged", "Important"],
                    "copy": "INBOX/Fatture",
                    "stop": True,
                },
            },
            "off": {"enabled": False, "actions": {"discard": True}},
        },
    },
    "mail_out_of_office": {
        "ada@example.org": {
            "text": "Back soon.\nAda",
            "subject": "Away",
            "from": "2026-08-03",
            "until": "2026-08-21",
            "days": 1,
            "audience": "company",
        },
        "eve@example.net": {
            "text": "Gone & back <soon>",
            "external": "In agosto non c'è nessuno",
            "from": "2026-08-03T18:00+02:00",
            "until": "2026-08-21T08:30:00Z",
        },
    },
    "mail_device_policies": {
        "phones": {"company": "acme", "password_required": True, "refresh_hours": 24},
        "Board": {
            "applies_to": ["eve@example.net", "ada@example.org"],
            "position": 2,
            "allow_non_provisionable": True,
            "password_required": True,
            "password_minimum_length": 8,
            "bluetooth": "hands_free",
            "camera": False,
            "mail_age": "2_weeks",
        },
    },
    "mail_device_access": {
        "acme": {"unknown": "quarantine", "types": {"iPhone": "allow"}},
        "ada@example.org": {"models": {"Nexus 5": "quarantine"}},
    },
    "mail_pictures": {"ada@example.org": f"base64:{b64encode(PNG).decode()}"},
    "mail_certificates": {"ada@example.org": [f"base64:{b64encode(DER).decode()}"]},
}


def everything() -> dict[str, Any]:
    """Return a copy of `EVERYTHING` that may be changed."""
    return deepcopy(EVERYTHING)


def state_of(values: dict[str, Any]) -> State:
    return parse(load(values))


def converge(store: Store, desired: State | dict[str, Any], **how: Any) -> int:
    """Bring *store* to *desired*, and return the number of steps."""
    state = desired if isinstance(desired, State) else state_of(desired)
    made = plan(state, store.state(), allow_removal=ALL_KINDS, **how)
    store.apply(made, actor="test")
    return len(made)


def people(count: int) -> dict[str, Any]:
    """Return an inventory of *count* users in one domain."""
    return {
        "mail_companies": {"acme": {"name": "Acme"}},
        "mail_domains": {"example.org": {"company": "acme"}},
        "mail_users": {
            f"user{n}@example.org": {"name": f"User {n}", "password_hash": HASH}
            for n in range(count)
        },
    }
