"""`fermoposta junk`: block and allow rules of users and domains, and reports, one by one."""

import subprocess
import time
from email.parser import BytesParser
from email.policy import SMTP
from pathlib import Path

import click

from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.output import Exit, as_json, complain, leave, table
from fermoposta.directory.junk import ReportAs, remove_rule, report_address, report_as, set_rule
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.directory.steps import Plan
from fermoposta.inventory import values
from fermoposta.inventory.names import NameProblem, address_form, domain_form

SENDMAIL = "/usr/sbin/sendmail"


@click.group()
def junk() -> None:
    """Look after block and allow rules: SCOPE is a user's address, or a domain for all in it."""


@junk.command("list")
@json_option
@click.argument("scope", required=False)
@pass_context
def list_rules(context: Context, scope: str | None) -> None:
    """List the rules, or those of SCOPE."""
    wanted = None if scope is None else _scope(scope)
    rules = sorted(
        (rule for rule in context.state().junk_rules.values() if wanted in (None, rule.scope)),
        key=lambda rule: rule.key,
    )
    names = ("scope", "sender", "action", "managed_by")
    rows = [[str(getattr(rule, name)) for name in names] for rule in rules]
    if context.json:
        as_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        table([name.replace("_", " ") for name in names], rows)


@junk.command()
@json_option
@click.argument("scope")
@click.argument("sender")
@pass_context
def allow(context: Context, scope: str, sender: str) -> None:
    """Deliver mail of SENDER, an address or @domain, to the inbox."""
    _set(context, scope, sender, "allow")


@junk.command()
@json_option
@click.argument("scope")
@click.argument("sender")
@pass_context
def block(context: Context, scope: str, sender: str) -> None:
    """Deliver mail of SENDER, an address or @domain, to Quarantena."""
    _set(context, scope, sender, "block")


@junk.command()
@json_option
@click.argument("scope")
@click.argument("sender")
@pass_context
def remove(context: Context, scope: str, sender: str) -> None:
    """Remove the rule on SENDER."""
    where, whom = _scope(scope), _sender(sender)
    with context.store() as store:
        plan = remove_rule(store.state(), where, whom)
        store.apply(plan, actor=context.actor)
    _said(context, plan)


@junk.command()
@json_option
@click.option(
    "--as",
    "choice",
    type=click.Choice([each.value for each in ReportAs]),
    default=ReportAs.SPAM.value,
    show_default=True,
    help="What the owner of the mailbox says of it.",
)
@click.argument("mailbox")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pass_context
def report(context: Context, mailbox: str, file: Path, choice: str) -> None:
    """Do with the message in FILE what "Report as" does: make a rule, or train the filter."""
    address, meant, sample = _scope(mailbox), ReportAs(choice), file.read_bytes()
    with context.store() as store:
        state = store.state()
        if address not in state.users:
            raise ProblemsError([Problem(address, "is no user", "mend the spelling")])
        sender = _sender_of(sample, file) if meant not in (ReportAs.SPAM, ReportAs.HAM) else ""
        plan = report_as(state, address, meant, sender)
        if plan is not None:
            store.apply(plan, actor=context.actor)
            _said(context, plan)
            return
    to = report_address(address, meant.value, f"{time.time_ns()}")
    sent = subprocess.run(
        [SENDMAIL, "-i", "-f", "", to], input=sample, capture_output=True, check=False
    )
    if sent.returncode:
        complain(
            f"Error: the report was not queued: {sent.stderr.decode(errors='replace').strip()}"
        )
        leave(Exit.UNAVAILABLE)
    as_json({"changed": False, "queued": True}) if context.json else click.echo("queued")


def _set(context: Context, scope: str, sender: str, action: str) -> None:
    where, whom = _scope(scope), _sender(sender)
    with context.store() as store:
        plan = set_rule(store.state(), where, whom, action)
        if plan:
            store.apply(plan, actor=context.actor)
    _said(context, plan)


def _said(context: Context, plan: Plan) -> None:
    if context.json:
        as_json({"changed": bool(plan), "steps": [step.to_json() for step in plan]})
    else:
        click.echo("\n".join(map(str, plan)) or "nothing to do")


def _scope(given: str) -> str:
    try:
        return address_form(given, own=True) if "@" in given else domain_form(given)
    except NameProblem as problem:
        raise ProblemsError([Problem(given, problem.message, problem.remedy)]) from None


def _sender(given: str) -> str:
    problems: list[Problem] = []
    sender = values.sender(given, given, problems)
    if problems:
        raise ProblemsError(problems)
    return str(sender)


def _sender_of(sample: bytes, file: Path) -> str:
    """Return the envelope sender, which delivery wrote down; the header From does not count."""
    headers = BytesParser(policy=SMTP).parsebytes(sample, headersonly=True)
    given = str(headers["Envelope-From"] or headers["Return-Path"] or "").strip(" <>")
    if not given:
        remedy = "give one that was delivered here, and is no bounce"
        raise ProblemsError([Problem(str(file), "names no envelope sender", remedy)])
    return _sender(given)
