"""`fermoposta restore`: list what was deleted from a mailbox, and bring it back."""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import click

from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.output import as_json, table
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.mailstore.deleted import Bin
from fermoposta.mailstore.deleted_item import DeletedItem, RestoreError
from fermoposta.mailstore.imap import Door
from fermoposta.mailstore.kept_items import expire as expire_items

Found = TypeVar("Found")

_ADMIN = "postgres"
"""Who owns the archive in the webmail's database; root may be it."""
_SECONDS = 6 * 3600

_now_option = click.option(
    "--now",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S"]),
    hidden=True,
    help="Act as if it were then (UTC).",
)


@click.group()
def restore() -> None:
    """Bring back what was deleted from a mailbox. Each use is in the audit."""


@restore.command("list")
@json_option
@_now_option
@click.argument("address")
@click.argument("folder", required=False)
@pass_context
def list_command(context: Context, address: str, folder: str | None, now: datetime | None) -> None:
    """List what was deleted from the mailbox ADDRESS, or just from its FOLDER."""
    key = _witness(context, address, "list deleted", {"folder": folder})
    items = _told(lambda: _bin(context, now).list_deleted(key, folder))
    _show(context, items)


@restore.command("items")
@json_option
@_now_option
@click.argument("address")
@click.argument("ids", nargs=-1, required=True)
@pass_context
def items_command(
    context: Context, address: str, ids: tuple[str, ...], now: datetime | None
) -> None:
    """Restore what IDS name, as `list` gives them, to the folders that it was in."""
    key = _witness(context, address, "restore", {"ids": list(ids)})
    _show(context, _told(lambda: _bin(context, now).restore(key, ids)))


@restore.command("all")
@json_option
@_now_option
@click.argument("address")
@click.argument("folder", required=False)
@pass_context
def all_command(context: Context, address: str, folder: str | None, now: datetime | None) -> None:
    """Restore everything that was deleted, or what was in FOLDER and in folders of it now gone."""
    key = _witness(context, address, "restore", {"folder": folder})
    _show(context, _told(lambda: _bin(context, now).restore_all(key, folder)))


@restore.command("expire")
@_now_option
@pass_context
def expire_command(context: Context, now: datetime | None) -> None:
    """Forget what was deleted before the time that it is kept for. A timer does so every day."""
    before = _time(now) - timedelta(days=context.settings.retention_days)
    command = ["doveadm", "expunge", "-A", "mailbox", ".kept/*"]
    done = subprocess.run(
        [*command, "savedbefore", str(int(before.timestamp()) + 1)],
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    items = _told(lambda: expire_items(context.settings.webmail_conninfo(_ADMIN), before))
    if done.returncode:
        raise ProblemsError(
            [Problem("restore expire", done.stderr.strip()[-500:], "see the journal of Dovecot")]
        )
    click.echo(f"forgot what was deleted before {before:%Y-%m-%d %H:%M:%S} UTC; items={items}")


def _time(now: datetime | None) -> datetime:
    return now.replace(tzinfo=UTC) if now else datetime.now(UTC)


def _bin(context: Context, now: datetime | None) -> Bin:
    site = context.settings
    return Bin(
        Door(site.imap_host, site.imap_port, site.agent_secret_file),
        site.webmail_conninfo(_ADMIN),
        days=site.retention_days,
        clock=lambda: _time(now),
    )


def _witness(context: Context, address: str, action: str, what: dict[str, object]) -> str:
    """Put into the audit who looks into whose mailbox, before it is opened."""
    key = address.strip().lower()
    with context.store() as store:
        state = store.state()
        if key not in state.users and key not in state.resources:
            raise ProblemsError([Problem(key, "no such mailbox", "see: fermoposta show users")])
        store.witness(key, action, what, actor=context.actor)
    return key


def _told(work: Callable[[], Found]) -> Found:
    try:
        return work()
    except RestoreError as error:
        raise ProblemsError([Problem("restore", str(error), "nothing is lost")]) from error


def _show(context: Context, items: Sequence[DeletedItem]) -> None:
    if context.json:
        as_json([asdict(item) for item in items])
        return
    table(
        ("id", "kind", "folder", "name", "from", "size", "deleted", "until"),
        [
            (
                item.id,
                item.kind,
                item.folder,
                item.name,
                item.sender,
                item.size,
                f"{item.deleted_at:%Y-%m-%d %H:%M}",
                f"{item.until:%Y-%m-%d %H:%M}" if item.until else "",
            )
            for item in items
        ],
    )
