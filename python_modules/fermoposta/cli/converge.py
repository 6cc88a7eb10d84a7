"""`plan`, `apply` and `drift`: from what is declared to what is stored."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fermoposta import inventory
from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.output import Exit, as_json, leave
from fermoposta.directory.drift import What
from fermoposta.directory.drift import drift as differences
from fermoposta.directory.model import ALL_KINDS, Kind, State
from fermoposta.directory.plan import UpdatePassword, plan
from fermoposta.directory.steps import Plan
from fermoposta.directory.store import StaleError

_ATTEMPTS = 3
"""How often `apply` plans anew where somebody else writes at the same moment."""

Command = Callable[..., None]


def _planning(command: Command) -> Command:
    """Give *command* the arguments that say how to plan."""
    options: tuple[Any, ...] = (
        json_option,
        click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path)),
        click.option(
            "--allow-removal",
            multiple=True,
            type=click.Choice([kind.value for kind in ALL_KINDS]),
            metavar="KIND",
            help="Kind of which more than a tenth may be removed; may be given several times.",
        ),
        click.option("--adopt", is_flag=True, help="Take over what the portal made."),
        click.option(
            "--update-password",
            type=click.Choice(["on_create", "always"]),
            default="on_create",
            show_default=True,
            help="When a declared password is used.",
        ),
        pass_context,
    )
    for option in reversed(options):
        command = option(command)
    return command


def make_plan(
    desired: State,
    actual: State,
    *,
    allow_removal: tuple[str, ...],
    adopt: bool,
    update_password: UpdatePassword,
) -> Plan:
    """Return the plan from *actual* to *desired*; raises PlanError."""
    return plan(
        desired,
        actual,
        adopt=adopt,
        allow_removal=tuple(map(Kind, allow_removal)),
        update_password=update_password,
    )


@click.command("plan")
@_planning
def plan_command(context: Context, paths: tuple[Path, ...], **how: Any) -> None:  # noqa: ANN401
    """Say what `apply` would do with the inventories at PATHS, and change nothing."""
    desired = inventory.parse(inventory.load(paths))
    made = make_plan(desired, context.state(), **how)
    _tell(context, made, changed=False)


@click.command("apply")
@_planning
def apply_command(context: Context, paths: tuple[Path, ...], **how: Any) -> None:  # noqa: ANN401
    """Bring the directory to what the inventories at PATHS declare, all of it or nothing."""
    desired = inventory.parse(inventory.load(paths))
    with context.store() as store:
        for attempt in range(1, _ATTEMPTS + 1):
            made = make_plan(desired, store.state(), **how)
            try:
                if made:
                    store.apply(made, actor=context.actor)
                break
            except StaleError:
                if attempt == _ATTEMPTS:
                    raise
    _tell(context, made, changed=bool(made))


@click.command()
@json_option
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@pass_context
def drift(context: Context, paths: tuple[Path, ...]) -> None:
    """
    List in what the directory differs from the inventories at PATHS; exit 1 where it does.

    What was made in the portal and is not declared is listed too, but is no difference. Passwords
    are not compared.
    """
    desired = inventory.parse(inventory.load(paths))
    found = differences(desired, context.state())
    count = sum(1 for each in found if each.what is not What.PORTAL)
    if context.json:
        as_json({"differences": count, "found": [each.to_json() for each in found]})
    else:
        for each in found:
            click.echo(str(each))
        click.echo(f"{count} difference{'s' if count != 1 else ''}")
    if count:
        leave(Exit.FOUND)


def _tell(context: Context, made: Plan, *, changed: bool) -> None:
    if context.json:
        as_json({"changed": changed, **made.to_json()})
        return
    for line in made.lines():
        click.echo(line)
    summary = ", ".join(f"{count} {action}" for action, count in sorted(made.counts().items()))
    click.echo(summary or "nothing to do")
