"""Whose mailbox `fermoposta eas` asks, on which server and as which device."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fermoposta.activesync.client import (
    Client,
    ClientError,
    Connection,
    Device,
    Exchange,
    HttpError,
    provision,
)
from fermoposta.activesync.client.connection import PATH, WBXML
from fermoposta.activesync.versions import VERSIONS
from fermoposta.activesync.wbxml import DecodeError, decode, render
from fermoposta.cli.output import Exit, as_json, complain, leave

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fermoposta.cli.context import Context

PASSWORD = "FERMOPOSTA_EAS_PASSWORD"  # noqa: S105 - the name of a variable, no password
DEVICE_ID = "FERMOPOSTACLI"
"""The same each time: the list of a user's devices does not grow with each call."""
DEVICE_TYPE = "FermopostaCLI"
META = "fermoposta.cli.eas"
_UNKNOWN_COMMAND = 501

F = TypeVar("F", bound="Callable[..., Any]")


@dataclass(slots=True, kw_only=True)
class Account:
    """How to reach a mailbox."""

    server: str | None
    user: str
    password_file: Path | None = None
    ca: Path | None = None
    connect_to: tuple[str, int] | None = None
    path: str = PATH
    version: str = "14.1"
    device_id: str = DEVICE_ID
    packed: bool = False
    trace: bool = False
    _password: str | None = None

    @property
    def password(self) -> str:
        """The password: of the file, the environment, the keyboard or standard input."""
        if self._password is None:
            self._password = self._read()
        return self._password

    def _read(self) -> str:
        if self.password_file is not None:
            return self.password_file.read_text().partition("\n")[0].rstrip("\r")
        if PASSWORD in os.environ:
            return os.environ[PASSWORD]
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\r\n")
        typed: str = click.prompt(f"Password of {self.user}", hide_input=True, err=True)
        return typed

    def connection(self, server: str) -> Connection:
        """Return a way to *server*."""
        return Connection(
            server,
            self.user,
            self.password,
            ca=self.ca,
            connect_to=self.connect_to,
            path=self.path,
            packed=self.packed,
            record=show_exchange if self.trace else None,
        )


def address(_ctx: click.Context, _option: click.Parameter, given: str | None) -> Any:  # noqa: ANN401 - click's signature
    """Return the host and port that *given* is."""
    if given is None:
        return None
    host, colon, port = given.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit()):
        raise click.BadParameter("it is a host and a port, like 192.0.2.1:443")
    return host.strip("[]"), int(port)


version_choice = click.Choice(VERSIONS)


def show_exchange(exchange: Exchange) -> None:
    """Print a request and its answer where errors go, with all that is in them."""
    complain(f"> {exchange.command} {exchange.version} ({len(exchange.request)} bytes)")
    _show(exchange.request_type, exchange.request)
    complain(f"< HTTP {exchange.status} ({len(exchange.answer)} bytes)")
    _show(exchange.answer_type, exchange.answer)


def _show(kind: str | None, content: bytes) -> None:
    if not content:
        return
    if kind != WBXML:
        complain(f"({kind})")
        return
    try:
        complain(render(decode(content), reveal=True))
    except DecodeError as error:
        complain(f"(no ActiveSync document: {error})")


@contextmanager
def telling(context: Context) -> Iterator[None]:
    """Turn what the client raises into words, and exit code 1."""
    try:
        yield
    except ClientError as error:
        if context.json:
            as_json({"error": str(error)})
        else:
            complain(str(error))
        leave(Exit.FOUND)


@contextmanager
def phone(
    context: Context, account: Account, *, device_id: str | None = None, ready: bool = True
) -> Iterator[Client]:
    """Yield a device of the account; a *ready* one has applied the policies, if there are any."""
    server = account.server or context.settings.host
    with telling(context), account.connection(server) as connection:
        device = Device(device_id or account.device_id, DEVICE_TYPE)
        client = Client(connection, device, account.version)
        if ready:
            apply_policies(client)
        yield client


def apply_policies(client: Client) -> provision.Offer:
    """Take the policies; raise ClientError where the device shall be wiped instead."""
    try:
        offer = provision.provision(client)
    except HttpError as error:
        if error.status != _UNKNOWN_COMMAND:
            raise
        client.device.policy_key = None  # a server without policies
        return provision.Offer(None, None, None)
    if offer.wipe is not None:
        raise ClientError(
            "Provision", f"device {client.device.id} shall be wiped; take another --device-id"
        )
    return offer
