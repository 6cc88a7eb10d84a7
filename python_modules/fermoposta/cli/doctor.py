"""`fermoposta doctor`: is this host well? Changes nothing, and is safe on a live system."""

from collections.abc import Iterator
from dataclasses import asdict, astuple

import click

from fermoposta.backup.settings import STATE as BACKUPS
from fermoposta.cli import alarm, checks
from fermoposta.cli.checks import Finding, Outcome
from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.output import Exit, as_json, leave, table


@click.command()
@json_option
@click.option("--skip-dns", is_flag=True, help="Don't ask the world's name servers.")
@click.option("--keep", is_flag=True, help="Show it in the portal, too.")
@click.option("--tell", is_flag=True, help="Write to the operator where something has become bad.")
@click.option("-v", "--verbose", is_flag=True, help="List what is good, too.")
@pass_context
def doctor(context: Context, *, skip_dns: bool, keep: bool, tell: bool, verbose: bool) -> None:
    """
    Look at services, ports, certificate, database, queue, disks, clock and DNS.

    Each is good, bad, or could not be told. Exit 1 where something is bad, 6 where nothing is but
    something could not be told.
    """
    findings = list(examine(context, with_dns=not skip_dns))
    if keep:
        context.machine.keep(context.dsn, [astuple(finding) for finding in findings])
    if tell:
        alarm.tell(context.machine, context.settings, findings, context.told)
    if context.json:
        as_json([asdict(finding) for finding in findings])
    else:
        _print(findings, verbose=verbose)
    outcomes = {finding.outcome for finding in findings}
    if Outcome.BAD in outcomes:
        leave(Exit.FOUND)
    if Outcome.UNKNOWN in outcomes:
        leave(Exit.UNSURE)


def examine(context: Context, *, with_dns: bool) -> Iterator[Finding]:
    """Yield everything that was found; raises SettingsError where there is no configuration."""
    machine, settings = context.machine, context.settings
    yield from checks.units(machine)
    yield from checks.ports(machine, settings)
    yield from checks.certificate(machine, settings)
    found, state = checks.database(context)
    yield from found
    yield from checks.queue(machine)
    yield from checks.disks(machine, settings)
    yield from checks.clock(machine)
    yield from checks.backups(machine, BACKUPS)
    if with_dns and state is not None:
        yield from checks.domains(machine, settings, state)


def _print(findings: list[Finding], *, verbose: bool) -> None:
    shown = [finding for finding in findings if verbose or finding.outcome is not Outcome.GOOD]
    if shown:
        rows = [(f.outcome, f.check, f.subject, f.message, f.remedy) for f in shown]
        table(("outcome", "check", "what", "finding", "remedy"), rows)
    count = {outcome: sum(1 for f in findings if f.outcome is outcome) for outcome in Outcome}
    click.echo(", ".join(f"{number} {outcome}" for outcome, number in count.items()))
