"""
What a server's refusals mean (response codes, RFC 9051, section 7.1; RFC 5530).

* ProtocolError  these bytes are no answer; what reads them raises nothing else
"""

from __future__ import annotations

from fermoposta.mailstore.mailbox import (
    FolderExistsError,
    FolderMissingError,
    ForbiddenError,
    LoginError,
    MailboxError,
    QuotaError,
    RefusedError,
    UnavailableError,
)

_MEANING: dict[str, type[MailboxError]] = {
    "ALREADYEXISTS": FolderExistsError,
    "AUTHENTICATIONFAILED": LoginError,
    "AUTHORIZATIONFAILED": LoginError,
    "EXPIRED": LoginError,
    "INUSE": UnavailableError,
    "NONEXISTENT": FolderMissingError,
    "NOPERM": ForbiddenError,
    "OVERQUOTA": QuotaError,
    "TRYCREATE": FolderMissingError,
    "UNAVAILABLE": UnavailableError,
}


class ProtocolError(UnavailableError):
    """The server says what no IMAP server says; the message has nothing of it."""


def refusal(code: str, words: str) -> MailboxError:
    """Return what NO or BAD with this response *code* means; *words* are the server's."""
    return _MEANING.get(code, RefusedError)(f"Dovecot refused: {words or 'no reason'}")
