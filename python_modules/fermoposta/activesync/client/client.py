"""A phone: a way to a server, and what it remembers of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.activesync.request.model import Request

if TYPE_CHECKING:
    from fermoposta.activesync.client.connection import Connection, Reply
    from fermoposta.activesync.client.device import Device
    from fermoposta.activesync.wbxml import Element


@dataclass(slots=True)
class Client:
    """A *device* that speaks *version* over *connection*."""

    connection: Connection
    device: Device
    version: str = "14.1"

    @property
    def dotted(self) -> tuple[int, int]:
        """The version as numbers, which can be compared."""
        major, _, minor = self.version.partition(".")
        return int(major), int(minor)

    def request(
        self,
        command: str,
        *,
        attachment_name: str | None = None,
        collection_id: str | None = None,
        item_id: str | None = None,
        long_id: str | None = None,
        occurrence: str | None = None,
        save_in_sent: bool = False,
        accept_multipart: bool = False,
    ) -> Request:
        """Return a request of this device."""
        return Request(
            command=command,
            version=self.version,
            device_id=self.device.id,
            device_type=self.device.type,
            user=self.connection.user,
            policy_key=self.device.policy_key,
            attachment_name=attachment_name,
            collection_id=collection_id,
            item_id=item_id,
            long_id=long_id,
            occurrence=occurrence,
            save_in_sent=save_in_sent,
            accept_multipart=accept_multipart,
        )

    def ask(self, command: str, body: Element | None, *, waiting: float = 0) -> Element | None:
        """Return the answer to a command, None where it is empty. Raises ClientError."""
        return self.connection.ask(self.request(command), body, waiting=waiting).document

    def ask_parts(self, command: str, body: Element) -> Reply:
        """Return the answer to a command that may come in parts."""
        return self.connection.ask(self.request(command, accept_multipart=True), body)
