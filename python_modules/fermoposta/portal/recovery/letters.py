"""The mails about passwords, in their reader's language."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import TYPE_CHECKING, Protocol

from fermoposta.portal.i18n import LANGUAGES, translations
from fermoposta.portal.i18n import marked as _

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fermoposta.directory.model import User
    from fermoposta.service.settings import Settings

_SECONDS = 60
LINK_SUBJECT = _("A new password for %(address)s")
LINK_TEXT = _(
    "Somebody, you most probably, has asked for a new password for %(address)s.\n\n"
    "Choose it here, within %(minutes)s minutes:\n\n%(link)s\n\n"
    "Until then your password stays as it is. If it was not you, do nothing.\n"
)
CHANGED_SUBJECT = _("The password of %(address)s was changed")
CHANGED_TEXT = _(
    "The password of %(address)s was changed on %(when)s.\n\n"
    "If it was not you, tell your administrator at once.\n"
)
PASSKEY_SUBJECT = _("A passkey was added to %(address)s")
PASSKEY_TEXT = _(
    "A passkey that signs in as %(address)s was added on %(when)s.\n\n"
    "If it was not you, take it away under Account, change your password, and tell your"
    " administrator at once.\n"
)
INVITED_SUBJECT = _("Your mailbox %(address)s")
INVITED_TEXT = _(
    "%(organisation)s has a mailbox for you: %(address)s.\n\n"
    "Choose its password here, within %(days)s days:\n\n%(link)s\n\n"
    "With it you read your mail in the browser, and set up your phone and your programs.\n"
)


class Post(Protocol):
    """Sends the host's own mail."""

    def __call__(self, message: EmailMessage, recipients: Sequence[str]) -> None:
        """Hand it over; raises OSError or smtplib.SMTPException."""


class HostPost:
    """The smtpd for the host's own mail, which signs it."""

    def __init__(self, settings: Settings) -> None:
        self._where = (settings.submit_host, settings.submit_port)

    def __call__(self, message: EmailMessage, recipients: Sequence[str]) -> None:
        """Hand it over; raises OSError or smtplib.SMTPException."""
        with smtplib.SMTP(*self._where, local_hostname="localhost", timeout=_SECONDS) as client:
            client.sendmail("", list(recipients), message.as_bytes())


def letter(
    user: User, subject: str, text: str, now: datetime, *, to: str = "", **facts: str
) -> EmailMessage:
    """Return a mail to *user*, at *to* where it is given; its words are the catalogue's."""
    words = translations(user.language if user.language in LANGUAGES else "en")
    known = {"address": user.address, **facts}
    domain = user.address.rpartition("@")[2]
    message = EmailMessage()
    message["From"] = f"postmaster@{domain}"
    message["To"] = to or user.address
    message["Subject"] = words.gettext(subject) % known
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=domain)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834, section 5
    message.set_content(words.gettext(text) % known, cte="quoted-printable")
    return message


def addressees(user: User) -> list[str]:
    """Return where mail about *user*'s password goes: the mailbox, and the recovery address."""
    return [user.address, *([user.recovery_address] if user.recovery_address else ())]
