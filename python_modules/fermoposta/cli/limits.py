"""`fermoposta limits`: mailboxes that are larger than the clients that synchronise them bear."""

from collections.abc import Iterator
from dataclasses import asdict, replace

import click

from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.output import Exit, as_json, leave, table
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.mailstore.broken_entries import EntriesError, broken_entries
from fermoposta.mailstore.imap import Door, MailboxError
from fermoposta.mailstore.limits import Finding, Limits, judge, measure

_ADMIN = "postgres"
"""Who may read every calendar in the webmail's database; root may be it."""


@click.command()
@json_option
@click.argument("addresses", nargs=-1)
@pass_context
def limits(context: Context, addresses: tuple[str, ...]) -> None:
    """
    List what is beyond the limits in the mailboxes ADDRESSES, or in all.

    Too large (10 GB, unless the site says otherwise), too many folders (200), a message too large
    (50 MB), a message whose header can't be understood, an appointment, task or contact whose
    content can't. Only numbers and places are shown, no content; the exit code is 1 where
    something is found.
    """
    found = list(_findings(context, [each.strip().lower() for each in addresses]))
    if context.json:
        as_json([{"address": who, **asdict(finding)} for who, finding in found])
    else:
        table(
            ("address", "limit", "amount", "allowed", "folder", "item", "reason"),
            [
                (who, f.limit, f.amount, f.allowed, f.folder, f.name or f.uid or "", f.reason)
                for who, f in found
            ],
        )
    if found:
        leave(Exit.FOUND)


def _findings(context: Context, addresses: list[str]) -> Iterator[tuple[str, Finding]]:
    site = context.settings
    there = context.state().users
    if missing := [each for each in addresses if each not in there]:
        raise ProblemsError(
            [Problem(each, "no such mailbox", "see: fermoposta show users") for each in missing]
        )
    door = Door(site.imap_host, site.imap_port, site.agent_secret_file)
    bounds = Limits(site.limit_mailbox_bytes, site.limit_folders, site.limit_item_bytes)
    for address in addresses or sorted(there):
        try:
            with door.open(address) as session:
                measured = measure(session.client, bounds)
            entries = broken_entries(site.webmail_conninfo(_ADMIN), address)
            whole = replace(measured, items=(*measured.items, *entries))
            yield from ((address, each) for each in judge(whole, bounds))
        except EntriesError as error:
            raise ProblemsError([Problem(address, str(error), "is PostgreSQL running?")]) from error
        except (MailboxError, OSError) as error:
            raise ProblemsError(
                [Problem(address, f"can't be opened: {error}", "is Dovecot running?")]
            ) from error
