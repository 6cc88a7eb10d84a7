"""`fermoposta passwd`: another password for a user, from the keyboard or a pipe, not from `ps`."""

import sys

import click

from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.output import as_json
from fermoposta.directory import passwords
from fermoposta.directory.model import Secret
from fermoposta.directory.plan import change_password
from fermoposta.directory.problem import Problem, ProblemsError


@click.command()
@json_option
@click.option("--generate", is_flag=True, help="Make up a password, and print it.")
@click.argument("address")
@pass_context
def passwd(context: Context, address: str, *, generate: bool) -> None:
    """
    Give the user ADDRESS another password, for the mailbox and the portal at once.

    It is asked for twice; where standard input is no terminal, its first line is taken. A hash in
    Dovecot's notation is taken as it is.
    """
    key = address.strip().lower()
    given = passwords.generate() if generate else _ask()
    if reasons := passwords.value_problems(given):
        remedy = "take 8 characters with a digit, an upper- and a lower-case letter"
        raise ProblemsError([Problem(key, f"the password {reason}", remedy) for reason in reasons])
    hashed = passwords.is_hashed(given)
    with context.store() as store:
        secret = passwords.to_stored(given) if hashed else Secret(given)
        store.apply(change_password(store.state(), key, secret), actor=context.actor)
    if context.json:
        as_json({"changed": True, "address": key} | ({"password": given} if generate else {}))
    else:
        click.echo(given if generate else "changed")


def _ask() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password: str = click.prompt(
        "New password", hide_input=True, confirmation_prompt=True, err=True
    )
    return password
