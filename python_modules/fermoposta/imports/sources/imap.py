"""A mailbox at another server, by IMAP (RFC 9051)."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from fermoposta.imports.errors import ImportStoppedError
from fermoposta.imports.source import Folder, Item, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from typing import Any

Found = TypeVar("Found")

_SECONDS = 120
_TRIES = 4
_BYTES = 8 * 1024 * 1024
"""Of messages that are fetched at once; a larger one is fetched alone."""
_MANY = 500
_NOT_FOLDERS = {b"\\noselect", b"\\nonexistent"}
_USES = {b"\\all", b"\\archive", b"\\drafts", b"\\flagged", b"\\important", b"\\junk", b"\\sent",
         b"\\trash"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Server:
    """Where the mailbox is; *tls* is ``implicit``, ``starttls`` or ``none``."""

    host: str
    user: str
    password: str
    port: int = 993
    tls: str = "implicit"
    ca_file: str | None = None

    def context(self) -> ssl.SSLContext:
        """Return how the server's certificate is checked."""
        return ssl.create_default_context(cafile=self.ca_file)


class ImapSource:
    """The mailbox at *server*. A connection that breaks is made anew, some times."""

    def __init__(self, server: Server, *, pause: float = 5) -> None:
        self._server = server
        self._pause = pause
        self._client: IMAPClient | None = None
        self._selected: Folder | None = None
        self._names: dict[tuple[str, ...], str] = {}

    @property
    def id(self) -> str:
        """Return the mailbox and where it is."""
        return f"imap://{self._server.user}@{self._server.host}:{self._server.port}"

    def folders(self) -> Iterator[Folder]:
        """Yield the folders of one's own, with their UIDVALIDITY."""
        listed: Sequence[Any] = self._tried(lambda client: client.list_folders())
        others = self._tried(_others)
        for flags, delimiter, name in listed:
            lower = {flag.lower() for flag in flags}
            if lower & _NOT_FOLDERS or any(str(name).startswith(each) for each in others):
                continue
            parted = str(name).split(delimiter.decode()) if delimiter else [str(name)]
            path = tuple(part for part in parted if part) or (str(name),)
            use = next((_spelt(flag) for flag in sorted(lower & _USES)), "")
            self._names[path] = str(name)
            ask = partial(_status, name=str(name))
            status: Mapping[bytes, Any] = self._tried(ask)
            yield Folder(path, use=use, id=str(status[b"UIDVALIDITY"]))

    def items(self, folder: Folder, done: Collection[str]) -> Iterator[Item | Unreadable]:
        """Yield the messages of *folder*, whose keys are their UIDs."""
        uids: Sequence[int] = self._in(folder, lambda client: client.search(["ALL"]))
        new = [uid for uid in uids if str(uid) not in done]
        for start in range(0, len(new), _MANY):
            some = new[start : start + _MANY]
            sizes: Mapping[int, Any] = self._in(folder, partial(_sizes, uids=some))
            for batch in _batches(
                [(uid, sizes[uid][b"RFC822.SIZE"]) for uid in some if uid in sizes]
            ):
                yield from self._messages(folder, batch)

    def _messages(self, folder: Folder, uids: list[int]) -> Iterator[Item | Unreadable]:
        wanted = ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"]
        found: Mapping[int, Any] = self._in(folder, lambda client: client.fetch(uids, wanted))
        for uid in uids:
            parts = found.get(uid)
            if parts is None:
                continue  # it was deleted there meanwhile
            content = parts.get(b"BODY[]")
            if content is None:
                yield Unreadable(str(uid), "the server gives no content")
                continue
            flags = frozenset(flag.decode(errors="replace") for flag in parts[b"FLAGS"])
            yield Item(str(uid), content, flags, parts[b"INTERNALDATE"])

    def close(self) -> None:
        """Log out."""
        self._drop()

    def _in(self, folder: Folder, work: Callable[[IMAPClient], Found]) -> Found:
        """Do *work* in the selected *folder*."""

        def there(client: IMAPClient) -> Found:
            if self._selected != folder:
                selected = client.select_folder(self._names[folder.path], readonly=True)
                if str(selected[b"UIDVALIDITY"]) != folder.id:
                    raise ImportStoppedError(
                        f"{folder.name} was made anew at the server; start the import again"
                    )
                self._selected = folder
            return work(client)

        return self._tried(there)

    def _tried(self, work: Callable[[IMAPClient], Found]) -> Found:
        """Do *work*, with a new connection where the old one broke; raises ImportStoppedError."""
        for attempt in range(1, _TRIES + 1):
            try:
                if self._client is None:
                    self._client = self._connected()
                return work(self._client)
            except (IMAPClientAbortError, OSError) as error:
                self._drop()
                if attempt == _TRIES:
                    raise ImportStoppedError(
                        f"{self.id} can't be reached: {error}; start the import again later"
                    ) from error
                time.sleep(self._pause * attempt)
            except IMAPClientError as error:
                raise ImportStoppedError(f"{self.id} says: {error}") from error
        raise AssertionError("unreachable")

    def _connected(self) -> IMAPClient:
        server = self._server
        implicit = server.tls == "implicit"
        client = IMAPClient(
            server.host,
            server.port,
            ssl=implicit,
            ssl_context=server.context() if implicit else None,
            timeout=_SECONDS,
        )
        if server.tls == "starttls":
            client.starttls(server.context())
        client.normalise_times = False
        try:
            client.login(server.user, server.password)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            # What the server says may repeat what it was told.
            raise ImportStoppedError(f"{self.id} refuses user or password") from error
        return client

    def _drop(self) -> None:
        client, self._client, self._selected = self._client, None, None
        if client is not None:
            try:
                client.logout()
            except (IMAPClientError, OSError):
                client.shutdown()


def _status(client: IMAPClient, name: str) -> Mapping[bytes, Any]:
    found: Mapping[bytes, Any] = client.folder_status(name, ["UIDVALIDITY"])
    return found


def _sizes(client: IMAPClient, uids: list[int]) -> Mapping[int, Any]:
    found: Mapping[int, Any] = client.fetch(uids, ["RFC822.SIZE"])
    return found


def _others(client: IMAPClient) -> list[str]:
    """Return how folders begin that belong to others or to all (RFC 2342)."""
    if not client.has_capability("NAMESPACE"):
        return []
    found = client.namespace()
    return [prefix for part in (found.other, found.shared) for prefix, _ in part or () if prefix]


def _spelt(flag: bytes) -> str:
    name = flag.decode().removeprefix("\\")
    return f"\\{name.capitalize()}"


def _batches(sized: list[tuple[int, int]]) -> Iterator[list[int]]:
    batch: list[int] = []
    room = _BYTES
    for uid, size in sized:
        if batch and size > room:
            yield batch
            batch, room = [], _BYTES
        batch.append(uid)
        room -= size
    if batch:
        yield batch
