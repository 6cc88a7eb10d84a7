"""`fermoposta explain`: whom a mail reaches, by which way, and where it lands there, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.parser import BytesParser
from email.policy import SMTP
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.output import Exit, as_json, leave
from fermoposta.directory.decide import Decision, Facts, Reason, decide, policy_of
from fermoposta.directory.firing import answered, firing
from fermoposta.directory.model import MessageRule, State
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.directory.represent import right_of
from fermoposta.directory.route import Delivery, Refusal, Router, Sender, base_of
from fermoposta.inventory.names import NameProblem, address_form


@dataclass(frozen=True, slots=True)
class Arrival:
    """
    Where a mail is in the end: in a mailbox of ours by *decision*, or elsewhere (None).

    *rules* are the message rules that then take it on; None where no message was given. *answer*
    is what the sender is told, unless lately answered, while the owner is away.
    """

    delivery: Delivery
    decision: Decision | None
    rules: tuple[MessageRule, ...] | None = None
    answer: str | None = None


@click.command()
@json_option
@click.option("--login", help="Who is logged in; without it the mail comes from outside.")
@click.argument("sender", metavar="FROM")
@click.argument("recipient", metavar="RCPT")
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@pass_context
def explain(
    context: Context, sender: str, recipient: str, file: Path | None, login: str | None
) -> None:
    """
    Say whom a mail from FROM to RCPT reaches, what refuses it, and where it lands.

    FROM is the envelope sender, "" for a bounce. FILE is a message as it was delivered: what the
    filters found is in its headers X-Virus and X-Spam. Exit code 1 where somebody is not reached.
    """
    problems: list[Problem] = []
    envelope = _form(sender, problems) if sender.strip(" <>") else ""
    to = _form(recipient, problems)
    who = _form(login, problems) if login else None
    if problems:
        raise ProblemsError(problems)
    content = file.read_bytes() if file else None
    facts = facts_of(envelope, content or b"")
    state, settings = context.state(), context.settings
    router = Router(
        state, hosts=(settings.host, "localhost"), postmaster=settings.postmaster_address
    )
    barred = bool(who and envelope) and right_of(state, who or "", envelope) is None
    routes = router.route(Sender(envelope, login=who, trusted=who is not None), to)
    now = context.machine.now().astimezone(ZoneInfo(settings.timezone))
    arrivals = () if barred else tuple(_arrivals(state, facts, routes.deliveries, content, now))
    refusals = () if barred else tuple(routes.refusals)
    if context.json:
        document = _document(facts, to, who, arrivals, refusals)
        as_json({**document, "may_send_as": not barred})
    elif barred:
        click.echo(f"{who} may not send as {envelope}: refused, whoever it is to")
    else:
        for line in _lines(arrivals, refusals):
            click.echo(line)
    if refusals or barred:
        leave(Exit.FOUND)


def _arrivals(
    state: State,
    facts: Facts,
    deliveries: list[Delivery],
    content: bytes | None,
    now: datetime,
) -> Iterator[Arrival]:
    for delivery in deliveries:
        decision = landing(state, facts, delivery)
        rules: tuple[MessageRule, ...] | None = None
        answer = None
        if decision is not None and decision.folder == "inbox":
            mailbox = base_of(delivery.address)
            answer = answered(state, mailbox, facts.sender, now)
            if content is not None:
                own = [rule for rule in state.rules.values() if rule.mailbox == mailbox]
                rules = tuple(firing(own, content))
        yield Arrival(delivery, decision, rules, answer)


def facts_of(sender: str, message: bytes) -> Facts:
    """Return what the filters wrote into *message*."""
    headers = BytesParser(policy=SMTP).parsebytes(message, headersonly=True)
    virus = headers["X-Virus"]
    return Facts(
        sender,
        infected=None if virus is None else str(virus).strip() or "unnamed",
        spam=str(headers["X-Spam"] or "").strip().lower() == "yes",
    )


def landing(state: State, facts: Facts, delivery: Delivery) -> Decision | None:
    """Return what becomes of the mail in the mailbox that it reaches; None for one elsewhere."""
    mailbox = base_of(delivery.address)
    ours = mailbox in state.users or mailbox in state.resources
    return decide(facts, policy_of(state, mailbox)) if ours else None


def _form(given: str, problems: list[Problem]) -> str:
    try:
        return address_form(given.strip(" <>"))
    except NameProblem as problem:
        problems.append(Problem(given, problem.message, problem.remedy))
        return given


def _lines(arrivals: tuple[Arrival, ...], refusals: tuple[Refusal, ...]) -> list[str]:
    lines = []
    for arrival in arrivals:
        decision = arrival.decision
        lines.append(f"{' → '.join(arrival.delivery.path)}: {_folder(decision)}")
        for position, reason in enumerate(decision.reasons if decision else ()):
            lines.append(f"  {'because' if position == 0 else 'in spite of'}: {_words(reason)}")
        if arrival.answer is not None:
            lines.append(f"  then out of office: {' '.join(arrival.answer.split())}")
        lines += [f"  then message rule: {rule.name}" for rule in arrival.rules or ()]
    return lines + [
        f"{' → '.join(refusal.path)}: refused, {refusal.code} {refusal.text}"
        for refusal in refusals
    ]


def _folder(decision: Decision | None) -> str:
    if decision is None:
        return "sent on to another host"
    return "Quarantena" if decision.folder == "quarantine" else "inbox"


def _words(reason: Reason) -> str:
    if reason.rule is not None:
        rule = reason.rule
        return f"{reason.text} ({rule.scope}: {rule.sender}: {rule.action}, {rule.managed_by})"
    return f"{reason.text} ({reason.virus})" if reason.virus else reason.text


def _document(
    facts: Facts,
    to: str,
    login: str | None,
    arrivals: tuple[Arrival, ...],
    refusals: tuple[Refusal, ...],
) -> dict[str, object]:
    return {
        "from": facts.sender,
        "to": to,
        "login": login,
        "infected": facts.infected,
        "spam": facts.spam,
        "deliveries": [
            {
                "address": each.delivery.address,
                "path": list(each.delivery.path),
                "folder": each.decision.folder if each.decision else None,
                "header": each.decision.header if each.decision else None,
                "answer": each.answer,
                "rules": None if each.rules is None else [rule.name for rule in each.rules],
                "reasons": [_reason(r) for r in each.decision.reasons] if each.decision else [],
            }
            for each in arrivals
        ],
        "refusals": [
            {"address": each.address, "path": list(each.path), "code": each.code, "text": each.text}
            for each in refusals
        ],
    }


def _reason(reason: Reason) -> dict[str, object]:
    rule = reason.rule
    return {
        "ground": reason.ground.value,
        "text": _words(reason),
        "virus": reason.virus,
        "rule": rule and {"scope": rule.scope, "sender": rule.sender, "action": rule.action},
    }
