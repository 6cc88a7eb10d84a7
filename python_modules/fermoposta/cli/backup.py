"""`fermoposta backup` and `fermoposta drill`: backups are taken, looked at, and proved."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fermoposta.backup import report
from fermoposta.backup import settings as backup_settings
from fermoposta.backup.back import bring_back
from fermoposta.backup.drill import drill as run_drill
from fermoposta.backup.errors import BackupError
from fermoposta.backup.repository import Repository
from fermoposta.backup.take import take
from fermoposta.backup.whole import bring_back_host, forget_before
from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.output import Exit, as_json, complain, leave, table

if TYPE_CHECKING:
    from fermoposta.backup.settings import BackupSettings

_plan_option = click.option(
    "--plan",
    type=click.Path(path_type=Path, dir_okay=False),
    default=backup_settings.PATH,
    show_default=True,
    help="What the operator says of backups.",
)


class Backups(click.Group):
    """Commands that may say why a backup can't be taken or read."""

    def invoke(self, ctx: click.Context) -> None:
        """Run the command; turn a reason into words and an exit code."""
        try:
            super().invoke(ctx)
        except BackupError as error:
            complain(f"Error: {error}")
            leave(Exit.UNAVAILABLE)


_name_option = click.option("--backup", "name", metavar="ID", help="Another than the last one.")


@click.group(cls=Backups)
@_plan_option
@click.pass_context
def backup(ctx: click.Context, plan: Path) -> None:
    """Take backups of this host, and restore from them."""
    ctx.meta["plan"] = backup_settings.load(plan)


def _plan() -> BackupSettings:
    found: BackupSettings = click.get_current_context().meta["plan"]
    return found


@backup.command("take")
@json_option
@pass_context
def take_command(context: Context) -> None:
    """Take a backup of everything now, while mail flows. A timer does so every night."""
    name, about = take(context.settings, _plan())
    if context.json:
        as_json({"id": name, "mailboxes": len(about.mailboxes), "messages": about.messages})
    else:
        click.echo(f"{name}: {len(about.mailboxes)} mailboxes, {about.messages} messages")
    for keys, what in ((about.moving, "never held still"), (about.unread, "could not be read")):
        for key in keys:
            complain(f"mailbox {about.mailboxes.get(key, key)} {what}: see the next drill")


@backup.command("list")
@json_option
@pass_context
def list_command(context: Context) -> None:
    """List the backups that there are, the oldest first."""
    found = Repository(_plan()).snapshots()
    if context.json:
        as_json([{"id": each.id, "at": each.at.isoformat(), "host": each.host} for each in found])
    else:
        table(("id", "taken", "host"), [(each.id, f"{each.at:%F %T}", each.host) for each in found])


@backup.command("check")
@click.option("--read", metavar="N%", help="Read as much of the stored data, too.")
def check_command(read: str | None) -> None:
    """See whether the repository is whole."""
    Repository(_plan()).check(subset=read)
    click.echo("the repository is whole")


@backup.command("mailbox")
@json_option
@_name_option
@click.argument("address")
@click.argument("folder", required=False)
@pass_context
def mailbox_command(context: Context, address: str, folder: str | None, name: str | None) -> None:
    """
    Put back into the mailbox ADDRESS what a backup has and it has not; or just into its FOLDER.

    Nothing that is there is changed. It may be done again, and is in the audit.
    """
    key = address.strip().lower()
    with context.store() as store:
        store.witness(key, "restore", {"backup": name, "folder": folder}, actor=context.actor)
    found = bring_back(context.settings, _plan(), key, folder, name)
    if context.json:
        as_json([asdict(each) for each in found])
    else:
        rows = [(each.folder, each.restored, each.there) for each in found]
        table(("folder", "restored", "there already"), rows)


@backup.command("host")
@_name_option
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_context
def host_command(context: Context, name: str | None, *, yes: bool) -> None:
    """
    Make this host what a backup says: directory, mail, calendars, keys.

    Services stop meanwhile. What is here now is set aside; `backup settle` removes it. Call it once
    more where it was interrupted.
    """
    if not yes:
        click.confirm("Replace all that this host has by what the backup has?", abort=True)
    click.echo(
        f"this host is what the backup {bring_back_host(context.settings, _plan(), name)} says"
    )


@backup.command("settle")
@pass_context
def settle_command(context: Context) -> None:
    """Remove for good what a restored host had before."""
    for name in forget_before(context.settings):
        click.echo(f"removed {name}")


@backup.command("prepare", hidden=True)
def prepare_command() -> None:
    """Make the repository where there is none yet. The playbook calls it."""
    made = Repository(_plan()).make()
    as_json({"changed": made})


@click.command()
@json_option
@_plan_option
@_name_option
@click.option(
    "--verify",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Only tell whether a report is one of this host's, as it was written.",
)
@pass_context
def drill(context: Context, plan: Path, name: str | None, verify: Path | None) -> None:
    """
    Restore the last backup into an instance apart, open it, and compare all of it.

    Every message by its SHA-256, its flags and its date, every table, key and script. The report is
    signed. Exit 1 where anything differs or can't be restored. A timer does so every night.
    """
    settings = backup_settings.load(plan)
    try:
        if verify:
            _verify(settings, verify)
            return
        found = run_drill(context.settings, settings, name)
    except BackupError as error:
        complain(f"Error: {error}")
        leave(Exit.UNAVAILABLE)
    if context.json:
        as_json(found)
    else:
        _tell(found)
    if found["outcome"] != "good":
        leave(Exit.FOUND)


def _verify(settings: BackupSettings, path: Path) -> None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = {}
    key = report.key_in(settings.state_dir)
    if not isinstance(found, dict) or not report.is_signed(found, key):
        complain(f"{path}: this host signed no such report")
        leave(Exit.FOUND)
    click.echo(f"{path}: signed by this host, whose key is {report.public_key(key)}")


def _tell(found: dict[str, object]) -> None:
    listed = found["listed"]
    if isinstance(listed, list) and listed:
        table(("part", "where", "what"), [(e["part"], e["where"], e["what"]) for e in listed])
    click.echo(
        f"{found['outcome']}: backup {found['backup']} of {found['taken']}, "
        f"{found['mailboxes']} mailboxes, {found['messages']} messages, "
        f"{found['differences']} differences"
    )
