"""What SendMail, SmartReply and SmartForward have in common: a mail's name, and the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fermoposta.activesync.compose.asked import digest
from fermoposta.activesync.compose.status import Status
from fermoposta.activesync.errors import CommandError
from fermoposta.activesync.session import Answer

if TYPE_CHECKING:
    from fermoposta.activesync.compose.asked import Compose
    from fermoposta.activesync.session import Session


def name_of(session: Session, compose: Compose) -> str:
    """Return under what the mail is known again, "" where each is a mail of its own."""
    if not compose.client_id:
        return ""
    return digest(session.owner.address, session.device.id, compose.client_id)


def sent(session: Session, *, new: bool) -> Answer:
    """
    Return what a device is answered when its mail is on its way.

    One that sends it again is told that it was sent before; 12.1 has no word for that, so it is
    told what it has missed: that all is well.
    """
    if not new and session.version != "12.1":
        raise CommandError(Status.PREVIOUSLY_SENT, "the mail was sent before")
    return Answer()
