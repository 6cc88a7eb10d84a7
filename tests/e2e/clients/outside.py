from __future__ import annotations

import email
import email.policy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clients.waiting import wait_for
from fermoposta_demo.outside import FOLDER

if TYPE_CHECKING:
    from email.message import EmailMessage

    from clients.shell import Shell


@dataclass(frozen=True)
class Sent:
    """A message that left the appliance, with its envelope."""

    sender: str
    recipients: list[str]
    message: EmailMessage


@dataclass(frozen=True)
class Outside:
    """The rest of the world: what arrived there."""

    shell: Shell

    def find(self, token: str) -> list[Sent]:
        """Return the messages that contain a text, oldest first."""
        found = self.shell.call("grep", "-lrF", "--", token, str(FOLDER)).stdout.split()
        return [_read(self.shell.run("cat", name)) for name in sorted(found)]

    def wait_for(self, token: str, *, seconds: float = 60) -> Sent:
        """Return the first message that contains a text, as soon as it has arrived."""
        return wait_for(f"{token} outside", lambda: self.find(token), seconds=seconds)[0]


def _read(text: str) -> Sent:
    record = json.loads(text)
    message = email.message_from_bytes(
        record["message"].encode("latin-1"), policy=email.policy.default
    )
    return Sent(record["sender"], record["recipients"], message)
