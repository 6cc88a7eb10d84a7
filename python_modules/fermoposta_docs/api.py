"""`docs/api.md`, and the description of the API in OpenAPI 3.1, from the forms it reads by."""

import json
from collections.abc import Mapping, Sequence

from fermoposta.directory.model import Kind, Owner
from fermoposta.directory.model.records import DELEGATION_FOLDERS, JUNK_ACTIONS
from fermoposta.directory.steps import Action
from fermoposta.inventory.fields import FORMS
from fermoposta.portal.administration import KINDS, REMOVABLE, WRITABLE
from fermoposta.portal.api.routes import BASE, LARGEST, LARGEST_BULK, LARGEST_PAGE, MOST
from fermoposta.portal.api.tokens import LONGEST_DAYS
from fermoposta_docs.fields import DOMAINS, RIGHTS_SCHEMA, RULE, Schema, fields_of

_SECRETS = ("password", "password_hash", "security_questions")

# Kind → what its keys are, and one of them.
_KEYS: Mapping[Kind, tuple[str, str]] = {
    Kind.COMPANIES: ("the company's key", "acme"),
    Kind.DOMAINS: ("the domain", "example.org"),
    Kind.USERS: ("the address", "ada@example.org"),
    Kind.RESOURCES: ("the address", "room@example.org"),
    Kind.ALIASES: ("the address", "sales@example.org"),
    Kind.GROUPS: ("the address", "staff@example.org"),
    Kind.SEND_AS: ("the address that others send as", "sales@example.org"),
    Kind.DELEGATIONS: ("mailbox and delegate", "ada@example.org bob@example.org"),
    Kind.GRANTS: ("mailbox, user or group, folder", "ada@example.org bob@example.org INBOX/Work"),
    Kind.ALLOWED_DOMAINS: ("the domain whose users are restricted", "example.org"),
    Kind.JUNK_RULES: ("domain and sender", "example.org @spam.example"),
    Kind.MESSAGE_RULES: ("mailbox and name", "ada@example.org Invoices"),
    Kind.OUT_OF_OFFICE: ("the mailbox", "ada@example.org"),
    Kind.DEVICE_POLICIES: ("a name of its own", "phones"),
    Kind.DEVICE_ACCESS: ("a company's key, or a user's address", "acme"),
}
# The kinds that have no form, as fields: name → schema and meaning.
_OTHERS: Mapping[Kind, Mapping[str, tuple[Schema, str]]] = {
    Kind.DELEGATIONS: {
        "folders": (
            {
                "type": "object",
                "additionalProperties": False,
                "properties": dict.fromkeys(DELEGATION_FOLDERS, RIGHTS_SCHEMA),
            },
            "Folder → rights of the delegate, who also sends on behalf of the mailbox.",
        )
    },
    Kind.GRANTS: {"rights": (RIGHTS_SCHEMA, "The rights on the folder and those below it.")},
    Kind.ALLOWED_DOMAINS: {
        "allowed": (DOMAINS, "The other domains with which they may exchange mail.")
    },
    Kind.JUNK_RULES: {
        "action": ({"enum": list(JUNK_ACTIONS)}, "What happens to mail of that sender.")
    },
}
_TEXT: Schema = {"type": "string"}
_PROBLEM: Schema = {
    "description": "What is wrong (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "message", "remedy"],
                "properties": {
                    "path": {
                        "description": "The field; `key` is the record or its name.",
                        **_TEXT,
                    },
                    "message": _TEXT,
                    "remedy": _TEXT,
                },
            },
        },
    },
}
_STEP: Schema = {
    "description": "A change of one record, without secrets.",
    "type": "object",
    "required": ["action", "kind", "key", "before", "after"],
    "properties": {
        "action": {"enum": [action.value for action in Action]},
        "kind": {"enum": [kind.value for kind in Kind]},
        "key": _TEXT,
        "before": {"type": ["object", "null"]},
        "after": {"type": ["object", "null"]},
    },
}
_PARAMETERS: Mapping[str, Schema] = {
    "text": {
        "name": "text",
        "in": "query",
        "description": "What is looked for in keys and names; capitals don't matter.",
        "schema": _TEXT,
    },
    "domain": {
        "name": "domain",
        "in": "query",
        "description": "Of this domain alone.",
        "schema": _TEXT,
    },
    "sort": {
        "name": "sort",
        "in": "query",
        "description": "`key` or a field; with a `-` before it, backwards.",
        "schema": {"type": "string", "default": "key"},
    },
    "offset": {
        "name": "offset",
        "in": "query",
        "schema": {"type": "integer", "minimum": 0, "default": 0},
    },
    "limit": {
        "name": "limit",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": 50},
    },
    "dry_run": {
        "name": "dry_run",
        "in": "query",
        "description": "Say the steps, and change nothing.",
        "schema": {"type": "boolean", "default": False},
    },
    "match": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag that was read, or `*`: else nothing is changed.",
        "schema": _TEXT,
    },
    "fresh": {
        "name": "If-None-Match",
        "in": "header",
        "description": "`*`: only where there is none yet.",
        "schema": {"enum": ["*"]},
    },
}
_PAGE = ("text", "domain", "sort", "offset", "limit")


def openapi() -> str:
    """Return the description that the API answers itself."""
    schemas: dict[str, Schema] = {"Problem": _PROBLEM, "Step": _STEP}
    paths: dict[str, Schema] = {"/openapi.json": {"get": _described()}}
    for kind in KINDS:
        schemas |= _schemas(kind)
        paths |= _paths(kind)
    whole = {
        "openapi": "3.1.0",
        "info": {
            "title": "Fermoposta",
            "version": "1",
            "description": "Administration of what a token's owner administers.",
        },
        "servers": [{"url": BASE}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "parameters": dict(_PARAMETERS),
            "schemas": schemas,
            "responses": {
                "Problem": {
                    "description": "What is wrong.",
                    "content": {"application/problem+json": {"schema": _ref("Problem")}},
                }
            },
        },
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _name(kind: Kind) -> str:
    return "".join(word.capitalize() for word in kind.value.split("_"))


def _properties(kind: Kind) -> dict[str, Schema]:
    """Return the fields of *kind*, those that never come out marked as such."""
    if kind in FORMS:
        made = {
            field.name: {**field.schema, "description": field.meaning} for field in fields_of(kind)
        }
    elif kind is Kind.MESSAGE_RULES:
        made = dict(RULE["properties"])
    else:
        made = {
            name: {**schema, "description": meaning}
            for name, (schema, meaning) in _OTHERS[kind].items()
        }
    return {
        name: {**schema, "writeOnly": True} if name in _SECRETS else schema
        for name, schema in made.items()
    }


def _required(kind: Kind) -> list[str]:
    if kind in FORMS:
        return list(FORMS[kind].required)
    return ["actions"] if kind is Kind.MESSAGE_RULES else list(_OTHERS[kind])


def _schemas(kind: Kind) -> dict[str, Schema]:
    name, properties = _name(kind), _properties(kind)
    closed: Schema = {"type": "object", "additionalProperties": False}
    shown = {key: schema for key, schema in properties.items() if key not in _SECRETS}
    made: dict[str, Schema] = {
        f"{name}Entry": {
            "type": "object",
            "required": ["kind", "key", "owner", "why_fixed", "etag", "fields"],
            "properties": {
                "kind": {"const": kind.value},
                "key": {"description": _KEYS[kind][0], "examples": [_KEYS[kind][1]], **_TEXT},
                "owner": {"enum": [owner.value for owner in Owner]},
                "why_fixed": {
                    "description": "Why it can't be changed here; null where it can.",
                    "type": ["string", "null"],
                },
                "etag": _TEXT,
                "fields": {**closed, "properties": shown},
            },
        },
        f"{name}Page": {
            "type": "object",
            "required": ["total", "entries"],
            "properties": {
                "total": {"type": "integer"},
                "entries": {"type": "array", "items": _ref(f"{name}Entry")},
            },
        },
    }
    if kind in REMOVABLE:
        made[f"{name}Outcome"] = {
            "type": "object",
            "required": ["entry", "steps"],
            "properties": {
                "entry": {"anyOf": [_ref(f"{name}Entry"), {"type": "null"}]},
                "steps": {"type": "array", "items": _ref("Step")},
            },
        }
    if kind in WRITABLE:
        made[name] = {**closed, "required": _required(kind), "properties": properties}
        made[f"{name}Patch"] = {
            "description": "Fields to change; null takes one away (RFC 7396).",
            "type": "object",
            "properties": {
                key: {"anyOf": [schema, {"type": "null"}]} for key, schema in properties.items()
            },
        }
    return made


def _operation(
    verb: str, kind: Kind, summary: str, parameters: Sequence[str], answers: Mapping[str, str]
) -> Schema:
    """Return an operation; *answers* is status → schema."""
    name = _name(kind)
    responses: dict[str, Schema] = {
        status: {
            "description": "Done, or shown.",
            "content": {"application/json": {"schema": _ref(f"{name}{schema}")}},
        }
        for status, schema in answers.items()
    }
    responses["default"] = {"$ref": "#/components/responses/Problem"}
    return {
        "operationId": f"{verb}{name}",
        "tags": [kind.value],
        "summary": summary,
        "parameters": [{"$ref": f"#/components/parameters/{each}"} for each in parameters],
        "responses": responses,
    }


def _body(media: str, schema: Schema) -> Schema:
    return {"required": True, "content": {media: {"schema": schema}}}


def _paths(kind: Kind) -> dict[str, Schema]:
    name, said = _name(kind), kind.value.replace("_", " ")
    key: Schema = {
        "name": "key",
        "in": "path",
        "required": True,
        "description": f"{_KEYS[kind][0].capitalize()}; parts are separated by a blank.",
        "schema": _TEXT,
        "example": _KEYS[kind][1],
    }
    many: Schema = {"get": _operation("list", kind, f"List {said}", _PAGE, {"200": "Page"})}
    one: Schema = {
        "parameters": [key],
        "get": _operation("get", kind, f"Show one of the {said}", [], {"200": "Entry"}),
    }
    if kind in WRITABLE:
        many["post"] = {
            **_operation(
                "putMany", kind, "Make or replace many, or none", ["dry_run"], {"200": "Outcome"}
            ),
            "requestBody": _body(
                "application/json", {"type": "object", "additionalProperties": _ref(name)}
            ),
        }
        one["put"] = {
            **_operation(
                "put",
                kind,
                "Make or replace",
                ["dry_run", "match", "fresh"],
                {"200": "Outcome", "201": "Outcome"},
            ),
            "requestBody": _body("application/json", _ref(name)),
        }
        one["patch"] = {
            **_operation("patch", kind, "Change fields", ["dry_run", "match"], {"200": "Outcome"}),
            "requestBody": _body("application/merge-patch+json", _ref(f"{name}Patch")),
        }
    if kind in REMOVABLE:
        one["delete"] = _operation(
            "remove", kind, "Take away", ["dry_run", "match"], {"200": "Outcome"}
        )
    return {f"/{kind.value}": many, f"/{kind.value}/{{key}}": one}


def _described() -> Schema:
    return {
        "operationId": "describe",
        "summary": "This description",
        "security": [],
        "responses": {
            "200": {
                "description": "OpenAPI 3.1.",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        },
    }


PAGE = f"""\
# The API

Programs administer by HTTP what an administrator does in the portal, below `{BASE}` of the portal's
host. This page is made from the code by `python -m fermoposta_docs write`; so is
`{BASE}/openapi.json`, which describes the same in OpenAPI 3.1 and needs no token.

- What is made here belongs to the portal. What belongs to the inventory is shown, with
  `owner: inventory`, and not changed: 409.
- All is planned as an inventory is: the same fields, the same checks, one transaction, and the
  audit says who and by which token.
- Whoever asks reaches what the token's owner administers. What is elsewhere is answered as what is
  not there: 404.

## Tokens

An administrator makes a token in the portal, *API tokens*: with a name, for 1 to {LONGEST_DAYS}
days, to read or to change too, for all that they administer or for some companies and domains. It
is shown once; the host keeps its SHA-256 digest. It ends after its days, when it is ended there,
and when its owner is closed or administers nothing any more; while it lasts it reaches no more than
its owner does at the time. Changing the owner's password does not end it.

```sh
read -rs TOKEN
curl --fail-with-body -H "Authorization: Bearer $TOKEN" \\
  'https://portal.example.org{BASE}/users?domain=example.org&limit=10'
```

## Reading

`GET /{{kind}}` answers `{{"total": …, "entries": […]}}`. `text` is looked for in keys and names,
`domain` names one domain, `sort` is `key` or a field (`-name` is backwards), `offset` and `limit`
(at most {LARGEST_PAGE}) choose the page. The header `Link` leads to `first`, `prev`, `next` and
`last` (RFC 8288).

`GET /{{kind}}/{{key}}` answers an entry: `kind`, `key`, `owner`, `why_fixed`, `etag` and the
`fields`, as an inventory writes them and without secrets. The header `ETag` is another one whenever
anything of it changes, its password too.

## Writing

| request | what it does |
|---|---|
| `PUT /{{kind}}/{{key}}` | makes the record, or replaces it |
| `PATCH /{{kind}}/{{key}}` | merges into it (RFC 7396) what `application/merge-patch+json` says |
| `DELETE /{{kind}}/{{key}}` | takes it away, and what the portal's records say of its address |
| `POST /{{kind}}` | makes or replaces many, as `{{"key": {{fields}}}}`: all of them, or none |

The answer is `{{"entry": …, "steps": […]}}`: the record as it is then, and what was done. With
`?dry_run=true` the steps are what would be done, and nothing is. `If-Match` with an ETag, and
`If-None-Match: *` for what must be new, keep two programs from overwriting each other: 412.

A user's password, mobile number, recovery address and security questions stay as they are where
they are not named; null does not take them away. A user who is taken away is closed, and the
mailbox kept for 30 days.

```sh
curl --fail-with-body -X PUT -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' -H 'If-None-Match: *' \\
  -d '{{"destinations": ["ada@example.org"]}}' \\
  'https://portal.example.org{BASE}/aliases/info@example.org?dry_run=true'
```

## Kinds

The fields are those of [the inventory](inventory.md). A blank separates the parts of a key, `%20`
in an address; every other character that is none of a path is quoted too.

"""

_ANSWERS = f"""
## What can go wrong

Every failure is a problem (RFC 9457), `application/problem+json`: `title`, `status`, mostly
`detail`, and `errors`, each with the `path` of a field, a `message` and a `remedy`. The path `key`
is the record itself; of many, paths begin with the key.

| status | reason |
|---|---|
| 400 | a query, header or body that can't be read; a name twice in an object |
| 401 | no token, or none that is valid |
| 403 | the token may only read, or the owner's role may not: `detail` says which |
| 404 | nothing of that name within what the owner administers |
| 405 | records of this kind are not written so; `Allow` says how |
| 409 | the record belongs to the inventory; or others were quicker, with `Retry-After` |
| 412 | the record is not the one that `If-Match` or `If-None-Match` says |
| 413 | more than {LARGEST // 1024} KiB; for many {LARGEST_BULK // 2**20} MiB, or {MOST} of them |
| 415 | the body is no JSON by its type |
| 422 | the values can't be, and `errors` says every reason |
| 503 | the directory is away, with `Retry-After` |

Nobody gives a role that reaches beyond their own, and nobody touches a user who administers more
than they do, nor what is about that user's mailbox, nor the mailbox to which that user's mail or
new passwords go: 403. Mail administrators give no roles.
"""


def page() -> str:
    """Return the page for people."""
    rows = [
        f"| `{kind.value}` | {_KEYS[kind][0]}, as `{_KEYS[kind][1]}` | {_verbs(kind)} "
        f"| {_fields(kind)} |\n"
        for kind in KINDS
    ]
    table = "".join(["| kind | key | verbs | fields |\n|---|---|---|---|\n", *rows])
    return f"{PAGE}{table}{_ANSWERS}"


def _verbs(kind: Kind) -> str:
    verbs = ["GET"]
    if kind in WRITABLE:
        verbs += ["POST", "PUT", "PATCH"]
    if kind in REMOVABLE:
        verbs.append("DELETE")
    return " ".join(verbs)


def _fields(kind: Kind) -> str:
    if kind in (Kind.USERS, Kind.DEVICE_POLICIES, Kind.OUT_OF_OFFICE, Kind.DEVICE_ACCESS):
        return f"as `mail_{kind}`"
    return ", ".join(f"`{name}`" for name in _properties(kind))
