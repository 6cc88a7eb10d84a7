"""A mail that asks the agent for something."""

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from functools import cached_property

DOMAIN = "agent.fermoposta.invalid"
"""Where the agent's mail is addressed to; nobody outside can write there."""


@dataclass(frozen=True)
class Mail:
    """
    One mail for one recipient of the agent.

    *word* and *argument* are the parts of its local part around the ``+``; *sender* is the
    envelope's, "" for a bounce.
    """

    word: str
    argument: str
    sender: str
    content: bytes

    @cached_property
    def message(self) -> EmailMessage:
        """The content, parsed when it is first asked for."""
        parsed = email.message_from_bytes(self.content, policy=email.policy.SMTP)
        assert isinstance(parsed, EmailMessage)  # noqa: S101 - the policy's own class
        return parsed


def parts_of(recipient: str) -> tuple[str, str] | None:
    """Return word and argument of an address of the agent's, None for every other address."""
    local, _, domain = recipient.rpartition("@")
    if domain.lower() != DOMAIN:
        return None
    word, _, argument = local.partition("+")
    return word.lower(), argument
