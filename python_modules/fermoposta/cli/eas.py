"""`fermoposta eas`: ask an ActiveSync server what a phone would ask, and see what it says."""

from __future__ import annotations

import time
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.decorators import pass_meta_key

from fermoposta.activesync.client import (
    Client,
    ClientError,
    Folder,
    HttpError,
    StatusError,
    autodiscover,
    folders,
    ping,
    provision,
    search,
    send,
    settings,
    sync,
)
from fermoposta.activesync.client.connection import PATH
from fermoposta.activesync.client.device import new_id
from fermoposta.activesync.client.options import Body, Options
from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.eas_account import (
    DEVICE_ID,
    META,
    PASSWORD,
    Account,
    address,
    apply_policies,
    phone,
    version_choice,
)
from fermoposta.cli.output import Exit, as_json, complain, leave, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fermoposta.activesync.wbxml import Element

KINDS = {
    1: "folder",
    2: "inbox",
    3: "drafts",
    4: "trash",
    5: "sent",
    6: "outbox",
    7: "tasks",
    8: "calendar",
    9: "contacts",
    10: "notes",
    11: "journal",
    12: "mail",
    13: "calendar",
    14: "contacts",
    15: "tasks",
    16: "journal",
    17: "notes",
    18: "unknown",
    19: "recent contacts",
}
"""Types of folders (MS-ASCMD, section 2.2.3.186.3)."""
CLASSES = {
    "calendar": "Calendar",
    "contacts": "Contacts",
    "tasks": "Tasks",
    "notes": "Notes",
}
"""What a Ping calls what is in folders; all others hold mail."""
TITLES = ("Email:Subject", "Calendar:Subject", "Contacts:FileAs", "Tasks:Subject", "Notes:Subject")
ASK_AGAIN = frozenset({140, 142, 143, 144})
"""Statuses after which a device asks for its policies: a wipe, none, new ones, others."""
NOT_PROVISIONED = 449

pass_account = pass_meta_key(META, doc_description="the account that is asked")


@click.group()
@click.option("--server", help="Server to ask, with its port if it is another than 443.")
@click.option("--user", required=True, help="Address of the mailbox.")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=f"File whose first line is the password; else {PASSWORD}, or it is asked for.",
)
@click.option(
    "--ca",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Certificate of the authority to trust, instead of the system's.",
)
@click.option(
    "--connect-to",
    metavar="HOST:PORT",
    callback=address,
    help="Where the server is, if DNS does not say so yet.",
)
@click.option("--path", default=PATH, show_default=True, help="Path of ActiveSync there.")
@click.option(
    "--version",
    type=version_choice,
    default="14.1",
    show_default=True,
    help="Version of the protocol.",
)
@click.option("--device-id", default=DEVICE_ID, show_default=True, help="Which device this is.")
@click.option("--base64", "packed", is_flag=True, help="Write queries as newer phones do.")
@click.option("--trace", is_flag=True, help="Print all that is sent and answered, mail included.")
@click.pass_context
def eas(ctx: click.Context, /, **given: Any) -> None:  # noqa: ANN401 - the options, each of its type
    """
    Ask an ActiveSync server what a phone would ask: this host, or any other.

    discover, options, provision, folders, sync, ping, send, search, oof, wipe-test; each has its
    own --help. Every call is that of a phone that has nothing yet. The exit code is 1 where the
    server says no.
    """
    ctx.meta[META] = Account(**given)


@eas.command()
@json_option
@pass_account
@pass_context
def discover(context: Context, account: Account) -> None:
    """Find the server as a phone does: Autodiscover of the address's domain, as XML and as JSON."""
    domain = account.user.rpartition("@")[2]
    servers = [account.server] if account.server else [domain, f"autodiscover.{domain}"]
    rows = [
        {"asked": server, "as": name, **_discovered(account, server, how)}
        for server in servers
        for name, how in (
            ("xml", autodiscover.discover_xml),
            ("json", autodiscover.discover_json),
        )
    ]
    _rows(context, ("asked", "as", "url", "problem"), rows)
    if not any(row["url"] for row in rows):
        leave(Exit.FOUND)


def _discovered(account: Account, server: str, how: Any) -> dict[str, str]:  # noqa: ANN401 - one of two functions
    try:
        with account.connection(server) as connection:
            found = how(connection, account.user)
    except ClientError as error:
        return {"url": "", "problem": str(error)}
    if found.url is None:
        return {"url": "", "problem": f"ask for {found.redirect} instead"}
    return {"url": found.url, "problem": ""}


@eas.command()
@json_option
@pass_account
@pass_context
def options(context: Context, account: Account) -> None:
    """Show which versions and commands the server has."""
    with phone(context, account, ready=False) as client:
        said = client.connection.options()
    found = {
        name: [each.strip() for each in said.get(header, "").split(",") if each.strip()]
        for name, header in (
            ("versions", "MS-ASProtocolVersions"),
            ("commands", "MS-ASProtocolCommands"),
        )
    }
    if context.json:
        as_json(found)
    else:
        for name, values in found.items():
            click.echo(f"{name}: {', '.join(values)}")


@eas.command("provision")
@json_option
@pass_account
@pass_context
def provision_command(context: Context, account: Account) -> None:
    """Take the policies, say that they are applied, and show them."""
    with phone(context, account, ready=False) as client:
        offer = apply_policies(client)
        key = client.device.policy_key
    rules = offer.policies.elements if offer.policies is not None else ()
    found = {each.name: _text(each) for each in rules}
    if context.json:
        as_json({"policy_key": key, "policies": found})
    elif offer.key is None:
        click.echo("no policies for this user")
    else:
        table(("policy", "value"), list(found.items()))


def _text(element: Element) -> str:
    inside = ", ".join(each.text for each in element.elements)
    return inside or element.text


@eas.command("folders")
@json_option
@pass_account
@pass_context
def folders_command(context: Context, account: Account) -> None:
    """List the folders, as the device sees them."""
    with phone(context, account) as client:
        folders.folder_sync(client)
        rows = [
            {"id": each.id, "kind": _kind(each), "name": each.name, "parent": each.parent}
            for each in client.device.folders.values()
        ]
    _rows(context, ("id", "kind", "name", "parent"), rows)
    _odd(client)


@eas.command("sync")
@json_option
@click.option("--window", type=int, default=100, show_default=True, help="Items in an answer.")
@click.option(
    "--filter",
    "filter_",
    type=click.IntRange(0, 8),
    default=0,
    show_default=True,
    help="How far back: 0 all, 1 a day, 2 three days, 3 a week, 4 two, 5 a month, 6 three, 7 six.",
)
@click.option(
    "--body", type=click.IntRange(1, 4), help="Form of bodies: 1 plain, 2 HTML, 3 RTF, 4 MIME."
)
@click.option("--truncate", type=int, default=512, show_default=True, help="Bytes of a body.")
@click.argument("folder", default="inbox")
@pass_account
@pass_context
def sync_command(
    context: Context,
    account: Account,
    folder: str,
    *,
    window: int,
    filter_: int,
    body: int | None,
    truncate: int,
) -> None:
    """Fetch all items of FOLDER (an id, a name, or a kind like calendar), and list them."""
    with phone(context, account) as client:
        found = _folder(client, folder)
        mail = _kind(found) not in CLASSES
        bodies = (Body(type=body, truncation=truncate),) if body else ()
        wanted = sync.Wanted(
            folder=found.id,
            window=window,
            options=(Options(filter=filter_ if mail or filter_ else None, bodies=bodies),),
        )
        started = time.monotonic()
        rounds = sync.sync_all(client, wanted)
        seconds = round(time.monotonic() - started, 3)
        items = client.device.collection(found.id).items
    rows = [{"id": name, "title": _title(data)} for name, data in items.items()]
    if context.json:
        as_json(
            {
                "folder": found.id,
                "answers": len(rounds),
                "seconds": seconds,
                "items": rows,
                "anomalies": client.device.anomalies,
            }
        )
    else:
        table(("id", "title"), [tuple(row.values()) for row in rows])
        click.echo(f"{len(rows)} items in {len(rounds)} answers, {seconds} s")
    _odd(client)


@eas.command("ping")
@json_option
@click.option(
    "--heartbeat", type=int, default=300, show_default=True, help="Seconds to wait at most."
)
@click.argument("names", metavar="[FOLDERS]...", nargs=-1)
@pass_account
@pass_context
def ping_command(
    context: Context, account: Account, names: tuple[str, ...], *, heartbeat: int
) -> None:
    """Wait until something happens in FOLDERS, or in the inbox, and say where."""
    with phone(context, account) as client:
        watched = [_folder(client, name) for name in names or ("inbox",)]
        for each in watched:
            sync.sync_all(client, sync.Wanted(folder=each.id, window=512))
        complain("waiting")
        started = time.monotonic()
        pairs = [(each.id, CLASSES.get(_kind(each), "Email")) for each in watched]
        changed = ping.ping(client, pairs, heartbeat)
        seconds = round(time.monotonic() - started, 3)
        told = [client.device.folders[name].name for name in changed]
    if context.json:
        as_json({"changed": told, "seconds": seconds})
    else:
        click.echo(f"{', '.join(told) or 'nothing'} after {seconds} s")


@eas.command("send")
@json_option
@click.option("--subject", default="Test", show_default=True, help="Subject of the message.")
@click.option("--text", default="Test\n", help="Text of the message.")
@click.argument("to")
@pass_account
@pass_context
def send_command(context: Context, account: Account, to: str, *, subject: str, text: str) -> None:
    """Send a short message to the address TO, by the server."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = account.user, to, subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=account.user.rpartition("@")[2])
    message.set_content(text)
    with phone(context, account) as client:
        send.send_mail(client, message.as_bytes(policy=message.policy.clone(linesep="\r\n")))
    found = {"sent": True, "message_id": str(message["Message-ID"])}
    as_json(found) if context.json else click.echo(f"sent {found['message_id']}")


@eas.command("search")
@json_option
@click.option("--mail", is_flag=True, help="Look in the mailbox, not in the address book.")
@click.argument("words")
@pass_account
@pass_context
def search_command(context: Context, account: Account, words: str, *, mail: bool) -> None:
    """Look for WORDS in the address book; from 16.1 on by Find, before by Search."""
    with phone(context, account) as client:
        if mail:
            folders.folder_sync(client)
        by_find = client.dotted >= (16, 1)
        if mail:
            found = (search.find_mail if by_find else search.search_mail)(client, words)
        else:
            found = (search.find_people if by_find else search.search_people)(client, words)
    if mail:
        rows = [
            {"id": hit.item or hit.long_id or "", "title": _title(hit.properties)}
            for hit in found.hits
        ]
        _rows(context, ("id", "title"), rows)
    else:
        rows = [
            {
                "name": hit.properties.text_of("GAL:DisplayName") or "",
                "address": hit.properties.text_of("GAL:EmailAddress") or "",
            }
            for hit in found.hits
        ]
        _rows(context, ("name", "address"), rows)


@eas.command()
@json_option
@click.option("--text", help="Answer everybody with it from now on.")
@click.option("--off", is_flag=True, help="Answer no more.")
@pass_account
@pass_context
def oof(context: Context, account: Account, *, text: str | None, off: bool) -> None:
    """Show what is answered while the user is away, or change it."""
    if off and text is not None:
        raise click.UsageError("--text and --off contradict one another")
    with phone(context, account) as client:
        if off:
            settings.set_oof(client, settings.Oof(settings.OofState.OFF))
        elif text is not None:
            replies = {audience: settings.Reply(True, text) for audience in settings.Audience}
            settings.set_oof(client, settings.Oof(settings.OofState.ON, replies=replies))
        found = settings.oof(client)
    rows: list[dict[str, Any]] = [
        {
            "to": audience.name.lower(),
            "answered": "yes" if reply.enabled else "no",
            "text": reply.text or "",
        }
        for audience, reply in found.replies.items()
    ]
    if context.json:
        state = found.state.name.lower()
        as_json({"state": state, "start": found.start, "end": found.end, "replies": rows})
    else:
        between = f" from {found.start} to {found.end}" if found.start and found.end else ""
        click.echo(f"{found.state.name.lower()}{between}")
        table(("to", "answered", "text"), [tuple(row.values()) for row in rows])


@eas.command("wipe-test")
@json_option
@click.option(
    "--seconds", type=int, default=600, show_default=True, help="How long to wait for the wipe."
)
@click.option("--every", type=float, default=5, show_default=True, help="Seconds between looks.")
@pass_account
@pass_context
def wipe_test(context: Context, account: Account, *, seconds: int, every: float) -> None:
    """
    See that a remote wipe arrives: on a device that is made up for it, and has nothing to lose.

    Ask for the wipe of the device that is named; it is waited for, and acknowledged.
    """
    device_id = new_id()
    with phone(context, account, device_id=device_id) as client:
        folders.folder_sync(client)
        complain(f"Now ask for the wipe: fermoposta devices wipe {account.user} {device_id}")
        started = time.monotonic()
        while (wipe := _wipe(client)) is None:
            if time.monotonic() - started > seconds:
                raise ClientError("Provision", f"no wipe within {seconds} s")
            time.sleep(every)
        provision.acknowledge_wipe(client, wipe)
        taken = round(time.monotonic() - started, 3)
        let_in = _let_in(client)
    kind = wipe.name.lower()
    if context.json:
        as_json({"device": device_id, "wipe": kind, "seconds": taken, "let_in_again": let_in})
    else:
        click.echo(f"wipe of the {kind} after {taken} s, acknowledged")
        click.echo("the device is let in again" if let_in else "the device is let in no more")
    if let_in:
        leave(Exit.FOUND)


def _wipe(client: Client) -> provision.Wipe | None:
    """Return which wipe is wanted of the device; one that notices nothing asks no more."""
    if not _is_refused(client):
        return None
    client.device.policy_key = 0
    offer = provision.ask(client)
    if offer.wipe is None and offer.key is not None:
        provision.acknowledge(client, offer.key)
    return offer.wipe


def _is_refused(client: Client) -> bool:
    """Tell whether the server sends the device to Provision."""
    try:
        folders.folder_sync(client)
    except StatusError as error:
        if error.status in ASK_AGAIN:
            return True
        raise
    except HttpError as error:
        if error.status == NOT_PROVISIONED:
            return True
        raise
    return False


def _let_in(client: Client) -> bool:
    try:
        folders.folder_sync(client)
    except ClientError:
        return False
    return True


def _folder(client: Client, wanted: str) -> Folder:
    """Return the folder of an id, a name, or a kind."""
    if not client.device.folders:
        folders.folder_sync(client)
    there = client.device.folders
    if wanted in there:
        return there[wanted]
    named = [each for each in there.values() if each.name.lower() == wanted.lower()]
    kind = [each for each in there.values() if _kind(each) == wanted.lower()]
    if not named + kind:
        raise ClientError("FolderSync", f"no folder {wanted!r}; see `fermoposta eas folders`")
    return (named + kind)[0]


def _kind(folder: Folder) -> str:
    return KINDS.get(folder.type, str(folder.type))


def _title(data: Element) -> str:
    return next(filter(None, (data.text_of(tag) for tag in TITLES)), "")


def _rows(context: Context, header: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> None:
    listed = list(rows)
    if context.json:
        as_json(listed)
    else:
        table(header, [tuple(row[name] for name in header) for row in listed])


def _odd(client: Client) -> None:
    """Say what the server may not have done, and end with exit code 1 where there is something."""
    for each in client.device.anomalies:
        complain(each)
    if client.device.anomalies:
        leave(Exit.FOUND)
