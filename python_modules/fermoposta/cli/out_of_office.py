"""`fermoposta out-of-office`: what a mailbox answers while its owner is away."""

from dataclasses import replace

import click

from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.output import as_json, table
from fermoposta.cli.rules import address_of, said
from fermoposta.directory.check import path_of
from fermoposta.directory.model import Kind, OutOfOffice
from fermoposta.directory.personal import put
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.directory.public import public
from fermoposta.inventory.fields import ATTRIBUTES, FORMS, read_fields

_mailbox = click.argument("mailbox")


@click.group("out-of-office")
def out_of_office() -> None:
    """Look after the out-of-office answer of MAILBOX; an inventory's is changed there."""


@out_of_office.command()
@json_option
@_mailbox
@pass_context
def show(context: Context, mailbox: str) -> None:
    """Show the answer."""
    found = public(_answer(context, mailbox))
    as_json(found) if context.json else table(("field", "value"), list(found.items()))


@out_of_office.command("set")
@json_option
@click.option("--subject", default="", help="Subject of the answer.")
@click.option("--external", help="What senders outside of the company are told instead.")
@click.option("--from", "from_", metavar="WHEN", help="First day, or 2026-08-03T18:00+02:00.")
@click.option("--until", metavar="WHEN", help="Last day, or the moment at which it ends.")
@click.option("--days", type=int, help="In how many days a sender is answered once.")
@click.option("--only-company", is_flag=True, help="Answer senders of the own company only.")
@_mailbox
@click.argument("text")
@pass_context
def set_answer(
    context: Context,
    mailbox: str,
    text: str,
    *,
    subject: str,
    external: str | None,
    from_: str | None,
    until: str | None,
    days: int | None,
    only_company: bool,
) -> None:
    """Answer with TEXT from now on, or between two days or moments."""
    given = {
        "text": text,
        "external": external,
        "subject": subject,
        "from": from_,
        "until": until,
        "days": days,
        "audience": "company" if only_company else "everybody",
    }
    kind = Kind.OUT_OF_OFFICE
    problems: list[Problem] = []
    fields = read_fields(
        FORMS[kind],
        {name: value for name, value in given.items() if value is not None},
        path_of(kind, mailbox),
        problems,
    )
    if problems:
        raise ProblemsError(problems)
    named = {ATTRIBUTES.get((kind, name), name): value for name, value in fields.items()}
    _store(context, OutOfOffice(address_of(mailbox), **named))  # type: ignore[arg-type]


@out_of_office.command()
@json_option
@_mailbox
@pass_context
def off(context: Context, mailbox: str) -> None:
    """Answer no more; the text is kept."""
    _store(context, replace(_answer(context, mailbox), enabled=False))


def _answer(context: Context, mailbox: str) -> OutOfOffice:
    found = context.state().out_of_office.get(address_of(mailbox))
    if found is None:
        path = path_of(Kind.OUT_OF_OFFICE, mailbox)
        remedy = f"see `fermoposta out-of-office set {mailbox} TEXT`"
        raise ProblemsError([Problem(path, "has no answer", remedy)])
    return found


def _store(context: Context, answer: OutOfOffice) -> None:
    with context.store() as store:
        made = put(store.state(), answer)
        if made:
            store.apply(made, actor=context.actor)
    said(context, made)
