"""`docs/cli.md`, from the commands' own help."""

import inspect

import click

from fermoposta.cli import main
from fermoposta.cli.output import Exit

INTRODUCTION = """\
# The command `fermoposta`

On the host, as root. This page is made from the commands' own help by
`python -m fermoposta_docs write`.

Every command has `--json`, with which it answers with one JSON document, its errors included.
Passwords are read from the keyboard or from standard input, never from an argument. Whoever calls
by sudo stands in the audit with their own name. `validate` needs no host: on the controller it is
`PYTHONPATH=python_modules .venv/bin/python -m fermoposta.cli validate inventories/example`.

The database is the one of `/etc/fermoposta/fermoposta.yml` (`--config`), or what the environment's
`FERMOPOSTA_DSN` says.
"""


def page() -> str:
    """Return the page."""
    parts = [INTRODUCTION, "\n## Exit codes\n\n", _exit_codes()]
    context = click.Context(main, info_name="fermoposta")
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        if command is not None:
            parts.append(_command(command, name, context))
    return "".join(parts)


def _exit_codes() -> str:
    lines = inspect.getdoc(Exit) or ""
    return "\n".join(line for line in lines.splitlines() if line.startswith("|")) + "\n"


def _command(command: click.Command, name: str, parent: click.Context) -> str:
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    help_text = inspect.cleandoc(command.help or "")
    rows = [
        f"| `{', '.join(option.opts)}{_value(option)}` | {_sentence(option)} |\n"
        for option in command.params
        if isinstance(option, click.Option)
    ]
    options = "".join(["| option | meaning |\n|---|---|\n", *rows])
    return f"\n## {name}\n\n`{usage}`\n\n{help_text}\n\n{options}"


def _value(option: click.Option) -> str:
    if option.is_flag:
        return ""
    choices = getattr(option.type, "choices", None)
    return f" {option.metavar or ('/'.join(choices) if choices else option.type.name.upper())}"


def _sentence(option: click.Option) -> str:
    default = f" Default: `{option.default}`." if option.show_default else ""
    return f"{option.help}{default}"
