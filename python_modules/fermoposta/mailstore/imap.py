"""
Mailboxes by IMAP, for our own services: any mailbox, with every right in it.

Dovecot knows one *master user* for this; its name and a secret go in front of SASL's authorization
identity, which is the mailbox (RFC 4616). Only connections from this host are believed.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

MASTER = "agent"
"""The master user's name, which no mailbox can have: it has no domain."""
MailboxError = IMAPClientError
"""What the calls of a session raise, besides OSError."""
_SECONDS = 60
"""How long Dovecot may take for one answer."""


_FEW = 20
"""Messages that are held in memory at once; one may be as large as the server takes."""


def parts(uids: Sequence[int], most: int) -> Iterator[Sequence[int]]:
    """Yield *uids* in pieces of *most*."""
    for start in range(0, len(uids), most):
        yield uids[start : start + most]


def hashes(client: IMAPClient, uids: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Yield the SHA-256 of each of the messages *uids* of the selected folder."""
    for some in parts(uids, _FEW):
        for uid, found in client.fetch(some, ["BODY.PEEK[]"]).items():
            yield uid, hashlib.sha256(found[b"BODY[]"]).hexdigest()


@dataclass(frozen=True, slots=True)
class Message:
    """A message in a folder; *at* is when it arrived (INTERNALDATE), with its time zone."""

    uid: int
    content: bytes
    flags: frozenset[str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """One mailbox, logged in to; *client* is for what has no method here. Calls block."""

    client: IMAPClient
    address: str

    def special(self, use: str) -> str | None:
        r"""Return the name of the folder of a special *use*, such as ``\Sent`` (RFC 6154)."""
        wanted = use.encode()
        for flags, _, name in self.client.list_folders():
            if wanted in flags:
                return str(name)
        return None

    def folder(self, use: str, otherwise: str) -> str:
        """Return the name of the folder of a special *use*, or make *otherwise*."""
        found = self.special(use)
        if found is None:
            if not self.client.folder_exists(otherwise):
                self.client.create_folder(otherwise)
            found = otherwise
        return found

    def append(
        self,
        folder: str,
        message: bytes,
        *,
        flags: Iterable[str] = (),
        at: datetime | None = None,
    ) -> None:
        """Put *message* into *folder*; *at* is its date of arrival, now where nothing is said."""
        self.client.append(folder, message, flags=tuple(flags), msg_time=at)

    def headers(self, uids: Sequence[int], *names: str) -> dict[int, bytes]:
        """Return these headers of *uids* of the selected folder, as they stand there."""
        if not uids:
            return {}
        item = f"BODY.PEEK[HEADER.FIELDS ({' '.join(names)})]"
        found = self.client.fetch(uids, [item])
        return {
            uid: next(text for key, text in parts.items() if key.startswith(b"BODY["))
            for uid, parts in found.items()
        }

    def messages(self, uids: Sequence[int]) -> list[Message]:
        """Return *uids* of the selected folder, in their order; who is gone is left out."""
        if not uids:
            return []
        found = self.client.fetch(uids, ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"])
        return [
            Message(
                uid,
                parts[b"BODY[]"],
                frozenset(flag.decode() for flag in parts[b"FLAGS"]),
                parts[b"INTERNALDATE"].astimezone(),
            )
            for uid, parts in sorted(found.items())
        ]

    def remove(self, uids: Sequence[int]) -> None:
        """Delete just *uids* of the selected folder, for good (RFC 4315)."""
        if uids:
            self.client.delete_messages(uids, silent=True)
            self.client.uid_expunge(uids)


@dataclass(frozen=True, slots=True)
class Door:
    """Dovecot's IMAP at *host* and *port*, and the file that holds the master user's secret."""

    host: str
    port: int
    secret_file: Path

    @contextmanager
    def open(self, address: str) -> Iterator[Session]:
        """
        Log in to the mailbox of *address*, and log out in the end.

        Raises IMAPClientError or OSError: where Dovecot is away or refuses, and, from the block,
        what the calls of the session raise.
        """
        secret = self.secret_file.read_text(encoding="ascii").strip()
        client = IMAPClient(self.host, self.port, ssl=False, timeout=_SECONDS)
        try:
            client.plain_login(MASTER, secret, address)
            yield Session(client, address)
        finally:
            with suppress(IMAPClientError, OSError):
                client.logout()
