"""`fermoposta rules`: the message rules that users set up themselves, one by one."""

import json
import shlex
from dataclasses import replace

import click

from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.output import as_json, table
from fermoposta.directory.check import path_of
from fermoposta.directory.model import Kind, MessageRule
from fermoposta.directory.personal import put, take
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.directory.public import public
from fermoposta.directory.steps import Plan
from fermoposta.inventory import mail_rules, values
from fermoposta.inventory.export import rule_value
from fermoposta.inventory.fields import read_fields
from fermoposta.inventory.values import BAD

_mailbox = click.argument("mailbox")
_name = click.argument("name")


@click.group()
def rules() -> None:
    """Look after the message rules of MAILBOX; those of an inventory are changed there."""


@rules.command("list")
@json_option
@_mailbox
@pass_context
def list_rules(context: Context, mailbox: str) -> None:
    """List the rules in the order in which they are tried."""
    owner = address_of(mailbox)
    found = [rule for rule in context.state().rules.values() if rule.mailbox == owner]
    found.sort(key=lambda rule: (rule.position, rule.name))
    if context.json:
        as_json([public(rule) for rule in found])
        return
    rows = [
        (rule.name, "on" if rule.enabled else "off", rule.managed_by, _does(rule)) for rule in found
    ]
    table(("name", "state", "managed by", "rule"), rows)


@rules.command()
@json_option
@click.option("--when", "conditions", multiple=True, help="Condition, as 'subject contains bill'.")
@click.option("--match", type=click.Choice(["all", "any"]), help="How many conditions must hold.")
@click.option("--forward", multiple=True, help="Address to forward to, as the mailbox itself.")
@click.option("--redirect", multiple=True, help="Address to pass the message on to, unchanged.")
@click.option("--mark", multiple=True, help="read, flagged, or a keyword.")
@click.option("--copy", help="Folder to copy it to.")
@click.option("--move", help="Folder to move it to.")
@click.option("--discard", is_flag=True, help="Move it to the trash.")
@click.option("--stop", is_flag=True, help="Try no further rule.")
@click.option("--position", type=int, help="Rules with lower numbers are tried first.")
@click.option("--enable", is_flag=True, help="Apply it at once; else it is saved only.")
@_mailbox
@_name
@pass_context
def add(
    context: Context,
    /,
    mailbox: str,
    name: str,
    *,
    conditions: tuple[str, ...],
    match: str | None,
    position: int | None,
    enable: bool,
    **actions: object,
) -> None:
    """
    Save the rule NAME, new or changed; it acts from when it is enabled.

    A condition is a field (from, to, subject, size, has_attachment, or header and its name), a
    test (contains, is, over, under) and what it is compared with.
    """
    given: dict[str, object] = {
        "enabled": enable,
        "match": match or "all",
        "position": position or 0,
        "conditions": [_condition(each) for each in conditions],
        "actions": {
            verb: list(value) if isinstance(value, tuple) else value
            for verb, value in actions.items()
            if value
        },
    }
    owner, path = address_of(mailbox), path_of(Kind.MESSAGE_RULES, mailbox, name)
    problems: list[Problem] = []
    key = mail_rules.name(name, path, problems)
    fields = read_fields(mail_rules.RULE, given, path, problems)
    if problems:
        raise ProblemsError(problems)
    _store(context, mail_rules.rule(owner, str(key), fields))


@rules.command()
@json_option
@_mailbox
@_name
@pass_context
def enable(context: Context, mailbox: str, name: str) -> None:
    """Apply the rule NAME."""
    _switch(context, mailbox, name, on=True)


@rules.command()
@json_option
@_mailbox
@_name
@pass_context
def disable(context: Context, mailbox: str, name: str) -> None:
    """Keep the rule NAME, but let it do nothing."""
    _switch(context, mailbox, name, on=False)


@rules.command()
@json_option
@_mailbox
@_name
@pass_context
def remove(context: Context, mailbox: str, name: str) -> None:
    """Remove the rule NAME."""
    with context.store() as store:
        made = take(store.state(), (Kind.MESSAGE_RULES, f"{address_of(mailbox)} {name}"))
        store.apply(made, actor=context.actor)
    said(context, made)


def address_of(mailbox: str) -> str:
    """Return an address as the directory writes it; raises ProblemsError."""
    problems: list[Problem] = []
    found = values.own_address(mailbox, mailbox, problems)
    if found is BAD:
        raise ProblemsError(problems)
    return str(found)


def said(context: Context, made: Plan) -> None:
    """Tell what was done."""
    if context.json:
        as_json({"changed": bool(made), "steps": [step.to_json() for step in made]})
    else:
        click.echo("\n".join(made.lines()) or "nothing to do")


def _store(context: Context, rule: MessageRule) -> None:
    with context.store() as store:
        made = put(store.state(), rule)
        if made:
            store.apply(made, actor=context.actor)
    said(context, made)


def _switch(context: Context, mailbox: str, name: str, *, on: bool) -> None:
    key = f"{address_of(mailbox)} {name}"
    rule = context.state().rules.get(key)
    if rule is None:
        path = path_of(Kind.MESSAGE_RULES, mailbox, name)
        remedy = f"see `fermoposta rules list {mailbox}`"
        raise ProblemsError([Problem(path, "is not there", remedy)])
    _store(context, replace(rule, enabled=on))


def _condition(text: str) -> dict[str, object]:
    """Return what an inventory would say for *text*; what is wrong with it is found there."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    field, rest = words[0] if words else "", words[1:]
    made: dict[str, object] = {"field": field}
    if field == "header" and rest:
        made["name"], rest = rest[0], rest[1:]
    if rest:
        value = " ".join(rest[1:])
        made[rest[0]] = _plain(value) if field in ("size", "has_attachment") else value
    return made


def _plain(value: str) -> object:
    words = {"true": True, "yes": True, "false": False, "no": False}
    return int(value) if value.isdecimal() else words.get(value, value)


def _does(rule: MessageRule) -> str:
    shown = {k: v for k, v in rule_value(rule).items() if k not in ("enabled", "position")}
    return json.dumps(shown, ensure_ascii=False)
