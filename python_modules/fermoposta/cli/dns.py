"""`fermoposta dns`: what to publish in the DNS, for each domain."""

import ipaddress
from dataclasses import asdict

import click

from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.machine import Machine
from fermoposta.cli.output import as_json, complain, table
from fermoposta.directory import dns as records
from fermoposta.directory.model import Domain
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.service.settings import Settings


@click.command()
@json_option
@click.option("--zone", "as_zone", is_flag=True, help="Print lines for a zone file.")
@click.option(
    "--address",
    "addresses",
    multiple=True,
    metavar="IP",
    help="Address at which the world reaches this host; its own ones unless given.",
)
@click.argument("domains", nargs=-1)
@pass_context
def dns(
    context: Context, domains: tuple[str, ...], addresses: tuple[str, ...], *, as_zone: bool
) -> None:
    """Print the DNS records of DOMAINS, of every domain where none is named."""
    state = context.state()
    names = [name.strip().lower().rstrip(".") for name in domains] or list(state.domains)
    if missing := [name for name in names if name not in state.domains]:
        remedy = "see `fermoposta show domains`"
        raise ProblemsError([Problem(name, "is no domain of ours", remedy) for name in missing])
    host = _host(context.settings, _announced(context.machine, addresses))
    found = {name: _records(context.settings, state.domains[name], host) for name in names}
    if context.json:
        as_json({name: [asdict(record) for record in list_] for name, list_ in found.items()})
        return
    for name, list_ in found.items():
        if as_zone:
            click.echo(records.zone(name, list_))
        else:
            table(
                (f"name ({name})", "type", "data", "for"),
                [(r.name, r.type, r.data, r.purpose) for r in list_],
            )
            click.echo()
    for record in records.host_records(host):
        if record.type == "PTR":
            complain(f"and, where the address is from: {record.name} PTR {record.data}")


def _announced(machine: Machine, given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the addresses to publish, and say so where they can't be right."""
    addresses = given or machine.addresses()
    if not addresses:
        complain("no address of this host is known: give --address")
    elif not given and any(ipaddress.ip_address(address).is_private for address in addresses):
        complain(f"{', '.join(addresses)}: the world can't reach all of these; give --address")
    return addresses


def _host(settings: Settings, addresses: tuple[str, ...]) -> records.Host:
    try:
        plain = tuple(str(ipaddress.ip_address(address)) for address in addresses)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--address") from error
    return records.Host(
        name=settings.host,
        portal=settings.portal_host,
        addresses=plain,
        pop3=settings.pop3,
        mta_sts_mode=settings.mta_sts_mode,
        mta_sts_max_age=settings.mta_sts_max_age,
    )


def _records(settings: Settings, domain: Domain, host: records.Host) -> list[records.DnsRecord]:
    """List the records of *domain*; without its key the DKIM record is missing, and said to be."""
    path = settings.dkim_dir / f"{domain.name}.{domain.dkim_selector}.key"
    try:
        key = records.public_key(path)
    except records.KeyFileError as error:
        complain(f"no DKIM record for {domain.name}: {error} (run `fermoposta compile` first)")
        key = None
    return records.domain_records(domain.name, host, selector=domain.dkim_selector, dkim_key=key)
