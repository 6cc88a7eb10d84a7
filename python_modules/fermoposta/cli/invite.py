"""`fermoposta invite`: a link by which somebody chooses a password; and the first administrator."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.output import as_json
from fermoposta.directory import personal
from fermoposta.directory.model import Role, User
from fermoposta.directory.model.records import ADMINISTRATOR
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.portal.recovery.invitation import LASTS, invitation, path_of

if TYPE_CHECKING:
    from fermoposta.directory.model import State
    from fermoposta.directory.steps import Plan


@click.command()
@json_option
@click.option(
    "--administrator",
    is_flag=True,
    help="Make ADDRESS the administrator of its company, where it has none yet.",
)
@click.argument("address")
@pass_context
def invite(context: Context, address: str, *, administrator: bool) -> None:
    """
    Print a link by which ADDRESS chooses a password, within seven days and once.

    Until then the password stays as it is. Hand the link over by a way that only they read: whoever
    has it opens the mailbox. With --administrator, where somebody looks after the company already,
    nothing is done.
    """
    key = address.strip().lower()
    with context.store() as store:
        state = store.state()
        if administrator:
            there = _administrators(state, key)
            if there and key not in there:
                _tell_of(context, there)
                return
            if not there:
                store.apply(_first(state, key), actor=context.actor)
                state = store.state()
    user = state.users.get(key)
    if user is None:
        raise ProblemsError([Problem(key, "there is no such user", "check the address")])
    with context.recovery_store() as links:
        token = invitation(links, user, datetime.now(UTC))
    link = f"https://{context.settings.portal_host}{path_of(token)}"
    if context.json:
        as_json({"changed": True, "address": key, "link": link, "days": LASTS.days})
    else:
        click.echo(link)


def _administrators(state: State, address: str) -> list[str]:
    """Return who looks after all of the company of *address*; raises ProblemsError."""
    company = state.company_of(address)
    if company is None:
        domain = address.rpartition("@")[2]
        remedy = f"declare {domain} in mail_domains, or mend the spelling"
        raise ProblemsError([Problem(address, f"{domain} is no domain of ours", remedy)])
    return [
        user.address
        for user in state.users.values()
        if user.role is not None
        and user.role.name == ADMINISTRATOR
        and company in user.role.companies
    ]


def _first(state: State, address: str) -> Plan:
    """Return the plan by which *address* administers its company; raises PlanError."""
    role = Role(ADMINISTRATOR, companies=(str(state.company_of(address)),))
    user = state.users.get(address, User(address, address))
    return personal.put(state, replace(user, role=role))


def _tell_of(context: Context, there: list[str]) -> None:
    if context.json:
        as_json({"changed": False, "administrators": there})
    else:
        click.echo(f"nothing was done: {', '.join(there)} administers the company")
