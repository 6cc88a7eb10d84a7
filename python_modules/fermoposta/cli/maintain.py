"""`compile`, `migrate` and `audit`: what keeps the directory and its projections in order."""

from dataclasses import asdict

import click

from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.output import Exit, as_json, complain, leave, table
from fermoposta.directory import schema
from fermoposta.directory.audit import verify
from fermoposta.directory.compile import compile_all, paths_of


@click.command("compile")
@json_option
@pass_context
def compile_command(context: Context) -> None:
    """
    Make what the daemons read as files: Sieve scripts, DKIM keys. What is right stays as it is.

    The service fermoposta-jobs does the same within seconds of every change.
    """
    changes = compile_all(context.state(), paths_of(context.settings))
    if context.json:
        as_json({"changed": bool(changes), "changes": [str(change) for change in changes]})
    else:
        for change in changes:
            click.echo(str(change))
        click.echo(f"{len(changes)} changed")


@click.command()
@json_option
@pass_context
def migrate(context: Context) -> None:
    """Bring the database's schema to that of this release."""
    before, after = schema.migrate(context.dsn)
    changed = before != after
    if context.json:
        as_json({"changed": changed, "before": before, "after": after})
    else:
        click.echo(f"{before or 'nothing'} → {after}" if changed else f"{after}: up to date")


@click.command()
@json_option
@click.option("--since", type=int, default=0, help="Only entries behind this id.")
@click.option("--verify", "check", is_flag=True, help="Check that no entry was changed.")
@pass_context
def audit(context: Context, since: int, *, check: bool) -> None:
    """List who changed what, or check with --verify that the record of it is whole."""
    with context.store() as store:
        entries = store.audit(0 if check else since)
    if check:
        broken = verify(entries)
        if context.json:
            as_json({"entries": len(entries), "broken": broken})
        elif broken is None:
            click.echo(f"{len(entries)} entries, all as they were written")
        else:
            complain(f"entry {broken} is not as it was written")
        if broken is not None:
            leave(Exit.FOUND)
    elif context.json:
        as_json([asdict(entry) for entry in entries])
    else:
        table(
            ("id", "at", "actor", "action", "kind", "key"),
            [
                (e.id, f"{e.at:%Y-%m-%d %H:%M:%S}", e.actor, e.action, e.kind, e.key)
                for e in entries
            ],
        )
