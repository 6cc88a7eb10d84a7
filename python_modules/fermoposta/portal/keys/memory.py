"""What is remembered of keys, in memory: for tests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from fermoposta.portal.keys.store import AppPassword

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fermoposta.portal.keys.store import Ticket


@dataclass
class MemoryKeyStore:
    """Answers as the PostgreSQL store does; that keys end with their session, it does not know."""

    tickets: dict[bytes, Ticket] = field(default_factory=dict)
    webmail: dict[bytes, tuple[bytes, bytes]] = field(default_factory=dict)
    groupware: dict[str, bytes] = field(default_factory=dict)
    secrets: dict[int, tuple[str, bytes, AppPassword]] = field(default_factory=dict)

    def keep_ticket(self, ticket: Ticket) -> None:
        """Keep *ticket*; those that have expired are dropped."""
        self.tickets[ticket.digest] = ticket

    def take_ticket(self, digest: bytes, now: datetime) -> Ticket | None:
        """Return the ticket of *digest* unless it has expired, and forget it."""
        ticket = self.tickets.pop(digest, None)
        return ticket if ticket is not None and ticket.expires_at > now else None

    def open_webmail(self, digest: bytes, session: bytes, secret: bytes) -> None:
        """Remember that the webmail's cookie of *digest* stands for the portal's *session*."""
        self.webmail[digest] = (session, secret)

    def webmail_session(self, digest: bytes) -> bytes | None:
        """Return the portal's session that the webmail's cookie of *digest* stands for."""
        return self.webmail[digest][0] if digest in self.webmail else None

    def add_app_password(
        self, address: str, name: str, protocols: Sequence[str], secret: bytes, at: datetime
    ) -> None:
        """Let *secret*, a digest, open the mailbox *address* by *protocols*."""
        number = max(self.secrets, default=0) + 1
        self.secrets[number] = (address, secret, AppPassword(number, name, tuple(protocols), at))

    def secret(self) -> str:
        """Return what the keys of calendars are made from; the same for ever, and nobody else's."""
        return "a secret of a store that is in memory"

    def keep_groupware_key(self, address: str, secret: bytes) -> None:
        """Let *secret*, a digest, open the calendars and the mailbox of *address* on this host."""
        self.groupware[address] = secret

    def use_app_password(
        self, address: str, secret: bytes, protocol: str, client: str, at: datetime
    ) -> bool:
        """Tell whether *secret* opens the mailbox of *address* by *protocol*; note where it was."""
        for number, (owner, known, one) in self.secrets.items():
            if (owner, known) == (address, secret) and protocol in one.protocols:
                used = replace(one, used_at=at, used_from=client)
                self.secrets[number] = (owner, known, used)
                return True
        return False

    def app_passwords(self, address: str) -> tuple[AppPassword, ...]:
        """Return those of *address*, the newest first."""
        known = [one for owner, _, one in self.secrets.values() if owner == address]
        return tuple(sorted(known, key=lambda one: one.id, reverse=True))

    def revoke_app_password(self, address: str, number: int) -> bool:
        """Revoke one of *address*; return whether there was such a one."""
        if number not in self.secrets or self.secrets[number][0] != address:
            return False
        del self.secrets[number]
        return True
