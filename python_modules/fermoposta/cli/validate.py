"""`fermoposta validate`: is what was declared in order? Needs no database and no host."""

from pathlib import Path

import click

from fermoposta import inventory
from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.output import as_json
from fermoposta.directory.model import counts


@click.command()
@json_option
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@pass_context
def validate(context: Context, paths: tuple[Path, ...]) -> None:
    """
    Check inventories, folders or files of YAML at PATHS.

    Says every problem at once, each with its file, its path and a remedy. Secrets that are vaulted
    or templates are taken on trust.
    """
    state = inventory.parse(inventory.load(paths))
    found = {kind.value: count for kind, count in counts(state).items() if count}
    if context.json:
        as_json({"valid": True, "counts": found})
    else:
        click.echo(f"valid: {', '.join(f'{n} {kind}' for kind, n in found.items()) or 'empty'}")
