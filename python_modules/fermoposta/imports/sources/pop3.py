"""A mailbox at another server, by POP3 (RFC 1939); nothing is deleted there."""

from __future__ import annotations

import email.errors
import email.utils
import poplib
import re
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

from fermoposta.imports.errors import ImportStoppedError
from fermoposta.imports.source import Folder, Item

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from fermoposta.imports.sources.imap import Server

_SECONDS = 120
_INBOX = Folder(("INBOX",), id="pop3")


class Pop3Source:
    """The mailbox at *server*, which has one folder; its messages are known by UIDL."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client: poplib.POP3 | None = None

    @property
    def id(self) -> str:
        """Return the mailbox and where it is."""
        return f"pop3://{self._server.user}@{self._server.host}:{self._server.port}"

    def folders(self) -> Iterator[Folder]:
        """Yield the inbox."""
        yield _INBOX

    def items(self, folder: Folder, done: Collection[str]) -> Iterator[Item]:
        """Yield the messages, oldest first."""
        assert folder == _INBOX  # noqa: S101 - there is no other
        try:
            client = self._client = self._connected()
            for line in client.uidl()[1]:
                number, _, key = line.decode("ascii", "replace").partition(" ")
                if key not in done:
                    content = b"\r\n".join([*client.retr(int(number))[1], b""])
                    yield Item(key, content, at=arrival(content))
        except (poplib.error_proto, OSError, EOFError) as error:
            raise ImportStoppedError(
                f"{self.id} can't be read: {error}; start the import again later"
            ) from error

    def close(self) -> None:
        """Log out, without deleting anything."""
        client, self._client = self._client, None
        if client is not None:
            try:
                client.quit()
            except (poplib.error_proto, OSError, EOFError):
                client.close()

    def _connected(self) -> poplib.POP3:
        server = self._server
        poplib._MAXLINE = 65536  # type: ignore[attr-defined]  # noqa: SLF001 - lines of real mail are longer than 2 kB
        client: poplib.POP3
        if server.tls == "implicit":
            client = poplib.POP3_SSL(
                server.host, server.port, timeout=_SECONDS, context=server.context()
            )
        else:
            client = poplib.POP3(server.host, server.port, timeout=_SECONDS)
        if server.tls == "starttls":
            client.stls(server.context())
        try:
            client.user(server.user)
            client.pass_(server.password)
        except poplib.error_proto as error:
            raise ImportStoppedError(f"{self.id} refuses user or password") from error
        return client


def arrival(content: bytes) -> datetime | None:
    """Return when a message arrived: as its last server says, or when it was written."""
    try:
        headers = BytesHeaderParser().parsebytes(content.split(b"\r\n\r\n", 1)[0])
        received = headers.get("Received")
        said = re.split(";", str(received))[-1] if received else str(headers.get("Date", ""))
        found = email.utils.parsedate_to_datetime(said.strip())
    except (ValueError, TypeError, IndexError, email.errors.MessageError):
        return None
    return found if found.tzinfo else found.astimezone()
