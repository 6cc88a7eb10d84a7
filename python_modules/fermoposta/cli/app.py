"""The door itself: the group of commands, and what becomes of their errors."""

from collections.abc import Iterable
from pathlib import Path

import click

from fermoposta.cli import (
    backup,
    converge,
    devices,
    dns,
    doctor,
    eas,
    explain,
    imports,
    invite,
    junk,
    limits,
    maintain,
    out_of_office,
    passwd,
    restore,
    rights,
    rules,
    show,
    validate,
)
from fermoposta.cli.context import Context
from fermoposta.cli.output import Exit, as_json, complain, leave
from fermoposta.directory.dns import KeyFileError
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.directory.schema import SchemaError
from fermoposta.directory.steps import PlanError
from fermoposta.directory.store import StoreError
from fermoposta.service import settings
from fermoposta.service.settings import SettingsError


class Door(click.Group):
    """A group whose commands may raise what the directory raises; the exit code says which."""

    def invoke(self, ctx: click.Context) -> None:
        """Run the command; turn what it raises into words and an exit code."""
        try:
            super().invoke(ctx)
        except PlanError as error:
            _tell_problems(ctx, "the plan is refused", error.problems, Exit.REFUSED)
        except ProblemsError as error:
            _tell_problems(ctx, "not accepted", error.problems, Exit.PROBLEMS)
        except (StoreError, SchemaError, SettingsError, KeyFileError) as error:
            _tell_error(ctx, str(error))


def _in_json(ctx: click.Context) -> bool:
    context = ctx.find_object(Context)
    return context is not None and context.json


def _tell_problems(ctx: click.Context, what: str, problems: Iterable[Problem], code: Exit) -> None:
    told = tuple(problems)
    if _in_json(ctx):
        fields = ("path", "message", "remedy", "where")
        listed = [{name: getattr(problem, name) for name in fields} for problem in told]
        as_json({"error": what, "problems": listed})
    else:
        for problem in told:
            complain(str(problem))
        complain(f"{what}: {len(told)} problem{'s' if len(told) != 1 else ''}")
    leave(code)


def _tell_error(ctx: click.Context, message: str) -> None:
    if _in_json(ctx):
        as_json({"error": message})
    else:
        complain(f"Error: {message}")
    leave(Exit.UNAVAILABLE)


@click.group(cls=Door, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fermoposta")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=settings.PATH,
    show_default=True,
    help="Configuration of this host.",
)
@click.pass_context
def main(ctx: click.Context, config: Path) -> None:
    """
    Look after the mail directory of this host, and after the host.

    Exit codes: 0 done; 1 something was found (drift, doctor, audit); 2 wrong use; 3 problems in
    what was declared; 4 the plan is refused; 5 directory or configuration can't be used; 6 doctor
    could not tell.
    """
    context = ctx.ensure_object(Context)
    context.config = config


for command in (
    validate.validate,
    converge.plan_command,
    converge.apply_command,
    converge.drift,
    show.show,
    show.export,
    passwd.passwd,
    invite.invite,
    explain.explain,
    junk.junk,
    rights.rights,
    doctor.doctor,
    maintain.compile_command,
    dns.dns,
    maintain.migrate,
    rules.rules,
    out_of_office.out_of_office,
    maintain.audit,
    restore.restore,
    backup.backup,
    backup.drill,
    imports.import_command,
    limits.limits,
    eas.eas,
    devices.devices,
):
    main.add_command(command)
