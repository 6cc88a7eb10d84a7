"""
The door through which Postfix hands over the agent's mail (LMTP, RFC 2033).

Whatever goes wrong becomes an answer: a mail is done, refused with a reason, or kept in Postfix's
queue. It is never taken and then lost.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope, Session

from fermoposta.agent.errors import Later, Refuse
from fermoposta.agent.handlers import Handler
from fermoposta.agent.mail import DOMAIN, Mail, parts_of

_DONE = "250 2.0.0 done"
_IDLE_SECONDS = 900
"""How long Postfix may be silent, and a handler busy: above Postfix's own limit of 600 s."""
_log = structlog.get_logger()

Work = Callable[[Handler, Mail], Awaitable[None]]


class Door:
    """What aiosmtpd asks about each mail; *work* runs a handler, *handlers* are by their word."""

    def __init__(self, handlers: dict[str, Handler], work: Work) -> None:
        self._handlers = handlers
        self._work = work

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name for it
        self, _server: LMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        """Take a recipient that there is a handler for."""
        parts = parts_of(address)
        if parts is None:
            return f"550 5.1.2 only mail for {DOMAIN} is taken here"
        if parts[0] not in self._handlers:
            known = ", ".join(sorted(self._handlers)) or "none"
            return f"550 5.1.1 {_ascii(parts[0])}: nobody here does this; there are {known}"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 taken"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name for it
        self, _server: LMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Have the mail worked on; one answer for each recipient (RFC 2033, section 4.2)."""
        content = envelope.original_content or b""
        answers = [
            await self._answer(recipient, envelope.mail_from or "", content)
            for recipient in envelope.rcpt_tos
        ]
        return "\r\n".join(answers)

    async def _answer(self, recipient: str, sender: str, content: bytes) -> str:
        parts = parts_of(recipient)
        assert parts is not None  # noqa: S101 - handle_RCPT took it
        word, argument = parts
        # aiosmtpd leaves the brackets around a sender that is none.
        mail = Mail(word, argument, sender.strip("<>"), content)
        try:
            await self._work(self._handlers[word], mail)
        except Refuse as refusal:
            _log.warning("mail refused", recipient=recipient, reason=str(refusal))
            return f"554 5.7.0 {_ascii(str(refusal))}"
        except Later as delay:
            _log.warning("mail put off", recipient=recipient, reason=str(delay))
            return f"451 4.3.0 {_ascii(str(delay))}"
        except Exception:  # noqa: BLE001 - whatever it is, the mail stays in the queue
            _log.exception("mail put off by an error", recipient=recipient)
            return "451 4.3.0 something went wrong; see the journal of fermoposta-agent"
        _log.info("mail done", recipient=recipient)
        return _DONE


async def listen(path: Path, door: Door, *, hostname: str) -> asyncio.Server:
    """Listen at *path*, in place of a socket that a killed process left there (asyncio's doing)."""
    loop = asyncio.get_running_loop()
    return await loop.create_unix_server(
        lambda: LMTP(
            door,
            hostname=hostname,
            ident="fermoposta-agent",
            data_size_limit=None,  # Postfix has its own
            timeout=_IDLE_SECONDS,
            loop=loop,
        ),
        path,
    )


def _ascii(text: str) -> str:
    """Return *text* as one line of an answer can say it (RFC 5321, section 4.2)."""
    line = " ".join(text.split())[:400]
    return "".join(c if " " <= c <= "~" else "?" for c in line)
