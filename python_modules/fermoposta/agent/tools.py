"""What handlers and duties work with."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from fermoposta.agent import submission
from fermoposta.directory.model import State
from fermoposta.mailstore.doveadm import Doveadm
from fermoposta.mailstore.imap import Door, Session
from fermoposta.service.settings import Settings


@dataclass(frozen=True, slots=True)
class Tools:
    """The site's settings, its directory, its mailboxes and its way out."""

    settings: Settings
    current: Callable[[], State]
    doveadm: Doveadm
    door: Door

    @property
    def directory(self) -> State:
        """The directory as it is now; take it once for what must agree with itself."""
        return self.current()

    def imap(self, address: str) -> AbstractContextManager[Session]:
        """Open the mailbox of *address*, with every right in it; blocks, so use a thread."""
        return self.door.open(address)

    async def submit(
        self, message: bytes, *, sender: str, recipients: Sequence[str]
    ) -> Mapping[str, str]:
        """
        Send *message* as the host's own mail; *sender* is the envelope's, "" for none.

        Returns the recipients that were refused while others were not, each with the reason.
        Raises `errors.Later` where nothing was sent that might be later, `errors.Refuse` where
        every recipient is refused for good.
        """
        return await submission.submit(
            self.settings.submit_host,
            self.settings.submit_port,
            message,
            sender=sender,
            recipients=recipients,
        )
