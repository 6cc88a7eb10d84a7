"""Phones: our own client of ActiveSync, with a device id for each that never came before."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fermoposta.activesync.client import (
    Client,
    Connection,
    Device,
    Exchange,
    folders,
    provision,
    sync,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clients.shell import Shell
    from fermoposta.activesync.client import Folder
    from fermoposta.activesync.client.sync import Wanted
    from fermoposta.activesync.client.sync_answer import Synced
    from fermoposta_demo.appliance import Account, Appliance

SERVER = "mail.example.org"
TYPE = "FermopostaTest"
SECONDS = 60


@dataclass
class Phone:
    """A device of an account: a client, and all that went over its wire."""

    account: Account
    client: Client
    traffic: list[Exchange] = field(default_factory=list)

    @property
    def device(self) -> Device:
        return self.client.device

    def set_up(self) -> Phone:
        """Do what a phone does first: take the policies, then the folders."""
        provision.provision(self.client)
        folders.folder_sync(self.client)
        return self

    def folder(self, kind: int) -> Folder:
        """Return the first folder of a type, like `folders.INBOX`."""
        return self.device.folder_of_type(kind)

    def fetch(self, wanted: Wanted) -> list[Synced]:
        """Bring a folder up to date."""
        return sync.sync_all(self.client, wanted)

    def assert_sound(self) -> None:
        """Fail where the server has doubled something, or changed what it never gave."""
        assert self.device.anomalies == (), self.device.anomalies


@dataclass
class Phones:
    """
    Makes phones for accounts of the appliance, and takes them away at the end.

    A fixture yields what `phones` gives; a test calls it: ``eas_device(ada, version="16.1")``.
    """

    appliance: Appliance
    made: list[Phone] = field(default_factory=list)

    def __call__(
        self,
        account: Account,
        version: str = "14.1",
        *,
        device_id: str | None = None,
        packed: bool = False,
        path: str | None = None,
        record: Callable[[Exchange], None] | None = None,
        seconds: float = SECONDS,
        set_up: bool = True,
    ) -> Phone:
        """Return a new device, which knows policies and folders unless *set_up* is False."""
        traffic: list[Exchange] = []

        def keep(exchange: Exchange) -> None:
            traffic.append(exchange)
            if record is not None:
                record(exchange)

        connection = Connection(
            SERVER,
            account.address,
            account.password or "",
            ca=self.appliance.ca_file,
            connect_to=(self.appliance.host, self.appliance.ports["https"]),
            packed=packed,
            record=keep,
            seconds=seconds,
            **({} if path is None else {"path": path}),
        )
        device = Device(type=TYPE) if device_id is None else Device(device_id, TYPE)
        phone = Phone(account, Client(connection, device, version), traffic)
        self.made.append(phone)
        return phone.set_up() if set_up else phone

    def hang_up(self) -> None:
        for phone in self.made:
            phone.client.connection.close()

    def forget(self, shell: Shell) -> None:
        """Remove the devices from the host; those that it never knew are passed over."""
        for who, device in sorted({(each.account.address, each.device.id) for each in self.made}):
            shell.call("fermoposta", "devices", "forget", "--yes", who, device)


@contextmanager
def phones(appliance: Appliance, shell: Shell | None = None) -> Iterator[Phones]:
    """Yield a maker of phones; at the end they hang up, and with *shell* the host forgets them."""
    maker = Phones(appliance)
    try:
        yield maker
    finally:
        maker.hang_up()
        if shell is not None:
            maker.forget(shell)
