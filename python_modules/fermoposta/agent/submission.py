"""Mail that the agent sends: to the smtpd for the host's own mail, which signs and checks it."""

import asyncio
import smtplib
from collections.abc import Mapping, Sequence

from fermoposta.agent.errors import Later, Refuse

_SECONDS = 60
"""How long Postfix and its filters may take for one answer."""


async def submit(
    host: str, port: int, message: bytes, *, sender: str, recipients: Sequence[str]
) -> Mapping[str, str]:
    """Hand *message* to the smtpd at *host* and *port*; see `Tools.submit`."""
    return await asyncio.to_thread(_submit, host, port, message, sender, list(recipients))


def _submit(
    host: str, port: int, message: bytes, sender: str, recipients: list[str]
) -> Mapping[str, str]:
    try:
        with smtplib.SMTP(host, port, local_hostname="localhost", timeout=_SECONDS) as client:
            refused = client.sendmail(sender, recipients, message)
    except smtplib.SMTPRecipientsRefused as error:
        raise _kind(max(code for code, _ in error.recipients.values()))(
            "; ".join(f"{to}: {_text(*answer)}" for to, answer in error.recipients.items())
        ) from None
    except smtplib.SMTPResponseException as error:
        raise _kind(error.smtp_code)(_text(error.smtp_code, error.smtp_error)) from None
    except (smtplib.SMTPException, OSError) as error:
        raise Later(f"the submission service does not take the mail: {error}") from error
    return {to: _text(code, answer) for to, (code, answer) in refused.items()}


def _kind(code: int) -> type[Refuse | Later]:
    return Refuse if code >= 500 else Later


def _text(code: int, answer: bytes | str) -> str:
    said = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return f"{code} {' '.join(said.split())}"
