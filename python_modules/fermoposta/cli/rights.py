"""`fermoposta rights`: who may do what in the folders of a mailbox."""

from collections.abc import Mapping

import click

from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.output import as_json, table
from fermoposta.directory.granting import give
from fermoposta.directory.model import PROFILES, RIGHTS, Kind, State, names_of, profile_of
from fermoposta.directory.model.rights import whole
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.directory.rights import Rights, in_language
from fermoposta.directory.store import StaleError
from fermoposta.inventory import values

_ATTEMPTS = 3
NEW = "no_rights"
"""The profile of somebody who was just added (F086)."""


@click.group()
def rights() -> None:
    """Show and set who may do what in the folders of a mailbox."""


@rights.command()
@json_option
@click.argument("mailbox")
@click.argument("folder", required=False)
@pass_context
def show(context: Context, mailbox: str, folder: str | None) -> None:
    """
    Show the grants in MAILBOX, or who may do what in FOLDER when all is taken together.

    FOLDER is a path such as `INBOX/Projects`, one of inbox, sent, drafts, trash, archive,
    calendar, tasks, contacts, notes and journal, or `/`.
    """
    state = context.state()
    owner = _mailbox(state, mailbox)
    if folder is None:
        _tell(context, _grants(state, owner))
        return
    in_it = Rights(state, owner)
    name = in_language(_folder(folder), _language(state, owner))
    found = [
        {"grantee": person, **_said(in_it.effective(name, person))}
        for person in sorted(in_it.people())
    ]
    _tell(context, found)


@rights.command("set")
@json_option
@click.option(
    "--profile", type=click.Choice(list(PROFILES)), help=f"A named set of rights.  [default: {NEW}]"
)
@click.option(
    "--right",
    "single",
    multiple=True,
    type=click.Choice(list(RIGHTS)),
    help="A right, instead of a profile; may be given several times.",
)
@click.option("--nothing", is_flag=True, help="No right at all: what is inherited ends here.")
@click.argument("mailbox")
@click.argument("folder")
@click.argument("grantees", nargs=-1, required=True)
@pass_context
def set_rights(
    context: Context,
    mailbox: str,
    folder: str,
    grantees: tuple[str, ...],
    *,
    profile: str | None,
    single: tuple[str, ...],
    nothing: bool,
) -> None:
    """
    Give GRANTEES, users or groups of the company, rights on FOLDER of MAILBOX.

    What they had there before is replaced. Without a profile and rights they see that the folder
    is there, and nothing of what is in it. What the inventory declares is changed there only.
    """
    if sum(map(bool, (profile, single, nothing))) > 1:
        raise click.UsageError("give a profile, or single rights, or --nothing")
    mask = 0 if nothing else PROFILES[profile or NEW]
    if single:
        mask = whole(sum(RIGHTS[name] for name in set(single)))
    _give(context, mailbox, folder, dict.fromkeys(map(str.lower, grantees), mask))


@rights.command()
@json_option
@click.argument("mailbox")
@click.argument("folder")
@click.argument("grantees", nargs=-1, required=True)
@pass_context
def remove(context: Context, mailbox: str, folder: str, grantees: tuple[str, ...]) -> None:
    """
    Take the rights of GRANTEES on FOLDER of MAILBOX away.

    They then have there what the folder above gives them, if anything.
    """
    _give(context, mailbox, folder, dict.fromkeys(map(str.lower, grantees)))


def _give(context: Context, mailbox: str, folder: str, masks: Mapping[str, int | None]) -> None:
    name = _folder(folder)
    with context.store() as store:
        for attempt in range(1, _ATTEMPTS + 1):
            state = store.state()
            made = give(state, _mailbox(state, mailbox), name, masks)
            try:
                if made:
                    store.apply(made, actor=context.actor)
                break
            except StaleError:
                if attempt == _ATTEMPTS:
                    raise
    if context.json:
        as_json({"changed": bool(made), **made.to_json()})
    else:
        click.echo("\n".join(made.lines()) or "nothing to do")


def _mailbox(state: State, mailbox: str) -> str:
    address = mailbox.strip().lower()
    if state.kind_of(address) not in (Kind.USERS, Kind.RESOURCES):
        raise ProblemsError([Problem(mailbox, "has no mailbox", "give a user or a resource")])
    return address


def _language(state: State, owner: str) -> str:
    box = state.users.get(owner) or state.resources[owner]
    return box.language


def _folder(folder: str) -> str:
    problems: list[Problem] = []
    name = values.folder(folder, "FOLDER", problems)
    if problems:
        raise ProblemsError(problems)
    return str(name)


def _said(mask: int) -> dict[str, object]:
    return {"profile": profile_of(mask) or "other", "rights": names_of(mask), "mask": f"{mask:#x}"}


def _grants(state: State, owner: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = [
        {
            "folder": grant.folder,
            "grantee": grant.grantee,
            **_said(grant.rights),
            "managed_by": grant.managed_by.value,
        }
        for _, grant in sorted(state.grants.items())
        if grant.mailbox == owner
    ]
    for _, delegation in sorted(state.delegations.items()):
        if delegation.mailbox == owner:
            found += [
                {
                    "folder": folder,
                    "grantee": delegation.delegate,
                    **_said(mask),
                    "managed_by": f"delegation of the {delegation.managed_by.value}",
                }
                for folder, mask in delegation.folders
            ]
    return found


def _tell(context: Context, found: list[dict[str, object]]) -> None:
    if context.json:
        as_json(found)
        return
    header = list(found[0]) if found else ["grantee", "profile", "rights", "mask"]
    table(header, [[_plain(value) for value in row.values()] for row in found])


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
