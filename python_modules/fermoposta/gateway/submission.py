"""
Mail is handed to Postfix's submission service as the user, with the user's own password.

So the one place that decides who may send as whom decides here as well, and keeps its limits.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fermoposta.activesync.session import SubmissionError

if TYPE_CHECKING:
    from collections.abc import Sequence

_SECONDS = 120
"""How long Postfix and its filters may take for one answer: large mail is searched for viruses."""


@dataclass(frozen=True, slots=True)
class SmtpSubmission:
    """Postfix at *host* and *port*, and who sends."""

    host: str
    port: int
    address: str
    password: str = field(repr=False)

    async def submit(self, sender: str, recipients: Sequence[str], message: bytes) -> None:
        """Send *message* to all of *recipients*, or to none; raises SubmissionError."""
        await asyncio.to_thread(self._submit, sender, list(recipients), message)

    def _submit(self, sender: str, recipients: list[str], message: bytes) -> None:
        try:
            with smtplib.SMTP(
                self.host, self.port, local_hostname="localhost", timeout=_SECONDS
            ) as client:
                client.starttls(context=_tls())
                client.login(self.address, self.password)
                _send(client, sender, recipients, message)
        except smtplib.SMTPResponseException as error:
            raise _error(error.smtp_code, error.smtp_error) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            # ValueError: a line end in an address, which smtplib refuses before it sends anything.
            away = not isinstance(error, ValueError)
            raise SubmissionError(
                f"the submission service does not take the mail: {type(error).__name__}",
                temporary=away,
            ) from None


def _tls() -> ssl.SSLContext:
    """Return TLS as the service demands it; its certificate is for the host's public name."""
    context = ssl.create_default_context()
    # The connection does not leave the host, and nobody but root listens at its ports below 1024.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _send(client: smtplib.SMTP, sender: str, recipients: list[str], message: bytes) -> None:
    """Send in the steps of RFC 5321, so that a refused recipient stops it for all of them."""
    plain = all(address.isascii() for address in (sender, *recipients))
    options = [] if plain else ["SMTPUTF8", "BODY=8BITMIME"]
    _expect(client.mail(sender, options), 250)
    for recipient in recipients:
        _expect(client.rcpt(recipient), 250, 251)
    _expect(client.data(message), 250)


def _expect(answer: tuple[int, bytes], *good: int) -> None:
    if answer[0] not in good:
        raise smtplib.SMTPResponseException(*answer)


def _error(code: int, reply: bytes | str) -> SubmissionError:
    """Return what *reply* means; Postfix's own words say whom or what it refuses."""
    said = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    return SubmissionError(f"{code} {' '.join(said.split())}", temporary=code < 500)
