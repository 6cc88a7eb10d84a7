"""Where mailboxes, calendars and Postfix are on this host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fermoposta.activesync.push import Hub
from fermoposta.gateway.submission import SmtpSubmission
from fermoposta.mailstore import aioimap
from fermoposta.mailstore.dav import DavGroupware
from fermoposta.mailstore.mailbox import LoginError

if TYPE_CHECKING:
    import httpx

    from fermoposta.activesync.people import Me
    from fermoposta.activesync.session import Submission
    from fermoposta.activesync.store.model import Store
    from fermoposta.mailstore.groupware import Groupware
    from fermoposta.mailstore.mailbox import Mailbox
    from fermoposta.service.settings import Settings


@dataclass(frozen=True, slots=True)
class HostBackends:
    """
    Dovecot, SOGo and Postfix as *settings* say, SOGo by the connections of *client*.

    What devices have is remembered in *store*.
    """

    settings: Settings
    client: httpx.AsyncClient
    store: Store

    async def judge(self, address: str, password: str) -> bool:
        """Tell whether Dovecot lets *password* in; raises UnavailableError."""
        try:
            await aioimap.verify(self._server, address, password)
        except LoginError:
            return False
        return True

    def mailbox(self, address: str, password: str) -> Mailbox:
        """Return the mailbox of *address*, not connected yet."""
        return aioimap.ImapMailbox(self._server, address, password)

    def groupware(self, address: str, password: str) -> Groupware:
        """Return the calendars and address books of *address*."""
        return DavGroupware(
            address,
            password,
            self.settings.webmail_local_url,
            self.client,
            quiet=self.settings.quiet_calendar_url,
        )

    def submission(self, address: str, password: str) -> Submission:
        """Return what sends mail as *address*."""
        return SmtpSubmission(
            self.settings.submission_host, self.settings.submission_port, address, password
        )

    def hub(self, me: Me, mail: Mailbox, groupware: Groupware) -> Hub:
        """Return the hub over both, for the user of the record *me*."""
        return Hub(me.address, me.language, mail, groupware, self.store)

    @property
    def _server(self) -> aioimap.Server:
        # In the clear: the connection does not leave the host.
        return aioimap.Server(self.settings.imap_host, self.settings.gateway_imap_port)
