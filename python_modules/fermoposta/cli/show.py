"""`show` and `export`: what is in the directory, for people and as an inventory."""

import json
from pathlib import Path

import click
import yaml

from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.output import as_json, table
from fermoposta.directory.model import ALL_KINDS, Kind, Record, State, counts
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.directory.public import public
from fermoposta.inventory.export import export as to_inventory

_FILES = {
    "companies": ("companies",),
    "domains": ("domains",),
    "users": ("users",),
    "aliases": ("aliases",),
    "groups": ("groups",),
    "resources": ("resources",),
    "send_as": ("send_as",),
    "policies": ("delegations", "grants", "allowed_domains", "junk_rules"),
    "rules": ("rules",),
    "out_of_office": ("out_of_office",),
    "device_policies": ("device_policies",),
    "device_access": ("device_access",),
    "portraits": ("pictures", "certificates"),
}
"""Which kinds stand in which file of an inventory."""


@click.command()
@json_option
@click.argument("what", required=False)
@click.argument("key", required=False)
@pass_context
def show(context: Context, what: str | None, key: str | None) -> None:
    """
    Show how much there is, all of a kind (`users`), or one record (`users ada@example.org`).

    An address alone shows what has this address.
    """
    state = context.state()
    if what is None:
        found = {kind.value: count for kind, count in counts(state).items()}
        found["closed"] = len(state.closed)
        as_json(found) if context.json else table(("kind", "count"), list(found.items()))
    elif what in {kind.value for kind in ALL_KINDS} and key is None:
        _list(context, list(state.of(Kind(what)).values()))
    else:
        _details(context, _find(state, what, key))


@click.command()
@json_option
@click.option("--hashes", is_flag=True, help="With the hashes of passwords, to move elsewhere.")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@pass_context
def export(context: Context, folder: Path | None, *, hashes: bool) -> None:
    """
    Write the directory as an inventory, into FOLDER (a `group_vars/mail`) or to standard output.

    Importing what was exported changes nothing. Passwords are left out unless --hashes is given;
    files get the mode 0600.
    """
    declared = to_inventory(context.state(), hashes=hashes)
    if folder is None:
        as_json(declared) if context.json else click.echo(_yaml(declared), nl=False)
        return
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, kinds in _FILES.items():
        part = {f"mail_{k}": declared[f"mail_{k}"] for k in kinds if f"mail_{k}" in declared}
        if part:
            path = folder / f"{name}.yml"
            path.touch(mode=0o600)
            path.chmod(0o600)
            path.write_text(f"---\n{_yaml(part)}")
            written.append(str(path))
    as_json({"written": written}) if context.json else click.echo("\n".join(written))


def _yaml(value: object) -> str:
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120)
    return text


def _find(state: State, what: str, key: str | None) -> Record:
    """Return the record *key* of the kind *what*, or what has the address *what*."""
    if key is None:
        kind, name = state.kind_of(what.lower()), what.lower()
    else:
        kind, name = (Kind(what) if what in ALL_KINDS else None), key
    record = state.of(kind).get(name) if kind else None
    if record is None:
        remedy = f"give an address, or a kind ({', '.join(ALL_KINDS)}) and a key"
        raise ProblemsError([Problem(f"{what} {key or ''}".strip(), "is not there", remedy)])
    return record


def _list(context: Context, records: list[Record]) -> None:
    if context.json:
        as_json([{"key": record.key, **public(record)} for record in records])
        return
    rows = [(record.key, getattr(record, "name", ""), record.managed_by) for record in records]
    table(("key", "name", "managed by"), rows)


def _details(context: Context, record: Record) -> None:
    values = {"kind": record.kind.value, "key": record.key, **public(record)}
    if context.json:
        as_json(values)
    else:
        table(("field", "value"), [(name, _plain(value)) for name, value in values.items()])


def _plain(value: object) -> str:
    """Return *value* as an inventory would have it."""
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if isinstance(value, bool | dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)
