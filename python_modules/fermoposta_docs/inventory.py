"""`docs/inventory.md` and `docs/inventory.schema.json`, from the records and their forms."""

import json
from collections.abc import Iterator
from pathlib import Path

from fermoposta.directory.model import PROFILES, Kind, names_of
from fermoposta_docs.fields import POLICIES, FieldDoc, Schema, fields_of

INTRODUCTION = """\
# The inventory

Who has which address, and what they may, is declared in `group_vars/mail` of an inventory. This
page is made from the code by `python -m fermoposta_docs write`;
[inventory.schema.json](inventory.schema.json) tells editors the same. `fermoposta validate
inventories/example` says every mistake at once, with its line and a remedy, and needs no host.

- Records are mappings by key, mostly an address: a key can't stand twice. Addresses and domains
  are stored in lower case, domains in their ASCII form.
- All addresses share one namespace: users, resources, aliases and groups can't have the same one.
- What is declared belongs to the inventory, and the portal shows it read-only. What was made in
  the portal stays as it is, unless it is declared here and adopted in so many words.
- What is no longer declared is removed. A removed user is closed at once and the mailbox is kept
  for 30 days. More than a tenth of a kind vanishing at once is refused unless allowed in so many
  words.
- A kind that is left out has no records. Other variables than those below may not begin with
  `mail_`.

An editor that understands YAML schemas takes this as a file's first line:

```yaml
# yaml-language-server: $schema=../../../../docs/inventory.schema.json
```
"""

KINDS: tuple[tuple[Kind, str, str, str], ...] = (
    (Kind.COMPANIES, "Companies", "companies.yml", "Who owns domains, by a key of its own."),
    (Kind.DOMAINS, "Domains", "domains.yml", "Mail domains, by name."),
    (Kind.USERS, "Users", "users.yml", "People, by address, with which they log in everywhere."),
    (
        Kind.ALIASES,
        "Aliases",
        "aliases.yml",
        "Addresses that lead to others, and that no address book shows.",
    ),
    (
        Kind.GROUPS,
        "Groups",
        "groups.yml",
        "Addresses in the address book that reach all their members, and can be given rights.",
    ),
    (Kind.RESOURCES, "Resources", "resources.yml", "Rooms, cars and tools, booked by invitation."),
    (
        Kind.SEND_AS,
        "Send as",
        "send_as.yml",
        "Who may send as an address, by address; the recipient sees no trace of it.",
    ),
    (
        Kind.OUT_OF_OFFICE,
        "Out of office",
        "out_of_office.yml",
        "What a mailbox answers while its owner is away, by address.",
    ),
    (
        Kind.DEVICE_POLICIES,
        "Device policies",
        "device_policies.yml",
        "What phones and tablets must do before they may synchronise, by a name of its own.",
    ),
    (
        Kind.DEVICE_ACCESS,
        "Device access",
        "device_access.yml",
        "Which devices may synchronise that never did, by company or by address.",
    ),
)


def page(root: Path) -> str:
    """Return the page, with the example inventory's files as examples."""
    example = root / "inventories/example/group_vars/mail"
    parts = [INTRODUCTION]
    for kind, title, file, sentence in KINDS:
        table = "\n".join(_rows(fields_of(kind)))
        parts.append(
            f"\n## {title}: `mail_{kind}`\n\n{sentence}\n\n"
            f"| field | default | meaning |\n|---|---|---|\n{table}\n"
            f"\n{_example(example / file)}"
        )
    parts.append("\n## Policies\n\n| variable | mapping |\n|---|---|\n")
    parts.extend(f"| `mail_{kind}` | {meaning} |\n" for kind, (meaning, _) in POLICIES.items())
    parts.append(f"\n{_example(example / 'policies.yml')}\n{_rights()}")
    return "".join(parts)


def schema() -> str:
    """Return the JSON Schema (draft 2020-12) of what an inventory declares."""
    properties: dict[str, Schema] = {}
    for kind, title, _, _ in KINDS:
        documented = fields_of(kind)
        record: Schema = {
            "type": "object",
            "additionalProperties": False,
            "required": [field.name for field in documented if field.required],
            "properties": {f.name: f.schema | {"description": f.meaning} for f in documented},
        }
        properties[f"mail_{kind}"] = {
            "description": title,
            "type": ["object", "null"],
            "additionalProperties": record,
        }
    for kind, (meaning, inner) in POLICIES.items():
        properties[f"mail_{kind}"] = inner | {"description": meaning, "type": ["object", "null"]}
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Fermoposta inventory",
        "type": "object",
        "properties": properties,
        # What else stands in group_vars is none of our business, but for our own prefix.
        "patternProperties": {f"^mail_(?!({'|'.join(n[5:] for n in properties)})$)": False},
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _rows(documented: list[FieldDoc]) -> Iterator[str]:
    for field in documented:
        if field.required:
            default = "*required*"
        elif field.default is None:
            default = ""
        else:
            default = f"`{json.dumps(field.default)}`"
        yield f"| `{field.name}` | {default} | {field.meaning} |"


def _example(path: Path) -> str:
    lines = path.read_text().removeprefix("---\n")
    return f"```yaml\n{lines}```\n"


def _rights() -> str:
    rows = "\n".join(
        f"| `{name}` | {', '.join(f'`{right}`' for right in names_of(mask))} | {mask:#x} |"
        for name, mask in PROFILES.items()
    )
    return (
        "## Rights\n\nA profile's name, or a list of rights. `edit_own` and `delete_own` are for "
        "items that the user made.\n\n| profile | rights | mask |\n|---|---|---|\n" + rows + "\n"
    )
