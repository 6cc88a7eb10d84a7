"""What is remembered of keys. Of whatever opens something, only the SHA-256 is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """
    Leads a signed-in browser from the portal's host to the webmail's, once.

    *session* is the digest of the portal's session, *state* the digest of what the browser was
    given at the webmail's host: a ticket is of no use in another browser.
    """

    digest: bytes = field(repr=False)
    session: bytes = field(repr=False)
    state: bytes = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AppPassword:
    """A password that one program has, as its owner sees it afterwards: without the password."""

    id: int
    name: str
    protocols: tuple[str, ...]
    created_at: datetime
    used_at: datetime | None = None
    used_from: str | None = None


class KeyStore(Protocol):
    """Every method is one transaction."""

    def keep_ticket(self, ticket: Ticket) -> None:
        """Keep *ticket*, unless its session has ended; those that have expired are dropped."""

    def take_ticket(self, digest: bytes, now: datetime) -> Ticket | None:
        """Return the ticket of *digest* unless it has expired, and forget it."""

    def open_webmail(self, digest: bytes, session: bytes, secret: bytes) -> None:
        """
        Remember that the webmail's cookie of *digest* stands for the portal's *session*.

        *secret* is the digest of what the webmail then opens the mailbox with. All of it ends with
        the session; where that has ended already, nothing begins.
        """

    def webmail_session(self, digest: bytes) -> bytes | None:
        """Return the portal's session that the webmail's cookie of *digest* stands for."""

    def add_app_password(
        self, address: str, name: str, protocols: Sequence[str], secret: bytes, at: datetime
    ) -> None:
        """
        Let *secret*, a digest, open the mailbox *address* by *protocols*.

        Those are Dovecot's names of services, imap, pop3, smtp, sieve, and ours, dav and eas.
        """

    def secret(self) -> str:
        """Return what the keys of calendars are made from; the same for ever, and nobody else's."""

    def keep_groupware_key(self, address: str, secret: bytes) -> None:
        """Let *secret*, a digest, open the calendars and the mailbox of *address* on this host."""

    def use_app_password(
        self, address: str, secret: bytes, protocol: str, client: str, at: datetime
    ) -> bool:
        """Tell whether *secret* opens the mailbox of *address* by *protocol*; note where it was."""

    def app_passwords(self, address: str) -> tuple[AppPassword, ...]:
        """Return those of *address*, the newest first."""

    def revoke_app_password(self, address: str, number: int) -> bool:
        """Revoke one of *address*; return whether there was such a one."""
