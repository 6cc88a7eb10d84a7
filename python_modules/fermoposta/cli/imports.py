"""`fermoposta import`: what somebody has elsewhere is brought into a mailbox here."""

from __future__ import annotations

import sys
from collections.abc import Callable  # noqa: TC003 - click reads the annotations
from pathlib import Path
from typing import Any

import click

from fermoposta.cli.context import Context, json_option, pass_context
from fermoposta.cli.output import Exit, as_json, complain, leave, table
from fermoposta.directory.problem import Problem, ProblemsError
from fermoposta.imports.errors import ImportStoppedError
from fermoposta.imports.run import Import, Manifest, Progress
from fermoposta.imports.source import Source, Wanted
from fermoposta.imports.sources.cards import IcsSource, VcfSource
from fermoposta.imports.sources.files import MaildirSource, MboxSource
from fermoposta.imports.sources.imap import ImapSource, Server
from fermoposta.imports.sources.pop3 import Pop3Source
from fermoposta.imports.sources.pst import PstSource

STATE = Path("/var/lib/fermoposta-imports")
_PORTS = {("imap", "implicit"): 993, ("imap", "starttls"): 143, ("imap", "none"): 143,
          ("pop3", "implicit"): 995, ("pop3", "starttls"): 110, ("pop3", "none"): 110}  # fmt: skip
_FILES: dict[str, Callable[[Path], Source]] = {
    "mbox": MboxSource,
    "maildir": MaildirSource,
    "ics": IcsSource,
    "vcf": VcfSource,
    "pst": PstSource,
}


@click.command("import")
@json_option
@click.argument("address")
@click.argument("kind", type=click.Choice([*_FILES, "imap", "pop3"]))
@click.argument("path", required=False, type=click.Path(path_type=Path, exists=True))
@click.option("--host", help="The other server (imap, pop3).")
@click.option("--port", type=click.IntRange(1, 65535), help="Its port, if not the usual one.")
@click.option("--tls", type=click.Choice(["implicit", "starttls", "none"]), default="implicit")
@click.option("--ca-file", type=click.Path(exists=True), help="Who vouches for its certificate.")
@click.option("--user", help="Who logs in there; the ADDRESS where nothing is said.")
@click.option(
    "--password-file",
    type=click.File("r"),
    help="A file with the password; - is standard input.",
)
@click.option("--folder", "folders", multiple=True, help="Only this folder, and those below it.")
@click.option("--without", multiple=True, help="Not this folder, nor those below it.")
@click.option("--under", default="", help="A folder below which all mail goes.")
@click.option("--calendar", default="", help="Another calendar than the one that everybody has.")
@click.option("--book", default="", help="Another address book than the one that everybody has.")
@click.option("--retry-refused", is_flag=True, help="Try once more what was refused before.")
@pass_context
def import_command(context: Context, /, address: str, kind: str, **given: Any) -> None:  # noqa: ANN401 - what click gives
    """
    Bring into the mailbox ADDRESS what is at another server, or in the file or folder PATH.

    Nothing is removed there or here. Interrupted, it goes on when it is called again; called
    again when all is here, it adds only what is new. In the end each folder is compared: exit 1
    where something was refused or is missing, with the reason; what was refused is kept.
    """
    key = address.strip().lower()
    source = _source(kind, key, given)
    with context.store() as store:
        if key not in store.state().users:
            raise ProblemsError([Problem(key, "no such user", "declare the user first")])
        store.witness(key, "import", {"from": source.id}, actor=context.actor)
    wanted = Wanted(
        folders=given["folders"],
        without=given["without"],
        under=given["under"],
        calendar=given["calendar"],
        book=given["book"],
    )
    work = Import(context.settings, key, source, wanted, STATE, _tell)
    try:
        manifest = work.run(retry_refused=given["retry_refused"])
    except ImportStoppedError as error:
        complain(f"stopped: {error}")
        leave(Exit.UNAVAILABLE)
    if context.json:
        as_json(manifest)
    else:
        _show(manifest)
    if manifest["refused"] or not manifest["equal"]:
        leave(Exit.FOUND)


def _source(kind: str, address: str, given: dict[str, Any]) -> Source:
    if kind in _FILES:
        if given["path"] is None:
            raise click.UsageError(f"say which file or folder: import {address} {kind} PATH")
        return _FILES[kind](given["path"])
    if not given["host"] or given["password_file"] is None:
        raise click.UsageError(f"{kind} needs --host and --password-file")
    server = Server(
        given["host"],
        given["user"] or address,
        given["password_file"].read().rstrip("\r\n"),
        given["port"] or _PORTS[kind, given["tls"]],
        given["tls"],
        given["ca_file"],
    )
    return ImapSource(server) if kind == "imap" else Pop3Source(server)


def _tell(progress: Progress) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{progress.folder}: {progress.done}\x1b[K", err=True, nl=False)


def _show(manifest: Manifest) -> None:
    rows = [
        (
            each["folder"],
            each["target"],
            each["source"]["count"],
            each["here"]["count"],
            each["outcomes"].get("refused", 0),
            len(each["missing"]),
        )
        for each in manifest["folders"]
    ]
    table(("folder", "to", "there", "here", "refused", "missing"), rows)
    for each in manifest["refused"]:
        complain(f"refused: {each['folder']} {each['key']}: {each['reason']}")
    click.echo("all is here" if manifest["equal"] else "not all is here")
