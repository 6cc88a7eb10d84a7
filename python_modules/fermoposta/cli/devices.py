"""`fermoposta devices`: phones and Outlooks that synchronise, and what an operator does to them."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import TypeVar

import click
from dateutil.relativedelta import relativedelta

from fermoposta.activesync.store import model
from fermoposta.activesync.store.model import Access, Device, Failure, FolderKey, Wipe
from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.output import as_json, table
from fermoposta.cli.rules import address_of
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.directory.store import StoreError

Done = TypeVar("Done")

_PERIOD = re.compile(r"([1-9][0-9]{0,3})([dwmy])")
_UNITS = {"d": "days", "w": "weeks", "m": "months", "y": "years"}

_user = click.argument("user")
_device = click.argument("device")
_yes = click.option("--yes", is_flag=True, help="Don't ask whether it is meant.")


@click.group()
def devices() -> None:
    """
    Look after the devices that synchronise by ActiveSync.

    list, show, allow, block, quarantine, wipe, wipe-account, cancel-wipe, resync, forget; each has
    its own --help. USER is a user's address, DEVICE the id that `list` shows. What is changed is
    in the audit.
    """


@devices.command("list")
@json_option
@click.argument("user", required=False)
@pass_context
def list_devices(context: Context, user: str | None) -> None:
    """List the devices of USER, or all, those seen last first."""
    owner = address_of(user) if user else None

    async def read(store: model.Store) -> tuple[list[Device], Counter[tuple[str, str]]]:
        found = await store.devices(owner)
        failed: Counter[tuple[str, str]] = Counter()
        for each in sorted({device.user for device in found}):
            failed.update((each, failure.device) for failure in await store.failures(each))
        return found, failed

    found, failed = _run(context, read)
    if context.json:
        as_json([{**_facts(each), "failures": failed[each.user, each.id]} for each in found])
        return
    table(
        ("user", "device", "type", "version", "access", "last sync", "wipe", "failures"),
        [
            (
                each.user,
                each.id,
                _called(each),
                each.version or "?",
                each.access,
                _minute(each.last_synced),
                _wiping(each),
                failed[each.user, each.id] or "",
            )
            for each in found
        ],
    )


@devices.command()
@json_option
@_user
@_device
@pass_context
def show(context: Context, user: str, device: str) -> None:
    """Show what is known of DEVICE, and which items it was not sent, each with the reason."""
    owner = address_of(user)

    async def read(
        store: model.Store,
    ) -> tuple[Device, list[Failure], dict[str, FolderKey]]:
        found = await _find(store, owner, device)
        return found, await store.failures(owner, device), await store.folders(owner)

    found, failures, folders = _run(context, read)
    if context.json:
        items = [
            {
                "folder": each.folder,
                "item": each.item,
                "reason": each.reason,
                "at": each.at.isoformat(),
            }
            for each in failures
        ]
        named = [
            {"id": id_, "kind": folder.kind, "key": folder.key} for id_, folder in folders.items()
        ]
        as_json({**_facts(found), "folders": named, "failures": items})
        return
    facts = {name: value for name, value in _facts(found).items() if name != "information"}
    lines = [(name, "" if value is None else value) for name, value in facts.items()]
    table(("field", "value"), [*lines, *found.information.items()])
    click.echo("")
    table(
        ("folder", "kind", "where"),
        [(id_, folder.kind, folder.key) for id_, folder in folders.items()],
    )
    click.echo("")
    table(
        ("not sent", "folder", "since", "reason"),
        [(each.item, each.folder, _minute(each.at), each.reason) for each in failures],
    )


def _access(name: str, access: Access, words: str) -> None:
    """Make the command *name*, which gives a device this *access*."""

    @devices.command(name, help=words)
    @json_option
    @_user
    @_device
    @pass_context
    def command(context: Context, user: str, device: str) -> None:
        async def change(store: model.Store, found: Device) -> Device | None:
            changes: dict[str, object] = {"access": access}
            if access is Access.ALLOWED and found.wipe is Wipe.DONE:
                # It has nothing any more: it starts over, with its policies too.
                await store.forget(found.user, found.id)
                changes |= {"wipe": Wipe.NONE, "wiped_by": "", "policy_key": 0}
            return await store.change_device(found.user, found.id, **changes)

        _change(context, user, device, f"{name} device", change=change)


_access("allow", Access.ALLOWED, "Let DEVICE synchronise, at once; one that was wiped starts anew.")
_access("block", Access.BLOCKED, "Let DEVICE synchronise no more; what it has stays on it.")
_access("quarantine", Access.QUARANTINED, "Have DEVICE wait until it is allowed or blocked.")


@devices.command()
@json_option
@_yes
@_user
@_device
@pass_context
def wipe(context: Context, user: str, device: str, *, yes: bool) -> None:
    """Have DEVICE erase everything that is on it, when it comes next; then it is blocked."""
    _wipe(context, user, device, account_only=False, yes=yes)


@devices.command("wipe-account")
@json_option
@_yes
@_user
@_device
@pass_context
def wipe_account(context: Context, user: str, device: str, *, yes: bool) -> None:
    """Have DEVICE erase this account and nothing else; it must speak version 16.1."""
    _wipe(context, user, device, account_only=True, yes=yes)


@devices.command("cancel-wipe")
@json_option
@_user
@_device
@pass_context
def cancel_wipe(context: Context, user: str, device: str) -> None:
    """Take back a wipe. DEVICE may have done it where it was sent already."""

    async def change(store: model.Store, found: Device) -> Device | None:
        return await store.change_device(
            found.user, found.id, wipe=Wipe.NONE, wipe_account_only=False, wiped_by=""
        )

    def judge(found: Device) -> Problem | None:
        if found.wipe in (Wipe.REQUESTED, Wipe.SENT):
            return None
        done = found.wipe is Wipe.DONE
        remedy = "to let it start anew: fermoposta devices allow" if done else "there is none to do"
        return Problem(found.id, "was wiped" if done else "is not being wiped", remedy)

    _change(context, user, device, "cancel wipe of device", change=change, judge=judge)


@devices.command()
@json_option
@click.option(
    "--folder", "folders", multiple=True, metavar="ID", help="Just this one, by the id in `show`."
)
@click.option("--since", metavar="WHEN", help="Send no older mail: 30d, 6w, 6m, 1y, or a date.")
@_user
@_device
@pass_context
def resync(
    context: Context, user: str, device: str, *, folders: tuple[str, ...], since: str | None
) -> None:
    """
    Have DEVICE drop what it has and download it again: of a folder, or of all.

    Nothing changes on the server. Without --since all is sent again that the device asks for.
    """
    if folders and since:
        raise click.UsageError("--since is for all folders; leave out --folder")
    limit = since_of(since, context.machine.now()) if since else None

    async def change(store: model.Store, found: Device) -> Device | None:
        if folders:
            known = await store.folders(found.user)
            if wrong := [each for each in folders if each not in known]:
                remedy = f"see: fermoposta devices show {found.user} {found.id}"
                raise ProblemsError([Problem(each, "no such folder", remedy) for each in wrong])
            await store.forget(found.user, found.id, folders)
            return found
        # First the limit: a device that comes in between is sent the right things.
        changed = await store.change_device(found.user, found.id, resync_since=limit)
        await store.forget(found.user, found.id)
        return changed

    what = {"folders": list(folders) or "all", "since": limit.isoformat() if limit else None}
    _change(context, user, device, "resync device", what=what, change=change)


@devices.command()
@json_option
@_yes
@_user
@_device
@pass_context
def forget(context: Context, user: str, device: str, *, yes: bool) -> None:
    """Forget DEVICE, a block or a wipe too; if it comes again, it is a new one."""
    if not yes:
        click.confirm(f"Forget {device} of {user}?", abort=True, err=True)

    async def change(store: model.Store, found: Device) -> Device | None:
        await store.forget_device(found.user, found.id)
        return None

    _change(context, user, device, "forget device", change=change)


def since_of(text: str, now: datetime) -> datetime:
    """Return the moment that *text* names, a date or a period before *now*."""
    if found := _PERIOD.fullmatch(text.strip().lower()):
        with suppress(ValueError, OverflowError):
            begin: datetime = now - relativedelta(**{_UNITS[found[2]]: int(found[1])})
            return begin
    with suppress(ValueError):
        day = datetime.combine(date.fromisoformat(text.strip()), time(), UTC)
        if day <= now:
            return day
    remedy = "write a period like 30d, 6w, 6m or 1y, or a past date like 2026-01-31"
    raise ProblemsError([Problem("--since", f"{text!r} is no time to begin with", remedy)])


def _wipe(context: Context, user: str, device: str, *, account_only: bool, yes: bool) -> None:
    what = "this account" if account_only else "EVERYTHING"
    if not yes:
        click.confirm(f"Have {device} of {user} erase {what}?", abort=True, err=True)

    async def change(store: model.Store, found: Device) -> Device | None:
        return await store.change_device(
            found.user,
            found.id,
            wipe=Wipe.REQUESTED,
            wipe_account_only=account_only,
            wiped_by=context.actor,
        )

    def judge(found: Device) -> Problem | None:
        if not account_only or not found.version or found.erases_account_alone:
            return None
        told = f"speaks version {found.version}, which can erase everything only"
        return Problem(found.id, told, "block it, or wipe it whole: fermoposta devices wipe")

    action = "wipe account on device" if account_only else "wipe device"
    _change(context, user, device, action, change=change, judge=judge)


def _change(
    context: Context,
    user: str,
    device: str,
    action: str,
    *,
    change: Callable[[model.Store, Device], Awaitable[Device | None]],
    judge: Callable[[Device], Problem | None] = lambda _: None,
    what: Mapping[str, object] | None = None,
) -> None:
    """Do something to a device that *judge* has nothing against, after it is in the audit."""
    owner = address_of(user)

    async def work(store: model.Store) -> Device | None:
        found = await _find(store, owner, device)
        if problem := judge(found):
            raise ProblemsError([problem])
        with context.store() as directory:
            directory.witness(
                owner, action, {"device": device, **(what or {})}, actor=context.actor
            )
        return await change(store, found)

    changed = _run(context, work)
    if context.json:
        as_json({"changed": True, "device": _facts(changed) if changed else None})
    elif changed is None:
        click.echo(f"{device} of {owner}: forgotten")
    else:
        wiping = f", wipe {_wiping(changed)}" if _wiping(changed) else ""
        click.echo(f"{device} of {owner}: {action}: done; {changed.access}{wiping}")


async def _find(store: model.Store, user: str, device: str) -> Device:
    for found in await store.devices(user):
        if found.id == device:
            return found
    remedy = f"see: fermoposta devices list {user}"
    raise ProblemsError([Problem(f"{user} {device}", "no such device", remedy)])


def _run(context: Context, work: Callable[[model.Store], Awaitable[Done]]) -> Done:
    async def run() -> Done:
        store = context.device_store()
        try:
            return await work(store)
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except model.StoreError as error:
        raise StoreError(str(error)) from error


def _facts(device: Device) -> dict[str, object]:
    return {
        "user": device.user,
        "device": device.id,
        "type": device.type,
        "version": device.version,
        "user_agent": device.user_agent,
        "access": device.access.value,
        "first_seen": device.first_seen.isoformat(),
        "last_seen": device.last_seen.isoformat(),
        "last_synced": device.last_synced.isoformat() if device.last_synced else None,
        "policies": "acknowledged" if device.policy_key else "none",
        "wipe": device.wipe.value,
        "wipe_account_only": device.wipe_account_only,
        "wiped_by": device.wiped_by,
        "resync_since": device.resync_since.isoformat() if device.resync_since else None,
        "information": dict(device.information),
    }


def _called(device: Device) -> str:
    return device.information.get("Model") or device.type


def _wiping(device: Device) -> str:
    if device.wipe is Wipe.NONE:
        return ""
    return f"{device.wipe} (account)" if device.wipe_account_only else device.wipe.value


def _minute(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else "never"
